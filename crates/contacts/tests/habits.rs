//! Cards as phones and services really write them: what is read, and what moving between groups leaves alone.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ringback_contacts::{Card, Group, GroupNames, Problem, read, regroup};

fn card(raw: &[u8]) -> Card {
    let book = read(raw);
    assert_eq!(book.segments.len(), 1, "{}", String::from_utf8_lossy(raw));
    book.segments[0].content.clone().unwrap()
}

fn problem(raw: &[u8]) -> Problem {
    let book = read(raw);
    let problems: Vec<_> = book.problems().cloned().collect();
    assert_eq!(problems.len(), 1, "{}", String::from_utf8_lossy(raw));
    problems[0].clone()
}

fn numbers(card: &Card) -> Vec<&str> {
    card.numbers.iter().map(|number| number.text.as_str()).collect()
}

/// A base64 photo, folded with a space as phones do it.
fn photo() -> String {
    let line = format!(" {}\r\n", "QUJD".repeat(18));
    format!("PHOTO;ENCODING=b;TYPE=JPEG:QUJD\r\n{}", line.repeat(40))
}

const ANDROID_2_1: &str = "BEGIN:VCARD\r\nVERSION:2.1\r\n\
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E5=BC=A0;=E4=B8=89;;;\r\n\
FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E5=BC=A0=E4=B8=\r\n=89\r\n\
TEL;CELL;PREF:138 0013 8000\r\nTEL;X-Card:１３９００１３９０００\r\nEND:VCARD\r\n";

const IPHONE_3_0: &str = "BEGIN:VCARD\nVERSION:3.0\nPRODID:-//Apple Inc.//iPhone OS 18.1//EN\nN:李;小龙;;;\nFN:李小龙\n\
item1.TEL;type=pref:+86 138 0013 8000\nitem1.X-ABLabel:_$!<Mobile>!$_\nitem2.TEL:0086 13900139000\nitem2.X-ABLabel:父亲\n\
UID:5A-1\nEND:VCARD\n";

const GOOGLE_3_0: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ann Example 🎈\r\nN:Example;Ann;;;\r\n\
TEL;TYPE=CELL:+86 138-0013-8000\r\nCATEGORIES:myContacts,starred\r\nEND:VCARD\r\n";

const VCARD_4: &str = "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:urn:uuid:4fbe8971-0bc3-424c-9c26-36c3e1eff6b1\r\nFN:Simon Ex\r\n ample\r\n\
TEL;VALUE=uri;PREF=1;TYPE=\"voice,cell\":tel:+86-138-0013-8000\r\nCATEGORIES:Family\\, near,Wo\r\n rk\r\nEND:VCARD\r\n";

const GROUP_CARD: &str = "BEGIN:VCARD\nVERSION:3.0\nPRODID:-//Apple Inc.//iOS//EN\nN:已开机\nFN:已开机\n\
X-ADDRESSBOOKSERVER-KIND:group\nX-ADDRESSBOOKSERVER-MEMBER:urn:uuid:5A-1\nCATEGORIES:停机\nEND:VCARD\n";

const AGENT_2_1: &str = "BEGIN:VCARD\r\nVERSION:2.1\r\nFN:Boss\r\nTEL;CELL:13800138000\r\nAGENT:\r\nBEGIN:VCARD\r\n\
VERSION:2.1\r\nFN:Aide\r\nTEL:13900139000\r\nCATEGORIES:Restricted\r\nEND:VCARD\r\nEND:VCARD\r\n";

#[test]
fn each_habit_is_read() {
    let cases: [(&str, &str, &[&str], &[&str]); 5] = [
        (ANDROID_2_1, "张三", &["138 0013 8000", "１３９００１３９０００"], &[]),
        (IPHONE_3_0, "李小龙", &["+86 138 0013 8000", "0086 13900139000"], &[]),
        (GOOGLE_3_0, "Ann Example 🎈", &["+86 138-0013-8000"], &["myContacts", "starred"]),
        (VCARD_4, "Simon Example", &["+86-138-0013-8000"], &["Family, near", "Work"]),
        (AGENT_2_1, "Boss", &["13800138000"], &[]),
    ];
    for (raw, name, texts, categories) in cases {
        let card = card(raw.as_bytes());
        assert_eq!((card.name.as_str(), card.group), (name, false));
        assert_eq!(numbers(&card), texts, "{name}");
        assert_eq!(card.categories, categories, "{name}");
    }
}

