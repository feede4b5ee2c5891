//! What holds for any file and any text: the checks of the fuzz targets.

use std::io::BufReader;

use ringback_core::{Group, Msisdn};

use crate::{
    Card, GroupNames, Problem, calls, categories, lines::lines, problem::line_breaks, proposals, read, regroup, typed,
};

/// Where numbers without a country code are read.
const REGIONS: [&str; 4] = ["CN", "DE", "US", "??"];

/// vCard: nothing of a file is lost, and moving a contact between groups changes nothing else of it.
pub fn vcard(bytes: &[u8]) {
    let book = read(bytes);
    assert_eq!(book.segments.iter().map(|segment| segment.raw).collect::<Vec<_>>().concat(), bytes);
    let last = line_breaks(bytes) + 1;
    book.problems().for_each(|problem| is_placed(problem, last));
    regroups(bytes);
    book.segments.iter().for_each(|segment| regroups(segment.raw));
}

/// Claims 3 and 4, for one card or what may be none.
fn regroups(raw: &[u8]) {
    for names in [GroupNames::english(), GroupNames::chinese()] {
        let groups = [Group::InService, Group::Restricted, Group::Suspended].map(Some);
        for group in groups.into_iter().chain([None]) {
            let Ok(moved) = regroup(raw, &names, group) else { continue };
            assert_eq!(regroup(&moved, &names, group).as_ref(), Ok(&moved), "a second time changes nothing");
            assert_eq!(kept(raw), kept(&moved), "the rest of the card");
            let is_group = lines(raw).is_ok_and(|lines| lines.is_group());
            assert!(is_group || ours(&moved).iter().map(String::as_str).eq(group.map(|group| names.name(group))));
            if group.is_none() && ours(raw).is_empty() {
                assert_eq!(moved, raw, "an untouched card keeps its bytes");
            }
        }
    }
}

/// The card without our groups, where it can be read.
fn kept(raw: &[u8]) -> Option<Card> {
    let mut card = read(raw).segments.first()?.content.clone().ok()?;
    card.categories.retain(|category| GroupNames::group(category).is_none());
    Some(card)
}

/// Our groups on a card, whatever else of it cannot be read.
fn ours(raw: &[u8]) -> Vec<String> {
    let all = lines(raw).map(|lines| categories::texts(raw, &lines)).unwrap_or_default();
    all.into_iter().filter(|category| GroupNames::group(category).is_some()).collect()
}

/// A call log: it ends, however it is buffered it says the same, and every call is counted once.
pub fn call_log(bytes: &[u8]) {
    let all: Vec<_> = calls(bytes).collect();
    assert!(all.len() <= bytes.len() + 1);
    assert_eq!(all, calls(BufReader::with_capacity(1, bytes)).collect::<Vec<_>>(), "byte by byte");
    let last = line_breaks(bytes) + 1;
    all.iter().filter_map(|call| call.as_ref().err()).for_each(|problem| is_placed(problem, last));
    let count = all.len();
    let proposals = proposals(all, "CN").expect("CN is a region");
    let counted: usize = proposals.entries.iter().map(|entry| entry.count).sum();
    assert_eq!(counted + proposals.skipped + proposals.unread, count);
    assert!(proposals.entries.is_sorted_by(|a, b| a.last_ms >= b.last_ms));
    proposals.entries.iter().for_each(|entry| is_normal(entry.msisdn));
}

/// Typed numbers; the first byte chooses the region. What was read is read the same from the numbers' normal form.
pub fn typed_numbers(bytes: &[u8]) {
    let Some((first, text)) = bytes.split_first() else { return };
    let Ok(text) = str::from_utf8(text) else { return };
    let region = REGIONS[usize::from(*first) % REGIONS.len()];
    let results = typed(text, region);
    let last = text.lines().count();
    results.iter().filter_map(|item| item.as_ref().err()).for_each(|problem| is_placed(problem, last));
    let read: Vec<Msisdn> = results.into_iter().flatten().collect();
    let again = read.iter().map(Msisdn::to_string).collect::<Vec<_>>().join(",");
    assert_eq!(typed(&again, region).into_iter().flatten().collect::<Vec<_>>(), read);
}

fn is_placed(problem: &Problem, last: usize) {
    assert!((1..=last).contains(&problem.line), "line {} of {last}: {problem}", problem.line);
}

fn is_normal(number: Msisdn) {
    assert_eq!(Msisdn::parse(&number.to_string(), "US"), Ok(number));
}

#[cfg(test)]
#[path = "../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::{replay::replay, *};

    #[test]
    fn the_corpus_of_cards() {
        replay("vcard", vcard);
    }

    #[test]
    fn the_corpus_of_call_logs() {
        replay("call_log", call_log);
    }

    #[test]
    fn the_corpus_of_typed_numbers() {
        replay("typed_numbers", typed_numbers);
    }
}
