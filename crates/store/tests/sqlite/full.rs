//! A full disk (S2): the caller is told so, nothing of the call is written, and the same call succeeds afterwards.

use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use ringback_core::{Line, LineId};
use ringback_store::{Batch, Filter, StoreError, Verdict};

use crate::{
    contract::fixture::{Scene, contact, numbers, terms},
    damage::raw,
    folder::Folder,
};

/// More orders than fit into what a journal has left in its last block.
const MANY: u32 = 300;

/// Many lines, and the batch that orders for all of them.
async fn prepare(folder: &Folder) -> (Scene, Vec<Line>, Batch) {
    let scene = Scene::open(folder).await;
    let book = scene.book("home").await;
    let lines = scene.ready(book, &numbers(0..MANY), &terms("p", &[8])).await;
    let orders = lines.iter().map(|line| scene.order(line)).collect();
    let batch = scene.batch(orders, vec![]);
    (scene, lines, batch)
}

async fn refuses_as_full(scene: &Scene, lines: &[Line], batch: &Batch) {
    for _ in 0..2 {
        let error = scene.store.commit(batch).await.unwrap_err();
        assert!(matches!(error, StoreError::Full), "{error:?}");
    }
    let all = Filter::default();
    assert_eq!(scene.store.lines(&all, LineId(0), u32::MAX).await.unwrap(), lines, "nothing was written");
    assert_eq!(scene.store.statement(0, 9).await.unwrap(), []);
    assert_eq!(scene.store.topups_since("p", 0).await.unwrap(), []);
    scene.verify().await;
}

async fn succeeds(scene: &Scene, batch: &Batch) {
    let committed = scene.store.commit(batch).await.unwrap();
    assert_eq!(committed.verdicts, [Verdict::Committed].repeat(MANY as usize));
    scene.verify().await;
}

/// SQLite says *full* as well where a counter has no number left. A trigger makes that happen at the last table of a
/// batch, on every machine; [`s2_a_full_disk_writes_nothing`] needs a disk for it.
#[tokio::test]
async fn s2_a_batch_that_fills_up_at_its_end_writes_nothing() {
    let folder = Folder::new();
    let (scene, lines, batch) = prepare(&folder).await;
    let full = "CREATE TABLE used_up (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT);
        INSERT INTO used_up VALUES (9223372036854775807, '');
        CREATE TRIGGER fills AFTER INSERT ON balances BEGIN INSERT INTO used_up (text) VALUES (''); END";
    let mut raw = raw(&folder.path("0.db")).await;
    sqlx::raw_sql(full).execute(&mut raw).await.unwrap();
    refuses_as_full(&scene, &lines, &batch).await;
    sqlx::raw_sql("DROP TRIGGER fills").execute(&mut raw).await.unwrap();
    succeeds(&scene, &batch).await;
}

/// On a full disk SQLite rolls back by itself, which the connection does not learn. Here a trigger does the same.
#[tokio::test]
async fn s2_a_transaction_that_sqlite_rolled_back_by_itself_stops_no_later_one() {
    let folder = Folder::new();
    let (scene, lines, batch) = prepare(&folder).await;
    let mut raw = raw(&folder.path("0.db")).await;
    let trigger = "CREATE TRIGGER rolls_back AFTER INSERT ON balances BEGIN SELECT RAISE(ROLLBACK, 'gone'); END";
    sqlx::raw_sql(trigger).execute(&mut raw).await.unwrap();
    for _ in 0..2 {
        let error = scene.store.commit(&batch).await.unwrap_err();
        assert!(error.to_string().contains("gone"), "{error}");
    }
    assert_eq!(scene.line(lines[0].id).await, lines[0]);
    sqlx::raw_sql("DROP TRIGGER rolls_back").execute(&mut raw).await.unwrap();
    succeeds(&scene, &batch).await;
}

/// Where the test that a disk was made for finds it.
const DISK: &str = "RINGBACK_TEST_DISK";

/// Runs a shell with a small disk of its own in `place`, which goes away with it.
fn with_disk(place: &Path, script: &str) -> Command {
    let mount = format!("mount -t tmpfs -o size=16m none \"$0\" && {script}");
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", &mount]).arg(place).arg(std::env::current_exe().unwrap());
    command.env(DISK, place).stdin(Stdio::null());
    command
}

#[test]
fn s2_a_full_disk_writes_nothing() {
    let place = tempfile::tempdir().unwrap();
    let possible = with_disk(place.path(), "true").output().is_ok_and(|output| output.status.success());
    if !possible {
        return eprintln!("skipped: this user may not mount a small disk");
    }
    let run = "exec \"$1\" --exact full::on_a_small_disk --ignored --nocapture";
    let output = with_disk(place.path(), run).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains("1 passed"), "{told}");
}

/// Takes all that is left of the disk.
fn fill(disk: &Path) -> PathBuf {
    let path = disk.join("filler");
    let mut file = File::create(&path).unwrap();
    for block in [1 << 16, 1 << 12, 1] {
        while file.write_all(&vec![7; block]).is_ok() {}
    }
    path
}

#[tokio::test]
#[ignore = "fills its disk: `s2_a_full_disk_writes_nothing` gives it a small one"]
async fn on_a_small_disk() {
    let disk = PathBuf::from(std::env::var_os(DISK).expect("a disk of its own"));
    let folder = Folder::under(&disk);
    let (scene, lines, batch) = prepare(&folder).await;
    let filler = fill(&disk);
    refuses_as_full(&scene, &lines, &batch).await;
    refuses_an_import(&scene, &lines).await;
    std::fs::remove_file(filler).unwrap();
    succeeds(&scene, &batch).await;
}

async fn refuses_an_import(scene: &Scene, lines: &[Line]) {
    let new: Vec<_> = numbers(MANY..4 * MANY).into_iter().map(|number| contact("new", &[number])).collect();
    let book = lines[0].book;
    let error = scene.store.import(book, "new.vcf", &new).await.unwrap_err();
    assert!(matches!(error, StoreError::Full), "{error:?}");
    assert_eq!(scene.store.contacts(book, "new.vcf", 0, 9).await.unwrap(), []);
    assert_eq!(scene.store.lines(&Filter::default(), LineId(0), u32::MAX).await.unwrap(), lines);
}
