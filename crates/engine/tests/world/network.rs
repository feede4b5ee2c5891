//! The network side: what a line needs to be in service again.

use std::collections::BTreeMap;

use ringback_core::{Amount, Answer, Bar, Msisdn, Reachable, Status};

/// Subscribers by number; one that is not named is in service.
#[derive(Debug, Clone, Default)]
pub(crate) struct Network {
    needs: BTreeMap<Msisdn, Need>,
    /// Channels that say the same of every line, true or not.
    stuck: BTreeMap<String, Status>,
}

#[derive(Debug, Clone)]
enum Need {
    /// Restricted until it has received this much.
    Received(Amount),
    /// This, whatever it receives.
    Always(Status),
}

impl Network {
    /// The line comes back once it has received this much.
    pub(crate) fn needs(&mut self, line: Msisdn, amount: Amount) {
        self.needs.insert(line, Need::Received(amount));
    }

    /// The line's owner suspended it: no amount brings it back.
    pub(crate) fn suspended(&mut self, line: Msisdn) {
        self.always(line, restricted());
    }

    pub(crate) fn always(&mut self, line: Msisdn, status: Status) {
        self.needs.insert(line, Need::Always(status));
    }

    /// This channel says the same of every line from now on.
    pub(crate) fn stuck(&mut self, channel: &str, status: Status) {
        self.stuck.insert(channel.to_owned(), status);
    }

    /// What a channel says about a line that has received so much.
    pub(crate) fn answer_by(&self, channel: &str, msisdn: Msisdn, received: Amount) -> Answer {
        match self.stuck.get(channel) {
            Some(status) => Answer { msisdn, status: status.clone(), imsi: None },
            None => self.answer(msisdn, received),
        }
    }

    /// What the network says about a line that has received so much.
    pub(crate) fn answer(&self, msisdn: Msisdn, received: Amount) -> Answer {
        let status = match self.needs.get(&msisdn) {
            Some(Need::Always(status)) => status.clone(),
            Some(Need::Received(amount)) if received < *amount => restricted(),
            _ => Status::in_service(Reachable::Yes),
        };
        Answer { msisdn, status, imsi: None }
    }
}

pub(crate) fn restricted() -> Status {
    Status::restricted(Bar::ArrearsOrUnknown)
}
