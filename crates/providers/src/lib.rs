//! Top-up connectors, one file each, plan catalogues and claim desks. Nothing here knows the ledger, and nothing
//! retries by itself: what follows from an answer is the method's decision.

pub mod catalogue;
pub mod desk;
mod foreign;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
pub mod reloadly;

use async_trait::async_trait;
use ringback_core::{Amount, Claim, Currency, DeskReply, Msisdn, Offer, Order, Reply};

/// A provider of top-ups.
#[async_trait]
pub trait Connector: Send + Sync {
    /// The provider's name in the configuration.
    fn name(&self) -> &str;

    /// What the provider can do, and how fast it may be asked.
    fn capabilities(&self) -> &Capabilities;

    /// Finds a line's carrier and what can be paid for it (S1041).
    async fn offer(&self, line: Msisdn) -> Result<Offer, ProviderError>;

    /// Gets whatever a submission needs beforehand, such as a token, so that `submit` sends at once; moves no money, safe
    /// to repeat. A provider that needs nothing is always prepared.
    async fn prepare(&self) -> Result<(), ProviderError> {
        Ok(())
    }

    /// Sends one order, once and at once: what it needs was prepared, and where it is missing nothing is sent, which is
    /// answered by `Outcome::Refused(Refusal::Unavailable)`. Anything but an explicit answer is `Outcome::Unknown`.
    async fn submit(&self, order: &Order) -> Reply;

    /// Asks what became of an order, by its reference.
    async fn inquire(&self, order: &Order) -> Reply;

    /// What the prepaid wallet holds.
    async fn balance(&self) -> Result<Amount, ProviderError>;

    /// The provider's own statement: every top-up that it booked since `since_ms` (wall clock), for M4. Whole or an
    /// error; two top-ups with one reference are two rows.
    async fn statement(&self, since_ms: i64) -> Result<Vec<StatementRow>, ProviderError>;
}

/// Where money is claimed back (claim 5).
#[async_trait]
pub trait ClaimDesk: Send + Sync {
    /// The desk's name in the configuration.
    fn name(&self) -> &str;

    /// Whether the answer comes only from a person, as to a letter; then nobody waits for the desk.
    fn is_by_hand(&self) -> bool {
        false
    }

    /// Hands a claim in. Safe to repeat unchanged: a claim is identified by its top-up's reference (R1).
    async fn request(&self, claim: &Claim) -> DeskReply;

    /// Asks how far a claim is.
    async fn inquire(&self, claim: &Claim) -> DeskReply;
}

/// What a provider declares about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// The currency of the prepaid wallet.
    pub currency: Currency,
    /// Whether an order can be looked up by the owner's reference; without it an unknown parks (P5).
    pub inquiry_by_reference: bool,
    /// The least time between two top-ups of one number, in milliseconds.
    pub min_gap_ms: u64,
    /// How long after a submission a "not found" starts to count, in milliseconds.
    pub not_found_final_after_ms: u64,
    /// The time between two inquiries about one order, in milliseconds.
    pub inquiry_spacing_ms: u64,
    /// The most that it debits on top of what is asked for one top-up; it is reserved with each order (C1).
    pub max_fee: Option<Amount>,
}

/// One row of a provider's statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementRow {
    /// The owner's reference, where the provider has one for it; text, since it may be foreign.
    pub reference: String,
    /// The line.
    pub msisdn: Msisdn,
    /// What became of it.
    pub reply: Reply,
}

/// Why a provider could not answer a question that moves no money. Asking again is always safe.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The owner corrects the credentials in the configuration.
    #[error("{provider} refused the credentials ({detail}); check client_id and client_secret in the configuration")]
    Credentials {
        /// The provider's name.
        provider: String,
        /// The provider's words.
        detail: String,
    },
    /// The line cannot be served by this provider; another one may.
    #[error("{provider} offers nothing for this line: {detail}")]
    NotOffered {
        /// The provider's name.
        provider: String,
        /// The provider's words.
        detail: String,
    },
    /// The caller asks again later.
    #[error("{provider} did not answer as expected: {detail}")]
    Unavailable {
        /// The provider's name.
        provider: String,
        /// What was seen.
        detail: String,
    },
}
