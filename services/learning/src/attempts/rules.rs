//! How answers are scored.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::catalogue::{Answer, Question, Test};

/// What a learner answered to one question.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    Options(BTreeSet<String>),
    Number(f64),
}

/// What came of an attempt; how it is kept, too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    pub right: u32,
    pub total: u32,
    /// Rounded down.
    pub percent: u32,
    pub passed: bool,
    /// Each question and whether it was answered right, in the test's order.
    pub questions: Vec<(String, bool)>,
}

/// Answers that cannot be scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unscorable {
    #[error("an answer is to a question that the test does not have; take the ids from the test")]
    UnknownQuestion,
    #[error("an answer chooses an option that its question does not have; take the ids from the test")]
    UnknownOption,
    #[error("an answer is not of its question's kind: a number for NUMBER, one option for SINGLE, options for MULTIPLE")]
    WrongKind,
}

/// Scores a test. A question without an answer is wrong.
pub fn score(test: &Test, given: &BTreeMap<String, Given>) -> Result<Score, Unscorable> {
    if given.keys().any(|id| test.questions.iter().all(|question| question.id != *id)) {
        return Err(Unscorable::UnknownQuestion);
    }
    let mut questions = Vec::with_capacity(test.questions.len());
    for question in &test.questions {
        let right = given.get(&question.id).map_or(Ok(false), |given| is_right(question, given))?;
        questions.push((question.id.clone(), right));
    }
    let right = questions.iter().filter(|(_, right)| *right).count();
    let total = questions.len().max(1);
    let percent = u32::try_from(right * 100 / total).unwrap_or(0);
    Ok(Score {
        right: u32::try_from(right).unwrap_or(u32::MAX),
        total: u32::try_from(questions.len()).unwrap_or(u32::MAX),
        percent,
        // Exact: 60 % of seven questions are 4.2, so five.
        passed: right * 100 >= test.pass_percent as usize * total,
        questions,
    })
}

fn is_right(question: &Question, given: &Given) -> Result<bool, Unscorable> {
    match (&question.answer, given) {
        (Answer::Number { answer, tolerance }, Given::Number(number)) if number.is_finite() => Ok((number - answer).abs() <= *tolerance),
        (Answer::Single(_) | Answer::Multiple(_), Given::Options(chosen)) => {
            if chosen.iter().any(|id| question.options.iter().all(|option| option.id != *id)) {
                return Err(Unscorable::UnknownOption);
            }
            match &question.answer {
                Answer::Single(_) if chosen.len() > 1 => Err(Unscorable::WrongKind),
                Answer::Single(correct) => Ok(chosen.contains(correct)),
                Answer::Multiple(correct) => Ok(chosen.iter().eq(correct.iter())),
                Answer::Number { .. } => Err(Unscorable::WrongKind),
            }
        }
        _ => Err(Unscorable::WrongKind),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::catalogue::Catalogue;

    fn first_test() -> Test {
        Catalogue::embedded().unwrap().courses()[0].tests().next().unwrap().clone()
    }

    fn options(ids: &[&str]) -> Given {
        Given::Options(ids.iter().map(|id| (*id).to_owned()).collect())
    }

    fn right(question: &Question) -> Given {
        match &question.answer {
            Answer::Single(id) => options(&[id]),
            Answer::Multiple(ids) => Given::Options(ids.iter().cloned().collect()),
            Answer::Number { answer, .. } => Given::Number(*answer),
        }
    }

    fn answers(test: &Test, of: impl Fn(usize) -> bool) -> BTreeMap<String, Given> {
        test.questions.iter().enumerate().filter(|(at, _)| of(*at)).map(|(_, question)| (question.id.clone(), right(question))).collect()
    }

    fn one(id: &str, given: Given) -> BTreeMap<String, Given> {
        BTreeMap::from([(id.to_owned(), given)])
    }

    #[test]
    fn all_right_is_everything_and_nothing_is_nothing() {
        let test = first_test();
        let all = score(&test, &answers(&test, |_| true)).unwrap();
        assert_eq!((all.right, all.total, all.percent, all.passed), (5, 5, 100, true));
        let none = score(&test, &BTreeMap::new()).unwrap();
        assert_eq!((none.right, none.percent, none.passed), (0, 0, false));
    }

    #[test]
    fn the_pass_mark_itself_passes() {
        let test = first_test();
        assert!(score(&test, &answers(&test, |at| at < 3)).unwrap().passed, "three of five are 60 %");
        assert!(!score(&test, &answers(&test, |at| at < 2)).unwrap().passed);
    }

    #[test]
    fn of_multiple_exactly_all_right_ones_count() {
        let test = first_test();
        let id = "blue-hour-practice";
        for (chosen, expected) in
            [(options(&["tripod", "timer"]), 1), (options(&["tripod"]), 0), (options(&["tripod", "timer", "flash"]), 0), (options(&[]), 0)]
        {
            assert_eq!(score(&test, &one(id, chosen.clone())).unwrap().right, expected, "{chosen:?}");
        }
    }

    #[test]
    fn a_number_is_right_up_to_its_tolerance_and_no_further() {
        let mut test = first_test();
        test.questions.retain(|question| question.id == "six-stops");
        test.questions[0].answer = Answer::Number { answer: 100.0, tolerance: 5.0 };
        for (number, expected) in [(100.0, 1), (95.0, 1), (105.0, 1), (94.999, 0), (105.001, 0), (-100.0, 0)] {
            assert_eq!(score(&test, &one("six-stops", Given::Number(number))).unwrap().right, expected, "{number}");
        }
        assert_eq!(score(&test, &one("six-stops", Given::Number(f64::NAN))), Err(Unscorable::WrongKind));
    }

    #[test]
    fn what_the_test_does_not_know_is_refused() {
        let test = first_test();
        assert_eq!(score(&test, &one("nothing", Given::Number(1.0))), Err(Unscorable::UnknownQuestion));
        assert_eq!(score(&test, &one("six-stops", options(&["a"]))), Err(Unscorable::WrongKind));
        assert_eq!(score(&test, &one("what-is-golden-hour", options(&["elsewhere"]))), Err(Unscorable::UnknownOption));
        assert_eq!(score(&test, &one("what-is-golden-hour", Given::Number(1.0))), Err(Unscorable::WrongKind));
        let both = options(&["six-degrees", "below-horizon"]);
        assert_eq!(score(&test, &one("what-is-golden-hour", both)), Err(Unscorable::WrongKind));
    }

    proptest! {
        #[test]
        fn the_score_is_the_number_of_right_answers(which in proptest::collection::vec(any::<bool>(), 5)) {
            let test = first_test();
            let scored = score(&test, &answers(&test, |at| which[at])).unwrap();
            prop_assert_eq!(scored.right as usize, which.iter().filter(|right| **right).count());
            prop_assert_eq!(scored.questions.iter().map(|(_, right)| *right).collect::<Vec<_>>(), which);
            prop_assert!(scored.percent <= 100);
            prop_assert_eq!(scored.passed, scored.percent >= test.pass_percent);
        }
    }
}
