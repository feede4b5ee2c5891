//! The reference job: status, offer, intent, outcome, status, intent, outcome, status: eight durable transitions a line,
//! with a network and a provider that answer at once.
#![expect(clippy::float_arithmetic, reason = "measurements for people, no money")]

use std::{collections::BTreeMap, time::Instant};

use anyhow::{Context as _, Result, ensure};
use ringback_core::{
    Amount, Answer, BookId, Carrier, Denominations, Line, LineId, Mode, Msisdn, Offer, Order, Outcome, Policy,
    Reachable, Receipt, Reply, Route, Status,
    admit::{Cap, Caps, REQUIRED},
    ladder,
    line::{State, Terms},
    policy::{SetAmount, Timing},
    recovery::{Event, Word},
    status::Bar,
};
use ringback_engine::{Config, Engine, Input, Limits, Output, Wiring, shell::Clock};
use ringback_store::{Contact, Filter, Sqlite, Store};
use tempfile::TempDir;

use super::meter;
use crate::{commands::requests::consents, run};

/// Lines in flight.
pub(super) const IN_FLIGHT: usize = 1_000;

/// What the job took.
pub(super) struct Measured {
    pub(super) fsync_per_line: f64,
    pub(super) bytes_per_line: f64,
    pub(super) cpu_s_per_1000_lines: f64,
    pub(super) lines_s: f64,
}

/// Brings so many lines back, so many at a time, in a database of its own on the disk.
pub(super) async fn measure(count: u32, in_flight: usize) -> Result<Measured> {
    let folder = folder()?;
    let store = Sqlite::open_as_engine(&folder.path().join("bench.db"), "bench").await?;
    let book = store.save_book("bench", "CN", &policy()).await?;
    let clock = run::clock()?;
    import(&store, book, count).await?;
    let mut bench = Bench { engine: engine(book, in_flight), store, clock };
    let lines = bench.all().await?;
    for chunk in lines.chunks(1_000) {
        bench.drive(chunk.iter().map(|line| enrolled(line.id)).collect()).await?;
    }
    bench.measured(in_flight).await
}

/// The engine and its database.
struct Bench {
    engine: Engine,
    store: Sqlite,
    clock: Clock,
}

impl Bench {
    async fn measured(&mut self, in_flight: usize) -> Result<Measured> {
        let lines = self.all().await?;
        let (commits, bytes) = (self.store.commits(), self.store.size_bytes().await?);
        let (cpu, began) = (meter::cpu(), Instant::now());
        for chunk in lines.chunks(in_flight) {
            self.drive(vec![Input::Check(chunk.to_vec())]).await?;
            self.drive(vec![Input::Check(self.again(chunk).await?)]).await?;
        }
        let (took, cpu) = (began.elapsed(), meter::cpu().saturating_sub(cpu));
        let count = lines.len() as f64;
        self.check().await?;
        Ok(Measured {
            fsync_per_line: (self.store.commits() - commits) as f64 / count,
            bytes_per_line: self.store.size_bytes().await?.saturating_sub(bytes) as f64 / count,
            cpu_s_per_1000_lines: cpu.as_secs_f64() * 1_000.0 / count,
            lines_s: count / took.as_secs_f64(),
        })
    }

    /// Every line is back, with a probe and a set amount each.
    async fn check(&self) -> Result<()> {
        let back = |line: &Line| line.state == State::Idle && line.outcomes == 2;
        ensure!(self.all().await?.iter().all(back), "the reference job left lines behind");
        Ok(())
    }

    async fn again(&self, lines: &[Line]) -> Result<Vec<Line>> {
        let ids: Vec<LineId> = lines.iter().map(|line| line.id).collect();
        Ok(self.store.lines_by_id(&ids).await?)
    }

    async fn all(&self) -> Result<Vec<Line>> {
        Ok(self.store.lines(&Filter::default(), LineId(0), u32::MAX).await?)
    }

    /// Hands inputs to the engine and answers whatever it asks for, until nothing moves.
    async fn drive(&mut self, mut inputs: Vec<Input>) -> Result<()> {
        while !inputs.is_empty() {
            let mut outputs = self.engine.handle(self.clock.now(), inputs);
            inputs = Vec::new();
            while let Some(output) = outputs.pop() {
                inputs.extend(self.answer(output).await?);
            }
        }
        Ok(())
    }

