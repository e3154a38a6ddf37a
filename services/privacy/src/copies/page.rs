//! The page for people: plain HTML without scripts.

use std::collections::BTreeMap;

use foundation::Timestamp;
use serde_json::Value;

pub(super) fn render(tables: &BTreeMap<(String, String), Vec<String>>, now: Timestamp) -> String {
    let mut page = String::from(
        "<!doctype html>\n<html lang=\"ru\"><head><meta charset=\"utf-8\"><title>Kolsai</title>\
         <style>body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}\
         table{border-collapse:collapse;width:100%}td,th{border:1px solid #ccc;padding:.3em .6em;text-align:left;vertical-align:top}</style>\
         </head><body>\n<h1>Копия ваших данных · Деректеріңіздің көшірмесі · A copy of your data</h1>\n",
    );
    page.push_str(&format!("<p>{}</p>\n", escape(&now.to_string())));
    if tables.is_empty() {
        page.push_str("<p>Ничего не хранится · Ештеңе сақталмайды · Nothing is held</p>\n");
    }
    for ((service, table), rows) in tables {
        page.push_str(&format!("<h2>{} · {} ({})</h2>\n", escape(service), escape(table), rows.len()));
        for row in rows {
            page.push_str("<table>\n");
            if let Ok(Value::Object(columns)) = serde_json::from_str(row) {
                for (name, value) in columns {
                    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    page.push_str(&format!("<tr><th>{}</th><td>{}</td></tr>\n", escape(&name), escape(&text)));
                }
            }
            page.push_str("</table><br>\n");
        }
    }
    page.push_str("</body></html>\n");
    page
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_is_text() {
        let row = serde_json::json!({ "note": "<script>alert(1)</script>" }).to_string();
        let page = render(&BTreeMap::from([(("learning".into(), "submission".into()), vec![row])]), Timestamp::from_micros(0));
        assert!(!page.contains("<script"), "{page}");
        assert!(page.contains("&lt;script&gt;"));
    }
}
