//! Dedicated signalling: osmo-hlr's control interface. The record lies in the HLR.

mod ctrl;
mod frame;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;

use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use ringback_core::{Answer, Bar, Msisdn, Reachable, Service, Status};

use crate::{Capabilities, Channel, deadline_of_one};
pub use ctrl::{Ctrl, CtrlError};

/// The status channel on an osmo-hlr. It sees bars, purged phones, and the IMSI.
pub struct OsmoHlr {
    name: String,
    ctrl: Ctrl,
    capabilities: Capabilities,
}

/// Lines in one query: all of them travel on one connection at the same time.
const BATCH: usize = 512;

impl OsmoHlr {
    /// A channel to the control interface at `address` (host:port), authoritative for `ranges`.
    pub fn new(name: &str, address: &str, ranges: Vec<String>, deadline: Duration) -> Self {
        Self {
            name: name.to_owned(),
            ctrl: Ctrl::new(address, deadline_of_one(deadline)),
            capabilities: Capabilities {
                ranges,
                sees_restriction: true,
                sees_reachability: true,
                batch: BATCH,
                cost: String::new(),
            },
        }
    }

    async fn ask(&self, msisdn: Msisdn) -> Answer {
        self.answer(msisdn, self.ctrl.info(msisdn).await)
    }

    /// What the HLR's record, or why there is none, says about a line.
    fn answer(&self, msisdn: Msisdn, info: Result<String, CtrlError>) -> Answer {
        let (status, imsi) = match info {
            Ok(info) if field(&info, "msisdn") != Some(&msisdn.digits()) => {
                (Status::unknown(format!("{}: the answer is about another number", self.name)), None)
            }
            Ok(info) => match judge(&info) {
                // Nothing of an answer that cannot be understood is believed, its IMSI neither.
                unknown @ Status { service: Service::Unknown(_), .. } => (unknown, None),
                status => (status, field(&info, "imsi").map(str::to_owned)),
            },
            Err(CtrlError::NoSuchSubscriber) => (self.capabilities.missing(msisdn, &self.name), None),
            Err(error) => (Status::unknown(format!("{}: {error}", self.name)), None),
        };
        Answer { msisdn, status, imsi }
    }
}

#[async_trait]
impl Channel for OsmoHlr {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn query(&self, lines: &[Msisdn]) -> Vec<Answer> {
        join_all(lines.iter().map(|line| self.ask(*line))).await
    }
}

/// The state of a subscriber by `.info`: the CS bar wins over everything; PS alone is no restriction.
fn judge(info: &str) -> Status {
    let reachable = match (field(info, "ms_purged_cs"), field(info, "vlr_number")) {
        (Some("1"), _) => Reachable::No,
        (_, Some(_)) => Reachable::Yes,
        _ => Reachable::Unknown,
    };
    match field(info, "nam_cs") {
        Some("1") => Status::in_service(reachable),
        Some("0") => Status { service: Service::Restricted(Bar::ArrearsOrUnknown), reachable },
        _ => Status::unknown("the HLR's answer has no nam_cs"),
    }
}

fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    let value = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('\t'))?.trim();
    (!value.is_empty() && value != "(null)").then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_wins_over_everything() {
        let cases = [
            ("nam_cs\t1\nnam_ps\t0\nvlr_number\t49\nms_purged_cs\t0", Status::in_service(Reachable::Yes)),
            ("nam_cs\t1\nms_purged_cs\t1", Status::in_service(Reachable::No)),
            ("nam_cs\t1", Status::in_service(Reachable::Unknown)),
            (
                "nam_cs\t0\nms_purged_cs\t1",
                Status { service: Service::Restricted(Bar::ArrearsOrUnknown), reachable: Reachable::No },
            ),
        ];
        for (info, expected) in cases {
            assert_eq!(judge(info), expected, "{info}");
        }
        assert!(matches!(judge("garbage").service, Service::Unknown(_)));
    }
}
