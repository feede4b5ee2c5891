//! Many lines in one request, where a service takes them.

use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use super::wire::{ProfileError, Source, check_pointer};

/// `[batch]` of a profile.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Batch {
    /// The most numbers in one request.
    pub(super) size: usize,
    /// What stands for each number in the list `{numbers}`.
    pub(super) each: Value,
    /// Where the list of answers stands.
    pub(super) answers: String,
}

impl Batch {
    pub(super) fn check<T>(&self, source: Source<'_>, stands_at: &Spanned<T>) -> Result<(), ProfileError> {
        if self.size == 0 {
            return Err(source.wrong(stands_at.span(), "`size` is 1 or more"));
        }
        check_pointer(source, &self.answers, stands_at)
    }

    /// The answers; none where there is no list.
    pub(super) fn answers<'a>(&self, body: &'a Value) -> &'a [Value] {
        body.pointer(&self.answers).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }
}
