//! The channels: whether each answers, what it can see, and whether it was ever seen to see it.

use std::time::Duration;

use ringback_core::{Judgement, Msisdn, Service, Status};
use ringback_network::{Channel, http::Recycled};
use tokio::time::timeout;

use super::{Finding, Patient, failure, good, warning};
use crate::show;

pub(super) async fn examine(patient: &Patient<'_>, only: Option<&str>) -> Vec<Finding> {
    let Some(parts) = &patient.parts else { return Vec::new() };
    let mut findings = Vec::new();
    if only.is_some_and(|only| !parts.channels.contains_key(only)) {
        let known: Vec<&str> = parts.channels.keys().map(String::as_str).collect();
        let remedy = format!("the configuration names {}", known.join(", "));
        return vec![failure(part(only.unwrap_or_default()), "there is no such channel", remedy)];
    }
    for (name, channel) in parts.channels.iter().filter(|(name, _)| only.is_none_or(|only| only == *name)) {
        findings.push(sight(channel.as_ref()));
        let status = match (patient.line, only) {
            (Some(line), Some(_)) => Some(explained(patient, channel.as_ref(), line, &mut findings).await),
            (Some(line), None) => Some(ask(patient, channel.as_ref(), line).await),
            (None, _) => None,
        };
        findings.push(said(name, patient.line, status.as_ref()));
        findings.extend(proof(patient, channel.as_ref(), status.as_ref()).await);
    }
    if only.is_none() {
        findings.extend(freshness(patient));
        findings.extend(guards(patient).await);
    }
    findings
}

/// Who is asked whether a number was given to somebody else.
async fn guards(patient: &Patient<'_>) -> Vec<Finding> {
    let (Some(parts), Some(line)) = (&patient.parts, patient.line) else { return Vec::new() };
    let today = jiff::ZonedDateTime::now().date();
    let mut findings = Vec::new();
    for (name, guard) in &parts.guards {
        let place = format!("guard {name}");
        findings.push(match timeout(deadline(patient), guard.was_recycled(line, today)).await {
            Ok(Recycled::No) => good(place, format!("asked about {line}: the same subscriber has it")),
            Ok(Recycled::Yes) => {
                warning(place, format!("asked about {line}: somebody else has it since today"), "ask them")
            }
            Ok(Recycled::Unknown(reason)) => failure(place, reason, "mend what it names; nothing is paid before"),
            Err(_) => failure(place, "no answer in time", "see whether the other side runs, and `timing.deadline`"),
        });
    }
    findings
}

fn part(channel: &str) -> String {
    format!("channel {channel}")
}

/// What the channel declares that it can see.
fn sight(channel: &dyn Channel) -> Finding {
    let (can, name) = (channel.capabilities(), channel.name());
    if !can.sees_restriction {
        return warning(
            part(name),
            "it cannot tell a restricted line from one in service",
            "use it in a route behind a channel that can; alone it never starts a recovery",
        );
    }
    if can.ranges.is_empty() {
        return warning(
            part(name),
            "it is authoritative for no number, so that no line can be enrolled by it",
            format!("write the prefixes that it knows into [channel.{name}].ranges, such as \"86138\""),
        );
    }
    let cost = if can.cost.is_empty() { String::new() } else { format!("; a query costs {}", can.cost) };
    let reach = if can.sees_reachability { "and switched-off phones" } else { "but no switched-off phones" };
    good(
        part(name),
        format!("it sees restricted lines, {reach}; it knows numbers that begin with {}{cost}", can.ranges.join(", ")),
    )
}

fn deadline(patient: &Patient<'_>) -> Duration {
    Duration::from_millis(patient.context.settings.timing.deadline_ms())
}

async fn ask(patient: &Patient<'_>, channel: &dyn Channel, line: Msisdn) -> Status {
    let answers = timeout(deadline(patient), channel.query(&[line])).await.unwrap_or_default();
    answers.into_iter().next().map_or_else(|| Status::unknown("no answer in time"), |answer| answer.status)
}

/// The same, with what each rule of the channel's table makes of the answer.
async fn explained(patient: &Patient<'_>, channel: &dyn Channel, line: Msisdn, findings: &mut Vec<Finding>) -> Status {
    let Some(explanation) = channel.explain(line).await else { return ask(patient, channel, line).await };
    findings.extend(explanation.said.map(|said| good(part(channel.name()), format!("it said: {said}"))));
    findings.extend(explanation.rules.into_iter().map(|tried| {
        let found = match &tried.differs {
            None => format!("matched: {}", tried.rule),
            Some(differs) => format!("not matched: {}; {differs}", tried.rule),
        };
        good(part(channel.name()), found)
    }));
    explanation.answer.status
}

/// What the channel said about the line, if it could be asked.
fn said(name: &str, line: Option<Msisdn>, status: Option<&Status>) -> Finding {
    let (Some(line), Some(status)) = (line, status) else {
        let remedy = format!("`ringback doctor --channel {name} NUMBER` asks about any number");
        return warning(part(name), "it was not asked: no line is enrolled yet", remedy);
    };
    let said = format!("asked about {line}: {}", show::status(status));
    match status.judged() {
        Judgement::Unknown => failure(part(name), said, "mend what it names; what is unknown is never paid"),
        _ => good(part(name), said),
    }
}

/// A look-up that only ever says *connected* is worth nothing here: a channel is trusted once it told of a restriction.
async fn proof(patient: &Patient<'_>, channel: &dyn Channel, now: Option<&Status>) -> Option<Finding> {
    let (open, name) = (patient.open.as_ref()?, channel.name());
    if !channel.capabilities().sees_restriction {
        return None;
    }
    if now.is_some_and(|status| matches!(status.service, Service::Restricted(_))) {
        return Some(good(part(name), "it tells of a restricted line"));
    }
    match open.store.restricted_seen(name).await {
        Ok(Some(_)) => Some(good(part(name), "it has told of a restricted line")),
        Ok(None) => Some(warning(
            part(name),
            "unproven: it never told of a restricted line",
            "query a line that you know to be restricted, with `ringback check`, before you trust what it says",
        )),
        Err(error) => Some(failure(part(name), error.to_string(), "see the finding about the database")),
    }
}

/// A status that is older than `timing.fresh` when the payment leaves is read again (K1): with slow channels, for ever.
fn freshness(patient: &Patient<'_>) -> Option<Finding> {
    let settings = &patient.context.settings;
    let asked = settings.route(&settings.book.channel)?.channels.len();
    let longest_ms = settings.timing.deadline_ms().saturating_mul(u64::try_from(asked).unwrap_or(u64::MAX));
    let fresh_ms = settings.policy().timing.fresh_ms;
    (longest_ms > fresh_ms).then(|| {
        warning(
            "timing",
            format!("{asked} channels may take {longest_ms} ms, and a status is fresh for {fresh_ms} ms"),
            "where they are that slow nothing is paid: raise timing.fresh, or lower timing.deadline",
        )
    })
}
