//! The checks of the fuzz targets; each stands beside its parser.

use ringback_core::{Carrier, Currency, Denominations, Offer};

use crate::catalogue::Catalogue;
pub use crate::{desk::fuzz::answer as desk, reloadly::fuzz::answer as reloadly};

/// A catalogue is read whole or not at all, and what it adds to an offer is in order and in the offer's currency.
pub fn catalogue(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let mut catalogue = Catalogue::default();
    let read = catalogue.read("plans.toml", text);
    let carrier = text.parse::<toml::Table>().ok().and_then(|table| Some(table.get("carrier")?.as_str()?.to_owned()));
    for currency in ["CNY", "EUR"].map(|code| code.parse().expect("a code of ISO 4217")) {
        let plans = catalogue.complete(offer(carrier.as_deref().unwrap_or_default(), currency)).plans;
        assert!(plans.is_sorted_by(|a, b| a < b), "{plans:?}");
        assert!(plans.iter().all(|plan| plan.minor() > 0 && plan.currency() == currency), "{plans:?}");
        assert!(read.is_ok() || plans.is_empty(), "nothing of a file that cannot be used");
    }
}

/// An offer without plans, on sale in a currency.
fn offer(carrier: &str, currency: Currency) -> Offer {
    let least = ringback_core::Amount::from_minor(1, currency);
    Offer {
        provider: "airtime".into(),
        carrier: Carrier::named(carrier),
        product: "1".into(),
        plans: Vec::new(),
        denominations: Denominations::Fixed(vec![least]),
    }
}

#[cfg(test)]
#[path = "../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::{replay::replay, *};

    #[test]
    fn the_corpus_of_reloadlys_answers() {
        replay("reloadly", reloadly);
    }

    #[test]
    fn the_corpus_of_a_claim_desks_answers() {
        replay("desk", desk);
    }

    #[test]
    fn the_corpus_of_catalogues() {
        replay("catalogue", catalogue);
    }
}
