//! What the demo found, in figures and in words.

use std::{collections::BTreeMap, path::Path, time::Duration};

use ringback_carrier::{Booked, Handle};
use ringback_core::{
    Claim, Group, Line, LineId, Reachable,
    line::State,
    recovery::{End, Record, TopUp},
};
use ringback_engine::reconcile::reconcile;
use ringback_store::{Balance, ClaimFilter, Store};
use serde::Serialize;

use super::FILE;
use crate::{
    commands::ledger,
    context::{Context, Open},
    run, show,
};

/// The demo's figures, as `--json` prints them.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    /// Lines of the address book.
    lines: usize,
    /// Lines that were restricted when they were queried first, for whatever cause.
    restricted: usize,
    restored: usize,
    suspended_by_owner: usize,
    parked: usize,
    /// Lines in service whose phone is switched off.
    unreachable: usize,
    /// Everything that was delivered, probes and set amounts included.
    paid_minor: i64,
    claimed_minor: i64,
    pub(super) ledger_balanced: bool,
    /// Credits in the carrier's own books that the ledger does not know.
    duplicate_payments: usize,
    seconds: f64,
}

/// The figures and what they are made from.
pub(super) struct Result {
    pub(super) figures: Figures,
    lines: Vec<Line>,
    names: BTreeMap<LineId, String>,
    ends: BTreeMap<LineId, End>,
    topups: Vec<TopUp>,
    claims: Vec<Claim>,
    balances: Vec<Balance>,
}

impl Result {
    pub(super) async fn read(context: &Context, open: &Open, carrier: &Handle, took: Duration) -> anyhow::Result<Self> {
        let store: &dyn Store = open.store.as_ref();
        let lines = open.lines(&open.of_book()).await?;
        let ids: Vec<LineId> = lines.iter().map(|line| line.id).collect();
        let records = store.recoveries(None).await?;
        let topups = store.topups_since("sandbox", 0).await?;
        let claims = store.claims(ClaimFilter::All).await?;
        let booked = carrier.world().statement(i64::MAX);
        let ledger_balanced = store.verify().await?.is_empty() && agrees(context, open, &topups).await?;
        let ended =
            |wanted: fn(&End) -> bool| records.iter().filter(|(_, r)| r.end.as_ref().is_some_and(wanted)).count();
        let in_state = |wanted: fn(&Line) -> bool| lines.iter().filter(|line| wanted(line)).count();
        let figures = Figures {
            lines: lines.len(),
            restricted: records.len() + in_state(is_barred_otherwise),
            restored: ended(|end| matches!(end, End::Restored(_))),
            suspended_by_owner: in_state(|line| line.state == State::Suspended),
            parked: in_state(|line| matches!(line.state, State::Parked(_))),
            unreachable: in_state(|line| line.seen.as_ref().is_some_and(|seen| seen.status.reachable == Reachable::No)),
            paid_minor: topups.iter().map(delivered_minor).sum(),
            claimed_minor: claims.iter().map(|claim| claim.claimed.minor()).sum(),
            ledger_balanced,
            duplicate_payments: duplicates(&booked, &topups),
            seconds: seconds(took),
        };
        let names = store.names(&ids).await?.into_iter().collect();
        let ends = records.into_iter().filter_map(|(line, record): (_, Record)| Some((line, record.end?))).collect();
        Ok(Self { figures, lines, names, ends, topups, claims, balances: store.balances().await? })
    }