#[test]
fn a_number_keeps_what_the_card_calls_it() {
    let kinds =
        |raw: &str| card(raw.as_bytes()).numbers.iter().map(|number| number.kinds.join(" ")).collect::<Vec<_>>();
    assert_eq!(kinds(ANDROID_2_1), ["cell pref", "x-card"]);
    assert_eq!(kinds(IPHONE_3_0), ["pref mobile", "父亲"]);
    assert_eq!(kinds(VCARD_4), ["voice cell pref"]);
    assert_eq!(card(IPHONE_3_0.as_bytes()).uid.as_deref(), Some("5A-1"));
}

#[test]
fn foreign_character_sets_are_read() {
    let gbk = b"BEGIN:VCARD\r\nVERSION:2.1\r\nFN;CHARSET=GBK:\xCD\xF5\xD0\xA1\xC3\xF7\r\nEND:VCARD\r\n";
    assert_eq!(card(gbk).name, "王小明");
    let quoted =
        b"BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=GB2312;ENCODING=QUOTED-PRINTABLE:=CD=F5;=D0=A1=C3=F7\nEND:VCARD\n";
    assert_eq!(card(quoted).name, "王小明");
}

#[test]
fn groups_and_many_numbers_are_read() {
    assert!(card(GROUP_CARD.as_bytes()).group);
    assert!(card(b"BEGIN:VCARD\nVERSION:4.0\nKIND:Group\nFN:G\nEND:VCARD\n").group);
    let tels = "TEL:13800138000\n".repeat(40);
    assert_eq!(card(format!("BEGIN:VCARD\nVERSION:3.0\nFN:Forty\n{tels}END:VCARD\n").as_bytes()).numbers.len(), 40);
}

#[test]
fn photos_do_not_hide_what_follows() {
    let folded = format!("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:P\r\n{}TEL:13800138000\r\nEND:VCARD\r\n", photo());
    assert_eq!(numbers(&card(folded.as_bytes())), ["13800138000"]);
    let unfolded = "BEGIN:VCARD\nVERSION:2.1\nFN:P\nPHOTO;BASE64:QUJD\nQUJDQUJD\nQQ==\n\nTEL:13800138000\nEND:VCARD\n";
    assert_eq!(numbers(&card(unfolded.as_bytes())), ["13800138000"]);
    let large = unfolded.replace("QUJDQUJD\n", &"QUJDQUJD\n".repeat(50_000));
    assert_eq!(numbers(&card(large.as_bytes())), ["13800138000"]);
}

#[test]
fn a_bad_card_is_reported_by_its_line_and_the_rest_goes_on() {
    let good = "BEGIN:VCARD\nVERSION:3.0\nFN:Good\nTEL:13800138000\nEND:VCARD\n";
    let bad: [(&[u8], usize, &str, &str); 7] = [
        (b"BEGIN:VCARD\nVERSION:3.0\nFN:Cut\n", 6, "END", "no END"),
        (b"BEGIN:VCARD\nVERSION:2.1\nFN:\xCD\xF5\nEND:VCARD\n", 8, "FN", "names no CHARSET"),
        (b"BEGIN:VCARD\nN;CHARSET=klingon:x\nEND:VCARD\n", 7, "N", "not known"),
        (b"BEGIN:VCARD\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E5=BC\nEND:VCARD\n", 7, "FN", "not UTF-8"),
        (b"BEGIN:VCARD\n\xFF\xFE:x\nEND:VCARD\n", 7, "line", "not UTF-8"),
        (b"BEGIN:VCARD\nNOTE:a\nno colon here\nEND:VCARD\n", 8, "no colon here", "no colon"),
        (b"some text\n", 6, "BEGIN", "outside of a card"),
    ];
    for (bytes, line, field, reason) in bad {
        let file = [good.as_bytes(), bytes, good.as_bytes()].concat();
        let found = problem(&file);
        assert_eq!((found.line, found.field.as_str()), (line, field), "{found}");
        assert!(found.reason.contains(reason), "{found}");
        assert_eq!(read(&file).cards().filter(|card| card.name == "Good").count(), 2);
        assert_eq!(read(&file).segments[1].raw, bytes);
    }
}

