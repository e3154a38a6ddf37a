//! Why a use case of orders refuses.

use foundation::Refusal;

use super::rules::Mismatch;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("there is no such order")]
    NoSuchOrder,
    #[error("there is no such course")]
    NoSuchCourse,
    #[error("the course has no price in tenge")]
    NotForSale,
    #[error("the course is paid already")]
    AlreadyPaid,
    #[error("the order is not paid")]
    NotPaid,
    #[error("the refund has no reason")]
    NoReason,
    #[error("the catalogue does not answer")]
    CatalogueAway,
    #[error("the partner's word contradicts the order: {0}")]
    Mismatch(Mismatch),
    #[error("the page token is not one of ours")]
    PageToken,
    #[error("the page is too large")]
    PageSize,
    #[error(transparent)]
    Data(#[from] personal_data::Error),
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Data(error.into())
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::NoSuchOrder => Self::not_found("NO_SUCH_ORDER", "there is no such order, or it is not yours"),
            Error::NoSuchCourse => Self::not_found("NO_SUCH_COURSE", "there is no such course").at_field("course_id"),
            Error::NotForSale => {
                Self::precondition("NOT_FOR_SALE", "this course is not sold for tenge at the moment").at_field("course_id")
            }
            Error::AlreadyPaid => Self::precondition("ALREADY_PAID", "you have paid for this course already; open it in your courses"),
            Error::NotPaid => Self::precondition("NOT_PAID", "only an order that is paid can be given back"),
            Error::NoReason => Self::invalid("NO_REASON", "reason", "say why the money goes back"),
            Error::CatalogueAway => Self::unavailable("CATALOGUE_UNAVAILABLE", "the price cannot be read at the moment; try again"),
            Error::Mismatch(mismatch) => {
                let (reason, message) = match mismatch {
                    Mismatch::Amount => ("OTHER_AMOUNT", "the amount is not that of the order"),
                    Mismatch::Currency => ("OTHER_CURRENCY", "the currency is not that of the order"),
                    Mismatch::Merchant => ("OTHER_MERCHANT", "the merchant is not us"),
                    Mismatch::Payment => ("OTHER_PAYMENT", "the payment is not that of the order"),
                };
                Self::precondition(reason, message)
            }
            Error::PageToken => {
                Self::invalid("INVALID_PAGE_TOKEN", "page_token", "send the token of the page before, as it was given to you")
            }
            Error::PageSize => Self::invalid("INVALID_PAGE_SIZE", "page_size", "ask for 1 to 100 orders"),
            Error::Data(error) => error.into(),
            Error::Refused(refusal) => refusal,
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        Refusal::from(error).into()
    }
}
