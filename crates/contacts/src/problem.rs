//! What is wrong with a part of a foreign file: where, what, and what a person can do.

/// A part that could not be read. The parts around it were.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, {field}: {reason}; {remedy}")]
pub struct Problem {
    /// The line, counted from 1.
    pub line: usize,
    /// The property, attribute or item.
    pub field: String,
    /// What is wrong with it.
    pub reason: String,
    /// What a person can do about it.
    pub remedy: String,
}

impl Problem {
    /// A problem of the line in which byte `at` of `raw` stands.
    pub(crate) fn at(raw: &[u8], at: usize, field: &str, reason: impl Into<String>, remedy: &str) -> Self {
        let line = 1 + line_breaks(&raw[..at.min(raw.len())]);
        Self { line, field: field.to_owned(), reason: reason.into(), remedy: remedy.to_owned() }
    }

    /// The same problem of a piece that starts at a line of a larger file.
    #[must_use]
    pub(crate) fn within(mut self, first_line: usize) -> Self {
        self.line += first_line - 1;
        self
    }
}

/// How many lines end in these bytes.
pub(crate) fn line_breaks(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}

/// A telephone number's text with all but its last four characters hidden, for logs (S6).
pub(crate) fn masked(text: &str) -> String {
    let count = text.chars().count();
    let hidden = if count > 7 { count - 4 } else { count };
    text.chars().enumerate().map(|(i, c)| if i < hidden { '*' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_names_the_place_and_the_remedy() {
        let problem = Problem::at(b"a\r\nb\nc", 5, "FN", "it is broken", "write it again").within(10);
        assert_eq!(problem.to_string(), "line 12, FN: it is broken; write it again");
    }

    #[test]
    fn s6_masks_keep_four_characters_at_most() {
        assert_eq!(masked("13800138000"), "*******8000");
        assert_eq!(masked("10086"), "*****");
    }
}
