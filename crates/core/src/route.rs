//! Which channels are asked about a line, and what their answers mean together.

use serde::{Deserialize, Serialize};

use crate::status::{Answer, Judgement, Service, Status};

/// The channels of a book or a line, in the order in which they are asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Status channels: the first that answers counts.
    pub channels: Vec<String>,
    /// How many of them must say the same before it may lead to a payment.
    pub agree: usize,
    /// What is asked last, before an answer may lead to a payment: whether the number was given to somebody else (K4).
    pub guards: Vec<String>,
}

/// What a channel or a guard answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Its place in the route.
    pub place: usize,
    /// Its answer.
    pub answer: Answer,
}

/// What follows from the answers so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Weighed {
    /// The one at this place has to be asked.
    Ask(usize),
    /// This is the answer of all, in the name of those who gave it.
    Said(Status, Option<String>, String),
}

impl Route {
    /// A route of one channel.
    pub fn of(channel: impl Into<String>) -> Self {
        Self { channels: vec![channel.into()], agree: 1, guards: Vec::new() }
    }

    /// The channel or guard at a place.
    pub fn name(&self, place: usize) -> Option<&str> {
        self.channels.iter().chain(&self.guards).nth(place).map(String::as_str)
    }

    /// What the answers so far mean together. `open` tells whether a recovery is open: then *in service* leads to a payment
    /// as well (S105).
    ///
    /// What may lead to a payment needs `agree` equal answers; two that differ are unknown (K2).
    pub fn weigh(&self, heard: &[Heard], open: bool) -> Weighed {
        let (asked, guarded): (Vec<&Heard>, Vec<&Heard>) = heard.iter().partition(|h| h.place < self.channels.len());
        let known: Vec<&Heard> = asked.iter().copied().filter(|heard| is_known(heard)).collect();
        let Some(first) = known.first() else { return self.next(asked.len()).unwrap_or_else(|| self.unknown(&asked)) };
        if let Some(other) = known.iter().find(|other| differ(first, other)) {
            return self.disagreement(first, other);
        }
        let pays = match first.answer.status.judged() {
            Judgement::Restricted => true,
            Judgement::InService => open,
            _ => false,
        };
        let needed = if pays { self.agree } else { 1 };
        if known.len() < needed {
            return self.next(asked.len()).unwrap_or_else(|| self.too_few(&known, needed));
        }
        match self.guards.get(guarded.len()) {
            _ if !pays => self.said(&known),
            _ if guarded.iter().any(|heard| objects(heard)) => self.objection(&guarded),
            Some(_) => Weighed::Ask(self.channels.len() + guarded.len()),
            None => self.said(&known),
        }
    }

    fn next(&self, place: usize) -> Option<Weighed> {
        (place < self.channels.len()).then_some(Weighed::Ask(place))
    }

    /// The first answer, with what only a later one knows, in the name of all who gave it.
    fn said(&self, known: &[&Heard]) -> Weighed {
        let imsi = known.iter().find_map(|heard| heard.answer.imsi.clone());
        Weighed::Said(known[0].answer.status.clone(), imsi, self.names(known))
    }

    fn names(&self, heard: &[&Heard]) -> String {
        let names: Vec<&str> = heard.iter().filter_map(|heard| self.name(heard.place)).collect();
        names.join(BETWEEN_NAMES)
    }

    fn unknown(&self, asked: &[&Heard]) -> Weighed {
        let reasons: Vec<&str> = asked.iter().map(|heard| reason(heard)).collect();
        Weighed::Said(Status::unknown(reasons.join("; ")), None, self.names(asked))
    }

    fn too_few(&self, known: &[&Heard], needed: usize) -> Weighed {
        let names = self.names(known);
        let status = Status::unknown(format!("only {names} answered, and {needed} channels have to agree"));
        Weighed::Said(status, None, names)
    }

    fn disagreement(&self, one: &Heard, other: &Heard) -> Weighed {
        let said = |heard: &Heard| format!("{} says {}", self.name(heard.place).unwrap_or_default(), word(heard));
        let (first, second) = (said(one), said(other));
        let status = Status::unknown(format!("the channels disagree: {first}, {second}"));
        Weighed::Said(status, None, self.names(&[one, other]))
    }

    /// A guard's word is the answer: the number is somebody else's, or nobody knows whose.
    fn objection(&self, guarded: &[&Heard]) -> Weighed {
        let objecting = guarded.iter().find(|heard| objects(heard)).expect("the caller saw one that objects");
        let name = self.name(objecting.place).unwrap_or_default().to_owned();
        Weighed::Said(objecting.answer.status.clone(), None, name)
    }
}

/// The names that an answer of several channels bears.
const BETWEEN_NAMES: &str = " + ";

/// Whether a channel is among those in whose name an answer came.
pub(crate) fn bears(names: &str, channel: &str) -> bool {
    names.split(BETWEEN_NAMES).any(|name| name == channel)
}

fn is_known(heard: &Heard) -> bool {
    heard.answer.status.judged() != Judgement::Unknown
}

fn objects(heard: &Heard) -> bool {
    heard.answer.status.judged() != Judgement::InService
}

