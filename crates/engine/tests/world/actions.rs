//! Bytes as actions on the engine: whatever happens in whatever order, once everything works again all of it settles.

use ringback_core::{
    Answer, Bar, Mode, Outcome, Reachable, Refusal, Reply, Status,
    admit::Switches,
    ladder,
    policy::SetAmount,
    recovery::{Event, Via, Word},
};
use ringback_engine::{Input, reconcile::reconcile};
use ringback_store::Store as _;

use super::{Act, Disk, Setup, World, caps, cny, number, policy, restricted, unanswered};

/// Actions of one run; a longer one tells nothing that a shorter one does not.
const MOST_ACTIONS: usize = 80;

/// Rounds of a statement and a person's word in which everything is settled.
const MOST_ROUNDS: usize = 6;

const DAY_MS: i64 = 86_400_000;

/// The first byte says what the world is like; each two that follow are one action. When they are used up, faults stop,
/// people answer, and everything settles: the ledger is sound and equals the books of provider and desk (L1, M1-M5),
/// and on the way nothing was submitted before it was durable, twice, or while the kill switch was on (P1, P4, N3).
pub(crate) fn actions(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    let (mut world, lines) = begin(*first);
    for pair in rest.chunks_exact(2).take(MOST_ACTIONS) {
        let submitted = world.log.submitted.len();
        let paused = world.is_paused();
        world.act(pair[0], pair[1], lines);
        let stays = paused && world.is_paused();
        assert!(!stays || world.log.submitted.len() == submitted, "N3: an order left under the kill switch");
    }
    world.settle(lines);
}

fn begin(byte: u8) -> (World, i64) {
    let mut policy = policy();
    policy.set = match byte & 3 {
        0 => SetAmount::Typed,
        1 => SetAmount::Offered(Some(cny(50))),
        _ => policy.set,
    };
    policy.ladder = if byte & 4 == 0 { ladder::Kind::Stepwise } else { ladder::Kind::Cumulative };
    policy.caps = caps(if byte & 8 == 0 { 1_000_000 } else { 60 });
    let mode = if byte & 16 == 0 { Mode::Auto } else { Mode::Ask };
    let lines = 1 + i64::from(byte >> 5 & 1);
    let modes = (0..lines).map(|_| Some(mode)).collect();
    let mut world = Setup { seed: 1, policy, modes }.world();
    (1..=lines).for_each(|id| world.network.suspended(number(id)));
    world.check(1..=lines);
    (world, lines)
}

impl World {
    fn is_paused(&self) -> bool {
        self.db.wait(self.db.store.switches()).paused
    }

    /// One action: a kind, and an argument whose low bits choose the line.
    fn act(&mut self, kind: u8, argument: u8, lines: i64) {
        let (line, of) = (1 + i64::from(argument & 1) % lines, argument >> 1);
        match kind % 20 {
            0..=4 => self.go_on(argument, Said::Once),
            5 => self.go_on(argument, Said::Twice),
            6 => self.go_on(argument, Said::Lost),
            7 => self.go_on(argument, Said::OfAnother),
            8 => self.provider.will(number(line), [treatment(of)]),
            9 => self.network.always(number(line), status(of)),
            10 => self.network.needs(number(line), cny(i64::from(of))),
            11 => self.tell(line, Event::Told(word(of))),
            12 => self.tell(line, answer(of)),
            13 => self.later(1 << (argument % 32)),
            14 => self.crash(),
            15 => self.switch(argument),
            16 => self.db.tell(&[(ringback_core::LineId(line), word(of))]),
            17 => self.disk = Box::new(move |_| disk(argument)),
            18 => self.now.wall_ms += (i64::from(argument) - 128) * DAY_MS / 8,
            _ => self.check([line]),
        }
    }

    /// The outside answers something; where nothing is out, time passes until something is due.
    fn go_on(&mut self, which: u8, said: Said) {
        if self.pending.is_empty() {
            let wake_ms = self.engine.next_wake_ms(self.now).unwrap_or(self.now.uptime_ms);
            return self.later(wake_ms.saturating_sub(self.now.uptime_ms).max(1));
        }
        let output = self.pending.swap_remove(usize::from(which) % self.pending.len());
        let input = self.carry_out(output);
        self.handle(said.inputs(input, which));
    }

    fn later(&mut self, ms: u64) {
        self.pass(ms);
        self.handle(vec![Input::Tick]);
    }

    fn switch(&mut self, bits: u8) {
        let (paused, frozen) = (bits & 1 != 0, bits & 2 != 0);
        self.db.switch(Switches { paused, frozen, clock_fault: bits & 4 != 0 });
        self.poll();
    }

