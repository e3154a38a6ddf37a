//! Every kind of rule, with somebody whom it lets in and somebody whom it does not.

mod bench;
mod carried;
mod log;
mod stream;
mod tokens;
mod trouble;
mod who;
