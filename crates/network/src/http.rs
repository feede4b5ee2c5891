//! Data service: status services over HTTP, each by its profile. A new service is a file.

mod batch;
mod echo;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod guard;
mod profile;
mod status;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};
use ringback_core::{Answer, Msisdn, Service as LineService, Status};
use serde_json::Value;

use crate::{Capabilities, Channel, Explanation, Tried, deadline_of_one};
pub use guard::{Guard, HttpGuard, Recycled, Verdict};
pub use profile::{About, Meaning, Profile};
pub use status::State;
use wire::{Caller, Heard, Service, said};
pub use wire::{Credentials, ProfileError};

/// Requests of one query at the same time, so that the deadline of one is that of all.
const IN_FLIGHT: usize = 64;

/// What a configuration says about a service.
pub struct Settings {
    /// The channel's or guard's name in the configuration.
    pub name: String,
    /// Where the service is reached; the profile may know.
    pub url: Option<String>,
    /// Who asks.
    pub credentials: Credentials,
    /// Prefixes that the service is authoritative for.
    pub ranges: Vec<String>,
    /// How long a query may take as a whole.
    pub deadline: Duration,
    /// What one query costs, in words of the service's tariff; empty when it is free.
    pub cost: String,
}

/// The status channel to a service over HTTP. What it sees is what its profile's table tells apart.
pub struct Http {
    name: String,
    profile: Profile<State>,
    caller: Caller,
    capabilities: Capabilities,
}

impl Http {
    /// A channel to the service that a profile describes. The error names the key of the configuration to correct.
    pub fn new(settings: Settings, profile: Profile<State>) -> Result<Self, String> {
        let caller = caller(&settings, &profile)?;
        let capabilities = Capabilities {
            ranges: settings.ranges,
            sees_restriction: profile.sees_restriction(),
            sees_reachability: profile.sees_reachability(),
            batch: profile.batch.as_ref().map_or(IN_FLIGHT, |batch| batch.size),
            cost: settings.cost,
        };
        Ok(Self { name: settings.name, profile, caller, capabilities })
    }

    /// The profile that answers are read by.
    pub fn profile(&self) -> &Profile<State> {
        &self.profile
    }

    /// One request; a line that is asked about twice stands in it once.
    async fn ask(&self, lines: Vec<Msisdn>) -> Vec<Answer> {
        let mut once = lines.clone();
        once.sort_unstable();
        once.dedup();
        let heard = self.caller.ask(&once, "").await;
        lines.iter().map(|line| self.answer(*line, heard.as_ref())).collect()
    }

    /// What an answer, or why there is none, says about a line.
    fn answer(&self, line: Msisdn, heard: Result<&Heard, &String>) -> Answer {
        let judged = heard.map_err(Clone::clone).and_then(|heard| {
            let body = self.about(line, heard)?;
            self.profile.judge(line, heard.code, body)
        });
        let status = match judged {
            Ok(Status { service: LineService::NotInService, .. }) => self.capabilities.missing(line, &self.name),
            Ok(status) => self.capabilities.believed(status, &self.name),
            Err(reason) => Status::unknown(format!("{}: {reason}", self.name)),
        };
        Answer { msisdn: line, status, imsi: None }
    }

    /// The part of an answer that is about a line: all of it, or of a batch the one answer with its number.
    fn about<'a>(&self, line: Msisdn, heard: &'a Heard) -> Result<&'a Value, String> {
        let (Some(batch), Some(echo)) = (&self.profile.batch, &self.profile.echo) else { return Ok(&heard.body) };
        let mut about = batch.answers(&heard.body).iter().filter(|answer| echo.is_about(line, answer));
        match (about.next(), about.next()) {
            (Some(answer), None) => Ok(answer),
            (None, _) if heard.code == 200 => Err("no answer is about this number".into()),
            (None, _) => Err(self.profile.why_none(heard.code, &heard.body)),
            _ => Err("more than one answer is about this number".into()),
        }
    }
}

#[async_trait]
impl Channel for Http {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn query(&self, lines: &[Msisdn]) -> Vec<Answer> {
        let requests: Vec<Vec<Msisdn>> = lines.chunks(self.profile.lines_per_request()).map(<[_]>::to_vec).collect();
        let asked = stream::iter(requests).map(|lines| self.ask(lines));
        asked.buffered(IN_FLIGHT).concat().await
    }

    async fn explain(&self, line: Msisdn) -> Option<Explanation> {
        let heard = self.caller.ask(&[line], "").await;
        let answer = self.answer(line, heard.as_ref());
        let Ok(heard) = heard else { return Some(Explanation { answer, said: None, rules: Vec::new() }) };
        let body = self.about(line, &heard).unwrap_or(&heard.body);
        let rules = self.profile.rules.iter().map(|rule| Tried {
            rule: format!("{} (line {}): {}", rule.word, rule.line, rule.when),
            differs: rule.when.misses(heard.code, body),
        });
        let rules = rules.collect();
        Some(Explanation { answer, said: Some(format!("HTTP {}: {}", heard.code, said(Some(body)))), rules })
    }
}

/// The caller of a service, as configuration and profile describe it together.
fn caller<M>(settings: &Settings, profile: &Profile<M>) -> Result<Caller, String> {
    let url = settings.url.as_ref().or(profile.about.url.as_ref());
    Caller::new(&Service {
        shape: &profile.shape,
        ways: &profile.ways,
        each: profile.batch.as_ref().map(|batch| &batch.each),
        url: url.ok_or("the profile knows no address; write `url`")?,
        credentials: &settings.credentials,
        deadline: deadline_of_one(settings.deadline),
    })
}
