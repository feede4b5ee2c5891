//! Plan catalogues: the carriers' published monthly fees, which complete what a provider offers (S1041).

use std::collections::BTreeMap;

use ringback_core::{Amount, Carrier, Currency, Offer};
use serde::Deserialize;

/// The catalogues that come with Ringback.
const BUILT_IN: [(&str, &str); 4] = [
    ("china-mobile.toml", include_str!("../catalogue/china-mobile.toml")),
    ("china-unicom.toml", include_str!("../catalogue/china-unicom.toml")),
    ("china-telecom.toml", include_str!("../catalogue/china-telecom.toml")),
    ("china-broadnet.toml", include_str!("../catalogue/china-broadnet.toml")),
];

/// Plan amounts by carrier.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    plans: BTreeMap<Carrier, Vec<Amount>>,
}

/// Why a catalogue file cannot be used. The owner corrects the file.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// The file does not have the form of a catalogue.
    #[error("{file}: {detail}")]
    Form {
        /// The file.
        file: String,
        /// What is wrong, with line and key.
        detail: String,
    },
    /// A monthly fee is no amount.
    #[error("{file}: plan `{plan}`: monthly_fee: {detail}")]
    Fee {
        /// The file.
        file: String,
        /// The plan.
        plan: String,
        /// What is wrong with it.
        detail: String,
    },
    /// Two plans have the same name.
    #[error("{file}: plan `{plan}` stands twice; remove one")]
    Duplicate {
        /// The file.
        file: String,
        /// The plan.
        plan: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    carrier: String,
    currency: Currency,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "date")]
    _date: String,
    plan: Vec<Plan>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    name: String,
    monthly_fee: String,
}

impl Catalogue {
    /// The catalogues that come with Ringback.
    pub fn built_in() -> Result<Self, CatalogueError> {
        let mut catalogue = Self::default();
        BUILT_IN.iter().try_for_each(|(file, text)| catalogue.read(file, text))?;
        Ok(catalogue)
    }

    /// Reads a catalogue file; it replaces what was known of its carrier.
    pub fn read(&mut self, file: &str, text: &str) -> Result<(), CatalogueError> {
        let form = |error: toml::de::Error| CatalogueError::Form { file: file.to_owned(), detail: error.to_string() };
        let parsed: File = toml::from_str(text).map_err(form)?;
        let mut names: Vec<&str> = Vec::new();
        let mut amounts = Vec::new();
        for plan in &parsed.plan {
            if names.contains(&plan.name.as_str()) {
                return Err(CatalogueError::Duplicate { file: file.to_owned(), plan: plan.name.clone() });
            }
            names.push(&plan.name);
            amounts.push(fee(file, plan, parsed.currency)?);
        }
        amounts.sort_unstable();
        amounts.dedup();
        self.plans.insert(Carrier::named(&parsed.carrier), amounts);
        Ok(())
    }

    /// An offer together with the carrier's catalogue, ascending and without duplicates.
    pub fn complete(&self, mut offer: Offer) -> Offer {
        let currency = offer.denominations.currency();
        let known = self.plans.get(&offer.carrier).into_iter().flatten();
        offer.plans.extend(known.filter(|plan| Some(plan.currency()) == currency));
        offer.plans.sort_unstable();
        offer.plans.dedup();
        offer
    }
}

fn fee(file: &str, plan: &Plan, currency: Currency) -> Result<Amount, CatalogueError> {
    let amount = Amount::parse_decimal(&plan.monthly_fee, currency).and_then(Amount::positive);
    amount.map_err(|error| CatalogueError::Fee {
        file: file.to_owned(),
        plan: plan.name.clone(),
        detail: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use ringback_core::Denominations;

    use super::*;

    const HEAD: &str = "carrier = \"网通\"\ncurrency = \"CNY\"\nsource = \"s\"\ndate = \"2026-11-24\"\n";

    fn read(rest: &str) -> Result<Catalogue, String> {
        let mut catalogue = Catalogue::default();
        catalogue.read("my.toml", &format!("{HEAD}{rest}")).map_err(|error| error.to_string())?;
        Ok(catalogue)
    }

    fn plan(name: &str, fee: &str) -> String {
        format!("[[plan]]\nname = \"{name}\"\nmonthly_fee = \"{fee}\"\n")
    }

    #[test]
    fn the_built_in_catalogues_are_sound() {
        let catalogue = Catalogue::built_in().unwrap();
        assert_eq!(catalogue.plans.len(), BUILT_IN.len());
        assert!(catalogue.plans.values().all(|plans| plans.len() >= 5));
    }

    #[test]
    fn s1041_a_catalogue_completes_an_offer_in_ascending_order() {
        let cny = |text: &str| -> Amount { format!("{text} CNY").parse().unwrap() };
        let offer = Offer {
            provider: "p".into(),
            carrier: Carrier::named("China Unicom"),
            product: "1".into(),
            plans: vec![cny("50")],
            denominations: Denominations::Fixed(vec![cny("50")]),
        };
        let catalogue = read(&(plan("b", "79") + &plan("a", "29"))).unwrap();
        assert_eq!(catalogue.complete(offer).plans, [cny("29"), cny("50"), cny("79")]);
    }

    #[test]
    fn bad_files_name_the_place_and_the_remedy() {
        let cases = [
            (plan("a", "29") + &plan("a", "39"), "plan `a` stands twice"),
            (plan("a", "-5"), "plan `a`: monthly_fee"),
            (plan("a", "NaN"), "plan `a`: monthly_fee"),
            (plan("a", "0"), "not above zero"),
            ("[[plan]]\nname = \"a\"\nmonthly_fee = \"5\"\ncolour = 1\n".into(), "colour"),
        ];
        for (text, expected) in cases {
            let error = read(&text).unwrap_err();
            assert!(error.starts_with("my.toml") && error.contains(expected), "{error}");
        }
        let error = Catalogue::default().read("my.toml", &HEAD.replace("CNY", "XXQ")).unwrap_err();
        assert!(error.to_string().contains("XXQ"), "{error}");
    }
}
