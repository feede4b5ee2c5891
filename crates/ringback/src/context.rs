//! What every command needs: the configuration, the database, the lines that are meant.

use std::{fs::File, io::BufReader, path::PathBuf, sync::Arc};

use anyhow::{Context as _, Result, bail, ensure};
use ringback_contacts as contacts;
use ringback_core::{Amount, BookId, Currency, Line, LineId, Msisdn};
use ringback_store::{Filter, Sqlite, Store};

use crate::{
    cli::{Cli, Selection},
    config::{self, Settings},
};

/// Lines read at a time.
const PAGE: u32 = 1_000;

/// The configuration of this call.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) path: PathBuf,
    pub(crate) settings: Settings,
    pub(crate) json: bool,
}

/// An open database with the configured book in it.
pub(crate) struct Open {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) book: BookId,
    pub(crate) region: String,
}

impl Context {
    pub(crate) fn read(cli: &Cli) -> Result<Self> {
        let path = cli.config.clone().unwrap_or_else(config::default_path);
        let settings = Settings::read(&path)?;
        Ok(Self { path, settings, json: cli.json })
    }

    pub(crate) fn database(&self) -> PathBuf {
        config::database(&self.settings, &self.path)
    }

    /// Opens the database beside an engine that may be running, and writes nothing: the book was made by an import.
    pub(crate) async fn open(&self) -> Result<Open> {
        let path = self.database();
        let name = &self.settings.book.name;
        let missing =
            || format!("{}: there is no book `{name}` yet; `ringback import contacts.vcf` comes first", path.display());
        ensure!(path.exists(), missing());
        let store = Arc::new(Sqlite::open(&path).await?);
        let found = store.books().await?.into_iter().find(|book| book.name == *name);
        let book = found.with_context(missing)?.id;
        Ok(Open { store, book, region: self.settings.book.region.clone() })
    }

    /// Opens the database to import into it; database and book are made where they are missing.
    pub(crate) async fn open_to_import(&self) -> Result<Open> {
        let path = self.prepare_folder()?;
        self.opened(Arc::new(Sqlite::open(&path).await?)).await
    }

    /// Opens the database as the one engine; a second one is refused by the name of the first.
    pub(crate) async fn open_as_engine(&self, name: &str) -> Result<Open> {
        let path = self.prepare_folder()?;
        self.opened(Arc::new(Sqlite::open_as_engine(&path, name).await?)).await
    }

    /// A typed amount that moves money in this book: in the currency in which its lines are paid.
    pub(crate) fn money(&self, amount: Amount) -> Result<Amount> {
        in_currency(amount, self.settings.policy.probe.currency(), "this book pays")
    }

    fn prepare_folder(&self) -> Result<PathBuf> {
        let path = self.database();
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("{}: cannot be created", folder.display()))?;
        }
        Ok(path)
    }

    async fn opened(&self, store: Arc<dyn Store>) -> Result<Open> {
        let region = self.settings.book.region.clone();
        let book = store.save_book(&self.settings.book.name, &region, &self.settings.policy()).await?;
        Ok(Open { store, book, region })
    }
}

/// A typed amount that is in the currency wanted; `who` says who wants it.
pub(crate) fn in_currency(amount: Amount, wanted: Currency, who: &str) -> Result<Amount> {
    ensure!(amount.currency() == wanted, "{amount}: {who} in {wanted}; write it as `50 {wanted}`");
    Ok(amount)
}

impl Open {
    /// All lines that match.
    pub(crate) async fn lines(&self, filter: &Filter) -> Result<Vec<Line>> {
        let mut all = Vec::new();
        let mut after = LineId(0);
        loop {
            let page = self.store.lines(filter, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(all) };
            after = last.id;
            all.extend(page);
        }
    }

    /// The filter of this book.
    pub(crate) fn of_book(&self) -> Filter {
        Filter { books: Some(vec![self.book]), ..Filter::default() }
    }

    /// The line with a typed number.
    pub(crate) async fn line(&self, number: &str) -> Result<Line> {
        let found = self.known(vec![Msisdn::parse(number, &self.region)?]).await?;
        found.into_iter().next().with_context(|| format!("{number} is not in the book"))
    }

    /// The lines of a selection: all, typed numbers, or the numbers of a call log that the book knows (S101).
    pub(crate) async fn select(&self, selection: &Selection) -> Result<Vec<Line>> {
        if selection.all {
            let all = self.lines(&self.of_book()).await?;
            ensure!(!all.is_empty(), "the book has no lines; `ringback import contacts.vcf` comes first");
            return Ok(all);
        }
        let mut numbers = self.typed(&selection.numbers)?;
        if selection.calls.is_none() {
            return self.known(numbers).await;
        }
        if let Some(path) = &selection.calls {
            let file = File::open(path).with_context(|| format!("{}: cannot be read", path.display()))?;
            let proposals = contacts::proposals(contacts::calls(BufReader::new(file)), &self.region)?;
            numbers.extend(proposals.entries.iter().map(|entry| entry.msisdn));
        }
        let found = self.lines(&Filter { numbers: Some(numbers), ..self.of_book() }).await?;
        ensure!(!found.is_empty(), "the book knows none of these numbers");
        Ok(found)
    }

    /// The lines with these numbers; the first number that the book does not know is an error.
    pub(crate) async fn known(&self, numbers: Vec<Msisdn>) -> Result<Vec<Line>> {
        let found = self.lines(&Filter { numbers: Some(numbers.clone()), ..self.of_book() }).await?;
        if let Some(number) = numbers.iter().find(|number| !found.iter().any(|line| line.msisdn == **number)) {
            bail!("{number} is not in the book; `ringback import --number {number}` adds it");
        }
        Ok(found)
    }

    /// Typed numbers, all of them or the first error.
    pub(crate) fn typed(&self, texts: &[String]) -> Result<Vec<Msisdn>> {
        texts.iter().map(|text| Ok(Msisdn::parse(text, &self.region)?)).collect()
    }
}
