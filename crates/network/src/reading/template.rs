//! How a carrier is asked for a line: a code or a text with the number filled in.

use ringback_core::Msisdn;

/// A code or a text in which `{number}` is the line's number as it is dialled at home, and `{msisdn}` with its country code and
/// no plus sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(String);

/// The short message that asks for a line, and who answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmsQuery {
    /// The short code that the question goes to.
    pub to: String,
    /// The question.
    pub text: Template,
    /// The senders whose texts count as the carrier's.
    pub from: Vec<String>,
    /// Whether each answer names its line. A carrier whose answers do not is asked for one line at a time.
    pub numbered: bool,
}

impl Template {
    /// A template; one without `{number}` and `{msisdn}` asks for the line of the SIM card that sends it.
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Whether it names the line that it asks for.
    pub fn names_the_line(&self) -> bool {
        ["{number}", "{msisdn}"].iter().any(|place| self.0.contains(place))
    }

    /// The question about a line.
    pub fn fill(&self, line: Msisdn) -> String {
        let number = line.split().map_or_else(|| line.digits(), |(_, national)| national);
        self.0.replace("{number}", &number).replace("{msisdn}", &line.digits())
    }
}
