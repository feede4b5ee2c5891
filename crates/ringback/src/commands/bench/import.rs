//! The import of 100,000 vCards: parsed, normalised, stored.
#![expect(clippy::float_arithmetic, reason = "measurements for people, no money")]

use std::{fmt::Write as _, time::Instant};

use anyhow::{Result, ensure};
use ringback_store::{Sqlite, Store};

use super::{
    meter,
    reference::{folder, policy},
};
use crate::commands::import::parse;

const CARDS: usize = 100_000;

/// What the import took.
pub(super) struct Measured {
    pub(super) seconds: f64,
    pub(super) peak_mb: f64,
}

pub(super) async fn measure() -> Result<Measured> {
    let folder = folder()?;
    let file = folder.path().join("book.vcf");
    std::fs::write(&file, cards())?;
    let store = Sqlite::open(&folder.path().join("bench.db")).await?;
    let book = store.save_book("bench", "CN", &policy()).await?;
    meter::forget_peak();
    let began = Instant::now();
    let bytes = std::fs::read(&file)?;
    let (contacts, problems) = parse(&bytes, "CN");
    let imported = store.import(book, "book.vcf", &contacts).await?;
    let seconds = began.elapsed().as_secs_f64();
    ensure!(problems.is_empty() && imported.new_lines == CARDS as u64, "the cards of the bench are not all imported");
    Ok(Measured { seconds, peak_mb: f64::from(meter::peak_kb()) / 1_024.0 })
}

/// Cards as phones write them, some 240 bytes each, 24 MB in all.
fn cards() -> String {
    let mut text = String::new();
    for number in 0..CARDS {
        let digits = format!("138{number:08}");
        let written = match number % 3 {
            0 => format!("+86 {} {} {}", &digits[..3], &digits[3..7], &digits[7..]),
            1 => format!("0086{digits}"),
            _ => digits,
        };
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "BEGIN:VCARD\r\nVERSION:3.0\r\nN:王;小明 {number};;;\r\nFN:王小明 {number}\r\nORG:青石巷面馆\r\n\
             TEL;TYPE=CELL,VOICE:{written}\r\nEMAIL;TYPE=HOME:contact{number}@example.org\r\n\
             NOTE:备注：过年要打电话\\, 别忘了。\r\nUID:00000000-0000-4000-8000-{number:012}\r\nEND:VCARD\r\n"
        );
    }
    text
}
