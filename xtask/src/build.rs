//! Binaries as optimised as what is shipped, with every assertion and every overflow check.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// Builds one binary, and says where it is.
pub(crate) fn optimised(arguments: &[&str]) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--profile", "proof", "--message-format", "json"]).args(arguments);
    let built = command.stderr(Stdio::inherit()).output()?;
    ensure!(built.status.success(), "the binary cannot be built");
    let messages = String::from_utf8_lossy(&built.stdout);
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let program = messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).next_back();
    program.filter(|program| Path::exists(program)).context("cargo names no binary")
}
