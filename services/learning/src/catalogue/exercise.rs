//! `test.toml` and `assignment.toml`.

use std::{collections::BTreeSet, ops::Range};

use serde::Deserialize;
use toml::Spanned;

use super::{
    Answer, Assignment, Choice, Criterion, Level, Question, Test, Texts,
    problem::Sheet,
    read::{filled, is_name},
};
use crate::ids::{AssignmentId, CourseId, ModuleId, TestId};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TestFile {
    pass: Spanned<u32>,
    #[serde(default)]
    question: Vec<QuestionFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuestionFile {
    id: Spanned<String>,
    kind: Kind,
    text: Spanned<Texts>,
    explanation: Spanned<Texts>,
    #[serde(default)]
    option: Vec<OptionFile>,
    #[serde(default)]
    correct: Vec<Spanned<String>>,
    answer: Option<f64>,
    tolerance: Option<f64>,
    unit: Option<Spanned<Texts>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Single,
    Multiple,
    Number,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OptionFile {
    id: Spanned<String>,
    ru: String,
    kk: String,
    en: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AssignmentFile {
    photographs: Spanned<u32>,
    title: Spanned<Texts>,
    task: Spanned<Texts>,
    #[serde(default)]
    criterion: Vec<CriterionFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CriterionFile {
    id: Spanned<String>,
    title: Spanned<Texts>,
    level: Vec<LevelFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LevelFile {
    points: Spanned<u32>,
    ru: String,
    kk: String,
    en: String,
}

pub(super) fn test(sheet: &mut Sheet<'_>, id: TestId, course: CourseId, module: ModuleId) -> Option<Test> {
    let file: TestFile = sheet.toml()?;
    if !(1..=100).contains(file.pass.get_ref()) {
        sheet.wrong(file.pass.span(), "`pass` is a share in percent, from 1 to 100");
    }
    let mut seen = BTreeSet::new();
    let questions = file.question.into_iter().filter_map(|question| {
        named_once(sheet, &question.id, &mut seen);
        self::question(sheet, question)
    });
    let questions: Vec<_> = questions.collect();
    if seen.is_empty() {
        sheet.wrong(file.pass.span(), "a test has at least one `[[question]]`");
    }
    Some(Test { id, course, module, pass_percent: file.pass.into_inner(), questions })
}

fn question(sheet: &mut Sheet<'_>, file: QuestionFile) -> Option<Question> {
    let at = file.id.span();
    let mut seen = BTreeSet::new();
    let mut options = Vec::new();
    for option in file.option {
        named_once(sheet, &option.id, &mut seen);
        let text = filled(sheet, Spanned::new(option.id.span(), Texts { ru: option.ru, kk: option.kk, en: option.en }));
        options.push(Choice { id: option.id.into_inner(), text });
    }
    for correct in file.correct.iter().filter(|correct| !seen.contains(correct.get_ref())) {
        sheet.wrong(correct.span(), "`correct` names an option of this question");
    }
    let mut correct: Vec<_> = file.correct.into_iter().map(Spanned::into_inner).collect();
    correct.sort();
    correct.dedup();
    let answer = match (file.kind, file.answer, file.tolerance) {
        (Kind::Number, Some(answer), Some(tolerance)) => number(sheet, at, &options, answer, tolerance)?,
        (Kind::Single | Kind::Multiple, None, None) => chosen(sheet, at, file.kind, &options, correct)?,
        _ => {
            sheet.wrong(at, "`number` has `answer` and `tolerance`; `single` and `multiple` have options and `correct`, and no others");
            return None;
        }
    };
    Some(Question {
        id: file.id.into_inner(),
        text: filled(sheet, file.text),
        explanation: filled(sheet, file.explanation),
        options,
        answer,
        unit: file.unit.map(|unit| filled(sheet, unit)),
    })
}

fn number(sheet: &mut Sheet<'_>, at: Range<usize>, options: &[Choice], answer: f64, tolerance: f64) -> Option<Answer> {
    if answer.is_finite() && tolerance.is_finite() && tolerance >= 0.0 && options.is_empty() {
        return Some(Answer::Number { answer, tolerance });
    }
    sheet.wrong(at, "a `number` has a finite `answer`, a `tolerance` of at least 0, and no options");
    None
}

fn chosen(sheet: &mut Sheet<'_>, at: Range<usize>, kind: Kind, options: &[Choice], mut correct: Vec<String>) -> Option<Answer> {
    if options.len() < 2 || correct.is_empty() || (kind == Kind::Single && correct.len() != 1) {
        sheet.wrong(at, "there are at least two options to choose from, and `correct` lists the right ones: exactly one for `single`");
        return None;
    }
    Some(if kind == Kind::Single { Answer::Single(correct.remove(0)) } else { Answer::Multiple(correct) })
}

pub(super) fn assignment(sheet: &mut Sheet<'_>, id: AssignmentId, course: CourseId, module: ModuleId) -> Option<Assignment> {
    let file: AssignmentFile = sheet.toml()?;
    if !(1..=10).contains(file.photographs.get_ref()) {
        sheet.wrong(file.photographs.span(), "`photographs` is from 1 to 10");
    }
    let mut seen = BTreeSet::new();
    let mut criteria = Vec::new();
    for criterion in file.criterion {
        named_once(sheet, &criterion.id, &mut seen);
        let levels = levels(sheet, &criterion.id, criterion.level);
        criteria.push(Criterion { id: criterion.id.into_inner(), title: filled(sheet, criterion.title), levels });
    }
    if criteria.is_empty() {
        sheet.wrong(file.photographs.span(), "the rubric has at least one `[[criterion]]`");
    }
    let (title, task) = (filled(sheet, file.title), filled(sheet, file.task));
    Some(Assignment { id, course, module, title, task, photographs: file.photographs.into_inner(), criteria })
}

fn levels(sheet: &mut Sheet<'_>, criterion: &Spanned<String>, files: Vec<LevelFile>) -> Vec<Level> {
    let mut levels: Vec<Level> = Vec::new();
    for file in files {
        if levels.last().is_some_and(|last| last.points >= *file.points.get_ref()) {
            sheet.wrong(file.points.span(), "levels stand in rising order of `points`");
        }
        let text = filled(sheet, Spanned::new(file.points.span(), Texts { ru: file.ru, kk: file.kk, en: file.en }));
        levels.push(Level { points: file.points.into_inner(), text });
    }
    if levels.len() < 2 {
        sheet.wrong(criterion.span(), "a criterion has at least two levels");
    }
    levels
}

fn named_once(sheet: &mut Sheet<'_>, id: &Spanned<String>, seen: &mut BTreeSet<String>) {
    if !is_name(id.get_ref()) || !seen.insert(id.get_ref().clone()) {
        sheet.wrong(id.span(), "an `id` is made of small letters, digits and hyphens, and stands once among its like");
    }
}
