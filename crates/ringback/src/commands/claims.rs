//! `claims`: refunds that are asked for, and what became of them.

use anyhow::{Context as _, Result};
use ringback_core::{Claim, DeskReply, claim};
use ringback_store::ClaimFilter;
use serde_json::json;

use super::requests;
use crate::{cli, context::Context, show};

pub(crate) async fn claims(context: &Context, args: &cli::Claims) -> Result<()> {
    let open = context.open().await?;
    if let Some(reference) = &args.of {
        let found = open.store.claims(ClaimFilter::Of(reference.parse()?)).await?;
        let claim = found.first().with_context(|| format!("{reference}: there is no such claim"))?;
        return requests::claim(context, &open, event(args)?, claim).await;
    }
    let all = open.store.claims(ClaimFilter::All).await?;
    if context.json {
        println!("{}", json!({ "claims": all }));
        return Ok(());
    }
    let mut table = show::table(&["reference", "number", "claimed", "desk", "state"]);
    for claim in &all {
        table.add_row([
            claim.reference.to_string(),
            claim.msisdn.to_string(),
            claim.claimed.to_string(),
            claim.desk.clone(),
            state(claim),
        ]);
    }
    println!("{table}\n{} claims", all.len());
    Ok(())
}

fn event(args: &cli::Claims) -> Result<claim::Event> {
    let reply = match (args.paid, &args.denied) {
        (Some(amount), _) => DeskReply::Paid(amount.positive()?),
        (None, Some(reason)) => DeskReply::Denied(reason.clone()),
        (None, None) if args.expired => DeskReply::Expired,
        (None, None) => return Ok(claim::Event::Withdrawn),
    };
    Ok(claim::Event::Answered(reply))
}

/// How far a claim is.
pub(crate) fn state(claim: &Claim) -> String {
    let text = match &claim.state {
        claim::State::Requested => "requested".into(),
        claim::State::Acknowledged { case } => format!("acknowledged ({case})"),
        claim::State::Paid { paid } => format!("paid {paid}"),
        claim::State::Denied { reason } => format!("denied: {reason}"),
        claim::State::Expired => "expired".into(),
        claim::State::Withdrawn => "withdrawn".into(),
    };
    if claim.wants_person() { format!("{text}; you decide what next") } else { text }
}
