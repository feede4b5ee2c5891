//! Bad input gets a clear error that names the place and the remedy; the rest goes on, nothing is lost, nothing is paid.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    process::{Command, Stdio},
};

#[path = "support/sandbox.rs"]
pub mod sandbox;

use sandbox::{RINGBACK, Sandbox};

/// One line in service, one that a small amount brings back.
const SUBSCRIBERS: &str = r#"
[[subscriber]]
msisdn = "+8613800138000"
carrier = "China Mobile"
plan = "58 CNY"
state = "in_service"

[[subscriber]]
msisdn = "+8613900139000"
carrier = "China Mobile"
plan = "58 CNY"
state = "arrears"
arrears = "0.50 CNY"
"#;

const CARD: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Good\r\nTEL:13900139000\r\nEND:VCARD\r\n";

const SET: [&str; 6] = ["--probe", "1 CNY", "--set", "remembered", "--amount", "30 CNY"];

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start(tempfile::tempdir().unwrap(), SUBSCRIBERS, &[]);
    sandbox.init(&SET);
    sandbox
}

/// The same configuration with one text replaced.
fn edit(sandbox: &Sandbox, from: &str, to: &str) {
    let text = fs::read_to_string(sandbox.path("ringback.toml")).unwrap();
    assert!(text.contains(from), "{from} in {text}");
    sandbox.write("ringback.toml", text.replace(from, to));
}

/// Every part of what a person has to read is there.
fn says(error: &str, parts: &[&str]) {
    for part in parts {
        assert!(error.contains(part), "`{part}` is missing in: {error}");
    }
}

/// Each text, put in the place of another, makes a configuration that is refused with words that have these parts.
fn refused<const CASES: usize>(cases: [(&str, &str, Vec<&str>); CASES]) {
    let sandbox = sandbox();
    for (from, to, parts) in cases {
        sandbox.init(&SET);
        edit(&sandbox, from, to);
        says(&sandbox.error(&["lines"]), &parts);
    }
}

fn paid(sandbox: &Sandbox) -> usize {
    sandbox.admin("statement").as_array().unwrap().len()
}

#[test]
fn a_broken_card_is_reported_by_file_line_and_reason_and_the_rest_goes_on() {
    let sandbox = sandbox();
    let broken = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Broken\r\nTEL:13800138000\r\n";
    let number = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Odd\r\nTEL:12\r\nEND:VCARD\r\n";
    let file = sandbox.write("contacts.vcf", [CARD, number, broken].concat());
    let done = sandbox.run(&["import", &file], &[0]);
    let report = String::from_utf8(done.stderr).unwrap();
    says(&report, &["contacts.vcf:11:", "contacts.vcf:6: TEL: Odd: ", "correct the number"]);
    let lines = sandbox.json(&["lines"], &[0]);
    assert_eq!(lines["lines"].as_array().unwrap().len(), 1, "{lines}");
    sandbox.run(&["export", &sandbox.path("after.vcf").display().to_string()], &[0]);
    let (before, after) = (fs::read(&file).unwrap(), fs::read(sandbox.path("after.vcf")).unwrap());
    assert_eq!(before, after, "what was not understood is kept");
}

#[test]
fn an_impossible_number_is_named() {
    let sandbox = sandbox();
    let done = sandbox.run(&["import", "--number", "12345678901234567890"], &[1]);
    says(&String::from_utf8(done.stderr).unwrap(), &["12345678901234567890"]);
    says(&sandbox.error(&["show", "12345678901234567890"]), &["12345678901234567890"]);
    says(&sandbox.error(&["show", "13800138000"]), &["+8613800138000 is not in the book", "ringback import --number"]);
}

