//! The made-up address book of the tests reads as it was meant.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use ringback_contacts::{AddressBook, calls, proposals, read};
use ringback_core::{Amount, Msisdn};

#[path = "support/phonebook.rs"]
pub mod phonebook;

use phonebook::{Phonebook, Subscriber, Truth, carrier_toml, phonebook};

const CONTACTS: usize = 360;

fn lines(book: &AddressBook<'_>) -> BTreeSet<String> {
    let numbers = book.cards().flat_map(|card| &card.numbers);
    numbers.filter_map(|number| Msisdn::parse(&number.text, "CN").ok()).map(|msisdn| msisdn.to_string()).collect()
}

fn numbers(subscribers: &[Subscriber]) -> BTreeSet<String> {
    subscribers.iter().map(|subscriber| subscriber.msisdn.clone()).collect()
}

#[test]
fn every_contact_reads_as_it_was_meant() {
    for seed in 0..20 {
        let Phonebook { vcf, names, subscribers, groups, broken, short_codes, .. } = phonebook(seed, CONTACTS);
        let book = read(&vcf);
        let (groups_read, people): (Vec<_>, Vec<_>) = book.cards().partition(|card| card.group);
        assert_eq!(people.iter().map(|card| card.name.clone()).collect::<Vec<_>>(), names, "seed {seed}");
        assert_eq!((groups_read.len(), book.problems().count()), (groups, broken), "seed {seed}");
        assert_eq!(people.len(), CONTACTS + short_codes);
        let differing: Vec<_> = lines(&book).symmetric_difference(&numbers(&subscribers)).cloned().collect();
        assert_eq!((differing, numbers(&subscribers).len()), (vec![], subscribers.len()));
        let written: Vec<_> = people.iter().flat_map(|card| &card.numbers).collect();
        let no_line = written.iter().filter(|number| Msisdn::parse(&number.text, "CN").is_err());
        assert_eq!(no_line.count(), short_codes, "seed {seed}");
        assert!(written.len() - short_codes > subscribers.len(), "no number stands on two contacts: seed {seed}");
    }
}

#[test]
fn the_habits_of_phones_are_all_there() {
    let Phonebook { vcf, broken, .. } = phonebook(1, CONTACTS);
    let text = String::from_utf8_lossy(&vcf);
    let habits =
        ["VERSION:2.1\r", "VERSION:3.0\r", "VERSION:4.0\n", "=\r\n=", "PHOTO", "CATEGORIES", "+86", "0086", "１"];
    for habit in habits {
        assert!(text.contains(habit), "{habit}");
    }
    assert!(broken >= 5);
    assert_eq!(phonebook(1, CONTACTS).vcf, vcf);
    assert_ne!(phonebook(2, CONTACTS).vcf, vcf);
}

#[test]
fn the_call_log_proposes_the_known_and_the_strangers() {
    let book = phonebook(3, CONTACTS);
    let log = proposals(calls(&book.calls_xml[..]), "CN").unwrap();
    assert_eq!((log.unread, log.skipped), (0, book.skipped_calls));
    let (named, unnamed): (Vec<_>, Vec<_>) = log.entries.iter().partition(|entry| entry.name.is_some());
    assert_eq!(unnamed.iter().map(|entry| entry.msisdn.to_string()).collect::<BTreeSet<_>>(), numbers(&book.strangers));
    let known = numbers(&book.subscribers);
    assert!(named.len() > 100 && named.iter().all(|entry| known.contains(&entry.msisdn.to_string())));
    assert_eq!(named[0].name.as_deref(), Some("A & B 😀"));
}

#[test]
fn the_shares_and_amounts_are_realistic() {
    let subscribers = phonebook(4, 4_000).subscribers;
    let mut shares = BTreeMap::new();
    for subscriber in &subscribers {
        let kind = match subscriber.truth {
            Truth::InService => "in service",
            Truth::PoweredOff | Truth::Ceased => "away",
            Truth::UsedUp { arrears_minor } => {
                assert!((1..=1_000).contains(&arrears_minor));
                "restricted"
            }
            Truth::MonthlyFee { arrears_minor } => {
                assert!([1, 2].contains(&(arrears_minor / subscriber.plan_minor)));
                "restricted"
            }
            Truth::SuspendedByOwner | Truth::Fraud => "restricted",
        };
        *shares.entry(kind).or_insert(0) += 100;
    }
    let percent = |kind| shares[kind] / subscribers.len();
    assert!((68..=72).contains(&percent("in service")) && (23..=27).contains(&percent("restricted")));
    assert!((3..=7).contains(&percent("away")));
}

#[test]
fn the_carriers_file_says_the_truth() {
    let subscribers = phonebook(5, CONTACTS).subscribers;
    let file: toml::Table = carrier_toml(&subscribers).parse().unwrap();
    let entries = file["subscriber"].as_array().unwrap();
    assert_eq!(entries.len(), subscribers.len());
    for (entry, subscriber) in entries.iter().zip(&subscribers) {
        assert_eq!(entry["msisdn"].as_str(), Some(subscriber.msisdn.as_str()));
        assert_eq!(entry["plan"].as_str().unwrap().parse::<Amount>().unwrap().minor(), subscriber.plan_minor);
        let owed = entry.get("arrears").map(|text| text.as_str().unwrap().parse::<Amount>().unwrap().minor());
        let expected = match subscriber.truth {
            Truth::InService => ("in_service", false, None),
            Truth::PoweredOff => ("in_service", true, None),
            Truth::UsedUp { arrears_minor } | Truth::MonthlyFee { arrears_minor } => {
                ("arrears", false, Some(arrears_minor))
            }
            Truth::SuspendedByOwner => ("suspended_by_owner", false, None),
            Truth::Fraud => ("fraud", false, None),
            Truth::Ceased => ("ceased", false, None),
        };
        assert_eq!((entry["state"].as_str().unwrap(), entry.get("powered_off").is_some(), owed), expected);
    }
}
