//! Where something stands in a profile's file, so that an error names file, line and key.

use std::ops::Range;

use serde::de::DeserializeOwned;

/// Why a profile's file cannot be used. Its owner corrects the place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: line {line}: {key}: {detail}")]
pub struct ProfileError {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The key that stands there, or the table.
    pub key: String,
    /// What is wrong with it, and what to write.
    pub detail: String,
}

/// A file's text and its name.
#[derive(Clone, Copy)]
pub(in crate::http) struct Source<'a> {
    pub(in crate::http) file: &'a str,
    pub(in crate::http) text: &'a str,
}

impl Source<'_> {
    /// The file as a structure.
    pub(in crate::http) fn read<T: DeserializeOwned>(&self) -> Result<T, ProfileError> {
        toml::from_str(self.text).map_err(|error| self.wrong(error.span().unwrap_or_default(), error.message()))
    }

    /// An error about what stands at a place.
    pub(in crate::http) fn wrong(&self, span: Range<usize>, detail: impl Into<String>) -> ProfileError {
        let (line, key) = self.place(span.start);
        ProfileError { file: self.file.to_owned(), line, key, detail: detail.into() }
    }

    /// The line of a place, from 1.
    pub(in crate::http) fn line(&self, span: &Range<usize>) -> usize {
        self.place(span.start).0
    }

    /// The line, and the key that begins it.
    fn place(&self, at: usize) -> (usize, String) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count();
        let text = self.text.lines().nth(line).unwrap_or_default();
        let key = text.split('=').next().unwrap_or_default().trim();
        (line + 1, if key.is_empty() { "the file".into() } else { key.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_its_line_and_its_key() {
        let source = Source { file: "my.toml", text: "a = 1\n\n[b]\n  c = { d = 2 }\n" };
        let cases = [(0, 1, "a"), (4, 1, "a"), (8, 3, "[b]"), (19, 4, "c"), (99, 5, "the file")];
        for (at, line, key) in cases {
            let error = source.wrong(at..at, "wrong");
            assert_eq!((error.line, error.key.as_str()), (line, key), "{at}");
        }
        assert_eq!(source.wrong(0..1, "wrong").to_string(), "my.toml: line 1: a: wrong");
    }
}
