//! What holders report, one row a holder: the first report of a round counts.

use contract::{
    Purpose,
    holder::v1::{ErasureReported, KeptItem},
};
use events::{Reaction, ReactionError};
use foundation::{Timestamp, uuid::Uuid};
use personal_data::{Tx, query};
use sea_orm::{ColumnTrait, QueryFilter};

use super::{
    rows::{self, State, erasure, holder_report},
    saga,
};
use crate::receipts::{Class, Kept};

/// A holder's report enters the saga. The person is erased here too by now, so this is not a reaction about a person.
pub struct Reports;

impl Reports {
    async fn record_in_tx(tx: &Tx, event: ErasureReported) -> Result<(), ReactionError> {
        let erasure = event.request_id.parse::<Uuid>().map_err(|_| ReactionError::Poisoned("the request is not an identifier"))?;
        let row = query::anonymous::<erasure::Entity>().filter(erasure::Column::Id.eq(erasure)).one(tx).await?;
        let mut report = encode(tx, erasure, event)?;
        let round = row.as_ref().map_or(1, |row| row.round);
        let kept = query::anonymous::<holder_report::Entity>().filter(holder_report::Column::Id.eq(report.id)).one(tx).await?;
        match kept {
            None => {
                tx.insert_once::<holder_report::Entity>(report).await?;
            }
            Some(kept) if kept.answers < round && report.answers >= round => {
                report.classes = written(&merged(&saga::classes(&kept)?, saga::classes(&report)?))?;
                tx.update::<holder_report::Entity>(&mut report).await?;
            }
            Some(_) => {}
        }
        if let Some(mut row) = row.filter(|row| row.state == State::Open as i32) {
            row.look_at = tx.clock().now();
            tx.update::<erasure::Entity>(&mut row).await?;
        }
        Ok(())
    }
}

fn encode(tx: &Tx, erasure: Uuid, event: ErasureReported) -> Result<holder_report::Model, ReactionError> {
    let classes: Vec<Class> = event
        .classes
        .iter()
        .map(|c| Class {
            table: c.table.clone(),
            before: c.before,
            after: c.after,
            objects: c.objects,
            locked: c.locked,
            law: c.law.clone(),
            kept: c.kept.iter().filter_map(kept).collect(),
        })
        .collect();
    Ok(holder_report::Model {
        id: rows::report_id(erasure, &event.holder),
        erasure,
        holder: event.holder,
        map_hash: event.map_hash,
        answers: event.version,
        left_over: event.left_over,
        classes: written(&classes)?,
        expired_at: event.expired_at.as_ref().map(Timestamp::from_proto),
        done_at: event.done_at.as_ref().map_or(tx.clock().now(), Timestamp::from_proto),
    })
}

fn kept(item: &KeptItem) -> Option<Kept> {
    Some(Kept { item: item.item_id.clone(), until: Timestamp::from_proto(item.until.as_ref()?).to_string() })
}

fn written(classes: &[Class]) -> Result<String, ReactionError> {
    serde_json::to_string(classes).map_err(|_| ReactionError::Poisoned("the classes cannot be written"))
}

/// What is there now is the later report's word; what was there and went is both's: a second round finds nothing to erase.
fn merged(earlier: &[Class], mut later: Vec<Class>) -> Vec<Class> {
    for class in &mut later {
        if let Some(first) = earlier.iter().find(|first| first.table == class.table) {
            class.before = class.before.max(first.before);
            class.objects += first.objects;
        }
    }
    later
}

#[async_trait::async_trait]
impl Reaction<ErasureReported> for Reports {
    const NAME: &'static str = "privacy.record-report-of-holder";
    const PURPOSE: Purpose = Purpose::Rights;
    const ABOUT_THE_ERASED: bool = true;

    async fn react_in_tx(&self, tx: &Tx, event: ErasureReported) -> Result<(), ReactionError> {
        Self::record_in_tx(tx, event).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(table: &str, before: i64, after: i64, objects: i64) -> Class {
        Class { table: table.into(), before, after, objects, locked: 0, law: String::new(), kept: Vec::new() }
    }

    #[test]
    fn a_second_round_does_not_forget_what_the_first_erased() {
        let merged = merged(&[class("submission", 2, 1, 4)], vec![class("submission", 1, 0, 4), class("upload", 0, 0, 0)]);
        let counts: Vec<_> = merged.iter().map(|c| (c.table.as_str(), c.before, c.after, c.objects)).collect();
        assert_eq!(counts, [("submission", 2, 0, 8), ("upload", 0, 0, 0)]);
    }
}
