//! Closing an account: it ends the relation. It is no erasure; that is asked for where rights are.

use contract::Purpose;
use foundation::{PersonId, Timestamp};
use personal_data::Mapped;

use super::{Accounts, Error, rows::account};
use crate::{relation, sessions};

impl Accounts {
    /// Ends the relation and every session. Answers until when signing in takes it up again.
    pub async fn close(&self, person: PersonId) -> Result<Timestamp, Error> {
        // Noted before the commit: once it is closed, no token may still be good.
        self.sessions.revoke_all(person).await?;
        let tx = self.db.begin_for("identity.close-account", person, Purpose::Account).await?;
        let ended = relation::end_in_tx(&tx, person).await?;
        sessions::delete_all_in_tx(&tx, person).await?;
        tx.commit().await?;
        Ok(account::Entity::MAP.keep.map_or(ended, |keep| keep.ends(ended)))
    }
}
