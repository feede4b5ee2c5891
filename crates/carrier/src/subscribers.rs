//! The subscribers' file.

use ringback_core::{Amount, Carrier, Msisdn};
use serde::Deserialize;

use crate::{
    faults::Fault,
    world::{Service, Subscriber},
};

/// Why a subscribers' file cannot be used; its writer corrects the entry.
#[derive(Debug, thiserror::Error)]
pub enum SubscribersError {
    /// The file does not have the form.
    #[error("{0}")]
    Form(#[from] toml::de::Error),
    /// Arrears are missing, or stand where there can be none.
    #[error("subscriber {0}: `arrears` goes with state = \"arrears\", above zero and in the plan's currency")]
    Arrears(Msisdn),
    /// A number stands twice.
    #[error("subscriber {0} stands twice; remove one")]
    Duplicate(Msisdn),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    subscriber: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    msisdn: Msisdn,
    #[serde(default)]
    imsi: Option<String>,
    carrier: String,
    plan: Amount,
    state: State,
    #[serde(default)]
    arrears: Option<Amount>,
    #[serde(default)]
    powered_off: bool,
    #[serde(default)]
    fault: Option<Fault>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    InService,
    Arrears,
    SuspendedByOwner,
    Fraud,
    Ceased,
    Recycled,
}

/// Reads subscribers from TOML: repeated `[[subscriber]]`.
pub fn read_subscribers(text: &str) -> Result<Vec<Subscriber>, SubscribersError> {
    let file: File = toml::from_str(text)?;
    let mut subscribers: Vec<Subscriber> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for (place, entry) in file.subscriber.into_iter().enumerate() {
        if !seen.insert(entry.msisdn) {
            return Err(SubscribersError::Duplicate(entry.msisdn));
        }
        subscribers.push(subscriber(entry, place)?);
    }
    Ok(subscribers)
}

fn subscriber(entry: Entry, place: usize) -> Result<Subscriber, SubscribersError> {
    let owed = entry.arrears.filter(|owed| owed.minor() > 0 && owed.currency() == entry.plan.currency());
    let service = match (entry.state, owed) {
        (State::Arrears, Some(owed)) => Service::Arrears { owed_minor: owed.minor() },
        (State::Arrears, None) => return Err(SubscribersError::Arrears(entry.msisdn)),
        _ if entry.arrears.is_some() => return Err(SubscribersError::Arrears(entry.msisdn)),
        (State::InService, _) => Service::InService,
        (State::SuspendedByOwner, _) => Service::SuspendedByOwner,
        (State::Fraud, _) => Service::Fraud,
        (State::Ceased, _) => Service::Ceased,
        (State::Recycled, _) => Service::Recycled,
    };
    let imsi = entry.imsi.unwrap_or_else(|| format!("90170{:010}", place + 1));
    let carrier = Carrier::named(&entry.carrier);
    Ok(Subscriber::new(entry.msisdn, imsi, carrier, entry.plan, service, entry.powered_off, entry.fault))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(rest: &str) -> String {
        format!("[[subscriber]]\nmsisdn = \"+8613800138000\"\ncarrier = \"移动\"\nplan = \"59 CNY\"\n{rest}\n")
    }

    #[test]
    fn a_file_is_read() {
        let read =
            read_subscribers(&entry("state = \"arrears\"\narrears = \"118 CNY\"\nfault = \"answer_lost\"")).unwrap();
        assert_eq!(read[0].service, Service::Arrears { owed_minor: 11_800 });
        assert_eq!(read[0].carrier.name(), "China Mobile");
    }

    #[test]
    fn bad_files_name_the_entry() {
        let twice = entry("state = \"in_service\"");
        let cases = [
            (entry("state = \"arrears\""), "+8613800138000"),
            (entry("state = \"arrears\"\narrears = \"5 EUR\""), "+8613800138000"),
            (entry("state = \"in_service\"\narrears = \"5 CNY\""), "+8613800138000"),
            (format!("{twice}{twice}"), "stands twice"),
            (entry("state = \"asleep\""), "asleep"),
            (entry("state = \"in_service\"\ncolour = 1"), "colour"),
        ];
        for (text, expected) in cases {
            let error = read_subscribers(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
