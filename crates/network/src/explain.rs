//! How an answer came to mean what it means, rule by rule.

use ringback_core::Answer;

/// What a channel was told about one line, and what each rule of its table makes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What the channel answers.
    pub answer: Answer,
    /// What it was told, quoted; nothing where no answer came.
    pub said: Option<String>,
    /// Every rule of the table, in order; the first that matched decides.
    pub rules: Vec<Tried>,
}

/// One rule of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The rule: the state that it names, where it stands, and its condition.
    pub rule: String,
    /// What of the answer does not fit, quoted; nothing where the rule matched.
    pub differs: Option<String>,
}

impl Tried {
    /// Whether the rule matched.
    pub fn matched(&self) -> bool {
        self.differs.is_none()
    }
}
