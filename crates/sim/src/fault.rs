//! What can go wrong, and how often it does in the world of one seed.

use crate::random::Random;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A request never arrives.
    RequestLost,
    /// An answer never arrives.
    AnswerLost,
    /// A message takes from seconds to days.
    Delayed,
    /// A message overtakes others.
    Reordered,
    /// A message arrives twice.
    Duplicated,
    /// An order that was refused, or not known, is delivered after all.
    LateSuccess,
    /// The line receives less than was asked.
    Partial,
    /// A delivery is taken back.
    Reversed,
    /// An answer names another reference.
    WrongReference,
    /// An answer names another amount.
    WrongAmount,
    /// An answer names another currency.
    WrongCurrency,
    /// An answer names another line.
    WrongLine,
    /// The provider refuses.
    Refused,
    /// The provider does not find an order that it took, for a while.
    Forgotten,
    /// The provider works on the order for long.
    Pending,
    /// A signal announces a success that nobody had, or twice, or too early.
    Signal,
    /// The channel does not know.
    StatusUnknown,
    /// The channel says something else than what is true.
    StatusWrong,
    /// The channel says what was true before.
    StatusStale,
    /// The register of subscribers says one thing and then another.
    Flapping,
    /// The process dies between two effects.
    Crash,
    /// The process dies before or after a commit was written.
    CommitCrash,
    /// A second worker starts while the first still lives.
    StaleWorker,
    /// A process stands still.
    Paused,
    /// The wall clock jumps forward.
    ClockForward,
    /// The wall clock jumps back.
    ClockBack,
    /// The disk is slow.
    DiskSlow,
    /// The disk is full.
    DiskFull,
    /// A commit is written and reported as failed.
    FsyncFailed,
    /// The database cannot be read for a while.
    Unreadable,
    /// A consent is withdrawn.
    ConsentWithdrawn,
    /// A limit is lowered.
    CapLowered,
    /// The kill switch is thrown.
    KillSwitch,
    /// The number goes to somebody else.
    Recycled,
    /// The line is restricted again.
    RestrictedAgain,
    /// A person answers late, or never.
    AnsweredLate,
    /// A person is wrong about an order.
    PersonWrong,
    /// A desk pays less, more, in another currency, or not at all.
    DeskWrong,
    /// A provider's statement cannot be read.
    StatementUnread,
    /// Providers do not tell what they sell.
    OffersFail,
    /// A provider is not ready for an order.
    Unprepared,
}

/// How many kinds there are.
const KINDS: usize = Fault::Unprepared as usize + 1;

/// Kinds that keep anything from happening: never often, or nothing is left that could go wrong.
const HINDRANCES: [Fault; 20] = [
    Fault::RequestLost,
    Fault::AnswerLost,
    Fault::StatusUnknown,
    Fault::StatusWrong,
    Fault::StatusStale,
    Fault::Flapping,
    Fault::Crash,
    Fault::DiskFull,
    Fault::FsyncFailed,
    Fault::Unreadable,
    Fault::OffersFail,
    Fault::KillSwitch,
    Fault::ConsentWithdrawn,
    Fault::CapLowered,
    Fault::Recycled,
    Fault::ClockForward,
    Fault::Paused,
    Fault::CommitCrash,
    Fault::StaleWorker,
    Fault::StatementUnread,
];

/// How often each kind strikes in one world, of 1,024 chances.
#[derive(Debug, Clone)]
pub(crate) struct Rates {
    of_1024: [u16; KINDS],
    /// Faults stop at the end of a world.
    on: bool,
    pub(crate) count: u64,
}

impl Rates {
    /// Mixes the kinds anew: some never strike, some now and then, some often.
    pub(crate) fn mixed(random: &mut Random) -> Self {
        let mut of_1024 = [0; KINDS];
        for rate in &mut of_1024 {
            *rate = random.pick(&[0, 80, 160, 320, 512, 768]);
        }
        for hindrance in HINDRANCES {
            of_1024[hindrance as usize] = random.pick(&[0, 0, 20, 40, 80, 160]);
        }
        Self { of_1024, on: true, count: 0 }
    }

    /// Whether a fault of this kind strikes now.
    pub(crate) fn strikes(&mut self, random: &mut Random, fault: Fault) -> bool {
        let rate = self.of_1024[fault as usize];
        let strikes = self.on && rate > 0 && random.below(1024) < u64::from(rate);
        self.count += u64::from(strikes);
        strikes
    }

    pub(crate) fn stop(&mut self) {
        self.on = false;
    }

    pub(crate) fn are_on(&self) -> bool {
        self.on
    }
}
