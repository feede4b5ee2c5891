//! Top-ups that are booked: once by reference, in the amounts that are sold, from the wallet.

use futures_util::future::join_all;
use ringback_carrier::Faults;
use serde_json::{Value, json};

use crate::town::{LINE, Town, amount, entry, line, lines, number, order};

const NORDFUNK: &str = "+4915112345678";

async fn town() -> Town {
    Town::start(&line("state = \"in_service\""), "1000 CNY", Faults::none()).await
}

#[tokio::test]
async fn a_top_up_is_answered_as_reloadly_does() {
    let town = town().await;
    let expected = json!({
        "transactionId": 1, "status": "SUCCESSFUL", "customIdentifier": "A", "recipientPhone": "8613800138000",
        "requestedAmount": 12.5, "requestedAmountCurrencyCode": "CNY",
        "deliveredAmount": 12.5, "deliveredAmountCurrencyCode": "CNY",
        "fee": 0, "transactionDate": "2027-01-15 08:00:00",
    });
    assert_eq!(town.top_up("A", json!(12.5)).await.ok(), expected);
    assert_eq!(town.find("A").await, [expected]);
    assert_eq!((town.balance().await, town.credits("A")), (amount("987.50 CNY"), Some(1)));
}

#[tokio::test]
async fn a_reference_is_booked_once_whatever_it_is_sent_with() {
    let town = Town::start(&lines(2), "1000 CNY", Faults::none()).await;
    let first = order("A", &number(0), 1, json!(10));
    town.post("/reloadly/topups", &first).await.ok();
    town.advance(60_000);
    for again in [first, order("A", &number(0), 1, json!(20)), order("A", &number(1), 1, json!(10))] {
        let reply = town.post("/reloadly/topups", &again).await;
        assert_eq!(reply.error(), (400, "CUSTOM_IDENTIFIER_ALREADY_USED".to_owned()), "{again}");
    }
    assert_eq!((town.credits("A"), town.wallet(), town.find("A").await.len()), (Some(1), amount("990 CNY"), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_is_booked_once_when_it_arrives_many_times_at_once() {
    let town = town().await;
    let replies = join_all((0..16).map(|_| town.top_up("A", json!(10)))).await;
    let paid = replies.iter().filter(|reply| reply.status == 200).count();
    let used = (400, "CUSTOM_IDENTIFIER_ALREADY_USED".to_owned());
    assert_eq!((paid, replies.iter().filter(|reply| reply.error() == used).count()), (1, 15));
    assert_eq!((town.credits("A"), town.wallet()), (Some(1), amount("990 CNY")));
}

/// Sends each amount under a reference of its own; those that are booked.
async fn sold(town: &Town, number: &str, operator: u64, amounts: &[Value]) -> Vec<Value> {
    let mut sold = Vec::new();
    for (i, amount) in amounts.iter().enumerate() {
        town.advance(60_000);
        let reply = town.post("/reloadly/topups", &order(&format!("R{i}"), number, operator, amount.clone())).await;
        if reply.status == 200 {
            sold.push(amount.clone());
        } else {
            assert_eq!(reply.error(), (400, "INVALID_AMOUNT_FOR_OPERATOR".to_owned()), "{amount}");
        }
    }
    sold
}

#[tokio::test]
async fn a_range_is_sold_from_its_least_to_its_greatest_amount() {
    let town = town().await;
    let offer = town.get("/reloadly/operators/auto-detect/phone/8613800138000/countries/CN").await.ok();
    assert_eq!((&offer["denominationType"], &offer["operatorId"]), (&json!("RANGE"), &json!(1)));
    assert_eq!((&offer["minAmount"], &offer["maxAmount"]), (&json!(1), &json!(500)));
    let amounts = [1, 2, 500].map(|whole| json!(whole));
    let exact = [json!(1.0), json!(1.01), json!(1e2)];
    let refused = [0.0, 0.99, 500.01, -5.0, 10.001, 1e300, 0.1 + 0.2].map(|amount| json!(amount));
    let all = [&amounts[..], &exact, &refused].concat();
    assert_eq!(sold(&town, LINE, 1, &all).await, [&amounts[..], &exact].concat());
    assert_eq!(town.balance().await, amount("394.99 CNY"));
}

#[tokio::test]
async fn fixed_amounts_are_sold_and_nothing_between_them() {
    let subscribers = entry(NORDFUNK, "Nordfunk", "15 EUR", "state = \"in_service\"");
    let town = Town::start(&subscribers, "200 EUR", Faults::none()).await;
    let offer = town.get("/reloadly/operators/auto-detect/phone/4915112345678/countries/DE").await.ok();
    assert_eq!((&offer["denominationType"], &offer["destinationCurrencyCode"]), (&json!("FIXED"), &json!("EUR")));
    let fixed = offer["fixedAmounts"].as_array().unwrap().clone();
    assert_eq!(fixed, [5, 10, 15, 20, 30, 50].map(|amount| json!(amount)));
    let refused = [json!(0), json!(4.99), json!(5.01), json!(7), json!(51), json!(100), json!(-5)];
    let all = [&fixed[..], &refused].concat();
    assert_eq!(sold(&town, NORDFUNK, 5, &all).await, fixed);
    assert_eq!(town.balance().await, amount("70 EUR"));
}

#[tokio::test]
async fn the_wallet_pays_to_its_last_fen_and_no_further() {
    let town = Town::start(&lines(3), "20 CNY", Faults::none()).await;
    let send = async |i: usize, amount: Value| {
        town.post("/reloadly/topups", &order(&format!("R{i}"), &number(i), 1, amount)).await
    };
    send(0, json!(5)).await.ok();
    assert_eq!(send(1, json!(15.01)).await.error(), (400, "INSUFFICIENT_BALANCE".to_owned()));
    assert_eq!((town.balance().await, town.credits("R1")), (amount("15 CNY"), None));
    send(1, json!(15)).await.ok();
    assert_eq!(town.balance().await, amount("0 CNY"));
    assert_eq!(send(2, json!(1)).await.error(), (400, "INSUFFICIENT_BALANCE".to_owned()));
}
