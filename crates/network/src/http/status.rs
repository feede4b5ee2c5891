//! What an answer of a status service means for a line.

use ringback_core::{Bar, Msisdn, Reachable, Service, Status};
use serde_json::Value;

use super::profile::{Meaning, Profile};

/// A state of a line, as a rule names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It has service; whether the phone is on is told elsewhere, if at all.
    InService,
    /// It has service, and the phone is on.
    Reachable,
    /// It has service, and the phone is off or out of coverage.
    Unreachable,
    /// Outgoing voice is barred.
    Restricted(Bar),
    /// The number has no subscriber.
    NotInService,
    /// The service itself does not know.
    Unknown,
}

impl Meaning for State {
    const SINCE: bool = false;
    const WORDS: &'static str = "in_service, reachable, unreachable, restricted, not_in_service, unknown";

    fn of(word: &str, bar: Option<Bar>) -> Option<Self> {
        Some(match (word, bar) {
            ("restricted", bar) => Self::Restricted(bar.unwrap_or(Bar::ArrearsOrUnknown)),
            ("in_service", None) => Self::InService,
            ("reachable", None) => Self::Reachable,
            ("unreachable", None) => Self::Unreachable,
            ("not_in_service", None) => Self::NotInService,
            ("unknown", None) => Self::Unknown,
            _ => return None,
        })
    }
}

impl Profile<State> {
    /// The rule that decides about an answer: the first that holds.
    pub(super) fn deciding(&self, code: u16, body: &Value) -> Option<usize> {
        self.rules.iter().position(|rule| rule.when.holds(code, body))
    }

    /// The state of a line by an answer about it; "no such subscriber" is not yet weighed against the channel's ranges.
    pub(super) fn judge(&self, line: Msisdn, code: u16, body: &Value) -> Result<Status, String> {
        let rule = self.deciding(code, body).ok_or_else(|| self.why_none(code, body))?;
        let rule = &self.rules[rule];
        if let Some(echo) = &self.echo {
            echo.holds(line, body)?;
        }
        let told = self.reach.as_ref().map_or(Ok(Reachable::Unknown), |reach| reach.read(body));
        Ok(match rule.means {
            State::InService => Status::in_service(told?),
            State::Reachable => Status::in_service(Reachable::Yes),
            State::Unreachable => Status::in_service(Reachable::No),
            State::Restricted(bar) => Status { service: Service::Restricted(bar), reachable: told? },
            State::NotInService => Status::not_in_service(),
            State::Unknown => {
                let why = rule.reason.as_deref().unwrap_or("the service does not know the line's state");
                return Err(why.to_owned());
            }
        })
    }

    /// Why no rule decides, for people.
    pub(super) fn why_none(&self, code: u16, body: &Value) -> String {
        match code {
            401 | 403 => format!("the service refused the credentials (HTTP {code}); check them in the configuration"),
            200 => {
                let missed = self.rules.iter().find_map(|rule| rule.when.misses(code, body));
                format!("no rule of the profile fits the answer; {}", missed.unwrap_or_default())
            }
            _ => format!("the service answered HTTP {code}"),
        }
    }

    /// Whether a rule can tell a restricted line.
    pub(super) fn sees_restriction(&self) -> bool {
        self.rules.iter().any(|rule| matches!(rule.means, State::Restricted(_)))
    }

    /// Whether rules can tell a phone that is switched off; what a service may add or leave out does not count.
    pub(super) fn sees_reachability(&self) -> bool {
        self.rules.iter().any(|rule| rule.means == State::Unreachable)
    }
}
