//! Many questions at the same time: how many a second, and how long the slow ones take.
#![expect(clippy::float_arithmetic, reason = "measurements for people, no money")]

use std::time::{Duration, Instant};

use anyhow::Result;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

/// One turn.
pub(super) struct Load {
    pub(super) per_s: f64,
    pub(super) p99_ms: f64,
}

/// Asks each of `calls`, so many at the same time; each carries `lines` questions.
pub(super) async fn run<T>(
    calls: impl IntoIterator<Item = T>,
    in_flight: usize,
    lines: u32,
    ask: impl AsyncFn(T) -> Result<()>,
) -> Result<Load> {
    let began = Instant::now();
    let timed = async |call| {
        let asked = Instant::now();
        ask(call).await.map(|()| asked.elapsed())
    };
    let took: Vec<Duration> = stream::iter(calls).map(timed).buffer_unordered(in_flight).try_collect().await?;
    Ok(Load::new(took, began.elapsed(), lines))
}

impl Load {
    /// What so many calls, each with so many questions, took.
    pub(super) fn new(mut took: Vec<Duration>, all: Duration, lines: u32) -> Self {
        took.sort_unstable();
        let slow = took.get((took.len() * 99 / 100).min(took.len().saturating_sub(1))).copied().unwrap_or_default();
        let questions = u32::try_from(took.len()).unwrap_or(u32::MAX).saturating_mul(lines);
        Self { per_s: f64::from(questions) / all.as_secs_f64(), p99_ms: slow.as_secs_f64() * 1_000.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slow_ones_are_found() {
        let took = (1..=200).rev().map(Duration::from_millis).collect();
        let load = Load::new(took, Duration::from_secs(2), 3);
        assert!(
            (load.per_s - 300.0).abs() < 1e-9 && (load.p99_ms - 199.0).abs() < 1e-9,
            "{} {}",
            load.per_s,
            load.p99_ms
        );
    }
}
