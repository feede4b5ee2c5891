//! The channel to an osmo-hlr against Debian's real one.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use ringback_carrier::hlr::{Daemon, Mirror, free_address};
use ringback_core::{Answer, Bar, Judgement, Msisdn, Reachable, Service, Status};
use ringback_network::{
    Channel, OsmoHlr,
    osmo::{Ctrl, CtrlError},
};
use tempfile::TempDir;

const DEADLINE: Duration = Duration::from_secs(20);

/// A real HLR with its folder, which a restart keeps.
struct Hlr {
    daemon: Daemon,
    folder: TempDir,
}

impl Hlr {
    fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let daemon = Daemon::start(free_address().unwrap(), folder.path()).unwrap();
        Self { daemon, folder }
    }

    /// Stops the HLR, and starts it again on the same address with the same database.
    fn restarted(self) -> Self {
        let Self { daemon, folder } = self;
        let address = daemon.ctrl();
        drop(daemon);
        let std::net::IpAddr::V4(ip) = address.ip() else { panic!("{address}") };
        Self { daemon: Daemon::start(ip, folder.path()).unwrap(), folder }
    }

    fn channel(&self) -> OsmoHlr {
        OsmoHlr::new("hlr", &self.daemon.ctrl().to_string(), vec!["86138".into()], DEADLINE)
    }

    fn ctrl(&self) -> Ctrl {
        Ctrl::new(&self.daemon.ctrl().to_string(), DEADLINE)
    }

    /// Creates the numbers `0..count`; every third one is barred.
    async fn fill(&self, count: usize) -> Mirror {
        let mirror = Mirror::new(self.daemon.ctrl());
        mirror.fill((0..count).map(|i| (number(i), imsi(i), barred(i)))).await.unwrap();
        mirror
    }
}

fn number(i: usize) -> Msisdn {
    format!("+86138001{i:05}").parse().unwrap()
}

fn imsi(i: usize) -> String {
    format!("90170{i:010}")
}

fn barred(i: usize) -> bool {
    i.is_multiple_of(3)
}

fn judged(answers: &[Answer]) -> Vec<Judgement> {
    answers.iter().map(|answer| answer.status.judged()).collect()
}

/// What the HLR knows of the numbers `0..count`.
fn check(answers: &[Answer], count: usize) {
    assert_eq!(answers.len(), count);
    for (i, answer) in answers.iter().enumerate() {
        let service = if barred(i) { Service::Restricted(Bar::ArrearsOrUnknown) } else { Service::InService };
        let status = Status { service, reachable: Reachable::Unknown };
        assert_eq!(*answer, Answer { msisdn: number(i), status, imsi: Some(imsi(i)) });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn real_a_full_batch_is_answered_in_order() {
    let hlr = Hlr::start();
    let channel = hlr.channel();
    let batch = channel.capabilities().batch;
    hlr.fill(batch).await;
    let lines: Vec<Msisdn> = (0..batch).map(number).collect();
    check(&channel.query(&lines).await, batch);
    // The same connection serves the next batch, backwards.
    let backwards: Vec<Msisdn> = lines.iter().rev().copied().collect();
    let mut answers = channel.query(&backwards).await;
    answers.reverse();
    check(&answers, batch);
}

#[tokio::test(flavor = "multi_thread")]
async fn real_a_bar_is_seen_as_soon_as_it_is_set_and_lifted() {
    let hlr = Hlr::start();
    let (mirror, channel) = (hlr.fill(2).await, hlr.channel());
    for bar in [true, false, true] {
        mirror.set(number(1), bar).await.unwrap();
        let expected = if bar { Judgement::Restricted } else { Judgement::InService };
        // The neighbour keeps its own bar.
        let answers = channel.query(&[number(0), number(1)]).await;
        assert_eq!(judged(&answers), [Judgement::Restricted, expected]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn real_k2_an_unknown_number_is_gone_only_in_the_ranges() {
    let hlr = Hlr::start();
    hlr.fill(1).await;
    let foreign: Msisdn = "+4915112345672".parse().unwrap();
    let answers = hlr.channel().query(&[number(7), number(0), foreign]).await;
    assert_eq!(judged(&answers), [Judgement::NotInService, Judgement::Restricted, Judgement::Unknown]);
    assert_eq!((answers[0].imsi.as_deref(), answers[2].imsi.as_deref()), (None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn real_the_channel_survives_a_restart_of_the_hlr() {
    let hlr = Hlr::start();
    hlr.fill(6).await;
    let (channel, lines): (_, Vec<Msisdn>) = (hlr.channel(), (0..6).map(number).collect());
    check(&channel.query(&lines).await, 6);
    let hlr = hlr.restarted();
    // The first query may still meet the old connection; then it is unknown, never anything else.
    let first = channel.query(&lines).await;
    let unknown = judged(&first).iter().all(|judgement| *judgement == Judgement::Unknown);
    assert!(unknown || first.iter().all(|answer| answer.imsi.is_some()), "{first:?}");
    check(&channel.query(&lines).await, 6);
    drop(hlr);
}

#[tokio::test(flavor = "multi_thread")]
async fn real_a_stopped_hlr_is_unknown_at_once() {
    let hlr = Hlr::start();
    hlr.fill(3).await;
    let (channel, lines): (_, Vec<Msisdn>) = (hlr.channel(), (0..3).map(number).collect());
    check(&channel.query(&lines).await, 3);
    let start = Instant::now();
    drop(hlr);
    for _ in 0..2 {
        assert_eq!(judged(&channel.query(&lines).await), [Judgement::Unknown; 3]);
    }
    assert!(start.elapsed() < DEADLINE / 2, "a stopped HLR is waited for");
}

#[tokio::test(flavor = "multi_thread")]
async fn real_a_subscriber_that_loses_its_number_is_gone() {
    let hlr = Hlr::start();
    hlr.fill(1).await;
    hlr.ctrl().set_msisdn(&imsi(0), number(9)).await.unwrap();
    let answers = hlr.channel().query(&[number(0), number(9)]).await;
    assert_eq!(judged(&answers), [Judgement::NotInService, Judgement::Restricted]);
    assert_eq!(answers[1].imsi, Some(imsi(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn real_refusals_are_told_apart() {
    let hlr = Hlr::start();
    let ctrl = hlr.ctrl();
    ctrl.create(&imsi(0)).await.unwrap();
    assert!(matches!(ctrl.create(&imsi(0)).await, Err(CtrlError::Refused(_))), "a subscriber is created once");
    assert_eq!(ctrl.set_cs(number(0), false).await, Err(CtrlError::NoSuchSubscriber));
    assert_eq!(ctrl.info(number(0)).await, Err(CtrlError::NoSuchSubscriber));
}
