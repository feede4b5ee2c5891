//! The whole path over loopback HTTP to the built-in carrier, beside what a plain client reaches with the same calls.
#![expect(clippy::float_arithmetic, reason = "measurements for people, no money")]

use std::{
    collections::BTreeMap,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow, ensure};
use futures_util::{StreamExt as _, stream};
use ringback_carrier::{Faults, Handle, Profile, Service, Subscriber, World};
use ringback_core::{
    Carrier, LineId, Mode, Msisdn, Route,
    recovery::{Event, Word},
};
use ringback_engine::{
    Config, Limits, Wiring,
    shell::{self, Begin, Parts, Until},
};
use ringback_network::http::{self as service, Credentials, Http};
use ringback_providers::{
    Capabilities,
    catalogue::Catalogue,
    reloadly::{Reloadly, Settings},
};
use ringback_store::{Ask, Contact, Filter, Request, Sqlite, Store};
use serde_json::json;
use tokio::sync::watch;

use super::reference::{folder, policy, yuan};
use crate::{commands::requests::consents, run};

/// Calls at the same time.
const CONCURRENCY: usize = 64;

/// Calls a line: status, operator, probe, status, set amount.
const CALLS: u32 = 5;

const DEADLINE: Duration = Duration::from_secs(10);

/// Lines a second over HTTP, and what a plain client's calls allow at most.
pub(super) async fn measure(count: u32) -> Result<(f64, f64)> {
    let numbers =
        (0..count).map(|number| Ok(format!("+86138{number:08}").parse()?)).collect::<Result<Vec<Msisdn>>>()?;
    let carrier = carrier(&numbers).await?;
    let ceiling = plain(&carrier, &numbers).await?;
    Ok((ours(&carrier, &numbers).await?, ceiling))
}

/// Every line owes a yuan, which the probe covers at once.
async fn carrier(numbers: &[Msisdn]) -> Result<Handle> {
    let owes = Service::Arrears { owed_minor: 100 };
    let subscriber = |msisdn: &Msisdn| {
        Subscriber::new(*msisdn, msisdn.digits(), Carrier::named("China Mobile"), yuan(58), owes, false, None)
    };
    let profile = Profile { settling_ms: 0, min_gap_ms: 0, ..Profile::default() };
    let world = World::new(numbers.iter().map(subscriber).collect(), yuan(100_000_000), profile, Faults::none());
    Ok(ringback_carrier::serve(world, ([127, 0, 0, 1], 0).into(), None).await?)
}

/// The same number of calls, by nothing but a client; all of them status queries, the cheapest there is.
async fn plain(carrier: &Handle, numbers: &[Msisdn]) -> Result<f64> {
    let client = reqwest::Client::new();
    let url = format!("{}/camara/subscription-status/v0.1/retrive-subscription-status", carrier.url());
    let call = |msisdn: &Msisdn| {
        let request = client.post(&url).json(&json!({ "phoneNumber": msisdn }));
        async move { Ok::<_, reqwest::Error>(request.send().await?.bytes().await?.len()) }
    };
    let began = Instant::now();
    for _ in 0..CALLS {
        let answers = stream::iter(numbers).map(call).buffer_unordered(CONCURRENCY);
        let failed = answers.filter(|answer| std::future::ready(answer.is_err())).count().await;
        ensure!(failed == 0, "{failed} plain calls failed");
    }
    Ok(numbers.len() as f64 / began.elapsed().as_secs_f64())
}

async fn ours(carrier: &Handle, numbers: &[Msisdn]) -> Result<f64> {
    let folder = folder()?;
    let store: Arc<dyn Store> = Arc::new(Sqlite::open_as_engine(&folder.path().join("bench.db"), "bench").await?);
    let clock = run::clock()?;
    let book = store.save_book("bench", "CN", &policy()).await?;
    let contact = |msisdn: &Msisdn| Contact { raw: Vec::new(), name: String::new(), numbers: vec![*msisdn] };
    let contacts: Vec<Contact> = numbers.iter().map(contact).collect();
    store.import(book, "", &contacts).await?;
    let enrolled = Ask::Event(Event::Told(Word::Enrolled(consents(1), Mode::Auto)));
    let lines = store.lines(&Filter::default(), LineId(0), u32::MAX).await?;
    let requests: Vec<Request> = lines.iter().map(|line| Request { line: line.id, ask: enrolled.clone() }).collect();
    store.post(&requests).await?;

    let wiring = Wiring::new(policy(), Route::of("network"), vec!["provider".into()]);
    let limits = |batch| Limits { in_flight: CONCURRENCY, per_second: u32::MAX, batch };
    let config = Config {
        books: BTreeMap::from([(book, wiring)]),
        limits: BTreeMap::from([("network".into(), limits(1)), ("provider".into(), limits(1))]),
        batch: 2_048,
        claim_poll_ms: 1_000,
        check_every_ms: None,
        statements_every_ms: None,
        statements_final_after_ms: 0,
    };
    let parts = parts(carrier, store.clone())?;
    let (_never, stop) = watch::channel(false);
    let go = |begin, until| shell::run(config.clone(), parts.clone(), clock, run::random(), begin, until, stop.clone());
    go(Begin::Requests, Until::Committed).await?;
    let began = Instant::now();
    go(Begin::Recover(Filter::default()), Until::AtRest { claims: false }).await?;
    let took = began.elapsed();
    let back = store.lines(&Filter::default(), LineId(0), u32::MAX).await?.iter().filter(|l| l.outcomes == 2).count();
    ensure!(back == numbers.len(), "{back} of {} lines came back over HTTP", numbers.len());
    Ok(numbers.len() as f64 / took.as_secs_f64())
}

/// The status channel by CAMARA's profile to a carrier.
pub(super) fn channel(carrier: &str) -> Result<Http> {
    let settings = service::Settings {
        name: "network".into(),
        url: Some(format!("{carrier}/camara/subscription-status/v0.1")),
        credentials: Credentials::None,
        ranges: Vec::new(),
        deadline: DEADLINE,
        cost: String::new(),
    };
    let profile = service::Profile::named("camara-subscription-status", Path::new("."))?;
    Http::new(settings, profile).map_err(|detail| anyhow!(detail))
}

fn parts(carrier: &Handle, store: Arc<dyn Store>) -> Result<Parts> {
    let url = carrier.url();
    let channel = channel(&url)?;
    let provider = Reloadly::new(Settings {
        name: "provider".into(),
        client_id: "sandbox".into(),
        client_secret: "sandbox".into(),
        auth_url: format!("{url}/reloadly"),
        topups_url: format!("{url}/reloadly"),
        audience: url,
        deadline: DEADLINE,
        capabilities: Capabilities {
            currency: yuan(1).currency(),
            inquiry_by_reference: true,
            min_gap_ms: 0,
            not_found_final_after_ms: 1_000,
            inquiry_spacing_ms: 100,
            max_fee: None,
        },
    })?;
    Ok(Parts {
        store,
        channels: BTreeMap::from([("network".into(), Arc::new(channel) as _)]),
        guards: BTreeMap::new(),
        providers: BTreeMap::from([("provider".into(), Arc::new(provider) as _)]),
        desks: BTreeMap::new(),
        catalogue: Arc::new(Catalogue::built_in()?),
        observer: Arc::new(|_| {}),
        budgets: BTreeMap::new(),
        deadline: DEADLINE,
    })
}
