//! What a seed decides before anything happens: books, lines, providers, limits.

use std::collections::BTreeMap;

use ringback_core::{
    Amount, Bar, BookId, Carrier, Currency, Denominations, Mode, Msisdn, Offer, Policy, Route,
    admit::{Cap, Caps, Period, REQUIRED, Scope},
    ladder,
    line::Terms,
    policy::{SetAmount, Timing},
};
use ringback_engine::{Config, Limits, Wiring};

use crate::random::Random;

/// The one status channel.
pub(crate) const CHANNEL: &str = "network";

/// The one claim desk.
pub(crate) const DESK: &str = "desk";

/// What a world is made of.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) books: Vec<BookPlan>,
    pub(crate) lines: Vec<LinePlan>,
    pub(crate) providers: Vec<Terms>,
    pub(crate) limits: BTreeMap<String, Limits>,
    pub(crate) check_every_ms: Option<u64>,
    pub(crate) statements_every_ms: u64,
    pub(crate) sees_imsi: bool,
    /// Steps with faults on.
    pub(crate) steps: u32,
}

#[derive(Debug, Clone)]
pub(crate) struct BookPlan {
    pub(crate) policy: Policy,
    pub(crate) providers: Vec<usize>,
}

#[derive(Debug, Clone)]
pub(crate) struct LinePlan {
    pub(crate) book: usize,
    pub(crate) msisdn: Msisdn,
    /// Nothing where it is not enrolled.
    pub(crate) mode: Option<Mode>,
    pub(crate) truth: Truth,
}

/// What is true of a line at the network, when the world begins.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Truth {
    InService,
    /// It comes back once so much is paid, in minor units.
    Arrears(i64),
    OwnerSuspended,
    Barred(Bar),
    NoSubscriber,
}

impl Plan {
    pub(crate) fn drawn(random: &mut Random) -> Self {
        let currencies = if random.percent(30) { vec!["CNY", "EUR"] } else { vec!["CNY"] };
        let currencies: Vec<Currency> = currencies.iter().filter_map(|code| code.parse().ok()).collect();
        let mut providers = Vec::new();
        let mut books = Vec::new();
        for currency in &currencies {
            let own: Vec<usize> =
                (0..=random.index(2)).map(|_| providers_push(random, *currency, &mut providers)).collect();
            books.push(BookPlan { policy: policy(random, *currency), providers: own });
        }
        if currencies.len() == 1 && random.percent(15) {
            let second = BookPlan { policy: policy(random, currencies[0]), providers: books[0].providers.clone() };
            books.push(second);
        }
        let lines = lines(random, books.len());
        let limits = limits(random, &providers);
        Self {
            steps: 80 + u32::try_from(random.below(200)).unwrap_or(0) + u32::try_from(lines.len()).unwrap_or(0),
            check_every_ms: random.percent(30).then(|| random.pick(&[600_000, 3_600_000, 6 * 3_600_000])),
            statements_every_ms: random.pick(&[180_000, 3_600_000, 6 * 3_600_000]),
            sees_imsi: random.coin(),
            books,
            lines,
            providers,
            limits,
        }
    }

    /// What an engine is told, with the policies as they are now.
    pub(crate) fn config(&self) -> Config {
        let names =
            |book: &BookPlan| book.providers.iter().map(|p| self.providers[*p].offer.provider.clone()).collect();
        let wiring = |book: &BookPlan| Wiring::new(book.policy.clone(), Route::of(CHANNEL), names(book));
        Config {
            books: (1..).map(BookId).zip(self.books.iter().map(wiring)).collect(),
            limits: self.limits.clone(),
            batch: 64,
            claim_poll_ms: 60_000,
            check_every_ms: self.check_every_ms,
            statements_every_ms: Some(self.statements_every_ms),
            statements_final_after_ms: self.final_after_ms(),
        }
    }
}

impl Plan {
    /// The longest time after an order in which some provider may not know it yet.
    fn final_after_ms(&self) -> u64 {
        self.providers.iter().map(|terms| terms.not_found_final_after_ms).max().unwrap_or_default()
    }
}

pub(crate) fn number(place: u64) -> Msisdn {
    format!("+86{}", 13_800_138_000 + place).parse().expect("eleven digits behind the country code")
}

fn lines(random: &mut Random, books: usize) -> Vec<LinePlan> {
    let count = if random.below(500) == 0 { 100 } else { 1 + random.below(2) + random.below(2) * random.below(6) };
    let mut lines: Vec<LinePlan> = (1..=count).map(|place| line(random, books, number(place))).collect();
    // The same number in another book (P3).
    if books > 1 && random.coin() {
        let first = LinePlan { book: books - 1 - lines[0].book.min(1), mode: Some(Mode::Auto), ..lines[0].clone() };
        lines.push(first);
    }
    lines
}

