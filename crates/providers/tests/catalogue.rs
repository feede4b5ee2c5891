//! Catalogue files as an owner may write them, and what the error says.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ringback_core::{Amount, Carrier, Denominations, Offer};
use ringback_providers::catalogue::Catalogue;

const HEAD: &str = "carrier = \"China Unicom\"\ncurrency = \"CNY\"\nsource = \"notice\"\ndate = \"2026-11-24\"\n";

fn plan(name: &str, fee: &str) -> String {
    format!("[[plan]]\nname = \"{name}\"\nmonthly_fee = {fee}\n")
}

fn error(text: &str) -> String {
    Catalogue::default().read("mine/unicom.toml", text).unwrap_err().to_string()
}

fn cny(text: &str) -> Amount {
    format!("{text} CNY").parse().unwrap()
}

fn plans(catalogue: &Catalogue, carrier: &str, sold: &str) -> Vec<Amount> {
    let denominations = Denominations::Fixed(vec![sold.parse().unwrap()]);
    let (provider, product, carrier) = ("p".into(), "1".into(), Carrier::named(carrier));
    catalogue.complete(Offer { provider, carrier, product, plans: Vec::new(), denominations }).plans
}

#[test]
fn a_wrong_fee_names_the_file_and_the_plan() {
    for fee in ["-5", "0", "NaN", "inf", "1e2", "9.999", "5 CNY", "five", ""] {
        let error = error(&(HEAD.to_owned() + &plan("good", "\"8\"") + &plan("Ice 29", &format!("\"{fee}\""))));
        let named = ["mine/unicom.toml", "`Ice 29`", "monthly_fee"].iter().all(|part| error.contains(part));
        assert!(named && !error.contains("`good`"), "{fee}: {error}");
    }
}

#[test]
fn a_wrong_form_names_the_file_the_line_and_the_key() {
    let good = plan("a", "\"8\"");
    let cases = [
        (format!("colour = 1\n{HEAD}{good}"), "line 1", "colour"),
        (format!("{HEAD}{good}colour = 1\n"), "line 8", "colour"),
        (format!("{}{good}", HEAD.replace("CNY", "XXQ")), "line 2", "XXQ"),
        (format!("{HEAD}{}", plan("a", "8")), "line 7", "string"),
        (format!("{HEAD}[[plan]]\nname = \"a\"\n"), "line 5", "monthly_fee"),
        (format!("{HEAD}{}", plan("a", "nan")), "line 7", "string"),
        (HEAD.replace("carrier", "career") + &good, "line 1", "career"),
        (format!("{HEAD}[[plan]\n"), "line 5", "plan"),
    ];
    for (text, line, key) in cases {
        let error = error(&text);
        assert!(["mine/unicom.toml", line, key].iter().all(|part| error.contains(part)), "{text}\n{error}");
    }
}

#[test]
fn a_plan_that_stands_twice_is_named() {
    let error = error(&(HEAD.to_owned() + &plan("a", "\"8\"") + &plan("b", "\"9\"") + &plan("a", "\"10\"")));
    assert!(error.contains("mine/unicom.toml") && error.contains("plan `a` stands twice"), "{error}");
}

#[test]
fn a_file_that_cannot_be_used_changes_nothing() {
    let mut catalogue = Catalogue::default();
    catalogue.read("good.toml", &(HEAD.to_owned() + &plan("a", "\"8\""))).unwrap();
    let bad = HEAD.to_owned() + &plan("b", "\"9\"") + &plan("c", "\"-1\"");
    catalogue.read("bad.toml", &bad).unwrap_err();
    assert_eq!(plans(&catalogue, "China Unicom", "10 CNY"), [cny("8")]);
}

#[test]
fn s1041_an_owners_file_replaces_the_carriers_built_in_one_under_any_name() {
    let mut catalogue = Catalogue::built_in().unwrap();
    let (unicom, mobile) = (plans(&catalogue, "中国联通", "10 CNY"), plans(&catalogue, "China Mobile", "10 CNY"));
    assert!(unicom.len() > 2 && unicom.is_sorted() && mobile.len() > 2);
    let text =
        HEAD.replace("China Unicom", "联通") + &plan("b", "\"39\"") + &plan("a", "\"8\"") + &plan("c", "\"39.00\"");
    catalogue.read("mine.toml", &text).unwrap();
    assert_eq!(plans(&catalogue, "China Unicom", "10 CNY"), [cny("8"), cny("39")]);
    assert_eq!(plans(&catalogue, "China Mobile", "10 CNY"), mobile);
}

#[test]
fn a_catalogue_of_another_currency_completes_nothing() {
    let catalogue = Catalogue::built_in().unwrap();
    assert_eq!(plans(&catalogue, "China Mobile", "10 EUR"), Vec::<Amount>::new());
    assert_eq!(plans(&catalogue, "Nobody", "10 CNY"), Vec::<Amount>::new());
}
