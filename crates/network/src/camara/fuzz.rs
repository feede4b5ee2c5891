//! What holds for any answer at a CAMARA service's address: the check of the fuzz target.

use ringback_core::{Bar, Object, Service, quote};
use serde::Deserialize;
use serde_json::Value;

use super::{is_error_body, read};

/// The line that is asked about.
const LINE: &str = "+8613800138000";

/// A status as any JSON may have it, read apart from the channel's own types.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Said {
    voice_sms_out: Value,
    bar_cause: Value,
    phone_number: Value,
}

/// An error as any JSON may have it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SaidError {
    status: Value,
    code: Value,
}

/// A body, read as a status and as an error. A line counts as restricted only where an object says so about no other
/// number, and without a stated cause; as gone, only with CAMARA's own code (K2, K3).
pub fn answer(body: &[u8]) {
    match read(body, LINE.parse().expect("a number")) {
        Ok(status) => is_said(&status.service, &said(body)),
        Err(reason) => assert_eq!(quote(&reason), reason, "S6"),
    }
    if is_error_body(body) {
        let error: SaidError = said(body);
        let named = error.code.as_str().is_some_and(|code| code.ends_with("NOT_FOUND"));
        assert!(named && error.status == 404, "{error:?}");
    }
}

fn is_said(service: &Service, said: &Said) {
    let (word, stated) = match service {
        Service::InService => ("active", false),
        Service::Restricted(bar) => ("suspended", *bar != Bar::ArrearsOrUnknown),
        Service::NotInService | Service::Recycled | Service::Unknown(_) => panic!("a status says neither: {said:?}"),
    };
    assert_eq!(said.voice_sms_out, word);
    assert!(stated != said.bar_cause.is_null() || word == "active", "{said:?}");
    assert!(said.phone_number.is_null() || said.phone_number == LINE, "{said:?}");
}

/// The object that a body is; what nobody reads of it may be anything, in any character set.
fn said<T: Default + for<'de> Deserialize<'de>>(body: &[u8]) -> T {
    let parsed = serde_json::from_str(&String::from_utf8_lossy(body)).map(|Object(said)| said);
    parsed.unwrap_or_default()
}
