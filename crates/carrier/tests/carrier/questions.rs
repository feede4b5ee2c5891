//! What befalls questions: status, offer, inquiry, balance, desk.

use std::time::{Duration, Instant};

use reqwest::Method;
use ringback_carrier::{Fault, Faults, Profile};
use serde_json::{Value, json};

use crate::town::{LINE, Reply, Town, amount, line, profile};

const OF_TRANSPORT: [Fault; 6] = [
    Fault::RequestLost,
    Fault::AnswerLost,
    Fault::Delayed,
    Fault::TooManyRequests,
    Fault::ServerError,
    Fault::Malformed,
];

fn claim(reference: &str) -> Value {
    json!({ "reference": reference, "phoneNumber": LINE, "amount": "10", "currency": "CNY" })
}

/// Every question, with what it is asked with.
fn questions() -> [(Method, &'static str, Option<Value>); 6] {
    let status = "/camara/subscription-status/v0.1/retrive-subscription-status";
    [
        (Method::POST, status, Some(json!({ "phoneNumber": LINE }))),
        (Method::GET, "/reloadly/operators/auto-detect/phone/8613800138000/countries/CN", None),
        (Method::GET, "/reloadly/topups/reports/transactions?customIdentifier=A", None),
        (Method::GET, "/reloadly/accounts/balance", None),
        (Method::POST, "/desk/claims", Some(claim("A"))),
        (Method::GET, "/desk/claims/A", None),
    ]
}

async fn ask(town: &Town, (method, path, body): (Method, &str, Option<Value>)) -> Reply {
    town.send(method, path, body.map(|body| body.to_string().into_bytes())).await
}

async fn town(faults: Faults, profile: Profile) -> Town {
    let town = Town::with_profile(&line("state = \"suspended_by_owner\""), "100 CNY", faults, profile).await;
    town.top_up("A", json!(10)).await.ok();
    town
}

#[tokio::test]
async fn every_question_suffers_each_kind_of_the_transport() {
    for kind in OF_TRANSPORT {
        let town = town(Faults::all(1).only(&[kind]).at(0, 1000), profile()).await;
        for question in questions() {
            let path = question.1;
            let reply = ask(&town, question).await;
            let got = (reply.lost, reply.status, reply.text.as_str());
            match kind {
                Fault::RequestLost | Fault::AnswerLost => assert!(reply.lost, "{path}: {got:?}"),
                Fault::TooManyRequests => assert_eq!(got, (false, 429, ""), "{path}"),
                Fault::ServerError => assert_eq!(got, (false, 500, ""), "{path}"),
                Fault::Malformed => assert!(got.1 == 200 && got.2.starts_with("<html>"), "{path}: {got:?}"),
                _ => assert!(reply.ok().is_object(), "{path}"),
            }
        }
    }
}

#[tokio::test]
async fn a_statement_that_is_lost_answers_nothing_and_all_else_goes_on() {
    let town = town(Faults::none().without_statement(), profile()).await;
    for question in questions() {
        let path = question.1;
        let reply = ask(&town, question).await;
        assert_eq!(reply.status == 500, path.contains("/reports/"), "{path}: {}", reply.text);
    }
    town.advance(60_000);
    town.top_up("B", json!(10)).await.ok();
}

#[tokio::test]
async fn other_kinds_leave_questions_alone() {
    let others: Vec<Fault> = Fault::ALL.into_iter().filter(|kind| !OF_TRANSPORT.contains(kind)).collect();
    assert_eq!(others.len(), 5);
    let town = town(Faults::all(1).only(&others).at(0, 1000), profile()).await;
    for question in questions() {
        ask(&town, question).await.ok();
    }
}

#[tokio::test]
async fn a_delayed_answer_to_a_question_takes_its_time() {
    let slow = Profile { delay_ms: 400, ..profile() };
    let town = town(Faults::all(1).only(&[Fault::Delayed]).at(0, 1000), slow).await;
    let began = Instant::now();
    assert_eq!(town.status(LINE).await.ok()["voiceSmsOut"], "suspended");
    assert!(began.elapsed() >= Duration::from_millis(400), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_claim_whose_answer_was_lost_is_filed_and_one_that_was_lost_is_not() {
    let cases = [
        (Fault::AnswerLost, 200),
        (Fault::ServerError, 200),
        (Fault::Malformed, 200),
        (Fault::RequestLost, 404),
        (Fault::TooManyRequests, 404),
    ];
    for (kind, status) in cases {
        let town = town(Faults::all(1).only(&[kind]).at(0, 1000), profile()).await;
        town.post("/desk/claims", &claim("A")).await;
        town.carrier.world().set_faults(Faults::none());
        assert_eq!(town.get("/desk/claims/A").await.status, status, "{kind:?}");
        town.claim("A", "10").await;
        town.advance(300);
        assert_eq!(town.claim("A", "10").await["state"], "paid", "{kind:?}: sent again, it goes its way");
        assert_eq!(town.wallet(), amount("100 CNY"), "{kind:?}");
    }
}