#[test]
fn sizes_are_bounded() {
    let card = |line: &str, count: usize| format!("BEGIN:VCARD\nVERSION:3.0\n{}END:VCARD\n", line.repeat(count));
    assert!(problem(card(&format!("NOTE:{}\n", "x".repeat(1 << 20)), 9).as_bytes()).reason.contains("bytes"));
    assert!(problem(card("X:\n", 20_000).as_bytes()).reason.contains("lines"));
    assert!(problem(card(&format!("FN:{}\n", "x".repeat(1 << 20)), 1).as_bytes()).reason.contains("bytes"));
    assert_eq!(
        problem("\u{feff}BEGIN:VCARD\n".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>().as_slice())
            .reason,
        "the file is UTF-16"
    );
}

#[test]
fn a_group_joins_the_users_own_and_leaves_again() {
    let english = GroupNames::english();
    let folded_photo = GOOGLE_3_0.replace("CATEGORIES", &format!("{}CATEGORIES", photo()));
    for raw in [ANDROID_2_1, IPHONE_3_0, GOOGLE_3_0, VCARD_4, AGENT_2_1, &folded_photo] {
        for group in [Group::InService, Group::Restricted, Group::Suspended] {
            let own = card(raw.as_bytes()).categories;
            let marked = regroup(raw.as_bytes(), &english, Some(group)).unwrap();
            let mut expected = own.clone();
            expected.push(english.name(group).to_owned());
            assert_eq!(card(&marked).categories, expected);
            assert_eq!(regroup(&marked, &english, Some(group)).unwrap(), marked);
            assert_eq!(regroup(&marked, &english, None).unwrap(), raw.as_bytes());
        }
    }
}

#[test]
fn the_bytes_of_an_edit_are_as_the_version_demands() {
    let (english, chinese) = (GroupNames::english(), GroupNames::chinese());
    let cases = [
        (VCARD_4, chinese, "Wo\r\n rk,已开机\r\nEND"),
        (GOOGLE_3_0, chinese, "starred,已开机\r\nEND"),
        (IPHONE_3_0, chinese, "UID:5A-1\nCATEGORIES:已开机\nEND"),
        (ANDROID_2_1, english, "CATEGORIES:In service\r\nEND"),
        (ANDROID_2_1, chinese, "CATEGORIES;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E5=B7=B2=E5=BC=80=E6=9C=BA\r\nEND"),
        (AGENT_2_1, english, "END:VCARD\r\nCATEGORIES:In service\r\nEND:VCARD\r\n"),
    ];
    for (raw, names, expected) in cases {
        let out = String::from_utf8(regroup(raw.as_bytes(), &names, Some(Group::InService)).unwrap()).unwrap();
        assert!(out.contains(expected), "{out}");
    }
}

/// One `CATEGORIES` value before and after, in a card of the version.
fn moved(version: &str, before: &str, desired: Option<Group>, names: GroupNames) -> String {
    let frame = |line: &str| format!("BEGIN:VCARD\nVERSION:{version}\nFN:A\n{line}TEL:13800138000\nEND:VCARD\n");
    let out = String::from_utf8(regroup(frame(before).as_bytes(), &names, desired).unwrap()).unwrap();
    let (head, tail) = ("BEGIN:VCARD\nVERSION:", "TEL:13800138000\n");
    let rest = out.strip_prefix(head).unwrap().split_once("FN:A\n").unwrap().1;
    let (line, after) = rest.split_once(tail).unwrap();
    format!("{line}{}", after.strip_suffix("END:VCARD\n").unwrap())
}

