//! Each profile against the carrier's own answers in its dialect: two sides that were written apart.

use std::path::Path;

use jiff::civil::date;
use ringback_carrier::{Faults, Handle, Profile as Terms, World, read_subscribers, serve};
use ringback_core::{Amount, Bar, Judgement, Msisdn, Reachable};
use ringback_network::{
    Channel as _, Http,
    http::{Credentials, Guard as _, HttpGuard, Profile, Recycled},
};

use crate::{dialects::Dialect, peer::settings};

const LINES: [&str; 6] = [
    "state = \"in_service\"",
    "state = \"in_service\"\npowered_off = true",
    "state = \"arrears\"\narrears = \"1 CNY\"",
    "state = \"fraud\"",
    "state = \"ceased\"",
    "state = \"recycled\"",
];

fn number(i: usize) -> Msisdn {
    format!("+86138001000{i:02}").parse().unwrap()
}

async fn carrier() -> Handle {
    let entry = |(i, state): (usize, &&str)| {
        format!("[[subscriber]]\nmsisdn = \"{}\"\ncarrier = \"x\"\nplan = \"9 CNY\"\n{state}\n", number(i))
    };
    let file: String = LINES.iter().enumerate().map(entry).collect();
    let wallet: Amount = "100 CNY".parse().unwrap();
    let world = World::new(read_subscribers(&file).unwrap(), wallet, Terms::default(), Faults::none());
    serve(world, ([127, 0, 0, 1], 0).into(), None).await.unwrap()
}

/// The state of each line, and of a number that nobody has.
async fn seen(carrier: &Handle, path: &str, dialect: &Dialect) -> Vec<(Judgement, Reachable)> {
    let settings = settings(&format!("{}{path}", carrier.url()), dialect.credentials());
    let profile = Profile::named(dialect.profile, Path::new(".")).unwrap();
    let lines: Vec<Msisdn> = (0..=LINES.len()).map(number).collect();
    let answers = Http::new(settings, profile).unwrap().query(&lines).await;
    answers.iter().map(|answer| (answer.status.judged(), answer.status.reachable)).collect()
}

#[tokio::test]
async fn the_carrier_answers_each_profile_in_its_dialect() {
    use crate::dialects::{CAMARA, HLR_LOOKUPS, HLRLOOKUP, TELESIGN, TWILIO, ZAIWANG};
    let carrier = carrier().await;
    let (on, off, unseen) = (Reachable::Yes, Reachable::No, Reachable::Unknown);
    let (served, gone) = (Judgement::InService, (Judgement::NotInService, unseen));
    let (barred, fraud) = (Judgement::Restricted, Judgement::BarredOtherwise(Bar::Fraud));
    // What cannot tell a restricted line says of none that it is in service (K2).
    let blind = Judgement::Unknown;
    let cases = [
        (
            &CAMARA,
            "/camara/subscription-status/v0.1",
            vec![(served, on), (served, off), (barred, on), (fraud, on), gone, (served, on), gone],
        ),
        (
            &TELESIGN,
            "/telesign",
            vec![(served, unseen), (served, unseen), (barred, unseen), (barred, unseen), gone, (served, unseen), gone],
        ),
        (
            &ZAIWANG,
            "/zaiwang",
            vec![(served, unseen), (served, off), (barred, unseen), (barred, unseen), gone, (served, unseen), gone],
        ),
        (&TWILIO, "/twilio", vec![(blind, on), (blind, off), (blind, on), (blind, on), gone, (blind, on), gone]),
        (
            &HLR_LOOKUPS,
            "/hlr-lookups",
            vec![(blind, on), (blind, off), (blind, on), (blind, on), gone, (blind, on), gone],
        ),
        (&HLRLOOKUP, "/hlrlookup", vec![(blind, on), (blind, off), (blind, on), (blind, on), gone, (blind, on), gone]),
    ];
    for (dialect, path, expected) in cases {
        assert_eq!(seen(&carrier, path, dialect).await, expected, "{}", dialect.profile);
    }
}

#[tokio::test]
async fn the_carrier_knows_which_number_was_recycled() {
    let carrier = carrier().await;
    let settings = settings(&format!("{}/camara/number-recycling/v0.2", carrier.url()), Credentials::None);
    let profile = Profile::named("camara-number-recycling", Path::new(".")).unwrap();
    let guard = HttpGuard::new(settings, profile).unwrap();
    let today = date(2026, 11, 26);
    assert_eq!(guard.was_recycled(number(0), today).await, Recycled::No);
    assert_eq!(guard.was_recycled(number(5), today).await, Recycled::Yes);
    for (line, since) in [(4, today), (6, today), (0, date(1999, 12, 31))] {
        let answer = guard.was_recycled(number(line), since).await;
        assert!(matches!(answer, Recycled::Unknown(_)), "{line}: {answer:?}");
    }
}
