//! What a complaint file says. Its fields are written in this order: these are the canonical bytes.

use serde::{Deserialize, Serialize};

use super::authorities::Authority;

#[derive(Debug, Serialize, Deserialize)]
pub struct Document {
    /// `kolsai-complaint/1`.
    pub format: String,
    pub made_at: String,
    pub language: String,
    pub operator_name: String,
    pub operator_bin: String,
    /// Who complains.
    pub full_name: String,
    /// In their own words; empty when they left it out.
    pub text: String,
    pub requests: Vec<Request>,
    pub consents: Vec<Consent>,
    pub authorities: Vec<Authority>,
    /// The key that signs this, as `GET /v1/receipt-key` answers it.
    pub key_id: String,
}

/// A request with its dates and how its term was kept.
#[derive(Debug, Serialize, Deserialize)]
pub struct Request {
    pub request_id: String,
    pub kind: String,
    pub received_at: String,
    pub due_at: String,
    pub done_at: Option<String>,
    pub in_force_at: Option<String>,
    pub told_at: Option<String>,
    /// Whether it was done in its term; none while it is open and in time.
    pub in_time: Option<bool>,
    /// The term by every regime, the governing one first.
    pub terms: Vec<Term>,
    /// How often a changed calendar moved the due date.
    pub due_moved: i32,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Term {
    pub regime: String,
    pub article: String,
    pub due_at: String,
}

/// A receipt of a consent.
#[derive(Debug, Serialize, Deserialize)]
pub struct Consent {
    pub consent_id: String,
    pub purpose: String,
    pub text_version: String,
    pub text_hash: String,
    pub given_at: String,
    pub withdrawn_at: Option<String>,
}
