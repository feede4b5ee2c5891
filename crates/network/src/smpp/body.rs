//! What a command carries: a text out, in parts where it is long; a text, a piece of one, or a receipt in.

use std::time::Instant;

use ringback_core::quote;
use rusmpp::{
    extra::{concatenation::SubmitSmMultipartExt as _, encoding::ucs2::Ucs2},
    pdus::{DeliverSm, SubmitSm},
    tlvs::TlvValue,
    types::COctetString,
    values::{DataCoding, EsmClass, GsmFeatures, MessageState, MessageType, RegisteredDelivery},
};

use super::{
    pieces::{Pieces, Place},
    text_of,
};
use crate::{
    alphabet,
    texts::{Heard, MessageId, Text, TextsError},
};

/// Septets that fit into one message, and with a header less; octets of UCS-2 likewise (3GPP TS 23.040).
const SEPTETS: usize = 160;
const SEPTETS_IN_A_PART: usize = 153;
const OCTETS: usize = 140;

/// Octets of the header that says which part it is.
const HEADER: usize = 6;

/// The parts of a text: in the default alphabet where every letter is in it, else in UCS-2.
pub(super) fn parts(source: &str, to: &str, text: &str, reference: u8) -> Result<Vec<SubmitSm>, TextsError> {
    let address = |address: &str| COctetString::try_from((address.to_owned() + "\0").into_bytes());
    let long =
        |key: &str| TextsError::Refused(format!("{key} is longer than 20 characters, the most that SMPP allows"));
    let empty = SubmitSm::builder()
        .source_addr(address(source).map_err(|_| long("source"))?)
        .destination_addr(address(to).map_err(|_| long("to"))?)
        // The library's default would claim an acknowledgement of another kind of network.
        .esm_class(EsmClass::from(0))
        // A receipt where the text is not delivered.
        .registered_delivery(RegisteredDelivery::from(FAILURE_RECEIPT))
        .build();
    let parts = empty.multipart(text).reference_u8(reference);
    let parts = if let Some(septets) = alphabet::septets(text) {
        let most = if septets.len() <= SEPTETS { SEPTETS } else { SEPTETS_IN_A_PART + HEADER };
        parts.max_short_message_size(most).build().map_err(|error| error.to_string())
    } else {
        parts.encoder(Ucs2::new()).max_short_message_size(OCTETS).build().map_err(|error| error.to_string())
    };
    parts.map_err(|error| TextsError::Refused(format!("the text cannot be written: {}", quote(&error))))
}

/// `registered_delivery` of SMPP 3.4, 5.2.17: a receipt where delivery fails.
const FAILURE_RECEIPT: u8 = 2;

/// What arrived.
pub(super) enum Incoming {
    /// A text in one piece.
    Text(Text),
    /// A piece of a longer one.
    Piece(Piece),
    /// The SMSC's word about a text that was sent; something only where it is final and bad.
    Receipt(Option<Heard>),
}

/// A piece of a text.
pub(super) struct Piece {
    from: String,
    place: Place,
    coding: DataCoding,
    body: Vec<u8>,
}

impl Piece {
    /// The whole text, where this was the last piece.
    pub(super) fn join(self, pieces: &mut Pieces) -> Option<Text> {
        let now = Instant::now();
        let whole = pieces.take(&self.from, self.place, self.body, now)?;
        Some(Text { text: decoded(&whole, self.coding), from: self.from, at: now })
    }
}

impl Incoming {
    pub(super) fn read(delivered: &DeliverSm) -> Self {
        let mut body = delivered.short_message().to_vec();
        if let Some(payload) = payload(delivered).filter(|_| body.is_empty()) {
            body = payload;
        }
        let from = text_of(&delivered.source_addr);
        match delivered.esm_class.message_type {
            MessageType::Default => Self::text(delivered, from, body),
            MessageType::ShortMessageContainsMCDeliveryReceipt => Self::Receipt(undelivered(delivered, &body)),
            // Notifications on the way, and what other networks acknowledge, are no texts either.
            _ => Self::Receipt(None),
        }
    }

