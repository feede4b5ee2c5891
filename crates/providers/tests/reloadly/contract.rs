//! What every connector must do, whatever its provider does. A provider is scripted by [`Act`].

use std::time::{Duration, Instant};

use ringback_core::{Amount, Order, Outcome, Receipt, Refusal, TopUpRef};
use ringback_providers::{Connector, ProviderError};

use crate::server::{FAULTS, Fault};

/// What the provider does with the next submission or inquiry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// It took what was asked and delivered this much.
    Deliver(Amount),
    /// It works on it.
    Work,
    /// It refuses with a code of its own, at this HTTP status.
    Refuse(&'static str, u16),
    /// It names the order, as failed with a code of its own.
    Fail(&'static str),
    /// It paid and took the money back.
    Reverse(Amount),
    /// It knows no such order.
    Nothing,
    /// It delivered, but an order with another reference, number or amount.
    Other(What),
    /// It gives no answer.
    Fault(Fault),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Reference,
    Number,
    Amount,
}

/// A scripted provider.
pub(crate) trait Provider {
    fn on_submit(&self, act: Act);
    fn on_inquire(&self, act: Act);
    fn submissions(&self) -> usize;
    fn connector(&self, deadline: Duration) -> Box<dyn Connector>;
    /// The codes with which the provider refuses for good.
    fn refusals(&self) -> Vec<(&'static str, Refusal)>;
    /// The codes that say nothing about whether the order was paid.
    fn look_ups(&self) -> Vec<&'static str>;
}

/// Long enough for a busy machine.
pub(crate) const PATIENT: Duration = Duration::from_secs(20);

/// For a provider that says nothing.
pub(crate) const SHORT: Duration = Duration::from_millis(400);

pub(crate) fn cny(text: &str) -> Amount {
    format!("{text} CNY").parse().unwrap()
}

pub(crate) fn order() -> Order {
    Order {
        reference: TopUpRef::from_random(77),
        msisdn: "+8613800138000".parse().unwrap(),
        provider: "airtime".into(),
        product: "221".into(),
        asked: cny("30"),
        max_fee: None,
    }
}

/// Runs every check on one kind of connector.
pub(crate) async fn hold(provider: &impl Provider) {
    settles_by_an_explicit_answer(provider).await;
    tells_the_refusals_apart(provider).await;
    never_takes_a_look_up_for_a_refusal(provider).await;
    knows_nothing_without_an_answer(provider).await;
    passes_on_what_the_answer_is_about(provider).await;
    inquires_without_paying(provider).await;
}

/// Submits as the engine does, behind a preparation.
pub(crate) async fn prepared(connector: &dyn Connector) -> ringback_core::Reply {
    connector.prepare().await.unwrap();
    connector.submit(&order()).await
}

/// Submits once, on a connector of its own, and checks that the provider saw it once.
async fn submit(provider: &impl Provider, act: &Act) -> ringback_core::Reply {
    let deadline = if *act == Act::Fault(Fault::Silent) { SHORT } else { PATIENT };
    let before = provider.submissions();
    provider.on_submit(act.clone());
    let start = Instant::now();
    let reply = prepared(provider.connector(deadline).as_ref()).await;
    assert_eq!(provider.submissions(), before + 1, "{act:?}: a submission reaches the provider once");
    assert!(start.elapsed() < deadline + PATIENT / 2, "{act:?}: the deadline holds");
    reply
}

async fn inquire(provider: &impl Provider, act: &Act) -> ringback_core::Reply {
    let deadline = if *act == Act::Fault(Fault::Silent) { SHORT } else { PATIENT };
    let before = provider.submissions();
    provider.on_inquire(act.clone());
    let reply = provider.connector(deadline).inquire(&order()).await;
    assert_eq!(provider.submissions(), before, "{act:?}: an inquiry pays nothing");
    reply
}

/// What an act means when nothing is wrong with it.
fn explicit() -> [(Act, Outcome); 4] {
    let receipt = |delivered| Receipt { debited: cny("30"), delivered };
    [
        (Act::Deliver(cny("30")), Outcome::Delivered(receipt(cny("30")))),
        (Act::Deliver(cny("28.35")), Outcome::Delivered(receipt(cny("28.35")))),
        (Act::Work, Outcome::Pending),
        (Act::Reverse(cny("30")), Outcome::Reversed(receipt(cny("30")))),
    ]
}

async fn settles_by_an_explicit_answer(provider: &impl Provider) {
    for (act, expected) in explicit() {
        let reply = submit(provider, &act).await;
        assert_eq!(reply.outcome, expected, "{act:?}");
        let (echo, order) = (reply.echo, order());
        assert_eq!(echo.reference.as_deref(), Some(order.reference.as_str()));
        assert_eq!((echo.msisdn, echo.asked), (Some(order.msisdn), Some(order.asked)));
    }
}

async fn tells_the_refusals_apart(provider: &impl Provider) {
    for (code, refusal) in provider.refusals() {
        for act in [Act::Refuse(code, 400), Act::Refuse(code, 422), Act::Refuse(code, 500), Act::Fail(code)] {
            assert_eq!(submit(provider, &act).await.outcome, Outcome::Refused(refusal.clone()), "{act:?}");
        }
    }
}

/// P4: after these the order may have been paid, so nothing may be made that pays again.
async fn never_takes_a_look_up_for_a_refusal(provider: &impl Provider) {
    for code in provider.look_ups() {
        for status in [400, 409, 422, 429, 500] {
            check_unknown(&format!("{code} {status}"), &submit(provider, &Act::Refuse(code, status)).await.outcome);
        }
    }
}

async fn knows_nothing_without_an_answer(provider: &impl Provider) {
    for fault in FAULTS {
        check_unknown(&format!("{fault:?}"), &submit(provider, &Act::Fault(fault)).await.outcome);
    }
}

/// P11: the method compares; the connector must not hide what differs.
async fn passes_on_what_the_answer_is_about(provider: &impl Provider) {
    for what in [What::Reference, What::Number, What::Amount] {
        let reply = submit(provider, &Act::Other(what)).await;
        assert!(!reply.echo.agrees_with(&order()), "another {what:?}: {reply:?}");
    }
}

async fn inquires_without_paying(provider: &impl Provider) {
    for (act, expected) in explicit() {
        assert_eq!(inquire(provider, &act).await.outcome, expected, "{act:?}");
    }
    for (code, refusal) in provider.refusals() {
        assert_eq!(inquire(provider, &Act::Fail(code)).await.outcome, Outcome::Refused(refusal), "{code}");
    }
    assert_eq!(inquire(provider, &Act::Nothing).await.outcome, Outcome::NotFound);
    // Somebody else's order under this number is not ours.
    assert_eq!(inquire(provider, &Act::Other(What::Reference)).await.outcome, Outcome::NotFound);
    for fault in FAULTS {
        check_unknown(&format!("{fault:?}"), &inquire(provider, &Act::Fault(fault)).await.outcome);
    }
}

pub(crate) fn check_unknown(what: &str, outcome: &Outcome) {
    let Outcome::Unknown(reason) = outcome else { panic!("{what}: {outcome:?}") };
    assert!(!reason.is_empty(), "{what} has no reason");
    shows_no_number(what, reason);
}

/// S6: neither in full nor without its country.
pub(crate) fn shows_no_number(what: &str, text: &str) {
    assert!(!text.contains("13800138000"), "{what}: {text}");
}

/// Questions that move no money fail by themselves, and may be asked again.
pub(crate) fn check_unavailable<T: std::fmt::Debug>(what: &str, answer: Result<T, ProviderError>) {
    let error = answer.unwrap_err();
    assert!(matches!(error, ProviderError::Unavailable { .. }), "{what}: {error}");
    shows_no_number(what, &format!("{error} {error:?}"));
}
