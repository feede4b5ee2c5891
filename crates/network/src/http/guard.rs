//! Whether a number still belongs to whoever had it: asked before money is spent.

use async_trait::async_trait;
use jiff::civil::Date;
use ringback_core::{Bar, Msisdn};

use super::{
    Settings, caller,
    profile::{Meaning, Profile},
    wire::Caller,
};

/// A service that knows whether numbers were given to somebody else.
#[async_trait]
pub trait Guard: Send + Sync {
    /// The guard's name in the configuration.
    fn name(&self) -> &str;

    /// Whether the number was given to somebody else since a date, before the guard's deadline. Never fails: trouble is
    /// `Unknown` with its reason.
    async fn was_recycled(&self, line: Msisdn, since: Date) -> Recycled;
}

/// What a guard knows of a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recycled {
    /// It belongs to the same subscriber.
    No,
    /// It was given to somebody else.
    Yes,
    /// No answer, no data, or a date out of range: no reason to trust the number (K4).
    Unknown(String),
}

/// A word of a guard's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The number was given to somebody else.
    Recycled,
    /// It was not.
    NotRecycled,
    /// The service does not know.
    Unknown,
}

/// A guard over HTTP, by its profile.
pub struct HttpGuard {
    name: String,
    profile: Profile<Verdict>,
    caller: Caller,
}

impl Meaning for Verdict {
    const SINCE: bool = true;
    const WORDS: &'static str = "recycled, not_recycled, unknown";

    fn of(word: &str, bar: Option<Bar>) -> Option<Self> {
        match (word, bar) {
            ("recycled", None) => Some(Self::Recycled),
            ("not_recycled", None) => Some(Self::NotRecycled),
            ("unknown", None) => Some(Self::Unknown),
            _ => None,
        }
    }
}

impl HttpGuard {
    /// A guard by the service that a profile describes. The error names the key of the configuration to correct.
    pub fn new(settings: Settings, profile: Profile<Verdict>) -> Result<Self, String> {
        let caller = caller(&settings, &profile)?;
        Ok(Self { name: settings.name, profile, caller })
    }

    async fn verdict(&self, line: Msisdn, since: Date) -> Result<Recycled, String> {
        let heard = self.caller.ask(&[line], &since.to_string()).await?;
        let rule = self.profile.rules.iter().find(|rule| rule.when.holds(heard.code, &heard.body));
        let rule = rule.ok_or_else(|| format!("no rule of the profile fits the answer (HTTP {})", heard.code))?;
        if let Some(echo) = &self.profile.echo {
            echo.holds(line, &heard.body)?;
        }
        let reason = || rule.reason.clone().unwrap_or_else(|| "the service does not know".into());
        match rule.means {
            Verdict::Recycled => Ok(Recycled::Yes),
            Verdict::NotRecycled => Ok(Recycled::No),
            Verdict::Unknown => Err(reason()),
        }
    }
}

#[async_trait]
impl Guard for HttpGuard {
    fn name(&self) -> &str {
        &self.name
    }

    async fn was_recycled(&self, line: Msisdn, since: Date) -> Recycled {
        let verdict = self.verdict(line, since).await;
        verdict.unwrap_or_else(|reason| Recycled::Unknown(format!("{}: {reason}", self.name)))
    }
}