    fn text(delivered: &DeliverSm, from: String, mut body: Vec<u8>) -> Self {
        let has_header =
            matches!(delivered.esm_class.gsm_features, GsmFeatures::UdhiIndicator | GsmFeatures::SetUdhiAndReplyPath);
        let place = if has_header { header(&mut body) } else { segment(delivered) };
        let coding = delivered.data_coding;
        match place {
            Some(place) => Self::Piece(Piece { from, place, coding, body }),
            None => Self::Text(Text { text: decoded(&body, coding), from, at: Instant::now() }),
        }
    }
}

/// The text of octets; one U+FFFD where they cannot be read, so that nothing is guessed from the rest.
fn decoded(body: &[u8], coding: DataCoding) -> String {
    let text = match coding {
        DataCoding::McSpecific => alphabet::text(body),
        DataCoding::Ia5 => body.is_ascii().then(|| String::from_utf8_lossy(body).into_owned()),
        DataCoding::Latin1 => Some(body.iter().copied().map(char::from).collect()),
        DataCoding::Ucs2 => alphabet::from_ucs2(body),
        _ => None,
    };
    text.unwrap_or_else(|| char::REPLACEMENT_CHARACTER.to_string())
}

/// Takes the user data header off a text; which piece it is, where the header says so.
fn header(body: &mut Vec<u8>) -> Option<Place> {
    let length = usize::from(*body.first()?) + 1;
    if length > body.len() {
        body.clear();
        body.push(u8::MAX);
        return None;
    }
    let header: Vec<u8> = body.drain(..length).collect();
    let mut elements = &header[1..];
    while let [id, length, rest @ ..] = elements {
        let (value, next) = rest.split_at_checked(usize::from(*length))?;
        match (id, value) {
            (0x00, [reference, total, number]) => {
                return Some(Place { reference: u16::from(*reference), total: *total, number: *number });
            }
            (0x08, [high, low, total, number]) => {
                return Some(Place { reference: u16::from_be_bytes([*high, *low]), total: *total, number: *number });
            }
            _ => elements = next,
        }
    }
    None
}

/// Which piece a text is by the parameters `sar_*`.
fn segment(delivered: &DeliverSm) -> Option<Place> {
    let mut place = Place { reference: 0, total: 0, number: 0 };
    for value in delivered.tlvs().iter().filter_map(|tlv| tlv.value()) {
        match value {
            TlvValue::SarMsgRefNum(reference) => place.reference = *reference,
            TlvValue::SarTotalSegments(total) => place.total = *total,
            TlvValue::SarSegmentSeqnum(number) => place.number = *number,
            _ => {}
        }
    }
    (place.total > 1).then_some(place)
}

fn payload(delivered: &DeliverSm) -> Option<Vec<u8>> {
    delivered.tlvs().iter().find_map(|tlv| match tlv.value()? {
        TlvValue::MessagePayload(payload) => Some(payload.value.to_vec()),
        _ => None,
    })
}

/// What a receipt says: by its parameters, else by the text that SMPP 3.4 proposes (appendix B): `id:… stat:UNDELIV`.
fn undelivered(delivered: &DeliverSm, body: &[u8]) -> Option<Heard> {
    let text = String::from_utf8_lossy(body);
    let word = |name: &str| text.split_whitespace().find_map(|word| word.strip_prefix(name));
    let (mut id, mut state) = (word("id:").map(str::to_owned), word("stat:").map(str::to_owned));
    for value in delivered.tlvs().iter().filter_map(|tlv| tlv.value()) {
        match value {
            TlvValue::ReceiptedMessageId(given) => id = Some(text_of(given)),
            TlvValue::MessageState(MessageState::Expired) => state = Some("EXPIRED".into()),
            TlvValue::MessageState(MessageState::Deleted) => state = Some("DELETED".into()),
            TlvValue::MessageState(MessageState::Undeliverable) => state = Some("UNDELIV".into()),
            TlvValue::MessageState(MessageState::Rejected) => state = Some("REJECTD".into()),
            _ => {}
        }
    }
    let is_final = |state: &String| matches!(state.as_str(), "EXPIRED" | "DELETED" | "UNDELIV" | "REJECTD");
    Some(Heard::Undelivered { message: MessageId(id?), reason: state.filter(is_final)? })
}

#[cfg(test)]
mod tests;
