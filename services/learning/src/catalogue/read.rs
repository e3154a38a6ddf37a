//! `course.toml`: the course, its modules, and the files that they name.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::Spanned;

use super::{Course, Module, Problem, Texts, exercise, problem::Sheet, unit};
use crate::ids::{AssignmentId, CourseId, LessonId, ModuleId, TestId, derived};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CourseFile {
    slug: Spanned<String>,
    price: Spanned<i64>,
    currency: Spanned<String>,
    title: Spanned<Texts>,
    summary: Spanned<Texts>,
    module: Vec<ModuleFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModuleFile {
    id: Spanned<String>,
    lessons: Spanned<Vec<Spanned<String>>>,
    test: bool,
    assignment: bool,
    title: Spanned<Texts>,
    summary: Spanned<Texts>,
}

/// Reads the course in this folder from all its files.
pub(super) fn course(folder: &str, files: &BTreeMap<&str, &str>) -> Result<Course, Vec<Problem>> {
    let path = format!("{folder}/course.toml");
    let Some(text) = files.get(path.as_str()) else {
        return Err(vec![Problem { file: path, line: 1, what: "there is no such file: every course has one".into() }]);
    };
    let mut reading = Reading { folder, files, used: BTreeSet::from([path.clone()]), problems: Vec::new() };
    let mut sheet = Sheet::new(path, text);
    let course = sheet.toml::<CourseFile>().map(|file| reading.course(&mut sheet, file));
    reading.problems.append(&mut sheet.problems);
    reading.unused();
    match course {
        Some(course) if reading.problems.is_empty() => Ok(course),
        _ => Err(reading.problems),
    }
}

struct Reading<'a> {
    folder: &'a str,
    files: &'a BTreeMap<&'a str, &'a str>,
    used: BTreeSet<String>,
    problems: Vec<Problem>,
}

impl<'a> Reading<'a> {
    fn course(&mut self, sheet: &mut Sheet<'_>, file: CourseFile) -> Course {
        if file.slug.get_ref() != self.folder || !is_name(file.slug.get_ref()) {
            sheet.wrong(file.slug.span(), "`slug` is the name of the course's folder: small letters, digits and hyphens");
        }
        if *file.price.get_ref() <= 0 {
            sheet.wrong(file.price.span(), "`price` is in minor units and above zero");
        }
        let currency = file.currency.get_ref();
        if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            sheet.wrong(file.currency.span(), "`currency` is an ISO 4217 code such as KZT");
        }
        if file.module.is_empty() {
            sheet.wrong(file.slug.span(), "a course has at least one `[[module]]`");
        }
        let id = CourseId(derived(&[b"course", self.folder.as_bytes()]));
        let mut seen = BTreeSet::new();
        let mut modules = Vec::new();
        for module in file.module {
            if !seen.insert(module.id.get_ref().clone()) {
                sheet.wrong(module.id.span(), "another module of this course has this `id`");
            }
            modules.extend(self.module(sheet, id, module));
        }
        Course {
            id,
            slug: file.slug.into_inner(),
            title: filled(sheet, file.title),
            summary: filled(sheet, file.summary),
            price_minor: file.price.into_inner(),
            currency: file.currency.into_inner(),
            modules,
        }
    }

    fn module(&mut self, sheet: &mut Sheet<'_>, course: CourseId, file: ModuleFile) -> Option<Module> {
        let name = file.id.get_ref();
        if !is_name(name) {
            sheet.wrong(file.id.span(), "an `id` is made of small letters, digits and hyphens");
            return None;
        }
        let id = ModuleId(self.derived("module", &[name]));
        if file.lessons.get_ref().is_empty() {
            sheet.wrong(file.lessons.span(), "a module has at least one lesson");
        }
        let mut seen = BTreeSet::new();
        let mut lessons = Vec::new();
        for lesson in file.lessons.get_ref() {
            if !is_name(lesson.get_ref()) || !seen.insert(lesson.get_ref().clone()) {
                sheet.wrong(lesson.span(), "a lesson's name is made of small letters, digits and hyphens, and stands once in its module");
                continue;
            }
            let lesson_id = LessonId(self.derived("lesson", &[name, lesson.get_ref()]));
            let sheets = unit::LANGUAGES.map(|code| self.sheet(sheet, lesson, &format!("{name}/{}.{code}.md", lesson.get_ref())));
            lessons.extend(unit::lesson(sheets, lesson_id, course, id, &mut self.problems));
        }
        let test = file.test.then(|| self.sheet(sheet, &file.id, &format!("{name}/test.toml"))).flatten().and_then(|mut sheet| {
            let test = exercise::test(&mut sheet, TestId(self.derived("test", &[name])), course, id);
            self.problems.append(&mut sheet.problems);
            test
        });
        let assignment = file.assignment.then(|| self.sheet(sheet, &file.id, &format!("{name}/assignment.toml"))).flatten();
        let assignment = assignment.and_then(|mut sheet| {
            let assignment = exercise::assignment(&mut sheet, AssignmentId(self.derived("assignment", &[name])), course, id);
            self.problems.append(&mut sheet.problems);
            assignment
        });
        Some(Module { id, title: filled(sheet, file.title), summary: filled(sheet, file.summary), lessons, test, assignment })
    }

    fn derived(&self, kind: &str, names: &[&str]) -> uuid::Uuid {
        let mut parts = vec![kind.as_bytes(), self.folder.as_bytes()];
        parts.extend(names.iter().map(|name| name.as_bytes()));
        derived(&parts)
    }

    /// The file of this name in the course, or a problem where `named_at` asks for it.
    fn sheet(&mut self, from: &mut Sheet<'_>, named_at: &Spanned<String>, name: &str) -> Option<Sheet<'a>> {
        let path = format!("{}/{name}", self.folder);
        match self.files.get(path.as_str()) {
            Some(text) => {
                self.used.insert(path.clone());
                Some(Sheet::new(path, text))
            }
            None => {
                from.wrong(named_at.span(), format!("there is no file `{name}`"));
                None
            }
        }
    }

    fn unused(&mut self) {
        for file in self.files.keys().filter(|file| !self.used.contains(**file)) {
            self.problems.push(Problem { file: (*file).to_owned(), line: 1, what: "`course.toml` does not name this file".into() });
        }
    }
}

/// The text, which must not be empty in any language.
pub(super) fn filled(sheet: &mut Sheet<'_>, text: Spanned<Texts>) -> Texts {
    let missing = text.get_ref().missing();
    if !missing.is_empty() {
        sheet.wrong(text.span(), format!("there is nothing to read in {}", missing.join(", ")));
    }
    text.into_inner()
}

/// Whether this can stand in a file's name and in progress for ever.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
