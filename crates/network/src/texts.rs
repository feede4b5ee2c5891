//! Short messages, whatever carries them: a modem, or an SMPP account.

use std::time::Instant;

use async_trait::async_trait;

/// A way to send and hear short messages.
#[async_trait]
pub trait Texts: Send + Sync {
    /// Hands a text to the network; done when the network has taken it, which is not yet its delivery. Whoever gives up waiting
    /// has to expect that it was sent.
    async fn send(&self, to: &str, text: &str) -> Result<MessageId, TextsError>;

    /// Waits for what is heard next, for as long as it takes; trouble with the way is its own to mend. What nobody waits for is
    /// kept within bounds, the oldest goes first.
    async fn hear(&self) -> Heard;
}

/// The network's name for a text that it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageId(pub String);

/// What comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Somebody's text.
    Text(Text),
    /// The network's word that a text will not be delivered.
    Undelivered {
        /// The text's id.
        message: MessageId,
        /// Why, in the network's words, without numbers (S6).
        reason: String,
    },
}

/// A text that arrived, decoded and in one piece. What could not be decoded has U+FFFD in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The sender, as the network writes it. It can be forged.
    pub from: String,
    /// What it says.
    pub text: String,
    /// When it arrived here.
    pub at: Instant,
}

/// Why it is not known that a text was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextsError {
    /// The way is out of order or busy. Nothing left; later it may work.
    #[error("{0}")]
    NotNow(String),
    /// Nothing left, and nothing will before somebody changes what the message names.
    #[error("{0}")]
    Refused(String),
    /// It may have been sent, and an answer may come.
    #[error("{0}")]
    Unsure(String),
}
