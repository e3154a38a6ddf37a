use super::*;

fn embedded_but(path: &str, change: impl Fn(&str) -> String) -> Result<Catalogue, Problems> {
    let changed = EMBEDDED.iter().find(|(file, _)| *file == path).map(|(_, text)| change(text)).expect("a file of the course");
    Catalogue::try_new(EMBEDDED.iter().map(|(file, text)| (*file, if *file == path { changed.as_str() } else { *text })))
}

#[track_caller]
fn told(result: Result<Catalogue, Problems>) -> Vec<String> {
    result.expect_err("a broken course is not read").0.iter().map(ToString::to_string).collect()
}

#[test]
fn the_course_beside_the_code_is_whole() {
    let catalogue = Catalogue::embedded().unwrap_or_else(|problems| panic!("{problems}"));
    let [course] = catalogue.courses() else { panic!("one course") };
    assert_eq!((course.slug.as_str(), course.price_minor, course.currency.as_str()), ("light-and-line", 4_900_000, "KZT"));
    assert_eq!((course.lessons().count(), course.tests().count(), course.assignments().count()), (9, 3, 1));
    assert!(course.tests().all(|test| test.questions.len() >= 5 && test.pass_percent == 60));
    assert!(course.lessons().all(|lesson| Language::ALL.iter().all(|language| !lesson.text.get(*language).starts_with("+++"))));
}

#[test]
fn identifiers_never_change() {
    let catalogue = Catalogue::embedded().unwrap();
    assert_eq!(catalogue.courses()[0].id.to_string(), "8c0edcf6-3bb3-8132-9138-3cb3c7547cdb");
    let lesson = catalogue.courses()[0].lessons().next().unwrap();
    assert_eq!(catalogue.lesson(lesson.id).map(|found| found.minutes), Some(12));
    assert!(catalogue.lesson(LessonId::new_v4()).is_none());
}

#[test]
fn broken_toml_is_told_with_its_line() {
    let found = told(embedded_but("light-and-line/01-light/test.toml", |text| text.replacen("pass = 60", "pass = = 60", 1)));
    assert!(found[0].starts_with("course/light-and-line/01-light/test.toml:2: "), "{found:?}");
}

#[test]
fn a_right_answer_that_is_no_option_is_told_with_its_line() {
    let found =
        told(embedded_but("light-and-line/01-light/test.toml", |text| text.replacen("[\"six-degrees\"]", "[\"seven-degrees\"]", 1)));
    assert_eq!(found, ["course/light-and-line/01-light/test.toml:7: `correct` names an option of this question"]);
}

#[test]
fn a_lesson_that_is_not_there_is_told_where_it_is_named() {
    let files = EMBEDDED.iter().copied().filter(|(file, _)| *file != "light-and-line/01-light/02-blue-hour.kk.md");
    let found = told(Catalogue::try_new(files));
    assert_eq!(found, ["course/light-and-line/course.toml:19: there is no file `01-light/02-blue-hour.kk.md`"]);
}

#[test]
fn a_file_that_nothing_names_is_told() {
    let extra = ("light-and-line/01-light/04-extra.ru.md", "+++\n+++\n");
    let found = told(Catalogue::try_new(EMBEDDED.iter().copied().chain([extra])));
    assert_eq!(found, ["course/light-and-line/01-light/04-extra.ru.md:1: `course.toml` does not name this file"]);
}

#[test]
fn languages_of_a_lesson_agree_about_its_minutes() {
    let found = told(embedded_but("light-and-line/01-light/01-golden-hour.en.md", |text| text.replacen("minutes = 12", "minutes = 13", 1)));
    assert_eq!(found, ["course/light-and-line/01-light/01-golden-hour.en.md:3: the languages of a lesson give the same `minutes`"]);
}

#[test]
fn an_unknown_word_is_told() {
    let found = told(embedded_but("light-and-line/course.toml", |text| text.replacen("currency =", "colour = 1\ncurrency =", 1)));
    assert!(found[0].starts_with("course/light-and-line/course.toml:5: unknown field `colour`"), "{found:?}");
}

#[test]
fn levels_rise_and_texts_are_there() {
    let found = told(embedded_but("light-and-line/02-line/assignment.toml", |text| text.replacen("points = 1", "points = 0", 1)));
    assert!(found.len() == 1 && found[0].ends_with("levels stand in rising order of `points`"), "{found:?}");
    let found = told(embedded_but("light-and-line/course.toml", |text| text.replacen("\"Light\"", "\" \"", 1)));
    assert!(found.len() == 1 && found[0].ends_with("there is nothing to read in en"), "{found:?}");
}
