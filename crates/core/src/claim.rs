//! Claiming money back from the network side (claim 5): one claim per top-up, durable before it is sent.

use serde::{Deserialize, Serialize};

use crate::{money::Amount, msisdn::Msisdn, topup::TopUpRef};

/// A claim for one delivered top-up. Resent unchanged until the desk acknowledges it (R1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The top-up whose money is claimed back; it identifies the claim as well.
    pub reference: TopUpRef,
    /// The line that was suspended by its owner.
    pub msisdn: Msisdn,
    /// The desk that is asked.
    pub desk: String,
    /// What is claimed, at most delivered minus refunded (R2).
    pub claimed: Amount,
    /// How far it has come.
    pub state: State,
}

/// How far a claim has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// To be sent, or sent without an answer.
    Requested,
    /// The desk has it under this number.
    Acknowledged {
        /// The desk's own case number.
        case: String,
    },
    /// The desk confirms that it paid; less than claimed waits for a person (R5).
    Paid {
        /// What came back.
        paid: Amount,
    },
    /// The desk will not pay; a person decides what next (R5).
    Denied {
        /// The desk's reason.
        reason: String,
    },
    /// The desk closed it without an answer; a person decides what next (R5).
    Expired,
    /// The line came back or a person let it go: nothing more is claimed (R6).
    Withdrawn,
}

/// What a claim desk said about one claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeskReply {
    /// The desk has it under this case number.
    Acknowledged(String),
    /// The desk paid this much.
    Paid(Amount),
    /// The desk will not pay.
    Denied(String),
    /// The desk closed it.
    Expired,
    /// No answer, or none that can be understood: the claim is sent again unchanged.
    Unknown(String),
}
