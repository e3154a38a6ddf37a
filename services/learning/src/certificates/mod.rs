//! Certificates: issued in the transaction that completed the course, checked by anybody who was given the number.

pub mod rows;
pub mod rpc;
pub mod rules;

use contract::{Purpose, learning::v1::CertificateIssued};
use events::announce_in_tx;
use foundation::{PersonId, Refusal};
use personal_data::{Db, Tx, query};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QueryOrder};

use crate::{
    enrolments::rows::enrolment,
    ids::{CertificateId, EnrolmentId},
};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no such certificate")]
    NoSuchCertificate,
    #[error(transparent)]
    Data(#[from] personal_data::Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::NoSuchCertificate => {
                Self::not_found("NO_SUCH_CERTIFICATE", "no certificate has this number: it was mistyped, or it was withdrawn")
            }
            Error::Data(error) => error.into(),
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        Refusal::from(error).into()
    }
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Data(error.into())
    }
}

#[derive(Clone)]
pub struct Certificates {
    db: Db,
}

impl Certificates {
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// A person's certificates, latest first.
    pub async fn of(&self, person: PersonId) -> Result<Vec<rows::Model>, Error> {
        let select = query::of::<rows::Entity>(person, Purpose::Education);
        Ok(select.order_by_desc(rows::Column::IssuedAt).all(&self.db).await?)
    }

    /// The certificate with this number, as anybody may have written it.
    pub async fn numbered(&self, number: &str) -> Result<rows::Model, Error> {
        let number = rules::normalised(number).ok_or(Error::NoSuchCertificate)?;
        let select = query::across::<rows::Entity>(Purpose::Education).filter(rows::Column::Number.eq(number));
        select.one(&self.db).await?.ok_or(Error::NoSuchCertificate)
    }
}

pub(crate) async fn of_enrolment<C: ConnectionTrait>(
    connection: &C,
    person: PersonId,
    enrolment: EnrolmentId,
) -> Result<Option<rows::Model>, personal_data::Error> {
    let select = query::of::<rows::Entity>(person, Purpose::Education).filter(rows::Column::EnrolmentId.eq(enrolment));
    Ok(select.one(connection).await?)
}

/// Issues the certificate of a completed enrolment and announces it.
pub(crate) async fn issue_in_tx(tx: &Tx, enrolment: &enrolment::Model) -> Result<(), personal_data::Error> {
    let row = rows::Model {
        id: CertificateId::new_v4(),
        learner_id: enrolment.learner_id,
        enrolment_id: enrolment.id,
        course_id: enrolment.course_id,
        number: rules::number(rand::random()),
        issued_at: tx.clock().now(),
    };
    let event = CertificateIssued {
        certificate_id: row.id.to_string(),
        learner_id: row.learner_id.to_string(),
        course_id: row.course_id.to_string(),
        version: 1,
    };
    tx.insert::<rows::Entity>(row).await?;
    announce_in_tx(tx, event).await
}