#[test]
fn amounts_that_are_none_are_refused_by_key_and_line() {
    let cases = [
        ("probe = \"1.00 CNY\"", "probe = \"-1 CNY\"", vec!["ringback.toml", "probe", "-1"]),
        ("probe = \"1.00 CNY\"", "probe = \"NaN CNY\"", vec!["probe", "NaN", "write digits"]),
        ("probe = \"1.00 CNY\"", "probe = \"0 CNY\"", vec!["policy.probe", "above zero"]),
        ("probe = \"1.00 CNY\"", "probe = \"1 XQQ\"", vec!["probe", "XQQ", "ISO 4217"]),
        ("probe = \"1.00 CNY\"", "probe = \"1.001 CNY\"", vec!["probe", "decimals"]),
        ("set_amount = \"30.00 CNY\"", "set_amount = \"30 EUR\"", vec!["policy.set_amount", "is not in CNY"]),
        ("currency = \"CNY\"", "currency = \"USD\"", vec!["provider.sandbox.currency", "USD", "not supported yet"]),
        ("per_day = ", "per_weekday = ", vec!["per_weekday", "per_day"]),
        ("max_orders = 40", "max_order = 40", vec!["max_order", "unknown field"]),
        ("per_book = \"900000.00 CNY\"", "", vec!["per_book"]),
        ("providers = [\"sandbox\"]", "providers = [\"nobody\"]", vec!["book.providers", "[provider.nobody]"]),
    ];
    refused(cases);
}

#[test]
fn settings_that_would_wait_for_ever_are_refused_by_key() {
    let cases = [
        ("region = \"CN\"", "region = \"XX\"", vec!["book.region", "`XX`", "ISO 3166"]),
        ("# check_every = \"24h\"", "check_every = \"0s\"", vec!["book.check_every", "above zero"]),
        ("deadline = \"3s\"", "deadline = \"-3s\"", vec!["timing.deadline", "above zero"]),
        ("retry = \"200ms\"", "retry = \"0ms\"", vec!["timing.retry", "above zero"]),
        ("[timing] ", "[timing]\nsettling = \"-1s\"\n#", vec!["settling"]),
        ("min_gap = \"", "min_gap = \"-", vec!["provider.sandbox.min_gap", "below zero"]),
        ("inquiry_spacing = \"150ms\"", "inquiry_spacing = \"0s\"", vec!["provider.sandbox.inquiry_spacing"]),
        ("in_flight = 64", "in_flight = 0", vec!["limits.in_flight", "1 or more"]),
        ("per_second = 5000", "per_second = 0", vec!["limits.per_second", "1 or more"]),
        ("max_orders = 40", "max_orders = 0", vec!["policy.max_orders", "1 or more"]),
        ("in_30_days = 3", "in_30_days = 0", vec!["policy.max_recoveries_in_30_days", "1 or more"]),
    ];
    refused(cases);
}

#[test]
fn commands_that_only_read_make_no_database() {
    let sandbox = sandbox();
    for command in ["lines", "claims", "ledger", "recover --dry-run", "show 13900139000"] {
        let arguments: Vec<&str> = command.split(' ').collect();
        says(&sandbox.error(&arguments), &["there is no book `sandbox` yet", "`ringback import contacts.vcf`"]);
    }
    assert!(!sandbox.path("ringback.db").exists());
}

#[test]
fn recover_names_the_command_that_comes_before() {
    let sandbox = sandbox();
    sandbox.run(&["import", "--number", "13900139000"], &[0]);
    for command in [&["recover"][..], &["recover", "--dry-run"]] {
        let of = |number| sandbox.error(&[command, &[number]].concat());
        says(&of("13800138000"), &["not in the book", "`ringback import --number +8613800138000`"]);
        says(&of("13900139000"), &["is not enrolled", "`ringback enrol +8613900139000`"]);
    }
}

#[test]
fn a_channel_that_is_not_authoritative_enrols_nobody() {
    let sandbox = sandbox();
    edit(
        &sandbox,
        "ranges = [\"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\", \"8\", \"9\"]",
        "ranges = [\"8613800\"]",
    );
    sandbox.run(&["import", "--number", "13900139000", "--number", "13800138000"], &[0]);
    let done = sandbox.run(&["enrol", "--all"], &[3]);
    let (out, err) = (String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap());
    says(&err, &["+8613900139000  not enrolled", "[channel.network].ranges"]);
    says(&out, &["1 lines enrolled, 1 not"]);
}

