//! Conditions over an answer: its HTTP status code, and what stands at JSON pointers.

use std::{collections::BTreeMap, fmt};

use ringback_core::quote;
use serde_json::Value;
use toml::Spanned;

use super::{Source, file::ProfileError};

/// An answer that came in full.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::http) struct Heard {
    /// The HTTP status code.
    pub(in crate::http) code: u16,
    /// What the body says.
    pub(in crate::http) body: Value,
}

/// All of it holds, or none.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::http) struct When {
    code: u16,
    facts: Vec<Fact>,
}

#[derive(Debug, Clone, PartialEq)]
struct Fact {
    at: String,
    one_of: Vec<Expected>,
}

#[derive(Debug, Clone, PartialEq)]
enum Expected {
    /// Nothing stands there, or null.
    Absent,
    This(Value),
}

impl When {
    /// The condition of a profile: the status code, and for each pointer the value, or several values of which one is
    /// enough. A code alone is no condition: proxies and portals answer with any of them (K2).
    pub(in crate::http) fn read(
        source: Source<'_>,
        code: u16,
        facts: Spanned<BTreeMap<String, Spanned<Value>>>,
    ) -> Result<Self, ProfileError> {
        if facts.get_ref().is_empty() {
            return Err(source.wrong(facts.span(), "an HTTP status alone says nothing; name at least one JSON pointer"));
        }
        let span = facts.span();
        let fact = |(at, expected): (String, Spanned<Value>)| {
            check_pointer(source, &at, &expected)?;
            let span = expected.span();
            let one_of = one_of(expected.into_inner());
            let one_of = one_of.ok_or_else(|| {
                source.wrong(span, "write a text, a whole number, true, false, { absent = true }, or a list of them")
            })?;
            Ok(Fact { at, one_of })
        };
        let when = Self { code, facts: facts.into_inner().into_iter().map(fact).collect::<Result<_, _>>()? };
        if when.holds(code, &Value::Null) {
            return Err(source.wrong(span, "an empty answer fulfils this; name what has to stand there"));
        }
        Ok(when)
    }

    /// Whether the answer is so.
    pub(in crate::http) fn holds(&self, code: u16, body: &Value) -> bool {
        code == self.code && self.facts.iter().all(|fact| fact.holds(body))
    }

    /// What of it the answer does not fulfil, for people; the answer's words are quoted (S6).
    pub(in crate::http) fn misses(&self, code: u16, body: &Value) -> Option<String> {
        if code != self.code {
            return Some(format!("HTTP {code}"));
        }
        let fact = self.facts.iter().find(|fact| !fact.holds(body))?;
        Some(format!("{} is {}", fact.at, said(body.pointer(&fact.at))))
    }
}

/// A pointer by RFC 6901 begins with a slash.
pub(in crate::http) fn check_pointer<T>(
    source: Source<'_>,
    pointer: &str,
    stands_at: &Spanned<T>,
) -> Result<(), ProfileError> {
    if pointer.starts_with('/') {
        return Ok(());
    }
    Err(source.wrong(stands_at.span(), format!("`{pointer}` is no JSON pointer; it begins with a slash")))
}

/// What stands at a place of an answer, quoted.
pub(in crate::http) fn said(value: Option<&Value>) -> String {
    value.map_or_else(|| "absent".into(), |value| quote(&value.to_string()))
}

impl Fact {
    fn holds(&self, body: &Value) -> bool {
        let found = body.pointer(&self.at).filter(|value| !value.is_null());
        self.one_of.iter().any(|expected| match expected {
            Expected::Absent => found.is_none(),
            Expected::This(value) => found == Some(value),
        })
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}", self.code)?;
        self.facts.iter().try_for_each(|fact| {
            let one_of: Vec<String> = fact.one_of.iter().map(Expected::to_string).collect();
            write!(f, ", {} = {}", fact.at, one_of.join(" or "))
        })
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("absent"),
            Self::This(value) => write!(f, "{value}"),
        }
    }
}

fn one_of(value: Value) -> Option<Vec<Expected>> {
    match value {
        Value::Array(values) if !values.is_empty() => values.into_iter().map(expected).collect(),
        other => Some(vec![expected(other)?]),
    }
}

/// Floats are compared by nobody.
fn expected(value: Value) -> Option<Expected> {
    match value {
        Value::Object(object) => {
            let absent = object.len() == 1 && object.get("absent") == Some(&Value::Bool(true));
            absent.then_some(Expected::Absent)
        }
        Value::Number(number) if number.is_f64() => None,
        Value::Array(_) | Value::Null => None,
        other => Some(Expected::This(other)),
    }
}
