//! A service's profile: one TOML file with its wire, and the ordered table that says what its answers mean.

use std::{collections::BTreeMap, fs, path::Path};

use ringback_core::Bar;
use serde::{
    Deserialize,
    de::{IntoDeserializer, value},
};
use serde_json::Value;
use toml::Spanned;

use super::{
    batch::Batch,
    echo::{Echo, Reach},
    wire::{Auth, Hole, ProfileError, Shape, Source, When},
};

/// The profiles that come with Ringback.
const BUILT_IN: [(&str, &str); 7] = [
    ("camara-subscription-status", include_str!("../../profiles/camara-subscription-status.toml")),
    ("camara-number-recycling", include_str!("../../profiles/camara-number-recycling.toml")),
    ("twilio-lookup-line-status", include_str!("../../profiles/twilio-lookup-line-status.toml")),
    ("telesign-subscriber-status", include_str!("../../profiles/telesign-subscriber-status.toml")),
    ("hlr-lookups", include_str!("../../profiles/hlr-lookups.toml")),
    ("hlrlookup", include_str!("../../profiles/hlrlookup.toml")),
    ("zaiwang-generic", include_str!("../../profiles/zaiwang-generic.toml")),
];

/// What a service is asked for decides which words a rule may use.
pub trait Meaning: Sized + Send + Sync {
    /// What fills the holes of a request.
    #[doc(hidden)]
    const SINCE: bool;

    /// What a rule's word means; nothing for a word of another kind of service.
    #[doc(hidden)]
    fn of(word: &str, bar: Option<Bar>) -> Option<Self>;

    /// The words, for whoever wrote another one.
    #[doc(hidden)]
    const WORDS: &'static str;
}

/// A service: how it is asked, and what its answers mean.
#[derive(Debug, Clone)]
pub struct Profile<M> {
    pub(super) about: About,
    pub(super) ways: Vec<Auth>,
    pub(super) shape: Shape,
    pub(super) batch: Option<Batch>,
    pub(super) echo: Option<Echo>,
    pub(super) reach: Option<Reach>,
    pub(super) rules: Vec<Rule<M>>,
}

/// One row of the table.
#[derive(Debug, Clone)]
pub(super) struct Rule<M> {
    pub(super) word: String,
    /// The line in the file.
    pub(super) line: usize,
    pub(super) when: When,
    pub(super) means: M,
    pub(super) reason: Option<String>,
}

/// What a profile says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct About {
    /// The service's name.
    pub name: String,
    /// Where the facts come from.
    pub source: String,
    /// When they were read, as a date.
    pub date: String,
    /// What the service cannot tell.
    pub cannot_see: String,
    /// Where the service is reached, unless the configuration says otherwise.
    #[serde(default)]
    pub url: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    source: String,
    date: Spanned<String>,
    cannot_see: String,
    #[serde(default)]
    url: Option<String>,
    auth: Spanned<Vec<Auth>>,
    request: Shape,
    #[serde(default)]
    batch: Option<Spanned<Batch>>,
    #[serde(default)]
    echo: Option<Spanned<Echo>>,
    #[serde(default)]
    reachable: Option<Spanned<Reach>>,
    rule: Spanned<Vec<Row>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    is: Spanned<String>,
    #[serde(default)]
    cause: Option<Spanned<String>>,
    #[serde(default = "ok")]
    status: u16,
    when: Spanned<BTreeMap<String, Spanned<Value>>>,
    #[serde(default)]
    reason: Option<String>,
}

const fn ok() -> u16 {
    200
}

impl<M: Meaning> Profile<M> {
    /// A profile that comes with Ringback, by its name; else the file at this path, which begins in `beside`.
    pub fn named(name: &str, beside: &Path) -> Result<Self, ProfileError> {
        if let Some((_, text)) = BUILT_IN.iter().find(|(built_in, _)| *built_in == name) {
            return Self::read(name, text);
        }
        let path = beside.join(name);
        let text = fs::read_to_string(&path).map_err(|error| {
            let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
            let detail = format!("{error}; write a file's path, or one of {}", names.join(", "));
            ProfileError { file: path.display().to_string(), line: 1, key: "the file".into(), detail }
        })?;
        Self::read(&path.display().to_string(), &text)
    }

