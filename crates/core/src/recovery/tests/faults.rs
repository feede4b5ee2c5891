//! Every fault ends (L1, L2).

use super::script::{Script, cny, in_service, receipt, restricted};
use crate::{
    admit::Denial,
    ledger::Account,
    line::{Due, Phase, State},
    policy::SetAmount,
    recovery::Event,
    status::{Bar, Status},
    topup::{Outcome, Refusal},
};

/// What a line waits for is done as soon as it is due, with a network and a provider that always answer the same.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) status: Status,
    pub(crate) submission: Outcome,
    pub(crate) inquiry: Outcome,
    pub(crate) admitted: Result<(), Denial>,
    pub(crate) offered: bool,
}

impl World {
    /// Everything works, and nothing helps the line.
    pub(crate) fn sound() -> Self {
        let (submission, inquiry) = (Outcome::Pending, receipt(cny(1), cny(500)));
        Self { status: restricted(), submission, inquiry, admitted: Ok(()), offered: true }
    }

    /// Does what the line waits for; a person approves what waits for approval.
    pub(crate) fn serve(&self, script: &mut Script) {
        let Some((due, wake)) = script.line.due() else {
            script.happens(&Event::Approved);
            return;
        };
        script.wait_ms(wake.left_ms(script.now));
        match due {
            Due::Offers if self.offered => script.offered(&[8, 28]),
            Due::Offers => script.happens(&Event::Unoffered { reason: "out of order".into(), again: true }),
            Due::Query => script.answered(self.status.clone()),
            Due::Propose => match self.admitted {
                Ok(()) => script.proposed(),
                Err(denial) => script.denied(denial),
            },
            Due::Inquire(..) if matches!(script.phase(), Phase::Paying { .. }) => {
                script.submitted(self.submission.clone())
            }
            Due::Inquire(..) => script.inquired(self.inquiry.clone()),
            Due::Lapse => script.happens(&Event::Lapsed),
        };
    }

    /// Whether the line's recovery ends within so many steps.
    pub(crate) fn ends(&self, script: &mut Script, steps: u32) -> bool {
        (0..steps).any(|_| {
            if matches!(script.line.state, State::Open(_)) {
                self.serve(script);
            }
            !matches!(script.line.state, State::Open(_))
        })
    }
}

#[test]
fn l1_every_fault_ends_the_recovery_in_bounded_steps() {
    let refused = |reason: Refusal| (Outcome::Refused(reason.clone()), Outcome::Refused(reason));
    let refusals = [
        Refusal::TooSoon,
        Refusal::BarredLine,
        Refusal::NotOffered,
        Refusal::WalletEmpty,
        Refusal::NumberWrong,
        Refusal::Unavailable,
        Refusal::Other("no".into()),
    ];
    let lost = [Outcome::NotFound, Outcome::Unknown("timeout".into())].map(|first| (first, Outcome::NotFound));
    for (submission, inquiry) in refusals.map(refused).into_iter().chain(lost) {
        let world = World { submission, inquiry, ..World::sound() };
        let mut script = Script::new();
        script.restricted();
        assert!(world.ends(&mut script, 400), "{world:?}");
        assert_eq!(script.balance(Account::Held), 0, "{world:?}");
    }
}

#[test]
fn l1_every_answer_of_the_network_ends_the_recovery() {
    let bars = [Bar::ArrearsOrUnknown, Bar::Fraud, Bar::Lost, Bar::Identity, Bar::Other].map(Status::restricted);
    let others = [in_service(), Status::not_in_service(), Status::unknown("no answer")];
    for status in bars.into_iter().chain(others) {
        for set in [SetAmount::Typed, SetAmount::Remembered(Some(cny(50))), SetAmount::Offered(Some(cny(50)))] {
            let mut script = Script::new();
            script.policy.set = set;
            script.restricted();
            let world = World { status: status.clone(), ..World::sound() };
            assert!(world.ends(&mut script, 100), "{world:?}");
        }
    }
}

#[test]
fn l1_providers_that_offer_nothing_and_limits_that_stand_end_the_recovery() {
    let cap = Denial::Cap(crate::admit::Scope::Line, crate::admit::Period::Day);
    let no_cap = Denial::NoCap(crate::admit::Scope::Line, crate::admit::Period::Day);
    for denial in [cap, no_cap, Denial::NotEnrolled, Denial::Doubtful, Denial::Unresolved] {
        let mut script = Script::new();
        script.restricted();
        assert!(World { admitted: Err(denial), ..World::sound() }.ends(&mut script, 40), "{denial:?}");
    }
    let mut script = Script::new();
    script.restricted();
    assert!(World { offered: false, ..World::sound() }.ends(&mut script, 20));
}

#[test]
fn l1_a_denial_that_passes_waits_and_goes_on_afterwards() {
    let passing = [Denial::Paused, Denial::Frozen, Denial::ClockFault, Denial::TooManyOrders];
    for denial in passing.into_iter().chain([Denial::StaleRead]) {
        let mut script = Script::new();
        script.restricted();
        let world = World { admitted: Err(denial), ..World::sound() };
        assert!(!world.ends(&mut script, 50), "{denial:?}");
        assert!(script.all_sent().is_empty());
        assert!(World::sound().ends(&mut script, 100), "{denial:?}");
    }
}

#[test]
fn l2_a_parked_line_tells_people_why() {
    let mut script = Script::ready(&[]);
    script.paid().restricted();
    let reason = script.parked().clone();
    assert!(script.last().notices.contains(&crate::recovery::Notice::Parked(reason)));
}
