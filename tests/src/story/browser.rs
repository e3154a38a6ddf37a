//! The payment partner's hosted page, as a browser uses it.

use http::Method;
use testkit::Answer;

use super::{Broken, outside::Outside};

/// A test number that belongs to nobody.
const TEST_CARD: &str = "4242424242424242";

/// Opens the page and sends its form.
pub async fn pay(outside: &Outside, url: &str) -> Result<(), Broken> {
    if !url.starts_with("https://") {
        return Err(Broken::wrong(format!("the payment page was to be reached by TLS, and is at {url}")));
    }
    let page = outside.call(Method::GET, url).answer().await?;
    let shown = text(&page);
    if !page.status.is_success() || !shown.contains("<form") || !shown.contains("card_number") {
        return Err(broken("the page was to have a form for a card", &page));
    }
    let form = format!("card_number={TEST_CARD}&outcome=paid");
    let paid = outside.call(Method::POST, url).body("application/x-www-form-urlencoded", form).answer().await?;
    if paid.status.is_success() { Ok(()) } else { Err(broken("the payment was to be taken", &paid)) }
}

fn broken(expected: &'static str, answer: &Answer) -> Broken {
    Broken::Page { expected, status: answer.status, body: text(answer) }
}

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}
