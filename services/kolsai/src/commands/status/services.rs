//! Whether the services are ready: the gateway by its own TLS, the others, where they run apart, as their peers ask them.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use service::{Question, Settings, probe};

use super::{PATIENCE, Told};
use crate::commands::health;

pub(super) async fn ask(settings: &Settings) -> Vec<(String, Told)> {
    let mut told =
        vec![("gateway".to_owned(), Told::of(gateway(settings).await.map(|()| "ready".to_owned()).map_err(|error| format!("{error:#}"))))];
    let apart: Vec<&'static str> = contract::Contract::get()
        .services()
        .iter()
        .map(String::as_str)
        .filter(|name| settings.peers.addresses.contains_key(*name) || settings.peers.listen.contains_key(*name))
        .collect();
    if apart.is_empty() {
        told.push(("all services".to_owned(), Told::Well("in the process of the gateway, which is ready when they are".into())));
    }
    for service in apart {
        for (place, replica) in replicas(settings, service) {
            let answer = probe(&replica, service, Question::Ready, PATIENCE).await;
            let name = place.map_or_else(|| service.to_owned(), |place| format!("{service} {place}"));
            told.push((name, Told::of(answer.map(|()| "ready".to_owned()))));
        }
    }
    told
}

/// The settings with which each replica of a service is asked: an operator's settings name where peers are reached, not where they listen.
fn replicas(settings: &Settings, service: &str) -> Vec<(Option<String>, Settings)> {
    let Some(addresses) = settings.peers.addresses.get(service) else { return vec![(None, settings.clone())] };
    let places: Vec<String> =
        addresses.split(',').map(|one| one.trim().trim_start_matches("https://").trim_end_matches('/').to_owned()).collect();
    let several = places.len() > 1;
    let at = |place: String| {
        let mut replica = settings.clone();
        replica.peers.listen.insert(service.to_owned(), place.clone());
        (several.then_some(place), replica)
    };
    places.into_iter().map(at).collect()
}

/// As `kolsai health` does; an operator whose settings are not the gateway's asks where people reach it, for the certificate that lies
/// with those of the peers.
async fn gateway(settings: &Settings) -> anyhow::Result<()> {
    let own = settings.peers.certificates.as_ref().map(|folder| PathBuf::from(folder).join("gateway").join("tls.crt"));
    let Some(certificate) = own.filter(|file| file.is_file() && settings.peers.listen.is_empty()) else {
        return tokio::time::timeout(PATIENCE, health::gateway(settings, Question::Ready))
            .await
            .map_err(|_| anyhow!("the gateway does not answer"))?;
    };
    let place = settings.url.trim_start_matches("https://");
    let place = if place.contains(':') { place.to_owned() } else { format!("{place}:443") };
    let address = tokio::net::lookup_host(&place).await?.next().with_context(|| format!("{place} has no address"))?;
    let asked = tokio::time::timeout(PATIENCE, health::get(address, &certificate, "/readyz")).await;
    match asked.map_err(|_| anyhow!("the gateway does not answer"))?? {
        (200, _) => Ok(()),
        (_, text) => Err(anyhow!("{}", text.trim())),
    }
}
