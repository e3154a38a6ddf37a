//! The page after the one click. It loads nothing and asks for nothing.

use contract::google::api::HttpBody;

const LINES: [(&str, &str); 3] = [
    ("ru", "Рассылка прекращена. Сообщения о вашей учёбе приходят по-прежнему."),
    ("kk", "Хат тарату тоқтатылды. Оқуыңыз туралы хабарламалар бұрынғыдай келеді."),
    ("en", "The newsletter has ended. Messages about your own learning still arrive."),
];

/// Says in every language that it is done: whoever clicked is not asked who they are, so their language is not known.
pub(super) fn ended() -> HttpBody {
    let lines: String = LINES.iter().map(|(language, line)| format!("<p lang=\"{language}\">{line}</p>\n")).collect();
    let page =
        format!("<!doctype html>\n<html>\n<head><meta charset=\"utf-8\"><title>Kolsai</title></head>\n<body>\n{lines}</body>\n</html>\n");
    HttpBody { content_type: "text/html; charset=utf-8".into(), data: page.into_bytes(), extensions: Vec::new() }
}
