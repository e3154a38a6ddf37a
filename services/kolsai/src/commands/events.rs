//! `kolsai events`. Names, counts and times: what an event says about anybody stays where it is.

use anyhow::{Context, bail};
use clap::Subcommand;
use events::{AnyBus, backlog, parked, publish_again};
use foundation::{Clock, Timestamp};
use kolsai::DEFAULTS;
use personal_data::Db;
use service::Settings;
use uuid::Uuid;

/// Every service with an outbox or reactions.
const SERVICES: [&str; 7] = ["identity", "learning", "payment", "communication", "analytics", "privacy", "keyring"];

#[derive(Subcommand)]
pub enum Events {
    /// Lists what reactions could not take, and how much is held for people whose processing is restricted.
    Parked {
        /// Of one service; of all without.
        service: Option<String>,
    },
    /// Gives what was set aside back to its reaction: one event by its identifier, or everything of a service. The running service
    /// takes it within a second or so, or says anew why not.
    Replay {
        /// The identifier that `kolsai events parked` shows, or the name of a service.
        which: String,
    },
    /// Says what waits in the outboxes, and what the bus holds for each reaction.
    Lag,
    /// Publishes what was published since then once more, for a bus that lost its disk: whoever had its effect drops it.
    Republish {
        /// A service, or `all`.
        service: String,
        /// A time in UTC: 2026-03-19T08:00:00Z.
        #[arg(long)]
        since: String,
    },
}

impl Events {
    pub fn run(self) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime cannot be made")?;
        runtime.block_on(async {
            let desk = Desk::open()?;
            match self {
                Self::Parked { service } => desk.parked(service.as_deref()).await,
                Self::Replay { which } => desk.replay(&which).await,
                Self::Lag => desk.lag().await,
                Self::Republish { service, since } => desk.republish(&service, &since).await,
            }
        })
    }
}

/// Where an operator stands: beside the running services, over their databases and their bus.
struct Desk {
    settings: Settings,
    clock: Clock,
}

impl Desk {
    fn open() -> anyhow::Result<Self> {
        let settings = Settings::load(DEFAULTS)?;
        let clock = Clock::system(settings.mode);
        Ok(Self { settings, clock })
    }

    async fn database(&self, service: &'static str) -> anyhow::Result<Db> {
        let address = self.settings.database_address(service);
        // Nothing is migrated here: the schema is the running service's.
        Db::attach(&address, service, self.clock.clone()).await.with_context(|| format!("the database of {service} cannot be read"))
    }

    async fn parked(&self, only: Option<&str>) -> anyhow::Result<()> {
        let (mut held, mut aside) = (0_usize, 0_usize);
        for service in chosen(only)? {
            let db = self.database(service).await?;
            let rows = parked::list(&db).await.with_context(|| format!("what {service} set aside cannot be read"))?;
            for row in rows {
                if row.reason == parked::HELD {
                    held += 1;
                    continue;
                }
                aside += 1;
                let (age, kind) = (age(self.clock.now(), row.at), row.kind.rsplit('.').next().unwrap_or_default());
                say!("{service:<14} {} {:<44} {kind:<24} {age:>8}  {}", row.id, row.reaction, row.reason);
            }
            db.close().await?;
        }
        say!("{aside} events set aside; {held} held until a restriction is lifted");
        Ok(())
    }

    async fn replay(&self, which: &str) -> anyhow::Result<()> {
        let (services, only) = match Uuid::parse_str(which) {
            Ok(id) => (SERVICES.to_vec(), Some(id)),
            Err(_) => (chosen(Some(which))?, None),
        };
        let mut given = 0;
        for service in services {
            let db = self.database(service).await?;
            let some = parked::give_back(&db, only).await.with_context(|| format!("{service} cannot be given back what it set aside"))?;
            if some > 0 {
                say!("{service:<14} {some} given back");
            }
            given += some;
            db.close().await?;
        }
        if given == 0 {
            bail!("nothing is set aside under `{which}`: see `kolsai events parked`");
        }
        Ok(())
    }

    async fn lag(&self) -> anyhow::Result<()> {
        let now = self.clock.now();
        say!("{:<52} {:>9} {:>9} {:>7} {:>9}", "", "waiting", "in hand", "again", "oldest");
        let line = |name: &str, waiting: u64, hand: Option<(u64, u64)>, oldest: Option<Timestamp>| {
            let oldest = oldest.map_or_else(|| "-".to_owned(), |at| age(now, at));
            let (hand, again) =
                hand.map_or_else(|| ("-".to_owned(), "-".to_owned()), |(hand, again)| (hand.to_string(), again.to_string()));
            say!("{name:<52} {waiting:>9} {hand:>9} {again:>7} {oldest:>9}");
        };
        for service in SERVICES {
            let db = self.database(service).await?;
            let waits = backlog(&db).await.with_context(|| format!("the outbox of {service} cannot be read"))?;
            line(&format!("outbox of {service}"), waits.depth, None, waits.oldest);
            db.close().await?;
        }
        let bus = AnyBus::open(self.settings.bus.config()).await?;
        for lag in bus.lag().await? {
            line(&lag.consumer, lag.waiting, Some((lag.in_hand, lag.again)), lag.oldest);
        }
        Ok(())
    }

    async fn republish(&self, service: &str, since: &str) -> anyhow::Result<()> {
        let since: Timestamp =
            since.parse::<jiff::Timestamp>().map(|at| Timestamp::from_micros(at.as_microsecond())).context("--since is a time in UTC")?;
        for service in chosen(Some(service).filter(|service| *service != "all"))? {
            let db = self.database(service).await?;
            let again = publish_again(&db, since, self.clock.now()).await.with_context(|| format!("the outbox of {service}"))?;
            say!("{service:<14} {again} to be published again");
            db.close().await?;
        }
        Ok(())
    }
}

fn chosen(only: Option<&str>) -> anyhow::Result<Vec<&'static str>> {
    let Some(name) = only else { return Ok(SERVICES.to_vec()) };
    match SERVICES.iter().find(|service| **service == name) {
        Some(service) => Ok(vec![service]),
        None => bail!("`{name}` is neither an identifier nor a service; services are {}", SERVICES.join(", ")),
    }
}

fn age(now: Timestamp, at: Timestamp) -> String {
    let seconds = now.since(at).as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3_600),
    }
}
