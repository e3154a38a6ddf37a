//! What an erasure's receipt says, out of what holders and witness reported.

use std::time::Duration;

use foundation::Timestamp;
use personal_data::Error;

use super::{
    rows::{erasure, holder_report},
    saga::{classes, witnesses},
};
use crate::receipts::{Document, Holder, Locked, Remaining, Resumed};

/// A quarter of an hour, and the hour between two rounds of retention, with some room.
const REVOKED: Duration = Duration::from_secs(2 * 3600);

pub(super) fn document(
    row: &erasure::Model,
    reports: &[holder_report::Model],
    recorded_at: Timestamp,
    in_force_at: Timestamp,
    gone_from_backups_by: Option<Timestamp>,
) -> Result<Document, Error> {
    let (mut holders, mut locked) = (Vec::new(), Vec::new());
    for report in reports {
        let mut classes = classes(report)?;
        for class in &mut classes {
            for kept in class.kept.drain(..) {
                let (holder, table, law) = (report.holder.clone(), class.table.clone(), class.law.clone());
                locked.push(Locked { holder, table, item: kept.item, law, until: kept.until });
            }
        }
        let (holder, map_hash) = (report.holder.clone(), report.map_hash.clone());
        holders.push(Holder { holder, map_hash, done_at: report.done_at.to_string(), classes });
    }
    holders.sort_by(|a, b| a.holder.cmp(&b.holder));
    locked.sort_by(|a: &Locked, b| (&a.holder, &a.table, &a.until, &a.item).cmp(&(&b.holder, &b.table, &b.until, &b.item)));
    let witnesses = witnesses(row.witnesses.as_deref().unwrap_or_default());
    Ok(Document {
        format: "kolsai-erasure-receipt/1".into(),
        request_id: row.id.to_string(),
        commitment: hex::encode(&row.commitment),
        ordered_at: row.ordered_at.to_string(),
        recorded_at: recorded_at.to_string(),
        in_force_at: in_force_at.to_string(),
        method: "rows deleted and overwritten; objects removed; the person's key destroyed, so that no sealed copy opens".into(),
        holders,
        witnesses: witnesses.into_iter().map(|witness| witness.service).collect(),
        resumed: resumed(row),
        remaining: remaining(&locked, in_force_at),
        locked,
        gone_from_backups_by: gone_from_backups_by.map(|at| at.to_string()),
    })
}

fn resumed(row: &erasure::Model) -> Option<Resumed> {
    Some(Resumed {
        by: row.officer_role.clone()?,
        at: row.resumed_at?.to_string(),
        contradiction: row.resolved.clone().unwrap_or_default(),
        reason: row.officer_reason.clone()?,
    })
}

/// Where the random identifier, and nothing else, still stands.
fn remaining(locked: &[Locked], in_force_at: Timestamp) -> Vec<Remaining> {
    let swept = in_force_at.plus(events::rules::KEPT).to_string();
    let mut all = vec![
        Remaining {
            place: "person_state of every holder, person_key of the keyring".into(),
            what: "a random identifier with the word erased, so that nothing late brings the person back".into(),
            until: "not limited".into(),
        },
        Remaining { place: "outbox of every service".into(), what: "the random identifier inside published events".into(), until: swept },
        Remaining {
            place: "parked events of every service".into(),
            what: "nothing at the erasure; the random identifier inside an event that comes later and that a service cannot take".into(),
            until: "until the operator has looked into it".into(),
        },
        Remaining {
            place: "revocation of identity".into(),
            what: "the random identifier, so that a token that is still about opens nothing".into(),
            until: in_force_at.plus(REVOKED).to_string(),
        },
    ];
    let mut places: Vec<(&str, &str)> = locked.iter().map(|item| (item.holder.as_str(), item.table.as_str())).collect();
    places.dedup();
    all.extend(places.into_iter().map(|(holder, table)| {
        Remaining {
            place: format!("{table} of {holder}"),
            what: "the random identifier on the rows that a law keeps".into(),
            // In one format, and sorted: the last is the latest.
            until: locked
                .iter()
                .filter(|item| item.holder == holder && item.table == table)
                .map(|item| item.until.clone())
                .max()
                .unwrap_or_default(),
        }
    }));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_a_law_keeps_is_named_once_with_its_last_day() {
        let item = |table: &str, until: &str| Locked {
            holder: "payment".into(),
            table: table.into(),
            item: String::new(),
            law: String::new(),
            until: until.into(),
        };
        let locked = [item("tax_receipt", "2032-01-01"), item("tax_receipt", "2033-01-01")];
        let said = remaining(&locked, Timestamp::from_micros(0));
        let places: Vec<_> = said.iter().filter(|r| r.place.contains("payment")).map(|r| (r.place.as_str(), r.until.as_str())).collect();
        assert_eq!(places, [("tax_receipt of payment", "2033-01-01")]);
        assert_eq!(remaining(&[], Timestamp::from_micros(0)).len(), 4);
    }
}
