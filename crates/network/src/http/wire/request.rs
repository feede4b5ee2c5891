//! A request as a profile writes it, and how a question fills it.

use std::collections::BTreeMap;

use reqwest::{
    Method, Request, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use ringback_core::Msisdn;
use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use super::{
    Source,
    auth::Login,
    file::ProfileError,
    template::{Hole, Template, stray},
};

/// The media type of a form.
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// `[request]` of a profile.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Shape {
    method: Verb,
    path: Spanned<String>,
    #[serde(default)]
    pub(in crate::http) number: NumberFormat,
    #[serde(default)]
    query: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    headers: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    json: Option<Spanned<Value>>,
    #[serde(default)]
    form: Option<BTreeMap<String, Spanned<String>>>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Verb {
    Get,
    Post,
}

/// How a service writes numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::http) enum NumberFormat {
    /// `+8613800138000`.
    #[default]
    E164,
    /// `8613800138000`.
    Digits,
    /// `13800138000`, without the country's code.
    National,
}

/// A request of which all that is always the same is ready.
pub(in crate::http) struct Ready {
    method: Method,
    url: Address,
    headers: HeaderMap,
    body: Option<Body>,
    number: NumberFormat,
    each: Option<Template>,
}

struct Body {
    text: Template,
    is_form: bool,
}

enum Address {
    Fixed(Url),
    Filled(Template),
}

/// What one question is about.
pub(in crate::http) struct Question<'a> {
    pub(in crate::http) numbers: &'a [Msisdn],
    pub(in crate::http) since: &'a str,
}

impl NumberFormat {
    /// The number as the service writes it; nothing where it has no such form.
    pub(in crate::http) fn write(self, number: Msisdn) -> Option<String> {
        match self {
            Self::E164 => Some(number.to_string()),
            Self::Digits => Some(number.digits()),
            Self::National => number.split().map(|(_, national)| national),
        }
    }
}

impl Shape {
    /// Every text in it has holes that the profile may fill, names that HTTP can carry, and one body at most.
    pub(in crate::http) fn check(&self, source: Source<'_>, allowed: &[Hole]) -> Result<(), ProfileError> {
        // Only JSON has lists.
        let one: Vec<Hole> = allowed.iter().copied().filter(|hole| *hole != Hole::Numbers).collect();
        let fields = self.form.iter().flatten().chain(&self.query).map(|(_, text)| text);
        for text in fields.chain([&self.path]) {
            check_holes(source, text, text.get_ref(), &one)?;
        }
        for (json, text) in
            self.json.iter().flat_map(|json| texts(json.get_ref()).into_iter().map(move |text| (json, text)))
        {
            check_holes(source, json, text, allowed)?;
        }
        if !self.path.get_ref().starts_with('/') {
            return Err(source.wrong(self.path.span(), "a path begins with a slash"));
        }
        for (name, value) in &self.headers {
            header(name, value.get_ref()).map_err(|detail| source.wrong(value.span(), detail))?;
        }
        match (&self.json, &self.form) {
            (Some(json), Some(_)) => Err(source.wrong(json.span(), "a request has one body: `json` or `form`")),
            _ => Ok(()),
        }
    }

    /// Puts the request together for a service at `url`.
    pub(in crate::http) fn ready(&self, url: &str, login: &Login, each: Option<&Value>) -> Result<Ready, String> {
        let body = self.body(login);
        Ok(Ready {
            method: match self.method {
                Verb::Get => Method::GET,
                Verb::Post => Method::POST,
            },
            url: self.address(url, login)?,
            headers: self.headers(login, body.as_ref())?,
            body,
            number: self.number,
            each: each.map(|each| Template::json(&each.to_string())),
        })
    }

    fn body(&self, login: &Login) -> Option<Body> {
        let own = |hole, written: fn(&str) -> String| login.fill(hole).map(written);
        match (&self.json, &self.form) {
            (Some(json), _) => {
                let text = Template::json(&json.get_ref().to_string()).partly(|hole| own(hole, escape));
                Some(Body { text, is_form: false })
            }
            (None, Some(form)) => {
                let text = Template::encoded(&pairs(form, None)).partly(|hole| own(hole, encode));
                Some(Body { text, is_form: true })
            }
            (None, None) => None,
        }
    }

