//! `bench --channels`: each status channel by itself, without a store, beside what a bare client reaches at the same
//! peer. Both take turns in every round, so that a busy machine slows both.
#![expect(clippy::float_arithmetic, reason = "measurements for people, no money")]

mod http;
mod load;
mod signalling;

use anyhow::Result;
use serde::Serialize;
use serde_json::{Map, json};

use super::median;
use crate::cli::{self, Cli};
use load::Load;

/// Questions of one turn.
const QUESTIONS: u32 = 10_000;

/// Lines that the peers know.
const LINES: usize = 1_000;

/// One channel and its bare client, in alternating turns.
struct Rounds {
    name: &'static str,
    channel: Vec<Load>,
    bare: Vec<Load>,
}

/// Medians over the rounds.
#[derive(Debug, Serialize)]
struct Figures {
    queries_s: f64,
    /// The slowest of a hundred queries, as long as all of them wait for one another.
    p99_ms: f64,
    /// What a bare client reaches with the same questions.
    ceiling_s: f64,
    ceiling_p99_ms: f64,
    /// The channel's share of the ceiling.
    share: f64,
}

pub(super) async fn bench(cli: &Cli, args: &cli::Bench) -> Result<()> {
    let rounds = args.rounds.max(1);
    let measured = [http::measure(rounds).await?, signalling::measure(rounds).await?];
    let figures: Vec<(&str, Figures)> = measured.iter().map(|rounds| (rounds.name, rounds.figures())).collect();
    if cli.json {
        let by_name: Map<_, _> = figures.iter().map(|(name, figures)| ((*name).to_owned(), json!(figures))).collect();
        println!("{}", json!(by_name));
    } else {
        print(&figures, rounds);
    }
    Ok(())
}

fn print(figures: &[(&str, Figures)], rounds: u32) {
    println!("Medians of {rounds} rounds, in which channel and bare client take turns; no store.");
    for (name, figures) in figures {
        println!("\n{name}");
        println!("  {:>10} queries a second, the 99th percentile after {} ms", figures.queries_s, figures.p99_ms);
        println!(
            "  {:>10} by a bare client, after {} ms; share {}",
            figures.ceiling_s, figures.ceiling_p99_ms, figures.share
        );
    }
}

impl Rounds {
    fn new(name: &'static str) -> Self {
        Self { name, channel: Vec::new(), bare: Vec::new() }
    }

    /// A round's two turns.
    fn add(&mut self, channel: Load, bare: Load) {
        self.channel.push(channel);
        self.bare.push(bare);
    }

    fn figures(&self) -> Figures {
        let rounded = |value: f64, digits: i32| (value * 10f64.powi(digits)).round() / 10f64.powi(digits);
        let of = |loads: &[Load], what: fn(&Load) -> f64| median(loads.iter().map(what));
        let shares = self.channel.iter().zip(&self.bare).map(|(ours, bare)| ours.per_s / bare.per_s);
        Figures {
            queries_s: rounded(of(&self.channel, |load| load.per_s), 0),
            p99_ms: rounded(of(&self.channel, |load| load.p99_ms), 2),
            ceiling_s: rounded(of(&self.bare, |load| load.per_s), 0),
            ceiling_p99_ms: rounded(of(&self.bare, |load| load.p99_ms), 2),
            share: rounded(median(shares), 3),
        }
    }
}
