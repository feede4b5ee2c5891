//! `export`: the address book goes back, each contact in the group of its line (claims 3 and 4).

use std::{
    ffi::OsStr,
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
    show,
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
    let targets: Vec<PathBuf> = if files.len() == 1 && !args.target.is_dir() {
        vec![args.target.clone()]
    } else {
        file_names(&files).into_iter().map(|name| args.target.join(name)).collect()
    };
    for target in &targets {
        ensure!(args.force || !target.exists(), "{}: is there already; --force replaces it", target.display());
    }
    let mut written = Vec::new();
    for (file, target) in files.iter().zip(&targets) {
        let progress = show::spinner(format!("writing {}", target.display()));
        let done = write(&open, file, target, &names).await?;
        progress.finish_and_clear();
        let Exported { target, contacts, changed } = done;
        if !context.json {
            println!("{}: {contacts} contacts, {changed} in another group", target.display());
        }
        written.push(
            json!({ "file": target.display().to_string(), "from": file, "contacts": contacts, "changed": changed }),
        );
    }
    if context.json {
        println!("{}", json!({ "files": written }));
    }
    Ok(())
}

/// A name for each imported file: its own; with its folder's name before it where two files have the same, and with a
/// number where even that is not enough.
fn file_names(files: &[String]) -> Vec<String> {
    let part = |path: Option<&OsStr>| path.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let own = |file: &String| part(Path::new(file).file_name());
    let mut names: Vec<String> = Vec::new();
    for file in files {
        let alone = files.iter().filter(|other| own(other) == own(file)).count() == 1;
        let folder = part(Path::new(file).parent().and_then(Path::file_name));
        let name = if alone || folder.is_empty() { own(file) } else { format!("{folder}-{}", own(file)) };
        let numbered = (2..).map(|number| format!("{number}-{name}"));
        let free = std::iter::once(name.clone()).chain(numbered).find(|name| !names.contains(name));
        names.extend(free);
    }
    names
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

#[cfg(test)]
mod tests {
    use super::file_names;

    #[test]
    fn two_files_of_one_name_are_told_apart_by_their_folders() {
        let names = |files: &[&str]| file_names(&files.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(names(&["/a/work.vcf", "/b/home.vcf"]), ["work.vcf", "home.vcf"]);
        assert_eq!(names(&["/alice/c.vcf", "/bob/c.vcf", "/x.vcf"]), ["alice-c.vcf", "bob-c.vcf", "x.vcf"]);
        assert_eq!(names(&["/1/a/c.vcf", "/2/a/c.vcf", "/a-c.vcf"]), ["a-c.vcf", "2-a-c.vcf", "3-a-c.vcf"]);
    }
}
