//! What holds for any answer at a claim desk's address: the check of the fuzz target.

use ringback_core::{Amount, Claim, DeskReply, LineId, Object, TopUpRef, claim::State, quote};
use serde::Deserialize;
use serde_json::Value;

use super::read;

/// An answer as any JSON may have it, read apart from the desk's own types.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Said {
    reference: Value,
    state: Value,
    paid: Value,
    currency: Value,
}

/// A refund is confirmed in so many words and about this claim, or it is unknown (M5).
pub fn answer(body: &[u8]) {
    let claim = claim();
    let said = said(body);
    let reply = read(body, &claim);
    let state = match &reply {
        DeskReply::Unknown(reason) => return assert_eq!(quote(reason), *reason, "S6"),
        DeskReply::Denied(words) => {
            assert_eq!(quote(words), *words, "S6");
            "denied"
        }
        DeskReply::Acknowledged(_) => "acknowledged",
        DeskReply::Expired => "expired",
        DeskReply::Paid(amount) => {
            let written = said.paid.as_str().map(|paid| Amount::parse_decimal(paid, amount.currency()));
            assert!(written == Some(Ok(*amount)) && said.currency == amount.currency().code(), "{said:?}");
            assert!(amount.minor() > 0, "{said:?}");
            "paid"
        }
    };
    assert_eq!((said.reference.as_str(), said.state.as_str()), (Some(claim.reference.as_str()), Some(state)));
}

/// The object that a body is; what nobody reads of it may be anything, in any character set.
fn said(body: &[u8]) -> Said {
    let parsed = serde_json::from_str(&String::from_utf8_lossy(body)).map(|Object(said)| said);
    parsed.unwrap_or_default()
}

fn claim() -> Claim {
    Claim {
        reference: "0FUZZ".parse::<TopUpRef>().expect("a reference"),
        line: LineId(1),
        msisdn: "+8613800138000".parse().expect("a number"),
        provider: "airtime".into(),
        desk: "desk".into(),
        claimed: "30 CNY".parse().expect("an amount"),
        state: State::Requested,
        frozen: false,
    }
}
