//! People who come to the school.

use serde_json::{Value, json};
use testkit::letters;
use uuid::Uuid;

use super::{
    Broken,
    call::{key, member},
    outside::{Outside, linked},
};

/// Somebody with an account, or about to have one.
#[derive(Clone, Debug, Default)]
pub struct Person {
    pub id: String,
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    pub phone: String,
    pub password: String,
    /// The access token; empty before signing in.
    pub token: String,
}

impl Person {
    /// Somebody new. Names and address carry a marker that is theirs alone, so that it can be looked for.
    pub fn new(first_name: &str, last_name: &str) -> Self {
        let marker = Uuid::new_v4().simple().to_string();
        let digits: String = marker.bytes().map(|byte| char::from(b'0' + byte % 10)).take(9).collect();
        Self {
            first_name: format!("{first_name}{}", letters(&marker[..10])),
            last_name: format!("{last_name}{}", letters(&marker[10..20])),
            email: format!("{}.{marker}@learner.example", first_name.to_lowercase()),
            phone: format!("+77{digits}"),
            password: format!("Frost {} over Charyn at dawn", &marker[20..]),
            ..Self::default()
        }
    }

    /// What must not be seen where nobody is to be named.
    pub fn personal(&self) -> Vec<&str> {
        let values = [&self.id, &self.first_name, &self.last_name, &self.email, &self.phone];
        values.into_iter().map(String::as_str).filter(|value| !value.is_empty()).collect()
    }

    /// A gRPC request with the person's token.
    pub fn asks<T>(&self, message: T) -> Result<tonic::Request<T>, Broken> {
        let bearer = format!("Bearer {}", self.token).parse().map_err(|_| Broken::wrong("the access token does not go into a header"))?;
        let mut request = tonic::Request::new(message);
        request.metadata_mut().insert("authorization", bearer);
        Ok(request)
    }

    /// What signing in sends.
    pub fn credentials(&self) -> Value {
        json!({ "email": self.email, "password": self.password })
    }
}

impl Outside {
    /// Registers with the consent that the policy publishes now.
    pub async fn registers(&self, person: &Person) -> Result<(), Broken> {
        let policy = self.get("/v1/policy?language=en").ok().await?;
        let (version, hash) = (policy.text("/version")?, policy.text("/registrationConsentHash")?);
        let consent = json!({ "purpose": "ACCOUNT", "textVersion": version, "textHash": hash, "language": "en" });
        let registration = json!({
            "firstName": person.first_name, "lastName": person.last_name, "email": person.email, "phone": person.phone,
            "ageBracket": "ADULT", "password": person.password, "language": "en", "consents": [consent], "idempotencyKey": key(),
        });
        let answer = self.post("/v1/accounts", registration).ok().await?;
        answer.names_nobody(person)
    }

    /// The token of the link that the confirmation mail carries.
    pub async fn confirmation_mailed(&self, person: &Person) -> Result<String, Broken> {
        self.mailed(&person.email, "the link to confirm", |mail| linked(mail, "/confirm?token=")).await
    }

    pub async fn confirms(&self, token: &str) -> Result<(), Broken> {
        self.post("/v1/accounts:confirm", json!({ "token": token })).ok().await.map(drop)
    }

    pub async fn signs_in(&self, mut person: Person) -> Result<Person, Broken> {
        let tokens = self.post("/v1/sessions", person.credentials()).ok().await?;
        tokens.is("/tokenType", "Bearer")?;
        person.token = tokens.text("/accessToken")?;
        person.id = self.get("/v1/me").by(&person).ok().await?.text("/personId")?;
        Ok(person)
    }

    /// Registers, confirms and signs in.
    pub async fn joins(&self, person: Person) -> Result<Person, Broken> {
        self.registers(&person).await?;
        let token = self.confirmation_mailed(&person).await?;
        self.confirms(&token).await?;
        self.signs_in(person).await
    }

    /// The demo member of staff with a role, signed in.
    pub async fn staff(&self, role: &str) -> Result<Person, Broken> {
        let accounts = self.until("the file of demo accounts", async || Ok(std::fs::read(&self.demo).ok())).await?;
        let unusable = |why: String| Broken::File { path: self.demo.clone(), why };
        let accounts: Vec<Value> = serde_json::from_slice(&accounts).map_err(|error| unusable(error.to_string()))?;
        let account = accounts.iter().find(|account| member(account, "role").eq_ignore_ascii_case(role));
        let account = account.ok_or_else(|| unusable(format!("no account in it is {role}")))?;
        let (email, password) = (member(account, "email").to_owned(), member(account, "password").to_owned());
        self.signs_in(Person { email, password, ..Person::default() }).await
    }
}
