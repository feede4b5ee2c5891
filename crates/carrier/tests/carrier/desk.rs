//! The claim desk over HTTP.

use ringback_carrier::Faults;
use serde_json::json;

use crate::town::{LINE, Town, amount, line};

async fn town(state: &str) -> Town {
    let town = Town::start(&line(state), "100 CNY", Faults::none()).await;
    town.top_up("A", json!(10)).await.ok();
    town
}

#[tokio::test]
async fn a_claim_is_acknowledged_then_paid_and_the_wallet_has_it_back_once() {
    let town = town("state = \"suspended_by_owner\"").await;
    assert_eq!(town.get("/desk/claims/A").await.status, 404, "nobody claimed yet");
    let acknowledged = json!({ "reference": "A", "case": "C-A", "state": "acknowledged" });
    assert_eq!(town.claim("A", "10").await, acknowledged);
    town.advance(299);
    assert_eq!(town.get("/desk/claims/A").await.ok(), acknowledged);
    assert_eq!(town.balance().await, amount("90 CNY"));
    town.advance(1);
    let paid = json!({ "reference": "A", "case": "C-A", "state": "paid", "paid": "10.00", "currency": "CNY" });
    for _ in 0..3 {
        assert_eq!(town.get("/desk/claims/A").await.ok(), paid);
        assert_eq!(town.claim("A", "10").await, paid);
        assert_eq!(town.balance().await, amount("100 CNY"));
    }
    let row = town.get("/admin/statement").await.ok()[0].clone();
    assert_eq!((&row["refunded_minor"], &row["credits"]), (&json!(1_000), &json!(1)));
    assert_eq!(town.find("A").await[0]["status"], "SUCCESSFUL", "a claim paid by the desk is no reversal");
}

#[tokio::test]
async fn a_second_claim_of_a_reference_changes_nothing() {
    let town = town("state = \"suspended_by_owner\"").await;
    town.claim("A", "4.50").await;
    town.advance(200);
    assert_eq!(town.claim("A", "10").await["state"], "acknowledged");
    town.advance(100);
    assert_eq!(town.claim("A", "10").await["paid"], "4.50");
    assert_eq!(town.balance().await, amount("94.50 CNY"));
}

#[tokio::test]
async fn what_the_desk_does_not_owe_is_denied_with_its_reason() {
    let cases = [
        ("state = \"suspended_by_owner\"", "A", "10.01", "more is claimed than was paid"),
        ("state = \"suspended_by_owner\"", "B", "10", "no such payment"),
        ("state = \"in_service\"", "A", "10", "the payment was used by the line"),
        ("state = \"arrears\"\narrears = \"5 CNY\"", "A", "10", "the payment was used by the line"),
        ("state = \"fraud\"", "A", "10", "the payment was used by the line"),
        ("state = \"recycled\"", "A", "10", "the payment was used by the line"),
    ];
    for (state, reference, claimed, reason) in cases {
        let town = town(state).await;
        let denied = json!({
            "reference": reference, "case": format!("C-{reference}"), "state": "denied", "reason": reason,
        });
        assert_eq!(town.claim(reference, claimed).await, denied, "{state}");
        town.advance(60_000);
        assert_eq!(town.get(&format!("/desk/claims/{reference}")).await.ok(), denied, "{state}");
        assert_eq!(town.balance().await, amount("90 CNY"), "{state}");
    }
}

#[tokio::test]
async fn a_claim_for_another_line_or_in_another_currency_is_denied() {
    for (number, currency) in [("+8613900139000", "CNY"), (LINE, "EUR")] {
        let town = town("state = \"suspended_by_owner\"").await;
        let body = json!({ "reference": "A", "phoneNumber": number, "amount": "10", "currency": currency });
        assert_eq!(town.post("/desk/claims", &body).await.ok()["state"], "denied", "{body}");
        town.advance(60_000);
        assert_eq!(town.get("/desk/claims/A").await.ok()["state"], "denied", "{body}");
        assert_eq!(town.balance().await, amount("90 CNY"));
    }
}

#[tokio::test]
async fn a_claim_that_says_nothing_is_no_claim() {
    let town = town("state = \"suspended_by_owner\"").await;
    for amount in ["0", "-1", "NaN", "1e1", "10.001", "ten", "", "99999999999999999999"] {
        let body = json!({ "reference": "A", "phoneNumber": LINE, "amount": amount, "currency": "CNY" });
        let reply = town.post("/desk/claims", &body).await;
        assert_eq!(reply.status, 400, "{amount}");
        assert!(reply.json()["error"].is_string(), "{amount}");
    }
    assert_eq!(town.get("/desk/claims/A").await.status, 404);
    assert_eq!(town.balance().await, amount("90 CNY"));
}
