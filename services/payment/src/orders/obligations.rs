//! What is still owed on orders, for privacy: consent for payment is not taken back meanwhile.

use contract::{Purpose, payment::v1 as pb};
use foundation::PersonId;
use pb::obligations_server::Obligations as Served;
use personal_data::query;
use tonic::{Request, Response, Status};

use super::{Error, Orders, rows::course_order};

pub(crate) struct Obligations(pub Orders);

#[tonic::async_trait]
impl Served for Obligations {
    async fn count_open_orders(
        &self,
        request: Request<pb::CountOpenOrdersRequest>,
    ) -> Result<Response<pb::CountOpenOrdersResponse>, Status> {
        let person = PersonId::parse_field(&request.get_ref().person_id, "person_id")?;
        service::caller(&request)?.acts_on(person).await?;
        let open_orders = self.0.count_open(person).await?;
        Ok(Response::new(pb::CountOpenOrdersResponse { open_orders }))
    }
}

impl Orders {
    /// Orders of this person that wait for a payment or a refund.
    async fn count_open(&self, person: PersonId) -> Result<u32, Error> {
        let mut open = 0;
        for order in query::of::<course_order::Entity>(person, Purpose::Rights).all(&self.db).await? {
            open += u32::from(order.standing()?.is_asked());
        }
        Ok(open)
    }
}
