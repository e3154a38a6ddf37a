//! Publications: a learner shows a reviewed work, or a certificate, to an audience, by a consent for exactly that. Nobody is shown it
//! before the ledger of consents has the consent, nor after it was taken back.

mod error;
mod publish;
mod reactions;
pub mod rows;
pub mod rpc;
pub mod rules;
mod shown;
mod withdraw;

use contract::{
    Purpose,
    learning::v1::audiences::Audience,
    privacy::v1::{GetPublicationConsentRequest, publication_consents_client::PublicationConsentsClient},
};
use foundation::{PersonId, Transport};
use personal_data::{Db, category, keys::Keys, query};
use sea_orm::QueryOrder;
use tonic::Code;

pub use error::Error;
pub use publish::{AskedCertificate, AskedWork, Given};
pub use reactions::{ShowOnRecord, TakeDownOnWithdrawal};
pub use shown::{Place, ShownCertificate, Works};

use crate::submissions::Photographs;

/// The use cases. Clones share everything.
#[derive(Clone)]
pub struct Publications {
    db: Db,
    keys: Keys,
    photographs: Photographs,
    consents: PublicationConsentsClient<Transport>,
}

/// A publication, opened for its learner.
pub struct Own {
    pub row: rows::Model,
    pub title: Option<String>,
    pub signed_as: Option<String>,
}

impl Publications {
    /// `privacy` is the way to whoever publishes the texts of consents.
    pub fn new(db: Db, keys: Keys, photographs: Photographs, privacy: Transport) -> Self {
        Self { db, keys, photographs, consents: PublicationConsentsClient::new(privacy) }
    }

    /// Whether this consent is to the text that is published now, for this audience.
    async fn check(&self, audience: Audience, given: &Given) -> Result<(), Error> {
        let ask = GetPublicationConsentRequest { audience: audience.into(), language: given.language.clone() };
        let answer = self.consents.clone().get_publication_consent(ask).await;
        let text = answer.map_err(|status| match status.code() {
            Code::InvalidArgument => Error::StaleConsentText,
            _ => Error::ConsentsAway,
        })?;
        let text = text.into_inner();
        let same = text.text_hash == given.text_hash && text.text_version == given.text_version && text.language == given.language;
        if same { Ok(()) } else { Err(Error::StaleConsentText) }
    }

    /// The person's own, latest first; restricted or not.
    pub async fn of(&self, person: PersonId) -> Result<Vec<Own>, Error> {
        let rows = query::of::<rows::Entity>(person, Purpose::Rights).order_by_desc(rows::Column::AskedAt).all(&self.db).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let key = self.keys.of::<category::Learning>(person, Purpose::Rights).await?;
        let opened = rows.into_iter().map(|row| {
            let (title, signed_as) = (row.open_title(&key)?, row.open_signed_as(&key)?);
            Ok(Own { row, title, signed_as })
        });
        opened.collect()
    }
}

pub(crate) fn audience_of(row: &rows::Model) -> Audience {
    Audience::try_from(row.audience).unwrap_or_default()
}
