//! The alphabets of texts and codes in a mobile network: GSM-7 and UCS-2 (3GPP TS 23.038).

/// The default alphabet, by septet. The place of the escape, which is no letter, has a letter that nobody can type.
const LETTERS: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å', 'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω',
    'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', '\u{1b}', 'Æ', 'æ', 'ß', 'É', ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+',
    ',', '-', '.', '/', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?', '¡', 'A', 'B',
    'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y',
    'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§', '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p',
    'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à',
];

/// Letters that are written as an escape and a second septet.
const EXTENSION: [(char, u8); 10] = [
    ('\u{c}', 0x0A),
    ('^', 0x14),
    ('{', 0x28),
    ('}', 0x29),
    ('\\', 0x2F),
    ('[', 0x3C),
    ('~', 0x3D),
    (']', 0x3E),
    ('|', 0x40),
    ('€', 0x65),
];

const ESCAPE: u8 = 0x1B;

/// A text in septets, one to a byte; nothing where a letter is not in the alphabet.
pub fn septets(text: &str) -> Option<Vec<u8>> {
    let mut septets = Vec::with_capacity(text.len());
    for letter in text.chars() {
        let place = LETTERS.iter().position(|known| *known == letter && *known != '\u{1b}');
        match place.and_then(|place| u8::try_from(place).ok()) {
            Some(septet) => septets.push(septet),
            None => septets.extend([ESCAPE, EXTENSION.iter().find(|(known, _)| *known == letter)?.1]),
        }
    }
    Some(septets)
}

/// The text of septets; nothing where one of them means nothing.
pub fn text(septets: &[u8]) -> Option<String> {
    let mut septets = septets.iter();
    let mut text = String::new();
    while let Some(&septet) = septets.next() {
        text.push(match septet {
            ESCAPE => {
                let second = septets.next()?;
                EXTENSION.iter().find(|(_, septet)| septet == second)?.0
            }
            _ => *LETTERS.get(usize::from(septet))?,
        });
    }
    Some(text)
}

/// Septets in octets, the first one in the lowest bits; spare bits are zero.
pub fn pack(septets: &[u8]) -> Vec<u8> {
    let mut octets = vec![0; (septets.len() * 7).div_ceil(8)];
    for (place, septet) in septets.iter().enumerate() {
        let (octet, bit) = (place * 7 / 8, place * 7 % 8);
        let spread = u16::from(*septet) << bit;
        let [high, low] = spread.to_be_bytes();
        octets[octet] |= low;
        if high != 0 {
            octets[octet + 1] |= high;
        }
    }
    octets
}

/// The first `count` septets of octets; fewer where the octets end.
pub fn unpack(octets: &[u8], count: usize) -> Vec<u8> {
    let septet = |place: usize| {
        let (octet, bit) = (place * 7 / 8, place * 7 % 8);
        let pair = [octets.get(octet + 1).copied().unwrap_or(0), octets[octet]];
        u8::try_from(u16::from_be_bytes(pair) >> bit & 0x7F).unwrap_or(0)
    };
    (0..count.min(octets.len() * 8 / 7)).map(septet).collect()
}

/// A text in UCS-2, high octets first; what lies outside of it is written as UTF-16, which telephones read as well.
pub fn ucs2(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

/// The text of UCS-2; nothing where it is cut within a letter.
pub fn from_ucs2(octets: &[u8]) -> Option<String> {
    let (pairs, rest) = octets.as_chunks();
    let units: Vec<u16> = pairs.iter().copied().map(u16::from_be_bytes).collect();
    String::from_utf16(&units).ok().filter(|_| rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gsm_7_has_the_bytes_that_networks_speak() {
        let cases = [
            ("*133#", "aad86c3602"),
            ("STATUS:RESTRICTED", "536a905a9deaa4c529559a1c528b44"),
            ("@", "00"),
            ("1234567", "31d98c56b3dd00"),
            ("[€]", "1bdea6bcf101"),
        ];
        for (said, hex) in cases {
            let packed = pack(&septets(said).unwrap());
            let shown = packed.iter().fold(String::new(), |hex, octet| format!("{hex}{octet:02x}"));
            assert_eq!(shown, hex, "{said}");
            let read = unpack(&packed, septets(said).unwrap().len());
            assert_eq!(text(&read).as_deref(), Some(said));
        }
    }

    #[test]
    fn every_letter_of_the_alphabet_comes_back() {
        let all: String = LETTERS.iter().filter(|letter| **letter != '\u{1b}').collect();
        for said in [&all, "^{}\\[~]|€\u{c}", ""] {
            let written = septets(said).unwrap();
            assert_eq!(text(&unpack(&pack(&written), written.len())).as_deref(), Some(said));
        }
        assert_eq!(septets("停机"), None);
        for meaningless in [&[ESCAPE][..], &[ESCAPE, 0x01], &[0x80]] {
            assert_eq!(text(meaningless), None);
        }
    }

    #[test]
    fn ucs_2_that_is_cut_is_no_text() {
        let written = ucs2("已停机");
        assert_eq!(from_ucs2(&written).as_deref(), Some("已停机"));
        assert_eq!(from_ucs2(&written[..5]), None);
        assert_eq!(from_ucs2(&[0xD8, 0x00]), None, "half of a pair");
    }
}