/// Whether two answers contradict each other: about the service, or about the SIM.
fn differ(one: &Heard, other: &Heard) -> bool {
    let (one, other) = (&one.answer, &other.answer);
    let other_sim = matches!((&one.imsi, &other.imsi), (Some(one), Some(other)) if one != other);
    one.status.judged() != other.status.judged() || other_sim
}

fn reason(heard: &Heard) -> &str {
    match &heard.answer.status.service {
        Service::Unknown(reason) => reason,
        _ => "",
    }
}

fn word(heard: &Heard) -> &'static str {
    match heard.answer.status.judged() {
        Judgement::InService => "in service",
        Judgement::Restricted => "restricted",
        Judgement::BarredOtherwise(_) => "barred for another cause",
        Judgement::NotInService => "not in service",
        Judgement::Unknown => "nothing",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::{Bar, Reachable};

    fn route(channels: &[&str], agree: usize, guards: &[&str]) -> Route {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Route { channels: owned(channels), agree, guards: owned(guards) }
    }

    fn heard(statuses: &[Status]) -> Vec<Heard> {
        let msisdn = "+8613800138000".parse().unwrap();
        let answer = |status: &Status| Answer { msisdn, status: status.clone(), imsi: None };
        statuses.iter().enumerate().map(|(place, status)| Heard { place, answer: answer(status) }).collect()
    }

    fn said(weighed: Weighed) -> (Judgement, String) {
        match weighed {
            Weighed::Said(status, _, names) => (status.judged(), names),
            Weighed::Ask(place) => panic!("asks {place}"),
        }
    }

    const IN_SERVICE: Status = Status::in_service(Reachable::Unknown);
    const RESTRICTED: Status = Status::restricted(Bar::ArrearsOrUnknown);

    #[test]
    fn the_first_that_answers_counts() {
        let (route, silent) = (route(&["a", "b"], 1, &[]), Status::unknown("a is slow"));
        assert_eq!(route.weigh(&[], false), Weighed::Ask(0));
        assert_eq!(said(route.weigh(&heard(&[RESTRICTED]), false)), (Judgement::Restricted, "a".into()));
        assert_eq!(route.weigh(&heard(std::slice::from_ref(&silent)), false), Weighed::Ask(1));
        assert_eq!(said(route.weigh(&heard(&[silent.clone(), IN_SERVICE]), true)), (Judgement::InService, "b".into()));
        let none = route.weigh(&heard(&[silent, Status::unknown("b is gone")]), true);
        assert!(matches!(&none, Weighed::Said(status, ..) if *status == Status::unknown("a is slow; b is gone")));
    }

    #[test]
    fn k2_what_may_lead_to_a_payment_needs_agreement() {
        let route = route(&["a", "b", "c"], 2, &[]);
        assert_eq!(route.weigh(&heard(&[RESTRICTED]), false), Weighed::Ask(1));
        assert_eq!(
            said(route.weigh(&heard(&[RESTRICTED, RESTRICTED]), false)),
            (Judgement::Restricted, "a + b".into())
        );
        let silent = Status::unknown("…");
        assert_eq!(route.weigh(&heard(&[RESTRICTED, silent.clone()]), false), Weighed::Ask(2));
        let alone = route.weigh(&heard(&[RESTRICTED, silent.clone(), silent]), false);
        assert_eq!(said(alone), (Judgement::Unknown, "a".into()));
        // The set amount follows on "in service" (S105); at rest nothing follows.
        assert_eq!(route.weigh(&heard(&[IN_SERVICE]), true), Weighed::Ask(1));
        assert_eq!(said(route.weigh(&heard(&[IN_SERVICE]), false)), (Judgement::InService, "a".into()));
        let gone = route.weigh(&heard(&[Status::not_in_service()]), true);
        assert_eq!(said(gone), (Judgement::NotInService, "a".into()));
    }

    #[test]
    fn k2_a_disagreement_is_unknown_and_says_who_said_what() {
        let weighed = route(&["a", "b"], 2, &[]).weigh(&heard(&[RESTRICTED, IN_SERVICE]), false);
        let reason = Status::unknown("the channels disagree: a says restricted, b says in service");
        assert_eq!(weighed, Weighed::Said(reason, None, "a + b".into()));
        let mut sims = heard(&[RESTRICTED, RESTRICTED]);
        for (heard, imsi) in sims.iter_mut().zip(["1", "2"]) {
            heard.answer.imsi = Some(imsi.into());
        }
        assert_eq!(said(route(&["a", "b"], 2, &[]).weigh(&sims, false)).0, Judgement::Unknown);
    }

    #[test]
    fn k4_a_guard_is_asked_before_a_payment_and_its_objection_is_the_answer() {
        let route = route(&["a"], 1, &["recycling"]);
        assert_eq!(said(route.weigh(&heard(&[IN_SERVICE]), false)), (Judgement::InService, "a".into()));
        assert_eq!(route.weigh(&heard(&[RESTRICTED]), false), Weighed::Ask(1));
        let cases = [
            (IN_SERVICE, Judgement::Restricted, "a"),
            (Status::recycled(), Judgement::NotInService, "recycling"),
            (Status::unknown("no data"), Judgement::Unknown, "recycling"),
        ];
        for (word, judged, by) in cases {
            assert_eq!(said(route.weigh(&heard(&[RESTRICTED, word]), false)), (judged, by.into()));
        }
    }
}
