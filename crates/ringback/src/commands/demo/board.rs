//! The live table: one row for each line that is being brought back, its steps from left to right.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use anyhow::Result;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use ringback_core::{
    Amount, Judgement, Line, LineId, Outcome,
    line::{Phase, State},
    recovery::Event,
};
use ringback_engine::shell::Report;

use crate::{context::Open, show};

/// Rows on a terminal, or lines on anything else.
pub(super) struct Board {
    rows: MultiProgress,
    state: Mutex<Rows>,
}

#[derive(Default)]
struct Rows {
    names: BTreeMap<LineId, String>,
    bars: BTreeMap<LineId, (ProgressBar, Vec<String>)>,
}

impl Board {
    pub(super) fn new() -> Self {
        println!(
            "A carrier runs inside. 60 contacts are loaded; their lines are queried and brought back.\nEach → is a payment in yuan, ✓ its delivery; the line is queried after each.\n"
        );
        Self { rows: MultiProgress::with_draw_target(ProgressDrawTarget::stdout()), state: Mutex::new(Rows::default()) }
    }

    pub(super) async fn names(&self, open: &Open) -> Result<()> {
        let lines = open.lines(&open.of_book()).await?;
        let ids: Vec<LineId> = lines.iter().map(|line| line.id).collect();
        self.lock().names = open.store.names(&ids).await?.into_iter().collect();
        Ok(())
    }

    /// Shows what happened, in its line's row.
    pub(super) fn show(&self, report: &Report) {
        match report {
            Report::Stepped(line, event) => {
                if let Some(step) = step(line, event) {
                    self.add(line, step);
                }
            }
            Report::Trouble(text) => self.rows.println(format!("! {text}")).unwrap_or_default(),
            Report::Notice(..) | Report::Reconciled(..) => {}
        }
    }

    pub(super) fn close(&self) {
        self.lock().bars.values().for_each(|(bar, _)| bar.abandon());
        println!();
    }

    fn add(&self, line: &Line, step: String) {
        let mut state = self.lock();
        let name = state.names.get(&line.id).cloned().unwrap_or_default();
        let (bar, steps) = state.bars.entry(line.id).or_insert_with(|| (self.row(), Vec::new()));
        if self.rows.is_hidden() {
            println!("{}  {name}  {step}", line.msisdn);
        }
        steps.push(step);
        bar.set_message(format!("{}  {name}  {}", line.msisdn, steps.join(" ")));
        bar.tick();
    }

    fn row(&self) -> ProgressBar {
        let style = ProgressStyle::with_template("{wide_msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
        self.rows.add(ProgressBar::new_spinner().with_style(style))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Rows> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One step in a few characters; nothing for what the next one says.
fn step(line: &Line, event: &Event) -> Option<String> {
    match event {
        Event::Answered(read) => judged(line, read.status.judged()),
        Event::Proposed { .. } => match &line.state {
            State::Open(recovery) => match &recovery.phase {
                Phase::Paying { order, .. } => Some(format!("→{}", short(order.asked))),
                _ => None,
            },
            _ => None,
        },
        Event::Replied { reply, .. } => match &reply.outcome {
            Outcome::Delivered(_) => Some("✓".into()),
            Outcome::Pending | Outcome::NotFound => None,
            Outcome::Refused(refusal) => Some(format!("({})", show::refused(refusal))),
            Outcome::Reversed(_) => Some("(reversed)".into()),
            Outcome::Unknown(_) => Some("(no answer; asking)".into()),
        },
        Event::Unoffered { .. } if matches!(line.state, State::Parked(_)) => Some(painted("‖ parked", "35")),
        _ => None,
    }
}

/// An amount in the currency of the demo, without what is always the same.
fn short(amount: Amount) -> String {
    amount.decimal().trim_end_matches(".00").to_owned()
}

/// A text in an ANSI style, where colours are wanted.
fn painted(text: &str, style: &str) -> String {
    if show::colours() { format!("\x1b[{style}m{text}\x1b[0m") } else { text.to_owned() }
}

fn judged(line: &Line, judged: Judgement) -> Option<String> {
    match (&line.state, judged) {
        (State::Suspended, _) => Some(painted("■ suspended by its owner; claimed back", "90;3")),
        (State::Parked(parked), _) => Some(painted(&format!("‖ {}", show::reason(&parked.reason)), "35")),
        (State::Open(recovery), Judgement::Restricted) if recovery.orders == 0 => Some(painted("restricted", "31")),
        (State::Open(_), Judgement::InService) => Some(painted("● in service", "32")),
        _ => None,
    }
}
