//! How each service is asked and answers, written down apart from the profiles.

use axum::http::{HeaderMap, StatusCode, Uri};
use ringback_network::http::Credentials;
use serde_json::{Value, json};

use crate::{contract::hold, peer::Service};

/// What a service says about a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    InService,
    Restricted,
    Unreachable,
    NotInService,
    Unknown,
}

pub(crate) struct Dialect {
    pub(crate) profile: &'static str,
    /// The numbers of a request, as digits with their country's code.
    pub(crate) asked: fn(&Uri, &Value) -> Vec<String>,
    /// Whether a request carries the credentials.
    pub(crate) authorized: fn(&HeaderMap, &Value) -> bool,
    /// One answer.
    pub(crate) says: fn(&str, Word) -> (StatusCode, Value),
    /// The list of a batch, where the service has one.
    pub(crate) list: Option<fn(Vec<Value>) -> Value>,
    /// An answer about a number that was not asked about.
    pub(crate) of_another: fn() -> Value,
}

impl Dialect {
    pub(crate) fn answer(&self, said: &[(String, Word)]) -> (StatusCode, Value) {
        match self.list {
            Some(list) => {
                (StatusCode::OK, list(said.iter().map(|(number, word)| (self.says)(number, *word).1).collect()))
            }
            None => (self.says)(&said[0].0, said[0].1),
        }
    }

    /// Whether every answer tells a phone that is switched off.
    pub(crate) fn shows_phones_off(&self) -> bool {
        !matches!(self.profile, "camara-subscription-status" | "telesign-subscriber-status")
    }

    pub(crate) fn credentials(&self) -> Credentials {
        match self.profile {
            "camara-subscription-status" => Credentials::None,
            "hlr-lookups" | "zaiwang-generic" => Credentials::Token("s3cret".into()),
            _ => Credentials::User { user: "me".into(), password: "s3cret".into() },
        }
    }
}

/// `me:s3cret` by RFC 7617.
fn is_basic(headers: &HeaderMap, _: &Value) -> bool {
    headers.get("authorization").is_some_and(|value| value == "Basic bWU6czNjcmV0")
}

fn path_number(uri: &Uri) -> String {
    uri.path().rsplit('/').next().unwrap().replace("%2B", "").replace('+', "")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().trim_start_matches('+').to_owned()
}

pub(crate) static CAMARA: Dialect = Dialect {
    profile: "camara-subscription-status",
    asked: |uri, body| {
        assert_eq!(uri.path(), "/retrive-subscription-status");
        vec![text(&body["phoneNumber"])]
    },
    authorized: |_, _| true,
    says: |_, word| {
        let voice = match word {
            Word::InService | Word::Unreachable => "active",
            Word::Restricted => "suspended",
            Word::NotInService => {
                let body = json!({ "status": 404, "code": "IDENTIFIER_NOT_FOUND", "message": "…" });
                return (StatusCode::NOT_FOUND, body);
            }
            Word::Unknown => "maybe",
        };
        let mut body = json!({ "voiceSmsIn": "active", "voiceSmsOut": voice, "dataService": "throttled" });
        if word == Word::Unreachable {
            body["reachable"] = json!(false);
        }
        (StatusCode::OK, body)
    },
    list: None,
    of_another: || json!({ "phoneNumber": "+8613900139000", "voiceSmsOut": "suspended" }),
};

pub(crate) static TWILIO: Dialect = Dialect {
    profile: "twilio-lookup-line-status",
    asked: |uri, _| {
        assert!(uri.path().starts_with("/v2/PhoneNumbers/") && uri.query() == Some("Fields=line_status"), "{uri}");
        vec![path_number(uri)]
    },
    authorized: is_basic,
    says: |number, word| (StatusCode::OK, twilio(number, word)),
    list: None,
    of_another: || twilio("8613900139000", Word::InService),
};

fn twilio(number: &str, word: Word) -> Value {
    let status = match word {
        Word::InService | Word::Restricted => "active",
        Word::Unreachable => "unreachable",
        Word::NotInService => "inactive",
        Word::Unknown => "unknown",
    };
    json!({
        "phone_number": format!("+{number}"), "valid": true, "caller_name": null,
        "line_status": { "status": status, "error_code": null },
    })
}

pub(crate) static TELESIGN: Dialect = Dialect {
    profile: "telesign-subscriber-status",
    asked: |uri, body| {
        assert_eq!(body["addons"], json!({ "subscriber_status": {} }));
        vec![path_number(uri)]
    },
    authorized: is_basic,
    says: |number, word| (StatusCode::OK, telesign(number, word)),
    list: None,
    of_another: || telesign("8613900139000", Word::Restricted),
};

