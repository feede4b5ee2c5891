//! Where a channel's word about a missing subscriber counts.

use ringback_core::{Msisdn, Status};

use crate::Capabilities;

impl Capabilities {
    /// What "no such subscriber" means for a number: gone where the channel is authoritative, else unknown.
    pub(crate) fn missing(&self, line: Msisdn, channel: &str) -> Status {
        let digits = line.digits();
        if self.ranges.iter().any(|range| digits.starts_with(range.as_str())) {
            Status::not_in_service()
        } else {
            Status::unknown(format!(
                "{channel} does not know the number and is not authoritative for it; see its ranges"
            ))
        }
    }
}
