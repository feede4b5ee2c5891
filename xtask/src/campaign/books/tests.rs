//! Every difference is seen, and nothing else is.

use ringback_core::{
    LineId, Order, Receipt,
    ledger::{Account, Transaction},
};

use super::*;

/// A top-up that was delivered: its reference, the line's recovery, and yuan.
pub(crate) fn paid(reference: &str, recovery: u32, yuan: i64) -> TopUp {
    let asked = Amount::from_minor(yuan * 100, "CNY".parse().unwrap());
    let order = Order {
        reference: reference.parse().unwrap(),
        msisdn: "+8613800138000".parse().unwrap(),
        provider: "sandbox".into(),
        product: "1".into(),
        asked,
        max_fee: None,
    };
    let state = TopUpState::Delivered(Receipt { debited: asked, delivered: asked });
    TopUp { order, line: LineId(1), recovery, aim: Aim::Rung { number: 1, plan: asked }, state, claimed: false }
}

/// The ledger of top-ups that were delivered one after the other.
pub(crate) fn books(topups: &[TopUp]) -> Books {
    let receipt = |topup: &TopUp| Receipt { debited: topup.order.asked, delivered: topup.order.asked };
    let deliver = |topup: &TopUp| Transaction::deliver(&topup.order, Kind::Deliver, Account::Held, receipt(topup));
    let posted = topups.iter().flat_map(|topup| [Transaction::hold(&topup.order), deliver(topup)]);
    let posted = (1..).zip(posted).map(|(id, transaction)| Posted { id, at_ms: 0, transaction }).collect();
    Books { topups: topups.to_vec(), posted, ..Books::default() }
}

fn row(topup: &TopUp) -> Row {
    Row {
        reference: topup.order.reference.to_string(),
        msisdn: topup.order.msisdn,
        requested: topup.order.asked,
        delivered: topup.order.asked,
        credits: 1,
        refunded_minor: 0,
    }
}

fn found(books: &Books, rows: &[Row]) -> (usize, usize, usize) {
    let verdict = judge(books, rows);
    (verdict.payments, verdict.lost.len(), verdict.doubled.len())
}

#[test]
fn books_that_agree_are_clean() {
    let topups = [paid("A", 1, 10), paid("B", 1, 20), paid("C", 2, 10)];
    let rows: Vec<Row> = topups.iter().map(row).collect();
    assert_eq!(found(&books(&topups), &rows), (3, 0, 0));
    assert_eq!(found(&Books::default(), &[]), (0, 0, 0));
}

#[test]
fn every_difference_of_a_reference_is_lost() {
    let topup = paid("A", 1, 10);
    let (ours, row) = (books(std::slice::from_ref(&topup)), row(&topup));
    let other = paid("A", 1, 11).order.asked;
    let wrong = [
        Row { credits: 0, ..row.clone() },
        Row { requested: other, ..row.clone() },
        Row { delivered: other, ..row.clone() },
        Row { msisdn: "+8613900139000".parse().unwrap(), ..row.clone() },
        Row { refunded_minor: 1, ..row.clone() },
    ];
    for wrong in wrong {
        assert_eq!(found(&ours, std::slice::from_ref(&wrong)).1, 1, "{wrong:?}");
    }
    assert_eq!(found(&ours, &[]).1, 1, "the carrier has it not");
    assert_eq!(found(&Books::default(), std::slice::from_ref(&row)).1, 1, "the ledger has it not");
    for state in [TopUpState::Failed(false), TopUpState::Held, TopUpState::Suspense] {
        let ours = books(&[TopUp { state, ..topup.clone() }]);
        assert_eq!(found(&ours, std::slice::from_ref(&row)).1, 1, "{state:?}");
    }
}

#[test]
fn what_is_paid_twice_is_doubled() {
    let topup = paid("A", 1, 10);
    let twice = Row { credits: 2, ..row(&topup) };
    assert_eq!(found(&books(std::slice::from_ref(&topup)), &[twice]).2, 1);
    let rung = [topup.clone(), paid("B", 1, 10)];
    let rows: Vec<Row> = rung.iter().map(row).collect();
    assert_eq!(found(&books(&rung), &rows).2, 1);
    let mut late = books(&rung);
    late.posted[1].transaction.kind = Kind::Late;
    late.posted.insert(1, Posted { id: 9, at_ms: 0, transaction: Transaction::release(&topup.order) });
    assert_eq!(found(&late, &rows).2, 0, "the carrier had called the first one failed");
}

#[test]
fn two_orders_unsettled_at_once_are_doubled() {
    let topups = [paid("A", 1, 10), paid("B", 1, 20)];
    let mut ours = books(&topups);
    ours.posted.swap(1, 2);
    assert_eq!(found(&ours, &topups.iter().map(row).collect::<Vec<Row>>()).2, 1);
}

