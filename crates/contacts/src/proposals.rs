//! What a call log proposes: numbers that a person may want in the book. It never adds one by itself.

use std::collections::BTreeMap;

use ringback_core::{Msisdn, MsisdnError};

use crate::{calls::Call, problem::Problem};

/// The most problems that are kept; a damaged log can have as many as calls.
const MAX_PROBLEMS: usize = 100;

/// The numbers of a call log, the last called first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proposals {
    /// One entry for each number.
    pub entries: Vec<Proposal>,
    /// Calls without a number that can be a line: hidden callers, short codes such as 10086.
    pub skipped: usize,
    /// Calls that could not be read.
    pub unread: usize,
    /// Why, for the first hundred of them.
    pub problems: Vec<Problem>,
}

/// A number of a call log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The number.
    pub msisdn: Msisdn,
    /// The name that the phone had for it at the last call that had one.
    pub name: Option<String>,
    /// How many calls there were.
    pub count: usize,
    /// When the last one began, in milliseconds since the epoch, UTC.
    pub last_ms: i64,
    /// When the call began that gave the name.
    named_ms: i64,
}

/// Folds calls into one entry for each number; `region` (ISO 3166) applies to numbers without a country code.
///
/// Fails only where `region` is none; calls that cannot be used are counted.
pub fn proposals(
    calls: impl IntoIterator<Item = Result<Call, Problem>>,
    region: &str,
) -> Result<Proposals, MsisdnError> {
    let (mut found, mut proposals) = (BTreeMap::<Msisdn, Proposal>::new(), Proposals::default());
    check_region(region)?;
    for call in calls {
        match call.map(|call| (Msisdn::parse(&call.number, region), call)) {
            Ok((Ok(msisdn), call)) => found.entry(msisdn).or_insert_with(|| Proposal::new(msisdn)).count(call),
            Ok((Err(_), _)) => proposals.skipped += 1,
            Err(problem) => proposals.unread(problem),
        }
    }
    proposals.entries = found.into_values().collect();
    proposals.entries.sort_by_key(|entry| std::cmp::Reverse(entry.last_ms));
    Ok(proposals)
}

/// A region that is none would silently skip every call.
fn check_region(region: &str) -> Result<(), MsisdnError> {
    match Msisdn::parse("", region) {
        Err(error @ MsisdnError::Region(_)) => Err(error),
        _ => Ok(()),
    }
}

impl Proposals {
    fn unread(&mut self, problem: Problem) {
        self.unread += 1;
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        }
    }
}

impl Proposal {
    fn new(msisdn: Msisdn) -> Self {
        Self { msisdn, name: None, count: 0, last_ms: i64::MIN, named_ms: i64::MIN }
    }

    fn count(&mut self, call: Call) {
        self.count += 1;
        self.last_ms = self.last_ms.max(call.at_ms);
        if call.name.is_some() && call.at_ms >= self.named_ms {
            self.name = call.name;
            self.named_ms = call.at_ms;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::CallKind;

    fn call(number: &str, name: Option<&str>, at_ms: i64) -> Call {
        Call { number: number.into(), name: name.map(Into::into), at_ms, kind: CallKind::Incoming }
    }

    #[test]
    fn one_entry_for_each_number_the_last_called_first() {
        let log = [
            call("13800138000", Some("old"), 1),
            call("+86 138 0013 8000", Some("new"), 7),
            call("0086 13800138000", None, 9),
            call("13900139000", None, 10),
            call("10086", None, 11),
            call("-1", None, 12),
        ];
        let bad = Problem { line: 1, field: String::new(), reason: String::new(), remedy: String::new() };
        let log = log.into_iter().map(Ok).chain([Err(bad)]);
        let proposals = proposals(log, "CN").unwrap();
        let entries: Vec<_> =
            proposals.entries.iter().map(|e| (e.msisdn.to_string(), e.name.as_deref(), e.count, e.last_ms)).collect();
        let expected = [("+8613900139000".to_owned(), None, 1, 10), ("+8613800138000".to_owned(), Some("new"), 3, 9)];
        assert_eq!(entries, expected);
        assert_eq!((proposals.skipped, proposals.unread, proposals.problems.len()), (2, 1, 1));
    }

    #[test]
    fn an_unknown_region_is_no_empty_answer() {
        assert_eq!(proposals([Ok(call("13800138000", None, 1))], "??"), Err(MsisdnError::Region("??".into())));
    }
}
