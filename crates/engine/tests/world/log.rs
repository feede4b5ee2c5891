//! What the engine put out, as the tests look at it.

use std::collections::BTreeMap;

use ringback_core::{
    Claim, LineId, Order, TopUpRef,
    recovery::{Event, Notice},
};

/// Everything that was put out and needs no answer, and what was asked of the outside.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) notices: Vec<(LineId, Notice)>,
    pub(crate) stepped: Vec<(LineId, Event)>,
    pub(crate) troubles: Vec<String>,
    pub(crate) submitted: Vec<Order>,
    pub(crate) inquired: Vec<TopUpRef>,
    /// When lines were queried, in milliseconds of uptime.
    pub(crate) queried: Vec<(u64, Vec<LineId>)>,
    /// Which channel each of these queries went to.
    pub(crate) asked: Vec<String>,
    /// When a desk was asked.
    pub(crate) claimed: Vec<(u64, Claim)>,
    pub(crate) clock_faults: usize,
    /// The most calls that were out at the same time, by channel and provider.
    pub(crate) most_out: BTreeMap<String, usize>,
}

impl Log {
    /// How often a line was queried.
    pub(crate) fn queries_of(&self, line: i64) -> usize {
        self.queried.iter().flat_map(|(_, lines)| lines).filter(|id| id.0 == line).count()
    }

    pub(crate) fn has_stepped(&self, line: i64, wanted: impl Fn(&Event) -> bool) -> bool {
        self.stepped.iter().any(|(id, event)| id.0 == line && wanted(event))
    }

    pub(crate) fn has_noticed(&self, line: i64, wanted: impl Fn(&Notice) -> bool) -> bool {
        self.notices.iter().any(|(id, notice)| id.0 == line && wanted(notice))
    }
}
