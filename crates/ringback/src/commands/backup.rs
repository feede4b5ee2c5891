//! `backup` and `restore`: the database as one file, and back, fenced (S3).

use anyhow::{Result, ensure};
use ringback_store::{Head, Sqlite};
use serde_json::json;

use crate::{cli, context::Context, run, show};

pub(crate) async fn backup(context: &Context, args: &cli::Backup) -> Result<()> {
    let path = context.database();
    ensure!(path.exists(), "{}: there is no database yet", path.display());
    let store = Sqlite::open(&path).await?;
    let progress = show::spinner("copying and checking the database");
    let head = store.backup(&args.file, args.force).await;
    progress.finish_and_clear();
    let head = head?;
    if context.json {
        println!("{}", json!({ "file": args.file, "head": head }));
    } else {
        println!("{} is whole and checked; {}", args.file.display(), reaches(head.as_ref()));
    }
    Ok(())
}

pub(crate) async fn restore(context: &Context, args: &cli::Restore) -> Result<()> {
    let path = context.database();
    let progress = show::spinner("checking and copying the backup");
    let restored = Sqlite::restore(&args.file, &path, run::clock()?.now().wall_ms).await;
    progress.finish_and_clear();
    let restored = restored?;
    if context.json {
        println!("{}", json!({ "database": path, "head": restored.head, "aside": restored.aside, "fenced": true }));
        return Ok(());
    }
    println!("{} is restored; {}", path.display(), reaches(restored.head.as_ref()));
    if let Some(aside) = restored.aside {
        println!("What was there before is in {}", aside.display());
    }
    println!("Nothing is paid before the providers' statements are compared: `ringback run` does it and goes on.");
    Ok(())
}

/// Up to where a database knows what happened.
fn reaches(head: Option<&Head>) -> String {
    let reaches = |head: &Head| {
        format!("it reaches to {} (batch {}, head {})", super::story::time(head.at_ms), head.batch, head.hash)
    };
    head.map_or_else(|| "nothing was committed in it yet".into(), reaches)
}
