//! What every status channel must do, whatever its peer does. A peer is scripted by [`Conduct`].

use std::time::{Duration, Instant};

use ringback_core::{Answer, Judgement, Msisdn, Reachable, Service};
use ringback_network::Channel;
use tokio::time::timeout;

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
    /// It is honest, save that the answers about [`lost`] numbers never come.
    LosesOne,
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

    /// Whether a fault is one after which no answer comes, so that the channel waits for its whole deadline.
    fn says_nothing_at(&self, fault: Conduct) -> bool {
        fault == Conduct::Silent
    }

    /// How long a line is asked nothing after an answer that did not come, on channels where a late one could be taken for the
    /// next.
    fn doubts_for(&self) -> Duration {
        Duration::ZERO
    }

    /// Whether the peer's phones whose numbers are [`off`] look switched off.
    fn shows_phones_off(&self) -> bool {
        false
    }
}

/// Long enough for a busy machine; only a peer that says nothing makes anybody wait for it.
pub(crate) const PATIENT: Duration = Duration::from_secs(20);

/// For peers that say nothing; a busy machine has a fifth of it to answer a batch in the end.
pub(crate) const SHORT: Duration = Duration::from_secs(2);

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

/// Whether a number's phone is switched off, at peers that show it.
pub(crate) fn off(msisdn: &str) -> bool {
    msisdn.ends_with('5')
}

/// Whether the answer about a number never comes from a peer that loses one.
pub(crate) fn lost(msisdn: &str) -> bool {
    msisdn.ends_with("00003")
}

/// Runs every check on one kind of channel.
pub(crate) async fn hold(peer: &impl Peer) {
    answers_each_number_in_order(peer).await;
    tells_phones_that_are_off(peer).await;
    says_unknown_to_every_fault_and_recovers(peer).await;
    believes_a_missing_subscriber_only_in_its_ranges(peer).await;
    keeps_its_deadline_for_a_whole_batch(peer).await;
    loses_no_line_for_anothers_lost_reply(peer).await;
}

async fn answers_each_number_in_order(peer: &impl Peer) {
    peer.turn(Conduct::Honest);
    let channel = peer.channel(&["86"], PATIENT);
    for count in [0, 1, channel.capabilities().batch] {
        check_truth(channel.as_ref(), &numbers(count), &channel.query(&numbers(count)).await);
    }
    // A number that is asked twice is answered twice.
    let twice = [numbers(3), numbers(3)].concat();
    check_truth(channel.as_ref(), &twice, &channel.query(&twice).await);
}

async fn says_unknown_to_every_fault_and_recovers(peer: &impl Peer) {
    for fault in FAULTS {
        let deadline = if peer.says_nothing_at(fault) { SHORT } else { PATIENT };
        let channel = peer.channel(&["86"], deadline);
        peer.turn(fault);
        check_unknown(&format!("{fault:?}"), &numbers(10), &channel.query(&numbers(10)).await);
        peer.turn(Conduct::Honest);
        check_truth(channel.as_ref(), &numbers(10), &after_doubt(peer, channel.as_ref()).await);
    }
}

/// The answers about ten numbers, as soon as none of them is in doubt any more.
async fn after_doubt(peer: &impl Peer, channel: &dyn Channel) -> Vec<Answer> {
    let start = Instant::now();
    loop {
        let answers = channel.query(&numbers(10)).await;
        let doubtful = answers.iter().any(|answer| answer.status.judged() == Judgement::Unknown);
        if !doubtful || start.elapsed() > peer.doubts_for() {
            return answers;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A phone that is switched off is in service all the same.
async fn tells_phones_that_are_off(peer: &impl Peer) {
    peer.turn(Conduct::Honest);
    let channel = peer.channel(&["86"], PATIENT);
    for answer in channel.query(&numbers(10)).await {
        let shown = answer.status.reachable == Reachable::No;
        assert_eq!(shown, peer.shows_phones_off() && off(&answer.msisdn.digits()), "{answer:?}");
    }
    assert!(channel.capabilities().sees_reachability || !peer.shows_phones_off());
}

async fn believes_a_missing_subscriber_only_in_its_ranges(peer: &impl Peer) {
    peer.turn(Conduct::Honest);
    let missing: Vec<Msisdn> = vec![numbers(3)[2], "+4915112345672".parse().unwrap()];
    let cases: [(&[&str], [bool; 2]); 4] =
        [(&["86"], [true, false]), (&["49", "1"], [false, true]), (&["86138001", "49"], [true; 2]), (&[], [false; 2])];
    for (ranges, gone) in cases {
        let channel = peer.channel(ranges, PATIENT);
        let answers = channel.query(&missing).await;
        let seen: Vec<bool> = answers.iter().map(|answer| answer.status.service == Service::NotInService).collect();
        assert_eq!(seen, gone, "{ranges:?}: {answers:?}");
        assert_eq!(missing.iter().map(|line| channel.capabilities().is_authoritative(*line)).collect::<Vec<_>>(), gone);
        assert!(answers.iter().zip(gone).all(|(a, gone)| gone || a.status.judged() == Judgement::Unknown));
    }
}

async fn keeps_its_deadline_for_a_whole_batch(peer: &impl Peer) {
    peer.turn(Conduct::Silent);
    let channel = peer.channel(&["86"], SHORT);
    let (batch, start) = (numbers(channel.capabilities().batch), Instant::now());
    check_unknown("a silent batch", &batch, &in_time(channel.as_ref(), &batch).await);
    assert!(start.elapsed() >= SHORT / 2, "a batch that nobody answers is given up after {:?}", start.elapsed());
}

async fn loses_no_line_for_anothers_lost_reply(peer: &impl Peer) {
    peer.turn(Conduct::LosesOne);
    let (channel, asked) = (peer.channel(&["86"], SHORT), numbers(10));
    let answers = in_time(channel.as_ref(), &asked).await;
    check_order(&asked, &answers);
    let (none, answers): (Vec<Answer>, Vec<Answer>) =
        answers.into_iter().partition(|answer| lost(&answer.msisdn.digits()));
    check_unknown("a lost reply", &asked[3..4], &none);
    check_truth(channel.as_ref(), &[&asked[..3], &asked[4..]].concat(), &answers);
}

/// The caller gives a batch the deadline that the channel was made with, and then takes none of its answers.
async fn in_time(channel: &dyn Channel, lines: &[Msisdn]) -> Vec<Answer> {
    timeout(SHORT, channel.query(lines)).await.expect("the channel answers before its caller gives up")
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
        // S6: neither in full nor without its country.
        assert!(!reason.contains(&answer.msisdn.digits()[2..]), "{what}: {reason}");
        assert_eq!(answer.imsi, None, "{what} pins a subscriber");
    }
}

/// K2: a channel that cannot tell a restricted line from one in service declares so, and says of neither that it is.
fn check_truth(channel: &dyn Channel, asked: &[Msisdn], answers: &[Answer]) {
    check_order(asked, answers);
    for answer in answers {
        let expected = match truth(&answer.msisdn.digits()) {
            Judgement::Restricted | Judgement::InService if !channel.capabilities().sees_restriction => {
                Judgement::Unknown
            }
            other => other,
        };
        assert_eq!(answer.status.judged(), expected, "{answer:?}");
    }
}
