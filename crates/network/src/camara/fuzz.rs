//! What holds for any answer at a CAMARA service's address: the check of the fuzz target.

use ringback_core::{Bar, Service, quote};
use serde_json::Value;

use super::{is_error_body, read};

/// The line that is asked about.
const LINE: &str = "+8613800138000";

/// A body, read as a status and as an error. A line counts as restricted only where an object says so about no other
/// number, and without a stated cause; as gone, only with CAMARA's own code (K2, K3).
pub fn answer(body: &[u8]) {
    let said = serde_json::from_slice(body).unwrap_or(Value::Null);
    match read(body, LINE.parse().expect("a number")) {
        Ok(status) => {
            let (word, stated) = match status.service {
                Service::InService => ("active", false),
                Service::Restricted(bar) => ("suspended", bar != Bar::ArrearsOrUnknown),
                Service::NotInService | Service::Unknown(_) => panic!("a status says neither: {said}"),
            };
            assert_eq!(said["voiceSmsOut"], word, "{said}");
            assert!(stated != said["barCause"].is_null() || word == "active", "{said}");
            assert!(said["phoneNumber"].is_null() || said["phoneNumber"] == LINE, "{said}");
        }
        Err(reason) => assert_eq!(quote(&reason), reason, "S6"),
    }
    if is_error_body(body) {
        let code = said["code"].as_str().unwrap_or_default();
        assert!(said["status"] == 404 && code.ends_with("NOT_FOUND"), "{said}");
    }
}
