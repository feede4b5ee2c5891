//! What the status service says about each kind of subscriber.

use ringback_carrier::Faults;
use serde_json::{Value, json};

use crate::town::{LINE, Town, line};

fn answer(voice: &str, reachable: bool) -> Value {
    json!({ "voiceSmsIn": "active", "voiceSmsOut": voice, "dataService": voice, "reachable": reachable })
}

#[tokio::test]
async fn every_kind_of_subscriber_has_its_answer() {
    let mut fraud = answer("suspended", true);
    fraud["barCause"] = json!("fraud");
    let cases = [
        ("state = \"in_service\"", answer("active", true)),
        ("state = \"in_service\"\nbalance = \"0.01 CNY\"", answer("active", true)),
        ("state = \"in_service\"\npowered_off = true", answer("active", false)),
        ("state = \"arrears\"\narrears = \"1 CNY\"", answer("suspended", true)),
        ("state = \"arrears\"\narrears = \"1 CNY\"\npowered_off = true", answer("suspended", false)),
        ("state = \"suspended_by_owner\"", answer("suspended", true)),
        ("state = \"fraud\"", fraud),
        ("state = \"recycled\"", answer("active", true)),
    ];
    for (state, expected) in cases {
        let town = Town::start(&line(state), "100 CNY", Faults::none()).await;
        assert_eq!(town.status(LINE).await.ok(), expected, "{state}");
    }
}

#[tokio::test]
async fn nobody_behind_the_number_is_camaras_404() {
    let town = Town::start(&line("state = \"ceased\""), "100 CNY", Faults::none()).await;
    for number in [LINE, "+8613900139000"] {
        let reply = town.status(number).await;
        let expected = json!({ "status": 404, "code": "IDENTIFIER_NOT_FOUND", "message": "no such subscriber" });
        assert_eq!((reply.status, reply.json()), (404, expected), "{number}");
    }
}

#[tokio::test]
async fn the_bar_is_lifted_after_the_settling_time_and_not_before() {
    let town = Town::start(&line("state = \"arrears\"\narrears = \"10 CNY\""), "100 CNY", Faults::none()).await;
    town.top_up("A", json!(9.99)).await.ok();
    town.advance(60_000);
    assert!(town.is_barred().await, "a fen is missing");
    town.top_up("B", json!(1)).await.ok();
    town.advance(249);
    assert!(town.is_barred().await);
    town.advance(1);
    assert!(!town.is_barred().await);
    let line = town.get("/admin/subscribers").await.ok()[0].clone();
    assert_eq!((&line["barred"], &line["credit_minor"]), (&json!(false), &json!(99)));
}
