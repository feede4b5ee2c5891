//! What every status channel must do, whatever its peer does. A peer is scripted by [`Conduct`].

use std::time::{Duration, Instant};

use ringback_core::{Answer, Judgement, Msisdn, Service};
use ringback_network::Channel;

/// How the peer behaves from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conduct {
    /// It answers by [`truth`], the later questions first.
    Honest,
    /// It takes the question and says nothing, on this connection for ever.
    Silent,
    /// It closes the connection when it is asked.
    Broken,
    /// It answers with bytes that mean nothing.
    Garbage,
    /// It answers with a web page, as a captive portal does.
    Html,
    /// It is out of order and says so.
    OutOfOrder,
    /// It refuses whoever asks.
    Refusing,
    /// Its answer ends in the middle.
    Truncated,
    /// It answers about another number.
    OtherNumber,
}

/// Everything that must end as unknown.
pub(crate) const FAULTS: [Conduct; 8] = [
    Conduct::Silent,
    Conduct::Broken,
    Conduct::Garbage,
    Conduct::Html,
    Conduct::OutOfOrder,
    Conduct::Refusing,
    Conduct::Truncated,
    Conduct::OtherNumber,
];

/// A scripted peer, and the channel that asks it.
pub(crate) trait Peer {
    /// Changes what the peer does with the next question.
    fn turn(&self, conduct: Conduct);

    /// A channel to the peer, authoritative for `ranges`.
    fn channel(&self, ranges: &[&str], deadline: Duration) -> Box<dyn Channel>;
}

/// Long enough for a busy machine; only a peer that says nothing makes anybody wait for it.
pub(crate) const PATIENT: Duration = Duration::from_secs(20);

/// For peers that say nothing.
pub(crate) const SHORT: Duration = Duration::from_millis(500);

/// `count` Chinese mobile numbers.
pub(crate) fn numbers(count: usize) -> Vec<Msisdn> {
    (0..count).map(|i| format!("+86138001{i:05}").parse().unwrap()).collect()
}

/// The state of a number at an honest peer, by its last digit.
pub(crate) fn truth(msisdn: &str) -> Judgement {
    match msisdn.as_bytes().last() {
        Some(b'1' | b'4' | b'7') => Judgement::Restricted,
        Some(b'2' | b'9') => Judgement::NotInService,
        _ => Judgement::InService,
    }
}

/// Runs every check on one kind of channel.
pub(crate) async fn hold(peer: &impl Peer) {
    answers_each_number_in_order(peer).await;
    says_unknown_to_every_fault_and_recovers(peer).await;
    believes_a_missing_subscriber_only_in_its_ranges(peer).await;
    keeps_its_deadline_for_a_whole_batch(peer).await;
}

async fn answers_each_number_in_order(peer: &impl Peer) {
    peer.turn(Conduct::Honest);
    let channel = peer.channel(&["86"], PATIENT);
    for count in [0, 1, channel.capabilities().batch] {
        check_truth(&numbers(count), &channel.query(&numbers(count)).await);
    }
    // A number that is asked twice is answered twice.
    let twice = [numbers(3), numbers(3)].concat();
    check_truth(&twice, &channel.query(&twice).await);
}

async fn says_unknown_to_every_fault_and_recovers(peer: &impl Peer) {
    for fault in FAULTS {
        let deadline = if fault == Conduct::Silent { SHORT } else { PATIENT };
        let channel = peer.channel(&["86"], deadline);
        peer.turn(fault);
        check_unknown(&format!("{fault:?}"), &numbers(10), &channel.query(&numbers(10)).await);
        peer.turn(Conduct::Honest);
        check_truth(&numbers(10), &channel.query(&numbers(10)).await);
    }
}

async fn believes_a_missing_subscriber_only_in_its_ranges(peer: &impl Peer) {
    peer.turn(Conduct::Honest);
    let missing: Vec<Msisdn> = vec![numbers(3)[2], "+4915112345672".parse().unwrap()];
    let cases: [(&[&str], [bool; 2]); 4] =
        [(&["86"], [true, false]), (&["49", "1"], [false, true]), (&["86138001", "49"], [true; 2]), (&[], [false; 2])];
    for (ranges, gone) in cases {
        let answers = peer.channel(ranges, PATIENT).query(&missing).await;
        let seen: Vec<bool> = answers.iter().map(|answer| answer.status.service == Service::NotInService).collect();
        assert_eq!(seen, gone, "{ranges:?}: {answers:?}");
        assert!(answers.iter().zip(gone).all(|(a, gone)| gone || a.status.judged() == Judgement::Unknown));
    }
}

async fn keeps_its_deadline_for_a_whole_batch(peer: &impl Peer) {
    peer.turn(Conduct::Silent);
    let channel = peer.channel(&["86"], SHORT);
    let (batch, start) = (numbers(channel.capabilities().batch), Instant::now());
    check_unknown("a silent batch", &batch, &channel.query(&batch).await);
    let took = start.elapsed();
    assert!(took >= SHORT && took < 2 * SHORT, "a batch that nobody answers took {took:?}");
}

/// One answer for each number, in the same order.
pub(crate) fn check_order(asked: &[Msisdn], answers: &[Answer]) {
    let answered: Vec<Msisdn> = answers.iter().map(|answer| answer.msisdn).collect();
    assert_eq!(answered, asked);
}

/// Nothing but unknown, with a reason that a person can read.
pub(crate) fn check_unknown(what: &str, asked: &[Msisdn], answers: &[Answer]) {
    check_order(asked, answers);
    for answer in answers {
        let Service::Unknown(reason) = &answer.status.service else { panic!("{what}: {answer:?}") };
        assert!(!reason.is_empty(), "{what} has no reason");
        assert_eq!(answer.imsi, None, "{what} pins a subscriber");
    }
}

fn check_truth(asked: &[Msisdn], answers: &[Answer]) {
    check_order(asked, answers);
    for answer in answers {
        assert_eq!(answer.status.judged(), truth(&answer.msisdn.digits()), "{answer:?}");
    }
}