fn telesign(number: &str, word: Word) -> Value {
    let status = match word {
        Word::InService | Word::Unreachable => json!("active"),
        Word::Restricted => json!("suspended"),
        Word::NotInService => json!("deactivated"),
        Word::Unknown => Value::Null,
    };
    json!({
        "status": { "code": 300, "description": "Transaction successfully completed" },
        "numbering": { "original": { "complete_phone_number": number } },
        "subscriber_status": { "status": { "code": 2800 }, "account_status": status, "contract_type": "postpaid" },
    })
}

pub(crate) static HLR_LOOKUPS: Dialect = Dialect {
    profile: "hlr-lookups",
    asked: |uri, body| {
        assert_eq!(uri.path(), "/hlr-lookup");
        vec![text(&body["msisdn"])]
    },
    authorized: |headers, _| headers.get("x-basic").is_some_and(|value| value == "s3cret"),
    says: |number, word| (StatusCode::OK, hlr_lookups(number, word)),
    list: None,
    of_another: || hlr_lookups("8613900139000", Word::InService),
};

fn hlr_lookups(number: &str, word: Word) -> Value {
    let status = match word {
        Word::InService | Word::Restricted => "CONNECTED",
        Word::Unreachable => "ABSENT",
        Word::NotInService => "INVALID_MSISDN",
        Word::Unknown => "UNDETERMINED",
    };
    json!({ "id": "f94ef092cb53", "msisdn": format!("+{number}"), "connectivity_status": status, "mccmnc": "46000" })
}

pub(crate) static HLRLOOKUP: Dialect = Dialect {
    profile: "hlrlookup",
    asked: |uri, body| {
        assert_eq!(uri.path(), "/hlr");
        body["requests"].as_array().unwrap().iter().map(|request| text(&request["telephone_number"])).collect()
    },
    authorized: |_, body| (&body["api_key"], &body["api_secret"]) == (&json!("me"), &json!("s3cret")),
    says: |number, word| (StatusCode::OK, hlrlookup(number, word)),
    list: Some(|answers| json!({ "body": { "results": answers } })),
    of_another: || json!({ "body": { "results": [hlrlookup("8613900139000", Word::InService)] } }),
};

fn hlrlookup(number: &str, word: Word) -> Value {
    let status = match word {
        Word::InService | Word::Restricted => "LIVE",
        Word::Unreachable => "ABSENT_SUBSCRIBER",
        Word::NotInService => "DEAD",
        Word::Unknown => "NO_COVERAGE",
    };
    json!({
        "error": "NONE", "request_parameters": { "telephone_number": number }, "credits_spent": 1,
        "detected_telephone_number": number, "live_status": status, "original_network": "AVAILABLE",
    })
}

pub(crate) static ZAIWANG: Dialect = Dialect {
    profile: "zaiwang-generic",
    asked: |uri, body| {
        assert_eq!(uri.path(), "/mobile_status/check");
        vec![format!("86{}", text(&body["mobile"]))]
    },
    authorized: |headers, _| headers.get("x-api-key").is_some_and(|value| value == "s3cret"),
    says: |_, word| {
        let code = match word {
            Word::InService => "1",
            Word::Restricted => "2",
            Word::Unreachable => "5",
            Word::NotInService => "0",
            Word::Unknown => "3",
        };
        (StatusCode::OK, json!({ "code": 200, "message": "success", "data": { "result": code, "channel": "移动" } }))
    },
    list: None,
    of_another: || json!({ "code": 200, "data": { "result": "2", "mobile": "13900139000" } }),
};

/// A guard; what is asked is a number and a date.
pub(crate) static RECYCLING: Dialect = Dialect {
    profile: "camara-number-recycling",
    asked: |uri, body| {
        assert_eq!(uri.path(), "/check");
        vec![text(&body["phoneNumber"]), text(&body["specifiedDate"])]
    },
    authorized: |headers, _| headers.get("authorization").is_some_and(|value| value == "Bearer s3cret"),
    says: |_, _| unreachable!("a guard knows no state"),
    list: None,
    of_another: || json!({ "phoneNumber": "+8613900139000", "phoneNumberRecycled": false }),
};

#[tokio::test]
async fn camara_holds_the_contract() {
    hold(&Service::start(&CAMARA).await).await;
}

#[tokio::test]
async fn twilio_holds_the_contract() {
    hold(&Service::start(&TWILIO).await).await;
}

#[tokio::test]
async fn telesign_holds_the_contract() {
    hold(&Service::start(&TELESIGN).await).await;
}

#[tokio::test]
async fn hlr_lookups_holds_the_contract() {
    hold(&Service::start(&HLR_LOOKUPS).await).await;
}

#[tokio::test]
async fn hlrlookup_holds_the_contract() {
    hold(&Service::start(&HLRLOOKUP).await).await;
}

#[tokio::test]
async fn zaiwang_holds_the_contract() {
    hold(&Service::start(&ZAIWANG).await).await;
}