    /// Reads a profile and checks it in full.
    pub fn read(file: &str, text: &str) -> Result<Self, ProfileError> {
        let source = Source { file, text };
        let file: File = source.read()?;
        if file.date.get_ref().parse::<jiff::civil::Date>().is_err() {
            return Err(source.wrong(file.date.span(), "write a date such as 2026-11-26"));
        }
        if file.auth.get_ref().is_empty() {
            return Err(source.wrong(file.auth.span(), "name at least one way; { kind = \"none\" } is one"));
        }
        if file.rule.get_ref().is_empty() {
            return Err(source.wrong(file.rule.span(), "without a rule every answer is unknown"));
        }
        let other = file.batch.as_ref().map(Spanned::span).or(file.reachable.as_ref().map(Spanned::span));
        if let Some(span) = other.filter(|_| M::SINCE) {
            return Err(source.wrong(span, "a guard asks whether one number was recycled, and nothing else"));
        }
        file.request.check(source, &allowed::<M>(&file))?;
        check_parts(source, &file)?;
        let rules = file.rule.into_inner().into_iter().map(|row| row.read(source)).collect::<Result<_, _>>()?;
        Ok(Self {
            about: About {
                name: file.name,
                source: file.source,
                date: file.date.into_inner(),
                cannot_see: file.cannot_see,
                url: file.url,
            },
            ways: file.auth.into_inner(),
            shape: file.request,
            batch: file.batch.map(Spanned::into_inner),
            echo: file.echo.map(Spanned::into_inner),
            reach: file.reachable.map(Spanned::into_inner),
            rules,
        })
    }

    /// How many lines one request carries.
    pub fn lines_per_request(&self) -> usize {
        self.batch.as_ref().map_or(1, |batch| batch.size)
    }

    /// What the profile says about itself.
    pub fn about(&self) -> &About {
        &self.about
    }
}

impl Row {
    fn read<M: Meaning>(self, source: Source<'_>) -> Result<Rule<M>, ProfileError> {
        let (word, span) = (self.is.get_ref().clone(), self.is.span());
        let bar = self.cause.map(|cause| read_cause(source, &cause)).transpose()?;
        let means = M::of(&word, bar).ok_or_else(|| {
            let only = if bar.is_some() { "; only `restricted` has a cause" } else { "" };
            source.wrong(span.clone(), format!("`{word}` is not one of {}{only}", M::WORDS))
        })?;
        let line = source.line(&span);
        Ok(Rule { word, line, when: When::read(source, self.status, self.when)?, means, reason: self.reason })
    }
}

fn read_cause(source: Source<'_>, cause: &Spanned<String>) -> Result<Bar, ProfileError> {
    let read = |word: &str| Bar::deserialize(IntoDeserializer::<value::Error>::into_deserializer(word));
    read(cause.get_ref()).map_err(|error| source.wrong(cause.span(), error.to_string()))
}

/// What may fill the holes of a request.
fn allowed<M: Meaning>(file: &File) -> Vec<Hole> {
    let mut allowed = vec![if file.batch.is_some() { Hole::Numbers } else { Hole::Number }];
    if M::SINCE {
        allowed.push(Hole::Since);
    }
    if file.auth.get_ref().contains(&Auth::Body) {
        allowed.extend([Hole::User, Hole::Password]);
    }
    allowed
}

fn check_parts(source: Source<'_>, file: &File) -> Result<(), ProfileError> {
    if let Some(echo) = &file.echo {
        echo.get_ref().check(source, echo)?;
    }
    if let Some(reach) = &file.reachable {
        reach.get_ref().check(source, reach)?;
    }
    if let Some(batch) = &file.batch {
        batch.get_ref().check(source, batch)?;
        if file.echo.is_none() {
            return Err(source.wrong(batch.span(), "an answer of a batch is found by its number; add [echo]"));
        }
    }
    Ok(())
}

/// Name and text of each profile that comes with Ringback.
#[cfg(any(test, fuzzing))]
pub(super) fn built_in() -> impl Iterator<Item = (&'static str, &'static str)> {
    BUILT_IN.into_iter()
}
