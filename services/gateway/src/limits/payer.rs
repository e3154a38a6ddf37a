//! Who pays for a call: an address, as far as it tells households apart.

use std::net::IpAddr;

/// Whose bucket it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Payer {
    V4(u32),
    /// The network of 64 bits: one household has that many addresses.
    V6(u64),
    /// One of many, when more addresses come than are remembered apart.
    Shared(u64),
}

impl Payer {
    pub(super) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.to_bits()),
            // The upper half; the cast keeps exactly 64 bits.
            IpAddr::V6(address) => Self::V6((address.to_bits() >> 64) as u64),
        }
    }

    /// The same at every gateway; none of a bucket that this one made up.
    pub(super) fn bytes(self) -> Option<[u8; 9]> {
        let (kind, bits) = match self {
            Self::V4(address) => (4, u64::from(address)),
            Self::V6(network) => (6, network),
            Self::Shared(_) => return None,
        };
        let mut bytes = [kind; 9];
        bytes[1..].copy_from_slice(&bits.to_be_bytes());
        Some(bytes)
    }
}
