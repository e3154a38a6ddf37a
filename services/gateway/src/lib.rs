//! The gateway: the TLS edge in front of every service. It speaks gRPC, gRPC-Web and JSON, derives every route, limit and
//! demand from the contract, and holds no data: services authorize and record what is done.

mod admission;
mod call;
mod certificate;
mod config;
mod cors;
mod deadline;
mod edge;
mod error;
mod headers;
mod json;
mod leftover;
mod limits;
mod listener;
mod loopback;
mod own;
#[cfg(test)]
#[path = "../../../crates/cache/tests/it/own_redis.rs"]
mod own_redis;
mod pages;
mod partner_page;
mod passage;
mod reflection;
mod service;
mod trace;
mod uploads;

pub use config::{Config, Limits, Tls, Uploads};
pub use error::{InitError, ServeError};
pub use service::{Gateway, Parts, Readiness, TokenCheck, Transports, init};
