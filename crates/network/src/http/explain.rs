//! How an answer came to mean what it means, rule by rule.

use ringback_core::{Answer, Msisdn};

use super::{Http, wire::said};

/// What a service said about one line, and what each rule of its table makes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What the channel answers.
    pub answer: Answer,
    /// What the service said, quoted; nothing where no answer came.
    pub said: Option<String>,
    /// Every rule of the table, in order; the first that matched decides.
    pub rules: Vec<Tried>,
}

/// One rule of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The state that the rule names.
    pub is: String,
    /// Its line in the profile's file.
    pub line: usize,
    /// Its condition.
    pub when: String,
    /// What of the answer does not fit, quoted; nothing where the rule matched.
    pub differs: Option<String>,
}

impl Tried {
    /// Whether the rule matched.
    pub fn matched(&self) -> bool {
        self.differs.is_none()
    }
}

impl Http {
    /// Asks for one line, and tells what each rule makes of the answer.
    pub async fn explain(&self, line: Msisdn) -> Explanation {
        let heard = self.caller.ask(&[line], "").await;
        let answer = self.answer(line, heard.as_ref());
        let Ok(heard) = heard else { return Explanation { answer, said: None, rules: Vec::new() } };
        let body = self.about(line, &heard).unwrap_or(&heard.body);
        let rules = self.profile.rules.iter().map(|rule| Tried {
            is: rule.word.clone(),
            line: rule.line,
            when: rule.when.to_string(),
            differs: rule.when.misses(heard.code, body),
        });
        Explanation { answer, said: Some(format!("HTTP {}: {}", heard.code, said(Some(body)))), rules: rules.collect() }
    }
}
