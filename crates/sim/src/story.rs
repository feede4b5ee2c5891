//! Where a line stands, in words, for the story of one seed.

use ringback_core::{
    Line,
    line::{Phase, State},
    recovery::Event,
};

/// Where a line stands.
pub(crate) fn stands(line: &Line) -> String {
    match &line.state {
        State::Idle => "at rest".into(),
        State::Suspended => "suspended by its owner".into(),
        State::Parked(parked) => format!("parked: {:?}", parked.reason),
        State::Open(recovery) => {
            let (phase, received) = (phase(&recovery.phase), recovery.received);
            format!("{:?}, {phase}, received {received}", recovery.aim)
        }
    }
}

fn phase(phase: &Phase) -> String {
    match phase {
        Phase::Preparing { .. } => "preparing".into(),
        Phase::Approval => "waits for a tap".into(),
        Phase::Reading { .. } => "to be read".into(),
        Phase::Ready { .. } => "ready to pay".into(),
        Phase::Paying { order, .. } => format!("paying {} with {}", order.asked, order.reference),
        Phase::Inquiring(inquiry) => {
            format!(
                "asking about {} ({} asked, {} not found)",
                inquiry.order.reference, inquiry.asked, inquiry.not_found
            )
        }
        Phase::Settling { .. } => "settling".into(),
        Phase::Owed { offered, .. } => format!("owes the set amount ({offered:?})"),
    }
}

/// What these events are called.
pub(crate) fn names(events: &[Event]) -> String {
    let name = |event: &Event| match event {
        Event::Told(word) => format!("{word:?}"),
        Event::Replied { reference, reply, .. } => format!("{reference} is {:?}", reply.outcome),
        Event::Typed { amount } => format!("typed {amount}"),
        other => other.name().to_owned(),
    };
    events.iter().map(name).collect::<Vec<_>>().join(", ")
}
