//! Whoever takes statistics back takes out of the pool what is not told yet.

use async_trait::async_trait;
use contract::{Purpose, privacy::v1::PersonStateChanged};
use events::{Reaction, ReactionError};
use foundation::PersonId;
use personal_data::{Tx, query};

use super::{
    release::forget,
    rows::{fact, lesson_return, pooled_for},
};

pub struct TakeBack;

#[async_trait]
impl Reaction<PersonStateChanged> for TakeBack {
    const NAME: &'static str = "learning.take-facts-back-on-withdrawal";
    const PURPOSE: Purpose = Purpose::Rights;

    async fn react_in_tx(&self, tx: &Tx, changed: PersonStateChanged) -> Result<(), ReactionError> {
        if !changed.withdrawn().any(|purpose| purpose == Purpose::Statistics) {
            return Ok(());
        }
        let person: PersonId = changed.person_id.parse().map_err(|_| ReactionError::Poisoned("the person is not an identifier"))?;
        if !events::is_newest_in_tx(tx, person, changed.version).await? || foundation::sabotage::breaks("P21") {
            return Ok(());
        }
        let own = query::of::<pooled_for::Entity>(person, Purpose::Rights).all(tx).await?;
        let facts: Vec<_> = own.iter().map(|row| row.fact_id).collect();
        let facts = facts_of(tx, &facts).await?;
        forget(tx, facts).await?;
        for row in query::of::<lesson_return::Entity>(person, Purpose::Rights).all(tx).await? {
            tx.delete::<lesson_return::Entity>(&row).await?;
        }
        Ok(())
    }
}

async fn facts_of(tx: &Tx, ids: &[super::rows::FactId]) -> Result<Vec<fact::Model>, personal_data::Error> {
    use sea_orm::{ColumnTrait, QueryFilter};
    let mut facts = Vec::new();
    for some in ids.chunks(500) {
        facts.extend(query::anonymous::<fact::Entity>().filter(fact::Column::Id.is_in(some.iter().copied())).all(tx).await?);
    }
    Ok(facts)
}
