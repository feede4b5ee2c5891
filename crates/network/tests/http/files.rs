//! A profile of one's own: a file that works without a rebuild, and errors that name file, line and key.

use std::{fs, path::Path};

use axum::{
    Json, Router,
    http::{HeaderMap, StatusCode, Uri},
    routing::post,
};
use ringback_core::Judgement;
use ringback_network::{
    Channel as _, Http,
    http::{Credentials, Profile, State, Verdict},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::{
    contract::numbers,
    dialects::CAMARA,
    peer::{Service, settings},
};

const OWN: &str = r#"
name = "a vendor's"
source = "its manual"
date = "2026-11-26"
cannot_see = "much"
auth = [{ kind = "query", name = "key" }]

[request]
method = "POST"
path = "/status"
number = "digits"
form = { tel = "+{number}", kind = "a b" }

[[rule]]
is = "restricted"
when = { "/state" = 13 }
"#;

/// The error of the file with something else in it.
fn error(from: &str, to: &str) -> String {
    assert!(OWN.contains(from), "{from}");
    Profile::<State>::read("my.toml", &OWN.replacen(from, to, 1)).unwrap_err().to_string()
}

#[tokio::test]
async fn a_file_beside_the_configuration_is_a_channel() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("my.toml"), OWN).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api/", listener.local_addr().unwrap());
    let router = Router::new().route("/api/status", post(vendor));
    tokio::spawn(axum::serve(listener, router).into_future());
    let profile = Profile::<State>::named("./my.toml", folder.path()).unwrap();
    let channel = Http::new(settings(&url, Credentials::Token("k&y".into())), profile).unwrap();
    let answers = channel.query(&numbers(1)).await;
    assert_eq!(answers[0].status.judged(), Judgement::Restricted, "{answers:?}");
}

async fn vendor(uri: Uri, headers: HeaderMap, body: String) -> Json<Value> {
    assert_eq!(uri.query(), Some("key=k%26y"));
    assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(body, "kind=a+b&tel=%2B8613800100000");
    Json(json!({ "state": 13 }))
}

#[test]
fn errors_name_file_line_and_key() {
    let cases = [
        ("is = \"restricted\"", "is = \"barred\"", "my.toml: line 15: is: `barred` is not one of in_service"),
        ("is = \"restricted\"", "is = \"in_service\"\ncause = \"fraud\"", "only `restricted` has a cause"),
        ("is = \"restricted\"", "is = \"restricted\"\ncause = \"whim\"", "line 16: cause: unknown variant `whim`"),
        ("\"/state\" = 13", "\"state\" = 13", "line 16: when: `state` is no JSON pointer"),
        ("\"/state\" = 13", "\"/state\" = 1.5", "line 16: when: write a text"),
        ("\"/state\" = 13", "\"/state\" = { absent = true }", "line 16: when: an empty answer fulfils this"),
        ("\"/state\" = 13", "", "line 16: when: an HTTP status alone says nothing"),
        ("+{number}", "{nummer}", "line 12: form: nothing fills `{nummer}`"),
        ("+{number}", "{since}", "line 12: form: nothing fills `{since}`"),
        ("\"/status\"", "\"status\"", "line 10: path: a path begins with a slash"),
        ("method =", "methode =", "line 9: methode: unknown field `methode`"),
        ("\"POST\"", "\"BREW\"", "line 9: method: unknown variant `BREW`"),
        ("\"digits\"", "\"roman\"", "line 11: number: unknown variant `roman`"),
        ("2026-11-26", "today", "line 4: date: write a date"),
        ("[{ kind = \"query\", name = \"key\" }]", "[]", "line 6: auth: name at least one way"),
        ("kind = \"query\"", "kind = \"oath\"", "line 6: auth: unknown variant `oath`"),
        (
            "[[rule]]",
            "[batch]\nsize = 9\neach = 1\nanswers = \"/a\"\n[[rule]]",
            "line 12: form: nothing fills `{number}`",
        ),
        ("name = \"a vendor's\"", "", "missing field `name`"),
        ("[[rule]]", "[[rule]", "line 14: [[rule]: "),
    ];
    for (from, to, expected) in cases {
        let error = error(from, to);
        assert!(error.starts_with("my.toml: line ") && error.contains(expected), "{expected}\n{error}");
    }
}

#[test]
fn a_missing_file_names_those_that_are_built_in() {
    let error = Profile::<State>::named("camera", Path::new("/nowhere")).unwrap_err().to_string();
    assert!(error.starts_with("/nowhere/camera") && error.contains("camara-subscription-status"), "{error}");
}

#[test]
fn a_guard_is_no_channel_and_a_channel_no_guard() {
    let guard = Profile::<State>::named("camara-number-recycling", Path::new(".")).unwrap_err().to_string();
    assert!(guard.contains("nothing fills `{since}`"), "{guard}");
    let channel = Profile::<Verdict>::named("zaiwang-generic", Path::new(".")).unwrap_err().to_string();
    assert!(channel.contains("`restricted` is not one of recycled"), "{channel}");
}

#[test]
fn what_the_configuration_lacks_is_named() {
    let open = |url: Option<&str>, credentials: Credentials| {
        let own = ringback_network::http::Settings { url: url.map(str::to_owned), ..settings("", credentials) };
        Http::new(own, Profile::<State>::read("my.toml", OWN).unwrap()).err().unwrap_or_default()
    };
    let token = || Credentials::Token("t".into());
    assert!(open(None, token()).contains("write `url`"));
    assert!(open(Some("ftp://x"), token()).contains("https://"));
    assert!(open(Some("not an address"), token()).contains("no address"));
    assert!(open(Some("http://x"), Credentials::None).contains("`token`"));
    assert_eq!(open(Some("http://x"), token()), "");
}

/// The status of a service that a file describes is as unknown as any other where nothing fits.
#[tokio::test]
async fn k2_the_default_is_unknown() {
    let service = Service::start(&CAMARA).await;
    service.say(StatusCode::OK, json!({ "state": 13 }));
    let answers = service.open().query(&numbers(1)).await;
    assert_eq!(answers[0].status.judged(), Judgement::Unknown);
    assert!(format!("{answers:?}").contains("/voiceSmsOut is absent"), "what was missed is told: {answers:?}");
}
