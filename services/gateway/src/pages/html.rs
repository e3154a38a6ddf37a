//! How a page is written: small, without scripts, and everything from outside escaped.

use std::fmt::{self, Display, Formatter, Write as _};

use super::words::Words;

const STYLE: &str = "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem}\
                     input,button{font:inherit;padding:.4rem .8rem}label{display:block;margin:1rem 0}dt{font-weight:bold}dd{margin:0 0 1rem}img{max-width:100%;height:auto}";

/// A text as it may stand between tags and in quoted attributes.
pub(super) struct Escaped<'t>(pub(super) &'t str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// A page of a title and a body; the body is HTML already.
pub(super) fn page(words: &Words, title: &str, body: &str) -> String {
    let (language, title) = (words.language, Escaped(title));
    format!(
        "<!doctype html><html lang=\"{language}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><meta name=\"robots\" content=\"noindex, noarchive\"><title>{title}</title><style>{STYLE}</style></head>\
         <body><h1>{title}</h1>{body}</body></html>"
    )
}

/// The school and its policy.
pub(super) fn home(words: &Words, school: &str) -> String {
    let (language, policy) = (words.language, Escaped(words.policy));
    page(words, school, &format!("<p><a href=\"/v1/policy?language={language}\">{policy}</a></p>"))
}

/// A button that confirms the address.
pub(super) fn confirm(words: &Words, token: &str) -> String {
    form(words.confirm_title, words.confirm_text, "/confirm", token, "", words.confirm_button, words)
}

/// A field for the new password.
pub(super) fn reset(words: &Words, token: &str) -> String {
    let label = Escaped(words.new_password);
    let field = format!(
        "<label>{label}<br><input type=\"password\" name=\"new_password\" autocomplete=\"new-password\" required autofocus></label>"
    );
    form(words.reset_title, words.reset_text, "/reset", token, &field, words.reset_button, words)
}

fn form(title: &str, text: &str, to: &str, token: &str, field: &str, button: &str, words: &Words) -> String {
    let (text, token, button) = (Escaped(text), Escaped(token), Escaped(button));
    let body = format!(
        "<p>{text}</p><form method=\"post\" action=\"{to}\"><input type=\"hidden\" name=\"token\" value=\"{token}\">\
         {field}<button>{button}</button></form>"
    );
    page(words, title, &body)
}

/// A genuine certificate. What its holder lets nobody know is empty; `issued` is a day, in UTC.
pub(super) fn certificate(words: &Words, number: &str, course: &str, issued: &str, name: &str) -> String {
    let issued = if issued.is_empty() { String::new() } else { format!("{issued} (UTC)") };
    let mut body = format!("<p>{}</p><dl>", Escaped(words.genuine));
    let told = [(words.number, number), (words.course, course), (words.issued, &issued), (words.signed_as, name)];
    for (name, value) in told.into_iter().filter(|(_, value)| !value.is_empty()) {
        // Writing to a text does not fail.
        let _ = write!(body, "<dt>{}</dt><dd>{}</dd>", Escaped(name), Escaped(value));
    }
    page(words, words.certificate_title, &(body + "</dl>"))
}

/// A work with its picture, and whose it is if they say so.
pub(super) fn work(words: &Words, title: &str, picture: &str, signed_as: &str, course: &str) -> String {
    let mut body = format!("<p><img src=\"{}\" alt=\"{}\"></p><dl>", Escaped(picture), Escaped(title));
    for (name, value) in [(words.signed_as, signed_as), (words.course, course)].into_iter().filter(|(_, value)| !value.is_empty()) {
        let _ = write!(body, "<dt>{}</dt><dd>{}</dd>", Escaped(name), Escaped(value));
    }
    page(words, title, &(body + "</dl>"))
}

/// The form of whoever comes by a mail, to see something of their own.
pub(super) fn sign_in(words: &Words, to: &str) -> String {
    let body = format!(
        "<p>{}</p><form method=\"post\" action=\"{}\">\
         <label>{}<br><input type=\"email\" name=\"email\" autocomplete=\"username\" required autofocus></label>\
         <label>{}<br><input type=\"password\" name=\"password\" autocomplete=\"current-password\" required></label>\
         <button>{}</button></form>",
        Escaped(words.sign_in_text),
        Escaped(to),
        Escaped(words.email),
        Escaped(words.password),
        Escaped(words.sign_in_button)
    );
    page(words, words.sign_in_title, &body)
}

/// Names and values; what is empty is left out.
pub(super) fn facts(words: &Words, title: &str, facts: &[(&str, String)]) -> String {
    let mut body = String::from("<dl>");
    for (name, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
        let _ = write!(body, "<dt>{}</dt><dd>{}</dd>", Escaped(name), Escaped(value));
    }
    page(words, title, &(body + "</dl>"))
}

/// A title and a sentence.
pub(super) fn sentence(words: &Words, title: &str, text: &str) -> String {
    page(words, title, &format!("<p>{}</p>", Escaped(text)))
}

#[cfg(test)]
mod tests {
    use super::{super::words::EN, *};

    #[test]
    fn what_comes_from_outside_stays_text() {
        let nasty = "\"><script>'&";
        let clean = "&quot;&gt;&lt;script&gt;&#39;&amp;";
        for page in [
            home(&EN, nasty),
            confirm(&EN, nasty),
            reset(&EN, nasty),
            certificate(&EN, nasty, nasty, nasty, nasty),
            work(&EN, nasty, nasty, nasty, nasty),
            sign_in(&EN, nasty),
            facts(&EN, "", &[("", nasty.to_owned())]),
            sentence(&EN, nasty, nasty),
        ] {
            assert!(page.contains(clean) && !page.contains("<script"), "{page}");
        }
    }
}
