//! What this process used, from Linux's `/proc`; nothing elsewhere.

use std::{fs, time::Duration};

/// The unit of `/proc/self/stat`, fixed by Linux for programs.
const TICK: Duration = Duration::from_millis(10);

/// CPU time of all threads, user and system.
pub(super) fn cpu() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The fields after the program's name, which may itself hold spaces: utime and stime are the 12th and 13th.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks: u32 = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u32>().ok()).sum();
    TICK * ticks
}

/// Forgets the greatest use of memory so far.
pub(super) fn forget_peak() {
    // Where it cannot be forgotten, the peak is that of the whole run: too large, never too small.
    fs::write("/proc/self/clear_refs", "5").unwrap_or_default();
}

/// The greatest use of memory since it was forgotten, in kilobytes.
pub(super) fn peak_kb() -> u32 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
