//! What is due to be sent: to whom and about what, but no address, no name and no text.

foundation::typed_id!(
    /// A mail. Random: it stands in the `Message-ID`.
    MailId
);

pub mod mail {
    use foundation::{PersonId, Timestamp, uuid::Uuid};
    use personal_data::PersonalData;
    use sea_orm::entity::prelude::*;

    use super::MailId;

    /// One mail to one person. Everything in it is found when it is sent, and nothing of that stays here.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "mail")]
    #[personal(
        category = Communication,
        purposes(Account, ServiceNotice, Newsletter, Support, Rights),
        keep(after = created, at = created_at, years = 1),
        erase = delete
    )]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: MailId,
        #[personal(owner)]
        pub person: PersonId,
        /// See [`crate::mail::Kind`].
        #[personal(code)]
        pub kind: i32,
        #[personal(code)]
        pub purpose: i32,
        /// The link, order, course, submission, certificate, message or issue that it is about.
        #[personal(link)]
        pub about: Uuid,
        /// The mail's file in development, named by its id; a relay keeps nothing for us.
        #[personal(object = "mail")]
        pub file: String,
        /// See [`crate::mail::State`].
        #[personal(code)]
        pub state: i32,
        #[personal(measure)]
        pub attempts: i64,
        #[personal(time)]
        pub created_at: Timestamp,
        /// Not before this time; also the lease of the postman who has it.
        #[personal(time)]
        pub due_at: Timestamp,
        #[personal(time)]
        pub sent_at: Option<Timestamp>,
        #[personal(version)]
        pub version: i64,
    }
}
