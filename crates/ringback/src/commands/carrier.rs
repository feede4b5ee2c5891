//! `carrier`: the built-in network side alone, as a sandbox for anyone's integration.

use std::fs;

use anyhow::{Context as _, Result};
use ringback_carrier::{Faults, Options};
use ringback_core::Amount;

use crate::{
    cli::{self, Cli},
    run,
};

/// The sample's subscribers.
pub(crate) const SAMPLE: &str = include_str!("../../samples/carrier.toml");

/// What the payer's wallet holds, in fen: enough for every sample and test.
const WALLET_MINOR: i64 = 100_000_000;

pub(crate) async fn carrier(cli: &Cli, args: &cli::CarrierArgs) -> Result<()> {
    let subscribers = match &args.subscribers {
        Some(path) => fs::read_to_string(path).with_context(|| format!("{}: cannot be read", path.display()))?,
        None => SAMPLE.to_owned(),
    };
    let faults = match args.faults.as_deref() {
        None => Faults::none(),
        Some([]) => Faults::all(args.seed),
        Some(kinds) => Faults::all(args.seed).only(kinds),
    };
    let options = Options { listen: args.listen, subscribers, faults, wallet: wallet()?, hlr: args.hlr };
    let handle = ringback_carrier::run(options).await?;
    let (url, lines) = (handle.url(), handle.world().subscribers.len());
    if cli.json {
        println!("{}", serde_json::json!({ "url": url }));
    } else {
        print(&url, lines);
    }
    let mut stop = run::stop_signal();
    // The sender lives in the task that waits for the signal.
    stop.wait_for(|stop| *stop).await.map(drop).unwrap_or_default();
    Ok(())
}

fn print(url: &str, lines: usize) {
    println!("The carrier answers on {url}, with {lines} lines. Ctrl-C stops it.");
    println!("  status   POST {url}/camara/subscription-status/v0.1/retrive-subscription-status");
    println!("           {url}/twilio, /telesign, /hlr-lookups, /hlrlookup, /zaiwang: each in its service's dialect");
    println!("  recycled POST {url}/camara/number-recycling/v0.2/check");
    println!("  top-ups  {url}/reloadly    client_id \"sandbox\", client_secret \"sandbox\"");
    println!("  refunds  {url}/desk/claims");
    println!("  truth    GET  {url}/admin/subscribers, {url}/admin/statement, {url}/admin/profile");
    println!("Point Ringback at it: ringback init --sandbox {url}");
}

/// A filled wallet in yuan.
pub(crate) fn wallet() -> Result<Amount> {
    Ok(Amount::from_minor(WALLET_MINOR, "CNY".parse()?))
}
