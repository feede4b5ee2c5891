//! From the configuration's words to the parts that they name.

mod http;

use std::{collections::BTreeMap, fs, path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use ringback_engine::Limits;
use ringback_network::{Channel, OsmoHlr, http::Guard};
use ringback_providers::{
    Capabilities, ClaimDesk, Connector,
    catalogue::Catalogue,
    desk::{HttpDesk, Language, LetterDesk},
    reloadly::{self, Reloadly},
};

use crate::config::{
    ChannelSettings, DeskSettings, GroupLanguage, GuardSettings, LimitSettings, ProviderSettings, Secret, Settings, ms,
};

/// Lines that one signalling query carries.
const HLR_BATCH: usize = 64;

pub(crate) fn channels(settings: &Settings, config: &Path) -> Result<BTreeMap<String, Arc<dyn Channel>>> {
    let deadline = deadline(settings);
    let beside = config.parent().unwrap_or(Path::new("."));
    let channel = |name: &str, settings: &ChannelSettings| -> Result<Arc<dyn Channel>> {
        Ok(match settings {
            ChannelSettings::OsmoHlr { address, ranges, .. } => {
                Arc::new(OsmoHlr::new(name, address, digits(ranges), deadline))
            }
            ChannelSettings::Http(settings) => {
                Arc::new(http::channel(name, settings, beside, deadline).with_context(|| format!("channel.{name}"))?)
            }
        })
    };
    settings.channel.iter().map(|(name, settings)| Ok((name.clone(), channel(name, settings)?))).collect()
}

/// Who knows of numbers that were given to somebody else.
pub(crate) fn guards(settings: &Settings, config: &Path) -> Result<BTreeMap<String, Arc<dyn Guard>>> {
    let (deadline, beside) = (deadline(settings), config.parent().unwrap_or(Path::new(".")));
    let guard = |(name, settings): (&String, &GuardSettings)| -> Result<(String, Arc<dyn Guard>)> {
        let GuardSettings::Http(settings) = settings;
        let guard = http::guard(name, settings, beside, deadline).with_context(|| format!("guard.{name}"))?;
        Ok((name.clone(), Arc::new(guard)))
    };
    settings.guard.iter().map(guard).collect()
}

/// How often each channel may be asked in a day, where that is bounded.
pub(crate) fn budgets(settings: &Settings) -> BTreeMap<String, u32> {
    let budget =
        |(name, channel): (&String, &ChannelSettings)| Some((name.clone(), channel.limits().queries_per_day()?));
    settings.channel.iter().filter_map(budget).collect()
}

pub(crate) fn providers(settings: &Settings) -> Result<BTreeMap<String, Arc<dyn Connector>>> {
    let deadline = deadline(settings);
    let provider = |name: &String, settings: &ProviderSettings| -> Result<(String, Arc<dyn Connector>)> {
        let connector = Reloadly::new(reloadly(name, settings, deadline)?)?;
        Ok((name.clone(), Arc::new(connector)))
    };
    settings.provider.iter().map(|(name, settings)| provider(name, settings)).collect()
}

fn reloadly(name: &str, settings: &ProviderSettings, deadline: Duration) -> Result<reloadly::Settings> {
    let ProviderSettings::Reloadly {
        client_id,
        client_secret,
        currency,
        topups_url,
        auth_url,
        audience,
        min_gap,
        not_found_final_after,
        inquiry_spacing,
        max_fee,
        ..
    } = settings;
    let topups_url = topups_url.clone().unwrap_or_else(|| "https://topups.reloadly.com".into());
    Ok(reloadly::Settings {
        name: name.to_owned(),
        client_id: client_id.clone(),
        client_secret: client_secret.reveal().with_context(|| format!("provider.{name}.client_secret"))?,
        auth_url: auth_url.clone().unwrap_or_else(|| "https://auth.reloadly.com".into()),
        audience: audience.clone().unwrap_or_else(|| topups_url.clone()),
        topups_url,
        deadline,
        capabilities: Capabilities {
            currency: *currency,
            inquiry_by_reference: true,
            min_gap_ms: min_gap.map_or(120_000, ms),
            not_found_final_after_ms: not_found_final_after.map_or(600_000, ms),
            inquiry_spacing_ms: inquiry_spacing.map_or(30_000, ms),
            max_fee: *max_fee,
        },
    })
}

pub(crate) fn desks(settings: &Settings, config: &Path) -> Result<BTreeMap<String, Arc<dyn ClaimDesk>>> {
    let deadline = deadline(settings);
    let beside = config.parent().unwrap_or(Path::new("."));
    let desk = |name: &str, settings: &DeskSettings| -> Result<Arc<dyn ClaimDesk>> {
        Ok(match settings {
            DeskSettings::Http { url, token } => {
                let token = token.as_ref().map(Secret::reveal).transpose()?;
                Arc::new(HttpDesk::new(name, url, token, deadline)?)
            }
            DeskSettings::Letter { folder, language } => {
                let language = match language {
                    GroupLanguage::English => Language::English,
                    GroupLanguage::Chinese => Language::Chinese,
                };
                Arc::new(LetterDesk::new(name, beside.join(folder), language))
            }
        })
    };
    settings.desk.iter().map(|(name, settings)| Ok((name.clone(), desk(name, settings)?))).collect()
}

/// The built-in plan catalogues, and the owner's, which replace what is built in for their carrier.
pub(crate) fn catalogue(settings: &Settings, config: &Path) -> Result<Catalogue> {
    let mut catalogue = Catalogue::built_in()?;
    let beside = config.parent().unwrap_or(Path::new("."));
    for file in &settings.book.catalogues {
        let path = beside.join(file);
        let text = fs::read_to_string(&path).with_context(|| format!("{}: cannot be read", path.display()))?;
        catalogue.read(&path.display().to_string(), &text)?;
    }
    Ok(catalogue)
}

pub(crate) fn limits(settings: &Settings, config: &Path) -> BTreeMap<String, Limits> {
    let beside = config.parent().unwrap_or(Path::new("."));
    let channels = settings.channel.iter().map(|(name, channel)| {
        let batch = match channel {
            ChannelSettings::OsmoHlr { .. } => HLR_BATCH,
            ChannelSettings::Http(settings) => http::lines_per_request(settings, beside),
        };
        (name.clone(), limit(channel.limits(), batch))
    });
    let providers = settings.provider.iter().map(|(name, provider)| (name.clone(), limit(provider.limits(), 1)));
    channels.chain(providers).collect()
}

fn limit(given: &LimitSettings, batch: usize) -> Limits {
    let default = Limits::default();
    Limits {
        in_flight: given.in_flight.unwrap_or(default.in_flight),
        per_second: given.per_second.unwrap_or(default.per_second),
        batch,
    }
}

fn deadline(settings: &Settings) -> Duration {
    Duration::from_millis(settings.timing.deadline_ms())
}

/// Ranges without their plus signs.
fn digits(ranges: &[String]) -> Vec<String> {
    ranges.iter().map(|range| range.trim_start_matches('+').to_owned()).collect()
}
