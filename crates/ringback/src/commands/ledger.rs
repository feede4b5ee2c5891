//! `ledger`: balances, statement, the head of the audit chain, and the check of M1-M4 and S5.

use std::sync::Arc;

use anyhow::{Result, ensure};
use ringback_core::admit::Switch;
use ringback_engine::{reconcile::Reconciled, shell::compare};
use ringback_store::{Balance, Posted, Sqlite};
use serde_json::{Value, json};

use crate::{
    Finished, cli,
    context::{Context, Open},
    run, show,
};

/// Transactions read at a time.
const PAGE: u32 = 2_000;

pub(crate) async fn ledger(context: &Context, args: &cli::Ledger) -> Result<Finished> {
    let open = context.open().await?;
    if args.verify {
        return verify(context, &open, args.head.as_deref().filter(|head| !head.is_empty())).await;
    }
    if args.statement {
        statement(context, &open).await?;
    } else if let Some(kept) = &args.head {
        ensure!(kept.is_empty(), "a head is checked together with the chain: add --verify");
        print_head(context).await?;
    } else {
        let balances = open.store.balances().await?;
        if context.json {
            println!("{}", json!({ "balances": balances }));
        } else {
            print_balances(&balances);
        }
    }
    Ok(Finished::Done)
}

/// The balances as a table.
pub(crate) fn print_balances(balances: &[Balance]) {
    let mut table = show::table(&["provider", "account", "balance"]);
    for balance in balances {
        table.add_row([balance.provider.clone(), account(balance), balance.amount.to_string()]);
    }
    println!("{table}");
}

async fn statement(context: &Context, open: &Open) -> Result<()> {
    let mut table = show::table(&["time", "reference", "kind", "postings"]);
    let mut all: Vec<Posted> = Vec::new();
    loop {
        let page = open.store.statement(all.last().map_or(0, |posted| posted.id), PAGE).await?;
        if page.is_empty() {
            break;
        }
        all.extend(page);
    }
    if context.json {
        println!("{}", json!({ "transactions": all }));
        return Ok(());
    }
    for posted in &all {
        let legs = posted.transaction.postings.iter().map(|leg| format!("{} {}", text(&leg.account), leg.amount));
        table.add_row([
            super::story::time(posted.at_ms),
            posted.transaction.reference.to_string(),
            text(&posted.transaction.kind),
            legs.collect::<Vec<_>>().join(", "),
        ]);
    }
    println!("{table}");
    Ok(())
}

/// The head of the audit chain, to be kept where nobody changes it together with the database (S5).
async fn print_head(context: &Context) -> Result<()> {
    let head = Sqlite::open(&context.database()).await?.head().await?;
    if context.json {
        println!("{}", json!({ "head": head }));
    } else if let Some(head) = head {
        println!("{}  batch {}, {}", head.hash, head.batch, super::story::time(head.at_ms));
    } else {
        println!("Nothing was committed yet.");
    }
    Ok(())
}

/// Whether a head that was kept is still part of the chain (S5). One of another database is none, so that the answer
/// stops no spending.
async fn check_head(context: &Context, kept: &str) -> Result<Option<Value>> {
    let found = Sqlite::open(&context.database()).await?.batch_of(kept).await?;
    let detail = "this head is not part of the audit chain: what was committed before it was changed, or an older \
                  database was put in place";
    Ok(found.is_none().then(|| json!({ "head": kept, "detail": detail })))
}

/// M1-M3 and S5 inside the database, where a finding stops all spending (S2); M4 against each provider's own statement.
async fn verify(context: &Context, open: &Open, kept: Option<&str>) -> Result<Finished> {
    let progress = show::spinner("folding everything anew");
    let findings = open.store.verify().await?;
    progress.finish_and_clear();
    let lost = match kept {
        Some(kept) => check_head(context, kept).await?,
        None => None,
    };
    let mut differences: Vec<Value> = Vec::new();
    let (mut agreed, mut unread) = (0, Vec::new());
    let parts = run::parts(context, open, Arc::new(|_| {}))?;
    let progress = show::spinner("reading the providers' statements");
    for (name, provider) in &parts.providers {
        let before = open.store.topups_since(name, 0).await?;
        match provider.statement(0).await {
            Ok(theirs) => {
                let found = compare(&*open.store, name, &[], before, &theirs).await?;
                agreed += found.agreed;
                differences.extend(disagreements(name, &found));
            }
            Err(error) => unread.push(error.to_string()),
        }
    }
    progress.finish_and_clear();
    if !findings.is_empty() {
        open.store.set_switch(Switch::Frozen, true).await?;
        eprintln!(
            "! The ledger contradicts itself: spending stops in every process. Restore a backup, or ask for help."
        );
    }
    let sound = findings.is_empty() && lost.is_none() && differences.is_empty() && unread.is_empty();
    if context.json {
        let body = json!({ "sound": sound, "findings": findings, "lost_head": lost, "agreed": agreed,
                           "differences": differences, "unread": unread });
        println!("{body}");
    } else {
        for finding in &findings {
            println!("{}: {}", finding.invariant, finding.detail);
        }
        for difference in &differences {
            println!("M4: {difference}");
        }
        if let Some(lost) = &lost {
            println!("S5: {lost}");
        }
        let (found, differ) = (findings.len(), differences.len());
        println!("M1-M3, S5: {found} findings. M4: {agreed} references agree, {differ} differ.");
    }
    if !findings.is_empty() || lost.is_some() || !differences.is_empty() {
        return Ok(Finished::LedgerDiffers);
    }
    ensure!(unread.is_empty(), "M4 could not be checked: {}; try again later", unread.join("; "));
    Ok(Finished::Done)
}

fn disagreements(provider: &str, found: &Reconciled) -> Vec<Value> {
    let late = found
        .events
        .iter()
        .map(|_| json!({ "provider": provider, "detail": "settled otherwise; `ringback recover` posts it" }));
    let differ =
        found.differences.iter().map(|d| json!({ "provider": provider, "reference": d.reference, "detail": d.detail }));
    differ.chain(late).collect()
}

fn account(balance: &Balance) -> String {
    text(&balance.account)
}

/// The snake-case name of an account or a kind, as its JSON has it, with spaces.
fn text(value: &impl serde::Serialize) -> String {
    let json = serde_json::to_value(value).unwrap_or_default();
    json.as_str().unwrap_or_default().replace('_', " ")
}
