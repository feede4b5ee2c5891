//! Top-ups that are refused: each with its code, and without a trace in the books.

use ringback_carrier::Faults;
use serde_json::{Value, json};

use crate::town::{LINE, Town, amount, entry, line, lines, number, order};

#[tokio::test]
async fn a_number_that_was_topped_up_a_moment_ago_waits() {
    let town = Town::start(&lines(2), "1000 CNY", Faults::none()).await;
    let send = async |reference: &str, line: usize| {
        town.post("/reloadly/topups", &order(reference, &number(line), 1, json!(10))).await
    };
    send("A", 0).await.ok();
    town.advance(99);
    assert_eq!(send("B", 0).await.error(), (400, "PHONE_RECENTLY_RECHARGED".to_owned()));
    assert_eq!((town.credits("B"), town.wallet()), (None, amount("990 CNY")));
    send("C", 1).await.ok();
    town.advance(1);
    // A refused reference was never used.
    send("B", 0).await.ok();
    assert_eq!(town.wallet(), amount("970 CNY"));
}

/// The order of `A` for [`LINE`], with one thing changed.
fn with(path: &str, value: Value) -> Value {
    let mut changed = order("A", LINE, 1, json!(10));
    *changed.pointer_mut(path).unwrap() = value;
    changed
}

#[tokio::test]
async fn what_the_operator_does_not_take_is_refused() {
    let ceased = entry("+8613900139000", "China Mobile", "59 CNY", "state = \"ceased\"");
    let town = Town::start(&[line("state = \"in_service\""), ceased].concat(), "1000 CNY", Faults::none()).await;
    let cases = [
        (with("/operatorId", json!(2)), "INVALID_RECIPIENT_PHONE"),
        (with("/operatorId", json!(99)), "INVALID_AMOUNT_FOR_OPERATOR"),
        (with("/useLocalAmount", json!(true)), "INVALID_AMOUNT_FOR_OPERATOR"),
        (with("/recipientPhone/number", json!("8613900139000")), "RECIPIENT_PHONE_INACTIVE"),
        (with("/recipientPhone/number", json!("8613700137000")), "RECIPIENT_PHONE_INACTIVE"),
        (with("/recipientPhone/number", json!("nobody")), "INVALID_RECIPIENT_PHONE"),
        (with("/recipientPhone/number", json!("")), "INVALID_RECIPIENT_PHONE"),
        (with("/recipientPhone/number", json!("++8613800138000")), "INVALID_RECIPIENT_PHONE"),
        (with("/customIdentifier", json!("")), "INVALID_REQUEST"),
        (with("/customIdentifier", json!("A".repeat(151))), "INVALID_REQUEST"),
    ];
    for (order, code) in cases {
        assert_eq!(town.post("/reloadly/topups", &order).await.error(), (400, code.to_owned()), "{order}");
    }
    assert_eq!((town.wallet(), town.get("/admin/statement").await.ok()), (amount("1000 CNY"), json!([])));
    town.post("/reloadly/topups", &with("/customIdentifier", json!("A".repeat(150)))).await.ok();
}

#[tokio::test]
async fn an_operator_is_found_for_numbers_that_have_one() {
    let subscribers = [
        line("state = \"suspended_by_owner\""),
        entry("+8613900139000", "移动", "59 CNY", "state = \"recycled\""),
        entry("+8613700137000", "China Mobile", "59 CNY", "state = \"ceased\""),
        entry("+8613600136000", "Nobody's Mobile", "59 CNY", "state = \"in_service\""),
    ];
    let town = Town::start(&subscribers.concat(), "1000 CNY", Faults::none()).await;
    let detect =
        async |phone: &str| town.get(&format!("/reloadly/operators/auto-detect/phone/{phone}/countries/CN")).await;
    for phone in ["8613800138000", "+8613800138000", "8613900139000"] {
        assert_eq!(detect(phone).await.ok()["name"], "China Mobile", "{phone}");
    }
    for phone in ["8613700137000", "8613600136000", "8613500135000", "x", "-1", "99999999999999999999999"] {
        assert_eq!(detect(phone).await.error(), (404, "COULD_NOT_AUTO_DETECT_OPERATOR".to_owned()), "{phone}");
    }
}

#[tokio::test]
async fn a_wallet_in_another_currency_pays_nothing() {
    let nordfunk = entry("+4915112345678", "Nordfunk", "15 EUR", "state = \"in_service\"");
    let town = Town::start(&nordfunk, "1000 CNY", Faults::none()).await;
    let reply = town.post("/reloadly/topups", &order("A", "+4915112345678", 5, json!(10))).await;
    assert_eq!(reply.error(), (400, "INVALID_AMOUNT_FOR_OPERATOR".to_owned()));
    assert_eq!((town.wallet(), town.credits("A")), (amount("1000 CNY"), None));
}
