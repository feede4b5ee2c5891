//! The providers and claim desks: whether the account works, and what the wallet holds.

use std::time::Duration;

use ringback_providers::Connector;
use tokio::time::timeout;

use super::{Finding, Patient, failure, good, warning};
use crate::config::DeskSettings;

pub(super) async fn examine(patient: &Patient<'_>) -> Vec<Finding> {
    let Some(parts) = &patient.parts else { return Vec::new() };
    let mut findings = Vec::new();
    for provider in parts.providers.values() {
        findings.push(wallet(patient, provider.as_ref()).await);
    }
    findings.extend(patient.context.settings.desk.iter().map(|(name, desk)| letter_box(patient, name, desk)));
    findings
}

async fn wallet(patient: &Patient<'_>, provider: &dyn Connector) -> Finding {
    let settings = &patient.context.settings;
    let (place, need) = (format!("provider {}", provider.name()), settings.caps.per_recovery);
    let deadline = Duration::from_millis(settings.timing.deadline_ms());
    match timeout(deadline, provider.balance()).await {
        Ok(Ok(held)) if held.currency() == need.currency() && held.minor() < need.minor() => warning(
            place,
            format!("its wallet holds {held}; one recovery may cost {need} (caps.per_recovery)"),
            "fill it, or lower the cap",
        ),
        Ok(Ok(held)) => good(place, format!("the account works; its wallet holds {held}")),
        Ok(Err(error)) => failure(place, error.to_string(), "mend the account in the configuration, or its secret"),
        Err(_) => failure(place, "no answer in time", "see whether its address is right and reachable from here"),
    }
}

fn letter_box(patient: &Patient<'_>, name: &str, desk: &DeskSettings) -> Finding {
    let place = format!("desk {name}");
    match desk {
        DeskSettings::Http { url, .. } => good(place, format!("claims go to {url}; it is asked when there is one")),
        DeskSettings::Letter { folder, .. } => {
            let folder = patient.context.path.parent().unwrap_or(std::path::Path::new(".")).join(folder);
            let probe = std::fs::create_dir_all(&folder).and_then(|()| tempfile::tempfile_in(&folder));
            match probe {
                Ok(_) => good(place, format!("letters are written to {}", folder.display())),
                Err(error) => failure(
                    place,
                    format!("{}: {error}", folder.display()),
                    "make the folder writable, or write another one into the configuration",
                ),
            }
        }
    }
}