    fn address(&self, url: &str, login: &Login) -> Result<Address, String> {
        let own = match login {
            Login::Query(name, value) => Some((name.as_str(), value.as_str())),
            _ => None,
        };
        let query = pairs(&self.query, own);
        let separator = if query.is_empty() { "" } else { "?" };
        let whole = format!("{}{}{separator}{query}", url.trim_end_matches('/'), self.path.get_ref());
        let parsed = Url::parse(&whole).map_err(|error| format!("`{url}` is no address of a service: {error}"))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(format!("`{url}` is no address of a service; it begins with https:// or http://"));
        }
        let template = Template::plain(&whole.replace("%7B", "{").replace("%7D", "}"));
        let template = template.partly(|hole| login.fill(hole).map(encode));
        let is_fixed = ![Hole::Number, Hole::Since].into_iter().any(|hole| template.has(hole));
        Ok(if is_fixed { Address::Fixed(parsed) } else { Address::Filled(template) })
    }

    fn headers(&self, login: &Login, body: Option<&Body>) -> Result<HeaderMap, String> {
        let mut headers = HeaderMap::new();
        let media_type = body.map(|body| if body.is_form { FORM } else { "application/json" });
        headers.extend(media_type.map(|media_type| (CONTENT_TYPE, HeaderValue::from_static(media_type))));
        for (name, value) in &self.headers {
            headers.extend([header(name, value.get_ref())?]);
        }
        if let Login::Headers(own) = login {
            headers.extend(own.clone());
        }
        Ok(headers)
    }
}

impl Ready {
    /// The request for one question. A number that the service cannot write is told, and nothing is sent.
    pub(in crate::http) fn ask(&self, question: &Question<'_>) -> Result<Request, String> {
        let written = |number: &Msisdn| self.number.write(*number).ok_or("the number has no national form");
        let numbers = question.numbers.iter().map(written).collect::<Result<Vec<String>, _>>()?;
        let first = numbers.first().map_or("", String::as_str);
        let encoded = encode(first);
        let list = self.each.as_ref().map(|each| list(each, &numbers)).unwrap_or_default();
        let fill = |hole| match hole {
            Hole::Number => first,
            Hole::Numbers => &list,
            Hole::Since => question.since,
            Hole::User | Hole::Password => "",
        };
        let url = match &self.url {
            Address::Fixed(url) => url.clone(),
            Address::Filled(template) => {
                let text = template.filled(|hole| if hole == Hole::Number { &encoded } else { fill(hole) });
                Url::parse(&text).map_err(|_| "the number makes no address")?
            }
        };
        let mut request = Request::new(self.method.clone(), url);
        request.headers_mut().clone_from(&self.headers);
        *request.body_mut() = self.body.as_ref().map(|body| {
            let number = if body.is_form { &encoded } else { first };
            body.text.filled(|hole| if hole == Hole::Number { number } else { fill(hole) }).into()
        });
        Ok(request)
    }
}

/// One value for each number, as JSON's list.
fn list(each: &Template, numbers: &[String]) -> String {
    let items: Vec<String> =
        numbers.iter().map(|number| each.filled(|hole| if hole == Hole::Number { number } else { "" })).collect();
    format!("[{}]", items.join(","))
}

fn check_holes<T>(source: Source<'_>, at: &Spanned<T>, text: &str, allowed: &[Hole]) -> Result<(), ProfileError> {
    stray(text, allowed).map_or(Ok(()), |mark| Err(source.wrong(at.span(), format!("nothing fills `{mark}`"))))
}

/// Every text of a JSON value.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(object) => object.values().flat_map(texts).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let parsed = HeaderName::try_from(name).ok().zip(HeaderValue::try_from(value).ok());
    parsed.ok_or_else(|| format!("`{name}` is no header"))
}

/// Fields as a form or a query writes them, holes included.
fn pairs(fields: &BTreeMap<String, Spanned<String>>, own: Option<(&str, &str)>) -> String {
    let fields = fields.iter().map(|(name, value)| (name.as_str(), value.get_ref().as_str()));
    form(fields.chain(own))
}

fn form<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut writer = Url::parse("http://form").expect("an address");
    writer.query_pairs_mut().extend_pairs(fields);
    writer.query().unwrap_or_default().to_owned()
}

/// A value as a form writes it.
fn encode(value: &str) -> String {
    form([("", value)].into_iter()).split_off(1)
}

/// A text as it stands between JSON's quotation marks.
fn escape(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}