fn line(random: &mut Random, books: usize, msisdn: Msisdn) -> LinePlan {
    let mode = match random.below(20) {
        0 => None,
        1 => Some(Mode::Watch),
        2..6 => Some(Mode::Ask),
        _ => Some(Mode::Auto),
    };
    let truth = match random.below(20) {
        0..12 => Truth::Arrears(1 + random.pick(&[0, 100, 700, 1_500, 2_700, 5_700])),
        12..16 => Truth::OwnerSuspended,
        16..18 => Truth::InService,
        18 => Truth::Barred(random.pick(&[Bar::Fraud, Bar::Lost, Bar::Identity, Bar::Other])),
        _ => Truth::NoSubscriber,
    };
    LinePlan { book: random.index(books), msisdn, mode, truth }
}

fn providers_push(random: &mut Random, currency: Currency, all: &mut Vec<Terms>) -> usize {
    let unit = |units: i64| Amount::from_minor(units * 100, currency);
    let all_plans = [8, 18, 28, 38, 58].map(unit);
    let first = random.index(3);
    let plans = all_plans[first..(first + random.index(4)).min(5)].to_vec();
    let denominations = if random.coin() {
        Denominations::Range { min: unit(1), max: unit(500), step: unit(1) }
    } else {
        Denominations::Fixed([1, 5, 10, 20, 50, 100].map(unit).to_vec())
    };
    let offer = Offer {
        provider: format!("p{}", all.len()),
        carrier: Carrier::named("China Mobile"),
        product: "1".into(),
        plans,
        denominations,
    };
    all.push(Terms {
        offer,
        inquiry_by_reference: random.percent(85),
        min_gap_ms: random.pick(&[0, 0, 60_000, 600_000]),
        not_found_final_after_ms: random.pick(&[60_000, 600_000]),
        inquiry_spacing_ms: random.pick(&[10_000, 30_000]),
        max_fee: random.percent(20).then(|| unit(1)),
    });
    all.len() - 1
}

fn policy(random: &mut Random, currency: Currency) -> Policy {
    let unit = |units: i64| Amount::from_minor(units * 100, currency);
    let amount = random.percent(80).then(|| unit([10, 25, 50][random.index(3)]));
    Policy {
        probe: unit(random.pick(&[1, 1, 2, 5])),
        set: match random.below(3) {
            0 => SetAmount::Typed,
            1 => SetAmount::Remembered(amount),
            _ => SetAmount::Offered(amount),
        },
        ladder: random.pick(&[ladder::Kind::Stepwise, ladder::Kind::Cumulative]),
        highest_plan: unit(random.pick(&[1_000, 1_000, 1_000, 30])),
        caps: caps(random, currency),
        timing: Timing {
            settling_ms: random.pick(&[60_000, 900_000]),
            fresh_ms: random.pick(&[20_000, 60_000]),
            retry_ms: 60_000,
            typed_ms: 300_000,
            offered_ms: 180_000,
            answer_ms: random.pick(&[60_000, 120_000]),
        },
        max_orders: random.pick(&[3, 20, 20]),
        max_recoveries: random.pick(&[1, 3, 3]),
        desk: DESK.into(),
    }
}

/// Mostly wide, some narrow, now and then without one that is required (C7).
fn caps(random: &mut Random, currency: Currency) -> Caps {
    let all = [
        (Scope::Recovery, Period::Day),
        (Scope::Line, Period::Day),
        (Scope::Provider, Period::Day),
        (Scope::Provider, Period::Lifetime),
        (Scope::Everything, Period::Day),
        (Scope::Everything, Period::Lifetime),
    ];
    let more = all.into_iter().filter(|_| random.percent(20)).collect::<Vec<_>>();
    let limit = |random: &mut Random| if random.percent(15) { random.pick(&[5, 20, 60, 150]) } else { 100_000 };
    let mut caps: Vec<Cap> = REQUIRED
        .into_iter()
        .chain(more)
        .map(|(scope, period)| Cap { scope, period, limit: Amount::from_minor(limit(random) * 100, currency) })
        .collect();
    if random.percent(3) {
        caps.remove(random.index(REQUIRED.len()));
    }
    Caps(caps)
}

fn limits(random: &mut Random, providers: &[Terms]) -> BTreeMap<String, Limits> {
    let mut fast = |batch| Limits { in_flight: 1 + random.index(8), per_second: random.pick(&[5, 1_000]), batch };
    let channel = (CHANNEL.to_owned(), fast(4));
    let providers = providers.iter().map(|terms| (terms.offer.provider.clone(), fast(1)));
    [channel].into_iter().chain(providers).collect()
}