/// An order that was lost and found: its reference, and yuan.
fn adopted(reference: &str, yuan: i64) -> TopUp {
    let topup = paid(reference, 1, yuan);
    TopUp { order: Order { product: String::new(), ..topup.order }, state: TopUpState::Suspense, ..topup }
}

/// The ledger of orders of which those that were lost go to suspense.
fn with_lost(topups: &[TopUp]) -> Books {
    let mut ours = books(topups);
    for posted in &mut ours.posted {
        let of = topups.iter().find(|topup| topup.order.reference == posted.transaction.reference).unwrap();
        if is_adopted(of) && posted.transaction.kind == Kind::Deliver {
            posted.transaction = Transaction::suspend(&of.order);
        }
    }
    ours
}

#[test]
fn what_was_lost_and_found_is_clean_in_suspense_and_differs_by_any_cent() {
    let topups = [adopted("A", 10), adopted("B", 10)];
    let (ours, rows) = (with_lost(&topups), topups.iter().map(row).collect::<Vec<Row>>());
    assert_eq!(found(&ours, &rows), (2, 0, 0), "several lost orders of one number are no double");
    let less = Row { requested: paid("A", 1, 9).order.asked, ..rows[0].clone() };
    assert_eq!(found(&ours, &[less, rows[1].clone()]).1, 1);
    assert_eq!(found(&ours, &rows[..1]).1, 1, "the carrier has it not");
}

#[test]
fn an_order_beside_lost_money_in_suspense_is_doubled() {
    let topups = [adopted("A", 10), paid("B", 2, 10)];
    let rows: Vec<Row> = topups.iter().map(row).collect();
    let mut ours = with_lost(&topups);
    assert_eq!(found(&ours, &rows), (2, 0, 1));
    let receipt = Receipt { debited: topups[0].order.asked, delivered: topups[0].order.asked };
    let settled = Transaction::deliver(&topups[0].order, Kind::Settle, Account::Suspense, receipt);
    ours.posted.insert(2, Posted { id: 9, at_ms: 0, transaction: settled });
    assert_eq!(found(&ours, &rows), (2, 0, 0), "a person settled it");
}

#[test]
fn a_lost_payment_has_to_be_found_before_its_number_is_ordered_for() {
    let (lost, other) = (adopted("A", 10), paid("B", 2, 10));
    let rows = [row(&lost)];
    let seen = |topups: &[TopUp], after| {
        let verdict = with_lost(topups).adopted(&rows, after);
        (verdict.lost.len(), verdict.doubled.len())
    };
    assert_eq!(seen(&[lost.clone(), other.clone()], 0), (0, 0));
    assert_eq!(seen(&[other.clone(), lost.clone()], 0), (0, 1));
    assert_eq!(seen(&[other.clone(), lost.clone()], 2), (0, 0), "the backup knew that order");
    assert_eq!(seen(std::slice::from_ref(&other), 0), (1, 0));
    let elsewhere =
        TopUp { order: Order { msisdn: "+8613900139000".parse().unwrap(), ..other.order.clone() }, ..other };
    assert_eq!(seen(&[elsewhere, lost], 0), (0, 0), "another number");
}

#[test]
fn what_the_ledger_does_not_know_is_what_was_credited() {
    let (known, unknown) = (paid("A", 1, 10), paid("B", 1, 10));
    let failed = Row { credits: 0, reference: "C".into(), ..row(&known) };
    let rows = vec![row(&known), row(&unknown), failed];
    let unknown = books(&[known]).unknown(rows);
    assert_eq!(unknown.iter().map(|row| row.reference.as_str()).collect::<Vec<_>>(), ["B"]);
}

#[test]
fn only_a_refund_that_was_lost_may_be_missing() {
    let topup = paid("A", 1, 10);
    let refunded = Row { refunded_minor: 1_000, ..row(&topup) };
    let mut ours = books(std::slice::from_ref(&topup));
    assert_eq!(ours.refunds_unknown(std::slice::from_ref(&refunded)), ["A"]);
    assert_eq!(found(&ours, std::slice::from_ref(&refunded)).1, 1);
    ours.refunds_lost.insert("A".into());
    assert_eq!(found(&ours, &[refunded]).1, 0);
    let refund = Transaction::moved(&topup.order, Kind::Refund, Account::RefundDue, Account::Float, topup.order.asked);
    ours.posted.push(Posted { id: 9, at_ms: 0, transaction: refund });
    assert_eq!(found(&ours, &[row(&topup)]).1, 1, "one that is posted was paid");
}