#[test]
fn n3_pause_works_with_a_configuration_that_does_not() {
    let sandbox = sandbox();
    sandbox.run(&["import", "--number", "13900139000"], &[0]);
    for broken in ["max_orders = many", "max_orders = 0"] {
        sandbox.init(&SET);
        sandbox.run(&["resume"], &[0]);
        edit(&sandbox, "max_orders = 40", broken);
        let done = sandbox.run(&["pause"], &[0]);
        says(&String::from_utf8(done.stderr).unwrap(), &["max_orders", "Pausing all the same", "ringback.db"]);
        sandbox.init(&SET);
        let resumed = sandbox.json(&["resume"], &[0]);
        assert_eq!(resumed["paused"], false);
    }
    let database = format!("{:?}", sandbox.path("ringback.db"));
    edit(&sandbox, &database, "\"elsewhere.db\"\nunknown = 1");
    says(&sandbox.error(&["pause"]), &["elsewhere.db", "nothing was paused"]);
    assert!(!sandbox.path("elsewhere.db").exists());
}

#[test]
fn m4_a_statement_that_cannot_be_read_is_no_difference() {
    let sandbox = sandbox();
    sandbox.run(&["import", "--number", "13900139000"], &[0]);
    sandbox.run(&["ledger", "--verify"], &[0]);
    edit(&sandbox, &format!("{}/reloadly", sandbox.url()), &html());
    let done = sandbox.run(&["ledger", "--verify"], &[1]);
    says(&String::from_utf8(done.stderr).unwrap(), &["M4 could not be checked", "sandbox did not answer as expected"]);
}

#[test]
fn init_refuses_what_cannot_be_used_and_names_the_flag_that_is_missing() {
    let sandbox = sandbox();
    says(&sandbox.error(&["init"]), &["ringback.toml", "--force"]);
    says(&sandbox.error(&["init", "--force", "--probe", "-1 CNY"]), &["--probe", "-1 CNY"]);
    says(&sandbox.error(&["init", "--force", "--region", "CN"]), &["--probe is missing", "1 CNY"]);
    says(&sandbox.error(&["init", "--force", "--region", "XX"]), &["--region", "`XX`", "ISO 3166"]);
    let euros = ["--probe", "1 CNY", "--set", "remembered", "--amount", "30 EUR", "--sandbox", sandbox.url()];
    let euros = [&["init", "--force", "--region", "CN"], &euros[..]].concat();
    says(&sandbox.error(&euros), &["--amount", "30.00 EUR", "the probe is in CNY"]);
    let nowhere = ["init", "--force", "--region", "CN", "--sandbox", "http://127.0.0.1:9"];
    says(&sandbox.error(&[&nowhere[..], &SET].concat()), &["127.0.0.1:9", "ringback carrier"]);
}

#[test]
fn a_missing_configuration_says_how_to_write_one() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("none.toml");
    let done = Command::new(RINGBACK).arg("--config").arg(config).arg("lines").output().unwrap();
    assert_eq!(done.status.code(), Some(1));
    says(&String::from_utf8(done.stderr).unwrap(), &["none.toml", "`ringback init` writes one"]);
}

#[test]
fn a_plan_file_with_a_duplicate_names_file_and_plan() {
    let sandbox = sandbox();
    let head =
        "carrier = \"Nordfunk\"\ncurrency = \"EUR\"\nsource = \"https://nordfunk.example\"\ndate = \"2026-11-01\"\n";
    let plan = "[[plan]]\nname = \"Small\"\nmonthly_fee = \"15\"\n";
    let plans = [head, plan, plan].concat();
    sandbox.write("plans.toml", plans);
    edit(&sandbox, "# catalogues = ", "catalogues = ");
    sandbox.run(&["import", "--number", "13900139000"], &[0]);
    says(&sandbox.error(&["enrol", "--all"]), &["plans.toml", "plan `Small` stands twice", "remove one"]);
}

#[test]
fn a_wrong_token_enrols_nobody_and_pays_nothing() {
    let sandbox = sandbox();
    let file = sandbox.write("contacts.vcf", CARD);
    sandbox.run(&["import", &file], &[0]);
    edit(&sandbox, "client_secret = \"sandbox\"", "client_secret = \"wrong\"");
    let done = sandbox.run(&["enrol", "--all"], &[3]);
    says(&String::from_utf8(done.stderr).unwrap(), &["+8613900139000", "client_secret", "configuration"]);
    sandbox.run(&["enrol", "--all", "--unproven"], &[0]);
    sandbox.run(&["recover"], &[3]);
    assert_eq!(paid(&sandbox), 0);
}