    async fn answer(&self, output: Output) -> Result<Option<Input>> {
        Ok(Some(match output {
            Output::Load(ids) => Input::Lines(self.store.lines_by_id(&ids).await?),
            Output::Commit(batch) => {
                let committed = self.store.commit(&batch).await;
                Input::Committed(batch, committed)
            }
            Output::Query(channel, lines) => {
                Input::Answers(channel, lines.iter().map(|line| (line.id, answer(line))).collect())
            }
            Output::Offers(line, _) => Input::Offers(line.id, Ok(vec![terms()])),
            Output::Prepare(line, _) => Input::Prepared(line),
            Output::Submit(line, order) | Output::Inquire(line, order) => Input::Replied(line, delivered(&order)),
            Output::Trouble(text) => anyhow::bail!("the reference job met trouble: {text}"),
            _ => return Ok(None),
        }))
    }
}

/// A line is restricted until something was paid for it.
fn answer(line: &Line) -> Answer {
    let paid = line.outcomes > 0;
    let status = if paid { Status::in_service(Reachable::Yes) } else { Status::restricted(Bar::ArrearsOrUnknown) };
    Answer { msisdn: line.msisdn, status, imsi: None }
}

fn delivered(order: &Order) -> Reply {
    Outcome::Delivered(Receipt { debited: order.asked, delivered: order.asked }).into()
}

fn enrolled(line: LineId) -> Input {
    Input::Event(line, Event::Told(Word::Enrolled(consents(1), Mode::Auto)), None)
}

/// Lines without cards: numbers alone.
async fn import(store: &Sqlite, book: BookId, count: u32) -> Result<()> {
    let contact = |number: u32| -> Result<Contact> {
        let msisdn: Msisdn = format!("+86138{number:08}").parse()?;
        Ok(Contact { raw: Vec::new(), name: String::new(), numbers: vec![msisdn] })
    };
    let contacts = (0..count).map(contact).collect::<Result<Vec<_>>>()?;
    store.import(book, "", &contacts).await?;
    Ok(())
}

fn engine(book: BookId, in_flight: usize) -> Engine {
    let limits = Limits { in_flight, per_second: u32::MAX, batch: 1_000 };
    let wiring = Wiring::new(policy(), Route::of("network"), vec!["provider".into()]);
    let config = Config {
        books: BTreeMap::from([(book, wiring)]),
        limits: BTreeMap::from([("network".into(), limits), ("provider".into(), Limits { batch: 1, ..limits })]),
        batch: 2_048,
        claim_poll_ms: 1_000,
        check_every_ms: None,
        statements_every_ms: None,
        statements_final_after_ms: 0,
    };
    Engine::new(config, run::random())
}

/// The policy of every bench: a probe of one yuan, thirty to follow, no waiting, caps out of reach.
pub(super) fn policy() -> Policy {
    let caps = REQUIRED.iter().map(|&(scope, period)| Cap { scope, period, limit: yuan(1_000_000_000) });
    Policy {
        probe: yuan(1),
        set: SetAmount::Remembered(Some(yuan(30))),
        ladder: ladder::Kind::Cumulative,
        highest_plan: yuan(600),
        caps: Caps(caps.collect()),
        timing: Timing { settling_ms: 0, ..Timing::default() },
        max_orders: 40,
        max_recoveries: 3,
        desk: "desk".into(),
    }
}

/// What the provider offers, with the plans that a real carrier has.
fn terms() -> Terms {
    Terms {
        offer: Offer {
            provider: "provider".into(),
            carrier: Carrier::named("China Mobile"),
            product: "1".into(),
            plans: [8, 18, 28, 38, 58, 88, 128, 158, 188, 238, 288, 388, 588].map(yuan).to_vec(),
            denominations: Denominations::Range { min: yuan(1), max: yuan(500), step: yuan(1) },
        },
        inquiry_by_reference: true,
        min_gap_ms: 0,
        not_found_final_after_ms: 1_000,
        inquiry_spacing_ms: 1_000,
        max_fee: None,
    }
}

pub(super) fn yuan(yuan: i64) -> Amount {
    Amount::from_minor(yuan * 100, "CNY".parse().expect("CNY is in ISO 4217"))
}

/// A folder in the working directory, removed at the end: the one for temporary files may lie in memory, where a synced
/// write costs nothing.
pub(super) fn folder() -> Result<TempDir> {
    let made = tempfile::Builder::new().prefix(".ringback-bench-").tempdir_in(".");
    made.context("the working directory cannot be written; bench measures its file system")
}
