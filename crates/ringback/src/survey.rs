//! Asking the channel and the providers about many lines at once, bounded and paced as the configuration says.

use std::time::Duration;

use anyhow::{Context as _, Result};
use futures_util::{StreamExt as _, stream};
use ringback_core::{Answer, Msisdn, line::Terms};
use ringback_engine::{
    Limits,
    shell::{Parts, terms_of},
};
use tokio::{
    sync::Mutex,
    time::{Interval, interval},
};

use crate::{context::Context, show, wiring};

/// The state of each line, in the same order.
pub(crate) async fn states(context: &Context, parts: &Parts, numbers: &[Msisdn]) -> Result<Vec<Answer>> {
    let name = &context.settings.book.channel;
    let channel = parts.channels.get(name).with_context(|| format!("book.channel: there is no [channel.{name}]"))?;
    let limits = limits(context, &[name]);
    let (pace, progress) = (pace(limits), show::progress(numbers.len(), "lines queried"));
    let ask = async |chunk: &[Msisdn]| {
        pace.lock().await.tick().await;
        let answers = channel.query(chunk).await;
        progress.inc(chunk.len() as u64);
        answers
    };
    let answers = stream::iter(numbers.chunks(limits.batch)).map(ask).buffered(limits.in_flight);
    let answers: Vec<Vec<Answer>> = answers.collect().await;
    progress.finish_and_clear();
    Ok(answers.concat())
}

/// What can be paid for each line, in the same order; else why nothing can.
pub(crate) async fn terms(
    context: &Context,
    parts: &Parts,
    numbers: &[Msisdn],
) -> Vec<std::result::Result<Vec<Terms>, String>> {
    let names = &context.settings.book.providers;
    let limits = limits(context, &names.iter().collect::<Vec<_>>());
    let (pace, progress) = (pace(limits), show::progress(numbers.len(), "lines looked up at the provider"));
    let ask = async |number: &Msisdn| {
        pace.lock().await.tick().await;
        let terms = terms_of(parts, *number, names).await;
        progress.inc(1);
        terms.map_err(|(reason, _)| reason)
    };
    let terms = stream::iter(numbers).map(ask).buffered(limits.in_flight).collect().await;
    progress.finish_and_clear();
    terms
}

/// The tightest limits of those that are asked together.
fn limits(context: &Context, names: &[&String]) -> Limits {
    let all = wiring::limits(&context.settings);
    let known = names.iter().filter_map(|name| all.get(*name).copied());
    known.reduce(tighter).unwrap_or_default()
}

fn tighter(one: Limits, other: Limits) -> Limits {
    Limits {
        in_flight: one.in_flight.min(other.in_flight),
        per_second: one.per_second.min(other.per_second),
        batch: one.batch.min(other.batch),
    }
}

/// One tick for each call that may begin.
fn pace(limits: Limits) -> Mutex<Interval> {
    Mutex::new(interval(Duration::from_secs(1) / limits.per_second))
}
