//! Consent taken back for one purpose, and given for it again.

use std::sync::Arc;

use contract::{
    Purpose,
    payment::v1::{CountOpenOrdersRequest, obligations_client::ObligationsClient},
    privacy::v1 as pb,
    purpose_terms,
};
use foundation::{PersonId, Refusal, Transport, uuid::Uuid};
use personal_data::person_state;

use crate::{
    consents::{self, Given, Ledger, rows::Method},
    policy::Policies,
    restrictions::no_erasure_in_tx,
    states::{self, Change, Kind, States, rows::state_request},
};

pub struct Withdrawals {
    pub(crate) states: Arc<States>,
    pub(crate) payment: ObligationsClient<Transport>,
    pub(crate) policies: Arc<Policies>,
    pub(crate) ledger: Ledger,
}

impl Withdrawals {
    /// Stops the purpose at once. Consent that was withdrawn before answers with the request that did it.
    pub async fn withdraw(&self, person: PersonId, purpose: Purpose) -> Result<pb::Request, Refusal> {
        may_be_withdrawn(purpose)?;
        if purpose == Purpose::Payment {
            self.no_open_order(person).await?;
        }
        let mut row = self.states.request(person, Kind::Withdrawal, purpose)?;
        let tx = self.states.db.begin_for("privacy.withdraw-consent", person, Purpose::Rights).await?;
        no_erasure_in_tx(&tx, person).await?;
        if states::state_in_tx(&tx, person).await?.withdrawn & person_state::bit(purpose) != 0 {
            let last = states::last_of_in_tx(&tx, person, Kind::Withdrawal, purpose).await?;
            return last.map(|last| states::show(&last)).ok_or_else(|| personal_data::Error::Changed("state_request").into());
        }
        let version = states::change_in_tx(&tx, person, Change::Withdraw(purpose)).await?;
        consents::withdraw_in_tx(&tx, person, purpose, None, row.received_at).await?;
        (row.change, row.announced_at) = (Some(version), Some(row.received_at));
        tx.insert::<state_request::Entity>(row.clone()).await?;
        tx.commit().await?;
        Ok(states::show(&row))
    }

    /// Permits the purpose again, by consent to the text that is published now.
    pub async fn permit(&self, person: PersonId, purpose: Purpose, text: Text) -> Result<pb::Request, Refusal> {
        may_be_withdrawn(purpose)?;
        if purpose == Purpose::Newsletter {
            return Err(Refusal::precondition("SUBSCRIBE_INSTEAD", "subscribe to the newsletter: its consent has a text of its own"));
        }
        self.is_published(&text).await?;
        // What a registration agrees to covers every purpose that has no consent of its own.
        let given = Given {
            id: Uuid::new_v4(),
            person,
            purpose: Purpose::Account,
            text_hash: text.hash,
            language: text.language,
            method: Method::Again,
            about: None,
            given_at: self.states.db.clock().now(),
        };
        let consent = self.ledger.written(&given).await?;
        let mut row = self.states.request(person, Kind::ConsentAgain, purpose)?;
        let tx = self.states.db.begin_for("privacy.give-consent-again", person, Purpose::Rights).await?;
        no_erasure_in_tx(&tx, person).await?;
        if states::state_in_tx(&tx, person).await?.withdrawn & person_state::bit(purpose) == 0 {
            let last = states::last_of_in_tx(&tx, person, Kind::ConsentAgain, purpose).await?;
            let never = || Refusal::precondition("NOT_WITHDRAWN", "you have not withdrawn consent for this purpose");
            return last.map(|last| states::show(&last)).ok_or_else(never);
        }
        let version = states::change_in_tx(&tx, person, Change::Permit(purpose)).await?;
        self.ledger.record_in_tx(&tx, consent).await?;
        (row.change, row.announced_at) = (Some(version), Some(row.received_at));
        tx.insert::<state_request::Entity>(row.clone()).await?;
        tx.commit().await?;
        Ok(states::show(&row))
    }

    /// 94-V art. 8(2): not while an obligation is unperformed.
    async fn no_open_order(&self, person: PersonId) -> Result<(), Refusal> {
        let ask = CountOpenOrdersRequest { person_id: person.to_string() };
        let open = self.payment.clone().count_open_orders(ask).await.map_err(|status| {
            tracing::warn!(code = ?status.code(), "payment does not say whether an order is open");
            Refusal::unavailable("PAYMENT_UNAVAILABLE", "whether an order of yours is open cannot be said at the moment; try again")
        })?;
        if open.into_inner().open_orders == 0 {
            return Ok(());
        }
        Err(Refusal::precondition(
            "OBLIGATION_OPEN",
            "an order of yours is open (94-V art. 8(2)): pay it or let it expire, then withdraw consent for payment",
        ))
    }

    async fn is_published(&self, text: &Text) -> Result<(), Refusal> {
        let policy = self.policies.get(&text.language).await?;
        if text.language.is_empty() || policy.version != text.version || policy.registration_consent_hash != text.hash {
            return Err(Refusal::precondition("STALE_CONSENT_TEXT", "consent is to the text that is published now; read it again"));
        }
        Ok(())
    }
}

/// The text that somebody agreed to, as it was shown.
pub struct Text {
    pub version: String,
    pub hash: String,
    pub language: String,
}

/// What rests on an obligation, or keeps an account, ends with the account and not with a consent.
fn may_be_withdrawn(purpose: Purpose) -> Result<(), Refusal> {
    if purpose == Purpose::Unspecified {
        return Err(Refusal::invalid("UNKNOWN_PURPOSE", "purpose", "name one purpose of the published list"));
    }
    if purpose_terms(purpose).survives_withdrawal {
        return Err(Refusal::precondition(
            "PURPOSE_CANNOT_BE_WITHDRAWN",
            "this purpose keeps your account or an obligation of ours: it ends when you have your account erased",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consent_is_withdrawn_where_it_is_what_the_purpose_rests_on() {
        let reason = |purpose| may_be_withdrawn(purpose).err().map(|refusal| refusal.reason);
        for purpose in
            [Purpose::Education, Purpose::Payment, Purpose::Support, Purpose::Newsletter, Purpose::Publication, Purpose::Statistics]
        {
            assert_eq!(reason(purpose), None, "{purpose:?}");
        }
        for purpose in [Purpose::Account, Purpose::ServiceNotice, Purpose::Security, Purpose::LegalRetention, Purpose::Rights] {
            assert_eq!(reason(purpose), Some("PURPOSE_CANNOT_BE_WITHDRAWN"), "{purpose:?}");
        }
        assert_eq!(reason(Purpose::Unspecified), Some("UNKNOWN_PURPOSE"));
    }
}
