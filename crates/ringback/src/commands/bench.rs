//! `bench`: the engine, the HTTP path and the import, measured in interleaved rounds of one run.
#![expect(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "measurements for people, no money")]

mod channels;
mod http;
mod import;
mod meter;
mod reference;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::json;

use crate::cli::{self, Cli};

/// What one round of everything measured.
struct Round {
    many: reference::Measured,
    one: reference::Measured,
    http_lines_s: f64,
    ceiling_lines_s: f64,
    import: import::Measured,
}

/// Medians over the rounds.
#[derive(Debug, Serialize)]
struct Figures {
    /// Durable commits, each with one fsync of the log; checkpoints are not counted.
    fsync_per_line: f64,
    /// By how much the database grew; what its log wrote in between is not counted.
    bytes_per_line: f64,
    cpu_s_per_1000_lines: f64,
    engine_lines_s: f64,
    one_at_a_time_lines_s: f64,
    /// How many times faster many lines are than one at a time.
    ratio: f64,
    http_lines_s: f64,
    /// What a plain client reaches with five status queries for each line.
    http_ceiling_lines_s: f64,
    http_share: f64,
    import_100k_s: f64,
    /// The greatest resident memory of the whole process, from the beginning of the import.
    import_peak_mb: f64,
}

pub(crate) async fn bench(cli: &Cli, args: &cli::Bench) -> Result<()> {
    if args.channels {
        return channels::bench(cli, args).await;
    }
    let style = ProgressStyle::with_template("{spinner} round {pos} of {len}: {msg}")?;
    let progress = ProgressBar::new(args.rounds.into()).with_style(style);
    let mut rounds = Vec::new();
    for _ in 0..args.rounds.max(1) {
        rounds.push(round(args.lines, &progress).await?);
        progress.inc(1);
    }
    progress.finish_and_clear();
    let figures = figures(&rounds);
    if cli.json {
        println!("{}", json!(figures));
    } else {
        print(&figures, args);
    }
    Ok(())
}

async fn round(lines: u32, progress: &ProgressBar) -> Result<Round> {
    progress.set_message("the engine, many lines in flight");
    let many = reference::measure(lines, reference::IN_FLIGHT).await?;
    progress.set_message("the engine, one line at a time");
    let one = reference::measure((lines / 40).max(1), 1).await?;
    progress.set_message("over HTTP");
    let (http_lines_s, ceiling_lines_s) = http::measure(lines / 4).await?;
    progress.set_message("the import of 100,000 vCards");
    let import = import::measure().await?;
    Ok(Round { many, one, http_lines_s, ceiling_lines_s, import })
}

fn figures(rounds: &[Round]) -> Figures {
    let median = |of: fn(&Round) -> f64| median(rounds.iter().map(of));
    let rounded = |value: f64, digits: i32| (value * 10f64.powi(digits)).round() / 10f64.powi(digits);
    Figures {
        fsync_per_line: rounded(median(|round| round.many.fsync_per_line), 4),
        bytes_per_line: rounded(median(|round| round.many.bytes_per_line), 0),
        cpu_s_per_1000_lines: rounded(median(|round| round.many.cpu_s_per_1000_lines), 4),
        engine_lines_s: rounded(median(|round| round.many.lines_s), 0),
        one_at_a_time_lines_s: rounded(median(|round| round.one.lines_s), 0),
        ratio: rounded(median(|round| round.many.lines_s / round.one.lines_s), 1),
        http_lines_s: rounded(median(|round| round.http_lines_s), 0),
        http_ceiling_lines_s: rounded(median(|round| round.ceiling_lines_s), 0),
        http_share: rounded(median(|round| round.http_lines_s / round.ceiling_lines_s), 3),
        import_100k_s: rounded(median(|round| round.import.seconds), 2),
        import_peak_mb: rounded(median(|round| round.import.peak_mb), 0),
    }
}

/// The middle one of at least one value.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn print(figures: &Figures, args: &cli::Bench) {
    let place = std::env::current_dir().map(|folder| folder.display().to_string()).unwrap_or_default();
    println!(
        "Medians of {} interleaved rounds, {} lines each, on the file system of {place}.",
        args.rounds, args.lines
    );
    println!("\nBringing one line back: 8 durable transitions with their postings and journal rows, no network");
    println!("  {:>10} durable commits a line, one synced write each", figures.fsync_per_line);
    println!("  {:>10} bytes a line, by which the database grew", figures.bytes_per_line);
    println!("  {:>10} CPU seconds for 1,000 lines", figures.cpu_s_per_1000_lines);
    println!("  {:>10} lines a second, {} in flight", figures.engine_lines_s, reference::IN_FLIGHT);
    println!("  {:>10} lines a second, one at a time; {} times fewer", figures.one_at_a_time_lines_s, figures.ratio);
    println!("\nThe same over HTTP on this machine, five calls a line");
    println!("  {:>10} lines a second", figures.http_lines_s);
    println!(
        "  {:>10} lines a second, by a plain client's five status queries a line; share {}",
        figures.http_ceiling_lines_s, figures.http_share
    );
    println!("\nImporting 100,000 vCards");
    println!(
        "  {:>10} seconds, {} MB of resident memory at the process's peak",
        figures.import_100k_s, figures.import_peak_mb
    );
}
