//! Subscribers, billing, the payer's wallet, and the statement: pure state, with the time as an argument.

use std::collections::{BTreeMap, HashMap};

use ringback_core::{Amount, Carrier, Currency, Msisdn};
use serde::Serialize;

use crate::faults::{Fault, Faults, Trouble};

/// Times and terms of this network side, so that a client's configuration can be written from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Profile {
    /// How long after the arrears are covered the bar is lifted.
    pub settling_ms: i64,
    /// The least time between two top-ups of one number.
    pub min_gap_ms: i64,
    /// How long after an order a "not found" may be believed.
    pub not_found_final_after_ms: i64,
    /// A sensible time between two inquiries.
    pub inquiry_spacing_ms: i64,
    /// How long a delayed answer takes.
    pub delay_ms: i64,
    /// How long after a failure a late success arrives.
    pub late_ms: i64,
    /// How long the claim desk takes to pay.
    pub desk_ms: i64,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            settling_ms: 250,
            min_gap_ms: 100,
            not_found_final_after_ms: 600,
            inquiry_spacing_ms: 150,
            delay_ms: 400,
            late_ms: 1_500,
            desk_ms: 300,
        }
    }
}

/// A line and its bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subscriber {
    /// The number.
    pub msisdn: Msisdn,
    /// The SIM.
    pub imsi: String,
    /// The carrier.
    pub carrier: Carrier,
    /// The monthly fee.
    pub plan: Amount,
    /// The line's truth.
    pub service: Service,
    /// Whether the phone is switched off.
    pub powered_off: bool,
    /// Money beyond the arrears, in minor units of the plan's currency.
    pub credit_minor: i64,
    /// When a bar whose arrears are covered is lifted.
    pub lifts_at_ms: Option<i64>,
    fault: Option<Fault>,
    last_topup_ms: Option<i64>,
}

/// The truth about a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// It works.
    InService,
    /// It is barred until this much is paid.
    Arrears {
        /// What is owed, in minor units.
        owed_minor: i64,
    },
    /// Its owner suspended it; money changes nothing.
    SuspendedByOwner,
    /// It is barred for fraud; money changes nothing.
    Fraud,
    /// It has no subscriber.
    Ceased,
    /// It belongs to somebody else now, and works.
    Recycled,
}

/// A top-up in the statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Booked {
    /// The statement's own number.
    pub id: u64,
    /// The payer's reference.
    pub reference: String,
    /// The line.
    pub msisdn: Msisdn,
    /// What was asked.
    pub requested: Amount,
    /// What the line received.
    pub delivered: Amount,
    /// How often the line was credited: 0 or 1, or the carrier is broken.
    pub credits: u32,
    /// When it was booked.
    pub at_ms: i64,
    /// When a late success is credited.
    pub late_at_ms: Option<i64>,
    /// What was paid back through the claim desk, in minor units.
    pub refunded_minor: i64,
}

/// A bar that is lifted at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lift {
    /// The line.
    pub msisdn: Msisdn,
    /// When.
    pub at_ms: i64,
}

/// Why a top-up is refused, with Reloadly's error codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The reference was used before.
    Duplicate,
    /// Nobody has the number.
    NoSubscriber,
    /// The last top-up was a moment ago.
    TooSoon,
    /// The wallet has less.
    WalletEmpty,
    /// The amount is not sold.
    Amount,
}

/// The network side.
#[derive(Debug)]
pub struct World {
    /// The lines.
    pub subscribers: HashMap<Msisdn, Subscriber>,
    /// The payer's prepaid wallet.
    pub wallet: Amount,
    /// Times and terms.
    pub profile: Profile,
    faults: Faults,
    statement: BTreeMap<String, Booked>,
    desk: BTreeMap<String, i64>,
    questions: u64,
    lifts: Vec<Lift>,
}

impl Subscriber {
    /// A line without credit.
    pub fn new(
        msisdn: Msisdn,
        imsi: String,
        carrier: Carrier,
        plan: Amount,
        service: Service,
        powered_off: bool,
        fault: Option<Fault>,
    ) -> Self {
        let (credit_minor, lifts_at_ms, last_topup_ms) = (0, None, None);
        Self { msisdn, imsi, carrier, plan, service, powered_off, credit_minor, lifts_at_ms, fault, last_topup_ms }
    }

    /// Whether outgoing calls are barred.
    pub fn is_barred(&self, now_ms: i64) -> bool {
        match self.service {
            Service::Arrears { .. } => self.lifts_at_ms.is_none_or(|at| now_ms < at),
            Service::SuspendedByOwner | Service::Fraud => true,
            Service::InService | Service::Ceased | Service::Recycled => false,
        }
    }

    /// Whether the number has a subscriber at all.
    pub fn exists(&self) -> bool {
        self.service != Service::Ceased
    }

