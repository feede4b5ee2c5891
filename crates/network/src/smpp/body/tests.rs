use rusmpp::{tlvs::MessageDeliveryRequestTlvValue as Parameter, types::AnyOctetString, values::MessagePayload};

use super::{super::fuzz::command, *};

fn text(incoming: Incoming, pieces: &mut Pieces) -> Option<String> {
    match incoming {
        Incoming::Text(text) => Some(text.text),
        Incoming::Piece(piece) => piece.join(pieces).map(|text| text.text),
        Incoming::Receipt(_) => panic!("a text is no receipt"),
    }
}

fn read(coding: u8, body: &[u8]) -> Option<String> {
    text(Incoming::read(&command(0, coding, body)), &mut Pieces::default())
}

#[test]
fn a_text_in_each_alphabet() {
    assert_eq!(read(0, b"hello @").as_deref(), Some("hello ¡"), "0x40 is another letter in GSM-7");
    assert_eq!(read(1, b"hello @").as_deref(), Some("hello @"));
    assert_eq!(read(3, b"caf\xe9").as_deref(), Some("café"));
    let chinese = alphabet::ucs2("已停机");
    assert_eq!(read(8, &chinese).as_deref(), Some("已停机"));
    for (coding, body) in [(8, &chinese[..5]), (1, b"\xe9"), (4, b"binary"), (0xF4, b"x"), (0, b"\x1b")] {
        assert_eq!(read(coding, body).as_deref(), Some("\u{FFFD}"), "{coding}");
    }
}

#[test]
fn a_long_text_goes_out_and_comes_back_in_pieces() {
    for (said, most) in [("a".repeat(400), 153 + 6), ("停机".repeat(100), 140)] {
        let parts = parts("1", "10086", &said, 9).unwrap();
        assert!(parts.len() > 1 && parts.iter().all(|part| part.short_message().len() <= most));
        let mut pieces = Pieces::default();
        let mut whole = Vec::new();
        for part in parts.iter().rev() {
            let command = command(0x40, u8::from(part.data_coding), part.short_message());
            whole.extend(text(Incoming::read(&command), &mut pieces));
        }
        assert_eq!(whole, [said]);
    }
}

#[test]
fn a_short_text_is_one_command() {
    for (said, coding) in [("a".repeat(160), 0), ("停".repeat(70), 8), ("CXZT 13800138000".into(), 0)] {
        let parts = parts("", "10086", &said, 9).unwrap();
        assert_eq!((parts.len(), u8::from(parts[0].data_coding), u8::from(parts[0].esm_class)), (1, coding, 0));
    }
    assert!(matches!(parts(&"1".repeat(21), "10086", "x", 0), Err(TextsError::Refused(_))));
}

#[test]
fn a_text_in_a_parameter_and_pieces_by_parameters() {
    let payload = |body: &[u8]| Parameter::MessagePayload(MessagePayload::new(AnyOctetString::from_slice(body)));
    let mut long = command(0, 8, b"");
    long.set_tlvs(vec![payload(&alphabet::ucs2(&"停机".repeat(500)))]);
    assert_eq!(text(Incoming::read(&long), &mut Pieces::default()), Some("停机".repeat(500)));
    let mut pieces = Pieces::default();
    let mut whole = Vec::new();
    for (number, said) in [(2, "机"), (1, "停")] {
        let mut piece = command(0, 8, &alphabet::ucs2(said));
        let place = [Parameter::SarMsgRefNum(7), Parameter::SarTotalSegments(2), Parameter::SarSegmentSeqnum(number)];
        piece.set_tlvs(place.to_vec());
        whole.extend(text(Incoming::read(&piece), &mut pieces));
    }
    assert_eq!(whole, ["停机"]);
}

#[test]
fn a_receipt_is_no_text_and_only_a_final_failure_is_told() {
    let told = |class: u8, body: &str| match Incoming::read(&command(class, 0, body.as_bytes())) {
        Incoming::Receipt(told) => told,
        _ => panic!("{body} is a receipt"),
    };
    for (stat, is_told) in
        [("UNDELIV", true), ("EXPIRED", true), ("REJECTD", true), ("DELIVRD", false), ("ENROUTE", false), ("", false)]
    {
        let expected = Heard::Undelivered { message: MessageId("7a".into()), reason: stat.into() };
        let told = told(
            4,
            &format!("id:7a sub:001 dlvrd:000 submit date:2611250000 stat:{stat} err:001 text:13800138000已停机"),
        );
        assert_eq!(told, is_told.then_some(expected), "{stat}");
    }
    assert_eq!(told(4, "stat:UNDELIV"), None, "of an unknown text");
    assert_eq!(told(0x20, "id:7a stat:UNDELIV"), None, "not final");
}
