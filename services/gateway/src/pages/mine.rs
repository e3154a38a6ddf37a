//! Pages behind mails about one's own things: whoever opens one signs in on it, sees the thing, and is signed out again. Nothing of
//! the session stays in the browser.

use std::net::IpAddr;

use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Form, html, words::Words};
use crate::{edge::Edge, json::Problem, trace::Trace};
use foundation::Refusal;

const PREFIX: &str = "/my/";
const CERTIFICATES: &str = "certificates";

/// What a mail tells somebody of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thing {
    Order(Uuid),
    Course(Uuid),
    Work(Uuid),
    Certificates,
}

/// What is told of it: a name and a value each.
type Facts = Vec<(&'static str, String)>;

impl Thing {
    pub(super) fn at(path: &str) -> Option<Self> {
        let rest = path.strip_prefix(PREFIX)?;
        if rest == CERTIFICATES {
            return Some(Self::Certificates);
        }
        let (kind, id) = rest.split_once('/')?;
        let id = canonical(id)?;
        match kind {
            "orders" => Some(Self::Order(id)),
            "courses" => Some(Self::Course(id)),
            "works" => Some(Self::Work(id)),
            _ => None,
        }
    }

    /// Its page.
    pub(super) fn path(self) -> String {
        match self {
            Self::Order(id) => format!("{PREFIX}orders/{id}"),
            Self::Course(id) => format!("{PREFIX}courses/{id}"),
            Self::Work(id) => format!("{PREFIX}works/{id}"),
            Self::Certificates => format!("{PREFIX}{CERTIFICATES}"),
        }
    }

    /// Where it is asked for.
    fn route(self, words: &Words) -> String {
        match self {
            Self::Order(id) => format!("/v1/orders/{id}"),
            Self::Course(id) => format!("/v1/me/enrolments/{id}/progress"),
            Self::Work(id) => format!("/v1/submissions/{id}"),
            Self::Certificates => format!("/v1/me/certificates?language={}", words.language),
        }
    }

    fn told(self, told: &Value, words: &Words) -> Facts {
        match self {
            Self::Order(id) => of_order(id, told, words),
            Self::Course(_) => of_course(told, words),
            Self::Work(_) => of_work(told, words),
            Self::Certificates => of_certificates(told, words),
        }
    }
}

/// One thing, one address.
pub(super) fn canonical(id: &str) -> Option<Uuid> {
    Uuid::try_parse(id).ok().filter(|parsed| parsed.hyphenated().to_string() == id)
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn list<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn of_order(id: Uuid, told: &Value, words: &Words) -> Facts {
    let state = match text(told, "state").as_str() {
        "PAID" => words.paid,
        "REFUND_PENDING" => words.refund_pending,
        "REFUNDED" => words.refunded,
        _ => words.not_paid,
    };
    // A sum that cannot be read is left out; it is not nothing.
    let minor = text(told, "amountMinor").parse::<i64>();
    let sum = minor.map_or_else(|_| String::new(), |minor| format!("{}.{:02} {}", minor / 100, minor % 100, text(told, "currency")));
    vec![(words.order, id.to_string()), (words.state, state.to_owned()), (words.sum, sum), (words.receipt, text(told, "receiptNumber"))]
}

fn of_course(told: &Value, words: &Words) -> Facts {
    let of =
        |done: &str, total: &str| format!("{} / {}", list(told, done).count(), told.get(total).and_then(Value::as_u64).unwrap_or_default());
    vec![
        (words.lessons, of("completedLessonIds", "lessonsTotal")),
        (words.tests, of("passedTestIds", "testsTotal")),
        (words.works, of("answeredAssignmentIds", "assignmentsTotal")),
        (words.certificate_title, text(told, "certificateNumber")),
    ]
}

fn of_work(told: &Value, words: &Words) -> Facts {
    let answers = list(told, "feedback").flat_map(|answer| {
        let marks = list(answer, "marks").map(|mark| text(mark, "text"));
        std::iter::once(text(answer, "text")).chain(marks).collect::<Vec<_>>()
    });
    let told: Facts = answers.filter(|answer| !answer.is_empty()).map(|answer| (words.feedback, answer)).collect();
    if told.is_empty() { vec![(words.feedback, words.none_yet.to_owned())] } else { told }
}

fn of_certificates(told: &Value, words: &Words) -> Facts {
    let all = list(told, "certificates").flat_map(|it| [(words.course, text(it, "courseTitle")), (words.number, text(it, "number"))]);
    let all: Facts = all.collect();
    if all.is_empty() { vec![(words.number, words.none_yet.to_owned())] } else { all }
}

impl Edge {
    /// Signs in with the form, asks for the thing, and signs out whatever came of it.
    pub(super) async fn show_mine(
        &self,
        thing: Thing,
        form: &Form,
        words: &'static Words,
        address: IpAddr,
        trace: &Trace,
    ) -> Result<String, Problem> {
        let ask = json!({ "email": form.value("email"), "password": form.value("password") }).to_string();
        let tokens = self.call_route(Method::POST, "/v1/sessions", ask, None, words, address, trace).await?;
        let token = tokens.get("accessToken").and_then(Value::as_str);
        let token = token.ok_or_else(|| Refusal::internal(&"a session without a token"))?;
        let told = self.call_route(Method::GET, &thing.route(words), String::new(), Some(token), words, address, trace).await;
        let ended = self.call_route(Method::DELETE, "/v1/sessions/current", String::new(), Some(token), words, address, trace).await;
        if ended.is_err() {
            tracing::warn!("a session of a page could not be ended; it runs out by itself");
        }
        Ok(html::facts(words, words.mine_title, &thing.told(&told?, words)))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::words::EN, *};

    #[test]
    fn a_thing_has_one_page() {
        let id = "0b6f9a3e-5d0f-4c59-9a70-2f1d6a1f2b3c";
        for path in ["orders/", "courses/", "works/"].map(|kind| format!("{PREFIX}{kind}{id}")) {
            assert_eq!(Thing::at(&path).unwrap().path(), path);
        }
        assert_eq!(Thing::at("/my/certificates").unwrap().path(), "/my/certificates");
        for path in ["/my/", "/my/orders", "/my/orders/", "/my/orders/x", "/my/sessions/0b6f9a3e-5d0f-4c59-9a70-2f1d6a1f2b3c"] {
            assert_eq!(Thing::at(path), None, "{path}");
        }
    }

    #[test]
    fn what_is_told_is_what_was_answered() {
        let order = json!({ "state": "PAID", "amountMinor": "4500050", "currency": "KZT", "receiptNumber": "R-1" });
        let told = Thing::Order(Uuid::nil()).told(&order, &EN);
        assert_eq!(told[1..3], [(EN.state, EN.paid.to_owned()), (EN.sum, "45000.50 KZT".to_owned())]);
        let work = json!({ "feedback": [{ "text": "Well seen.", "marks": [{ "text": "here" }] }] });
        let told = Thing::Work(Uuid::nil()).told(&work, &EN);
        assert_eq!(told, [(EN.feedback, "Well seen.".to_owned()), (EN.feedback, "here".to_owned())]);
        assert_eq!(Thing::Work(Uuid::nil()).told(&json!({}), &EN), [(EN.feedback, EN.none_yet.to_owned())]);
    }
}
