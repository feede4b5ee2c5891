//! What whoever tests turns while the carrier runs: lines that are restricted again, and other times.

use reqwest::Method;
use ringback_carrier::{Faults, Profile};
use serde_json::{Value, json};

use crate::town::{LINE, Reply, Town, line};

async fn town() -> Town {
    Town::start(&line("state = \"in_service\""), "1000 CNY", Faults::none()).await
}

async fn put(town: &Town, what: &str, body: &Value) -> Reply {
    town.send(Method::PUT, &format!("/admin/{what}"), Some(body.to_string().into_bytes())).await
}

async fn barred(town: &Town) -> Value {
    town.get("/admin/subscribers").await.json()[0]["barred"].clone()
}

#[tokio::test]
async fn a_line_that_came_back_is_restricted_again_until_its_new_arrears_are_paid() {
    let town = town().await;
    for (round, arrears_yuan) in [30, 50].into_iter().enumerate() {
        let turn = json!([{ "msisdn": LINE, "service": { "arrears": { "owed_minor": arrears_yuan * 100 } } }]);
        assert_eq!(put(&town, "subscribers", &turn).await.json(), json!({ "turned": 1 }));
        assert_eq!(barred(&town).await, true);
        town.top_up(&format!("SHORT{round}"), json!(arrears_yuan - 1)).await.ok();
        town.advance(60_000);
        assert_eq!(barred(&town).await, true);
        town.top_up(&format!("REST{round}"), json!(1)).await.ok();
        town.advance(60_000);
        assert_eq!(barred(&town).await, false);
    }
}

#[tokio::test]
async fn what_is_shown_can_be_written() {
    let town = town().await;
    for service in [json!("suspended_by_owner"), json!("ceased"), json!({ "arrears": { "owed_minor": 1 } })] {
        put(&town, "subscribers", &json!([{ "msisdn": LINE, "service": service }])).await.ok();
        assert_eq!(town.get("/admin/subscribers").await.json()[0]["service"], service);
    }
}

#[tokio::test]
async fn a_turn_that_cannot_be_made_changes_nothing() {
    let town = town().await;
    let stranger = json!([{ "msisdn": LINE, "service": "fraud" }, { "msisdn": "+8613999999999", "service": "fraud" }]);
    let cases = [(stranger, 404), (json!([{ "msisdn": LINE, "service": "asleep" }]), 400), (json!({}), 400)];
    for (body, status) in cases {
        assert_eq!(put(&town, "subscribers", &body).await.status, status, "{body}");
        assert_eq!(barred(&town).await, false);
    }
}

#[tokio::test]
async fn times_and_terms_are_replaced_while_it_runs() {
    let town = town().await;
    let replaced = put(&town, "profile", &json!({ "min_gap_ms": 7 })).await.json();
    assert_eq!((&replaced["min_gap_ms"], &replaced["late_ms"]), (&json!(7), &json!(Profile::default().late_ms)));
    assert_eq!(town.get("/admin/profile").await.json()["min_gap_ms"], 7);
    assert_eq!(put(&town, "profile", &json!({ "gap": 7 })).await.status, 400);
}
