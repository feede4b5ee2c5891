//! Submissions: what is sent, how often, and with which token.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::Method;
use futures_util::FutureExt as _;
use ringback_core::{Outcome, Refusal};
use ringback_providers::{Connector as _, ProviderError, reloadly::Reloadly};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    contract::{
        Act, PATIENT, Provider as _, SHORT, check_unavailable, check_unknown, cny, order, prepared, shows_no_number,
    },
    peer::{Peer, SECRET, TOKEN, TOPUPS, json_play, refuse, settings, transaction},
    server::{FAULTS, Fault, Play},
};

/// What is answered when no order left for want of a token.
const NOT_SENT: Outcome = Outcome::Refused(Refusal::Unavailable);

#[tokio::test]
async fn an_order_is_written_as_the_api_wants_it() {
    let peer = Peer::start().await;
    let mut order = order();
    order.asked = cny("10.10");
    let connector = peer.open(PATIENT);
    connector.prepare().await.unwrap();
    connector.submit(&order).await;
    let sent = peer.server.asked(&Method::POST, TOPUPS).remove(0);
    let expected = json!({
        "operatorId": 221, "amount": 10.1, "useLocalAmount": false, "customIdentifier": order.reference,
        "recipientPhone": { "countryCode": "CN", "number": "8613800138000" },
    });
    assert_eq!((sent.body, sent.authorization.as_deref()), (expected, Some("Bearer token-0")));
    let granted = peer.server.asked(&Method::POST, TOKEN).remove(0).body;
    assert_eq!((&granted["grant_type"], &granted["client_secret"]), (&json!("client_credentials"), &json!(SECRET)));
}

#[tokio::test]
async fn an_order_that_cannot_be_written_is_not_sent() {
    let peer = Peer::start().await;
    let mut order = order();
    order.product = "fast-product".into();
    check_unknown("no operator id", &peer.open(PATIENT).submit(&order).await.outcome);
    assert_eq!(peer.submissions(), 0);
}

#[tokio::test]
async fn what_was_converted_is_rounded_down_to_the_currencys_decimals() {
    let mut answer = transaction("SUCCESSFUL", cny("30"));
    answer["deliveredAmount"] = json!(28.355);
    let Outcome::Delivered(receipt) = submit_to(answer).await else { panic!("not delivered") };
    assert_eq!(receipt.delivered, cny("28.35"));
}

#[tokio::test]
async fn an_answer_without_whole_amounts_settles_nothing() {
    for (key, value) in [
        ("deliveredAmount", json!(-30)),
        ("deliveredAmount", json!(null)),
        ("deliveredAmount", json!(1e300)),
        ("deliveredAmountCurrencyCode", json!("XXQ")),
        ("requestedAmount", json!("thirty")),
        ("requestedAmountCurrencyCode", json!(null)),
        ("fee", json!(-1)),
        ("status", json!("DELIVERED_MAYBE")),
        ("status", json!(null)),
    ] {
        let mut answer = transaction("SUCCESSFUL", cny("30"));
        answer[key] = value.clone();
        let outcome = submit_to(answer).await;
        check_unknown(&format!("{key} {value}"), &outcome);
    }
}

#[tokio::test]
async fn a_fee_is_taken_from_the_float() {
    let mut answer = transaction("SUCCESSFUL", cny("30"));
    answer["fee"] = json!(0.5);
    let Outcome::Delivered(receipt) = submit_to(answer).await else { panic!("not delivered") };
    assert_eq!((receipt.debited, receipt.delivered), (cny("30.50"), cny("30")));
}

#[tokio::test]
async fn a_discount_stays_in_the_float() {
    for (discount, currency, debited) in [
        (json!(0.6), json!("CNY"), "29.40"),
        (json!(0.6), json!("USD"), "30"),
        (json!(0.605), json!("CNY"), "30"),
        (json!(31), json!("CNY"), "30"),
        (json!(null), json!(null), "30"),
    ] {
        let mut answer = transaction("SUCCESSFUL", cny("30"));
        (answer["discount"], answer["discountCurrencyCode"]) = (discount.clone(), currency);
        let Outcome::Delivered(receipt) = submit_to(answer).await else { panic!("{discount}: not delivered") };
        assert_eq!((receipt.debited, receipt.delivered), (cny(debited), cny("30")), "{discount}");
    }
}

/// The parser and the provider may repeat what they cannot read.
#[tokio::test]
async fn s6_no_outcome_shows_the_number() {
    for key in ["status", "customIdentifier", "requestedAmountCurrencyCode"] {
        for value in [json!(8_613_800_138_000_u64), json!("+8613800138000")] {
            let mut answer = transaction("SUCCESSFUL", cny("30"));
            answer[key] = value;
            let outcome = submit_to(answer).await;
            shows_no_number(key, &format!("{outcome:?}"));
        }
    }
}

