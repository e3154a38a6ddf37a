//! The page for people: plain HTML without scripts, in three languages of which one is shown.

use contract::{Purpose, purpose_terms};
use foundation::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::{
    about::{Place, Withheld},
    class::Class,
    html::{escape, label, written},
    words::{self, Label},
};

/// The column whose picture is shown in the page.
const PREVIEW: &str = "small";

/// Nothing is loaded but the copy's own pictures, and nothing runs.
const HEAD: &str = "<!doctype html>\n<html><head><meta charset=\"utf-8\">\n\
    <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src 'self' file:\">\n\
    <title>Kolsai</title>\n<style>body{font:16px/1.5 sans-serif;max-width:72em;margin:2em auto;padding:0 1em;color:#222}\
    .wide{overflow-x:auto}table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.3em .6em;text-align:left;vertical-align:top}\
    td{max-width:32em;overflow-wrap:anywhere}th{background:#f4f4f4}small,.why{color:#666}img{max-width:12em}dl{margin:0}dt{color:#666}\
    dd{margin:0 0 0 1em}label{margin-right:1em}\
    #ru:checked~main :is([lang=kk],[lang=en]),#kk:checked~main :is([lang=ru],[lang=en]),\
    #en:checked~main :is([lang=ru],[lang=kk]){display:none}</style></head>\n<body>\n\
    <input type=\"radio\" name=\"language\" id=\"ru\" checked><label for=\"ru\">Русский</label>\n\
    <input type=\"radio\" name=\"language\" id=\"kk\"><label for=\"kk\">Қазақша</label>\n\
    <input type=\"radio\" name=\"language\" id=\"en\"><label for=\"en\">English</label>\n<main>\n";

fn says(key: &str) -> String {
    label(&words::page(key))
}

pub(super) fn head(operator: &str, now: Timestamp, classes: &[Class]) -> String {
    let mut page = String::from(HEAD);
    page.push_str(&format!("<h1>{}</h1>\n<p>{} · {}</p>\n", says("title"), written(operator), escape(&local(now))));
    page.push_str(&format!("<p>{}</p>\n<p>{}</p>\n<p>{}</p>\n", says("intro"), says("formats"), says("check")));
    page.push_str(&format!("<h2>{}</h2>\n<ul>\n", says("contents")));
    for class in classes.iter().filter(|class| class.rows > 0) {
        page.push_str(&format!("<li><a href=\"#{}\">{}</a> ({})</li>\n", escape(&class.path()), label(&class.label()), class.rows));
    }
    page.push_str(&format!(
        "<li><a href=\"#stores\">{}</a></li>\n<li><a href=\"#withheld\">{}</a></li>\n</ul>\n",
        says("stores"),
        says("withheld")
    ));
    let empty: Vec<_> =
        classes.iter().filter(|class| class.rows == 0 && class.map.none.is_empty()).map(|class| label(&class.label())).collect();
    if !empty.is_empty() {
        page.push_str(&format!("<p class=\"why\">{}: {}</p>\n", says("empty"), empty.join("; ")));
    }
    page
}

/// The heading of a class, why it is held, and the head of its table.
pub(super) fn begin(class: &Class) -> String {
    let path = escape(&class.path());
    let mut page =
        format!("<section id=\"{path}\">\n<h2>{} <small>({})</small></h2>\n<p class=\"why\">", label(&class.label()), class.rows);
    page.push_str(&format!("{}: {}", says("category"), label(&words::category(&class.map.category))));
    let purposes = class.map.purposes.iter().map(|name| {
        let bases = Purpose::from_str_name(name).map(purpose_terms).map(|terms| (phrase(&terms.basis_kz), phrase(&terms.basis_eu)));
        let bases = bases.map_or_else(String::new, |(kz, eu)| format!(" <small>({kz}; {eu})</small>"));
        format!("{}{bases}", label(&words::purpose(name)))
    });
    page.push_str(&format!("<br>{}: {}", says("purposes"), purposes.collect::<Vec<_>>().join("; ")));
    for (key, text) in [("kept", &class.map.keep), ("on_erasure", &class.map.on_erase)] {
        if !text.is_empty() {
            page.push_str(&format!("<br>{}: {}", says(key), phrase(text)));
        }
    }
    page.push_str(&format!("<br>{}:", says("files")));
    for ending in ["jsonl", "csv", "schema.json"] {
        page.push_str(&format!(" <a href=\"{path}.{ending}\">{ending}</a>"));
    }
    page.push_str("</p>\n<div class=\"wide\"><table>\n<tr>");
    for column in &class.map.columns {
        page.push_str(&format!("<th>{}</th>", label(&class.label_of(&column.name))));
    }
    page.push_str("</tr>\n");
    page
}

