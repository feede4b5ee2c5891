//! The claim desk: acknowledges, takes its time, pays.

use std::collections::BTreeMap;

use ringback_core::{Amount, Claim, DeskReply, TopUpRef};

/// A desk whose answers a test chooses.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    /// How often it is asked about a claim before it pays.
    pub(crate) patience: u32,
    asked: BTreeMap<TopUpRef, u32>,
    paid: BTreeMap<TopUpRef, Amount>,
}

impl Default for Desk {
    fn default() -> Self {
        Self { patience: 3, asked: BTreeMap::new(), paid: BTreeMap::new() }
    }
}

impl Desk {
    /// Answers as a desk does that may be asked the same again (R1).
    pub(crate) fn ask(&mut self, claim: &Claim) -> DeskReply {
        let times = self.asked.entry(claim.reference.clone()).or_default();
        *times += 1;
        match *times {
            1 => DeskReply::Acknowledged(format!("C-{}", claim.reference)),
            times if times < self.patience => DeskReply::Unknown("still being looked at".into()),
            _ => {
                self.paid.insert(claim.reference.clone(), claim.claimed);
                DeskReply::Paid(claim.claimed)
            }
        }
    }

    /// What was paid back, in minor units.
    pub(crate) fn paid_minor(&self) -> i64 {
        self.paid.values().map(|amount| amount.minor()).sum()
    }
}