    /// Books money on the bill; covered arrears lift the bar after the settling time.
    fn credit(&mut self, minor: i64, now_ms: i64, settling_ms: i64) -> Option<Lift> {
        let Service::Arrears { owed_minor } = self.service else {
            self.credit_minor += minor;
            return None;
        };
        let left = owed_minor - minor;
        self.service = Service::Arrears { owed_minor: left.max(0) };
        self.credit_minor += (-left).max(0);
        if left > 0 || self.lifts_at_ms.is_some() {
            return None;
        }
        let at_ms = now_ms + settling_ms;
        self.lifts_at_ms = Some(at_ms);
        Some(Lift { msisdn: self.msisdn, at_ms })
    }
}

impl World {
    /// A network side with these lines and a filled wallet.
    pub fn new(subscribers: Vec<Subscriber>, wallet: Amount, profile: Profile, faults: Faults) -> Self {
        Self {
            subscribers: subscribers.into_iter().map(|s| (s.msisdn, s)).collect(),
            wallet,
            profile,
            faults,
            statement: BTreeMap::new(),
            desk: BTreeMap::new(),
            questions: 0,
            lifts: Vec::new(),
        }
    }

    /// The currency of the wallet.
    pub fn currency(&self) -> Currency {
        self.wallet.currency()
    }

    /// Every row of the statement, late successes that are due included.
    pub fn statement(&mut self, now_ms: i64) -> Vec<Booked> {
        self.book_late(now_ms);
        let mut rows: Vec<Booked> = self.statement.values().cloned().collect();
        rows.sort_by_key(|row| row.id);
        rows
    }

    /// The row of one reference.
    pub fn find(&mut self, reference: &str, now_ms: i64) -> Option<Booked> {
        self.book_late(now_ms);
        self.statement.get(reference).cloned()
    }

    /// What goes wrong with this top-up: the subscriber's own fault first, then the seed's.
    pub(crate) fn fault_of(&mut self, reference: &str, msisdn: Msisdn) -> Option<Fault> {
        let own = self.subscribers.get_mut(&msisdn).and_then(|subscriber| subscriber.fault.take());
        own.or_else(|| self.faults.of_topup(reference))
    }

    /// What goes wrong with the next question.
    pub(crate) fn trouble(&mut self) -> Option<Trouble> {
        self.questions += 1;
        self.faults.of_question(self.questions)
    }

    /// Books a top-up: checked, debited from the wallet, credited to the line, all at once or not at all.
    pub fn top_up(
        &mut self,
        reference: &str,
        msisdn: Msisdn,
        requested: Amount,
        fault: Option<Fault>,
        now_ms: i64,
    ) -> Result<Booked, Refused> {
        self.check(reference, msisdn, requested, now_ms)?;
        let (late, partial) = (fault == Some(Fault::LateSuccess), fault == Some(Fault::Partial));
        let delivered_minor = if partial { requested.minor() / 2 } else { requested.minor() };
        let booked = Booked {
            id: self.statement.len() as u64 + 1,
            reference: reference.to_owned(),
            msisdn,
            requested,
            delivered: Amount::from_minor(delivered_minor, requested.currency()),
            credits: 0,
            at_ms: now_ms,
            late_at_ms: late.then_some(now_ms + self.profile.late_ms),
            refunded_minor: 0,
        };
        self.statement.insert(reference.to_owned(), booked);
        if !late {
            self.settle(reference, now_ms);
        }
        Ok(self.statement[reference].clone())
    }

    /// Credits late successes whose time has come.
    pub fn book_late(&mut self, now_ms: i64) {
        let due = self.statement.values_mut().filter(|row| row.late_at_ms.is_some_and(|at| at <= now_ms));
        let references: Vec<String> = due
            .map(|row| {
                row.late_at_ms = None;
                row.reference.clone()
            })
            .collect();
        references.iter().for_each(|reference| self.settle(reference, now_ms));
    }

    /// The bars whose lifting was decided since this was last asked.
    pub(crate) fn take_lifts(&mut self) -> Vec<Lift> {
        std::mem::take(&mut self.lifts)
    }

