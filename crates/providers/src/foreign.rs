//! What others send: read with a bound, and quoted without telephone numbers.

use reqwest::Response;

/// The largest answer that is read; a page of 200 rows of a statement has some 200 KiB.
const LARGEST_BODY: usize = 4 << 20;

/// The longest quotation in an error's text, in characters.
const LONGEST_QUOTATION: usize = 300;

/// The fewest digits that a telephone number has (E.164).
const SHORTEST_NUMBER: usize = 7;

/// Digits of a number that stay readable.
const SHOWN: usize = 4;

/// The answer's bytes; the length that it declares may be missing or wrong, so what comes is counted.
pub(crate) async fn whole(mut response: Response) -> Result<Vec<u8>, &'static str> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| explain(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > LARGEST_BODY {
            return Err("the answer is longer than 4 MiB");
        }
    }
    Ok(body)
}

/// Why no answer came. The error's own words would show the address, which may hold a number or a token.
pub(crate) fn explain(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "nobody answers at the address; check the urls in the configuration"
    } else {
        "the connection broke before the whole answer came"
    }
}

/// Words for an error's text: bounded, and with the last digits only of whatever may be a telephone number (S6).
pub(crate) fn quote(words: &str) -> String {
    let letters: Vec<char> = words.chars().take(LONGEST_QUOTATION).collect();
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
        assert_eq!(quote(&"长".repeat(5_000)).chars().count(), LONGEST_QUOTATION);
    }
}
