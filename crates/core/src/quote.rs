//! Foreign words in an error's text.

/// The longest quotation, in characters.
const LONGEST: usize = 300;

/// The fewest digits that a telephone number has (E.164); an IMSI has more.
const SHORTEST_NUMBER: usize = 7;

/// Digits of a number that stay readable.
const SHOWN: usize = 4;

/// Another party's words: bounded, and with the last digits only of whatever may be a number (S6). Quoting twice
/// changes nothing more.
pub fn quote(words: &str) -> String {
    let letters: Vec<char> = words.chars().take(LONGEST).collect();
    letters.chunk_by(|a, b| a.is_ascii_digit() && b.is_ascii_digit()).map(masked).collect()
}

fn masked(run: &[char]) -> String {
    let hidden = if run.len() < SHORTEST_NUMBER { 0 } else { run.len() - SHOWN };
    run.iter().enumerate().map(|(i, letter)| if i < hidden { '*' } else { *letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s6_a_quotation_shows_no_number_and_ends() {
        let cases = [
            ("subscriber.by-msisdn-8613800138000.info", "subscriber.by-msisdn-*********8000.info"),
            ("/phone/8613800138000/countries/CN", "/phone/*********8000/countries/CN"),
            ("+8613800138000, 13800138000", "+*********8000, *******8000"),
            ("HTTP 400: amount 123456 at 12:30", "HTTP 400: amount 123456 at 12:30"),
            ("号码 8613800138000", "号码 *********8000"),
            ("", ""),
        ];
        for (words, expected) in cases {
            assert_eq!(quote(words), expected);
            assert_eq!(quote(&quote(words)), expected);
        }
        assert_eq!(quote(&"长".repeat(5_000)).chars().count(), LONGEST);
    }
}
