//! Claim desks: one over HTTP against a scripted server, one that writes letters.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod server;

use std::{fs, path::Path, process::Command, sync::mpsc, thread, time::Duration};

use axum::{
    Json,
    http::{Method, StatusCode},
    response::IntoResponse as _,
};
use futures_util::FutureExt as _;
use ringback_core::{Claim, DeskReply, LineId, TopUpRef, claim::State};
use ringback_providers::{
    ClaimDesk as _,
    desk::{HttpDesk, Language, LetterDesk},
};
use serde_json::{Value, json};
use server::{FAULTS, Fault, Play, Server};
use tempfile::TempDir;

const PATIENT: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(300);

fn claim() -> Claim {
    Claim {
        reference: TopUpRef::from_random(9),
        line: LineId(1),
        msisdn: "+8613800138000".parse().unwrap(),
        provider: "airtime".into(),
        desk: "desk".into(),
        claimed: "30 CNY".parse().unwrap(),
        state: State::Requested,
        frozen: false,
    }
}

fn answer(state: &str, more: &Value) -> Value {
    let mut answer = json!({ "reference": claim().reference, "state": state });
    answer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    answer
}

/// What the desk says to a claim and to a question about it; both must be read alike.
async fn both(body: Value) -> DeskReply {
    let server = Server::start().await;
    server.play(move |_| Play::Answer(Json(body.clone()).into_response()));
    let desk = HttpDesk::new("desk", &server.url, None, PATIENT).unwrap();
    let reply = desk.request(&claim()).await;
    assert_eq!(desk.inquire(&claim()).await, reply);
    reply
}

fn is_unknown(what: &str, reply: &DeskReply) {
    let DeskReply::Unknown(reason) = reply else { panic!("{what}: {reply:?}") };
    assert!(!reason.is_empty(), "{what}");
}

#[tokio::test]
async fn every_state_of_a_desk_is_read() {
    let cases = [
        (answer("acknowledged", &json!({ "case": "C-7" })), DeskReply::Acknowledged("C-7".into())),
        (answer("denied", &json!({ "reason": "too late" })), DeskReply::Denied("too late".into())),
        (answer("denied", &json!({})), DeskReply::Denied(String::new())),
        (answer("expired", &json!({})), DeskReply::Expired),
        (answer("paid", &json!({ "paid": "30", "currency": "CNY" })), DeskReply::Paid("30 CNY".parse().unwrap())),
        // Less than claimed is for a person to judge, who must see it (R5).
        (answer("paid", &json!({ "paid": "29.99", "currency": "CNY" })), DeskReply::Paid("29.99 CNY".parse().unwrap())),
    ];
    for (body, expected) in cases {
        let text = body.to_string();
        assert_eq!(both(body).await, expected, "{text}");
    }
}

#[tokio::test]
async fn m5_a_desk_that_does_not_say_what_it_paid_has_not_paid() {
    for more in [
        json!({}),
        json!({ "paid": "30" }),
        json!({ "currency": "CNY" }),
        json!({ "paid": "0", "currency": "CNY" }),
        json!({ "paid": "-30", "currency": "CNY" }),
        json!({ "paid": "NaN", "currency": "CNY" }),
        json!({ "paid": "30.001", "currency": "CNY" }),
        json!({ "paid": 30, "currency": "CNY" }),
        json!({ "paid": "30", "currency": "XXQ" }),
    ] {
        is_unknown(&more.to_string(), &both(answer("paid", &more)).await);
    }
}

#[tokio::test]
async fn an_answer_about_another_claim_says_nothing() {
    for reference in [json!("SOMEBODYELSES"), json!(""), json!(null), json!(7)] {
        let mut body = answer("paid", &json!({ "paid": "30", "currency": "CNY" }));
        body["reference"] = reference;
        is_unknown(&body.to_string(), &both(body.clone()).await);
    }
    is_unknown("a new state", &both(answer("considering", &json!({}))).await);
}

#[tokio::test]
async fn no_fault_settles_a_claim() {
    for fault in FAULTS {
        let server = Server::start().await;
        server.play(move |_| fault.play(&answer("denied", &json!({}))));
        let deadline = if fault == Fault::Silent { SHORT } else { PATIENT };
        let desk = HttpDesk::new("desk", &server.url, Some("t0ken".into()), deadline).unwrap();
        for reply in [desk.request(&claim()).await, desk.inquire(&claim()).await] {
            is_unknown(&format!("{fault:?}"), &reply);
            // S6: neither the token nor the address, which may carry one, is shown.
            assert!(
                !format!("{reply:?}").contains("t0ken") && !format!("{reply:?}").contains(&server.url),
                "{reply:?}"
            );
        }
        assert_eq!(server.asked(&Method::POST, "/claims").len(), 1, "{fault:?}: a claim is sent once");
    }
}

