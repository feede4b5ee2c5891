//! Requests that cannot be read get a client error in the dialect of whom they were sent to, and break nothing.

use reqwest::Method;
use ringback_carrier::Faults;
use serde_json::{Value, json};

use crate::town::{LINE, Town, amount, credentials, line, order};

const STATUS: &str = "/camara/subscription-status/v0.1/retrive-subscription-status";
const DESK: &str = "/desk/claims";
const TOPUPS: &str = "/reloadly/topups";
const TOKEN: &str = "/reloadly/oauth/token";

async fn town() -> Town {
    Town::start(&line("state = \"in_service\""), "100 CNY", Faults::none()).await
}

/// Nothing was booked, and the carrier answers as before.
async fn check_unharmed(town: &Town) {
    assert_eq!(town.get("/admin/statement").await.ok(), json!([]));
    assert_eq!(town.balance().await, amount("100 CNY"));
    town.top_up("A", json!(10)).await.ok();
    assert_eq!(town.status(LINE).await.ok()["voiceSmsOut"], "active");
}

fn bodies() -> Vec<Vec<u8>> {
    let texts = ["", "{", "null", "[]", "\"x\"", "{}", "17", "{\"amount\":NaN}", "{\"phoneNumber\":\"+86138001380"];
    let deep = "[".repeat(100_000);
    let wrong = json!({
        "phoneNumber": 8_613_800_138_000_u64, "reference": 7, "amount": "ten", "client_id": null, "operatorId": -1,
    });
    let more = [vec![0xFF, 0xFE, 0], deep.into_bytes(), wrong.to_string().into_bytes()];
    texts.iter().map(|text| text.as_bytes().to_vec()).chain(more).collect()
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_a_client_error() {
    let town = town().await;
    for body in bodies() {
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        for (path, field) in [(STATUS, "code"), (DESK, "error"), (TOPUPS, "errorCode"), (TOKEN, "errorCode")] {
            let reply = town.send(Method::POST, path, Some(body.clone())).await;
            assert_eq!((reply.lost, reply.status), (false, 400), "{path}: {shown}");
            assert!(reply.json()[field].is_string(), "{path}: {shown}: {reply:?}");
        }
    }
    check_unharmed(&town).await;
}

#[tokio::test]
async fn a_number_that_is_none_is_a_client_error() {
    let town = town().await;
    for number in
        ["", "+", "13800138000", "+0013800138000", "+86 138 0013 8000", "+86138001380001234", "+86138x", "电话"]
    {
        let reply = town.status(number).await;
        assert_eq!((reply.status, &reply.json()["code"]), (400, &json!("INVALID_ARGUMENT")), "{number}");
    }
    check_unharmed(&town).await;
}

#[tokio::test]
async fn a_body_of_another_kind_or_too_long_is_a_client_error() {
    let town = town().await;
    let url = format!("{}{STATUS}", town.carrier.url());
    let plain = reqwest::Client::new().post(&url).body(json!({ "phoneNumber": LINE }).to_string());
    assert_eq!(plain.send().await.unwrap().status(), 400, "no content type");
    let long = json!({ "phoneNumber": LINE, "padding": "x".repeat(3 << 20) }).to_string();
    for _ in 0..2 {
        let reply = town.send(Method::POST, STATUS, Some(long.clone().into_bytes())).await;
        assert!((400..500).contains(&reply.status), "{}", reply.status);
        town.carrier.world().set_faults(Faults::all(1).only(&[]));
    }
    check_unharmed(&town).await;
}

#[tokio::test]
async fn a_path_method_or_query_that_is_none_is_a_client_error() {
    let town = town().await;
    let report = "/reloadly/topups/reports/transactions";
    let cases = [
        (Method::GET, "/".to_owned(), 404),
        (Method::GET, "/reloadly".to_owned(), 404),
        (Method::GET, "/desk/claims/".to_owned(), 404),
        (Method::GET, TOPUPS.to_owned(), 405),
        (Method::DELETE, "/desk/claims/A".to_owned(), 405),
        (Method::GET, format!("{report}?page=x"), 400),
        (Method::GET, format!("{report}?size=-1"), 400),
        (Method::GET, format!("{report}?startDate=yesterday"), 400),
        (Method::GET, format!("{report}?endDate=2027-02-30%2000:00:00"), 400),
        (Method::GET, format!("{report}?page=0&size=0"), 200),
        (Method::GET, format!("{report}?page=18446744073709551615&size=18446744073709551615"), 200),
    ];
    for (method, path, status) in cases {
        let reply = town.send(method, &path, None).await;
        assert_eq!((reply.lost, reply.status), (false, status), "{path}");
    }
    check_unharmed(&town).await;
}

#[tokio::test]
async fn faults_that_do_not_exist_are_not_switched_on() {
    let town = town().await;
    let before = town.get("/admin/faults").await.ok();
    for body in [json!({}), json!({ "seed": 1, "kinds": ["gremlins"] }), json!({ "seed": 1, "kind": ["delayed"] })] {
        let reply = town.send(Method::PUT, "/admin/faults", Some(body.to_string().into_bytes())).await;
        assert_eq!(reply.status, 400, "{body}");
        assert_eq!(town.get("/admin/faults").await.ok(), before);
    }
}

/// Valid bodies with bytes cut, doubled and overwritten, by a seed.
#[tokio::test]
async fn damaged_bodies_never_break_the_carrier() {
    let town = town().await;
    let claim = json!({ "reference": "A", "phoneNumber": LINE, "amount": "10", "currency": "CNY" });
    let valid: [(&str, Value); 4] = [
        (STATUS, json!({ "phoneNumber": LINE })),
        (DESK, claim),
        (TOPUPS, order("A", LINE, 1, json!(10))),
        (TOKEN, credentials()),
    ];
    let mut dice = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..150 {
        for (path, body) in &valid {
            let body = damaged(body.to_string().into_bytes(), &mut dice);
            let reply = town.send(Method::POST, path, Some(body.clone())).await;
            let shown = String::from_utf8_lossy(&body);
            assert!(!reply.lost && (200..500).contains(&reply.status), "{path}: {shown}: {reply:?}");
        }
    }
    assert_eq!(town.status(LINE).await.status, 200);
}

fn damaged(mut body: Vec<u8>, dice: &mut u64) -> Vec<u8> {
    let mut roll = |sides: usize| {
        *dice ^= *dice << 13;
        *dice ^= *dice >> 7;
        *dice ^= *dice << 17;
        usize::try_from(*dice >> 33).unwrap() % sides
    };
    for _ in 0..=roll(3) {
        let at = roll(body.len());
        match roll(4) {
            0 if body.len() > 1 => drop(body.remove(at)),
            1 => body.insert(at, body[at]),
            2 => body[at] = u8::try_from(roll(256)).unwrap(),
            _ => body.truncate(at.max(1)),
        }
    }
    body
}
