//! Random sequences of events keep the invariants that [`super::checks`] looks at after every step.

use proptest::prelude::*;

use super::{
    faults::World,
    script::{Script, cny, in_service, receipt, restricted},
};
use crate::{
    admit::Denial,
    ladder,
    ledger::Kind,
    line::{Mode, State},
    policy::SetAmount,
    recovery::{Event, TopUp, TopUpState, Via, Word},
    status::{Bar, Status},
    topup::{Outcome, Refusal},
};

/// Something that may happen to a line, told as little as possible so that much of it fits.
#[derive(Debug, Clone)]
enum Happening {
    Serve(Box<World>),
    Answer(Status),
    Reply(Outcome, u8),
    Late(Outcome, prop::sample::Index),
    Word(Word),
    Other(Box<Event>),
    Wait(u64),
    Restart,
}

fn amount() -> impl Strategy<Value = crate::money::Amount> {
    (0i64..60).prop_map(cny)
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let refusal = prop::sample::select(vec![
        Refusal::TooSoon,
        Refusal::BarredLine,
        Refusal::WalletEmpty,
        Refusal::NumberWrong,
        Refusal::Unavailable,
        Refusal::Other("no".into()),
    ]);
    prop_oneof![
        4 => (amount(), amount()).prop_map(|(debited, delivered)| receipt(debited, delivered)),
        1 => Just(receipt("1 EUR".parse().unwrap(), cny(1))),
        1 => Just(Outcome::Pending),
        3 => refusal.prop_map(Outcome::Refused),
        3 => Just(Outcome::NotFound),
        1 => Just(Outcome::Reversed(crate::topup::Receipt { debited: cny(1), delivered: cny(1) })),
        1 => Just(Outcome::Unknown("timeout".into())),
    ]
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![
        6 => Just(restricted()),
        2 => Just(in_service()),
        1 => Just(Status::unknown("no answer")),
        1 => Just(Status::restricted(Bar::Lost)),
        1 => Just(Status::not_in_service()),
    ]
}

fn world() -> impl Strategy<Value = World> {
    let admitted = prop_oneof![8 => Just(Ok(())), 1 => Just(Err(Denial::Paused)), 1 => Just(Err(Denial::Doubtful))];
    (status(), outcome(), outcome(), admitted, prop::bool::weighted(0.9)).prop_map(
        |(status, submission, inquiry, admitted, offered)| World { status, submission, inquiry, admitted, offered },
    )
}

fn happening() -> impl Strategy<Value = Happening> {
    let word = prop_oneof![
        Just(Word::Withdrawn),
        Just(Word::Enrolled(crate::line::tests::enrolled().consents, Mode::Auto)),
        prop::sample::select(vec![Mode::Ask, Mode::Auto, Mode::Watch]).prop_map(Word::Mode),
        Just(Word::Suspended),
        Just(Word::LeaveAlone(1_700_000_100_000)),
        amount().prop_map(Word::Plan),
        Just(Word::Confirmed),
        Just(Word::TryAgain),
    ];
    let other = prop_oneof![
        Just(Event::Signalled),
        Just(Event::Approved),
        Just(Event::Declined),
        Just(Event::Lapsed),
        (1i64..60).prop_map(|yuan| Event::Typed { amount: cny(yuan) }),
    ];
    prop_oneof![
        16 => world().prop_map(|world| Happening::Serve(Box::new(world))),
        2 => status().prop_map(Happening::Answer),
        3 => (outcome(), any::<u8>()).prop_map(|(outcome, via)| Happening::Reply(outcome, via)),
        3 => (outcome(), any::<prop::sample::Index>()).prop_map(|(outcome, which)| Happening::Late(outcome, which)),
        3 => word.prop_map(Happening::Word),
        3 => other.prop_map(|event| Happening::Other(Box::new(event))),
        2 => (0u64..2_000_000).prop_map(Happening::Wait),
        1 => Just(Happening::Restart),
    ]
}

impl Happening {
    /// What the line is told of it, where it is one event.
    fn event(&self, script: &Script) -> Option<Event> {
        match self {
            Self::Answer(status) => Some(Event::Answered(script.read(status.clone()))),
            Self::Reply(outcome, via) => script.line.unsettled_order().map(|_| {
                let vias = [Via::Submission, Via::Inquiry(script.asked_before()), Via::Statement];
                let person = Via::Person("the provider wrote so".into());
                let via = vias.into_iter().chain([person]).nth(usize::from(*via % 4)).expect("four ways");
                script.replies(outcome.clone(), via)
            }),
            Self::Late(outcome, which) => {
                let settled = |topup: &TopUp| topup.state != TopUpState::Held;
                let topups: Vec<_> = script.topups().into_values().filter(settled).collect();
                let topup = (!topups.is_empty()).then(|| which.get(&topups).clone())?;
                Some(Event::Late { topup: Box::new(topup), reply: outcome.clone().into() })
            }
            Self::Word(word) => Some(Event::Told(word.clone())),
            Self::Other(event) => Some(event.as_ref().clone()),
            Self::Serve(_) | Self::Wait(_) | Self::Restart => None,
        }
    }

    /// Lets it happen; what the line rejects changes nothing.
    fn befall(&self, script: &mut Script) {
        match self {
            Self::Serve(world) if matches!(script.line.state, State::Open(_)) => world.serve(script),
            Self::Serve(_) => {
                script.restricted();
            }
            Self::Wait(ms) => {
                script.wait_ms(*ms);
            }
            Self::Restart => {
                script.restarted();
            }
            _ => {
                if let Some(event) = self.event(script) {
                    let _ = script.tries(&event);
                }
            }
        }
    }
}

fn script() -> impl Strategy<Value = Script> {
    let ways = [SetAmount::Typed, SetAmount::Remembered(Some(cny(50))), SetAmount::Offered(Some(cny(50)))];
    let kinds = [ladder::Kind::Stepwise, ladder::Kind::Cumulative];
    (prop::sample::select(ways.to_vec()), prop::sample::select(kinds.to_vec()), 1u32..20).prop_map(
        |(set, kind, max_orders)| {
            let mut script = Script::new();
            (script.policy.set, script.policy.ladder, script.policy.max_orders) = (set, kind, max_orders);
            script.policy.max_recoveries = 10;
            script
        },
    )
}

/// M3: every intent has one hold; what settles it comes once.
fn check_holds(script: &Script) {
    for reference in script.topups().keys() {
        let all = script.steps.iter().flat_map(|step| &step.transactions).filter(|t| t.reference == *reference);
        let kinds: Vec<_> = all.map(|posted| posted.kind).collect();
        let count = |wanted: &[Kind]| kinds.iter().filter(|kind| wanted.contains(kind)).count();
        assert_eq!(count(&[Kind::Hold]), 1, "{kinds:?}");
        assert!(count(&[Kind::Deliver, Kind::Release, Kind::Suspend]) <= 1, "{kinds:?}");
        assert!(count(&[Kind::Claim]) <= 1, "{kinds:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_events_keeps_the_money_straight(
        mut script in script(),
        happenings in prop::collection::vec(happening(), 1..120),
    ) {
        for happening in happenings {
            happening.befall(script.wait_ms(1));
        }
        check_holds(&script);
    }

    #[test]
    fn l1_once_faults_stop_the_recovery_ends(
        mut script in script(),
        happenings in prop::collection::vec(happening(), 1..60),
    ) {
        for happening in happenings {
            happening.befall(script.wait_ms(1));
        }
        prop_assert!(World::sound().ends(&mut script, 60), "{:?}", script.line.state);
    }
}
