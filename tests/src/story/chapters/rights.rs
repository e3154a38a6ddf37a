//! The rights of a person: to see who read, to a copy, to be erased, with a receipt.

use std::io::{Cursor, Read};

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::{Value, json};
use zip::ZipArchive;

use super::{Broken, Photograph, Teller, photograph::Sent};
use crate::story::{
    call::{Told, key, member},
    outside::Outside,
    people::Person,
};

/// Whose rights, and who else took part.
#[derive(Clone, Copy)]
pub struct People<'a> {
    pub aigerim: &'a Person,
    pub timur: &'a Person,
    pub instructor: &'a Person,
}

pub async fn used(teller: &mut Teller, people: People<'_>, sent: &Sent, certificate: &str, photograph: &Photograph) -> Result<(), Broken> {
    let aigerim = people.aigerim;
    teller.step("Aigerim reads who read her data, why, and who was refused.", async |school| accesses(school, aigerim).await).await?;
    teller
        .step("Her copy is a zip archive with all that is hers, her photograph too, and nobody else.", async |school| {
            let copy = school.get("/v1/me/copy").by(aigerim).bytes().await?;
            whole(&copy, people, sent, photograph)?;
            let requests = school.get("/v1/me/requests").by(aigerim).ok().await?;
            let copied = requests.list("/requests").iter().any(|request| request["kind"] == "COPY" && request["doneAt"].is_string());
            requests.check(copied, "the request for a copy was to be recorded as done")
        })
        .await?;
    let token = teller
        .step("She orders the erasure of everything.", async |school| {
            let order = school.post("/v1/me/erasure", json!({ "idempotencyKey": key() })).by(aigerim).ok().await?;
            order.text("/dueAt")?;
            order.text("/receiptToken")
        })
        .await?;
    let receipt = teller.step("Every service reports, and the receipt is there.", async |school| done(school, &token).await).await?;
    teller
        .step("It is signed with the school's public key, falls with one changed byte, and names nobody.", async |school| {
            verified(school, &receipt, aigerim).await
        })
        .await?;
    teller
        .step("Her password and her session open nothing any more.", async |school| {
            school.post("/v1/sessions", aigerim.credentials()).refused(401, "WRONG_CREDENTIALS").await?;
            let answer = school.get("/v1/me").by(aigerim).answer().await?;
            let over = answer.status == 401;
            if over { Ok(()) } else { Err(Broken::Answer { expected: "the session was to be over".into(), answer: Box::new(answer) }) }
        })
        .await?;
    teller
        .step("Her photograph, her certificate and every mail to her are gone.", async |school| {
            school.get(format!("/v1/teaching/submissions/{}", sent.id)).by(people.instructor).refused(404, "NO_SUCH_SUBMISSION").await?;
            school.get(format!("/v1/certificates/{certificate}")).refused(404, "NO_SUCH_CERTIFICATE").await?;
            let left = school.mails(&aigerim.email).len();
            if left == 0 { Ok(()) } else { Err(Broken::wrong(format!("{left} mails to her are left"))) }
        })
        .await
}

/// Services hand their logs in a little later.
async fn accesses(school: &Outside, learner: &Person) -> Result<(), Broken> {
    school
        .until("the instructor's reading and the refusal in the access log", async || {
            let (mut read, mut refused) = (false, false);
            let mut token = String::new();
            loop {
                let page = school.get(format!("/v1/me/accesses?pageSize=200&pageToken={token}")).by(learner).ok().await?;
                for access in page.list("/accesses").iter().filter(|access| member(access, "who") == "instructor") {
                    let why = member(access, "service") == "learning" && member(access, "purpose") == "EDUCATION";
                    read |= why && access["refused"] != true;
                    refused |= why && access["refused"] == true;
                }
                match page.text("/nextPageToken") {
                    Ok(next) => token = next,
                    Err(_) => return Ok((read && refused).then_some(())),
                }
            }
        })
        .await
}

/// Names, note and photograph are in the archive; nobody else's data is.
fn whole(copy: &Bytes, people: People<'_>, sent: &Sent, photograph: &Photograph) -> Result<(), Broken> {
    let unreadable = |error: &dyn std::error::Error| Broken::wrong(format!("the copy is no zip archive: {error}"));
    let mut archive = ZipArchive::new(Cursor::new(copy)).map_err(|error| unreadable(&error))?;
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| unreadable(&error))?;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
        let name = entry.name().map_err(|error| unreadable(&error))?.into_owned();
        entries.push((name, bytes));
    }
    let texts: String = entries.iter().filter_map(|(_, bytes)| std::str::from_utf8(bytes).ok()).collect();
    let own = people.aigerim.personal().into_iter().filter(|value| *value != people.aigerim.id);
    if let Some(missing) = own.chain([sent.note.as_str()]).find(|value| !texts.contains(value)) {
        return Err(Broken::wrong(format!("the copy lacks {missing}")));
    }
    let others = [people.timur, people.instructor].into_iter().flat_map(Person::personal);
    if let Some(foreign) = others.into_iter().find(|value| texts.contains(value)) {
        return Err(Broken::wrong(format!("the copy holds somebody else's {foreign}")));
    }
    if entries.iter().any(|(_, bytes)| *bytes == photograph.bytes) {
        return Ok(());
    }
    let names: Vec<_> = entries.iter().map(|(name, _)| name.as_str()).collect();
    Err(Broken::wrong(format!("the copy lacks the photograph as it was sent in; it has {}", names.join(", "))))
}

async fn done(school: &Outside, token: &str) -> Result<Told, Broken> {
    school
        .until("the erasure to be done", async || {
            let receipt = school.get(format!("/v1/receipts/{token}")).ok().await?;
            receipt.check(receipt.json()["state"] != "CONTRADICTED", "no service was to contradict the erasure")?;
            Ok((receipt.json()["state"] == "DONE").then_some(receipt))
        })
        .await
}

async fn verified(school: &Outside, receipt: &Told, learner: &Person) -> Result<(), Broken> {
    let published = school.get("/v1/receipt-key").ok().await?;
    receipt.is("/keyId", published.text("/keyId")?)?;
    let bytes = BASE64_STANDARD.decode(published.text("/publicKey")?).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let public = bytes.and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok());
    let public = public.ok_or_else(|| published.broken("the key was to be an Ed25519 key".into()))?;
    let signature = BASE64_URL_SAFE_NO_PAD.decode(receipt.text("/signature")?).ok().and_then(|bytes| Signature::from_slice(&bytes).ok());
    let signature = signature.ok_or_else(|| receipt.broken("the signature was to be 64 bytes in base64url".into()))?;
    let document = receipt.text("/document")?;
    receipt.check(public.verify_strict(document.as_bytes(), &signature).is_ok(), "the signature was to hold")?;
    let mut changed = document.clone().into_bytes();
    if let Some(byte) = changed.last_mut() {
        *byte ^= 1;
    }
    receipt.check(public.verify_strict(&changed, &signature).is_err(), "one changed byte was to break the signature")?;
    receipt.names_nobody(learner)?;
    let document: Value =
        serde_json::from_str(&document).map_err(|error| receipt.broken(format!("the document was to be JSON: {error}")))?;
    let holders: Vec<_> = document["holders"].as_array().into_iter().flatten().map(|holder| member(holder, "holder")).collect();
    let missing = ["identity", "learning", "payment", "communication", "privacy"].into_iter().find(|name| !holders.contains(name));
    receipt.check(missing.is_none(), format_args!("{} was to report", missing.unwrap_or_default()))
}
