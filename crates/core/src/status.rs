//! What the network says about a line: two facts, its service and whether it can be reached.

use serde::{Deserialize, Serialize};

use crate::{msisdn::Msisdn, mutant, time::Now};

/// The state of a line. A bar wins over everything: an unreachable, barred line is restricted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Whether the line has service.
    pub service: Service,
    /// Whether the phone answers the network right now.
    #[serde(default, skip_serializing_if = "Reachable::is_unknown")]
    pub reachable: Reachable,
}

/// Whether a line has service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// Outgoing voice works (data alone may be suspended).
    InService,
    /// Outgoing voice is barred.
    Restricted(Bar),
    /// No subscriber has this number, on a channel that is authoritative for it.
    NotInService,
    /// The number was given to somebody else since its person was last sure of it (K4).
    Recycled,
    /// No answer, an error, or a contradiction: never a reason to pay (K2).
    Unknown(String),
}

/// Why a line is restricted, as far as the network tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bar {
    /// Arrears, the owner's own suspension, or no stated cause: the only bar that paying can lift (K3).
    ArrearsOrUnknown,
    /// Barred for fraud.
    Fraud,
    /// Reported lost or stolen.
    Lost,
    /// The owner's identity is not verified.
    Identity,
    /// Another stated cause.
    Other,
}

/// Whether the phone answers the network right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reachable {
    /// It does.
    Yes,
    /// It is switched off or out of coverage.
    No,
    /// The channel does not see it.
    #[default]
    Unknown,
}

/// A status as the method judges it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// The line has service.
    InService,
    /// The line is restricted in a way that paying may lift.
    Restricted,
    /// The line is restricted for a stated cause that no payment lifts (K3).
    BarredOtherwise(Bar),
    /// The number has no subscriber, or another one.
    NotInService,
    /// Nothing is known.
    Unknown,
}

/// One status read: what was said, when it was asked, and which outcomes had been seen by then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// What the network said.
    pub status: Status,
    /// When the query was issued.
    pub issued: Now,
    /// The line's count of payment outcomes at that time; a later outcome voids the read (K1).
    pub outcomes: u32,
    /// The channel that answered.
    pub channel: String,
    /// The subscriber's IMSI, on channels that see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imsi: Option<String>,
}

/// One answer of a status channel, before it is tied to a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The number it is about.
    pub msisdn: Msisdn,
    /// What the channel says.
    pub status: Status,
    /// The subscriber's IMSI, on channels that see it.
    pub imsi: Option<String>,
}

impl Reachable {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_unknown(&self) -> bool {
        *self == Self::Unknown
    }
}

impl Status {
    /// A line in service.
    pub const fn in_service(reachable: Reachable) -> Self {
        Self { service: Service::InService, reachable }
    }

    /// A restricted line.
    pub const fn restricted(bar: Bar) -> Self {
        Self { service: Service::Restricted(bar), reachable: Reachable::Unknown }
    }

    /// A number without a subscriber.
    pub const fn not_in_service() -> Self {
        Self { service: Service::NotInService, reachable: Reachable::Unknown }
    }

    /// A number that belongs to somebody else now.
    pub const fn recycled() -> Self {
        Self { service: Service::Recycled, reachable: Reachable::Unknown }
    }

    /// Nothing known, with the reason for people.
    pub fn unknown(reason: impl Into<String>) -> Self {
        Self { service: Service::Unknown(reason.into()), reachable: Reachable::Unknown }
    }

    /// The method's judgement (S102, S104, S1044).
    pub fn judged(&self) -> Judgement {
        let taken = matches!(self.service, Service::Restricted(_)) && mutant!("fraud is arrears")
            || matches!(self.service, Service::Unknown(_)) && mutant!("unknown is restricted");
        match &self.service {
            _ if taken => Judgement::Restricted,
            Service::InService => Judgement::InService,
            Service::Restricted(Bar::ArrearsOrUnknown) => Judgement::Restricted,
            Service::Restricted(bar) => Judgement::BarredOtherwise(*bar),
            Service::NotInService | Service::Recycled => Judgement::NotInService,
            Service::Unknown(_) => Judgement::Unknown,
        }
    }
}
