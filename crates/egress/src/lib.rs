//! Egress: the only way out of the house.
//!
//! Whatever leaves goes to a declared [`Recipient`], for a purpose and of classes declared for it, and is written to
//! the transfer register before it is sent. What is not declared does not leave.

mod config;
mod egress;
mod error;
mod loopback;
mod mail;
mod partner;
mod recipient;
pub mod register;
mod transfer;

pub use config::Config;
pub use egress::Egress;
pub use error::Error;
pub use mail::{MAIL_FILES, Mail, MailRef, MailSink, MailSinkError};
pub use partner::{Answer, Call, Partner};
pub use recipient::{Allowance, KEY_MANAGEMENT, KEY_VAULT, MAIL_RELAY, PAYMENT_PARTNER, RECIPIENTS, Recipient};
pub use register::Register;
pub use transfer::{RegisterError, Transfer, TransferRegister};
