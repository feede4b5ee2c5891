//! A line and its bill.

use ringback_core::{Amount, Carrier, Msisdn};
use serde::{Deserialize, Serialize};

use crate::faults::Fault;

/// A line and its bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subscriber {
    /// The number.
    pub msisdn: Msisdn,
    /// The SIM.
    pub imsi: String,
    /// The carrier.
    pub carrier: Carrier,
    /// The monthly fee.
    pub plan: Amount,
    /// The line's truth.
    pub service: Service,
    /// Whether the phone is switched off.
    pub powered_off: bool,
    /// The balance: money beyond the arrears, in minor units of the plan's currency.
    pub credit_minor: i64,
    /// When a bar whose arrears are covered is lifted.
    pub lifts_at_ms: Option<i64>,
    pub(crate) fault: Option<Fault>,
    pub(crate) last_topup_ms: Option<i64>,
}

/// The truth about a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// It works.
    InService,
    /// It is barred until this much is paid.
    Arrears {
        /// What is owed, in minor units.
        owed_minor: i64,
    },
    /// Its owner suspended it; money changes nothing.
    SuspendedByOwner,
    /// It is barred for fraud; money changes nothing.
    Fraud,
    /// It has no subscriber.
    Ceased,
    /// It belongs to somebody else now, on another SIM, and works.
    Recycled,
}

/// A bar that is lifted at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lift {
    /// The line.
    pub msisdn: Msisdn,
    /// When.
    pub at_ms: i64,
}

impl Subscriber {
    /// A line without credit.
    pub fn new(
        msisdn: Msisdn,
        imsi: String,
        carrier: Carrier,
        plan: Amount,
        service: Service,
        powered_off: bool,
        fault: Option<Fault>,
    ) -> Self {
        let (credit_minor, lifts_at_ms, last_topup_ms) = (0, None, None);
        Self { msisdn, imsi, carrier, plan, service, powered_off, credit_minor, lifts_at_ms, fault, last_topup_ms }
    }

    /// Whether outgoing calls are barred.
    pub fn is_barred(&self, now_ms: i64) -> bool {
        match self.service {
            Service::Arrears { .. } => self.lifts_at_ms.is_none_or(|at| now_ms < at),
            Service::SuspendedByOwner | Service::Fraud => true,
            Service::InService | Service::Ceased | Service::Recycled => false,
        }
    }

    /// Whether the number has a subscriber at all.
    pub fn exists(&self) -> bool {
        self.service != Service::Ceased
    }

    /// The line's truth becomes another; a bar that was being lifted is lifted no more.
    pub(crate) fn become_now(&mut self, service: Service) {
        (self.service, self.lifts_at_ms) = (service, None);
    }

    /// Books money on the bill; covered arrears lift the bar after the settling time.
    pub(crate) fn credit(&mut self, minor: i64, now_ms: i64, settling_ms: i64) -> Option<Lift> {
        let Service::Arrears { owed_minor } = self.service else {
            self.credit_minor = self.credit_minor.saturating_add(minor);
            return None;
        };
        let left = owed_minor - minor;
        self.service = Service::Arrears { owed_minor: left.max(0) };
        self.credit_minor = self.credit_minor.saturating_add((-left).max(0));
        if left > 0 || self.lifts_at_ms.is_some() {
            return None;
        }
        let at_ms = now_ms.saturating_add(settling_ms);
        self.lifts_at_ms = Some(at_ms);
        Some(Lift { msisdn: self.msisdn, at_ms })
    }
}
