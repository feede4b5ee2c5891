//! A provider's own truth: what it booked, whatever it said.

use ringback_core::{Amount, Currency, Echo, Order, Outcome, Receipt, Refusal, Reply, TopUpRef, line::Terms};
use ringback_providers::StatementRow;

use crate::{fault::Fault, fault::Rates, random::Random};

/// One provider.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) terms: Terms,
    /// Whether a second request with the same reference does nothing more.
    pub(crate) deduplicates: bool,
    pub(crate) bookings: Vec<Booking>,
    /// Whether it waits for a token before it takes an order.
    pub(crate) unprepared: bool,
}

/// One order as the provider keeps it.
#[derive(Debug, Clone)]
pub(crate) struct Booking {
    pub(crate) order: Order,
    pub(crate) truth: Booked,
    pub(crate) at_ms: u64,
    /// Inquiries do not find it before.
    hidden_until_ms: u64,
}

/// What became of an order, truly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Booked {
    Pending,
    Delivered(Receipt),
    Refused(Refusal),
    Reversed(Receipt),
}

/// What happens to a booking later, in milliseconds from now.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Later {
    Nothing,
    Deliver(u64),
    Reverse(u64),
}

const DAY_MS: u64 = 86_400_000;

impl Provider {
    pub(crate) fn new(terms: Terms, random: &mut Random) -> Self {
        Self { terms, deduplicates: random.coin(), bookings: Vec::new(), unprepared: false }
    }

    pub(crate) fn find(&self, reference: &TopUpRef) -> Option<usize> {
        self.bookings.iter().position(|booking| booking.order.reference == *reference)
    }

    /// An order arrives. Returns the answer and what becomes of the booking later.
    pub(crate) fn submit(
        &mut self,
        order: &Order,
        t_ms: u64,
        random: &mut Random,
        rates: &mut Rates,
    ) -> (Outcome, Option<usize>, Later) {
        if let Some(known) = self.find(&order.reference) {
            return (self.bookings[known].truth.said(), None, Later::Nothing);
        }
        if std::mem::take(&mut self.unprepared) {
            return (Outcome::Refused(Refusal::Unavailable), None, Later::Nothing);
        }
        if self.is_too_soon(order, t_ms) {
            return (Outcome::Refused(Refusal::TooSoon), None, Later::Nothing);
        }
        let place = self.bookings.len();
        let hidden = rates.strikes(random, Fault::Forgotten) && random.coin();
        let hidden_until_ms = if hidden { t_ms + 60_000 + span_ms(random) } else { 0 };
        let booking = |truth| Booking { order: order.clone(), truth, at_ms: t_ms, hidden_until_ms };
        if rates.strikes(random, Fault::Refused) {
            let reason = refusal(random);
            let late = rates.strikes(random, Fault::LateSuccess);
            if !late && random.coin() {
                return (Outcome::Refused(reason), None, Later::Nothing);
            }
            self.bookings.push(booking(Booked::Refused(reason.clone())));
            let later = if late { Later::Deliver(60_000 + span_ms(random)) } else { Later::Nothing };
            return (Outcome::Refused(reason), Some(place), later);
        }
        if rates.strikes(random, Fault::Pending) {
            self.bookings.push(booking(Booked::Pending));
            return (Outcome::Pending, Some(place), Later::Deliver(1_000 + random.below(DAY_MS / 2)));
        }
        let receipt = self.receipt(order, random, rates);
        self.bookings.push(booking(Booked::Delivered(receipt)));
        let reverse = rates.strikes(random, Fault::Reversed);
        let later = if reverse { Later::Reverse(1_000 + span_ms(random)) } else { Later::Nothing };
        (Outcome::Delivered(receipt), Some(place), later)
    }

    /// Whether the number was topped up a moment ago.
    fn is_too_soon(&self, order: &Order, t_ms: u64) -> bool {
        let of_number = |booking: &&Booking| booking.order.msisdn == order.msisdn;
        let mut delivered = self.bookings.iter().filter(of_number).filter(|b| matches!(b.truth, Booked::Delivered(_)));
        delivered.any(|booking| t_ms < booking.at_ms + self.terms.min_gap_ms)
    }