    /// Faults stop, and people say what only they can: money that is in doubt is settled by the provider's books.
    fn settle(&mut self, lines: i64) {
        self.disk = Box::new(|_| Disk::Works);
        self.provider.acts.clear();
        self.later(1);
        // What the engine saw of the clock is stored, as the shell does; then a person trusts the clock.
        self.switch(4);
        self.db.wait(self.db.store.trust_clock(self.now));
        self.switch(0);
        self.run();
        for _ in 0..MOST_ROUNDS {
            let found = reconcile(&self.db.topups(), &self.provider.statement());
            self.handle(vec![Input::Statement(super::PROVIDER.into(), Ok(found.events))]);
            self.run();
            (1..=lines).for_each(|line| self.settle_by_hand(line));
            self.run();
        }
        self.run_soundly();
    }

    fn settle_by_hand(&mut self, line: i64) {
        for topup in self.db.line(line).suspense {
            let reference = topup.order.reference.clone();
            let outcome = match self.provider.booked(&reference) {
                Some(outcome @ Outcome::Delivered(_)) => outcome,
                _ => Outcome::Refused(Refusal::Other("the provider wrote so".into())),
            };
            let via = Via::Person("by the provider's books".into());
            self.tell(line, Event::Replied { reference, reply: outcome.into(), via });
        }
    }
}

/// How an answer arrives.
#[derive(Clone, Copy)]
enum Said {
    Once,
    Twice,
    Lost,
    OfAnother,
}

impl Said {
    /// What the engine hears instead of `input`.
    fn inputs(self, input: Input, which: u8) -> Vec<Input> {
        match (input, self) {
            (Input::Replied(line, reply), Self::Twice) => {
                vec![Input::Replied(line, reply.clone()), Input::Replied(line, reply)]
            }
            (Input::Replied(line, _), Self::Lost) => vec![Input::Replied(line, unanswered().into())],
            (Input::Replied(line, reply), Self::OfAnother) => vec![Input::Replied(line, of_another(reply, which))],
            (Input::Answers(channel, answers), Self::Twice) => {
                vec![Input::Answers(channel.clone(), answers.clone()), Input::Answers(channel, answers)]
            }
            (Input::Answers(channel, answers), Self::OfAnother) => {
                let of_another = |(line, answer)| (line, Answer { msisdn: number(99), ..answer });
                vec![Input::Answers(channel, answers.into_iter().map(of_another).collect())]
            }
            (Input::Answers(channel, answers), Self::Lost) => {
                let lost = |(line, answer)| (line, Answer { status: Status::unknown("no answer in time"), ..answer });
                vec![Input::Answers(channel, answers.into_iter().map(lost).collect())]
            }
            (input, _) => vec![input],
        }
    }
}

/// P11: the answer repeats another reference, line or amount.
fn of_another(mut reply: Reply, which: u8) -> Reply {
    match which % 3 {
        0 => reply.echo.reference = Some("SOMEBODYELSES".into()),
        1 => reply.echo.msisdn = Some(number(99)),
        _ => reply.echo.asked = Some(cny(99)),
    }
    reply
}

fn treatment(of: u8) -> Act {
    match of % 12 {
        0 | 1 => Act::Deliver,
        2 | 3 => Act::Silent,
        4 => Act::Lose,
        5 => Act::Pend,
        6 => Act::Hide,
        7 => Act::Refuse(Refusal::TooSoon),
        8 => Act::Refuse(Refusal::BarredLine),
        9 => Act::Refuse(Refusal::WalletEmpty),
        10 => Act::Refuse(Refusal::NumberWrong),
        _ => Act::Refuse(Refusal::Unavailable),
    }
}

fn status(of: u8) -> Status {
    match of % 6 {
        0 => restricted(),
        1 => Status::in_service(Reachable::Yes),
        2 => Status::in_service(Reachable::No),
        3 => Status::unknown("no answer"),
        4 => Status::restricted(Bar::Lost),
        _ => Status::not_in_service(),
    }
}

fn word(of: u8) -> Word {
    match of % 8 {
        0 => Word::Withdrawn,
        1 => Word::Mode(Mode::Auto),
        2 => Word::Mode(Mode::Ask),
        3 => Word::Suspended,
        4 => Word::LeaveAlone(1_700_000_000_000 + DAY_MS),
        5 => Word::Plan(cny(i64::from(of))),
        6 => Word::Confirmed,
        _ => Word::TryAgain,
    }
}

/// What a person answers, or a signal says.
fn answer(of: u8) -> Event {
    match of % 5 {
        0 => Event::Approved,
        1 => Event::Declined,
        2 => Event::Signalled,
        3 => Event::Lapsed,
        _ => Event::Typed { amount: cny(i64::from(of)) },
    }
}

fn disk(of: u8) -> Disk {
    match of % 4 {
        0 => Disk::Works,
        1 => Disk::Full,
        2 => Disk::Unsure,
        _ => Disk::Refuses,
    }
}
