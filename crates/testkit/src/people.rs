//! People who come to the school.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Client, School};

/// A marker that may stand in a name, which holds no digits: each digit of a hexadecimal marker becomes a letter of its own.
pub fn letters(hex: &str) -> String {
    hex.chars().map(|c| c.to_digit(10).map_or(c, |digit| char::from(b"ghijklmnop"[digit as usize]))).collect()
}

/// The registration consent as the policy publishes it now.
pub struct Consents(pub Value);

impl Consents {
    pub async fn shown(client: &Client, language: &str) -> Self {
        let policy = client.get(&format!("/v1/policy?language={language}"), None).await.expect("the policy answers").ok();
        Self(
            json!([{ "purpose": "ACCOUNT", "text_version": policy["version"], "text_hash": policy["registrationConsentHash"], "language": language }]),
        )
    }
}

/// Somebody with an account, signed in.
#[derive(Clone, Debug)]
pub struct Person {
    pub id: String,
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    pub phone: String,
    pub password: String,
    pub access_token: String,
    pub refresh_token: String,
}

impl School {
    /// Somebody who has registered and not yet confirmed. Names and addresses carry a marker that is theirs alone.
    pub async fn registers(&self) -> Person {
        let marker = Uuid::new_v4().simple().to_string();
        let digits: String = marker.bytes().map(|b| char::from(b'0' + b % 10)).take(9).collect();
        let person = Person {
            id: String::new(),
            first_name: format!("Aigerim{}", letters(&marker[..12])),
            last_name: format!("Bekova{}", letters(&marker[12..24])),
            email: format!("aigerim.{marker}@learner.example"),
            phone: format!("+77{digits}"),
            password: format!("Steppe wind {} over Charyn", &marker[..16]),
            access_token: String::new(),
            refresh_token: String::new(),
        };
        self.client.post("/v1/accounts", None, self.registration(&person).await).await.expect("registration answers").ok();
        person
    }

    /// The body of a registration.
    pub async fn registration(&self, person: &Person) -> Value {
        json!({
            "first_name": person.first_name, "last_name": person.last_name, "email": person.email, "phone": person.phone,
            "age_bracket": "ADULT", "password": person.password, "language": "en",
            "consents": Consents::shown(&self.client, "en").await.0, "idempotency_key": Uuid::new_v4().to_string(),
        })
    }

    /// Confirms by the mailed link and signs in.
    pub async fn confirms(&self, person: Person) -> Person {
        let token = self.mail.token(&person.email, "/confirm?token=").await;
        self.client.post("/v1/accounts:confirm", None, json!({ "token": token })).await.expect("confirmation answers").ok();
        self.signs_in(person).await
    }

    pub async fn signs_in(&self, mut person: Person) -> Person {
        let body = json!({ "email": person.email, "password": person.password });
        let tokens = self.client.post("/v1/sessions", None, body).await.expect("sign-in answers").ok();
        person.access_token = tokens["accessToken"].as_str().or(tokens["access_token"].as_str()).unwrap_or_default().to_owned();
        person.refresh_token = tokens["refreshToken"].as_str().or(tokens["refresh_token"].as_str()).unwrap_or_default().to_owned();
        let me = self.client.get("/v1/me", Some(&person.access_token)).await.expect("the profile answers").ok();
        person.id = me["personId"].as_str().or(me["person_id"].as_str()).unwrap_or_default().to_owned();
        person
    }

    /// A learner with an account, signed in.
    pub async fn learner(&self) -> Person {
        let person = self.registers().await;
        self.confirms(person).await
    }

    /// The demo member of staff with a role, signed in.
    pub async fn staff(&self, role: &str) -> Person {
        let (email, password) = self.demo(role);
        let blank = String::new;
        let person = Person {
            id: blank(),
            first_name: blank(),
            last_name: blank(),
            email,
            phone: blank(),
            password,
            access_token: blank(),
            refresh_token: blank(),
        };
        self.signs_in(person).await
    }
}
