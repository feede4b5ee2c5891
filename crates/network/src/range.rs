//! Where a channel's word about a missing subscriber counts.

use ringback_core::{Msisdn, Status};

use crate::Capabilities;

impl Capabilities {
    /// Whether the number lies in one of the ranges: only there does "no such subscriber" count, and only such a line may
    /// be enrolled.
    pub fn is_authoritative(&self, line: Msisdn) -> bool {
        let digits = line.digits();
        self.ranges.iter().any(|range| digits.starts_with(range.as_str()))
    }

    /// What "no such subscriber" means for a number: gone where the channel is authoritative, else unknown.
    pub(crate) fn missing(&self, line: Msisdn, channel: &str) -> Status {
        if self.is_authoritative(line) {
            Status::not_in_service()
        } else {
            Status::unknown(format!(
                "{channel} does not know the number and is not authoritative for it; see its ranges"
            ))
        }
    }
}
