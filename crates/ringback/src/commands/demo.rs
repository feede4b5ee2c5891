//! `demo`: everything at once, nothing to set up: a carrier, a sample address book, the whole method.

mod board;
mod result;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use anyhow::{Context as _, Result};
use ringback_carrier::{Faults, Handle, Options};
use ringback_core::{
    Amount, Mode,
    recovery::{Event, Word},
};
use ringback_engine::shell::{Begin, Observer, Until};
use ringback_store::{Ask, Filter, Request, Sqlite};

use super::{carrier, export, import, init, requests::consents};
use crate::{
    Finished, cli,
    config::{self, GroupLanguage, Settings, Way},
    context::{Context, Open},
    run::{self, Run},
};

/// The sample address book.
const BOOK: &[u8] = include_bytes!("../../samples/address-book.vcf");

/// The address book's name in the demo's folder and database.
const FILE: &str = "address-book.vcf";

pub(crate) async fn demo(cli: &cli::Cli, args: &cli::Demo) -> Result<Finished> {
    let started = Instant::now();
    let wallet = carrier::wallet()?;
    let listen = ([127, 0, 0, 1], 0).into();
    let options = Options { listen, subscribers: carrier::SAMPLE.into(), faults: Faults::none(), wallet, hlr: None };
    let carrier = ringback_carrier::run(options).await?;
    let (folder, _lock) = fresh_folder().await?;
    let context = Context { json: cli.json, ..context(&carrier, &folder, args).await? };
    let open = context.open_as_engine("demo").await?;
    load(&context, &open).await?;

    let board = (!cli.json).then(|| Arc::new(board::Board::new()));
    let observer: Observer = match board.clone() {
        Some(board) => Arc::new(move |report| board.show(report)),
        None => Arc::new(|_| {}),
    };
    if let Some(board) = &board {
        board.names(&open).await?;
    }
    let begin = Begin::Recover(Filter { enrolled: true, ..open.of_book() });
    let until = Until::AtRest { claims: true };
    run::engine(&context, &open, Run { begin, until, observer }).await?;
    if let Some(board) = &board {
        board.close();
    }

    let target = folder.join("address-book-after.vcf");
    export::write(&open, FILE, &target, &export::names(GroupLanguage::Chinese)).await?;
    let result = result::Result::read(&context, &open, &carrier, started.elapsed()).await?;
    if cli.json {
        println!("{}", serde_json::to_string(&result.figures)?);
    } else {
        result.print(&target, &context.path);
    }
    Ok(if result.figures.ledger_balanced { Finished::Done } else { Finished::LedgerDiffers })
}

/// The demo's own folder, emptied of what an earlier demo left, and the lock on it: a second demo would empty it again.
async fn fresh_folder() -> Result<(PathBuf, fs::File)> {
    let folder = config::data_folder().join("demo");
    fs::create_dir_all(&folder).with_context(|| format!("{}: cannot be created", folder.display()))?;
    let lock = folder.join("demo.lock");
    let lock = fs::File::create(&lock).with_context(|| format!("{}: cannot be written", lock.display()))?;
    let busy = || format!("{}: another demo runs there; wait for its end, or stop it", folder.display());
    lock.try_lock().with_context(busy)?;
    // Somebody may look around in what an earlier demo left; what else is wrong with it goes with it.
    let earlier = Sqlite::open_as_engine(&folder.join("ringback.db"), "demo").await;
    if let Err(error) = earlier.map(drop)
        && error.is_held()
    {
        return Err(error.into());
    }
    for file in ["ringback.db", "ringback.db-wal", "ringback.db-shm", "ringback.toml", FILE, "address-book-after.vcf"] {
        let path = folder.join(file);
        if path.exists() {
            fs::remove_file(&path).with_context(|| format!("{}: cannot be removed", path.display()))?;
        }
    }
    fs::write(folder.join(FILE), BOOK).with_context(|| format!("{}: cannot be written", folder.display()))?;
    Ok((folder, lock))
}

/// A configuration as `init --sandbox` writes it, with room for the whole of every ladder.
async fn context(carrier: &Handle, folder: &Path, args: &cli::Demo) -> Result<Context> {
    let url = carrier.url();
    let cny = |yuan: i64| -> Result<Amount> { Ok(Amount::from_minor(yuan * 100, "CNY".parse()?)) };
    let text = init::text(&init::Answers {
        region: "CN".into(),
        probe: cny(1)?,
        set: Way::Remembered,
        amount: Some(cny(30)?),
        ladder: args.ladder,
        highest_plan: cny(600)?,
        cap_recovery: cny(3_000)?,
        cap_line: cny(3_000)?,
        cap_day: cny(50_000)?,
        cap_book: cny(50_000)?,
        database: Some("ringback.db".into()),
        channel: init::sandbox_channel(&url),
        provider: init::Provider::Sandbox(url.clone(), init::profile(&url).await?),
    });
    let path = folder.join("ringback.toml");
    fs::write(&path, &text).with_context(|| format!("{}: cannot be written", path.display()))?;
    Ok(Context { path, settings: Settings::parse(&text)?, json: false })
}

/// Imports the sample and enrols every line of it.
async fn load(context: &Context, open: &Open) -> Result<()> {
    let now = run::clock()?.now();
    let (contacts, _) = import::parse(BOOK, &context.settings.book.region);
    open.store.import(open.book, FILE, &contacts).await?;
    let ask = Ask::Event(Event::Told(Word::Enrolled(consents(now.wall_ms), Mode::Auto)));
    let lines = open.lines(&open.of_book()).await?;
    let requests: Vec<Request> = lines.iter().map(|line| Request { line: line.id, ask: ask.clone() }).collect();
    open.store.post(&requests).await?;
    let observer: Observer = Arc::new(|_| {});
    let run = Run { begin: Begin::Requests, until: Until::Committed, observer };
    run::engine(context, open, run).await
}