    pub(crate) fn inquire(&self, order: &Order, t_ms: u64, rates: &Rates) -> Outcome {
        if !self.terms.inquiry_by_reference {
            return Outcome::Unknown("no inquiry by reference".into());
        }
        match self.find(&order.reference) {
            Some(known) if t_ms >= self.bookings[known].hidden_until_ms || !rates.are_on() => {
                self.bookings[known].truth.said()
            }
            _ => Outcome::NotFound,
        }
    }

    /// What an order would deliver now.
    pub(crate) fn receipt(&self, order: &Order, random: &mut Random, rates: &mut Rates) -> Receipt {
        let (asked, currency) = (order.asked.minor(), order.asked.currency());
        let fee = self.terms.max_fee.map_or(0, |fee| random.pick(&[0, 50, fee.minor()]));
        let less =
            if rates.strikes(random, Fault::Partial) { random.pick(&[asked, asked / 2, 50]).min(asked) } else { 0 };
        let amount = |minor| Amount::from_minor(minor, currency);
        Receipt { debited: amount(asked + fee), delivered: amount(asked - less) }
    }

    /// Its statement: whatever is not pending any more.
    pub(crate) fn statement(&self) -> Vec<StatementRow> {
        let settled = self.bookings.iter().filter(|booking| booking.truth != Booked::Pending);
        let row = |booking: &Booking| StatementRow {
            reference: booking.order.reference.as_str().to_owned(),
            msisdn: booking.order.msisdn,
            reply: booking.truth.said().into(),
        };
        settled.map(row).collect()
    }
}

impl Booked {
    pub(crate) fn said(&self) -> Outcome {
        match self {
            Self::Pending => Outcome::Pending,
            Self::Delivered(receipt) => Outcome::Delivered(*receipt),
            Self::Refused(reason) => Outcome::Refused(reason.clone()),
            Self::Reversed(receipt) => Outcome::Reversed(*receipt),
        }
    }
}

/// The answer as it leaves the provider, now and then about something else (P11).
pub(crate) fn echoed(order: &Order, outcome: Outcome, random: &mut Random, rates: &mut Rates) -> Reply {
    let mut echo = Echo {
        reference: random.coin().then(|| order.reference.as_str().to_owned()),
        msisdn: random.coin().then_some(order.msisdn),
        asked: random.coin().then_some(order.asked),
    };
    if rates.strikes(random, Fault::WrongReference) && random.percent(25) {
        echo.reference = Some(TopUpRef::from_random(random.bits()).as_str().to_owned());
    }
    if rates.strikes(random, Fault::WrongAmount) && random.percent(25) {
        echo.asked = Some(Amount::from_minor(order.asked.minor() + 100, order.asked.currency()));
    }
    if rates.strikes(random, Fault::WrongLine) && random.percent(25) {
        echo.msisdn = Some(crate::plan::number(9_998));
    }
    let mut outcome = outcome;
    if let Outcome::Delivered(receipt) = &mut outcome
        && rates.strikes(random, Fault::WrongAmount)
        && random.percent(25)
    {
        // Less than its books say: only the statement tells.
        receipt.debited = Amount::from_minor(receipt.debited.minor() / 2, receipt.debited.currency());
    }
    if let Outcome::Delivered(receipt) = &mut outcome
        && rates.strikes(random, Fault::WrongCurrency)
        && random.percent(50)
    {
        receipt.debited = Amount::from_minor(receipt.debited.minor(), other(receipt.debited.currency()));
    }
    Reply { echo, outcome }
}

pub(crate) fn other(currency: Currency) -> Currency {
    let code = if currency.code() == "CNY" { "EUR" } else { "CNY" };
    code.parse().expect("an ISO 4217 code")
}

fn refusal(random: &mut Random) -> Refusal {
    match random.below(8) {
        0 => Refusal::TooSoon,
        1 => Refusal::BarredLine,
        2 => Refusal::NotOffered,
        3 => Refusal::WalletEmpty,
        4 => Refusal::NumberWrong,
        5 | 6 => Refusal::Unavailable,
        _ => Refusal::Other("no".into()),
    }
}

/// How long a provider takes to change its mind.
fn span_ms(random: &mut Random) -> u64 {
    let most = random.pick(&[120_000, 600_000, 7_200_000, 2 * DAY_MS]);
    random.below(most)
}
