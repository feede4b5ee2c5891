//! `import`: address books, typed numbers, and what a call log proposes.

use std::{fs, fs::File, io::BufReader, path::Path};

use anyhow::{Context as _, Result, bail};
use ringback_contacts as contacts;
use ringback_core::Msisdn;
use ringback_store::{Contact, Filter, Imported};
use serde_json::{Value, json};

use crate::{
    cli,
    context::{Context, Open},
    show,
};

/// A file that is larger is refused: an address book of 100,000 contacts has 24 MB.
const LARGEST_FILE: u64 = 512 << 20;

pub(crate) async fn import(context: &Context, args: &cli::Import) -> Result<()> {
    let open = context.open_to_import().await?;
    let mut reports = Vec::new();
    for path in &args.files {
        reports.push(file(&open, path).await?);
    }
    if !args.number.is_empty() {
        reports.push(typed(&open, &args.number).await?);
    }
    if let Some(path) = &args.calls {
        reports.push(calls(&open, path).await?);
    }
    if context.json {
        println!("{}", json!({ "imported": reports }));
    } else {
        reports.iter().for_each(print);
    }
    let nothing = |report: &&Value| {
        report["contacts"] == 0 && report["problems"].as_array().is_some_and(|problems| !problems.is_empty())
    };
    match reports.iter().find(nothing) {
        None => Ok(()),
        Some(report) => bail!("{}: nothing of it could be read", report["file"].as_str().unwrap_or_default()),
    }
}

async fn file(open: &Open, path: &Path) -> Result<Value> {
    let unreadable = || format!("{}: cannot be read", path.display());
    // The file is known by its whole path: another folder's file of the same name is another address book.
    let key = fs::canonicalize(path).with_context(unreadable)?.to_string_lossy().into_owned();
    let size = fs::metadata(path).with_context(unreadable)?.len();
    anyhow::ensure!(size <= LARGEST_FILE, "{}: larger than 512 MiB; split the address book", path.display());
    let progress = show::spinner(format!("reading {}", path.display()));
    let bytes = fs::read(path).with_context(unreadable)?;
    let (segments, problems) = parse(&bytes, &open.region);
    progress.set_message(format!("storing {} contacts", segments.len()));
    let imported = open.store.import(open.book, &key, &segments).await?;
    progress.finish_and_clear();
    Ok(report(&path.display().to_string(), imported, &problems))
}

/// The segments of a vCard file as they are stored, and what was not understood.
pub(crate) fn parse(bytes: &[u8], region: &str) -> (Vec<Contact>, Vec<contacts::Problem>) {
    let mut problems = Vec::new();
    let book = contacts::read(bytes);
    let segments = book.segments.into_iter().map(|segment| {
        let raw = segment.raw.to_vec();
        match segment.content {
            Ok(card) => {
                let numbers = numbers(&card, segment.line, region, &mut problems);
                Contact { raw, name: card.name, numbers }
            }
            Err(problem) => {
                problems.push(problem);
                Contact { raw, name: String::new(), numbers: Vec::new() }
            }
        }
    });
    (segments.collect(), problems)
}

/// The lines of a card; a number that is none is reported and the rest goes on.
fn numbers(card: &contacts::Card, line: usize, region: &str, problems: &mut Vec<contacts::Problem>) -> Vec<Msisdn> {
    if card.group {
        return Vec::new();
    }
    let mut found: Vec<Msisdn> = Vec::new();
    for number in &card.numbers {
        match Msisdn::parse(&number.text, region) {
            Ok(msisdn) if !found.contains(&msisdn) => found.push(msisdn),
            Ok(_) => {}
            Err(error) => problems.push(contacts::Problem {
                line,
                field: "TEL".into(),
                reason: format!("{}: {error}", card.name),
                remedy: "correct the number in the address book; the card is kept as it is".into(),
            }),
        }
    }
    found
}

async fn typed(open: &Open, texts: &[String]) -> Result<Value> {
    let (mut segments, mut problems) = (Vec::new(), Vec::new());
    for entry in texts.iter().flat_map(|text| contacts::typed(text, &open.region)) {
        match entry {
            Ok(msisdn) => segments.push(Contact { raw: Vec::new(), name: String::new(), numbers: vec![msisdn] }),
            Err(problem) => problems.push(problem),
        }
    }
    let imported = open.store.import(open.book, "", &segments).await?;
    Ok(report("typed numbers", imported, &problems))
}

/// A call log only proposes: nothing is stored.
async fn calls(open: &Open, path: &Path) -> Result<Value> {
    let file = File::open(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    let found = contacts::proposals(contacts::calls(BufReader::new(file)), &open.region)?;
    let numbers = Some(found.entries.iter().map(|entry| entry.msisdn).collect());
    let known = open.lines(&Filter { numbers, ..open.of_book() }).await?;
    let unknown = found.entries.iter().filter(|entry| !known.iter().any(|line| line.msisdn == entry.msisdn));
    let proposed: Vec<Value> =
        unknown.map(|e| json!({ "number": e.msisdn, "name": e.name, "calls": e.count })).collect();
    Ok(json!({
        "file": path.display().to_string(), "proposed": proposed, "known": known.len(),
        "skipped": found.skipped, "problems": problem_list(&found.problems),
    }))
}

fn report(file: &str, imported: Imported, problems: &[contacts::Problem]) -> Value {
    json!({
        "file": file, "contacts": imported.contacts, "new_lines": imported.new_lines,
        "known_lines": imported.known_lines, "problems": problem_list(problems),
    })
}

fn problem_list(problems: &[contacts::Problem]) -> Vec<Value> {
    problems
        .iter()
        .map(|p| json!({ "line": p.line, "field": p.field, "reason": p.reason, "remedy": p.remedy }))
        .collect()
}

fn print(report: &Value) {
    let text = |key: &str| report[key].as_str().unwrap_or_default().to_owned();
    match report["proposed"].as_array() {
        Some(proposed) => {
            println!("{}: {} numbers that the book does not know", text("file"), proposed.len());
            let mut table = show::table(&["number", "calls", "name"]);
            for entry in proposed {
                let cell = |key: &str| entry[key].as_str().map_or_else(|| entry[key].to_string(), str::to_owned);
                table.add_row([cell("number"), cell("calls"), entry["name"].as_str().unwrap_or("").to_owned()]);
            }
            println!("{table}\nA log only proposes; `ringback import --number NUMBER` adds a line.");
        }
        None => println!(
            "{}: {} contacts, {} new lines, {} known; `ringback enrol` allows queries and payments",
            text("file"),
            report["contacts"],
            report["new_lines"],
            report["known_lines"],
        ),
    }
    for problem in report["problems"].as_array().into_iter().flatten() {
        let part = |key: &str| problem[key].as_str().unwrap_or_default();
        eprintln!("  {}:{}: {}: {} ({})", text("file"), problem["line"], part("field"), part("reason"), part("remedy"));
    }
}
