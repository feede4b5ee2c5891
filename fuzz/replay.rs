//! Replays the corpus of a fuzz target in a plain test. Each room that has targets includes this file.

use std::{fs, path::Path};

/// The fewest files that a corpus has; an empty folder would prove nothing.
const FEWEST: usize = 8;

/// Runs `check` on every file of `fuzz/corpus/<target>`. A test that fails prints the file last.
pub(crate) fn replay(target: &str, check: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let entries = fs::read_dir(&folder).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= FEWEST, "{}: {} files", folder.display(), files.len());
    for file in files {
        println!("{}", file.display());
        check(&fs::read(file).unwrap());
    }
}
