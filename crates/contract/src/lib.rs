//! The contract of all services: generated messages, clients and servers, and typed views of what the contract says about them.
//!
//! Everything under `generated/` is written by `cargo run -p kolsai-contract-codegen` from `proto/`. A package `kolsai.identity.v1` is
//! the module [`identity::v1`]; what no Rust type can say (rules, classes, purposes) is read from the descriptors, once, by [`Contract`].

// A private module here would hide a package of the same name: there are few, and none is named after anything a service could be.
mod check;
mod debug;
#[rustfmt::skip]
#[allow(clippy::all, missing_docs)]
mod generated;
mod pool;
mod views;

/// Google's own messages of the contract: HTTP rules and raw bodies.
pub use generated::google;
// One module per package: `identity::v1`, `keyring::v1`, `holder::v1`, …
pub use generated::kolsai::*;

pub use check::{Finding, check};
pub use debug::Withheld;
pub use pool::{descriptors, pool, to_dynamic};
pub use views::{
    Client, Contract, Event, EventRule, Holder, HttpBinding, MethodRule, class_of, classes_reached, doc, is_personal, purpose_terms,
    service_of_package,
};
pub use vocabulary::{Category, Class, Idempotent, Purpose, Role, Terms, Tie, Touches, Who};

/// The closed vocabularies, under the names that the rest of the house uses.
pub mod vocabulary {
    pub use crate::generated::kolsai::contract::v1::{
        Terms,
        categories::Category,
        data::Class,
        purposes::Purpose,
        roles::Role,
        rule::{Idempotent, Touches, Who},
        ties::Tie,
    };
}
