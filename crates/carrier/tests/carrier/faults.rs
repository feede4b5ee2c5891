//! Each fault kind at work on a top-up, over HTTP, whoever switched it on.

use std::time::{Duration, Instant};

use reqwest::Method;
use ringback_carrier::{Fault, Faults, Profile};
use serde_json::{Value, json};

use crate::town::{LINE, Reply, Town, amount, line, profile};

/// What the payer hears.
#[derive(Debug, PartialEq, Eq)]
enum Heard {
    Lost,
    Http(u16),
    Html,
    Refused(String),
    /// The transaction's status, and what arrived of ten yuan.
    Said(String, i64),
}

fn heard(reply: &Reply) -> Heard {
    match reply.status {
        _ if reply.lost => Heard::Lost,
        _ if reply.text.is_empty() => Heard::Http(reply.status),
        _ if reply.text.starts_with("<html>") => Heard::Html,
        200 => {
            let said = reply.json();
            let delivered = said["deliveredAmount"].to_string().parse::<f64>().unwrap();
            #[expect(clippy::cast_possible_truncation, reason = "whole yuan")]
            Heard::Said(said["status"].as_str().unwrap().to_owned(), delivered as i64)
        }
        _ => Heard::Refused(reply.error().1),
    }
}

/// What the payer hears of ten yuan, and how often the books credit them.
fn expected(kind: Fault) -> (Heard, Option<u32>) {
    let refused = |code: &str| Heard::Refused(code.to_owned());
    let said = |status: &str, delivered| Heard::Said(status.to_owned(), delivered);
    match kind {
        Fault::RequestLost => (Heard::Lost, None),
        Fault::AnswerLost => (Heard::Lost, Some(1)),
        Fault::Delayed => (said("SUCCESSFUL", 10), Some(1)),
        Fault::Duplicated => (refused("CUSTOM_IDENTIFIER_ALREADY_USED"), Some(1)),
        Fault::LateSuccess => (said("FAILED", 0), Some(0)),
        Fault::Partial => (said("SUCCESSFUL", 5), Some(1)),
        Fault::EmptyWallet => (refused("INSUFFICIENT_BALANCE"), None),
        Fault::TooSoon => (refused("PHONE_RECENTLY_RECHARGED"), None),
        Fault::TooManyRequests => (Heard::Http(429), None),
        Fault::ServerError => (Heard::Http(500), Some(1)),
        Fault::Malformed => (Heard::Html, Some(1)),
    }
}

async fn check(town: &Town, reference: &str, kind: Fault) {
    // What was late so far is booked, and no line was topped up a moment ago.
    town.advance(60_000);
    assert_eq!(town.credits(reference), None);
    let before = town.wallet().minor();
    let reply = town.top_up(reference, json!(10)).await;
    assert_eq!((heard(&reply), town.credits(reference)), expected(kind), "{kind:?}");
    let debited = if town.credits(reference) == Some(1) { 1_000 } else { 0 };
    assert_eq!(before - town.wallet().minor(), debited, "{kind:?}");
}

fn name(kind: Fault) -> String {
    json!(kind).as_str().unwrap().to_owned()
}

#[tokio::test]
async fn each_kind_is_switched_on_by_the_seed() {
    for kind in Fault::ALL {
        let faults = Faults::all(1).only(&[kind]).at(1000, 0);
        let town = Town::start(&line("state = \"in_service\""), "1000 CNY", faults).await;
        check(&town, "A", kind).await;
        check(&town, "B", kind).await;
    }
}

#[tokio::test]
async fn each_kind_is_switched_on_for_the_first_top_up_of_one_subscriber() {
    for kind in Fault::ALL {
        let state = format!("state = \"in_service\"\nfault = \"{}\"", name(kind));
        let town = Town::start(&line(&state), "1000 CNY", Faults::none()).await;
        check(&town, "A", kind).await;
        town.advance(60_000);
        let reply = town.top_up("B", json!(10)).await;
        assert_eq!(heard(&reply), Heard::Said("SUCCESSFUL".into(), 10), "{kind:?}");
    }
}

#[tokio::test]
async fn each_kind_is_switched_on_and_off_while_the_carrier_runs() {
    let town = Town::start(&line("state = \"in_service\""), "1000 CNY", Faults::none()).await;
    let switch = async |faults: Value| {
        let reply = town.send(Method::PUT, "/admin/faults", Some(faults.to_string().into_bytes())).await;
        assert_eq!(reply.ok(), town.get("/admin/faults").await.ok());
    };
    for kind in Fault::ALL {
        switch(json!({ "seed": 1, "kinds": [kind], "topups_per_mille": 1000, "questions_per_mille": 0 })).await;
        check(&town, &format!("ON{}", name(kind)), kind).await;
        switch(json!({ "seed": 1, "kinds": [] })).await;
        town.advance(60_000);
        let reply = town.top_up(&format!("OFF{}", name(kind)), json!(10)).await;
        assert_eq!(heard(&reply), Heard::Said("SUCCESSFUL".into(), 10), "{kind:?}");
    }
}

#[tokio::test]
async fn a_late_success_arrives_after_its_failure_and_lifts_the_bar() {
    let state = "state = \"arrears\"\narrears = \"10 CNY\"\nfault = \"late_success\"";
    let town = Town::start(&line(state), "1000 CNY", Faults::none()).await;
    check(&town, "A", Fault::LateSuccess).await;
    town.advance(1_499);
    assert_eq!((&town.find("A").await[0]["status"], town.is_barred().await), (&json!("FAILED"), true));
    let again = town.top_up("A", json!(10)).await;
    assert_eq!(heard(&again), Heard::Refused("CUSTOM_IDENTIFIER_ALREADY_USED".into()), "failed is not unused");
    town.advance(1);
    let row = &town.find("A").await[0];
    assert_eq!((&row["status"], &row["deliveredAmount"]), (&json!("SUCCESSFUL"), &json!(10.0)));
    assert_eq!((town.balance().await, town.is_barred().await), (amount("990 CNY"), true));
    town.advance(250);
    assert!(!town.is_barred().await);
}

#[tokio::test]
async fn a_late_success_arrives_though_nobody_asks() {
    let town = Town::start(&line("state = \"in_service\"\nfault = \"late_success\""), "1000 CNY", Faults::none()).await;
    check(&town, "A", Fault::LateSuccess).await;
    town.advance(1_500);
    let until = Instant::now() + Duration::from_secs(20);
    while town.wallet() != amount("990 CNY") {
        assert!(Instant::now() < until, "nothing was booked");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_delayed_answer_comes_after_its_time_to_a_top_up_booked_before() {
    let faults = Faults::all(1).only(&[Fault::Delayed]).at(1000, 0);
    let slow = Profile { delay_ms: 400, ..profile() };
    let town = Town::with_profile(&line("state = \"in_service\""), "1000 CNY", faults, slow).await;
    let began = Instant::now();
    let answer = async { (town.top_up("A", json!(10)).await, began.elapsed()) };
    let booked = async {
        while town.credits("A") != Some(1) {
            assert!(began.elapsed() < Duration::from_secs(20), "nothing was booked");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Instant::now()
    };
    let ((reply, took), booked) = futures_util::future::join(answer, booked).await;
    assert_eq!(heard(&reply), Heard::Said("SUCCESSFUL".into(), 10));
    assert!(took >= Duration::from_millis(400), "{took:?}");
    assert!(booked < began + took, "it was booked only with the answer");
    assert_eq!(town.status(LINE).await.status, 200);
}
