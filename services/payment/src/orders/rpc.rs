//! The adapter: parse, call, encode.

use contract::payment::v1 as pb;
use foundation::Timestamp;
use pb::orders_server::Orders as Served;
use tonic::{Request, Response, Status};

use super::{CourseId, Error, OrderId, Orders, Shown};

pub(crate) struct Rpc(pub Orders);

#[tonic::async_trait]
impl Served for Rpc {
    async fn create_order(&self, request: Request<pb::CreateOrderRequest>) -> Result<Response<pb::Order>, Status> {
        let (caller, ask) = (service::caller(&request)?, request.into_inner());
        let course = CourseId::parse_field(&ask.course_id, "course_id")?;
        let claim = caller.idempotency(&ask.idempotency_key, &ask)?;
        Ok(Response::new(encode(self.0.create(caller.person()?, course, &claim).await?)?))
    }

    async fn get_order(&self, request: Request<pb::GetOrderRequest>) -> Result<Response<pb::Order>, Status> {
        let (caller, ask) = (service::caller(&request)?, request.into_inner());
        let order = OrderId::parse_field(&ask.order_id, "order_id")?;
        Ok(Response::new(encode(self.0.get(&caller, order).await?)?))
    }

    async fn list_my_orders(&self, request: Request<pb::ListMyOrdersRequest>) -> Result<Response<pb::ListMyOrdersResponse>, Status> {
        let (caller, ask) = (service::caller(&request)?, request.into_inner());
        let (orders, next) = self.0.list(&caller, &ask.page_token, ask.page_size).await?;
        let orders = orders.into_iter().map(encode).collect::<Result<_, _>>()?;
        Ok(Response::new(pb::ListMyOrdersResponse { orders, next_page_token: next.unwrap_or_default() }))
    }

    async fn refund_order(&self, request: Request<pb::RefundOrderRequest>) -> Result<Response<pb::Order>, Status> {
        let (caller, ask) = (service::caller(&request)?, request.into_inner());
        let order = OrderId::parse_field(&ask.order_id, "order_id")?;
        let claim = caller.idempotency(&ask.idempotency_key, &ask)?;
        Ok(Response::new(encode(self.0.refund(&caller, order, ask.reason(), &claim).await?)?))
    }
}

fn encode(shown: Shown) -> Result<pb::Order, Error> {
    let Shown { order, payment_url } = shown;
    Ok(pb::Order {
        order_id: order.id.to_string(),
        course_id: order.course_id.to_string(),
        amount_minor: order.amount_minor,
        state: order.standing()? as i32,
        currency: order.currency,
        payment_url: payment_url.unwrap_or_default(),
        created_at: Some(order.created_at.to_proto()),
        receipt_number: order.receipt_number.unwrap_or_default(),
        kind: pb::order::Kind::Course.into(),
        paid_at: order.paid_at.map(Timestamp::to_proto),
        refunded_at: order.refunded_at.map(Timestamp::to_proto),
    })
}
