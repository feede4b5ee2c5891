//! A claim as a letter: written to a folder, sent by a person, whose answer a person records.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use ringback_core::{Claim, DeskReply};
use tokio::task::spawn_blocking;

use crate::ClaimDesk;

/// The desk of a network side that only reads letters.
pub struct LetterDesk {
    name: String,
    folder: PathBuf,
    language: Language,
    /// One letter at a time: a request that nobody waits for any more may still be writing.
    pen: Arc<Mutex<()>>,
}

/// The language of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// 简体中文.
    Chinese,
}

impl LetterDesk {
    /// A desk whose letters are written into `folder`.
    pub fn new(name: &str, folder: PathBuf, language: Language) -> Self {
        Self { name: name.to_owned(), folder, language, pen: Arc::default() }
    }

    /// Writes the letter on a thread of its own, since a durable write may take seconds.
    async fn write(&self, file: String, text: String) -> io::Result<()> {
        let (folder, pen) = (self.folder.clone(), self.pen.clone());
        let written = spawn_blocking(move || {
            // The pen guards no data that a panic could have spoiled.
            let _pen = pen.lock().unwrap_or_else(PoisonError::into_inner);
            write(&folder, &file, &text)
        });
        written.await.map_err(io::Error::other)?
    }
}

#[async_trait]
impl ClaimDesk for LetterDesk {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_by_hand(&self) -> bool {
        true
    }

    async fn request(&self, claim: &Claim) -> DeskReply {
        let file = format!("{}.txt", claim.reference);
        match self.write(file.clone(), text(claim, self.language)).await {
            Ok(()) => DeskReply::Acknowledged(format!("letter {file}")),
            Err(error) => DeskReply::Unknown(format!("{}: no letter can be written: {error}", self.folder.display())),
        }
    }

    async fn inquire(&self, _: &Claim) -> DeskReply {
        DeskReply::Unknown("a person records the answer to a letter: `ringback claims --of …`".into())
    }
}

/// Writes the letter whole or not at all, and once: a person may have noted something on it since.
fn write(folder: &Path, file: &str, text: &str) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let (beside, target) = (folder.join(format!("{file}.part")), folder.join(file));
    if !target.try_exists()? {
        let mut part = fs::File::create(&beside)?;
        part.write_all(text.as_bytes())?;
        // A letter that is acknowledged must outlast a power failure; an empty one would never be written again.
        part.sync_all()?;
        fs::rename(&beside, &target)?;
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn text(claim: &Claim, language: Language) -> String {
    let Claim { reference, msisdn, claimed, provider, .. } = claim;
    match language {
        Language::English => format!(
            "Claim for a refund\n\nReference: {reference}\nTelephone number: {msisdn}\nAmount: {claimed}\n\
             Paid through: {provider}\n\nDear Sir or Madam,\n\nthe amount above was paid into this line while it was \
             suspended at its owner's request.\nThe payment had no effect on the service. Please return it to the \
             account that it was paid from,\nor tell us in writing why it cannot be returned.\n\n\
             Yours faithfully,\n\n\n_____________________________\n(name, date, signature)\n"
        ),
        Language::Chinese => format!(
            "退款申请\n\n业务流水号：{reference}\n电话号码：{msisdn}\n金额：{claimed}\n支付渠道：{provider}\n\n\
             贵公司：\n\n上述款项充入该号码时，该号码已由机主主动停机，充值未恢复通信服务。\n\
             请将款项退回原支付账户；如不能退款，请书面说明理由。\n\n此致\n敬礼\n\n\n\
             _____________________________\n（姓名、日期、签字）\n"
        ),
    }
}

#[cfg(test)]
mod tests {
    use ringback_core::{LineId, TopUpRef, claim::State};

    use super::*;

    #[test]
    fn r1_the_same_claim_gives_the_same_letter() {
        let claim = Claim {
            reference: TopUpRef::from_random(9),
            line: LineId(1),
            msisdn: "+8613800138000".parse().unwrap(),
            provider: "reloadly".into(),
            desk: "letters".into(),
            claimed: "30 CNY".parse().unwrap(),
            state: State::Requested,
            frozen: false,
        };
        for language in [Language::English, Language::Chinese] {
            let letter = text(&claim, language);
            assert_eq!(letter, text(&claim, language));
            assert!(
                letter.contains("+8613800138000")
                    && letter.contains("30.00 CNY")
                    && letter.contains(claim.reference.as_str())
            );
        }
    }
}
