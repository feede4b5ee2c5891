//! What channels may be asked in a day, and what they have shown that they can tell.

use ringback_core::{Read, recovery::Event};

use super::{
    Databases,
    fixture::{Scene, answered, in_service, numbers, restricted},
};

pub(crate) async fn a_budget_is_what_one_day_allows(databases: &impl Databases) {
    let store = databases.fresh().await;
    for (channel, day, count, granted) in
        [("sms", 1, 3, 3), ("ussd", 1, 9, 5), ("sms", 1, 4, 2), ("sms", 1, 1, 0), ("sms", 2, 6, 5), ("sms", 2, 1, 0)]
    {
        assert_eq!(store.take_queries(channel, day, count, 5).await.unwrap(), granted, "{channel} on day {day}");
    }
    // Raised, lowered: what was asked counts.
    assert_eq!(store.take_queries("sms", 2, 9, 8).await.unwrap(), 3);
    assert_eq!(store.take_queries("sms", 2, 9, 1).await.unwrap(), 0);
}

pub(crate) async fn a_clock_set_back_opens_no_day_of_a_budget(databases: &impl Databases) {
    let store = databases.fresh().await;
    assert_eq!(store.take_queries("sms", 7, 5, 5).await.unwrap(), 5);
    assert_eq!(store.take_queries("sms", 6, 5, 5).await.unwrap(), 0);
    assert_eq!(store.take_queries("sms", 7, 5, 5).await.unwrap(), 0);
    assert_eq!(store.take_queries("sms", 8, 5, 5).await.unwrap(), 5);
}

pub(crate) async fn a_channel_that_told_of_a_restriction_is_remembered(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let book = scene.book("home").await;
    let lines = scene.lines(book, &numbers(0..2)).await;
    let now = scene.now;
    let seen = scene.change(&lines[0], answered(&lines[0], &in_service(), now));
    scene.verdicts(vec![seen]).await;
    assert_eq!(scene.store.restricted_seen("ussd").await.unwrap(), None, "it only said what is in service");
    let Event::Answered(read) = answered(&lines[1], &restricted(), now) else { unreachable!() };
    let together = Event::Looked(Read { channel: "http + ussd".into(), ..read });
    scene.verdicts(vec![scene.change(&lines[1], together)]).await;
    for (channel, seen) in [("ussd", true), ("http", true), ("sms", false), ("usd", false)] {
        assert_eq!(scene.store.restricted_seen(channel).await.unwrap().is_some(), seen, "{channel}");
    }
}
