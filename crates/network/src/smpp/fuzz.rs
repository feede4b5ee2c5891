//! What holds for whatever an SMSC delivers: the check of the fuzz target.

use rusmpp::{
    pdus::DeliverSm,
    types::{COctetString, OctetString},
    values::{DataCoding, EsmClass},
};

use super::{body::Incoming, pieces::Pieces};
use crate::texts::Heard;

/// What an SMSC delivers with this class and coding.
pub(super) fn command(class: u8, coding: u8, body: &[u8]) -> DeliverSm {
    DeliverSm::builder()
        .source_addr(COctetString::from_static_slice(b"10086\0").expect("it fits"))
        .esm_class(EsmClass::from(class))
        .data_coding(DataCoding::from(coding))
        .short_message(OctetString::from_slice(&body[..body.len().min(255)]).expect("it fits"))
        .build()
}

/// Bytes as a class, a coding and a body. A text is whole or has U+FFFD; a receipt is no text, and only the failures count.
pub fn delivered(bytes: &[u8]) {
    let [class, coding, body @ ..] = bytes else { return };
    let mut pieces = Pieces::default();
    for _ in 0..2 {
        let text = match Incoming::read(&command(*class, *coding, body)) {
            Incoming::Text(text) => text,
            Incoming::Piece(piece) => match piece.join(&mut pieces) {
                Some(text) => text,
                None => continue,
            },
            Incoming::Receipt(heard) => {
                let failed = |heard: &Heard| matches!(heard, Heard::Undelivered { .. });
                assert!(class & 0x3C != 0 && heard.iter().all(failed), "{heard:?}");
                continue;
            }
        };
        assert_eq!(text.from, "10086");
        assert!(class & 0x04 == 0, "a receipt that is a text: {text:?}");
        let is_cut = *coding == 0x08 && class & 0x40 == 0 && body.len().min(255) % 2 == 1;
        assert!(!is_cut || text.text.contains(char::REPLACEMENT_CHARACTER), "UCS-2 that is cut: {text:?}");
    }
}
