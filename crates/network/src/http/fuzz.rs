//! What holds for any answer at a status service's address, and for any profile: the checks of the fuzz targets.

use ringback_core::{Bar, Object, Service, Status, quote};
use serde::Deserialize;
use serde_json::Value;

use super::{
    profile::{Meaning, Profile, built_in},
    status::State,
    wire::read_json,
};
use crate::http::Verdict;

/// The line that is asked about.
const LINE: &str = "+8613800138000";

/// Where each service says its word, the words for a restricted line and for a missing one, and where it repeats the
/// number and how; written down apart from the profiles.
const SAYS: [(&str, &str, [&str; 2], &str, &str); 4] = [
    ("twilio-lookup-line-status", "/line_status/status", ["", "inactive"], "/phone_number", LINE),
    (
        "telesign-subscriber-status",
        "/subscriber_status/account_status",
        ["suspended", "deactivated"],
        "/numbering/original/complete_phone_number",
        "8613800138000",
    ),
    ("hlr-lookups", "/connectivity_status", ["", "invalid_msisdn"], "/msisdn", LINE),
    ("zaiwang-generic", "/data/result", ["2", "0 4"], "/data/mobile", "13800138000"),
];

/// A CAMARA status as any JSON may have it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Said {
    voice_sms_out: Value,
    bar_cause: Value,
    phone_number: Value,
}

/// A CAMARA error as any JSON may have it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SaidError {
    status: Value,
    code: Value,
}

/// A body, read by every profile. A line counts as restricted or as gone only where an answer says so, about no other
/// number, and without a stated cause (K2, K3).
pub fn answer(body: &[u8]) {
    for code in [200, 404] {
        if let Some(status) = judged("camara-subscription-status", code, body) {
            is_camaras(&status.service, code, body);
        }
        for (name, at, words, echo, number) in SAYS {
            let Some(status) = judged(name, code, body) else { continue };
            let said: Value = serde_json::from_str(&String::from_utf8_lossy(body)).expect("it was judged");
            is_said(&status.service, said.pointer(at), words);
            let other = said.pointer(echo).filter(|value| !value.is_null() && value.as_str() != Some(number));
            assert!(code == 200 && other.is_none_or(Value::is_number), "{name}: {said}");
        }
    }
}

/// A profile's text. It is refused with a place that exists, or none of its rules is fulfilled by an empty answer.
pub fn profile(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    checked::<State>(text);
    checked::<Verdict>(text);
}

fn checked<M: Meaning>(text: &str) {
    match Profile::<M>::read("my.toml", text) {
        Ok(profile) => {
            let empty = |code| profile.rules.iter().any(|rule| rule.when.holds(code, &Value::Null));
            assert!(!profile.rules.is_empty() && !(100..600).any(empty), "K2: {text}");
        }
        Err(error) => assert!((1..=text.lines().count() + 1).contains(&error.line), "{error}"),
    }
}

/// What a profile makes of a body, if anything.
fn judged(name: &str, code: u16, body: &[u8]) -> Option<Status> {
    let text = built_in().find(|(built_in, _)| *built_in == name).expect("a profile").1;
    let profile = Profile::<State>::read(name, text).expect("a sound profile");
    let said = read_json(body).ok()?;
    let judged = profile.judge(LINE.parse().expect("a number"), code, &said);
    judged.map_err(|reason| assert_eq!(quote(&reason), reason, "S6")).ok()
}

fn is_camaras(service: &Service, code: u16, body: &[u8]) {
    let says: Said = said(body);
    let (word, stated) = match service {
        Service::InService => ("active", false),
        Service::Restricted(bar) => ("suspended", *bar != Bar::ArrearsOrUnknown),
        Service::NotInService => {
            let error: SaidError = said(body);
            let named = error.code.as_str().is_some_and(|code| code.ends_with("NOT_FOUND"));
            assert!(named && error.status == 404 && code == 404, "{error:?}");
            return;
        }
        Service::Recycled | Service::Unknown(_) => panic!("a status says no such thing: {says:?}"),
    };
    assert!(says.voice_sms_out == word && code == 200, "{says:?}");
    assert!(stated != says.bar_cause.is_null() || word == "active", "{says:?}");
    assert!(says.phone_number.is_null() || says.phone_number == LINE, "{says:?}");
}

fn is_said(service: &Service, word: Option<&Value>, [restricted, gone]: [&str; 2]) {
    let word =
        word.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_lowercase)).unwrap_or_default();
    let is_one_of = |words: &str| words.split(' ').any(|one| !one.is_empty() && one == word);
    match service {
        Service::Restricted(bar) => assert!(is_one_of(restricted) && *bar == Bar::ArrearsOrUnknown, "{word}"),
        Service::NotInService => assert!(is_one_of(gone), "{word}"),
        Service::InService => assert!(!word.is_empty() && !is_one_of(restricted) && !is_one_of(gone), "{word}"),
        Service::Recycled | Service::Unknown(_) => panic!("a status says no such thing: {word}"),
    }
}

/// The object that a body is; what nobody reads of it may be anything, in any character set.
fn said<T: Default + for<'de> Deserialize<'de>>(body: &[u8]) -> T {
    let parsed = serde_json::from_str(&String::from_utf8_lossy(body)).map(|Object(said)| said);
    parsed.unwrap_or_default()
}
