//! What holds for any text: the check of the fuzz target.

use std::sync::LazyLock;

use ringback_core::{Bar, Service, quote};

use super::Table;

/// The line that is asked about.
const LINE: &str = "+8613800138000";

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::built_in("sandbox").expect("it comes with Ringback"));

/// Words of which none may be paid for (K3).
const CAUSES: [&str; 6] = ["诈骗", "挂失", "实名", "fraud", "stolen", "identity"];

/// Bytes as a text. What is read has rules that say so; a restricted line in arrears states no cause (K3); what is unknown
/// shows no number (S6); and a text about somebody else says nothing (K2).
pub fn text(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let reading = TABLE.read(&text, LINE.parse().expect("a number"));
    match &reading.status.service {
        Service::Unknown(reason) => assert_eq!(&quote(reason), reason, "S6"),
        service => {
            assert!(!reading.rules.is_empty(), "{service:?} by no rule");
            assert!(!text.contains(char::REPLACEMENT_CHARACTER), "{service:?} of a damaged text");
            assert!(!text.contains("13900139000"), "{service:?} of another line");
            let caused = CAUSES.iter().any(|cause| text.contains(cause));
            assert!(!caused || *service != Service::Restricted(Bar::ArrearsOrUnknown), "K3: {text}");
        }
    }
    if let Some(confirmation) = TABLE.confirmation(&text) {
        assert!(confirmation.amount.is_none_or(|amount| amount.minor() > 0));
    }
}

/// Bytes as a user's own table: it is refused with its name, or what comes before every table still holds.
pub fn table(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let line = LINE.parse().expect("a number");
    match Table::parse("my.toml", text) {
        Err(error) => assert!(error.to_string().starts_with("my.toml"), "{error}"),
        Ok(table) => {
            let status = table.read("欠费停机，涉嫌诈骗", line).status;
            assert_ne!(status.service, Service::Restricted(Bar::ArrearsOrUnknown), "K3: {text}");
        }
    }
}
