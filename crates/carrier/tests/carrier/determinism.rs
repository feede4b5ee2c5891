//! The same seed goes wrong the same way, in whatever order the requests come.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use ringback_carrier::Faults;
use serde_json::json;

use crate::town::{Reply, Town, lines, number, order};

const LINES: usize = 200;

/// What came back for a line's status and its top-up, and what the books have.
type Story = BTreeMap<usize, (String, String, Option<u32>)>;

/// An answer in a word.
fn word(reply: &Reply) -> String {
    match reply.status {
        _ if reply.lost => "lost".into(),
        _ if reply.text.starts_with('<') => "html".into(),
        _ if reply.text.is_empty() => reply.status.to_string(),
        200 if reply.json()["deliveredAmount"] == json!(5.0) => "partial".into(),
        200 => reply.json()["status"].as_str().unwrap_or("fine").to_owned(),
        _ => reply.error().1,
    }
}

async fn one(town: &Town, i: usize) -> (usize, (String, String, Option<u32>)) {
    let status = town.status(&number(i)).await;
    let reference = format!("R{i}");
    let reply = town.post("/reloadly/topups", &order(&reference, &number(i), 1, json!(10))).await;
    (i, (word(&status), word(&reply), town.credits(&reference)))
}

async fn one_by_one(seed: u64) -> Story {
    let town = Town::start(&lines(LINES), "100000 CNY", Faults::all(seed).at(400, 250)).await;
    let mut story = Story::new();
    for i in 0..LINES {
        story.extend([one(&town, i).await]);
    }
    story
}

async fn all_at_once(seed: u64) -> Story {
    let town = Town::start(&lines(LINES), "100000 CNY", Faults::all(seed).at(400, 250)).await;
    let mut story = Story::new();
    for part in (0..LINES).rev().collect::<Vec<_>>().chunks(20) {
        story.extend(join_all(part.iter().map(|i| one(&town, *i))).await);
    }
    story
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_goes_wrong_the_same_way_and_another_one_otherwise() {
    let story = one_by_one(11).await;
    assert_eq!(story, all_at_once(11).await);
    assert_ne!(story, one_by_one(12).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_seed_shows_every_kind_at_work() {
    let story = all_at_once(11).await;
    let seen: BTreeSet<(&str, Option<u32>)> = story.values().map(|(_, reply, credits)| (&**reply, *credits)).collect();
    let expected = [
        ("lost", None),
        ("lost", Some(1)),
        ("SUCCESSFUL", Some(1)),
        ("CUSTOM_IDENTIFIER_ALREADY_USED", Some(1)),
        ("FAILED", Some(0)),
        ("partial", Some(1)),
        ("INSUFFICIENT_BALANCE", None),
        ("PHONE_RECENTLY_RECHARGED", None),
        ("429", None),
        ("500", Some(1)),
        ("html", Some(1)),
    ];
    assert_eq!(seen, expected.into_iter().collect());
    let asked: BTreeSet<&str> = story.values().map(|(status, ..)| &**status).collect();
    assert_eq!(asked, ["429", "500", "fine", "html", "lost"].into_iter().collect());
}

/// What the same question hears, asked forty times.
async fn forty_answers(town: &Town) -> Vec<String> {
    let mut words = Vec::new();
    for _ in 0..40 {
        words.push(word(&town.status(&number(0)).await));
    }
    words
}

#[tokio::test]
async fn a_question_that_failed_is_answered_when_it_is_asked_again() {
    let town = Town::start(&lines(1), "1000 CNY", Faults::all(11).at(0, 500)).await;
    let words = forty_answers(&town).await;
    let fine = words.iter().filter(|word| *word == "fine").count();
    assert!((10..35).contains(&fine), "{words:?}");
}

#[tokio::test]
async fn faults_that_are_switched_on_anew_begin_anew() {
    let faults = || Faults::all(11).at(0, 500);
    let town = Town::start(&lines(1), "1000 CNY", faults()).await;
    let first = forty_answers(&town).await;
    assert_ne!(forty_answers(&town).await, first);
    town.carrier.world().set_faults(faults());
    assert_eq!(forty_answers(&town).await, first);
}
