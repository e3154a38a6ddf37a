//! Each service's own log beside what it handed over: what privacy holds is the judge.

use personal_data::{Db, access_log};

use super::{
    AuditError,
    export::{checkpoints, ends, kept},
    verify::{Finding, Verified, Verifier},
};
const PAGE: u64 = 1_000;

/// Goes through the chains that privacy holds and, where a service's own database is given, through its own chain beside it.
/// A service's newest records may not be handed over yet.
pub async fn verify_live(privacy: &Db, services: &[(&str, Db)], public_key: &[u8]) -> Result<Verified, AuditError> {
    let mut verifier = Verifier::try_new(public_key)?;
    for end in ends(privacy).await? {
        let own = services.iter().find(|(name, _)| *name == end.service).map(|(_, db)| db);
        let mut signed = checkpoints(privacy, &end).await?;
        let mut place = 0;
        while place < end.sequence {
            let page = kept(privacy, &end.service, place, end.sequence).await?;
            let beside = match own {
                Some(db) => Some(access_log::after(db, place, PAGE).await?),
                None => None,
            };
            let Some(last) = page.last().map(|last| last.sequence) else {
                return Err(Finding::Missing { service: end.service.clone(), sequence: place + 1 }.into());
            };
            place = last;
            let mut beside = beside.map(Vec::into_iter);
            for entry in &page {
                verifier.record(&end.service, entry)?;
                if let Some(own) = &mut beside {
                    agrees(&end.service, entry, own.next())?;
                }
                while let Some(point) = signed.pop_front_if(|point| point.sequence <= entry.sequence) {
                    verifier.checkpoint(&point)?;
                }
            }
        }
        for point in signed {
            verifier.checkpoint(&point)?;
        }
    }
    Ok(verifier.finish()?)
}

fn agrees(service: &str, kept: &access_log::Model, own: Option<access_log::Model>) -> Result<(), Finding> {
    let (service, sequence) = (service.to_owned(), kept.sequence);
    match own {
        Some(own) if own.sequence == sequence && access_log::hash(&own) != own.hash => Err(Finding::Broken { service, sequence }),
        Some(own) if own.sequence == sequence && own.hash != kept.hash => Err(Finding::Forked { service, sequence }),
        Some(own) if own.sequence == sequence => Ok(()),
        _ => Err(Finding::Missing { service, sequence }),
    }
}
