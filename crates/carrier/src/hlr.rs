//! A real osmo-hlr beside the carrier: each subscriber's bar is mirrored into it over the control interface.

mod daemon;
mod lifts;

use std::{net::SocketAddr, time::Duration};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use ringback_core::Msisdn;
use ringback_network::osmo::{Ctrl, CtrlError};

pub use daemon::{Daemon, DaemonError, free_address};
pub(crate) use lifts::mirror_lifts;

/// Requests in flight on the one connection.
const PIPELINE: usize = 256;

/// How long the HLR may take to answer.
const DEADLINE: Duration = Duration::from_secs(20);

/// Writes subscribers and their bars into an osmo-hlr.
pub struct Mirror {
    ctrl: Ctrl,
}

impl Mirror {
    /// A mirror into the HLR whose control interface is at `address`.
    pub fn new(address: SocketAddr) -> Self {
        Self { ctrl: Ctrl::new(&address.to_string(), DEADLINE) }
    }

    /// Creates every subscriber with its number and its bar. Safe to repeat.
    pub async fn fill(&self, lines: impl Iterator<Item = (Msisdn, String, bool)>) -> Result<(), CtrlError> {
        let lines: Vec<_> = lines.collect();
        let each = lines.into_iter().map(|(msisdn, imsi, barred)| self.add(msisdn, imsi, barred));
        stream::iter(each).buffer_unordered(PIPELINE).try_collect().await
    }

    /// Makes sure that the HLR knows none of these numbers.
    pub async fn check_absent(&self, numbers: impl Iterator<Item = Msisdn>) -> Result<(), CtrlError> {
        for number in numbers {
            match self.ctrl.info(number).await {
                Err(CtrlError::NoSuchSubscriber) => {}
                Err(error) => return Err(error),
                Ok(_) => return Err(CtrlError::Refused(format!("it knows {number}, which has ceased"))),
            }
        }
        Ok(())
    }

    /// Bars a line, or lifts its bar.
    pub async fn set(&self, msisdn: Msisdn, barred: bool) -> Result<(), CtrlError> {
        self.ctrl.set_cs(msisdn, !barred).await
    }

    async fn add(&self, msisdn: Msisdn, imsi: String, barred: bool) -> Result<(), CtrlError> {
        match self.ctrl.create(&imsi).await {
            // The subscriber is there from an earlier run.
            Ok(()) | Err(CtrlError::Refused(_)) => {}
            Err(error) => return Err(error),
        }
        self.ctrl.set_msisdn(&imsi, msisdn).await?;
        self.set(msisdn, barred).await
    }
}