    /// The desk's word on a claim: paid after a while when the line is suspended by its owner, else the reason.
    pub fn claim(&mut self, reference: &str, now_ms: i64) -> Result<Option<Amount>, &'static str> {
        self.book_late(now_ms);
        let first_ms = *self.desk.entry(reference.to_owned()).or_insert(now_ms);
        let row = self.statement.get_mut(reference).filter(|row| row.credits > 0).ok_or("no such payment")?;
        let service = self.subscribers.get(&row.msisdn).map(|subscriber| subscriber.service);
        if service != Some(Service::SuspendedByOwner) {
            return Err("the payment was used by the line");
        }
        if now_ms < first_ms + self.profile.desk_ms {
            return Ok(None);
        }
        if row.refunded_minor == 0 {
            row.refunded_minor = row.requested.minor();
            self.wallet = Amount::from_minor(self.wallet.minor() + row.requested.minor(), row.requested.currency());
        }
        Ok(Some(Amount::from_minor(row.refunded_minor, row.requested.currency())))
    }

    /// Whether the desk knows a claim.
    pub(crate) fn has_claim(&self, reference: &str) -> bool {
        self.desk.contains_key(reference)
    }

    fn check(&self, reference: &str, msisdn: Msisdn, requested: Amount, now_ms: i64) -> Result<(), Refused> {
        if self.statement.contains_key(reference) {
            return Err(Refused::Duplicate);
        }
        let subscriber = self.subscribers.get(&msisdn).filter(|s| s.exists()).ok_or(Refused::NoSubscriber)?;
        let gap = subscriber.last_topup_ms.is_some_and(|last| now_ms < last + self.profile.min_gap_ms);
        match () {
            () if requested.minor() <= 0 || requested.currency() != subscriber.plan.currency() => Err(Refused::Amount),
            () if gap => Err(Refused::TooSoon),
            () if requested > self.wallet => Err(Refused::WalletEmpty),
            () => Ok(()),
        }
    }

    /// Credits a booked top-up to its line.
    fn settle(&mut self, reference: &str, now_ms: i64) {
        let Some(row) = self.statement.get_mut(reference) else { return };
        row.credits += 1;
        self.wallet = Amount::from_minor(self.wallet.minor() - row.requested.minor(), row.requested.currency());
        if let Some(subscriber) = self.subscribers.get_mut(&row.msisdn) {
            subscriber.last_topup_ms = Some(now_ms);
            self.lifts.extend(subscriber.credit(row.delivered.minor(), now_ms, self.profile.settling_ms));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cny(yuan: i64) -> Amount {
        Amount::from_minor(yuan * 100, "CNY".parse().unwrap())
    }

    fn number() -> Msisdn {
        "+8613800138000".parse().unwrap()
    }

    fn world(service: Service) -> World {
        let carrier = Carrier::named("China Mobile");
        let subscriber = Subscriber::new(number(), "1".into(), carrier, cny(59), service, false, None);
        World::new(vec![subscriber], cny(1000), Profile::default(), Faults::none())
    }

    #[test]
    fn covered_arrears_lift_the_bar_after_the_settling_time() {
        let mut world = world(Service::Arrears { owed_minor: 6_000 });
        world.top_up("A", number(), cny(50), None, 0).unwrap();
        assert_eq!(world.take_lifts(), vec![]);
        assert_eq!(world.top_up("B", number(), cny(20), None, 50), Err(Refused::TooSoon));
        world.top_up("B", number(), cny(20), None, 200).unwrap();
        assert_eq!(world.take_lifts(), vec![Lift { msisdn: number(), at_ms: 450 }]);
        assert!(world.subscribers[&number()].is_barred(449) && !world.subscribers[&number()].is_barred(450));
        assert_eq!(world.subscribers[&number()].credit_minor, 1_000);
        assert_eq!(world.wallet, cny(930));
    }

    #[test]
    fn a_reference_is_booked_once() {
        let mut world = world(Service::SuspendedByOwner);
        world.top_up("A", number(), cny(10), None, 0).unwrap();
        assert_eq!(world.top_up("A", number(), cny(10), None, 1_000), Err(Refused::Duplicate));
        assert!(world.subscribers[&number()].is_barred(i64::MAX));
        assert_eq!(world.wallet, cny(990));
    }

    #[test]
    fn a_late_success_is_credited_when_it_is_due() {
        let mut world = world(Service::Arrears { owed_minor: 100 });
        world.top_up("A", number(), cny(10), Some(Fault::LateSuccess), 0).unwrap();
        assert_eq!((world.find("A", 1_499).unwrap().credits, world.wallet), (0, cny(1000)));
        assert_eq!((world.find("A", 1_500).unwrap().credits, world.wallet), (1, cny(990)));
        assert_eq!(world.take_lifts().len(), 1, "whoever asked first, the bar is lifted");
        assert_eq!(world.find("A", 9_000).unwrap().credits, 1);
    }

    #[test]
    fn the_desk_pays_once_and_only_for_suspended_lines() {
        let mut world = world(Service::SuspendedByOwner);
        assert!(world.claim("A", 0).is_err());
        world.top_up("A", number(), cny(10), None, 0).unwrap();
        assert_eq!(world.claim("A", 100), Ok(None));
        assert_eq!(world.claim("A", 400), Ok(Some(cny(10))));
        assert_eq!(world.claim("A", 500), Ok(Some(cny(10))));
        assert_eq!(world.wallet, cny(1000));
        let mut used = self::world(Service::Arrears { owed_minor: 1 });
        used.top_up("A", number(), cny(10), None, 0).unwrap();
        assert!(used.claim("A", 900).is_err());
    }

    #[test]
    fn the_wallet_and_the_number_are_checked_before_anything_moves() {
        let mut world = world(Service::InService);
        assert_eq!(world.top_up("A", number(), cny(1001), None, 0), Err(Refused::WalletEmpty));
        let stranger = "+8613900139000".parse().unwrap();
        assert_eq!(world.top_up("A", stranger, cny(1), None, 0), Err(Refused::NoSubscriber));
        assert_eq!(world.top_up("A", number(), "1 EUR".parse().unwrap(), None, 0), Err(Refused::Amount));
        assert!(world.statement(0).is_empty());
    }
}