#[tokio::test]
async fn p4_an_order_that_failed_as_a_duplicate_is_looked_up() {
    let mut answer = transaction("FAILED", cny("0"));
    answer["errorCode"] = json!("CUSTOM_IDENTIFIER_ALREADY_USED");
    check_unknown("a duplicate", &submit_to(answer).await);
}

#[tokio::test]
async fn an_order_that_failed_without_a_known_code_may_be_tried_again() {
    for code in [json!(null), json!("A_CODE_OF_NEXT_YEAR"), json!("PROVIDER_INTERNAL_ERROR")] {
        let mut answer = transaction("FAILED", cny("0"));
        answer["errorCode"] = code.clone();
        assert_eq!(submit_to(answer).await, Outcome::Refused(Refusal::Unavailable), "{code}");
    }
}

async fn submit_to(answer: Value) -> Outcome {
    let peer = Peer::scripted(move |_| json_play(answer.clone())).await;
    let outcome = prepared(&peer.open(PATIENT)).await.outcome;
    assert_eq!(peer.submissions(), 1);
    outcome
}

#[tokio::test]
async fn a_token_serves_many_calls() {
    let peer = Peer::start().await;
    let connector = peer.open(PATIENT);
    connector.prepare().await.unwrap();
    for _ in 0..3 {
        assert_eq!(connector.submit(&order()).await.outcome, Outcome::Pending);
        assert_eq!(connector.inquire(&order()).await.outcome, Outcome::NotFound);
    }
    assert_eq!((peer.tokens(), peer.submissions()), (1, 3));
}

/// N3, P9: whatever may take its time lies before the last check of the kill switch.
#[tokio::test]
async fn n3_a_submission_asks_for_no_token() {
    let peer = Peer::start().await;
    let connector = peer.open(PATIENT);
    let reply = connector.submit(&order()).now_or_never().expect("nothing is waited for");
    assert_eq!((reply.outcome, peer.tokens(), peer.submissions()), (NOT_SENT, 0, 0));
    assert_eq!(prepared(&connector).await.outcome, Outcome::Pending);
    assert_eq!((peer.tokens(), peer.submissions()), (1, 1));
}

#[tokio::test]
async fn n3_a_submission_does_not_wait_while_another_call_gets_a_token() {
    let peer = Peer::start().await;
    let grants = AtomicUsize::new(0);
    peer.server.play(move |asked| match asked.path.as_str() {
        TOKEN if grants.fetch_add(1, Ordering::Relaxed) == 0 => json_play(json!({ "access_token": "short" })),
        TOKEN => Play::Never,
        _ => json_play(transaction("PROCESSING", cny("0"))),
    });
    let connector = peer.open(PATIENT);
    connector.prepare().await.unwrap();
    let order = order();
    tokio::select! {
        biased;
        _ = connector.prepare() => panic!("the second token never comes"),
        reply = connector.submit(&order) => assert_eq!(reply.outcome, Outcome::Pending),
    }
}

#[tokio::test]
async fn an_expired_token_is_forgotten_and_the_order_is_not_sent_again() {
    let peer = Peer::scripted(move |asked| match asked.authorization.as_deref() {
        Some("Bearer token-0") => refuse("TOKEN_EXPIRED", 401),
        _ => json_play(transaction("SUCCESSFUL", cny("30"))),
    })
    .await;
    let connector = peer.open(PATIENT);
    assert_eq!(prepared(&connector).await.outcome, NOT_SENT);
    assert_eq!((peer.tokens(), peer.submissions()), (1, 1));
    assert_eq!(connector.submit(&order()).await.outcome, NOT_SENT);
    assert_eq!((peer.tokens(), peer.submissions()), (1, 1));
    assert!(matches!(prepared(&connector).await.outcome, Outcome::Delivered(_)));
    assert_eq!((peer.tokens(), peer.submissions()), (2, 2));
}

/// Only the provider's own word about the token says that it did not look at the order; the token is of no more use.
#[tokio::test]
async fn after_another_401_the_order_is_looked_up_with_a_new_token() {
    for (what, code) in [("another code", "INVALID_TOKEN"), ("no code", "")] {
        let peer = Peer::scripted(move |asked| match asked.path.as_str() {
            TOPUPS => refuse(code, 401),
            _ => json_play(json!({ "content": [transaction("SUCCESSFUL", cny("30"))] })),
        })
        .await;
        let connector = peer.open(PATIENT);
        check_unknown(what, &prepared(&connector).await.outcome);
        assert_eq!((peer.tokens(), peer.submissions()), (1, 1), "{what}");
        assert!(matches!(connector.inquire(&order()).await.outcome, Outcome::Delivered(_)), "{what}");
        assert_eq!((peer.tokens(), peer.submissions()), (2, 1), "{what}");
    }
}

