//! The files that tables are read from; an error names the file, the line and the key.

use regex::{Regex, RegexBuilder};
use ringback_core::{Bar, Carrier, Currency};
use serde::Deserialize;
use toml::Spanned;

use super::{
    SmsQuery, Table, Template,
    rule::{Cause, Receipt, Rule, Says},
};

/// What comes before every table.
const COMMON: &str = include_str!("../../readings/common.toml");

/// The tables that come with Ringback.
const BUILT_IN: [(&str, &str); 7] = [
    ("china-mobile", include_str!("../../readings/china-mobile.toml")),
    ("china-unicom", include_str!("../../readings/china-unicom.toml")),
    ("china-telecom", include_str!("../../readings/china-telecom.toml")),
    ("china-broadnet", include_str!("../../readings/china-broadnet.toml")),
    ("sandbox", include_str!("../../readings/sandbox.toml")),
    ("zh", include_str!("../../readings/zh.toml")),
    ("en", include_str!("../../readings/en.toml")),
];

/// The largest program that a pattern may become, in bytes; the largest of the built-in ones needs a tenth.
const LARGEST_PATTERN: usize = 4 << 20;

/// Why a table cannot be used. Its owner corrects the file.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The file does not have the form of a table.
    #[error("{file}: {detail}")]
    Form {
        /// The file.
        file: String,
        /// What is wrong, with line and key.
        detail: String,
    },
    /// A value has the right form and cannot be used.
    #[error("{file}, line {line}: {key}: {detail}")]
    Value {
        /// The file.
        file: String,
        /// The line, counted from one.
        line: usize,
        /// The key, such as `rule.suspended.pattern`.
        key: String,
        /// What is wrong with it, and what to write.
        detail: String,
    },
    /// There is no built-in table of this name.
    #[error("there is no reading table `{0}`; write one of {names}, or the path of a file of your own that ends in .toml", names = Table::names().join(", "))]
    Missing(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    carrier: Option<String>,
    currency: Option<Currency>,
    #[serde(default)]
    languages: Vec<Spanned<String>>,
    #[serde(default)]
    hotlines: Vec<String>,
    ussd: Option<UssdFile>,
    sms: Option<SmsFile>,
    #[serde(default, rename = "rule")]
    rules: Vec<RuleFile>,
    #[serde(default, rename = "cause")]
    causes: Vec<CauseFile>,
    #[serde(default, rename = "payment")]
    payments: Vec<PaymentFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UssdFile {
    code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SmsFile {
    to: String,
    text: String,
    from: Vec<String>,
    #[serde(default = "yes")]
    numbered: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    name: String,
    pattern: Spanned<String>,
    status: Spanned<Says>,
    bar: Option<Bar>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CauseFile {
    name: String,
    pattern: Spanned<String>,
    bar: Bar,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PaymentFile {
    name: String,
    pattern: Spanned<String>,
    #[serde(default = "yes")]
    confirms: bool,
}

const fn yes() -> bool {
    true
}

impl SmsFile {
    fn query(self) -> SmsQuery {
        SmsQuery { to: self.to, text: Template::new(&self.text), from: self.from, numbered: self.numbered }
    }
}

/// A file's name and text, to say where something is wrong.
struct Source<'a> {
    file: &'a str,
    text: &'a str,
}

impl Table {
    /// The names of the tables that come with Ringback.
    pub fn names() -> Vec<&'static str> {
        BUILT_IN.iter().map(|(name, _)| *name).collect()
    }

    /// A table that comes with Ringback, with what comes before every table and its languages behind it.
    pub fn built_in(name: &str) -> Result<Self, TableError> {
        let text = BUILT_IN.iter().find(|(known, _)| *known == name);
        let (name, text) = text.ok_or_else(|| TableError::Missing(name.to_owned()))?;
        Self::parse(name, text)
    }

    /// A table of the user's own, by its file's name and text; it needs no rebuild and has the form of the built-in ones.
    pub fn parse(file: &str, text: &str) -> Result<Self, TableError> {
        let mut table = Self::alone("common", COMMON)?;
        let own = Self::alone(file, text)?;
        let source = Source { file, text };
        let languages = source.read()?.languages;
        table.append(own);
        for language in languages {
            let known = BUILT_IN.iter().find(|(name, _)| *name == language.get_ref().as_str());
            let (name, text) = known.ok_or_else(|| source.error(&language, "languages", "write \"zh\" or \"en\""))?;
            table.append(Self::alone(name, text)?);
        }
        Ok(Self { name: file.to_owned(), ..table })
    }

    /// One file by itself.
    fn alone(file: &str, text: &str) -> Result<Self, TableError> {
        let source = Source { file, text };
        let parsed = source.read()?;
        Ok(Self {
            name: file.to_owned(),
            carrier: parsed.carrier.as_deref().map(Carrier::named),
            currency: parsed.currency,
            ussd: parsed.ussd.map(|ussd| Template::new(&ussd.code)),
            sms: parsed.sms.map(SmsFile::query),
            hotlines: parsed.hotlines,
            rules: parsed.rules.iter().map(|rule| source.rule(rule)).collect::<Result<_, _>>()?,
            causes: parsed.causes.iter().map(|cause| source.cause(cause)).collect::<Result<_, _>>()?,
            receipts: parsed.payments.iter().map(|payment| source.receipt(payment)).collect::<Result<_, _>>()?,
        })
    }

    /// Puts another file's rules behind this one's.
    fn append(&mut self, other: Self) {
        self.carrier = self.carrier.take().or(other.carrier);
        self.currency = self.currency.or(other.currency);
        self.ussd = self.ussd.take().or(other.ussd);
        self.sms = self.sms.take().or(other.sms);
        self.hotlines.extend(other.hotlines);
        self.rules.extend(other.rules);
        self.causes.extend(other.causes);
        self.receipts.extend(other.receipts);
    }
}

impl Source<'_> {
    fn read(&self) -> Result<File, TableError> {
        toml::from_str(self.text)
            .map_err(|error| TableError::Form { file: self.file.to_owned(), detail: error.to_string() })
    }

    fn rule(&self, rule: &RuleFile) -> Result<Rule, TableError> {
        if rule.bar.is_some() && *rule.status.get_ref() != Says::Restricted {
            let detail = "only a restricted line has a bar; remove `bar` or write status = \"restricted\"";
            return Err(self.error(&rule.status, &format!("rule.{}.bar", rule.name), detail));
        }
        Ok(Rule {
            name: self.named(&rule.name),
            pattern: self.pattern(&rule.pattern, &format!("rule.{}.pattern", rule.name))?,
            says: *rule.status.get_ref(),
            bar: rule.bar,
        })
    }

    fn cause(&self, cause: &CauseFile) -> Result<Cause, TableError> {
        let pattern = self.pattern(&cause.pattern, &format!("cause.{}.pattern", cause.name))?;
        Ok(Cause { name: self.named(&cause.name), pattern, bar: cause.bar })
    }

    fn receipt(&self, payment: &PaymentFile) -> Result<Receipt, TableError> {
        let pattern = self.pattern(&payment.pattern, &format!("payment.{}.pattern", payment.name))?;
        Ok(Receipt { name: self.named(&payment.name), pattern, confirms: payment.confirms })
    }

    /// A pattern; one that matches every text would say something about each.
    fn pattern(&self, text: &Spanned<String>, key: &str) -> Result<Regex, TableError> {
        let built = RegexBuilder::new(text.get_ref()).case_insensitive(true).size_limit(LARGEST_PATTERN).build();
        match built {
            Ok(pattern) if pattern.is_match("") => {
                Err(self.error(text, key, "it matches an empty text, and so every text; write the words to look for"))
            }
            Ok(pattern) => Ok(pattern),
            Err(error) => Err(self.error(text, key, &format!("no regular expression that can be used: {error}"))),
        }
    }

    fn named(&self, rule: &str) -> String {
        format!("{}: {rule}", self.file)
    }

    fn error<T>(&self, place: &Spanned<T>, key: &str, detail: &str) -> TableError {
        let before = self.text.get(..place.span().start).unwrap_or_default();
        TableError::Value {
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            key: key.to_owned(),
            detail: detail.to_owned(),
        }
    }
}
