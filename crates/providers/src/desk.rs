//! Claim desks (claim 5): the network side's own over HTTP, or a letter that a person sends.

mod http;
mod letter;

pub use http::HttpDesk;
#[cfg(any(test, fuzzing))]
pub(crate) use http::fuzz;
pub use letter::{Language, LetterDesk};
