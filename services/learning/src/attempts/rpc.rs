//! Tests over gRPC.

use std::collections::BTreeMap;

use contract::learning::v1::{self as pb, tests_server};
use foundation::Refusal;
use service::caller;
use tonic::{Request, Response, Status};

use super::{
    Attempt, Attempts,
    rules::{Given, Score},
};
use crate::{
    catalogue::{Answer, Language, Question, Test},
    ids::TestId,
};

#[tonic::async_trait]
impl tests_server::Tests for Attempts {
    async fn get_test(&self, request: Request<pb::GetTestRequest>) -> Result<Response<pb::Test>, Status> {
        let person = caller(&request)?.person()?;
        let ask = request.into_inner();
        let (test, best) = self.test(person, TestId::parse_field(&ask.test_id, "test_id")?).await?;
        Ok(Response::new(encode(test, best, Language::of(&ask.language))))
    }

    async fn submit_test(&self, request: Request<pb::SubmitTestRequest>) -> Result<Response<pb::TestResult>, Status> {
        let by = caller(&request)?;
        let ask = request.into_inner();
        let claim = by.idempotency(&ask.idempotency_key, &ask)?;
        let test = TestId::parse_field(&ask.test_id, "test_id")?;
        let attempt = self.submit(by.person()?, test, &given(&ask.answers)?, &claim).await?;
        Ok(Response::new(encode_attempt(&attempt, Language::of(&ask.language))))
    }
}

fn given(answers: &[pb::Answer]) -> Result<BTreeMap<String, Given>, Refusal> {
    let mut given = BTreeMap::new();
    for answer in answers {
        let said = match answer.number {
            Some(_) if !answer.option_ids.is_empty() => {
                return Err(Refusal::invalid("WRONG_KIND_OF_ANSWER", "answers", "an answer is either a number or options"));
            }
            Some(number) => Given::Number(number),
            None => Given::Options(answer.option_ids.iter().cloned().collect()),
        };
        if given.insert(answer.question_id.clone(), said).is_some() {
            return Err(Refusal::invalid("QUESTION_ANSWERED_TWICE", "answers", "answer each question once"));
        }
    }
    Ok(given)
}

fn encode(test: &Test, best: Option<Score>, language: Language) -> pb::Test {
    pb::Test {
        test_id: test.id.to_string(),
        module_id: test.module.to_string(),
        pass_percent: test.pass_percent,
        questions: test.questions.iter().map(|question| encode_question(question, language)).collect(),
        best_percent: best.as_ref().map_or(0, |score| score.percent),
        passed: best.is_some_and(|score| score.passed),
    }
}

/// Without what is right, and without the explanation.
fn encode_question(question: &Question, language: Language) -> pb::Question {
    let kind = match question.answer {
        Answer::Single(_) => pb::question::Kind::Single,
        Answer::Multiple(_) => pb::question::Kind::Multiple,
        Answer::Number { .. } => pb::question::Kind::Number,
    };
    let options = question.options.iter();
    pb::Question {
        question_id: question.id.clone(),
        kind: kind.into(),
        text: question.text.get(language).to_owned(),
        options: options
            .map(|option| pb::question::Option { option_id: option.id.clone(), text: option.text.get(language).to_owned() })
            .collect(),
        unit: question.unit.as_ref().map(|unit| unit.get(language).to_owned()).unwrap_or_default(),
    }
}

fn encode_attempt(attempt: &Attempt<'_>, language: Language) -> pb::TestResult {
    let explanation = |id: &str| {
        let question = attempt.test.questions.iter().find(|question| question.id == id);
        question.map(|question| question.explanation.get(language).to_owned()).unwrap_or_default()
    };
    let questions = attempt.score.questions.iter();
    pb::TestResult {
        attempt_id: attempt.row.id.to_string(),
        test_id: attempt.test.id.to_string(),
        right: attempt.score.right,
        total: attempt.score.total,
        score_percent: attempt.score.percent,
        passed: attempt.score.passed,
        questions: questions
            .map(|(id, right)| pb::QuestionResult { question_id: id.clone(), right: *right, explanation: explanation(id) })
            .collect(),
        taken_at: Some(attempt.row.taken_at.to_proto()),
    }
}
