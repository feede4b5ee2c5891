//! `lines`: the book as a table.

use anyhow::Result;
use comfy_table::Cell;
use ringback_core::{Group, Line, LineId, recovery::Record};
use ringback_store::Filter;
use serde_json::{Value, json};
use std::collections::BTreeMap;

use crate::{cli, context::Context, show};

pub(crate) async fn lines(context: &Context, args: &cli::Lines) -> Result<()> {
    let open = context.open().await?;
    let filter =
        Filter { enrolled: args.enrolled, waiting: args.waiting, group: args.group.map(group), ..open.of_book() };
    let found = open.lines(&filter).await?;
    let ids: Vec<LineId> = found.iter().map(|line| line.id).collect();
    let names: BTreeMap<LineId, String> = open.store.names(&ids).await?.into_iter().collect();
    let name = |line: &Line| names.get(&line.id).cloned().unwrap_or_default();
    // The last recovery of each line wins.
    let ends: BTreeMap<LineId, Record> = open.store.recoveries(None).await?.into_iter().collect();
    if context.json {
        let with_end = |line: &Line| {
            let mut row = row(line, &name(line));
            let record = ends.get(&line.id);
            row["recovery"] = json!(record);
            row["cause"] = json!(record.and_then(|record| record.end.as_ref()?.cause()));
            row
        };
        let rows: Vec<Value> = found.iter().map(with_end).collect();
        println!("{}", json!({ "lines": rows }));
        return Ok(());
    }
    let mut table = show::table(&["name", "number", "mode", "state", "last recovery"]);
    for line in &found {
        let end = ends.get(&line.id).and_then(|record| record.end.as_ref()).map(show::end).unwrap_or_default();
        table.add_row([
            Cell::new(name(line)),
            Cell::new(line.msisdn),
            Cell::new(show::mode(line)),
            show::state_cell(line),
            Cell::new(end),
        ]);
    }
    println!("{table}\n{} lines", found.len());
    Ok(())
}

/// A line as JSON.
pub(crate) fn row(line: &Line, name: &str) -> Value {
    json!({
        "number": line.msisdn, "name": name, "mode": show::mode(line), "group": line.group(),
        "state": show::state(line), "seen": line.seen, "doubt": line.doubt, "told": line.told,
    })
}

fn group(arg: cli::GroupArg) -> Group {
    match arg {
        cli::GroupArg::InService => Group::InService,
        cli::GroupArg::Restricted => Group::Restricted,
        cli::GroupArg::Suspended => Group::Suspended,
    }
}
