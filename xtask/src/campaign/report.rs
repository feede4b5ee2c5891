//! What a campaign found, while it runs and at its end.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    time::{Duration, Instant},
};

use clap::ValueEnum as _;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::{Arguments, books::Verdict};

/// Findings that are shown to people; the rest is in the evidence.
const SHOWN: usize = 20;

pub(crate) struct Report {
    name: String,
    seed: u64,
    json: bool,
    hits: BTreeMap<&'static str, u64>,
    verdict: Verdict,
    evidence: Vec<PathBuf>,
    began: Instant,
    bar: ProgressBar,
}

impl Report {
    pub(crate) fn begin(arguments: &Arguments) -> Self {
        let name = arguments.name.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        let style = ProgressStyle::with_template("{prefix} {bar:40} {pos}/{len} rounds, {msg}  {elapsed} ({eta} left)");
        let bar = ProgressBar::new(arguments.times).with_prefix(name.clone());
        let bar = style.map_or(bar.clone(), |style| bar.with_style(style));
        Self {
            name,
            seed: arguments.seed,
            json: arguments.json,
            hits: BTreeMap::new(),
            verdict: Verdict::default(),
            evidence: Vec::new(),
            began: Instant::now(),
            bar,
        }
    }

    /// Rounds that hit so far.
    pub(crate) fn rounds(&self) -> u64 {
        self.hits.values().sum()
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.verdict.is_clean()
    }

    /// A round hit the binary there.
    pub(crate) fn hit(&mut self, stage: &'static str) {
        *self.hits.entry(stage).or_default() += 1;
        self.bar.inc(1);
    }

    /// A town's books were compared.
    pub(crate) fn add(&mut self, verdict: Verdict) {
        self.verdict.add(verdict);
        self.bar.set_message(format!("{} payments", self.verdict.payments));
    }

    /// A town's folder stays.
    pub(crate) fn keep(&mut self, folder: PathBuf) {
        self.evidence.push(folder);
    }

    /// Where the evidence is.
    pub(crate) fn evidence(&self) -> String {
        self.evidence.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
    }

    /// The one line that counts, with what was found where something was.
    pub(crate) fn print(&self) {
        self.bar.finish_and_clear();
        if self.json {
            println!("{}", self.figures());
            return;
        }
        let Verdict { payments, lost, doubled, over_cap } = &self.verdict;
        for (kind, found) in [("lost", lost), ("doubled", doubled), ("over cap", over_cap)] {
            found.iter().take(SHOWN).for_each(|found| println!("{kind}: {found}"));
        }
        let (lost, doubled, over_cap) = (lost.len(), doubled.len(), over_cap.len());
        println!("{} rounds, {payments} payments, {lost} lost, {doubled} doubled, {over_cap} over cap", self.rounds());
        let hits: Vec<String> = self.hits.iter().map(|(stage, count)| format!("{stage} {count}")).collect();
        println!("hit: {}; seed {}; {:.0?}", hits.join(", "), self.seed, self.elapsed());
        if !self.evidence.is_empty() {
            println!("evidence: {}", self.evidence());
        }
    }

    fn figures(&self) -> serde_json::Value {
        let Verdict { payments, lost, doubled, over_cap } = &self.verdict;
        json!({
            "campaign": self.name, "seed": self.seed, "rounds": self.rounds(), "payments": payments,
            "lost": lost, "doubled": doubled, "over_cap": over_cap, "hits": self.hits,
            "seconds": self.elapsed().as_secs(), "evidence": self.evidence,
        })
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}