#[test]
fn a_secret_that_is_not_set_is_named_and_never_shown() {
    let sandbox = sandbox();
    edit(&sandbox, "client_secret = \"sandbox\"", "client_secret = { env = \"RINGBACK_TEST_UNSET\" }");
    sandbox.run(&["import", "--number", "13900139000"], &[0]);
    says(&sandbox.error(&["enrol", "--all"]), &["provider.sandbox.client_secret", "RINGBACK_TEST_UNSET"]);
}

#[test]
fn a_provider_that_answers_html_is_not_believed() {
    let sandbox = sandbox();
    let file = sandbox.write("contacts.vcf", CARD);
    sandbox.run(&["import", &file], &[0]);
    let url = html();
    let provider = format!("{}/reloadly", sandbox.url());
    edit(&sandbox, &provider, &url);
    let done = sandbox.run(&["enrol", "--all"], &[3]);
    says(&String::from_utf8(done.stderr).unwrap(), &["+8613900139000", "sandbox did not answer as expected"]);
    assert_eq!(paid(&sandbox), 0);
}

/// A server that answers everything with a page for people, as a captive portal does.
fn html() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let page = "<html>Please sign in</html>";
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", page.len());
            let _ = stream.write_all([&head, page].concat().as_bytes());
        }
    });
    url
}

#[test]
fn s4_a_database_of_a_newer_version_is_refused_and_left_alone() {
    let sandbox = sandbox();
    sandbox.run(&["import", "--number", "13900139000"], &[0]);
    newer(&sandbox);
    let before = fs::read(sandbox.path("ringback.db")).unwrap();
    says(&sandbox.error(&["lines"]), &["ringback.db", "newer version", "update Ringback"]);
    assert_eq!(fs::read(sandbox.path("ringback.db")).unwrap(), before);
}

#[tokio::main(flavor = "current_thread")]
async fn newer(sandbox: &Sandbox) {
    use sqlx::{Connection as _, sqlite::SqliteConnectOptions};
    let options = SqliteConnectOptions::new().filename(sandbox.path("ringback.db"));
    let mut database = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    let insert = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES (999, 'of the future', 1, x'00', 0)";
    sqlx::query(insert).execute(&mut database).await.unwrap();
    database.close().await.unwrap();
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let sandbox = sandbox();
    sandbox.write(
        "ringback.db",
        "an address book, perhaps; long enough to be looked at as a database's head ............",
    );
    says(&sandbox.error(&["lines"]), &["no database", "backup"]);
}

#[test]
fn a_second_process_is_refused_by_the_name_of_the_first() {
    let sandbox = sandbox();
    let mut first = sandbox.command(&["run"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(first.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("Watching"), "{line}");
    let error = sandbox.error(&["recover"]);
    first.kill().and_then(|()| first.wait()).unwrap();
    says(&error, &["ringback.db is in use by run", "stop that process"]);
    sandbox.run(&["recover"], &[0]);
}

#[test]
fn a_reader_that_goes_away_ends_the_output_quietly() {
    let sandbox = sandbox();
    sandbox.run(&["import", "--number", "13900139000"], &[0]);
    let mut child = sandbox.command(&["lines"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap(), "");
}

#[test]
fn a_full_disk_stops_the_import_and_loses_nothing() {
    let sandbox = sandbox();
    let small = sandbox.path("small").display().to_string();
    let cards: String = (0..20_000).map(|i| CARD.replace("Good", &format!("Good {i:0>40}"))).collect();
    let file = sandbox.write("contacts.vcf", cards);
    let database = format!("database = {:?}", sandbox.path("ringback.db"));
    edit(&sandbox, &database, "database = \"small/ringback.db\"");
    let config = sandbox.path("ringback.toml").display().to_string();
    let script = format!(
        "mkdir -p {small} && mount -t tmpfs -o size=1m none {small} || exit 77
         {RINGBACK} --config {config} import {file}; code=$?
         {RINGBACK} --config {config} lines --json; exit $code"
    );
    let done = Command::new("unshare").args(["--mount", "--map-root-user", "sh", "-c", &script]).output();
    let done = done.expect("unshare is part of every Linux");
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    if done.status.code() == Some(77) || err.contains("unshare failed") {
        eprintln!("left out: this system allows no mount, not even in a namespace of its own");
        return;
    }
    assert_eq!(done.status.code(), Some(1), "{out} {err}");
    says(&err, &["disk", "full", "free some space"]);
    says(&out, &[r#"{"lines":[]}"#]);
}
