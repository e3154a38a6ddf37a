//! The price of a course, as learning publishes it.

use contract::learning::v1::{GetCourseRequest, catalogue_client::CatalogueClient};
use foundation::Transport;
use tonic::Code;

use super::{CourseId, Error};

/// The school sells in tenge.
const TENGE: &str = "KZT";

/// Learning's public catalogue.
#[derive(Clone)]
pub(crate) struct Catalogue(CatalogueClient<Transport>);

/// In minor units of the currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Price {
    pub amount_minor: i64,
    pub currency: String,
}

impl Catalogue {
    pub(crate) fn new(learning: Transport) -> Self {
        Self(CatalogueClient::new(learning))
    }

    /// The present price of a course.
    pub(crate) async fn price(&self, course: CourseId) -> Result<Price, Error> {
        let ask = GetCourseRequest { course_id: course.to_string(), language: String::new() };
        let found = self.0.clone().get_course(ask).await.map_err(|status| match status.code() {
            Code::NotFound | Code::InvalidArgument => Error::NoSuchCourse,
            code => {
                tracing::warn!(?code, "the catalogue does not say a price");
                Error::CatalogueAway
            }
        })?;
        let found = found.into_inner();
        sold(found.price_minor, found.currency)
    }
}

/// What is free needs no order, and what is priced in another currency is not sold here.
fn sold(amount_minor: i64, currency: String) -> Result<Price, Error> {
    if amount_minor > 0 && currency == TENGE { Ok(Price { amount_minor, currency }) } else { Err(Error::NotForSale) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_price_in_tenge_sells() {
        assert!(sold(4_500_000, "KZT".into()).is_ok());
        for (amount, currency) in [(0, "KZT"), (-1, "KZT"), (4_500_000, "USD"), (4_500_000, "")] {
            assert!(matches!(sold(amount, currency.into()), Err(Error::NotForSale)));
        }
    }
}
