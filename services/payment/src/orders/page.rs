//! Page tokens: where the last page ended.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use foundation::{Timestamp, uuid::Uuid};

use super::{Error, OrderId};

const MOST: u32 = 100;
const USUAL: u32 = 50;

/// The last order of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub at: Timestamp,
    pub order: OrderId,
}

impl Place {
    pub(crate) fn to_token(self) -> String {
        let mut bytes = self.at.micros().to_be_bytes().to_vec();
        bytes.extend_from_slice(self.order.0.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// An empty token is the first page.
    pub(crate) fn of_token(token: &str) -> Result<Option<Self>, Error> {
        if token.is_empty() {
            return Ok(None);
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| Error::PageToken)?;
        let (at, order) = bytes.split_first_chunk::<8>().ok_or(Error::PageToken)?;
        let order = Uuid::from_slice(order).map_err(|_| Error::PageToken)?;
        Ok(Some(Self { at: Timestamp::from_micros(i64::from_be_bytes(*at)), order: OrderId(order) }))
    }
}

/// How many orders a page holds.
pub(crate) fn size(asked: u32) -> Result<usize, Error> {
    match asked {
        0 => Ok(USUAL as usize),
        1..=MOST => Ok(asked as usize),
        _ => Err(Error::PageSize),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_back_to_its_place() {
        let place = Place { at: Timestamp::from_micros(1_766_000_000_123_456), order: OrderId::new_v4() };
        assert_eq!(Place::of_token(&place.to_token()).unwrap(), Some(place));
        assert_eq!(Place::of_token("").unwrap(), None);
        for wrong in ["x", "AAAA", "not base64!"] {
            assert!(matches!(Place::of_token(wrong), Err(Error::PageToken)), "{wrong}");
        }
    }
}
