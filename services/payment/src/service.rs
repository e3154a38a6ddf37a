//! Payment, put together.

use std::{path::PathBuf, sync::Arc};

use ::service::{EngineError, Engines, Service};
use contract::payment::v1::{
    obligations_server::ObligationsServer, orders_server::OrdersServer, partner_notifications_server::PartnerNotificationsServer,
    retained_server::RetainedServer,
};
use egress::{Egress, MailSink, MailSinkError, PAYMENT_PARTNER, register::rows::transfer};
use foundation::Mode;
use personal_data::{Holds, keys::Keys};

use crate::{
    Config, ConfigError, Migrations,
    ledger::{
        retained,
        rows::{ledger_entry, tax_receipt},
    },
    notifications::{self, Notifications},
    orders::{
        self, Orders,
        rows::{course_order, order_alarm},
    },
    partner::Partner,
    sandbox::{self, Sandbox, SandboxError},
    strays::{
        OpenPayments, Strays,
        register::Register,
        rows::{booked_payment, stray_entry, stray_payment, stray_transfer},
    },
};

const NAME: &str = "payment";

/// Why payment does not start.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("the sandbox partner does not start")]
    Sandbox(#[from] SandboxError),
    #[error("the way out to the payment partner cannot be opened")]
    Egress(#[from] egress::Error),
    #[error(transparent)]
    Mail(#[from] MailSinkError),
}

/// Everything that payment holds.
pub fn holds() -> Holds {
    Holds::of::<(course_order::Entity, order_alarm::Entity, ledger_entry::Entity, tax_receipt::Entity, transfer::Entity)>(NAME)
        .and::<(stray_payment::Entity, booked_payment::Entity, stray_entry::Entity, stray_transfer::Entity)>()
        .and::<events::Tables>()
        .keeps(events::STORES)
        .keeps(orders::stores::STORES)
}

/// Opens the database, starts the sandbox where one is wanted, and puts the service together.
pub async fn init(config: Config, engines: &Engines) -> Result<Service, InitError> {
    config.validate(engines.mode())?;
    let db = engines.database::<Migrations>(NAME).await?;
    let keys: Keys = engines.keys(NAME);
    let sandbox = start_sandbox(&config, engines).await?;
    let address = match (&sandbox, &config.partner_address) {
        (Some(sandbox), _) => sandbox.url(),
        (None, Some(address)) => address.clone(),
        (None, None) => return Err(ConfigError::NoPartner.into()),
    };
    let egress = Egress::try_new(way_out(&config, engines)?, Arc::new(Register::new(db.clone())), engines.clock())?;
    let url = &engines.settings().url;
    let partner = Partner {
        http: egress.http(PAYMENT_PARTNER.name, &address)?,
        merchant: config.merchant.clone(),
        merchant_key: config.merchant_key.clone(),
        clock: engines.clock(),
        notify_url: format!("{url}/v1/payment-notifications"),
        return_url: format!("{url}/v1/orders/"),
        plain_http: config.sandbox,
    };
    let strays = Strays::new(db.clone(), partner.clone());
    let holds = holds().with_objects("payments-at-the-partner", Arc::new(OpenPayments(db.clone())));
    let retained = retained::Rpc(db.clone());
    let orders = Orders::new(db, keys, engines.transport(NAME, "learning"), partner, config.open_for());
    let notifications =
        Notifications { orders: orders.clone(), strays: strays.clone(), key: config.notification_key.clone(), clock: engines.clock() };
    let service = Service::named(NAME)
        .serves(OrdersServer::new(orders::rpc::Rpc(orders.clone())))
        .serves(ObligationsServer::new(orders::obligations::Obligations(orders.clone())))
        .serves(RetainedServer::new(retained))
        .serves(PartnerNotificationsServer::new(notifications::rpc::Rpc(notifications)))
        .holds(holds)
        .works("ask-partner", move |cancelled| orders.clone().ask_until(cancelled))
        .works("refund-strays", move |cancelled| strays.clone().refund_until(cancelled));
    Ok(match sandbox.map(Arc::new) {
        None => service,
        Some(sandbox) => service.works(sandbox::NAME, move |cancelled| {
            let sandbox = sandbox.clone();
            async move {
                cancelled.cancelled().await;
                sandbox.stop().await;
                Ok(())
            }
        }),
    })
}

/// A sandbox inside this process, when one is wanted and none is named.
async fn start_sandbox(config: &Config, engines: &Engines) -> Result<Option<Sandbox>, InitError> {
    if !config.sandbox {
        return Ok(None);
    }
    if let Some(address) = &config.partner_address {
        // A sandbox that is a process of its own: browsers reach its page through the gateway all the same.
        if let Some(address) = sandbox::loopback(address) {
            engines.add_neighbour(sandbox::NAME, address);
        }
        return Ok(None);
    }
    let development_authority = || engines.data_folder().join("certificates").join("dev-ca.pem");
    let trusted_ca: PathBuf = config.sandbox_trusted_ca.clone().unwrap_or_else(development_authority);
    let through_the_gateway = || sandbox::page_base(&engines.settings().url);
    let config = sandbox::Config {
        listen: config.sandbox_listen,
        url: Some(config.sandbox_url.clone().unwrap_or_else(through_the_gateway)),
        merchant: config.merchant.clone(),
        merchant_key: config.merchant_key.clone(),
        notification_key: config.notification_key.clone(),
        trusted_ca: Some(trusted_ca),
        clock: engines.clock(),
        mode: engines.mode(),
    };
    let sandbox = sandbox::serve_kept(config, sandbox::file_in(engines.data_folder())).await?;
    engines.add_neighbour(sandbox::NAME, sandbox.address);
    tracing::info!(address = %sandbox.address, "the sandbox partner listens");
    Ok(Some(sandbox))
}

/// Payment sends no mail; the way out wants to know where mail would go all the same.
fn way_out(config: &Config, engines: &Engines) -> Result<egress::Config, InitError> {
    let settings = engines.settings();
    let sink: MailSink = match &settings.mail {
        Some(mail) => mail.parse()?,
        None if engines.mode() == Mode::Production => return Err(MailSinkError::FolderInProduction.into()),
        None => MailSink::Folder(engines.data_folder().join("mail")),
    };
    let mut way = egress::Config::new(engines.mode(), sink);
    way.trusted_ca = config.partner_trusted_ca.clone();
    Ok(way)
}

#[cfg(test)]
mod tests {
    use ::service::{Settings, settings::Environment};

    use super::*;
    use crate::DEFAULTS;

    #[tokio::test]
    async fn payment_starts_from_its_defaults_with_a_sandbox() {
        let folder = tempfile::tempdir().unwrap();
        let data = ("KOLSAI_DATA".to_owned(), folder.path().display().to_string());
        let settings = Settings::load_from(&[DEFAULTS], Environment::of([data])).unwrap();
        let config: Config = settings.section(NAME).unwrap();
        let engines = Engines::open(settings).await.unwrap();
        let service = init(config, &engines).await.unwrap();
        assert_eq!(service.name(), NAME);
        assert!(engines.neighbour(sandbox::NAME).is_some_and(|address| address.ip().is_loopback()));
        assert!(sandbox::file_in(folder.path()).is_file());
    }

    #[tokio::test]
    async fn production_does_not_start_with_the_sandbox() {
        let settings = Settings::load_from(&[DEFAULTS], Environment::of([("KOLSAI_MODE".to_owned(), "production".to_owned())])).unwrap();
        let config: Config = settings.section(NAME).unwrap();
        assert_eq!(config.validate(settings.mode), Err(ConfigError::SandboxInProduction));
        assert!(settings.validate_for_mode().unwrap_err().to_string().contains("KOLSAI__PAYMENT__SANDBOX"));
    }
}
