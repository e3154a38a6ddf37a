//! One lesson in its three languages: TOML between two `+++` lines, then Markdown.

use serde::Deserialize;
use toml::Spanned;

use super::{Language, Lesson, Problem, Texts, problem::Sheet};
use crate::ids::{CourseId, LessonId, ModuleId};

/// In the order of `Language::ALL`.
pub(super) const LANGUAGES: [&str; 3] = [Language::Ru.code(), Language::Kk.code(), Language::En.code()];

const FENCE: &str = "+++";
/// Nobody reads one lesson for longer than a day's study.
const LONGEST: u32 = 480;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    title: Spanned<String>,
    minutes: Spanned<u32>,
}

struct Written {
    title: String,
    minutes: u32,
    text: String,
}

/// Reads a lesson from its three files; a missing one was told already.
pub(super) fn lesson(
    sheets: [Option<Sheet<'_>>; 3],
    id: LessonId,
    course: CourseId,
    module: ModuleId,
    problems: &mut Vec<Problem>,
) -> Option<Lesson> {
    let mut agreed = None;
    let mut read = sheets.map(|sheet| {
        let mut sheet = sheet?;
        let written = written(&mut sheet, &mut agreed);
        problems.append(&mut sheet.problems);
        written
    });
    let [Some(ru), Some(kk), Some(en)] = read.each_mut().map(Option::take) else { return None };
    Some(Lesson {
        id,
        course,
        module,
        minutes: ru.minutes,
        title: Texts { ru: ru.title, kk: kk.title, en: en.title },
        text: Texts { ru: ru.text, kk: kk.text, en: en.text },
    })
}

/// `agreed` is what the first language says of the minutes.
fn written(sheet: &mut Sheet<'_>, agreed: &mut Option<u32>) -> Option<Written> {
    let text = sheet.text;
    let head = text.strip_prefix(FENCE).and_then(|rest| rest.strip_prefix('\n')).map(|_| FENCE.len() + 1);
    let end = head.and_then(|from| text[from..].find("\n+++\n").map(|at| from + at));
    let (Some(from), Some(end)) = (head, end) else {
        sheet.wrong(0..0, "a lesson begins with TOML between two lines `+++`");
        return None;
    };
    let head: Head = sheet.toml_part(from..end + 1)?;
    let body = end + 1 + FENCE.len() + 1;
    let at = |span: std::ops::Range<usize>| from + span.start..from + span.end;
    if head.title.get_ref().trim().is_empty() {
        sheet.wrong(at(head.title.span()), "`title` is empty");
    }
    let minutes = *head.minutes.get_ref();
    if minutes == 0 || minutes > LONGEST {
        sheet.wrong(at(head.minutes.span()), format!("`minutes` is from 1 to {LONGEST}"));
    }
    if *agreed.get_or_insert(minutes) != minutes {
        sheet.wrong(at(head.minutes.span()), "the languages of a lesson give the same `minutes`");
    }
    if text[body..].trim().is_empty() {
        sheet.wrong(body..body, "the lesson has no text");
    }
    Some(Written { title: head.title.into_inner(), minutes, text: text[body..].trim().to_owned() })
}
