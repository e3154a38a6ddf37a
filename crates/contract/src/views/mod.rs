//! What the contract says, in typed form: read from the descriptors' custom options, which no generated Rust carries.

mod class;
mod client;
mod contract;
mod doc;
pub(crate) mod event;
mod holder;
mod http;
mod method;
mod options;
mod purpose;

pub use class::{class_of, classes_reached, is_personal};
pub use client::Client;
pub(crate) use contract::named_by;
pub use contract::{Contract, service_of_package};
pub use doc::doc;
pub use event::{Event, EventRule};
pub use holder::Holder;
pub use http::HttpBinding;
pub use method::MethodRule;
pub use purpose::purpose_terms;
