//! Whether every dependency of every room is used: one that no source names only costs time and trust.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Packages whose library has another name.
const LIBRARIES: [(&str, &str); 1] = [("vcard-rs", "vcard")];

/// Says which dependencies no source of their crate names; true where there are none.
pub(crate) fn are_used() -> bool {
    eprintln!("check: unused dependencies");
    let crates = fs::read_dir("crates").into_iter().flatten().flatten().map(|entry| entry.path());
    let unused: Vec<String> = crates.flat_map(|folder| unused_in(&folder)).collect();
    for line in &unused {
        eprintln!("{line}");
    }
    unused.is_empty()
}

fn unused_in(folder: &Path) -> Vec<String> {
    let manifest = folder.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap_or_default();
    let sources: String = ["src", "tests", "benches"].iter().map(|part| sources(&folder.join(part))).collect();
    let named = |package: &str| sources.contains(&format!("{}::", library(package)));
    let unused = dependencies(&text).filter(|dependency| !named(dependency));
    unused.map(|dependency| format!("{}: no source names `{dependency}`; remove it", manifest.display())).collect()
}

/// The name that a package has in sources.
fn library(package: &str) -> String {
    let other = LIBRARIES.iter().find(|(name, _)| *name == package).map(|(_, library)| *library);
    other.unwrap_or(package).replace('-', "_")
}

/// The names under `[dependencies]` and `[dev-dependencies]`.
fn dependencies(manifest: &str) -> impl Iterator<Item = &str> {
    let mut within = false;
    manifest.lines().filter_map(move |line| {
        if line.starts_with('[') {
            within = line.ends_with("dependencies]");
        }
        let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
        (within && !line.starts_with('[') && !name.is_empty()).then_some(name)
    })
}

/// Every Rust source below a folder, as one text.
fn sources(folder: &Path) -> String {
    let entries: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries
        .iter()
        .map(|path| if path.is_dir() { sources(path) } else { fs::read_to_string(path).unwrap_or_default() })
        .collect()
}
