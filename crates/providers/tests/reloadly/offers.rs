//! What can be paid for a line, and what the wallet holds.

use axum::http::Method;
use ringback_core::{Amount, Carrier, Denominations, Offer};
use ringback_providers::{Connector as _, ProviderError};
use serde_json::{Value, json};

use crate::{
    contract::{PATIENT, SHORT, check_unavailable, cny, order, shows_no_number},
    peer::{Peer, json_play, refuse},
    server::{FAULTS, Fault},
};

fn operator(kind: &str) -> Value {
    json!({
        "id": 221, "operatorId": 221, "name": "China Mobile China", "denominationType": kind,
        "pin": false, "data": false, "bundle": false, "senderCurrencyCode": "CNY", "destinationCurrencyCode": "CNY", "supportsLocalAmounts": false,
        "fixedAmounts": [], "minAmount": null, "maxAmount": null, "geographicalRechargePlans": [],
        "localFixedAmounts": [], "localMinAmount": null, "localMaxAmount": null, "fx": { "rate": 1, "currencyCode": "CNY" },
    })
}

fn ranged(min: &Value, max: &Value) -> Value {
    let mut ranged = operator("RANGE");
    (ranged["minAmount"], ranged["maxAmount"]) = (min.clone(), max.clone());
    ranged
}

fn fixed(amounts: Value) -> Value {
    let mut fixed = operator("FIXED");
    fixed["fixedAmounts"] = amounts;
    fixed
}

async fn offer(answer: Value) -> Result<Offer, ProviderError> {
    Peer::scripted(move |_| json_play(answer.clone())).await.open(PATIENT).offer(order().msisdn).await
}

fn amounts(texts: &[&str]) -> Vec<Amount> {
    texts.iter().map(|text| cny(text)).collect()
}

#[tokio::test]
async fn a_ranged_operator_sells_every_fen_between_its_bounds() {
    let offer = offer(ranged(&json!(1), &json!(500.5))).await.unwrap();
    assert_eq!((offer.product.as_str(), offer.provider.as_str()), ("221", "airtime"));
    assert_eq!((offer.carrier, offer.plans), (Carrier::named("China Mobile"), Vec::new()));
    let (min, max, step) = (cny("1"), cny("500.50"), cny("0.01"));
    assert_eq!(offer.denominations, Denominations::Range { min, max, step });
}

#[tokio::test]
async fn a_fixed_operator_sells_its_amounts_in_ascending_order() {
    let offer = offer(fixed(json!([50, 10.0, 30, 10]))).await.unwrap();
    assert_eq!(offer.denominations, Denominations::Fixed(amounts(&["10", "30", "50"])));
    assert_eq!(offer.plans, amounts(&["10", "30", "50"]));
}

#[tokio::test]
async fn s1041_plans_that_the_operator_names_are_kept() {
    let mut answer = ranged(&json!(1), &json!(500));
    answer["geographicalRechargePlans"] = json!([{ "fixedAmounts": [59, 8] }, { "fixedAmounts": [8, 38] }, {}]);
    assert_eq!(offer(answer).await.unwrap().plans, amounts(&["8", "38", "59"]));
}

#[tokio::test]
async fn the_line_is_asked_for_with_its_region() {
    let answer = fixed(json!([10]));
    let peer = Peer::scripted(move |_| json_play(answer.clone())).await;
    peer.open(PATIENT).offer(order().msisdn).await.unwrap();
    let asked = peer.server.asked(&Method::GET, "/operators").remove(0);
    assert_eq!(asked.path, "/operators/auto-detect/phone/8613800138000/countries/CN");
}

#[tokio::test]
async fn either_name_of_the_operators_id_is_read_and_both_at_once() {
    let both = fixed(json!([10]));
    for gone in ["id", "operatorId", "nothing"] {
        let mut answer = both.clone();
        answer.as_object_mut().unwrap().remove(gone);
        let peer = Peer::scripted(move |_| json_play(answer.clone())).await;
        assert_eq!(peer.open(PATIENT).offer(order().msisdn).await.unwrap().product, "221", "without {gone}");
    }
}

#[tokio::test]
async fn an_operator_of_another_currency_is_refused_by_name() {
    for key in ["senderCurrencyCode", "destinationCurrencyCode"] {
        let mut answer = fixed(json!([10]));
        answer[key] = json!("EUR");
        let error = offer(answer).await.unwrap_err();
        assert!(matches!(error, ProviderError::NotOffered { .. }), "{error}");
        let text = error.to_string();
        assert!(["China Mobile China", "EUR", "float is in CNY"].iter().all(|part| text.contains(part)), "{text}");
    }
}

#[tokio::test]
async fn an_operator_that_sells_nothing_whole_is_refused() {
    let sells = |what: &str| {
        let mut other = fixed(json!([10]));
        other[what] = json!(true);
        other
    };
    let cases = [
        sells("pin"),
        sells("data"),
        sells("bundle"),
        operator("RANGE"),
        ranged(&json!(1), &json!(null)),
        ranged(&json!(-5), &json!(10)),
        ranged(&json!(10), &json!(5)),
        ranged(&json!(0), &json!(0)),
        operator("FIXED"),
        fixed(json!([10, -5])),
        fixed(json!([0, 10])),
        fixed(json!([10.005])),
        fixed(json!([1e300])),
    ];
    for answer in cases {
        let text = answer.to_string();
        let error = offer(answer).await.expect_err(&text);
        assert!(matches!(error, ProviderError::NotOffered { .. }), "{text}: {error}");
    }
}

#[tokio::test]
async fn an_unknown_operator_is_not_offered() {
    for code in ["COULD_NOT_AUTO_DETECT_OPERATOR", "INVALID_RECIPIENT_PHONE"] {
        let peer = Peer::scripted(move |_| refuse(code, 404)).await;
        let error = peer.open(PATIENT).offer(order().msisdn).await.unwrap_err();
        assert!(matches!(error, ProviderError::NotOffered { .. }) && error.to_string().contains(code), "{error}");
        shows_no_number(code, &format!("{error} {error:?}"));
    }
}

#[tokio::test]
async fn questions_without_an_answer_are_unavailable() {
    for fault in FAULTS {
        let peer = Peer::scripted(move |_| fault.play(&json!({ "balance": 1, "currencyCode": "CNY" }))).await;
        let connector = peer.open(if fault == Fault::Silent { SHORT } else { PATIENT });
        check_unavailable(&format!("{fault:?}"), connector.offer(order().msisdn).await);
        check_unavailable(&format!("{fault:?}"), connector.balance().await);
    }
}

#[tokio::test]
async fn a_refused_login_is_told_from_a_broken_provider() {
    for status in [401, 403] {
        let peer = Peer::scripted(move |_| refuse("INVALID_TOKEN", status)).await;
        let error = peer.open(PATIENT).balance().await.unwrap_err();
        assert!(matches!(error, ProviderError::Credentials { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_balance_is_read_to_the_fen() {
    let peer =
        Peer::scripted(|_| json_play(json!({ "balance": 1234.5, "currencyCode": "CNY", "updatedAt": "…" }))).await;
    assert_eq!(peer.open(PATIENT).balance().await.unwrap(), cny("1234.50"));
    for body in [json!({ "balance": "much", "currencyCode": "CNY" }), json!({ "balance": 1, "currencyCode": "XXQ" })] {
        let peer = Peer::scripted(move |_| json_play(body.clone())).await;
        check_unavailable("a strange balance", peer.open(PATIENT).balance().await);
    }
}