#[tokio::test]
async fn a_question_is_asked_once_more_with_a_new_token() {
    for code in ["TOKEN_EXPIRED", "INVALID_TOKEN", ""] {
        let peer = Peer::scripted(move |asked| match asked.authorization.as_deref() {
            Some("Bearer token-1") => json_play(json!({ "balance": 7, "currencyCode": "CNY" })),
            _ => refuse(code, 401),
        })
        .await;
        assert_eq!(peer.open(PATIENT).balance().await.unwrap(), cny("7"), "{code}");
        assert_eq!(peer.tokens(), 2, "{code}");
    }
}

#[tokio::test]
async fn a_question_whose_tokens_are_all_refused_is_given_up() {
    let peer = Peer::scripted(|_| refuse("TOKEN_EXPIRED", 401)).await;
    let error = peer.open(PATIENT).balance().await.unwrap_err();
    assert!(matches!(error, ProviderError::Credentials { .. }), "{error}");
    let asked = peer.server.asked(&Method::GET, "/accounts/balance").len();
    assert_eq!((peer.tokens(), asked), (2, 2));
}

#[tokio::test]
async fn a_token_that_lasts_for_ever_or_not_at_all_is_used() {
    for (expires_in, tokens) in [(json!(u64::MAX), 1), (json!(0), 2), (json!(30), 2)] {
        let peer = Peer::start().await;
        let granted = json!({ "access_token": "t", "expires_in": expires_in });
        peer.server.play(move |asked| match asked.path.as_str() {
            TOKEN => json_play(granted.clone()),
            _ => json_play(transaction("PROCESSING", cny("0"))),
        });
        let connector = peer.open(PATIENT);
        for _ in 0..2 {
            assert_eq!(prepared(&connector).await.outcome, Outcome::Pending, "{expires_in}");
        }
        assert_eq!((peer.tokens(), peer.submissions()), (tokens, 2), "{expires_in}");
    }
}

#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    for fault in FAULTS {
        let peer = Peer::start().await;
        peer.server.play(move |_| fault.play(&json!({ "access_token": "t" })));
        let connector = peer.open(if fault == Fault::Silent { SHORT } else { PATIENT });
        assert!(connector.prepare().await.is_err(), "{fault:?}");
        assert_eq!(connector.submit(&order()).await.outcome, NOT_SENT, "{fault:?}");
        assert_eq!(peer.submissions(), 0, "{fault:?}");
        assert!(connector.balance().await.is_err(), "{fault:?}");
    }
}

#[tokio::test]
async fn s6_wrong_credentials_are_named_and_not_shown() {
    let peer = Peer::start().await;
    peer.server.play(|asked| match asked.path.as_str() {
        // A provider that repeats what it was sent.
        TOKEN => refuse(SECRET, 401),
        _ => Play::Never,
    });
    let connector = peer.open(PATIENT);
    let outcome = connector.submit(&order()).await.outcome;
    let error = connector.prepare().await.unwrap_err();
    let texts = format!("{outcome:?} {error} {error:?}");
    assert!(texts.contains("check client_id and client_secret") && !texts.contains(SECRET), "{texts}");
    assert_eq!(peer.submissions(), 0);
}

#[tokio::test]
async fn s6_no_fault_shows_a_secret_or_a_token() {
    for fault in FAULTS {
        let peer = Peer::scripted(move |_| fault.play(&json!({ "errorCode": "TROUBLE" }))).await;
        let connector = peer.open(SHORT);
        let (reply, error) = (prepared(&connector).await, connector.balance().await);
        let texts = format!("{reply:?} {error:?}");
        assert_eq!(peer.tokens(), 1, "{fault:?}");
        assert!(!texts.contains(SECRET) && !texts.contains("token-0"), "{fault:?}: {texts}");
    }
}

#[tokio::test]
async fn an_address_without_a_provider_is_unknown() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let connector = Reloadly::new(settings(&url, PATIENT)).unwrap();
    check_unavailable("nobody listens", connector.prepare().await);
    check_unknown("nobody listens", &connector.inquire(&order()).await.outcome);
    check_unavailable("nobody listens", connector.balance().await);
}

/// The token's address answers, the orders' address does not: the connection is refused while the order is out.
#[tokio::test]
async fn a_refused_connection_behind_a_token_is_unknown() {
    let (peer, listener) = (Peer::start().await, TcpListener::bind("127.0.0.1:0").await.unwrap());
    let mut settings = settings(&peer.server.url, PATIENT);
    settings.topups_url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    check_unknown("refused", &prepared(&Reloadly::new(settings).unwrap()).await.outcome);
    assert_eq!(peer.tokens(), 1);
}

/// A connection from the pool that dies under an order must not make the client send it a second time.
#[tokio::test]
async fn a_lost_answer_on_a_used_connection_is_not_sent_again() {
    let peer = Peer::start().await;
    let connector = peer.open(PATIENT);
    assert_eq!(prepared(&connector).await.outcome, Outcome::Pending);
    peer.on_submit(Act::Fault(Fault::Broken));
    check_unknown("a lost answer", &connector.submit(&order()).await.outcome);
    assert_eq!(peer.submissions(), 2);
}