    pub(super) fn print(&self, target: &Path, config: &Path) {
        println!("\n{}\n", self.causes());
        let figures = &self.figures;
        println!(
            "{} lines, {} of them restricted: {} are back, {} are suspended by their owners, {} parked. {} are switched off.",
            figures.lines,
            figures.restricted,
            figures.restored,
            figures.suspended_by_owner,
            figures.parked,
            figures.unreachable,
        );
        for line in &self.lines {
            if let State::Parked(parked) = &line.state {
                println!("  {} is parked: {}", line.msisdn, show::reason(&parked.reason));
            }
        }
        println!("\nThe money:");
        ledger::print_balances(&self.balances);
        let balanced = if figures.ledger_balanced { "balances, reference by reference," } else { "DIFFERS" };
        println!(
            "The ledger {balanced} with the carrier's statement; {} duplicate payments. It took {} s.",
            figures.duplicate_payments, figures.seconds,
        );
        let folder = config.parent().unwrap_or(Path::new("."));
        println!("\nThe address book before: {}", folder.join(FILE).display());
        println!("The address book after:  {}", target.display());
        println!("\nWhat to try next:");
        let program = std::env::args().next().unwrap_or_else(|| "ringback".into());
        let call = format!("{program} --config {}", config.display());
        let shown = self.ends.keys().next().and_then(|id| self.lines.iter().find(|line| line.id == *id));
        if let Some(line) = shown {
            println!("  {call} show {}    its whole history", line.msisdn);
        }
        println!("  {call} ledger --statement    every posting");
        println!("  {program} demo --ladder stepwise    the same with every plan paid in full: compare the money");
        println!("  {program} carrier, then {program} init --sandbox http://127.0.0.1:8080    your own address book");
    }

    /// Each line that was not simply in service, with its cause and its money.
    fn causes(&self) -> comfy_table::Table {
        let mut table = show::table(&["name", "number", "found out", "paid", "claimed back"]);
        for line in &self.lines {
            let found = match self.ends.get(&line.id) {
                Some(End::Parked(_)) => "parked; why is said below".into(),
                Some(end) => show::end(end),
                None if line.group() == Some(Group::InService) => continue,
                None => format!("{}; nothing is paid", show::state(line)),
            };
            let paid: i64 = self.topups.iter().filter(|t| t.line == line.id).map(delivered_minor).sum();
            let back: i64 = self.claims.iter().filter(|c| c.msisdn == line.msisdn).map(|c| c.claimed.minor()).sum();
            let name = self.names.get(&line.id).cloned().unwrap_or_default();
            let (paid, back) = (self.money(paid), self.money(back));
            let found = show::painted_cell(line, &found);
            table.add_row([name.into(), line.msisdn.into(), found, paid.into(), back.into()]);
        }
        table
    }

    fn money(&self, minor: i64) -> String {
        let currency = self.topups.first().map(|topup| topup.order.asked.currency());
        match currency {
            Some(currency) if minor != 0 => ringback_core::Amount::from_minor(minor, currency).to_string(),
            _ => "-".into(),
        }
    }
}

/// Restricted for a cause that no payment lifts, so that no recovery began (K3).
fn is_barred_otherwise(line: &Line) -> bool {
    line.state == State::Idle && line.group() == Some(Group::Restricted)
}

/// Whether the providers' statements agree with the ledger (M4).
async fn agrees(context: &Context, open: &Open, topups: &[TopUp]) -> anyhow::Result<bool> {
    let parts = run::parts(context, open, std::sync::Arc::new(|_| {}))?;
    for provider in parts.providers.values() {
        let found = reconcile(topups, &provider.statement(0).await?);
        if !found.events.is_empty() || !found.differences.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn delivered_minor(topup: &TopUp) -> i64 {
    topup.state.delivered().map_or(0, |receipt| receipt.debited.minor())
}

fn duplicates(booked: &[Booked], topups: &[TopUp]) -> usize {
    let known =
        |row: &Booked| topups.iter().any(|t| t.order.reference.as_str() == row.reference && delivered_minor(t) != 0);
    let extra = |row: &Booked| row.credits as usize - usize::from(row.credits > 0 && known(row));
    booked.iter().map(extra).sum()
}

/// Seconds with one decimal.
#[expect(clippy::float_arithmetic, reason = "a duration for people, no money")]
fn seconds(took: Duration) -> f64 {
    (took.as_secs_f64() * 10.0).round() / 10.0
}
