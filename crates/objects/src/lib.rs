//! Objects: photographs and other files, kept in S3. One client path serves both engines: any S3 in production, and
//! a folder behind an S3 server in this process otherwise.
//!
//! Personal objects are sealed before they are put ([`sealed`]); only `incoming/` ever holds what a person sent, until
//! it is taken in or swept.

mod address;
mod client;
mod config;
mod embedded;
mod error;
mod expiry;
mod folder;
mod inventory;
mod key;
mod objects;
mod presign;
mod sandbox;
pub mod sealed;
mod sealed_objects;
mod sweep;
mod vault;
mod verify;
mod versions;

pub use address::{ObjectsAddress, S3Settings};
pub use config::Config;
pub use error::{AddressError, Error};
pub use inventory::Inventory;
pub use key::{ObjectKey, ObjectKeyError, Prefix};
pub use objects::{Meta, Objects};
pub use presign::{LONGEST_UPLOAD_TIME, PresignedPut, Upload};
pub use sandbox::{Sandbox, SandboxConfig};
pub use sealed_objects::SealedObject;
pub use vault::{Vault, VaultFile, VaultReader, VaultWriter};
