//! The statement against the books and the wallet, reference by reference.

use std::collections::BTreeMap;

use ringback_carrier::Faults;
use ringback_core::Amount;
use serde_json::{Value, json};

use crate::town::{Town, amount, lines, number, order};

const REPORT: &str = "/reloadly/topups/reports/transactions";

/// What one reference moved: whether it succeeded, what it cost, what arrived, in fen.
type Row = (bool, i64, i64);

async fn rows(town: &Town, query: &str) -> Vec<Value> {
    town.get(&format!("{REPORT}{query}")).await.ok()["content"].as_array().unwrap().clone()
}

fn minor(number: &Value) -> i64 {
    Amount::parse_decimal(&number.to_string(), "CNY".parse().unwrap()).unwrap().minor()
}

fn references(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["customIdentifier"].as_str().unwrap()).collect()
}

/// As the provider tells it.
fn told(rows: &[Value]) -> BTreeMap<String, Row> {
    let row = |row: &Value| {
        let reference = row["customIdentifier"].as_str().unwrap().to_owned();
        (reference, (row["status"] == "SUCCESSFUL", minor(&row["requestedAmount"]), minor(&row["deliveredAmount"])))
    };
    rows.iter().map(row).collect()
}

/// As the books have it.
fn booked(rows: &Value) -> BTreeMap<String, Row> {
    let fen = |text: &Value| text.as_str().unwrap().parse::<Amount>().unwrap().minor();
    let row = |row: &Value| {
        let credits = row["credits"].as_i64().unwrap();
        assert!(credits <= 1, "{row}");
        let reference = row["reference"].as_str().unwrap().to_owned();
        (reference, (credits == 1, fen(&row["requested"]), fen(&row["delivered"]) * credits))
    };
    rows.as_array().unwrap().iter().map(row).collect()
}

#[tokio::test]
async fn with_every_fault_on_the_wallet_pays_for_exactly_what_the_statement_calls_paid() {
    let town = Town::start(&lines(120), "100000 CNY", Faults::all(3).at(600, 0)).await;
    for i in 0..120 {
        let amount = json!(10 + i);
        town.post("/reloadly/topups", &order(&format!("R{i}"), &number(i), 1, amount)).await;
    }
    // Before the late successes arrive, and after.
    for _ in 0..2 {
        check(&town).await;
        town.advance(1_500);
    }
}

async fn check(town: &Town) {
    let told = told(&rows(town, "").await);
    assert_eq!(told, booked(&town.get("/admin/statement").await.ok()));
    let sums = told.values().filter(|row| row.0).fold((0, 0), |sum, row| (sum.0 + row.1, sum.1 + row.2));
    let paid = 10_000_000 - town.balance().await.minor();
    let world = town.carrier.world();
    let arrived: i64 = world.subscribers.values().map(|line| line.credit_minor).sum();
    assert_eq!((paid, arrived), sums);
    assert!(arrived < paid, "some arrive in part");
    assert!((60..120).contains(&told.len()), "some were never booked: {}", told.len());
}

async fn five_rows() -> Town {
    let town = Town::start(&lines(5), "1000 CNY", Faults::none()).await;
    for i in 0..5 {
        town.post("/reloadly/topups", &order(&format!("R{i}"), &number(i), 1, json!(10))).await.ok();
        town.advance(60_000);
    }
    town
}

#[tokio::test]
async fn pages_together_are_the_whole() {
    let town = five_rows().await;
    let mut paged = Vec::new();
    for (page, count) in [(1, 2), (2, 2), (3, 1), (4, 0)] {
        let answer = town.get(&format!("{REPORT}?page={page}&size=2")).await.ok();
        let content = answer["content"].as_array().unwrap().clone();
        assert_eq!((content.len(), &answer["totalPages"], &answer["totalElements"]), (count, &json!(3), &json!(5)));
        paged.extend(content);
    }
    assert_eq!(paged, rows(&town, "").await);
    assert_eq!(references(&paged), ["R0", "R1", "R2", "R3", "R4"]);
}

#[tokio::test]
async fn the_statement_is_filtered_by_reference_and_by_time() {
    let town = five_rows().await;
    let cases: [(&str, &[&str]); 7] = [
        ("?customIdentifier=R3", &["R3"]),
        ("?customIdentifier=R", &[]),
        ("?customIdentifier=r3", &[]),
        ("?startDate=2027-01-15%2008:03:00", &["R3", "R4"]),
        ("?startDate=2027-01-15%2008:03:01", &["R4"]),
        ("?endDate=2027-01-15%2008:01:00", &["R0", "R1"]),
        ("?startDate=2027-01-15%2008:01:00&endDate=2027-01-15%2008:01:59&page=1&size=200", &["R1"]),
    ];
    for (query, expected) in cases {
        assert_eq!(references(&rows(&town, query).await), expected, "{query}");
    }
    assert_eq!(town.balance().await, amount("950 CNY"));
}
