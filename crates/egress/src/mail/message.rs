//! A mail as RFC 5322 writes it.

use std::time::{Duration, UNIX_EPOCH};

use foundation::Timestamp;
use lettre::{
    Address, Message,
    message::{
        Body, Mailbox,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0},
    },
};

use crate::{Error, Mail};

/// Writes the mail; answers it and its `Message-ID`. `readable` asks for 8 bit where lines allow it, so that people
/// and tests can read the file; a relay gets whatever every relay takes.
pub(crate) fn written(mail: &Mail, now: Timestamp, readable: bool) -> Result<(Message, String), Error> {
    let from: Mailbox = mail.from.parse().map_err(|_| Error::Mail("sender"))?;
    let to: Address = mail.to.parse().map_err(|_| Error::Mail("recipient"))?;
    let message_id = format!("<{}@{}>", mail.id, from.email.domain());
    let sent = UNIX_EPOCH + Duration::from_secs(u64::try_from(now.seconds()).unwrap_or_default());
    let mut message = Message::builder()
        .message_id(Some(message_id.clone()))
        .date(sent)
        .from(from)
        .to(Mailbox::new(one_line(mail.to_name.as_deref(), "recipient's name")?, to))
        .subject(one_line(Some(&mail.subject), "subject")?.unwrap_or_default())
        .header(MIME_VERSION_1_0)
        .header(ContentType::TEXT_PLAIN);
    if let Some(link) = &mail.unsubscribe {
        let link = link.to_string();
        // The link goes into the header as it is: folding or encoding would break it.
        if !link.starts_with("https://") || !link.bytes().all(|byte| byte.is_ascii_graphic()) || link.contains(['<', '>']) {
            return Err(Error::Mail("unsubscribe link"));
        }
        message = message.raw_header(as_it_is("List-Unsubscribe", format!("<{link}>")));
        message = message.raw_header(as_it_is("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".into()));
    }
    let body = if readable { as_written(&mail.text) } else { None }.unwrap_or_else(|| Body::new(mail.text.clone()));
    Ok((message.body(body).map_err(|_| Error::Mail("headers"))?, message_id))
}

/// RFC 5322, section 2.1.1: the longest line, in bytes without its end.
const LONGEST_LINE: usize = 998;

/// The text in 8 bit: every line as it is, so that a link can be picked out of the file. None when a line is too long for that.
fn as_written(text: &str) -> Option<Body> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let fits = !text.contains('\0') && text.split('\n').all(|line| line.len() <= LONGEST_LINE);
    fits.then(|| Body::dangerous_pre_encoded(text.replace('\n', "\r\n").into_bytes(), ContentTransferEncoding::EightBit))
}

/// A line break in a header's text would begin another header.
fn one_line(text: Option<&str>, field: &'static str) -> Result<Option<String>, Error> {
    match text {
        Some(text) if text.chars().any(char::is_control) => Err(Error::Mail(field)),
        text => Ok(text.map(str::to_owned)),
    }
}

fn as_it_is(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), value.clone(), value)
}