pub(super) fn row(class: &Class, row: &Value) -> String {
    let mut page = String::from("<tr>");
    for column in &class.map.columns {
        let value = &row[column.name.as_str()];
        let is = |word: &str| column.word.split(' ').any(|w| w == word);
        let shown = match value {
            Value::String(name) if is("object") => match words::phrase(name) {
                Some(gone) => label(&gone),
                None => file(class, &column.name, name),
            },
            Value::String(at) if is("time") => at.parse().map_or_else(|_| written(at), |at: jiff::Timestamp| escape(&zoned(at))),
            Value::Number(code) if is("code") => code
                .as_i64()
                .and_then(|code| words::code(&class.service, &class.map.name, &column.name, code))
                .map_or_else(|| code.to_string(), |meaning| label(&meaning)),
            other => any(other),
        };
        page.push_str(&format!("<td>{shown}</td>"));
    }
    page.push_str("</tr>\n");
    page
}

pub(super) const END_OF_CLASS: &str = "</table></div>\n</section>\n";

pub(super) fn end(places: &[Place], withheld: &[Withheld]) -> String {
    let mut page = format!("<section id=\"stores\">\n<h2>{}</h2>\n<div class=\"wide\"><table>\n", says("stores"));
    for Place { service, store } in places.iter().filter(|place| place.store.none.is_empty()) {
        let about = [&store.holds, &store.keep, &store.on_erase].map(|text| phrase(text)).join("<br>");
        page.push_str(&format!("<tr><td>{}<br><small>{}</small></td><td>{about}</td></tr>\n", escape(&store.name), escape(service)));
    }
    page.push_str("</table></div>\n</section>\n");
    page.push_str(&format!("<section id=\"withheld\">\n<h2>{}</h2>\n<div class=\"wide\"><table>\n", says("withheld")));
    for item in withheld {
        let note = if item.note.is_empty() { String::new() } else { format!("<br><small>{}</small>", phrase(&item.note)) };
        let (what, why) = (label(&item.label), says(item.kind));
        page.push_str(&format!("<tr><td>{what}<br><small>{}</small></td><td>{why}{note}</td></tr>\n", escape(&item.place)));
    }
    page.push_str("</table></div>\n</section>\n</main></body></html>\n");
    page
}

/// A sentence of the code in three languages, or as it is.
fn phrase(text: &str) -> String {
    words::phrase(text).map_or_else(|| escape(text), |known| label(&known))
}

fn file(class: &Class, column: &str, name: &str) -> String {
    let path = escape(&class.file(name));
    let shown = if column == PREVIEW && name.ends_with(".jpg") {
        format!("<img loading=\"lazy\" alt=\"\" src=\"{path}\">")
    } else {
        escape(name.rsplit('/').next().unwrap_or(name))
    };
    format!("<a href=\"{path}\">{shown}</a>")
}

fn any(value: &Value) -> String {
    match value {
        Value::Null => "–".into(),
        Value::Bool(true) => says("yes"),
        Value::Bool(false) => says("no"),
        Value::Number(number) => number.to_string(),
        Value::String(text) => words::phrase(text).as_ref().map_or_else(|| written(text).replace('\n', "<br>"), label),
        Value::Array(items) => items.iter().map(any).collect::<Vec<_>>().join("<br>"),
        Value::Object(of) => {
            let item = |(name, value): (&String, &Value)| format!("<dt>{}</dt><dd>{}</dd>", label(&named(name)), any(value));
            format!("<dl>{}</dl>", of.iter().map(item).collect::<String>())
        }
    }
}

fn named(name: &str) -> Label {
    words::column("", "", name)
}

fn local(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.micros()).map_or_else(|_| at.to_string(), zoned)
}

/// As a clock in Kazakhstan shows it.
fn zoned(at: jiff::Timestamp) -> String {
    TimeZone::get("Asia/Almaty").map_or_else(|_| at.to_string(), |zone| at.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S").to_string())
}

#[cfg(test)]
mod tests {
    use contract::holder::v1::data_map::{Column, Table};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn class() -> Class {
        let column = |name: &str, word: &str| Column { name: name.into(), word: word.into(), note: String::new() };
        let columns =
            vec![column("note", "free_text"), column("sent_at", "time"), column("small", "object"), column("details", "document")];
        Class::new("learning", Table { name: "submission".into(), columns, ..Table::default() })
    }

    #[test]
    fn a_row_is_shown_as_people_read_it() {
        let shown = row(
            &class(),
            &json!({ "note": "a\nb", "sent_at": "2026-11-23T06:00:00Z", "small": "photographs/x.jpg", "details": { "width": 10, "ok": true } }),
        );
        for part in ["a<br>b", "2026-11-23 11:00:00", "src=\"learning/files/photographs/x.jpg\"", "<dd>10</dd>", "lang=\"kk\""] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
    }

    proptest! {
        #[test]
        fn what_people_wrote_adds_no_tag(text in "(\\PC|[<>&\"'/=]|<script>){0,40}", name in "(\\PC|[<>&\"'/=]){0,20}") {
            let plain = row(&class(), &json!({ "note": "a", "sent_at": "a", "small": "a", "details": { "a": "a" } }));
            let row = row(&class(), &json!({ "note": text, "sent_at": text, "small": name, "details": { name.clone(): text } }));
            let tags = |page: &str| page.matches('<').count();
            // A name of a column in three languages, and line breaks, are ours.
            let ours = row.matches("<br>").count() + row.matches("<span").count() * 2;
            prop_assert!(tags(&row) - ours <= tags(&plain), "{row}");
            prop_assert!(!row.contains("<script"));
        }
    }
}
