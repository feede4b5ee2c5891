//! The claim desk's own truth: what it paid back.

use ringback_core::{Amount, Claim, DeskReply, TopUpRef};

use crate::{fault::Fault, fault::Rates, provider::other, random::Random};

/// The claim desk.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    pub(crate) cases: Vec<Case>,
}

/// A claim as the desk keeps it.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) reference: TopUpRef,
    asked: u32,
    patience: u32,
    /// What it answers once it has made up its mind.
    end: Option<DeskReply>,
}

impl Desk {
    /// Answers; the same claim twice is one case (R1).
    pub(crate) fn ask(&mut self, claim: &Claim, random: &mut Random, rates: &mut Rates) -> DeskReply {
        let place = self.case(claim, random);
        let case = &mut self.cases[place];
        case.asked += 1;
        match &case.end {
            Some(end) => end.clone(),
            None if case.asked == 1 && case.patience > 0 => DeskReply::Acknowledged(format!("C-{place}")),
            None if case.asked <= case.patience => DeskReply::Unknown("still being looked at".into()),
            None => {
                let end = if rates.strikes(random, Fault::DeskWrong) {
                    wrong(claim, random)
                } else {
                    DeskReply::Paid(claim.claimed)
                };
                // What was said in another currency is no money that anybody got.
                case.end = (!matches!(&end, DeskReply::Paid(paid) if paid.currency() != claim.claimed.currency()))
                    .then(|| end.clone());
                end
            }
        }
    }

    /// What the desk paid for a top-up, in minor units.
    pub(crate) fn paid_minor(&self, reference: &TopUpRef) -> i64 {
        let case = self.cases.iter().find(|case| case.reference == *reference);
        match case.and_then(|case| case.end.as_ref()) {
            Some(DeskReply::Paid(paid)) => paid.minor(),
            _ => 0,
        }
    }

    fn case(&mut self, claim: &Claim, random: &mut Random) -> usize {
        let known = self.cases.iter().position(|case| case.reference == claim.reference);
        known.unwrap_or_else(|| {
            let patience = u32::try_from(random.below(4)).unwrap_or(0);
            self.cases.push(Case { reference: claim.reference.clone(), asked: 0, patience, end: None });
            self.cases.len() - 1
        })
    }
}

fn wrong(claim: &Claim, random: &mut Random) -> DeskReply {
    let (minor, currency) = (claim.claimed.minor(), claim.claimed.currency());
    match random.below(5) {
        0 => DeskReply::Denied("no".into()),
        1 => DeskReply::Expired,
        2 => DeskReply::Paid(Amount::from_minor(minor / 2, currency)),
        3 => DeskReply::Paid(Amount::from_minor(minor + 100, currency)),
        _ => DeskReply::Paid(Amount::from_minor(minor, other(currency))),
    }
}
