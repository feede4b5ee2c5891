//! Asking the channel and the providers about many lines at once, bounded and paced as the configuration says.

use std::time::Duration;

use anyhow::{Context as _, Result};
use futures_util::{StreamExt as _, stream};
use ringback_core::{Answer, Judgement, Msisdn, Status, line::Terms};
use ringback_engine::{
    Limits,
    shell::{Parts, terms_of},
};
use tokio::{sync::Mutex, time::interval};

use crate::{context::Context, show, wiring};

/// The state of each line, in the same order: what the first channel of the book's route says that knows it.
pub(crate) async fn states(context: &Context, parts: &Parts, numbers: &[Msisdn]) -> Result<Vec<Answer>> {
    let name = &context.settings.book.channel;
    let route = context.settings.route(name).expect("the configuration was checked");
    let nothing = |&msisdn: &Msisdn| Answer { msisdn, status: Status::unknown("nobody was asked"), imsi: None };
    let mut answers: Vec<Answer> = numbers.iter().map(nothing).collect();
    for name in &route.channels {
        let left: Vec<&mut Answer> = answers.iter_mut().filter(|answer| is_unknown(answer)).collect();
        let numbers: Vec<Msisdn> = left.iter().map(|answer| answer.msisdn).collect();
        let said = ask(context, parts, name, &numbers).await?;
        left.into_iter().zip(said).for_each(|(answer, said)| *answer = said);
    }
    Ok(answers)
}

fn is_unknown(answer: &Answer) -> bool {
    answer.status.judged() == Judgement::Unknown
}

/// What one channel says about each line, in the same order.
async fn ask(context: &Context, parts: &Parts, name: &String, numbers: &[Msisdn]) -> Result<Vec<Answer>> {
    let channel = parts.channels.get(name).with_context(|| format!("there is no [channel.{name}]"))?;
    let limits = limits(context, &[name]);
    let progress = show::progress(numbers.len(), "lines queried");
    let answers = paced(limits, numbers.chunks(limits.batch), async |chunk| {
        let answers = channel.query(chunk).await;
        progress.inc(chunk.len() as u64);
        answers
    });
    let answers = answers.await.concat();
    progress.finish_and_clear();
    Ok(answers)
}

/// What can be paid for each line, in the same order; else why nothing can.
pub(crate) async fn terms(context: &Context, parts: &Parts, numbers: &[Msisdn]) -> Vec<Result<Vec<Terms>, String>> {
    let names = &context.settings.book.providers;
    let limits = limits(context, &names.iter().collect::<Vec<_>>());
    let progress = show::progress(numbers.len(), "lines looked up at the provider");
    let terms = paced(limits, numbers, async |number| {
        let terms = terms_of(parts, *number, names).await;
        progress.inc(1);
        terms.map_err(|(reason, _)| reason)
    });
    let terms = terms.await;
    progress.finish_and_clear();
    terms
}

/// Asks about all of them, so many at a time and so many a second; the answers keep their order.
async fn paced<T, A>(limits: Limits, all: impl IntoIterator<Item = T>, ask: impl AsyncFn(T) -> A) -> Vec<A> {
    let pace = Mutex::new(interval(Duration::from_secs(1) / limits.per_second));
    let ask = async |one| {
        pace.lock().await.tick().await;
        ask(one).await
    };
    stream::iter(all).map(ask).buffered(limits.in_flight).collect().await
}

/// The tightest limits of those that are asked together.
fn limits(context: &Context, names: &[&String]) -> Limits {
    let all = wiring::limits(&context.settings, &context.path);
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use super::*;

    #[tokio::test]
    async fn calls_are_bounded_and_answers_keep_their_order() {
        let (out, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let limits = Limits { in_flight: 3, per_second: 10_000, batch: 1 };
        let answers = paced(limits, 0..20, async |number| {
            most.fetch_max(out.fetch_add(1, SeqCst) + 1, SeqCst);
            for _ in 0..(20 - number) {
                tokio::task::yield_now().await;
            }
            out.fetch_sub(1, SeqCst);
            number
        });
        assert_eq!(answers.await, (0..20).collect::<Vec<_>>());
        assert!((1..=3).contains(&most.load(SeqCst)), "{most:?}");
    }

    #[tokio::test]
    async fn calls_are_paced() {
        let began = std::time::Instant::now();
        let limits = Limits { in_flight: 100, per_second: 100, batch: 1 };
        paced(limits, 0..11, async |_| ()).await;
        assert!(began.elapsed() >= Duration::from_millis(99), "{:?}", began.elapsed());
    }
}
