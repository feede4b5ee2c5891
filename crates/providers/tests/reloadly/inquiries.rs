//! Inquiries by reference, and the statement.

use axum::http::Method;
use ringback_core::{Outcome, Reply};
use ringback_providers::Connector as _;
use serde_json::{Value, json};

use crate::{
    contract::{PATIENT, SHORT, check_unavailable, check_unknown, cny, order},
    peer::{Peer, REPORT, json_play, transaction},
    server::{Asked, FAULTS, Fault},
};

/// Rows in one page.
const PAGE: usize = 200;

fn row(status: &str, reference: Value) -> Value {
    let mut row = transaction(status, cny("30"));
    row["customIdentifier"] = reference;
    row
}

fn ours(status: &str) -> Value {
    row(status, json!(order().reference))
}

async fn inquire(rows: Vec<Value>) -> Reply {
    let peer = Peer::scripted(move |_| json_play(json!({ "content": rows }))).await;
    peer.open(PATIENT).inquire(&order()).await
}

#[tokio::test]
async fn the_reference_is_asked_for_and_compared_exactly() {
    let reference = order().reference.as_str().to_owned();
    let near = [json!(format!("{reference}0")), json!(reference.to_lowercase()), json!(reference[1..]), json!(null)];
    let rows: Vec<Value> = near.into_iter().map(|reference| row("SUCCESSFUL", reference)).collect();
    let peer = Peer::scripted(move |_| json_play(json!({ "content": rows }))).await;
    assert_eq!(peer.open(PATIENT).inquire(&order()).await.outcome, Outcome::NotFound);
    let asked = peer.server.asked(&Method::GET, REPORT).remove(0);
    assert!(asked.query.contains(&format!("customIdentifier={reference}")), "{}", asked.query);
}

#[tokio::test]
async fn what_outweighs_what_when_a_reference_stands_twice() {
    let cases = [
        (["FAILED", "SUCCESSFUL"], "SUCCESSFUL"),
        (["REFUNDED", "SUCCESSFUL"], "SUCCESSFUL"),
        (["FAILED", "PROCESSING"], "PROCESSING"),
        (["REFUNDED", "PROCESSING"], "PROCESSING"),
        (["FAILED", "REFUNDED"], "REFUNDED"),
    ];
    for ([one, other], expected) in cases {
        let alone = inquire(vec![ours(expected)]).await;
        for rows in [[one, other], [other, one]] {
            assert_eq!(inquire(rows.into_iter().map(ours).collect()).await, alone, "{rows:?}");
        }
    }
    let strange = inquire(vec![ours("FAILED"), ours("PERHAPS")]).await;
    check_unknown("a strange status beside a failure", &strange.outcome);
}

/// P5: "not found" settles in the end, so a page that may hide the order must not say it.
#[tokio::test]
async fn p5_a_full_page_of_others_is_no_not_found() {
    let full: Vec<Value> = (0..PAGE).map(|i| row("SUCCESSFUL", json!(format!("OTHER{i}")))).collect();
    check_unknown("a full page", &inquire(full.clone()).await.outcome);
    assert_eq!(inquire(full[1..].to_vec()).await.outcome, Outcome::NotFound);
    let peer = Peer::scripted(|_| json_play(json!({ "content": [], "totalPages": 3 }))).await;
    check_unknown("an empty page of three", &peer.open(PATIENT).inquire(&order()).await.outcome);
}

#[tokio::test]
async fn p5_an_answer_that_is_no_report_is_no_not_found() {
    for body in [json!({}), json!([]), json!({ "content": null }), json!({ "content": {} }), json!({ "content": [7] })]
    {
        let (text, answer) = (body.to_string(), body);
        let peer = Peer::scripted(move |_| json_play(answer.clone())).await;
        check_unknown(&text, &peer.open(PATIENT).inquire(&order()).await.outcome);
    }
}

fn page_of(asked: &Asked) -> usize {
    let mut pairs = asked.query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == "page").unwrap().1.parse().unwrap()
}

#[tokio::test]
async fn m4_a_statement_is_read_to_its_last_page() {
    for total in [0, 1, PAGE, PAGE + 1, 2 * PAGE + 7] {
        let peer = Peer::scripted(move |asked| {
            let from = (page_of(asked) - 1) * PAGE;
            let rows = (from..total.min(from + PAGE)).map(|i| row("SUCCESSFUL", json!(format!("R{i}"))));
            json_play(json!({ "content": rows.collect::<Vec<_>>() }))
        });
        let rows = peer.await.open(PATIENT).statement(0).await.unwrap();
        let expected: Vec<String> = (0..total).map(|i| format!("R{i}")).collect();
        assert_eq!(rows.into_iter().map(|row| row.reference).collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn m4_a_statement_keeps_what_each_row_says() {
    let rows = vec![ours("SUCCESSFUL"), ours("REFUNDED"), row("FAILED", json!(null))];
    let peer = Peer::scripted(move |_| json_play(json!({ "content": rows }))).await;
    let statement = peer.open(PATIENT).statement(1_795_564_800_000).await.unwrap();
    assert_eq!(statement[0].reply, inquire(vec![ours("SUCCESSFUL")]).await);
    assert!(matches!(statement[1].reply.outcome, Outcome::Reversed(_)));
    assert_eq!((statement[2].reference.as_str(), statement[2].msisdn), ("", order().msisdn));
    let query = peer.server.asked(&Method::GET, REPORT).remove(0).query;
    assert!(query.contains("startDate=2026-11-25"), "{query}");
}

#[tokio::test]
async fn m4_a_statement_with_a_broken_page_is_no_statement() {
    let full: Vec<Value> = (0..PAGE).map(|_| ours("SUCCESSFUL")).collect();
    for fault in FAULTS {
        let page = json!({ "content": full });
        let peer =
            Peer::scripted(move |asked| if page_of(asked) == 1 { json_play(page.clone()) } else { fault.play(&page) });
        let deadline = if fault == Fault::Silent { 2 * SHORT } else { PATIENT };
        check_unavailable(&format!("{fault:?}"), peer.await.open(deadline).statement(0).await);
    }
}
