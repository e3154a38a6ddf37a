//! `kolsai certificates`.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, bail};
use clap::Args;
use contract::Contract;
use foundation::{Clock, Mode};
use service::{
    peers::authority::{DevelopmentAuthority, ENGINES, LIFE},
    settings::GATEWAY,
};

#[derive(Args)]
pub struct Certificates {
    /// Where they are kept: `ca.crt`, `ca.key` and `<name>/{ca.crt,tls.crt,tls.key}`.
    folder: PathBuf,
    /// Services, engines (postgres, nats, redis, s3, otlp) or clients of other teams; every service and engine when none is named.
    names: Vec<String>,
    /// How long they are good for: `1h`, `90m`, `30s`, `7d`. What is there is then made anew.
    #[arg(long, value_parser = span)]
    valid_for: Option<Duration>,
    /// Makes anew what is good for long enough.
    #[arg(long)]
    renew: bool,
    /// The trust domain of the SPIFFE URIs: the services must be told the same in KOLSAI__PEERS__TRUST_DOMAIN.
    #[arg(long, default_value = "kolsai")]
    trust_domain: String,
}

impl Certificates {
    pub fn run(self) -> anyhow::Result<()> {
        let authority = DevelopmentAuthority::open(&self.folder, &self.trust_domain, Clock::system(Mode::Development).now())?;
        let mut names = self.names;
        if names.is_empty() {
            names.push(GATEWAY.to_owned());
            names.extend(Contract::get().services().iter().cloned());
            names.extend(ENGINES.iter().map(|name| (*name).to_owned()));
        }
        let (anew, valid_for) = (self.renew || self.valid_for.is_some(), self.valid_for.unwrap_or(LIFE));
        for name in names {
            if !anew && authority.is_good(&name) {
                say!("{:<16} kept", name);
                continue;
            }
            let folder = authority.issue(&name, valid_for)?;
            say!("{name:<16} {}", folder.display());
        }
        Ok(())
    }
}

/// A number and a unit.
fn span(text: &str) -> anyhow::Result<Duration> {
    let at = text.len().checked_sub(1).context("say how long, for instance 1h")?;
    let (number, unit) = text.split_at_checked(at).context("say how long, for instance 1h")?;
    let number: u64 = number.parse().context("say how long, for instance 1h")?;
    let seconds = match unit {
        "s" => number,
        "m" => number * 60,
        "h" => number * 3600,
        "d" => number * 24 * 3600,
        _ => bail!("the unit is s, m, h or d"),
    };
    if seconds == 0 || seconds > LIFE.as_secs() {
        bail!("a certificate is good for 1 s to {} days", LIFE.as_secs() / (24 * 3600));
    }
    Ok(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn a_span_is_a_number_and_a_unit() {
        assert_eq!(span("90m").unwrap().as_secs(), 5_400);
        assert_eq!(span("1d").unwrap().as_secs(), 86_400);
        for wrong in ["", "h", "1", "1w", "0s", "-1h", "9999d", "1 h", "1ч"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }
}
