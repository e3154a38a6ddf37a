//! Rectification: what a person corrected is corrected in every copy, each holder says that the old value is gone, and the
//! person is told.

mod reactions;
pub mod rows;
mod rules;
mod saga;

use std::sync::Arc;

use contract::{Class, privacy::v1::RectificationOrdered};
use personal_data::{Db, Error, Tx};

use crate::terms::Calendar;
pub use reactions::all as reactors;
use rows::rectification;

/// Clones share everything.
#[derive(Clone)]
pub struct Rectifications {
    pub(crate) db: Db,
    pub(crate) calendar: Arc<Calendar>,
}

fn written(classes: &[Class]) -> String {
    classes.iter().map(|class| (*class as i32).to_string()).collect::<Vec<_>>().join(",")
}

fn read(classes: &str) -> Vec<i32> {
    classes.split(',').filter_map(|class| class.parse().ok()).collect()
}

/// Orders every holder to correct its copies.
async fn announce_in_tx(tx: &Tx, row: &rectification::Model) -> Result<(), Error> {
    let order = RectificationOrdered {
        request_id: row.id.to_string(),
        person_id: row.person.to_string(),
        classes: read(&row.classes),
        version: row.orders,
    };
    events::announce_in_tx(tx, order).await
}
