//! Who consented to the newsletter, and the issues.

foundation::typed_id!(
    /// A person's consent to the newsletter. Random: unsubscription links carry it.
    SubscriptionId
);
foundation::typed_id!(
    /// An issue. Random: it is public.
    IssueId
);

pub mod subscription {
    use foundation::{PersonId, Timestamp};
    use personal_data::PersonalData;
    use sea_orm::entity::prelude::*;

    use super::SubscriptionId;

    /// One per person, with the text that they agreed to. Ended, it stays as the proof of both.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "subscription")]
    #[personal(category = Communication, purposes(Newsletter, Rights), keep(after = ended, at = ended_at, years = 3), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: SubscriptionId,
        #[personal(owner)]
        pub person: PersonId,
        #[personal(measure)]
        pub active: bool,
        #[personal(plain = "the version of a published text")]
        pub text_version: String,
        #[personal(plain = "the hash of a published text")]
        pub text_hash: String,
        /// In which they read it.
        #[personal(code)]
        pub language: i32,
        #[personal(time)]
        pub given_at: Timestamp,
        #[personal(time)]
        pub ended_at: Option<Timestamp>,
        #[personal(version)]
        pub version: i64,
    }
}

pub mod issue {
    use foundation::Timestamp;
    use personal_data::PersonalData;
    use sea_orm::entity::prelude::*;

    use super::{IssueId, SubscriptionId};

    /// An issue and how far its mails are queued.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "newsletter_issue")]
    #[personal(none = "the school's own published letter, and the last subscription that it was queued for")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: IssueId,
        #[personal(plain = "the school's own text by language, JSON")]
        pub texts: String,
        #[personal(measure)]
        pub queued: bool,
        #[personal(link)]
        pub cursor: Option<SubscriptionId>,
        #[personal(time)]
        pub at: Timestamp,
        #[personal(version)]
        pub version: i64,
    }
}
