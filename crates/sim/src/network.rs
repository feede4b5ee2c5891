//! The network's own truth: who is barred, for what, and who the subscriber is.

use ringback_core::{Answer, Bar, Msisdn, Reachable, Service, Status};

use crate::{fault::Fault, fault::Rates, plan::Truth, random::Random};

/// Every subscriber that a world has.
#[derive(Debug)]
pub(crate) struct Network {
    subscribers: Vec<Subscriber>,
    sees_imsi: bool,
}

/// One subscriber.
#[derive(Debug)]
pub(crate) struct Subscriber {
    pub(crate) msisdn: Msisdn,
    /// What has to be paid until the line is back, in minor units; at most zero for one in service.
    arrears_minor: i64,
    owner_suspended: bool,
    barred: Option<Bar>,
    exists: bool,
    /// How often the number went to somebody else.
    owner: u32,
    /// What was true before the last change.
    stale: Status,
}

impl Network {
    pub(crate) fn new(lines: impl Iterator<Item = (Msisdn, Truth)>, sees_imsi: bool) -> Self {
        let mut subscribers: Vec<Subscriber> = lines.map(|(msisdn, truth)| Subscriber::new(msisdn, truth)).collect();
        subscribers.sort_unstable_by_key(|subscriber| subscriber.msisdn);
        subscribers.dedup_by_key(|subscriber| subscriber.msisdn);
        Self { subscribers, sees_imsi }
    }

    pub(crate) fn any(&mut self, random: &mut Random) -> &mut Subscriber {
        let place = random.index(self.subscribers.len());
        &mut self.subscribers[place]
    }

    /// Money reaches a line, or is taken from it.
    pub(crate) fn receive(&mut self, msisdn: Msisdn, minor: i64) {
        if let Some(subscriber) = self.subscribers.iter_mut().find(|subscriber| subscriber.msisdn == msisdn) {
            subscriber.change(|s| s.arrears_minor -= minor);
        }
    }

    /// What the channel says about a line.
    pub(crate) fn answer(&self, msisdn: Msisdn, random: &mut Random, rates: &mut Rates) -> Answer {
        let found = self.subscribers.iter().find(|subscriber| subscriber.msisdn == msisdn);
        let Some(subscriber) = found else { return Answer { msisdn, status: Status::not_in_service(), imsi: None } };
        let imsi = self.sees_imsi.then(|| format!("46000{}{}", msisdn.number() % 10_000, subscriber.owner));
        let mut said = |fault| rates.strikes(random, fault);
        if said(Fault::StatusUnknown) {
            return Answer { msisdn, status: Status::unknown("no answer"), imsi: None };
        }
        if said(Fault::WrongLine) {
            return Answer { msisdn: crate::plan::number(9_999), status: subscriber.opposite(), imsi };
        }
        let wrong = said(Fault::StatusWrong);
        let status = match () {
            () if said(Fault::StatusStale) => subscriber.stale.clone(),
            () if said(Fault::Flapping) => subscriber.opposite(),
            () if wrong => wrong_status(random),
            () => subscriber.status(),
        };
        Answer { msisdn, status, imsi }
    }
}

impl Subscriber {
    fn new(msisdn: Msisdn, truth: Truth) -> Self {
        let mut new = Self {
            msisdn,
            arrears_minor: 0,
            owner_suspended: false,
            barred: None,
            exists: true,
            owner: 0,
            stale: Status::in_service(Reachable::Yes),
        };
        match truth {
            Truth::InService => {}
            Truth::Arrears(minor) => new.arrears_minor = minor,
            Truth::OwnerSuspended => new.owner_suspended = true,
            Truth::Barred(bar) => new.barred = Some(bar),
            Truth::NoSubscriber => new.exists = false,
        }
        new
    }

    /// The line owes again.
    pub(crate) fn owe(&mut self, minor: i64) {
        self.change(|s| s.arrears_minor = s.arrears_minor.max(0) + minor);
    }

    /// The owner suspends the line, or takes that back.
    pub(crate) fn suspend(&mut self, suspended: bool) {
        self.change(|s| s.owner_suspended = suspended);
    }

    /// The number goes to somebody else, sometimes after a time without a subscriber.
    pub(crate) fn recycle(&mut self, vacant: bool) {
        self.change(|s| {
            (s.exists, s.owner) = (!vacant, s.owner + 1);
            (s.owner_suspended, s.barred) = (false, None);
        });
    }

    fn change(&mut self, change: impl FnOnce(&mut Self)) {
        self.stale = self.status();
        change(self);
    }

    fn status(&self) -> Status {
        match self.barred {
            _ if !self.exists => Status::not_in_service(),
            Some(bar) => Status::restricted(bar),
            None if self.owner_suspended || self.arrears_minor > 0 => Status::restricted(Bar::ArrearsOrUnknown),
            None => Status::in_service(Reachable::Yes),
        }
    }

    fn opposite(&self) -> Status {
        match self.status().service {
            Service::InService => Status::restricted(Bar::ArrearsOrUnknown),
            _ => Status::in_service(Reachable::No),
        }
    }
}

fn wrong_status(random: &mut Random) -> Status {
    match random.below(4) {
        0 => Status::restricted(random.pick(&[Bar::Fraud, Bar::Lost, Bar::Identity, Bar::Other])),
        1 => Status::not_in_service(),
        2 => Status::restricted(Bar::ArrearsOrUnknown),
        _ => Status::in_service(Reachable::Unknown),
    }
}
