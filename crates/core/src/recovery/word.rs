//! What a person says about a line.

use super::{Reason, Word, turn::Turn};
use crate::{
    admit::Denial,
    line::{Consents, Mode, State},
};

impl Turn<'_> {
    /// Takes a person's word. No order that is out is dropped by it: it is still resolved (N2).
    pub(super) fn hear(&mut self, word: &Word) {
        let line = &mut self.step.line;
        match word {
            Word::Enrolled(consents, mode) => (line.consents, line.mode) = (*consents, *mode),
            Word::Withdrawn => {
                line.consents = Consents::default();
                line.mode = Mode::Watch;
                self.stop(Some(Reason::Denied(Denial::NotEnrolled)));
            }
            Word::Mode(mode) => line.mode = *mode,
            Word::Suspended => {
                line.told.suspended = true;
                self.stop(None);
            }
            Word::LeaveAlone(until_ms) => {
                line.told.leave_alone_until_ms = Some(*until_ms);
                self.stop(Some(Reason::Declined));
            }
            Word::Plan(amount) => line.told.plan = Some(*amount),
            Word::Confirmed => (line.doubt, line.imsi) = (None, None),
            Word::TryAgain => self.try_anew(),
        }
    }

    fn try_anew(&mut self) {
        let line = &mut self.step.line;
        line.told.suspended = false;
        line.told.leave_alone_until_ms = None;
        let unsettled = line.unsettled_order().is_some();
        if matches!(line.state, State::Suspended | State::Parked(_)) && !unsettled {
            self.idle();
        }
    }
}
