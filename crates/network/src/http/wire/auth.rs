//! Who asks: what a service takes as credentials, and what its owner wrote into the configuration.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::{
    Client, Url,
    header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue},
};
use serde::Deserialize;

use super::{template::Hole, token::Token};

/// A way to say who asks, as a profile names it. One service may take several.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub(in crate::http) enum Auth {
    /// Nobody is asked who it is.
    None,
    /// `Authorization: Bearer`, with a token that does not end.
    Bearer,
    /// `Authorization: Basic`, with the account's user and password.
    Basic,
    /// A header that holds the token, behind a word where the service wants one.
    Header {
        name: String,
        #[serde(default)]
        before: String,
    },
    /// A key of the query that holds the token.
    Query { name: String },
    /// The places `{user}` and `{password}` of the request.
    Body,
    /// A token by the client credentials grant (RFC 6749, 4.4), renewed before it ends.
    OAuth2 {
        #[serde(default)]
        scope: Option<String>,
    },
}

/// What the configuration says about who asks. It never reaches a log.
#[derive(Clone, Default)]
pub enum Credentials {
    /// Nothing.
    #[default]
    None,
    /// A token or key that the service gave out.
    Token(String),
    /// An account's name and secret.
    User {
        /// The name.
        user: String,
        /// The secret.
        password: String,
    },
    /// A client that gets its tokens from an authorization server.
    Client {
        /// The client's id.
        id: String,
        /// The client's secret.
        secret: String,
        /// Where tokens are given.
        token_url: String,
    },
}

/// Both put together: what each request carries.
pub(in crate::http) enum Login {
    None,
    Headers(HeaderMap),
    Query(String, String),
    Body { user: String, password: String },
    OAuth2(Token),
}

impl Login {
    /// The profile's way that the credentials fit, or what to write instead.
    pub(in crate::http) fn new(ways: &[Auth], credentials: &Credentials) -> Result<Self, String> {
        let fitting = ways.iter().find_map(|way| Self::by(way, credentials));
        fitting.unwrap_or_else(|| {
            let wanted: Vec<&str> = ways.iter().map(Auth::keys).collect();
            Err(format!("the service wants other credentials; write {}", wanted.join(", or ")))
        })
    }

    fn by(way: &Auth, credentials: &Credentials) -> Option<Result<Self, String>> {
        Some(match (way, credentials) {
            (Auth::None, Credentials::None) => Ok(Self::None),
            (Auth::Bearer, Credentials::Token(token)) => header("authorization", &format!("Bearer {token}")),
            (Auth::Header { name, before }, Credentials::Token(token)) => header(name, &format!("{before}{token}")),
            (Auth::Query { name }, Credentials::Token(token)) => Ok(Self::Query(name.clone(), token.clone())),
            (Auth::Basic, Credentials::User { user, password }) => header("authorization", &basic(user, password)),
            (Auth::Body, Credentials::User { user, password }) => {
                Ok(Self::Body { user: user.clone(), password: password.clone() })
            }
            (Auth::OAuth2 { scope }, Credentials::Client { id, secret, token_url }) => {
                let url = Url::parse(token_url).map_err(|error| format!("`token_url`: {error}"));
                url.map(|url| Self::OAuth2(Token::new(url, basic(id, secret), scope.as_deref())))
            }
            _ => return None,
        })
    }

    /// What fills the account's places in the request.
    pub(in crate::http) fn fill(&self, hole: Hole) -> Option<&str> {
        match (self, hole) {
            (Self::Body { user, .. }, Hole::User) => Some(user),
            (Self::Body { password, .. }, Hole::Password) => Some(password),
            _ => None,
        }
    }

    /// The bearer token of the next request, where one has to be got first.
    pub(in crate::http) async fn token(&self, client: &Client) -> Result<Option<HeaderValue>, String> {
        match self {
            Self::OAuth2(token) => token.fresh(client).await.map(Some),
            _ => Ok(None),
        }
    }

    /// Drops a token that the service refused, so that the next request gets another one. False where there is none.
    pub(in crate::http) fn forget(&self, refused: Option<&HeaderValue>) -> bool {
        if let (Self::OAuth2(token), Some(refused)) = (self, refused) {
            token.forget(refused);
            return true;
        }
        false
    }
}

impl Auth {
    /// The configuration's keys for it.
    fn keys(&self) -> &'static str {
        match self {
            Self::None => "no credentials",
            Self::Bearer | Self::Header { .. } | Self::Query { .. } => "`token`",
            Self::Basic | Self::Body => "`user` and `password`",
            Self::OAuth2 { .. } => "`client_id`, `client_secret` and `token_url`",
        }
    }
}

fn header(name: &str, value: &str) -> Result<Login, String> {
    let name = HeaderName::try_from(name).map_err(|_| format!("`{name}` is no header's name"))?;
    Ok(Login::Headers(HeaderMap::from_iter([(name, secret(value)?)])))
}

/// A header's value that no debug print shows (S6).
pub(super) fn secret(value: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::try_from(value).map_err(|_| "a credential has characters that no header can carry")?;
    value.set_sensitive(true);
    Ok(value)
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}

/// Puts a bearer token into the headers of a request.
pub(super) fn bear(headers: &mut HeaderMap, token: Option<&HeaderValue>) {
    if let Some(token) = token {
        headers.insert(AUTHORIZATION, token.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(ways: &[Auth], credentials: &Credentials) -> Result<(), String> {
        Login::new(ways, credentials).map(drop)
    }

    #[test]
    fn credentials_choose_among_the_ways_of_a_service() {
        let token = Credentials::Token("t".into());
        let user = Credentials::User { user: "u".into(), password: "p".into() };
        let ways = [Auth::None, Auth::Bearer];
        assert_eq!(keys(&ways, &Credentials::None), Ok(()));
        assert_eq!(keys(&ways, &token), Ok(()));
        let error = keys(&ways, &user).unwrap_err();
        assert!(error.contains("no credentials, or `token`"), "{error}");
        assert_eq!(keys(&[Auth::Basic], &user), Ok(()));
        let error = keys(&[Auth::Basic], &Credentials::None).unwrap_err();
        assert!(error.contains("`user` and `password`"), "{error}");
    }

    #[test]
    fn s6_a_credential_that_no_header_can_carry_is_not_shown() {
        let error = keys(&[Auth::Bearer], &Credentials::Token("s3cret\n".into())).unwrap_err();
        assert!(!error.contains("s3cret"), "{error}");
    }
}
