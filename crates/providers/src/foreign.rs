//! What others send, read with a bound.

use reqwest::Response;

/// The largest answer that is read; a page of 200 rows of a statement has some 200 KiB.
const LARGEST_BODY: usize = 4 << 20;

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
