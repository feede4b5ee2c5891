//! Each rule of a table, and what it made of an answer.

use axum::{Json, http::StatusCode, response::IntoResponse as _};
use ringback_core::Judgement;
use ringback_network::{Channel as _, Explanation};
use serde_json::json;

use crate::{
    contract::numbers,
    dialects::{HLRLOOKUP, Word, ZAIWANG},
    peer::{Play, Service},
};

/// The words of the rules that matched.
fn matched(explanation: &Explanation) -> Vec<&str> {
    explanation.rules.iter().filter(|rule| rule.matched()).map(|rule| rule.rule.split(' ').next().unwrap()).collect()
}

#[tokio::test]
async fn the_rule_that_matched_is_told_and_what_the_others_missed() {
    let service = Service::start(&ZAIWANG).await;
    service.say(StatusCode::OK, (ZAIWANG.says)("", Word::Restricted).1);
    let explanation = service.open().explain(numbers(1)[0]).await.unwrap();
    assert_eq!(explanation.answer.status.judged(), Judgement::Restricted);
    assert_eq!((matched(&explanation), explanation.rules.len()), (vec!["restricted"], 5));
    let in_service = explanation.rules.iter().find(|rule| rule.rule.starts_with("in_service")).unwrap();
    assert_eq!(in_service.differs.as_deref(), Some("/data/result is \"2\""));
    let text = include_str!("../../profiles/zaiwang-generic.toml");
    let line = text.lines().position(|line| line == "is = \"in_service\"").unwrap() + 1;
    let expected = format!("in_service (line {line}): HTTP 200, /code = 200 or \"200\", /data/result = \"1\" or 1");
    assert_eq!(in_service.rule, expected);
}

#[tokio::test]
async fn an_answer_that_no_rule_fits_is_shown_without_the_number() {
    let service = Service::start(&ZAIWANG).await;
    service.say(StatusCode::OK, json!({ "code": 200, "data": { "result": "8613800100000" } }));
    let explanation = service.open().explain(numbers(1)[0]).await.unwrap();
    assert_eq!((explanation.answer.status.judged(), matched(&explanation)), (Judgement::Unknown, vec![]));
    let text = format!("{explanation:?}");
    assert!(text.contains("*0000") && !text.contains("13800100000"), "S6: {text}");
}

#[tokio::test]
async fn without_an_answer_no_rule_is_tried() {
    let service = Service::start(&ZAIWANG).await;
    service.play(|_, _| Play::Answer("<html>".into_response()));
    let explanation = service.open().explain(numbers(1)[0]).await.unwrap();
    assert_eq!(
        (explanation.answer.status.judged(), explanation.said, explanation.rules),
        (Judgement::Unknown, None, vec![])
    );
}

#[tokio::test]
async fn of_a_batch_the_lines_own_answer_is_explained() {
    let service = Service::start(&HLRLOOKUP).await;
    service.play(|numbers, _| {
        let said = [("8613900139000".to_owned(), Word::InService), (numbers[0].clone(), Word::NotInService)];
        Play::Answer(Json(HLRLOOKUP.answer(&said).1).into_response())
    });
    let explanation = service.open().explain(numbers(1)[0]).await.unwrap();
    assert_eq!(explanation.answer.status.judged(), Judgement::NotInService);
    assert_eq!(matched(&explanation), ["not_in_service"]);
}
