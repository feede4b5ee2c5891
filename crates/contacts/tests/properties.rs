//! What holds for every file, sensible or not.

use proptest::{collection::vec, prelude::*};
use ringback_contacts::{Group, GroupNames, calls, proposals, read, regroup, typed};

/// Pieces from which almost-cards are made, so that the tests reach past the first line.
const PIECES: [&[u8]; 40] = [
    b"BEGIN:VCARD",
    b"END:VCARD",
    b"VERSION:2.1",
    b"VERSION:3.0",
    b"VERSION:4.0",
    b"\r\n",
    b"\n",
    b"\n",
    b"\n",
    b"\r\n ",
    b"\n\t",
    b"=\r\n",
    b"=",
    b":",
    b";",
    b",",
    b"\\",
    b"\"",
    b"CATEGORIES",
    b"CATEGORIES:",
    b"CATEGORIES:A,B",
    b"In service",
    b"Restricted",
    "停机".as_bytes(),
    "主动停机".as_bytes(),
    b"=CD=A3=BB=FA",
    b";CHARSET=GBK",
    b";CHARSET=UTF-8",
    b";ENCODING=QUOTED-PRINTABLE",
    b";ENCODING=b",
    b"AGENT:",
    b"KIND:group",
    b"FN:A",
    b"TEL:13800138000",
    b"item1.",
    b"\xEF\xBB\xBF",
    b"\xFF",
    b" ",
    b"=E5",
    b"NOTE:x",
];

fn almost_cards() -> impl Strategy<Value = Vec<u8>> {
    let piece =
        prop_oneof![9 => prop::sample::select(&PIECES[..]).prop_map(<[u8]>::to_vec), 1 => vec(any::<u8>(), 0..4)];
    vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// One whole card around arbitrary lines.
fn one_card() -> impl Strategy<Value = Vec<u8>> {
    let version = prop::sample::select(&["2.1", "3.0", "4.0"][..]);
    let lines = vec(prop_oneof![category_line(), Just("FN:A\n".to_owned()), Just("\r\n".to_owned())], 0..5);
    (version, lines).prop_map(|(version, lines)| {
        format!("BEGIN:VCARD\r\nVERSION:{version}\r\n{}END:VCARD\r\n", lines.concat()).into_bytes()
    })
}

fn category_line() -> impl Strategy<Value = String> {
    let item =
        "(In service|Restricted|停机|已开机|Suspended by owner|[a-z]{0,3}|\\\\,|=E5=81=9C=E6=9C=BA|家|\r\n |\n\t)";
    let head = "(item1.)?CATEGORIES(;CHARSET=(UTF-8|GBK))?(;ENCODING=QUOTED-PRINTABLE)?:";
    (head, vec(item, 0..5)).prop_map(|(head, items)| format!("{head}{}\r\n", items.join(",")))
}

fn group() -> impl Strategy<Value = Group> {
    prop::sample::select(&[Group::InService, Group::Restricted, Group::Suspended][..])
}

fn names() -> impl Strategy<Value = GroupNames> {
    prop::sample::select(vec![GroupNames::english(), GroupNames::chinese()])
}

/// The user's own categories, and ours.
fn categories(raw: &[u8]) -> (Vec<String>, Vec<String>) {
    let book = read(raw);
    let all = book.cards().flat_map(|card| card.categories.clone());
    all.partition(|text| GroupNames::group(text).is_none())
}

/// How many `CATEGORIES` lines there are; one that held nothing may be gone after an edit.
fn lists(raw: &[u8]) -> usize {
    String::from_utf8_lossy(raw).matches("CATEGORIES").count()
}

fn check_regroup(raw: &[u8], names: GroupNames, group: Group) -> Result<(), TestCaseError> {
    let Ok(marked) = regroup(raw, &names, Some(group)) else { return Ok(()) };
    prop_assert_eq!(regroup(&marked, &names, Some(group)), Ok(marked.clone()));
    if let Ok(free) = regroup(&marked, &names, None) {
        prop_assert_eq!(regroup(&free, &names, None), Ok(free.clone()));
        prop_assert_eq!(categories(&free).0, categories(raw).0);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn segments_concatenate_to_the_file(bytes in prop_oneof![almost_cards(), vec(any::<u8>(), 0..400)]) {
        let book = read(&bytes);
        prop_assert_eq!(book.segments.iter().map(|segment| segment.raw).collect::<Vec<_>>().concat(), &bytes[..]);
        let mut line = 1;
        for segment in &book.segments {
            prop_assert_eq!(segment.line, line);
            line += segment.raw.split(|&byte| byte == b'\n').count() - 1;
        }
        for problem in book.problems() {
            prop_assert!(problem.line >= 1 && problem.line <= line);
        }
    }

    #[test]
    fn regrouping_anything_is_stable(bytes in almost_cards(), names in names(), group in group()) {
        check_regroup(&bytes, names, group)?;
        let framed = [b"BEGIN:VCARD\nVERSION:3.0\n", &bytes[..], b"\nEND:VCARD\n"].concat();
        check_regroup(&framed, names, group)?;
    }

    #[test]
    fn a_whole_card_gets_the_mark_and_loses_it(raw in one_card(), names in names(), group in group()) {
        let own = categories(&raw).0;
        let marked = regroup(&raw, &names, Some(group)).unwrap();
        prop_assert_eq!(categories(&marked), (own.clone(), vec![names.name(group).to_owned()]));
        let free = regroup(&marked, &names, None).unwrap();
        prop_assert_eq!(categories(&free), (own, vec![]));
        if categories(&raw).1.is_empty() && lists(&free) == lists(&raw) {
            prop_assert_eq!(&free, &raw);
        }
        check_regroup(&raw, names, group)?;
    }

    #[test]
    fn no_bytes_and_no_text_make_a_panic(bytes in vec(any::<u8>(), 0..300), text in ".{0,60}") {
        let log = [b"<calls count='1'>", &bytes[..]].concat();
        prop_assert!(calls(&bytes[..]).count() <= bytes.len() + 1);
        prop_assert!(proposals(calls(&log[..]), "CN").is_ok());
        prop_assert!(typed(&text, "CN").len() <= text.len());
        let _ = regroup(&bytes, &GroupNames::english(), None);
    }
}
