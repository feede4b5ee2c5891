//! What holds for whatever is heard: the check of the fuzz target.

use std::time::{Duration, Instant};

use ringback_core::Msisdn;

use super::{
    Settings,
    inbox::{Inbox, Said},
};
use crate::{
    reading::Table,
    texts::{Heard, Text},
};

/// The lines that are asked about, as texts name them.
const LINES: [&str; 2] = ["13800138000", "13900139000"];

/// Settings of the sandbox's carrier.
pub(super) fn settings(late: Duration) -> Settings {
    let table = Table::built_in("sandbox").expect("it comes with Ringback");
    Settings {
        name: "sms".into(),
        query: table.sms().expect("it is asked by SMS").clone(),
        table,
        ranges: vec!["86".into()],
        region: "CN".into(),
        country_code: 86,
        own: None,
        deadline: Duration::from_secs(5),
        late,
    }
}

/// Bytes as texts, apart by carriage returns, each a sender on its first line. A line's question is answered by the carrier's own
/// text alone, and by none that names the other line; a payment is announced for a line that a text of the carrier names.
pub fn heard(bytes: &[u8]) {
    let whole = String::from_utf8_lossy(bytes);
    let now = Instant::now();
    let mut inbox = Inbox::new(&settings(Duration::from_mins(1)));
    let lines = LINES.map(|line| format!("+86{line}").parse::<Msisdn>().expect("a number"));
    let mut answers = lines.map(|line| inbox.open(line, now).expect("nothing is open yet"));
    let texts = whole.split('\r').map(|text| text.split_once('\n').unwrap_or((text, "")));
    let carriers: Vec<&str> = texts.clone().filter(|(from, _)| from.contains("10086")).map(|(_, text)| text).collect();
    for (from, text) in texts {
        inbox.hear(Heard::Text(Text { from: from.to_owned(), text: text.to_owned(), at: now }));
    }
    for (i, answer) in answers.iter_mut().enumerate() {
        let Ok(said) = answer.try_recv() else { continue };
        let Said::Text(text) = said else { panic!("nothing was undelivered") };
        assert!(carriers.contains(&text.as_str()), "a stranger answered: {text:?}");
        assert!(!text.contains(LINES[1 - i]), "an answer about the other line: {text:?}");
    }
    while let Some(signal) = inbox.signal() {
        let names = |text: &&str| {
            !crate::reading::numbers(text, "CN").is_empty() || text.contains('*') || text.contains("尾号")
        };
        assert!(carriers.iter().any(names), "nobody announced {signal:?}");
    }
}