#[test]
fn stale_marks_of_either_language_go_and_the_neighbours_keep_their_bytes() {
    let cases = [
        ("CATEGORIES:A,In service,B\n", Some(Group::Restricted), "CATEGORIES:A,停机,B\n"),
        ("CATEGORIES:In service\n", Some(Group::InService), "CATEGORIES:已开机\n"),
        ("CATEGORIES:A,停机,停机,Restricted\n", Some(Group::Restricted), "CATEGORIES:A,停机\n"),
        ("CATEGORIES:A\\,停机,B,\n", None, "CATEGORIES:A\\,停机,B,\n"),
        ("CATEGORIES:停机,\n  B ,主动停机\n", None, "CATEGORIES: B \n"),
        ("CATEGORIES:A,\n 停\n 机,\n B\n", None, "CATEGORIES:A,\n B\n"),
        ("CATEGORIES:停机\nitem1.CATEGORIES:Restricted,A\n", None, "item1.CATEGORIES:A\n"),
        ("categories;x=\"a:b,停机\":停机\n", None, ""),
        ("CATEGORIES:\n", Some(Group::Restricted), "CATEGORIES:停机\n"),
        ("CATEGORIES:A\nCATEGORIES:B\n", Some(Group::Restricted), "CATEGORIES:A,停机\nCATEGORIES:B\n"),
    ];
    for (before, desired, after) in cases {
        assert_eq!(moved("4.0", before, desired, GroupNames::chinese()), after, "{before}");
    }
}

#[test]
fn encoded_categories_are_edited_in_their_own_encoding() {
    let head = "CATEGORIES;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:";
    let (home, off, suspended) = ("=E5=AE=B6", "=E5=81=9C=E6=9C=BA", "=E4=B8=BB=E5=8A=A8=E5=81=9C=E6=9C=BA");
    let cases = [
        (format!("{head}{home}=2C{off},B\n"), Some(Group::Suspended), format!("{head}{home}=2C{suspended},B\n")),
        (format!("{head}{home},=E5=81=\n=9C=E6=9C=BA\n"), None, format!("{head}{home}\n")),
        (format!("{head}{home}\n"), Some(Group::Restricted), format!("{head}{home},{off}\n")),
        (
            "CATEGORIES;CHARSET=GBK;QUOTED-PRINTABLE:=BC=D2\n".into(),
            Some(Group::Restricted),
            "CATEGORIES;CHARSET=GBK;QUOTED-PRINTABLE:=BC=D2,=CD=A3=BB=FA\n".into(),
        ),
        ("CATEGORIES:Home,Restricted\n".into(), Some(Group::Restricted), format!("CATEGORIES:Home\n{head}{off}\n")),
        ("CATEGORIES;ENCODING=BASE64:QUJD\n".into(), None, "CATEGORIES;ENCODING=BASE64:QUJD\n".into()),
    ];
    for (before, desired, after) in cases {
        assert_eq!(moved("2.1", &before, desired, GroupNames::chinese()), after, "{before}");
    }
}

#[test]
fn what_is_no_single_contact_is_never_edited() {
    let names = GroupNames::english();
    assert_eq!(regroup(GROUP_CARD.as_bytes(), &names, Some(Group::Suspended)).unwrap(), GROUP_CARD.as_bytes());
    let two = [GOOGLE_3_0, VCARD_4].concat();
    assert!(regroup(two.as_bytes(), &names, None).unwrap_err().reason.contains("behind"));
    assert!(regroup(b"BEGIN:VCARD\nFN:A\n", &names, None).unwrap_err().reason.contains("no END"));
    assert!(regroup(b"", &names, None).is_err());
}

#[test]
fn damage_that_an_edit_would_spread_is_refused() {
    let raw = b"BEGIN:VCARD\nVERSION:2.1\nFN:A\nCATEGORIES;QUOTED-PRINTABLE:A=,Restricted\nEND:VCARD\n";
    assert_eq!(regroup(raw, &GroupNames::english(), None).unwrap_err().line, 4);
}
