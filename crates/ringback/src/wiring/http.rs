//! Status services over HTTP: the profile's file, and who asks.

use std::{path::Path, time::Duration};

use anyhow::{Result, anyhow, bail};
use ringback_network::http::{Credentials, Http, HttpGuard, Profile, Settings, State, Verdict};

use super::digits;
use crate::config::{HttpSettings, Secret};

/// The channel to a status service; a profile of one's own lies beside the configuration.
pub(super) fn channel(name: &str, http: &HttpSettings, beside: &Path, deadline: Duration) -> Result<Http> {
    let profile = Profile::<State>::named(&http.profile, beside)?;
    Http::new(settings(name, http, deadline)?, profile).map_err(|detail| anyhow!(detail))
}

/// A service that knows whether numbers were given to somebody else.
pub(super) fn guard(name: &str, http: &HttpSettings, beside: &Path, deadline: Duration) -> Result<HttpGuard> {
    let profile = Profile::<Verdict>::named(&http.profile, beside)?;
    HttpGuard::new(settings(name, http, deadline)?, profile).map_err(|detail| anyhow!(detail))
}

/// How many lines one request carries; a profile that cannot be read is told about where its channel is made.
pub(super) fn lines_per_request(http: &HttpSettings, beside: &Path) -> usize {
    Profile::<State>::named(&http.profile, beside).map_or(1, |profile| profile.lines_per_request())
}

fn settings(name: &str, http: &HttpSettings, deadline: Duration) -> Result<Settings> {
    Ok(Settings {
        name: name.to_owned(),
        url: http.url.clone(),
        credentials: credentials(http)?,
        ranges: digits(&http.ranges),
        deadline,
        cost: http.limits.cost.map(|cost| cost.to_string()).unwrap_or_default(),
    })
}

/// The one kind of credentials that is written. Half of one, or two of them, is a mistake.
fn credentials(http: &HttpSettings) -> Result<Credentials> {
    let HttpSettings { token, user, password, client_id, client_secret, token_url, .. } = http;
    let reveal = |secret: &Option<Secret>| secret.as_ref().map(Secret::reveal).transpose();
    let (token, password, client_secret) = (reveal(token)?, reveal(password)?, reveal(client_secret)?);
    Ok(match (token, (user, password), (client_id, client_secret, token_url)) {
        (None, (None, None), (None, None, None)) => Credentials::None,
        (Some(token), (None, None), (None, None, None)) => Credentials::Token(token),
        (None, (Some(user), Some(password)), (None, None, None)) => Credentials::User { user: user.clone(), password },
        (None, (None, None), (Some(id), Some(secret), Some(token_url))) => {
            Credentials::Client { id: id.clone(), secret, token_url: token_url.clone() }
        }
        _ => bail!(
            "write one kind of credentials, and all of it: `token`; or `user` and `password`; or `client_id`, \
             `client_secret` and `token_url`"
        ),
    })
}
