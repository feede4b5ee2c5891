//! `claims`: refunds that are asked for, and what became of them.

use anyhow::{Context as _, Result, ensure};
use ringback_core::{Claim, DeskReply, claim};
use ringback_store::ClaimFilter;
use serde_json::json;

use super::requests;
use crate::{
    cli,
    context::{Context, in_currency},
    show,
};

pub(crate) async fn claims(context: &Context, args: &cli::Claims) -> Result<()> {
    let open = context.open().await?;
    if let Some(reference) = &args.of {
        let found = open.store.claims(ClaimFilter::Of(reference.parse()?)).await?;
        let unknown = || format!("{reference}: there is no such claim; `ringback claims` shows all");
        let claim = found.first().with_context(unknown)?;
        let event = event(args, claim)?;
        return requests::claim(context, &open, event, claim).await;
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
    for claim in all.iter().filter(|claim| claim.wants_person()) {
        println!("{}: {}", claim.reference, decision(claim));
    }
    Ok(())
}

/// What a person records; refused where the claim's state has no room for it.
fn event(args: &cli::Claims, claim: &Claim) -> Result<claim::Event> {
    let event = match (args.paid, &args.denied) {
        (Some(amount), _) => {
            claim::Event::Answered(DeskReply::Paid(in_currency(amount, claim.claimed.currency(), "the claim is")?))
        }
        (None, Some(reason)) => claim::Event::Answered(DeskReply::Denied(reason.clone())),
        (None, None) if args.expired => claim::Event::Answered(DeskReply::Expired),
        (None, None) => claim::Event::Withdrawn,
    };
    ensure!(
        claim::step(claim, &event).is_some(),
        "{}: the claim is {}, so that cannot be recorded; {}",
        claim.reference,
        stage(claim),
        decision(claim)
    );
    Ok(event)
}

/// What a person can do about a claim, with the commands that exist.
fn decision(claim: &Claim) -> String {
    let Claim { reference, claimed, .. } = claim;
    match &claim.state {
        claim::State::Requested | claim::State::Acknowledged { .. } => {
            format!(
                "the desk's answer is recorded with `ringback claims --of {reference} --paid '{claimed}'`, or --denied, --expired, --withdraw"
            )
        }
        claim::State::Denied { .. } | claim::State::Expired | claim::State::Withdrawn => {
            format!("ask the desk again; if it pays after all, `ringback claims --of {reference} --paid '{claimed}'`")
        }
        claim::State::Paid { paid } if paid != claimed => {
            format!(
                "ask the desk about the difference to {claimed}; `ringback show {}` tells the line's history",
                claim.msisdn
            )
        }
        claim::State::Paid { .. } | claim::State::Reversed => "nothing is left to do".into(),
    }
}

/// How far a claim is, and whether a person decides.
pub(crate) fn state(claim: &Claim) -> String {
    let text = stage(claim);
    match () {
        () if claim.frozen && claim.is_open() => format!("{text}; waits until the number is confirmed"),
        () if claim.wants_person() => format!("{text}; you decide what next"),
        () => text,
    }
}

fn stage(claim: &Claim) -> String {
    match &claim.state {
        claim::State::Requested => "requested".into(),
        claim::State::Acknowledged { case } => format!("acknowledged ({case})"),
        claim::State::Paid { paid } => format!("paid {paid}"),
        claim::State::Denied { reason } => format!("denied: {reason}"),
        claim::State::Expired => "expired".into(),
        claim::State::Withdrawn => "withdrawn".into(),
        claim::State::Reversed => "taken back by the provider itself".into(),
    }
}

#[cfg(test)]
mod tests {
    use ringback_core::{LineId, TopUpRef};

    use super::*;

    #[test]
    fn r5_what_a_person_can_do_is_named() {
        let claim = |state| Claim {
            reference: TopUpRef::from_random(3),
            line: LineId(1),
            msisdn: "+8613800138000".parse().unwrap(),
            provider: "p".into(),
            desk: "letters".into(),
            claimed: "30 CNY".parse().unwrap(),
            state,
            frozen: false,
        };
        let command = format!("`ringback claims --of {} --paid '30.00 CNY'`", TopUpRef::from_random(3));
        for stopped in [claim::State::Denied { reason: "used".into() }, claim::State::Expired, claim::State::Requested]
        {
            assert!(decision(&claim(stopped)).contains(&command));
        }
        let partial = claim(claim::State::Paid { paid: "10 CNY".parse().unwrap() });
        assert!(decision(&partial).contains("the difference to 30.00 CNY"));
    }
}
