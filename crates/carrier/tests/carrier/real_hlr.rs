//! The carrier's bars in Debian's real osmo-hlr.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use ringback_carrier::{
    Faults, Handle, Options, RunError,
    hlr::{Daemon, free_address},
    run,
};
use ringback_core::{Bar, Judgement, Service};
use ringback_network::{Channel, OsmoHlr};
use serde_json::json;

use crate::town::{amount, entry, msisdn, order};

const DEADLINE: Duration = Duration::from_secs(20);

const NUMBERS: [&str; 6] =
    ["+8613800138001", "+8613800138002", "+8613800138003", "+8613800138004", "+8613800138005", "+8613800138006"];

fn subscribers(states: [&str; 6]) -> String {
    NUMBERS.iter().zip(states).map(|(number, state)| entry(number, "China Mobile", "59 CNY", state)).collect()
}

async fn carrier(subscribers: String, hlr: SocketAddr) -> Result<Handle, RunError> {
    let listen = ([127, 0, 0, 1], 0).into();
    run(Options { listen, subscribers, faults: Faults::none(), wallet: amount("1000 CNY"), hlr: Some(hlr) }).await
}

fn channel(hlr: SocketAddr) -> OsmoHlr {
    OsmoHlr::new("hlr", &hlr.to_string(), vec!["86".into()], DEADLINE)
}

/// What the HLR says of every number.
async fn seen(channel: &OsmoHlr) -> Vec<(Judgement, Option<String>)> {
    let answers = channel.query(&NUMBERS.map(msisdn)).await;
    answers.into_iter().map(|answer| (answer.status.judged(), answer.imsi)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn real_hlr_has_every_subscribers_bar_and_loses_it_when_it_is_lifted() {
    let folder = tempfile::tempdir().unwrap();
    let hlr = Daemon::start(free_address().unwrap(), folder.path()).unwrap();
    let owes = "state = \"arrears\"\narrears = \"10 CNY\"";
    let (owner, fraud) = ("state = \"suspended_by_owner\"", "state = \"fraud\"");
    let file =
        subscribers(["state = \"in_service\"", owes, owner, fraud, "state = \"ceased\"", "state = \"recycled\""]);
    let carrier = carrier(file, hlr.ctrl()).await.unwrap();
    let channel = channel(hlr.ctrl());

    let (active, barred) = (Judgement::InService, Judgement::Restricted);
    let sim = |imsi: &str| Some(imsi.to_owned());
    let mut expected = vec![
        (active, sim("901700000000001")),
        (barred, sim("901700000000002")),
        (barred, sim("901700000000003")),
        (barred, sim("901700000000004")),
        (Judgement::NotInService, None),
        (active, sim("901720000000006")),
    ];
    assert_eq!(seen(&channel).await, expected);

    for barred in &NUMBERS[1..4] {
        pay(&carrier, barred).await;
    }
    expected[1].0 = active;
    let until = Instant::now() + DEADLINE;
    while seen(&channel).await != expected {
        assert!(Instant::now() < until, "{:?}", seen(&channel).await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Pays what is owed, over HTTP.
async fn pay(carrier: &Handle, number: &str) {
    let client = reqwest::Client::new();
    let url = format!("{}/reloadly", carrier.url());
    let credentials = json!({ "client_id": "sandbox", "client_secret": "sandbox" });
    let granted = client.post(format!("{url}/oauth/token")).json(&credentials).send().await.unwrap();
    let token = granted.json::<serde_json::Value>().await.unwrap()["access_token"].as_str().unwrap().to_owned();
    let order = order(&format!("R{number}"), number, 1, json!(10));
    let answer = client.post(format!("{url}/topups")).bearer_auth(token).json(&order).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn real_hlr_of_an_earlier_run_is_filled_again_and_refused_where_it_contradicts() {
    let folder = tempfile::tempdir().unwrap();
    let hlr = Daemon::start(free_address().unwrap(), folder.path()).unwrap();
    let (fine, fraud) = ("state = \"in_service\"", "state = \"fraud\"");
    drop(carrier(subscribers([fine; 6]), hlr.ctrl()).await.unwrap());
    // Bars follow the new file.
    drop(carrier(subscribers([fine, fraud, fine, fine, fine, fine]), hlr.ctrl()).await.unwrap());
    let answers = channel(hlr.ctrl()).query(&NUMBERS.map(msisdn)).await;
    assert_eq!(answers[1].status.service, Service::Restricted(Bar::ArrearsOrUnknown));
    // A number that ceased, or that somebody else has now, cannot be taken from its old SIM over this interface.
    for state in ["state = \"ceased\"", "state = \"recycled\""] {
        let error = carrier(subscribers([fine, fine, fine, fine, fine, state]), hlr.ctrl()).await.map(drop);
        let error = error.expect_err(state).to_string();
        assert!(error.contains("has to begin with an empty database"), "{error}");
    }
}
