//! `cargo xtask package`: the Debian package, with the shell completions of the binary that is in it.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context as _, Result, ensure};

/// What a package is made from besides the sources.
const MADE: &str = "package";

/// The completions, by the name that each shell looks for.
const COMPLETIONS: [(&str, &str); 3] = [("bash", "ringback.bash"), ("zsh", "_ringback"), ("fish", "ringback.fish")];

pub(crate) fn package() -> ExitCode {
    match built() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("package: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn built() -> Result<()> {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    run(&mut cargo(&["build", "--release", "--package", "ringback"]))?;
    complete(&target)?;
    let tool = cargo_deb(&target)?;
    let mut command = Command::new(tool);
    run(command.args(["--no-build", "--package", "ringback"]))
}

/// Writes the completions of the binary that was just built.
fn complete(target: &Path) -> Result<()> {
    let folder = target.join(MADE);
    fs::create_dir_all(&folder).with_context(|| format!("{}: cannot be made", folder.display()))?;
    for (shell, name) in COMPLETIONS {
        let printed = Command::new(target.join("release/ringback")).args(["completions", shell]).output()?;
        ensure!(printed.status.success(), "the completions for {shell} cannot be printed");
        fs::write(folder.join(name), printed.stdout)?;
    }
    Ok(())
}

/// The tool that writes the package; it is built once, and stays where the rest is built.
fn cargo_deb(target: &Path) -> Result<PathBuf> {
    let tool = target.join("tools/bin/cargo-deb");
    if !tool.exists() {
        eprintln!("package: cargo-deb is missing; installing it into {}", target.join("tools").display());
        let root = target.join("tools").display().to_string();
        run(&mut cargo(&["install", "--quiet", "--locked", "--root", &root, "cargo-deb"]))?;
    }
    Ok(tool)
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.args(arguments);
    command
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{command:?} cannot be started"))?;
    ensure!(status.success(), "{command:?} failed");
    Ok(())
}
