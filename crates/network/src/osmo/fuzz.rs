//! What holds for any bytes that an HLR sends: the check of the fuzz target.

use futures_util::FutureExt as _;
use ringback_core::{Answer, Bar, Service};

use super::{OsmoHlr, ctrl, frame};

/// The line that is asked about, in a request with this id.
const LINE: &str = "+8613800138000";
const ID: u32 = 1;

/// The bytes of a connection: every frame is read as the answer to one request. A line counts as restricted only where
/// the frame is that answer and says so; as gone, only where it says that (K2).
pub fn frames(bytes: &[u8]) {
    let (mut rest, hlr) = (bytes, OsmoHlr::new("hlr", "", vec!["86".into()], std::time::Duration::ZERO));
    while let Some(Ok(text)) = frame::read(&mut rest).now_or_never() {
        let again = frame::read(&mut frame::encode(&text).as_slice()).now_or_never();
        assert!(again.is_some_and(|read| read.is_ok_and(|read| read == text)), "{text:?}");
        let line = LINE.parse().expect("a number");
        let variable = format!("subscriber.by-msisdn-{}.info", &LINE[1..]);
        if let Some(info) = ctrl::answered(&text, ID, "GET", &variable) {
            answered(&hlr.answer(line, info), &text, &variable);
        }
    }
}

fn answered(answer: &Answer, text: &str, variable: &str) {
    let says = |name: &str, value: &str| text.lines().any(|line| line.split_whitespace().eq([name, value]));
    let is_ours = [" ", "\n"].iter().any(|end| text.starts_with(&format!("GET_REPLY {ID} {variable}{end}")));
    let is_about_line = says("msisdn", &LINE[1..]);
    match &answer.status.service {
        Service::Restricted(bar) => {
            assert!(is_ours && is_about_line && says("nam_cs", "0") && *bar == Bar::ArrearsOrUnknown, "{text:?}");
        }
        Service::InService => assert!(is_ours && is_about_line && says("nam_cs", "1"), "{text:?}"),
        Service::NotInService => assert!(text.starts_with(&format!("ERROR {ID} No such subscriber")), "{text:?}"),
        Service::Recycled => panic!("an HLR tells nothing of it: {text:?}"),
        Service::Unknown(_) => assert_eq!(answer.imsi, None, "{text:?}"),
    }
}
