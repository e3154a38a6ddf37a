//! An account: registered, confirmed by mail, signed in.

use contract::identity::v1::{GetProfileRequest, accounts_client::AccountsClient};

use super::{Broken, Teller};
use crate::story::{outside::Outside, people::Person};

pub async fn opened(teller: &mut Teller) -> Result<Person, Broken> {
    let aigerim = Person::new("Aigerim", "Bekova");
    teller.step("Aigerim registers with the consent that the policy publishes.", async |school| school.registers(&aigerim).await).await?;
    let token = teller
        .step("A mail brings her the link to confirm her address.", async |school| school.confirmation_mailed(&aigerim).await)
        .await?;
    teller
        .step("Until she has confirmed, the right password opens nothing.", async |school| {
            school.post("/v1/sessions", aigerim.credentials()).refused(400, "NOT_CONFIRMED").await
        })
        .await?;
    teller.step("She confirms.", async |school| school.confirms(&token).await).await?;
    let aigerim = teller.step("She signs in.", async |school| school.signs_in(aigerim).await).await?;
    teller
        .step("Her profile holds what she gave, and nothing else.", async |school| {
            let profile = school.get("/v1/me").by(&aigerim).ok().await?;
            profile.is("/firstName", aigerim.first_name.as_str())?;
            profile.is("/lastName", aigerim.last_name.as_str())?;
            profile.is("/email", aigerim.email.as_str())?;
            profile.is("/phone", aigerim.phone.as_str())?;
            profile.is("/ageBracket", "ADULT")?;
            let known = ["personId", "firstName", "lastName", "email", "phone", "ageBracket", "language", "roles", "registeredAt"];
            let further =
                profile.json().as_object().into_iter().flat_map(|fields| fields.keys()).find(|field| !known.contains(&field.as_str()));
            profile.check(further.is_none(), format_args!("{} was not asked for", further.map_or("a field", String::as_str)))
        })
        .await?;
    teller.step("gRPC shows the same profile for the same token.", async |school| same_over_grpc(school, &aigerim).await).await?;
    Ok(aigerim)
}

async fn same_over_grpc(school: &Outside, person: &Person) -> Result<(), Broken> {
    let ask = person.asks(GetProfileRequest {})?;
    let answer = AccountsClient::new(school.client.channel()?).get_profile(ask).await;
    let profile = school.grpc("the profile was to be shown", answer)?;
    let same = (&profile.person_id, &profile.first_name, &profile.email) == (&person.id, &person.first_name, &person.email);
    if same { Ok(()) } else { Err(Broken::wrong("gRPC shows another profile than JSON")) }
}
