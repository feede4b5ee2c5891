//! What holds for any configuration: the check of the fuzz target.

use jiff::SignedDuration;
use ringback_core::admit::REQUIRED;

use crate::config::Settings;

/// What is used was checked in full: every cap that money needs (C7), one currency, and no wait that a person did not
/// write. A refusal shows no secret.
pub(crate) fn config(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let Ok(settings) = Settings::parse(text) else { return };
    let policy = settings.policy();
    let currency = policy.probe.currency();
    for (scope, period) in REQUIRED {
        assert!(policy.caps.0.iter().any(|cap| (cap.scope, cap.period) == (scope, period)), "C7: {text}");
    }
    assert!(policy.caps.0.iter().all(|cap| cap.limit.minor() > 0 && cap.limit.currency() == currency), "{text}");
    assert!(policy.probe.minor() > 0 && policy.max_orders > 0 && policy.max_recoveries > 0, "{text}");
    let timing = policy.timing;
    assert!([timing.fresh_ms, timing.retry_ms, timing.answer_ms].iter().all(|wait_ms| *wait_ms > 0), "{text}");
    assert!(timing.typed_ms > 0 && timing.offered_ms > 0, "{text}");
    assert!(timing.settling_ms > 0 || is_none(text, "settling"), "K5: no time to settle: {text}");
    assert!(settings.book.check_every_ms() > 0 && settings.timing.deadline_ms() > 0, "{text}");
}

/// Whether a time of `[timing]` is written as none.
fn is_none(text: &str, key: &str) -> bool {
    let table = text.parse::<toml::Table>().expect("it was read before");
    let written = table.get("timing").and_then(|timing| timing.get(key)?.as_str()?.parse::<SignedDuration>().ok());
    written.is_some_and(|time| time.as_millis() == 0)
}

#[cfg(test)]
#[path = "../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::{config, replay::replay};

    #[test]
    fn the_corpus_of_configurations() {
        replay("config", config);
    }
}
