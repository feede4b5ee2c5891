//! What goes wrong on purpose: by a seed, so that the same run goes wrong the same way.

use std::str::FromStr;

use serde::{Deserialize, Serialize, de::IntoDeserializer as _};

/// One thing that can go wrong with a top-up. Those that concern the transport happen to questions as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The request never arrives.
    RequestLost,
    /// It is carried out, and the answer is lost.
    AnswerLost,
    /// It is carried out, and the answer takes its time.
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
    /// HTTP 500 after it was carried out.
    ServerError,
    /// It is carried out, and the answer is HTML.
    Malformed,
}

/// What goes wrong, and how often. `/admin/faults` reads and writes it as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Faults {
    seed: u64,
    /// The kinds that are switched on; all of them when none is named.
    #[serde(default = "every_kind")]
    kinds: Vec<Fault>,
    /// Top-ups in a thousand that suffer a fault.
    #[serde(default = "topups_per_mille")]
    topups_per_mille: u64,
    /// Questions (status, inquiry, offer, balance, desk) in a thousand that suffer a fault.
    #[serde(default = "questions_per_mille")]
    questions_per_mille: u64,
    /// Whether the statement gives no answer at all: neither as a whole, nor about one reference. All else goes on.
    #[serde(default)]
    statement_lost: bool,
}

/// The path of the statement, which answers inquiries as well.
const STATEMENT: &str = "/topups/reports/";

impl Fault {
    /// Every kind, in the order in which the seed picks them.
    pub const ALL: [Self; 11] = [
        Self::RequestLost,
        Self::AnswerLost,
        Self::Delayed,
        Self::Duplicated,
        Self::LateSuccess,
        Self::Partial,
        Self::EmptyWallet,
        Self::TooSoon,
        Self::TooManyRequests,
        Self::ServerError,
        Self::Malformed,
    ];

    /// Whether it can happen to a question, which moves no money.
    pub const fn is_of_transport(self) -> bool {
        matches!(
            self,
            Self::RequestLost
                | Self::AnswerLost
                | Self::Delayed
                | Self::TooManyRequests
                | Self::ServerError
                | Self::Malformed
        )
    }
}

/// Reads a kind as the subscribers' file writes it, such as `answer_lost`; the error names every kind.
impl FromStr for Fault {
    type Err = serde::de::value::Error;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::deserialize(text.into_deserializer())
    }
}

impl Faults {
    /// Nothing goes wrong.
    pub const fn none() -> Self {
        Self { seed: 0, kinds: Vec::new(), topups_per_mille: 0, questions_per_mille: 0, statement_lost: false }
    }

    /// Every kind goes wrong: two top-ups in five, one question in twelve.
    pub fn all(seed: u64) -> Self {
        let (topups_per_mille, questions_per_mille) = (topups_per_mille(), questions_per_mille());
        Self { seed, kinds: every_kind(), topups_per_mille, questions_per_mille, statement_lost: false }
    }

    /// The same with these kinds alone.
    #[must_use]
    pub fn only(self, kinds: &[Fault]) -> Self {
        Self { kinds: kinds.to_vec(), ..self }
    }

    /// The same, so often: top-ups and questions in a thousand.
    #[must_use]
    pub fn at(self, topups_per_mille: u64, questions_per_mille: u64) -> Self {
        Self { topups_per_mille, questions_per_mille, ..self }
    }

    /// The same, and the statement gives no answer.
    #[must_use]
    pub fn without_statement(self) -> Self {
        Self { statement_lost: true, ..self }
    }

    /// What goes wrong with the top-up of this reference when it comes for the `attempt`-th time; always the same.
    pub(crate) fn of_topup(&self, reference: &str, attempt: u64) -> Option<Fault> {
        self.draw(reference, attempt, self.topups_per_mille, |_| true)
    }

