//! Tickets and what was written in them.

foundation::typed_id!(
    /// A ticket. Random: it is told to whoever asked.
    TicketId
);
foundation::typed_id!(
    /// A message in a ticket.
    MessageId
);

pub mod ticket {
    use foundation::{PersonId, Timestamp};
    use personal_data::{PersonalData, Sealed, category};
    use sea_orm::entity::prelude::*;

    use super::TicketId;

    /// A question and how it stands. Owner is whoever asked; the agent is staff, and leaves it when they are erased.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "ticket")]
    #[personal(category = Communication, purposes(Support, Rights), keep(after = last_use, at = changed_at, years = 3), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: TicketId,
        #[personal(owner)]
        pub person: PersonId,
        #[personal(other_person(on_erase = former_staff))]
        pub agent: Option<PersonId>,
        #[personal(code)]
        pub topic: i32,
        #[personal(code)]
        pub state: i32,
        /// Where the answer goes, when the sender has no account; an account's address stays with identity.
        #[personal(email)]
        pub email: Option<Sealed<category::Communication, str>>,
        #[personal(name)]
        pub name: Option<Sealed<category::Communication, str>>,
        /// Of a sender without an account.
        #[personal(code)]
        pub language: i32,
        #[personal(time)]
        pub opened_at: Timestamp,
        #[personal(time)]
        pub changed_at: Timestamp,
        #[personal(version)]
        pub version: i64,
    }
}

pub mod message {
    use foundation::{PersonId, Timestamp};
    use personal_data::{PersonalData, Sealed, category};
    use sea_orm::entity::prelude::*;

    use super::{MessageId, TicketId};

    /// What was written, by whoever asked or by the school; under the key of whoever asked.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, PersonalData)]
    #[sea_orm(table_name = "ticket_message")]
    #[personal(category = Communication, purposes(Support, Rights), keep(after = last_use, at = sent_at, years = 3), erase = delete)]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[personal(key)]
        pub id: MessageId,
        #[personal(owner)]
        pub person: PersonId,
        #[personal(link)]
        pub ticket: TicketId,
        /// Whether the school wrote it.
        #[personal(measure)]
        pub by_school: bool,
        #[personal(other_person(on_erase = former_staff))]
        pub agent: Option<PersonId>,
        #[personal(free_text)]
        pub text: Sealed<category::Communication, str>,
        #[personal(time)]
        pub sent_at: Timestamp,
    }
}