#[tokio::test]
async fn r1_a_claim_is_sent_unchanged_when_it_is_repeated() {
    let server = Server::start().await;
    server.play(|_| Play::Answer(StatusCode::SERVICE_UNAVAILABLE.into_response()));
    let desk = HttpDesk::new("desk", &format!("{}/", server.url), Some("t0ken".into()), PATIENT).unwrap();
    for _ in 0..2 {
        desk.request(&claim()).await;
        desk.inquire(&claim()).await;
    }
    let sent = server.asked(&Method::POST, "/claims");
    let expected = json!({
        "reference": claim().reference, "phoneNumber": "+8613800138000", "amount": "30.00", "currency": "CNY",
        "reason": "suspended-by-owner",
    });
    assert_eq!(sent.iter().map(|one| &one.body).collect::<Vec<_>>(), [&expected, &expected]);
    assert!(sent.iter().all(|one| one.authorization.as_deref() == Some("Bearer t0ken")));
    let inquiries = server.asked(&Method::GET, &format!("/claims/{}", claim().reference));
    assert_eq!(inquiries.iter().map(|one| one.query.as_str()).collect::<Vec<_>>(), ["", ""]);
}

#[tokio::test]
async fn nobody_at_the_address_is_unknown() {
    let desk = HttpDesk::new("desk", "http://127.0.0.1:1", None, PATIENT).unwrap();
    assert!(!desk.is_by_hand());
    is_unknown("nobody listens", &desk.request(&claim()).await);
}

#[tokio::test]
async fn s6_no_word_of_a_desk_shows_the_number() {
    let bodies = [
        answer("denied", &json!({ "reason": "+8613800138000 is not ours" })),
        answer("denied", &json!({ "reason": 8_613_800_138_000_u64 })),
        answer("13800138000", &json!({})),
    ];
    for body in bodies {
        let reply = format!("{:?}", both(body).await);
        assert!(reply.contains("*8000") && !reply.contains("13800138000"), "{reply}");
    }
}

/// The files of a folder with their bytes.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}

#[tokio::test]
async fn r1_a_letter_is_written_once_and_stays_as_it_is() {
    for (language, words) in [(Language::English, "Claim for a refund"), (Language::Chinese, "退款申请")] {
        let folder = TempDir::new().unwrap();
        let letters = folder.path().join("letters");
        let desk = LetterDesk::new("letters", letters.clone(), language);
        let file = format!("{}.txt", claim().reference);
        let expected = DeskReply::Acknowledged(format!("letter {file}"));
        assert_eq!(desk.request(&claim()).await, expected);
        let [(name, bytes)] = &files(&letters)[..] else { panic!("{language:?}: not one letter") };
        let text = String::from_utf8(bytes.clone()).unwrap();
        let parts = [words, "+8613800138000", "30.00 CNY", "airtime", &file[..26]];
        assert!(*name == file && parts.iter().all(|part| text.contains(part)), "{name}: {text}");
        assert_eq!(desk.request(&claim()).await, expected);
        assert_eq!(files(&letters), [(file, bytes.clone())]);
    }
}

/// A person may have noted something on a letter before it goes out; a repeated claim must not take that away.
#[tokio::test]
async fn r1_a_letter_that_a_person_wrote_on_is_left_alone() {
    let folder = TempDir::new().unwrap();
    let desk = LetterDesk::new("letters", folder.path().to_owned(), Language::English);
    desk.request(&claim()).await;
    let letter = folder.path().join(format!("{}.txt", claim().reference));
    fs::write(&letter, "sent on Monday").unwrap();
    assert!(matches!(desk.request(&claim()).await, DeskReply::Acknowledged(_)));
    assert!(desk.is_by_hand());
    assert_eq!(fs::read(&letter).unwrap(), b"sent on Monday");
}

/// The disk may be slow: it is waited for on another thread, so that nothing else stands still.
#[tokio::test]
async fn a_letter_that_takes_long_holds_nothing_up() {
    let folder = TempDir::new().unwrap();
    let pipe = folder.path().join(format!("{}.txt.part", claim().reference));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // A pipe is opened when its other end is; without a thread of its own the desk would stand here until the end.
    let (done, asked) = mpsc::channel();
    let reader = thread::spawn(move || {
        let _ = asked.recv_timeout(PATIENT);
        fs::read(pipe)
    });
    let desk = LetterDesk::new("letters", folder.path().to_owned(), Language::English);
    let unfinished = desk.request(&claim()).now_or_never();
    assert_eq!(unfinished, None);
    done.send(()).unwrap();
    reader.join().unwrap().unwrap();
}

/// A crash while a letter was written leaves a part of it beside; the repeated claim writes it whole.
#[tokio::test]
async fn a_part_of_a_letter_is_no_letter() {
    let folder = TempDir::new().unwrap();
    let part = folder.path().join(format!("{}.txt.part", claim().reference));
    fs::write(&part, "Claim for a ref").unwrap();
    let desk = LetterDesk::new("letters", folder.path().to_owned(), Language::English);
    desk.request(&claim()).await;
    let [(_, bytes)] = &files(folder.path())[..] else { panic!("{:?}", files(folder.path())) };
    assert!(bytes.ends_with(b"(name, date, signature)\n"));
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named() {
    let folder = TempDir::new().unwrap();
    let blocked = folder.path().join("letters");
    fs::write(&blocked, "a file, no folder").unwrap();
    let desk = LetterDesk::new("letters", blocked.clone(), Language::English);
    let reply = desk.request(&claim()).await;
    is_unknown("a blocked folder", &reply);
    assert!(format!("{reply:?}").contains(blocked.to_str().unwrap()), "{reply:?}");
    is_unknown("a letter answers nobody", &desk.inquire(&claim()).await);
}
