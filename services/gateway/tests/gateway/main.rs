//! The gateway behind real TLS, in front of services that answer with real messages of the contract.

mod edges;
mod grpc;
mod json;
mod leftover;
mod pages;
mod partner_page;
mod school;
mod uploads;
