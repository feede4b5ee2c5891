//! The machine: its clock, its disk, and the database.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use ringback_core::admit::Switches;
use rustix::fs::statvfs;

use super::{Finding, Patient, failure, good, warning};

/// Free space below which a disk may be full before anybody looks again.
const LITTLE_BYTES: u64 = 1 << 30;

/// Free space below which not even a day's work can be written.
const TOO_LITTLE_BYTES: u64 = 64 << 20;

/// No clock of a machine that runs this stood before: 2026-01-01.
const EARLIEST: Duration = Duration::from_hours(490_896);

/// How far a clock may lie behind what was written, for file systems that keep time of their own.
const BEHIND: Duration = Duration::from_mins(2);

pub(super) async fn examine(patient: &Patient<'_>) -> Vec<Finding> {
    let database = patient.context.database();
    let written = database.metadata().and_then(|file| file.modified()).ok();
    let mut findings = vec![clock(SystemTime::now(), written)];
    findings.extend(disk(database.parent().unwrap_or(Path::new("."))));
    findings.extend(kept(patient).await);
    findings
}

/// The clock decides which day it is (C3), and how old a status is (K1).
fn clock(now: SystemTime, written: Option<SystemTime>) -> Finding {
    let remedy = "set the clock, and have it kept by NTP (timedatectl set-ntp true)";
    let behind = written.and_then(|written| written.duration_since(now).ok()).filter(|behind| *behind > BEHIND);
    match (now.duration_since(SystemTime::UNIX_EPOCH), behind) {
        (Ok(since), None) if since >= EARLIEST => good("clock", "it stands after everything that was written"),
        (_, Some(behind)) => {
            failure("clock", format!("it stands {} s before the last change of the database", behind.as_secs()), remedy)
        }
        _ => failure("clock", "it stands in the past, as after a flat battery", remedy),
    }
}

fn disk(folder: &Path) -> Option<Finding> {
    let space = statvfs(folder).ok()?;
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    let said = format!("{} MB are free at {}", free >> 20, folder.display());
    let remedy = "free some, or move the database (book.database): a full disk stops all spending";
    Some(match free {
        free if free < TOO_LITTLE_BYTES => failure("disk", said, remedy),
        free if free < LITTLE_BYTES => warning("disk", said, remedy),
        _ => good("disk", said),
    })
}

/// What the database says about itself.
async fn kept(patient: &Patient<'_>) -> Vec<Finding> {
    let Some(open) = &patient.open else { return Vec::new() };
    let store = &open.store;
    let mut findings = vec![good("database", format!("{} opens", patient.context.database().display()))];
    match store.switches().await {
        Ok(switches) => findings.extend(stops(switches)),
        Err(error) => findings.push(failure("database", error.to_string(), "restore a backup: `ringback restore`")),
    }
    if let Ok(Some(_)) = store.fenced(&[open.book]).await {
        findings.push(warning(
            "database",
            "it was restored or copied, and pays nothing before it is reconciled",
            "`ringback recover` compares it with the providers' statements",
        ));
    }
    findings
}

fn stops(switches: Switches) -> Vec<Finding> {
    let told = [
        (switches.paused, "the kill switch is on"),
        (switches.frozen, "spending is frozen"),
        (switches.clock_fault, "the clock ran away, and spending stopped"),
    ];
    let stopped = told.into_iter().filter(|(on, _)| *on);
    stopped.map(|(_, said)| warning("spending", said, "`ringback resume`, once you know why")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::Level;

    #[test]
    fn a_clock_that_stands_before_what_was_written_is_found() {
        let at = |days: u64| SystemTime::UNIX_EPOCH + Duration::from_hours(days * 24);
        for (now, written, level) in [
            (at(21_000), None, Level::Good),
            (at(21_000), Some(at(20_999)), Level::Good),
            (at(21_000), Some(at(21_001)), Level::Failure),
            (at(3), None, Level::Failure),
        ] {
            assert_eq!(clock(now, written).level, level);
        }
    }

    #[test]
    fn s2_every_stop_is_told_with_its_remedy() {
        let all = Switches { paused: true, frozen: true, clock_fault: true };
        assert_eq!(stops(all).len(), 3);
        assert!(stops(all).iter().all(|finding| finding.remedy.is_some()));
        assert_eq!(stops(Switches::default()), []);
    }
}
