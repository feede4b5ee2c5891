//! `export`: the address book goes back, each contact in the group of its line (claims 3 and 4).

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use ringback_contacts::{GroupNames, regroup};
use ringback_core::Group;
use serde_json::json;

use crate::{
    cli,
    config::GroupLanguage,
    context::{Context, Open},
};

/// Contacts read at a time.
const PAGE: u32 = 2_000;

/// What an export did.
pub(crate) struct Exported {
    pub(crate) target: PathBuf,
    pub(crate) contacts: u64,
    pub(crate) changed: u64,
}

pub(crate) async fn export(context: &Context, args: &cli::Export) -> Result<()> {
    let open = context.open().await?;
    let names = names(context.settings.book.groups);
    let files: Vec<String> = open.store.files(open.book).await?.into_iter().filter(|file| !file.is_empty()).collect();
    ensure!(!files.is_empty(), "no address book was imported; `ringback import contacts.vcf` reads one");
    for file in &files {
        let target =
            if files.len() == 1 && !args.target.is_dir() { args.target.clone() } else { args.target.join(file) };
        ensure!(args.force || !target.exists(), "{}: is there already; --force replaces it", target.display());
        let done = write(&open, file, &target, &names).await?;
        if context.json {
            let target = done.target.display().to_string();
            println!("{}", json!({ "file": target, "contacts": done.contacts, "changed": done.changed }));
        } else {
            println!("{}: {} contacts, {} in another group", done.target.display(), done.contacts, done.changed);
        }
    }
    Ok(())
}

/// The names of our groups in the book's language.
pub(crate) fn names(language: GroupLanguage) -> GroupNames {
    match language {
        GroupLanguage::English => GroupNames::english(),
        GroupLanguage::Chinese => GroupNames::chinese(),
    }
}

/// Writes one imported file, beside its target first, so that a full disk leaves the old one whole.
pub(crate) async fn write(open: &Open, file: &str, target: &Path, names: &GroupNames) -> Result<Exported> {
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder).with_context(|| format!("{}: cannot be created", folder.display()))?;
    }
    let beside = target.with_extension("part");
    let failed = || format!("{}: cannot be written", beside.display());
    let mut out = io::BufWriter::new(fs::File::create(&beside).with_context(failed)?);
    let mut done = Exported { target: target.to_owned(), contacts: 0, changed: 0 };
    let mut after = 0;
    loop {
        let page = open.store.contacts(open.book, file, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for contact in &page {
            let raw = regrouped(&contact.raw, &contact.groups, names);
            done.contacts += u64::from(!contact.name.is_empty());
            done.changed += u64::from(raw != contact.raw);
            out.write_all(&raw).with_context(failed)?;
        }
    }
    out.into_inner().map_err(io::IntoInnerError::into_error).and_then(|file| file.sync_all()).with_context(failed)?;
    fs::rename(&beside, target).with_context(|| format!("{}: cannot be written", target.display()))?;
    Ok(done)
}

/// A card with several numbers shows the most urgent group; a card that cannot be edited stays as it is.
fn regrouped(raw: &[u8], groups: &[Group], names: &GroupNames) -> Vec<u8> {
    let urgency = |group: &&Group| match group {
        Group::Suspended => 0,
        Group::Restricted => 1,
        Group::InService => 2,
    };
    let Some(group) = groups.iter().min_by_key(urgency) else { return raw.to_vec() };
    regroup(raw, names, Some(*group)).unwrap_or_else(|problem| {
        eprintln!("line {}: {}: {} ({})", problem.line, problem.field, problem.reason, problem.remedy);
        raw.to_vec()
    })
}
