//! Closing an account: it ends the relation. It is no erasure; that is asked for where rights are.

use contract::Purpose;
use foundation::{PersonId, Timestamp};
use personal_data::Mapped;

use super::{Accounts, Error, rows::account};
use crate::relation;

impl Accounts {
    /// Ends the relation and every session. Answers until when signing in takes it up again.
    pub async fn close(&self, person: PersonId) -> Result<Timestamp, Error> {
        let tx = self.db.begin_for("identity.close-account", person, Purpose::Account).await?;
        let ended = relation::end_in_tx(&tx, person).await?;
        let sessions = self.sessions.end_all_in_tx(&tx, person).await?;
        tx.commit().await?;
        sessions.tell().await?;
        Ok(account::Entity::MAP.keep.map_or(ended, |keep| keep.ends(ended)))
    }
}