    /// What goes wrong with this question when it comes for the `attempt`-th time; always the same.
    pub(crate) fn of_question(&self, question: &str, attempt: u64) -> Option<Fault> {
        if self.statement_lost && question.contains(STATEMENT) {
            return Some(Fault::ServerError);
        }
        self.draw(question, attempt, self.questions_per_mille, Fault::is_of_transport)
    }

    /// Whether every top-up is taken as it comes.
    pub(crate) fn spare_topups(&self) -> bool {
        self.topups_per_mille == 0
    }

    /// Whether every question is answered as it should be.
    pub(crate) fn spare_questions(&self) -> bool {
        self.questions_per_mille == 0 && !self.statement_lost
    }

    fn draw(&self, what: &str, attempt: u64, per_mille: u64, applies: fn(Fault) -> bool) -> Option<Fault> {
        let kinds: Vec<Fault> = self.kinds.iter().copied().filter(|kind| applies(*kind)).collect();
        let drawn = mix(mix(self.seed ^ hash(what)) ^ attempt);
        let kind = usize::try_from((drawn >> 20) % kinds.len().max(1) as u64).unwrap_or(0);
        kinds.get(kind).copied().filter(|_| drawn % 1000 < per_mille)
    }
}

fn every_kind() -> Vec<Fault> {
    Fault::ALL.to_vec()
}

const fn topups_per_mille() -> u64 {
    400
}

const fn questions_per_mille() -> u64 {
    80
}

/// FNV-1a, the same on every machine and in every version.
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

    fn topups(faults: &Faults) -> Vec<Option<Fault>> {
        (0..2000).map(|i| faults.of_topup(&format!("R{i}"), 0)).collect()
    }

    fn questions(faults: &Faults) -> Vec<Option<Fault>> {
        (0..2000).map(|i| faults.of_question(&format!("Q{i}"), 0)).collect()
    }

    #[test]
    fn every_kind_happens_and_always_at_the_same_place() {
        let drawn = topups(&Faults::all(7));
        assert!(Fault::ALL.iter().all(|kind| drawn.contains(&Some(*kind))));
        assert_eq!(drawn, topups(&Faults::all(7)));
        assert_ne!(drawn, topups(&Faults::all(8)));
        let hit = drawn.iter().flatten().count();
        assert!((700..900).contains(&hit), "two in five are {hit} of 2000");
    }

    #[test]
    fn questions_suffer_what_the_transport_does_and_nothing_else() {
        let drawn = questions(&Faults::all(7));
        assert!(Fault::ALL.iter().all(|kind| drawn.contains(&Some(*kind)) == kind.is_of_transport()));
        assert_eq!(drawn, questions(&Faults::all(7)));
    }

    #[test]
    fn each_kind_is_switched_alone() {
        for kind in Fault::ALL {
            let faults = Faults::all(7).only(&[kind]).at(400, 400);
            assert!(topups(&faults).iter().flatten().all(|drawn| *drawn == kind));
            assert!(topups(&faults).contains(&Some(kind)), "{kind:?}");
            assert_eq!(questions(&faults).contains(&Some(kind)), kind.is_of_transport(), "{kind:?}");
        }
    }

    #[test]
    fn nothing_goes_wrong_where_nothing_is_switched_on() {
        for faults in [Faults::none(), Faults::all(7).only(&[]), Faults::all(7).at(0, 0)] {
            assert!(topups(&faults).iter().chain(&questions(&faults)).all(Option::is_none), "{faults:?}");
        }
    }

    #[test]
    fn a_repeated_request_draws_anew() {
        let faults = Faults::all(7);
        let hit = (0..100).filter(|attempt| faults.of_topup("R", *attempt).is_some()).count();
        assert!((20..60).contains(&hit), "{hit} of 100 attempts failed");
    }

    #[test]
    fn a_kind_reads_by_its_name_and_the_error_names_them_all() {
        assert_eq!("late_success".parse(), Ok(Fault::LateSuccess));
        let error = "late".parse::<Fault>().unwrap_err().to_string();
        assert!(error.contains("`late`") && error.contains("`malformed`"), "{error}");
    }
}
