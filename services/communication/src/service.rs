//! What this service is made of.

use std::sync::Arc;

use contract::communication::v1::{
    newsletters_server::NewslettersServer, support_desk_server::SupportDeskServer, tickets_server::TicketsServer,
};
use egress::{Egress, Register, register::rows::transfer};
use personal_data::Holds;
use service::{EngineError, Engines, Service, SettingsError};

use crate::{
    Config, NAME,
    mail::{Composer, Postman, Texts, TextsError, held::Mailbox, rows::mail},
    migrations::Migrations,
    newsletter::{
        self, Newsletter,
        rows::{issue, subscription},
    },
    reactions,
    stores::STORES,
    tickets::{
        self, ContactForm, Desk, Tickets,
        rows::{message, ticket},
    },
};

/// Why communication cannot start.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error("the way out cannot be opened")]
    Egress(#[from] egress::Error),
    #[error(transparent)]
    Texts(#[from] TextsError),
}

/// The tables of its own.
type Tables = (mail::Entity, transfer::Entity, subscription::Entity, issue::Entity, ticket::Entity, message::Entity);

/// Everything that communication holds.
pub fn holds() -> Holds {
    Holds::of::<Tables>(NAME).and::<events::Tables>().keeps(events::STORES).keeps(egress::MAIL_FILES).keeps(STORES)
}

pub async fn init(config: Config, engines: &Engines) -> Result<Service, InitError> {
    config.check()?;
    let db = engines.database::<Migrations>(NAME).await?;
    let register = Arc::new(Register::new(db.clone()));
    let way_out = egress::Config::new(engines.mode(), config.sink(engines.settings())?);
    let egress = Egress::try_new(way_out, register, engines.clock())?;
    let composer = Composer::new(&db, engines, Texts::try_new(&config.school)?, config.sender);
    let postman = Postman::new(db.clone(), egress.clone(), composer);
    let newsletter = Newsletter::new(&db, engines);
    let issues = newsletter.issues().clone();
    let desk = Desk::new(&db, engines);
    let tickets = tickets::rpc::Tickets { tickets: Tickets::new(&db, engines), contact: ContactForm::new(&db, engines) };
    Ok(Service::named(NAME)
        .serves(NewslettersServer::new(newsletter::rpc::Newsletters(newsletter)))
        .serves(TicketsServer::new(tickets))
        .serves(SupportDeskServer::new(tickets::rpc::SupportDesk(desk.clone())))
        .reacts_all(reactions::all(&db))
        .holds(holds().with_objects("mail", Arc::new(Mailbox::new(egress))))
        .ties(Arc::new(desk))
        .works("postman", move |until| postman.clone().run(until))
        .works("issues", move |until| issues.clone().run(until)))
}
