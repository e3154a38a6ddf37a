//! The page for people and authorities: plain HTML without scripts, to be printed or attached.

use super::document::Document;

struct Words {
    title: &'static str,
    operator: &'static str,
    bin: &'static str,
    complainant: &'static str,
    complaint: &'static str,
    requests: &'static str,
    /// Kind, number, received, due, done, in time, term.
    columns: [&'static str; 7],
    consents: &'static str,
    /// Purpose, text, given, withdrawn.
    consent_columns: [&'static str; 4],
    authorities: &'static str,
    yes: &'static str,
    no: &'static str,
    open: &'static str,
    none: &'static str,
    source: &'static str,
    signed: &'static str,
}

const RU: Words = Words {
    title: "Жалоба на обработку персональных данных",
    operator: "Оператор",
    bin: "БИН",
    complainant: "Заявитель",
    complaint: "Суть жалобы",
    requests: "Запросы к оператору",
    columns: ["Запрос", "Номер", "Получен", "Срок", "Исполнен", "В срок", "Основание срока"],
    consents: "Согласия",
    consent_columns: ["Цель", "Текст", "Дано", "Отозвано"],
    authorities: "Куда обратиться",
    yes: "да",
    no: "нет",
    open: "ещё идёт",
    none: "нет",
    source: "Источник",
    signed: "Файл подписан ключом оператора (Ed25519)",
};

const KK: Words = Words {
    title: "Дербес деректерді өңдеуге шағым",
    operator: "Оператор",
    bin: "БСН",
    complainant: "Өтініш беруші",
    complaint: "Шағымның мәні",
    requests: "Операторға жіберілген сұраулар",
    columns: ["Сұрау", "Нөмірі", "Түсті", "Мерзімі", "Орындалды", "Мерзімінде", "Мерзімнің негізі"],
    consents: "Келісімдер",
    consent_columns: ["Мақсаты", "Мәтіні", "Берілді", "Кері қайтарылды"],
    authorities: "Қайда жүгінуге болады",
    yes: "иә",
    no: "жоқ",
    open: "әлі жүріп жатыр",
    none: "жоқ",
    source: "Дереккөзі",
    signed: "Файлға оператордың кілтімен қол қойылған (Ed25519)",
};

const EN: Words = Words {
    title: "Complaint about the processing of personal data",
    operator: "Operator",
    bin: "BIN",
    complainant: "Complainant",
    complaint: "The complaint",
    requests: "Requests to the operator",
    columns: ["Request", "Number", "Received", "Due", "Done", "In time", "Basis of the term"],
    consents: "Consents",
    consent_columns: ["Purpose", "Text", "Given", "Withdrawn"],
    authorities: "Where to complain",
    yes: "yes",
    no: "no",
    open: "under way",
    none: "none",
    source: "Source",
    signed: "Signed with the operator's key (Ed25519)",
};

const STYLE: &str = "body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}table{border-collapse:collapse;width:100%}\
td,th{border:1px solid #ccc;padding:.3em .6em;text-align:left;vertical-align:top}pre{white-space:pre-wrap;font:inherit}";

pub fn render(document: &Document) -> String {
    let words = match document.language.as_str() {
        "kk" => &KK,
        "en" => &EN,
        _ => &RU,
    };
    let mut page = format!(
        "<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\"><title>{}</title><style>{STYLE}</style></head><body>\n<h1>{1}</h1>\n<p>{}</p>\n",
        escape(&document.language),
        words.title,
        escape(&document.made_at)
    );
    let mut say = |title: &str, text: String| page.push_str(&format!("<h2>{title}</h2>\n{text}\n"));
    say(words.operator, format!("<p>{}, {} {}</p>", escape(&document.operator_name), words.bin, escape(&document.operator_bin)));
    say(words.complainant, format!("<p>{}</p>", escape(&document.full_name)));
    if !document.text.is_empty() {
        say(words.complaint, format!("<pre>{}</pre>", escape(&document.text)));
    }
    say(words.requests, requests(document, words));
    say(words.consents, consents(document, words));
    let authorities = document.authorities.iter().map(|authority| {
        format!(
            "<li><b>{}</b><br>{}<br>{}<br><small>{}: {}, {}</small></li>\n",
            escape(&authority.name),
            escape(&authority.address),
            escape(&authority.way),
            words.source,
            escape(&authority.source),
            escape(&authority.as_of)
        )
    });
    say(words.authorities, format!("<ul>\n{}</ul>", authorities.collect::<String>()));
    page.push_str(&format!("<p><small>{}: {}</small></p>\n</body></html>\n", words.signed, escape(&document.key_id)));
    page
}

fn requests(document: &Document, words: &Words) -> String {
    let rows = document.requests.iter().map(|request| {
        let in_time = match request.in_time {
            Some(true) => words.yes,
            Some(false) => words.no,
            None => words.open,
        };
        let terms = request.terms.iter().map(|term| format!("{}: {} ({})", term.regime, term.article, term.due_at)).collect::<Vec<_>>();
        let done = request.done_at.as_deref().unwrap_or(words.open);
        row("td", &[&request.kind, &request.request_id, &request.received_at, &request.due_at, done, in_time, &terms.join("; ")])
    });
    table(&words.columns, rows, words)
}

fn consents(document: &Document, words: &Words) -> String {
    let rows = document.consents.iter().map(|consent| {
        let text = format!("{} · SHA-256 {}", consent.text_version, consent.text_hash);
        row("td", &[&consent.purpose, &text, &consent.given_at, consent.withdrawn_at.as_deref().unwrap_or(words.none)])
    });
    table(&words.consent_columns, rows, words)
}

fn table(columns: &[&str], rows: impl Iterator<Item = String>, words: &Words) -> String {
    let rows: String = rows.collect();
    if rows.is_empty() {
        return format!("<p>{}</p>", words.none);
    }
    format!("<table>\n{}{rows}</table>", row("th", columns))
}

fn row(tag: &str, cells: &[&str]) -> String {
    let cells: String = cells.iter().map(|cell| format!("<{tag}>{}</{tag}>", escape(cell))).collect();
    format!("<tr>{cells}</tr>\n")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_is_text_in_every_language() {
        for language in ["ru", "kk", "en"] {
            let document = Document {
                format: "kolsai-complaint/1".into(),
                made_at: "2026-11-22T00:00:00Z".into(),
                language: language.into(),
                operator_name: "S & S".into(),
                operator_bin: "123456789012".into(),
                full_name: "<b>Dana</b>".into(),
                text: "<script>alert(1)</script>".into(),
                requests: Vec::new(),
                consents: Vec::new(),
                authorities: Vec::new(),
                key_id: "k".into(),
            };
            let page = render(&document);
            assert!(!page.contains("<script") && !page.contains("<b>Dana"), "{page}");
            assert!(page.contains("S &amp; S") && page.contains(&format!("lang=\"{language}\"")));
        }
    }
}
