//! One contact: what Ringback wants to know of a card.

use std::fmt;

use vcard::tree::line::VcardLine;

use crate::{
    categories,
    lines::{Lines, Placed},
    names::Names,
    problem::{Problem, masked},
    text::{parameter, text},
};

/// A contact, or a group of contacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// What the contact is called; empty where the card does not say.
    pub name: String,
    /// The card's identifier, where it has one.
    pub uid: Option<String>,
    /// The telephone numbers in the card's order.
    pub numbers: Vec<CardNumber>,
    /// The groups that the card names itself.
    pub categories: Vec<String>,
    /// Whether the card is itself a group (`KIND:group`, `X-ADDRESSBOOKSERVER-KIND:group`).
    pub group: bool,
}

/// A telephone number of a card.
#[derive(Clone, PartialEq, Eq)]
pub struct CardNumber {
    /// The number as its owner wrote it, without a `tel:`.
    pub text: String,
    /// What the card calls it, in lower case: `cell`, `work`, `pref`, an iPhone's own label.
    pub kinds: Vec<String>,
}

/// Reads a card's lines; the first property that cannot be read spoils the card, since a part of it may be a number.
pub(crate) fn card(raw: &[u8], lines: Lines<'_>) -> Result<Card, Problem> {
    let group = lines.is_group();
    let categories = categories::texts(raw, &lines);
    let (mut names, mut uid, mut numbers) = (Names::default(), None, Vec::new());
    let labels = labels(&lines);
    for mut placed in lines.properties {
        let Some(field) = Field::of(placed.line.bare_name()) else { continue };
        let value = value(raw, &mut placed)?;
        match field {
            Field::Full => keep_first(&mut names.full, value),
            Field::Parts => keep_first(&mut names.parts, value),
            Field::Nick => keep_first(&mut names.nick, value),
            Field::Company => keep_first(&mut names.company, value),
            Field::Uid => uid = uid.or(Some(value.trim().to_owned()).filter(|uid| !uid.is_empty())),
            Field::Number => numbers.extend(number(&placed.line, &value, &labels)),
        }
    }
    Ok(Card { name: names.best(), uid, numbers, categories, group })
}

/// The properties that are read as text.
#[derive(Clone, Copy)]
enum Field {
    Full,
    Parts,
    Nick,
    Company,
    Uid,
    Number,
}

impl Field {
    fn of(name: &str) -> Option<Self> {
        const FIELDS: [(&str, Field); 6] = [
            ("TEL", Field::Number),
            ("FN", Field::Full),
            ("N", Field::Parts),
            ("UID", Field::Uid),
            ("ORG", Field::Company),
            ("NICKNAME", Field::Nick),
        ];
        FIELDS.into_iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map(|(_, field)| field)
    }
}

fn value(raw: &[u8], placed: &mut Placed<'_>) -> Result<String, Problem> {
    text(&mut placed.line).map_err(|reason| {
        let field = placed.line.bare_name().to_ascii_uppercase();
        Problem::at(raw, placed.range.start, &field, reason, "export the contact again as UTF-8 or vCard 3.0")
    })
}

fn keep_first(slot: &mut String, value: String) {
    if slot.trim().is_empty() {
        *slot = value;
    }
}

/// The labels that iPhones keep beside a number: `item1.X-ABLabel` names `item1.TEL`.
fn labels(lines: &Lines<'_>) -> Vec<(String, String)> {
    let label = |placed: &Placed<'_>| {
        let text = placed.line.value.decode();
        let text = text.trim().trim_start_matches("_$!<").trim_end_matches(">!$_").to_lowercase();
        Some((placed.line.group()?.to_ascii_lowercase(), text))
    };
    lines.named("X-ABLabel").filter_map(label).collect()
}

fn number(line: &VcardLine<'_>, value: &str, labels: &[(String, String)]) -> Option<CardNumber> {
    let text = without_scheme(value.trim());
    let label = line.group().and_then(|group| labels.iter().find(|(of, _)| of.eq_ignore_ascii_case(group)));
    let mut kinds = kinds(line);
    kinds.extend(label.map(|(_, text)| text.clone()));
    (!text.is_empty()).then_some(CardNumber { text, kinds })
}

/// The number of a `tel:` URI (RFC 3966), its country in front where only a parameter names it.
fn without_scheme(value: &str) -> String {
    let Some((_, uri)) = value.split_once(':').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("tel")) else {
        return value.to_owned();
    };
    let mut parts = uri.split(';');
    let number = parts.next().unwrap_or_default().trim().replace("%20", " ").replace("%2B", "+");
    let context = parts.find_map(|part| part.strip_prefix("phone-context=+"));
    match context.filter(|_| !number.starts_with('+')) {
        Some(context) => format!("+{context}{number}"),
        None => number,
    }
}

/// What the parameters call a number: `TYPE=CELL,VOICE`, vCard 2.1's bare `CELL`, vCard 4's `PREF=1`.
fn kinds(line: &VcardLine<'_>) -> Vec<String> {
    let mut kinds = Vec::new();
    for param in &line.params {
        let name = param.name.get();
        if name.eq_ignore_ascii_case("TYPE") {
            let values = param.values.iter().flat_map(|value| value.get().split(','));
            kinds.extend(values.map(|value| value.trim_matches(['"', ' ']).to_ascii_lowercase()));
        } else if param.values.is_empty() && !is_encoding(name) {
            kinds.push(name.to_ascii_lowercase());
        }
    }
    if parameter(line, "PREF").is_some() {
        kinds.push("pref".to_owned());
    }
    kinds
}

fn is_encoding(name: &str) -> bool {
    ["QUOTED-PRINTABLE", "BASE64", "8BIT", "7BIT"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Masked: a debug print may reach a log (S6).
impl fmt::Debug for CardNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CardNumber").field("text", &masked(&self.text)).field("kinds", &self.kinds).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tel_uris_become_numbers() {
        let cases = [
            ("tel:+86-138-0013-8000", "+86-138-0013-8000"),
            ("TEL:13800138000;phone-context=+86", "+8613800138000"),
            ("tel:+8613800138000;ext=12", "+8613800138000"),
            ("138 0013 8000", "138 0013 8000"),
        ];
        for (value, text) in cases {
            assert_eq!(without_scheme(value), text);
        }
    }

    #[test]
    fn s6_a_debug_print_hides_the_number() {
        let number = CardNumber { text: "13800138000".into(), kinds: vec![] };
        assert!(!format!("{number:?}").contains("13800138000"));
    }
}
