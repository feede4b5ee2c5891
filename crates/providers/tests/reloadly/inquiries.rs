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
    let peer = Peer::scripted(|_| json_play(json!({ "content": [], "totalPages": 1, "totalElements": 1 }))).await;
    check_unknown("an empty page of one row", &peer.open(PATIENT).inquire(&order()).await.outcome);
}

#[tokio::test]
async fn p5_an_answer_that_is_no_report_is_no_not_found() {
    let number = json!({ "content": 8_613_800_138_000_u64 });
    for body in [json!({}), json!([]), json!({ "content": null }), json!({ "content": {} }), number] {
        let (text, answer) = (body.to_string(), body);
        let peer = Peer::scripted(move |_| json_play(answer.clone())).await;
        check_unknown(&text, &peer.open(PATIENT).inquire(&order()).await.outcome);
    }
}

fn page_of(asked: &Asked) -> usize {
    let mut pairs = asked.query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == "page").unwrap().1.parse().unwrap()
}

/// A row of its own: two rows may have one reference, never one id.
fn numbered(id: usize, mut row: Value) -> Value {
    row["transactionId"] = json!(id);
    row
}

fn rows(ids: std::ops::Range<usize>) -> Vec<Value> {
    ids.map(|id| numbered(id, row("SUCCESSFUL", json!(format!("R{id}"))))).collect()
}

/// A report of `total` rows, `size` on each page; it says how many there are where it is told to.
async fn report(total: usize, size: usize, says_how_many: bool) -> Peer {
    Peer::scripted(move |asked| {
        let from = (page_of(asked) - 1) * size;
        let mut page = json!({ "content": rows(from..total.min(from + size)) });
        if says_how_many {
            (page["totalPages"], page["totalElements"]) = (json!(total.div_ceil(size)), json!(total));
        }
        json_play(page)
    })
    .await
}

async fn references(peer: &Peer) -> Vec<String> {
    let rows = peer.open(PATIENT).statement(0).await.unwrap();
    rows.into_iter().map(|row| row.reference).collect()
}

#[tokio::test]
async fn m4_a_statement_is_read_to_its_last_page() {
    for total in [0, 1, PAGE, PAGE + 1, 2 * PAGE + 7] {
        let expected: Vec<String> = (0..total).map(|i| format!("R{i}")).collect();
        assert_eq!(references(&report(total, PAGE, false).await).await, expected);
        // A provider may put less on a page than it was asked for.
        for size in [PAGE, PAGE / 2] {
            assert_eq!(references(&report(total, size, true).await).await, expected);
        }
    }
}

#[tokio::test]
async fn m4_two_top_ups_with_one_reference_are_two_rows() {
    let peer = Peer::scripted(|_| {
        json_play(json!({ "content": [numbered(1, ours("SUCCESSFUL")), numbered(2, ours("SUCCESSFUL"))] }))
    });
    let reference = order().reference.as_str().to_owned();
    assert_eq!(references(&peer.await).await, [reference.clone(), reference]);
}

/// The newest rows stand first, so a top-up that is booked meanwhile moves the others down.
#[tokio::test]
async fn m4_a_row_that_moves_to_the_next_page_is_no_second_top_up() {
    let peer = Peer::scripted(|asked| match page_of(asked) {
        1 => json_play(json!({ "content": rows(0..PAGE), "totalPages": 2, "totalElements": PAGE + 1 })),
        _ => json_play(json!({ "content": rows(PAGE - 1..PAGE + 1), "totalPages": 2, "totalElements": PAGE + 2 })),
    });
    let expected: Vec<String> = (0..=PAGE).map(|i| format!("R{i}")).collect();
    assert_eq!(references(&peer.await).await, expected);
}

#[tokio::test]
async fn m4_a_statement_that_cannot_be_whole_is_no_statement() {
    type Report = fn(usize) -> Value;
    let reports: [(&str, Report); 5] = [
        ("one page for ever", |_| json!({ "content": rows(0..PAGE) })),
        ("one page twice", |_| json!({ "content": rows(0..PAGE), "totalPages": 2 })),
        ("two pages in turn", |page| json!({ "content": rows(page % 2 * PAGE..(page % 2 + 1) * PAGE) })),
        ("an empty page before the last", |_| json!({ "content": [], "totalPages": 2 })),
        ("fewer rows than it says", |_| json!({ "content": rows(0..3), "totalPages": 1, "totalElements": 4 })),
    ];
    for (what, report) in reports {
        let peer = Peer::scripted(move |asked| json_play(report(page_of(asked))));
        check_unavailable(what, peer.await.open(PATIENT).statement(0).await);
    }
}

#[tokio::test]
async fn m4_a_statement_keeps_what_each_row_says() {
    let rows = vec![ours("SUCCESSFUL"), ours("REFUNDED"), row("FAILED", json!(null))];
    let rows: Vec<Value> = rows.into_iter().enumerate().map(|(id, row)| numbered(id, row)).collect();
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
    let full = rows(0..PAGE);
    for fault in FAULTS {
        let page = json!({ "content": full });
        let peer =
            Peer::scripted(move |asked| if page_of(asked) == 1 { json_play(page.clone()) } else { fault.play(&page) });
        let deadline = if fault == Fault::Silent { 2 * SHORT } else { PATIENT };
        check_unavailable(&format!("{fault:?}"), peer.await.open(deadline).statement(0).await);
    }
}
