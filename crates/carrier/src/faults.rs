//! What goes wrong on purpose: by a seed, so that the same run goes wrong the same way.

use serde::{Deserialize, Serialize};

/// One thing that can go wrong with a top-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The request never arrives.
    RequestLost,
    /// It is booked, and the answer is lost.
    AnswerLost,
    /// It is booked, and the answer takes its time.
    Delayed,
    /// It arrives twice; the second answer is the one that comes back.
    Duplicated,
    /// It is called failed, and delivered some time later.
    LateSuccess,
    /// Less is delivered than was asked.
    Partial,
    /// The wallet is called empty.
    EmptyWallet,
    /// The number is called recently recharged.
    TooSoon,
    /// HTTP 429 before anything is looked at.
    TooManyRequests,
    /// HTTP 500 after it was booked.
    ServerError,
    /// It is booked, and the answer is HTML.
    Malformed,
}

/// Every kind, in the order in which the seed picks them.
const ALL: [Fault; 11] = [
    Fault::RequestLost,
    Fault::AnswerLost,
    Fault::Delayed,
    Fault::Duplicated,
    Fault::LateSuccess,
    Fault::Partial,
    Fault::EmptyWallet,
    Fault::TooSoon,
    Fault::TooManyRequests,
    Fault::ServerError,
    Fault::Malformed,
];

/// How often something goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Faults {
    seed: u64,
    /// Top-ups in a thousand that suffer a fault.
    topups_per_mille: u64,
    /// Questions (status, inquiry, offer, desk) in a thousand that get no answer, HTTP 500 or garbage.
    questions_per_mille: u64,
}

/// What happens to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    Lost,
    ServerError,
    Garbage,
}

impl Faults {
    /// Nothing goes wrong.
    pub const fn none() -> Self {
        Self { seed: 0, topups_per_mille: 0, questions_per_mille: 0 }
    }

    /// Every kind goes wrong: two top-ups in five, one question in twelve.
    pub const fn all(seed: u64) -> Self {
        Self { seed, topups_per_mille: 400, questions_per_mille: 80 }
    }

    /// What goes wrong with the top-up of this reference; always the same.
    pub(crate) fn of_topup(&self, reference: &str) -> Option<Fault> {
        let drawn = mix(self.seed ^ hash(reference));
        let kind = usize::try_from((drawn >> 20) % ALL.len() as u64).unwrap_or(0);
        (drawn % 1000 < self.topups_per_mille).then(|| ALL[kind])
    }

    /// What goes wrong with the `count`-th question.
    pub(crate) fn of_question(&self, count: u64) -> Option<Trouble> {
        let drawn = mix(self.seed.rotate_left(17) ^ count);
        let kind =
            [Trouble::Lost, Trouble::ServerError, Trouble::Garbage][usize::try_from((drawn >> 20) % 3).unwrap_or(0)];
        (drawn % 1000 < self.questions_per_mille).then_some(kind)
    }
}

fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// One step of splitmix64.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_happens_and_always_at_the_same_place() {
        let faults = Faults::all(7);
        let drawn: Vec<Option<Fault>> = (0..2000).map(|i| faults.of_topup(&i.to_string())).collect();
        assert!(ALL.iter().all(|kind| drawn.contains(&Some(*kind))));
        assert_eq!(drawn, (0..2000).map(|i| faults.of_topup(&i.to_string())).collect::<Vec<_>>());
        assert!(
            (0..2000)
                .all(|i| Faults::none().of_topup(&i.to_string()).is_none() && Faults::none().of_question(i).is_none())
        );
    }
}
