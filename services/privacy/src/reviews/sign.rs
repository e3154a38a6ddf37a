//! Signing a review off: item by item, and nobody their own access.

use std::collections::HashMap;

use contract::privacy::v1::{self as pb, review_item::Rule};
use foundation::{Refusal, uuid::Uuid};
use personal_data::{Error, query};
use sea_orm::{ColumnTrait, QueryFilter};
use service::Caller;

use super::{
    Reviews,
    rows::{ItemId, ReviewId, SignatureId, review, review_item, review_signature},
    view::Opened,
};
use crate::erasures::reason_of;

impl Reviews {
    /// Signs everything that is not signed and not the caller's own.
    pub async fn sign(&self, by: &Caller, ask: &pb::SignReviewRequest) -> Result<pb::Review, Refusal> {
        let id = ReviewId::parse_field(&ask.review_id, "review_id")?;
        let opened = self.opened(by, id).await?;
        let finding = reason_of(&ask.finding).map_err(|refusal| refusal.at_field("finding"))?;
        let verdicts = verdicts(&opened, &ask.verdicts)?;
        let (own, open): (Vec<_>, Vec<_>) =
            opened.items.iter().filter(|item| item.signature.is_none()).partition(|item| opened.is_own(item));
        if open.is_empty() {
            // Signed before; or nothing is left but what somebody else must sign.
            return match own.is_empty() {
                true => Ok(self.shown(&opened).await?),
                false => Err(Refusal::denied("OWN_ACCESS", "these are your own accesses: somebody else signs them")),
            };
        }
        if open.iter().any(|item| item.rule == i32::from(Rule::Exception) && !verdicts.contains_key(&item.id.0)) {
            return Err(Refusal::invalid("EXCEPTION_NOT_JUDGED", "verdicts", "say of each exception whether it was justified"));
        }
        let open: Vec<_> = open.into_iter().cloned().collect();
        self.write(by, &opened, open, finding, &verdicts).await?;
        let again = self.opened(by, id).await?;
        self.shown(&again).await.map_err(Refusal::from)
    }

    async fn write(
        &self,
        by: &Caller,
        opened: &Opened,
        open: Vec<review_item::Model>,
        finding: &str,
        verdicts: &HashMap<Uuid, bool>,
    ) -> Result<(), Refusal> {
        let signer = self.keys.handles(&[by.person()?]).await?.pop().flatten().map_or_else(String::new, |handle| handle.to_string());
        let tx = self.db.begin("privacy.sign-review").await?;
        let (id, at) = (SignatureId::new_v7(), tx.clock().now());
        let (review, finding) = (opened.review.id.0, finding.to_owned());
        tx.insert::<review_signature::Entity>(review_signature::Model { id, review, signer_handle: signer, finding, at }).await?;
        for mut item in open {
            item.justified = verdicts.get(&item.id.0).copied().unwrap_or(true);
            item.signature = Some(id.0);
            // Somebody else signed it at the same time: read it again.
            tx.update::<review_item::Entity>(&mut item).await?;
        }
        let left = query::anonymous::<review_item::Entity>().filter(review_item::Column::Review.eq(review));
        let left = left.filter(review_item::Column::Signature.is_null()).all(&tx).await.map_err(Error::from)?.len();
        let mut row = opened.review.clone();
        row.unsigned = i64::try_from(left).unwrap_or(i64::MAX);
        row.signed_at = (left == 0).then_some(at);
        tx.update::<review::Entity>(&mut row).await?;
        Ok(tx.commit().await?)
    }
}

fn verdicts(opened: &Opened, said: &[pb::Verdict]) -> Result<HashMap<Uuid, bool>, Refusal> {
    let mut verdicts = HashMap::new();
    for verdict in said {
        let id = ItemId::parse_field(&verdict.item_id, "verdicts")?;
        if !opened.items.iter().any(|item| item.id == id) {
            return Err(Refusal::invalid("NO_SUCH_ITEM", "verdicts", "the review has no such item"));
        }
        verdicts.insert(id.0, verdict.justified);
    }
    Ok(verdicts)
}
