//! gRPC adapters: parse, call, encode.

use contract::communication::v1::{self as pb, support_desk_server, tickets_server};
use foundation::PersonId;
use service::caller;
use tonic::{Request, Response, Status};

use super::{
    ContactForm, Desk, Error, Letter, Thread,
    rows::{TicketId, ticket},
    view::Message,
};
use crate::language::Language;

/// For whoever asks.
pub struct Tickets {
    pub tickets: super::Tickets,
    pub contact: ContactForm,
}

/// For the agents.
pub struct SupportDesk(pub Desk);

#[tonic::async_trait]
impl tickets_server::Tickets for Tickets {
    async fn open_ticket(&self, request: Request<pb::OpenTicketRequest>) -> Result<Response<pb::Ticket>, Status> {
        let by = caller(&request)?;
        let ask = request.into_inner();
        let claim = by.idempotency(&ask.idempotency_key, &ask)?;
        Ok(Response::new(self.tickets.open(&by, ask.topic(), &ask.text, &claim).await?.into()))
    }

    async fn contact_us(&self, request: Request<pb::ContactUsRequest>) -> Result<Response<pb::ContactUsResponse>, Status> {
        let by = caller(&request)?;
        let ask = request.into_inner();
        let claim = by.idempotency(&ask.idempotency_key, &ask)?;
        let language = match ask.language.as_str() {
            "" => Language::default(),
            tag => Language::read(tag).ok_or(Error::Language)?,
        };
        let topic = ask.topic();
        let letter = Letter { email: ask.email, name: ask.name, language, topic, text: ask.text };
        let ticket = self.contact.write(&by, &letter, &claim).await?;
        Ok(Response::new(pb::ContactUsResponse { ticket_id: ticket.to_string() }))
    }

    async fn list_my_tickets(&self, request: Request<pb::ListMyTicketsRequest>) -> Result<Response<pb::ListMyTicketsResponse>, Status> {
        let tickets = self.tickets.list(&caller(&request)?).await?.iter().map(head).collect();
        Ok(Response::new(pb::ListMyTicketsResponse { tickets }))
    }

    async fn get_ticket(&self, request: Request<pb::GetTicketRequest>) -> Result<Response<pb::Ticket>, Status> {
        let ticket = TicketId::parse_field(&request.get_ref().ticket_id, "ticket_id")?;
        Ok(Response::new(self.tickets.read(&caller(&request)?, ticket).await?.into()))
    }

    async fn write_on(&self, request: Request<pb::WriteOnRequest>) -> Result<Response<pb::Ticket>, Status> {
        let by = caller(&request)?;
        let ask = request.into_inner();
        let (ticket, claim) = (TicketId::parse_field(&ask.ticket_id, "ticket_id")?, by.idempotency(&ask.idempotency_key, &ask)?);
        Ok(Response::new(self.tickets.write_on(&by, ticket, &ask.text, &claim).await?.into()))
    }
}

#[tonic::async_trait]
impl support_desk_server::SupportDesk for SupportDesk {
    async fn list_queue(&self, request: Request<pb::ListQueueRequest>) -> Result<Response<pb::ListQueueResponse>, Status> {
        let by = caller(&request)?;
        let ask = request.into_inner();
        let (rows, next_page_token) = self.0.queue(&by, ask.page_size, &ask.page_token).await?;
        let agent = by.person()?;
        Ok(Response::new(pb::ListQueueResponse { tickets: rows.iter().map(|row| queued(row, agent)).collect(), next_page_token }))
    }

    async fn take_ticket(&self, request: Request<pb::TakeTicketRequest>) -> Result<Response<pb::QueuedTicket>, Status> {
        let (by, ticket) = (caller(&request)?, TicketId::parse_field(&request.get_ref().ticket_id, "ticket_id")?);
        Ok(Response::new(queued(&self.0.take(&by, ticket).await?, by.person()?)))
    }

    async fn read_ticket(&self, request: Request<pb::ReadTicketRequest>) -> Result<Response<pb::Ticket>, Status> {
        let ticket = TicketId::parse_field(&request.get_ref().ticket_id, "ticket_id")?;
        Ok(Response::new(self.0.read(&caller(&request)?, ticket).await?.into()))
    }

    async fn answer_ticket(&self, request: Request<pb::AnswerTicketRequest>) -> Result<Response<pb::Ticket>, Status> {
        let by = caller(&request)?;
        let ask = request.into_inner();
        let (ticket, claim) = (TicketId::parse_field(&ask.ticket_id, "ticket_id")?, by.idempotency(&ask.idempotency_key, &ask)?);
        Ok(Response::new(self.0.answer(&by, ticket, &ask.text, &claim).await?.into()))
    }

    async fn close_ticket(&self, request: Request<pb::CloseTicketRequest>) -> Result<Response<pb::QueuedTicket>, Status> {
        let (by, ticket) = (caller(&request)?, TicketId::parse_field(&request.get_ref().ticket_id, "ticket_id")?);
        Ok(Response::new(queued(&self.0.close(&by, ticket).await?, by.person()?)))
    }
}

/// A ticket without its messages.
fn head(row: &ticket::Model) -> pb::Ticket {
    pb::Ticket {
        ticket_id: row.id.to_string(),
        topic: row.topic,
        state: row.state,
        opened_at: Some(row.opened_at.to_proto()),
        changed_at: Some(row.changed_at.to_proto()),
        messages: Vec::new(),
        sender_name: String::new(),
    }
}

fn queued(row: &ticket::Model, agent: PersonId) -> pb::QueuedTicket {
    pb::QueuedTicket {
        ticket_id: row.id.to_string(),
        topic: row.topic,
        state: row.state,
        opened_at: Some(row.opened_at.to_proto()),
        changed_at: Some(row.changed_at.to_proto()),
        mine: row.agent == Some(agent),
    }
}

impl From<Thread> for pb::Ticket {
    fn from(thread: Thread) -> Self {
        let messages = thread.messages.into_iter().map(Into::into).collect();
        Self { messages, sender_name: thread.sender_name.unwrap_or_default(), ..head(&thread.ticket) }
    }
}

impl From<Message> for pb::TicketMessage {
    fn from(message: Message) -> Self {
        let author = if message.by_school { pb::ticket_message::Author::School } else { pb::ticket_message::Author::Sender };
        Self { message_id: message.id.to_string(), author: author.into(), text: message.text, sent_at: Some(message.sent_at.to_proto()) }
    }
}
