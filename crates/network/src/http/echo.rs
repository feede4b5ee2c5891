//! What an answer repeats, and what it says about the phone.

use ringback_core::{Msisdn, Reachable};
use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use super::wire::{NumberFormat, ProfileError, Source, check_pointer, said};

/// `[echo]`: where an answer repeats the number. An answer about another number is none.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Echo {
    at: Vec<String>,
    #[serde(default)]
    number: NumberFormat,
    /// Whether an answer without the number is none either.
    #[serde(default)]
    required: bool,
}

/// `[reachable]`: where an answer tells, beside everything else, whether the phone is on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reach {
    at: String,
    yes: Vec<Value>,
    no: Vec<Value>,
}

impl Echo {
    pub(super) fn check<T>(&self, source: Source<'_>, stands_at: &Spanned<T>) -> Result<(), ProfileError> {
        if self.at.is_empty() {
            return Err(source.wrong(stands_at.span(), "`at` names at least one JSON pointer"));
        }
        self.at.iter().try_for_each(|pointer| check_pointer(source, pointer, stands_at))
    }

    /// Whether the answer is about this number, as far as it says.
    pub(super) fn holds(&self, number: Msisdn, body: &Value) -> Result<(), &'static str> {
        let expected = self.number.write(number);
        let mut named = self.repeated(body).peekable();
        if named.peek().is_none() && self.required {
            return Err("the answer does not say which number it is about");
        }
        if named.all(|text| Some(text) == expected) {
            return Ok(());
        }
        Err("the answer is about another number")
    }

    /// The number that one answer of a batch is about.
    pub(super) fn is_about(&self, number: Msisdn, body: &Value) -> bool {
        self.repeated(body).next().is_some() && self.holds(number, body).is_ok()
    }

    fn repeated<'a>(&'a self, body: &'a Value) -> impl Iterator<Item = String> + 'a {
        self.at.iter().filter_map(|pointer| body.pointer(pointer)).filter(|value| !value.is_null()).map(|value| {
            match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            }
        })
    }
}

impl Reach {
    pub(super) fn check<T>(&self, source: Source<'_>, stands_at: &Spanned<T>) -> Result<(), ProfileError> {
        check_pointer(source, &self.at, stands_at)
    }

    /// Whether the phone is on; a word that the profile does not know makes the whole answer unknown (K2).
    pub(super) fn read(&self, body: &Value) -> Result<Reachable, String> {
        match body.pointer(&self.at) {
            None | Some(Value::Null) => Ok(Reachable::Unknown),
            Some(value) if self.yes.contains(value) => Ok(Reachable::Yes),
            Some(value) if self.no.contains(value) => Ok(Reachable::No),
            other => Err(format!("no rule fits: {} is {}", self.at, said(other))),
        }
    }
}
