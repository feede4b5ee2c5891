//! The token: required by everything behind it, and good for its time only.

use reqwest::Method;
use ringback_carrier::Faults;
use serde_json::{Value, json};

use crate::town::{LINE, Town, credentials, line, order};

async fn town() -> Town {
    Town::start(&line("state = \"in_service\""), "100 CNY", Faults::none()).await
}

/// Every call behind the token.
fn calls() -> [(Method, &'static str, Option<Value>); 4] {
    [
        (Method::GET, "/reloadly/operators/auto-detect/phone/8613800138000/countries/CN", None),
        (Method::POST, "/reloadly/topups", Some(order("A", LINE, 1, json!(10)))),
        (Method::GET, "/reloadly/topups/reports/transactions", None),
        (Method::GET, "/reloadly/accounts/balance", None),
    ]
}

/// What every call answers with this token.
async fn errors(town: &mut Town, token: &str) -> Vec<(u16, String)> {
    token.clone_into(&mut town.token);
    let mut errors = Vec::new();
    for (method, path, body) in calls() {
        errors.push(town.send(method, path, body.map(|body| body.to_string().into_bytes())).await.error());
    }
    errors
}

#[tokio::test]
async fn nothing_is_answered_without_a_token_that_was_given_here() {
    let mut town = town().await;
    for token in ["", "sandbox-token", "sandbox-", "sandbox-x", "sandbox-9223372036854775807", "Sandbox-1800000000001"]
    {
        let refused = (401, "INVALID_TOKEN".to_owned());
        assert_eq!(errors(&mut town, token).await, vec![refused; 4], "{token}");
    }
    let anonymous = reqwest::get(format!("{}/reloadly/accounts/balance", town.carrier.url())).await.unwrap();
    assert_eq!(anonymous.status(), 401);
    assert_eq!(town.credits("A"), None);
}

#[tokio::test]
async fn a_token_expires_and_another_one_works() {
    let mut town = town().await;
    let granted = town.post("/reloadly/oauth/token", &credentials()).await.ok();
    assert_eq!((&granted["expires_in"], &granted["token_type"]), (&json!(86_400), &json!("Bearer")));
    let token = granted["access_token"].as_str().unwrap();
    town.advance(86_399_999);
    assert_eq!(errors(&mut town, token).await, vec![(200, String::new()); 4]);
    town.advance(1);
    assert_eq!(errors(&mut town, token).await, vec![(401, "TOKEN_EXPIRED".to_owned()); 4]);
    town.sign_in().await;
    town.get("/reloadly/accounts/balance").await.ok();
}

#[tokio::test]
async fn a_token_is_given_to_the_sandboxs_client_only() {
    let town = town().await;
    for (id, secret) in [("sandbox", "wrong"), ("wrong", "sandbox"), ("", "")] {
        let reply = town.post("/reloadly/oauth/token", &json!({ "client_id": id, "client_secret": secret })).await;
        assert_eq!(reply.error(), (401, "INVALID_CREDENTIALS".to_owned()));
        assert!(reply.json()["access_token"].is_null());
    }
}
