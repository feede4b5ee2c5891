//! What each profile makes of each word of its service.

use std::sync::{Arc, Mutex};

use axum::{Json, response::IntoResponse as _};
use ringback_core::{Judgement, Reachable};
use ringback_network::Channel as _;

use crate::{
    contract::{check_unknown, numbers},
    dialects::{CAMARA, Dialect, HLR_LOOKUPS, HLRLOOKUP, TELESIGN, TWILIO, Word, ZAIWANG},
    peer::{Play, Service},
};

async fn said(dialect: &'static Dialect, word: Word) -> (Judgement, Reachable) {
    let service = Service::start(dialect).await;
    service.play(move |numbers, _| {
        let (code, body) = dialect.answer(&[(numbers[0].clone(), word)]);
        Play::Answer((code, Json(body)).into_response())
    });
    let channel = service.open();
    let answers = channel.query(&numbers(1)).await;
    if word == Word::Unknown {
        check_unknown(dialect.profile, &numbers(1), &answers);
    }
    (answers[0].status.judged(), answers[0].status.reachable)
}

/// The table of the profiles: in service, restricted, unreachable, not in service, unknown.
#[tokio::test]
async fn every_word_of_a_service_has_its_state() {
    use Judgement::{InService, NotInService, Restricted, Unknown};
    let (on, off, unseen) = (Reachable::Yes, Reachable::No, Reachable::Unknown);
    let cases = [
        (&CAMARA, [(InService, unseen), (Restricted, unseen), (InService, off)]),
        // K2: what cannot tell a restricted line says of none that it is in service.
        (&TWILIO, [(Unknown, unseen), (Unknown, unseen), (Unknown, off)]),
        // Telesign does not see whether a phone is on.
        (&TELESIGN, [(InService, unseen), (Restricted, unseen), (InService, unseen)]),
        (&HLR_LOOKUPS, [(Unknown, on), (Unknown, on), (Unknown, off)]),
        (&HLRLOOKUP, [(Unknown, on), (Unknown, on), (Unknown, off)]),
        (&ZAIWANG, [(InService, unseen), (Restricted, unseen), (InService, off)]),
    ];
    for (dialect, expected) in cases {
        let words = [Word::InService, Word::Restricted, Word::Unreachable, Word::NotInService, Word::Unknown];
        for (word, expected) in
            words.into_iter().zip([&expected[..], &[(NotInService, unseen), (Unknown, unseen)]].concat())
        {
            assert_eq!(said(dialect, word).await, expected, "{}: {word:?}", dialect.profile);
        }
    }
}

/// What a channel says that it sees is what its table tells apart.
#[tokio::test]
async fn a_profile_knows_what_it_cannot_see() {
    let cases = [
        (&CAMARA, true, false),
        (&TWILIO, false, true),
        (&TELESIGN, true, false),
        (&HLR_LOOKUPS, false, true),
        (&ZAIWANG, true, true),
    ];
    for (dialect, restriction, reachability) in cases {
        let channel = Service::start(dialect).await.open();
        let seen = channel.capabilities();
        assert_eq!((seen.sees_restriction, seen.sees_reachability), (restriction, reachability), "{}", dialect.profile);
        let about = channel.profile().about();
        assert!(about.source.starts_with("https://") && !about.cannot_see.is_empty(), "{about:?}");
    }
}

#[tokio::test]
async fn one_request_carries_a_batch() {
    let service = Service::start(&HLRLOOKUP).await;
    let requests = Arc::new(Mutex::new(Vec::new()));
    let counted = requests.clone();
    service.play(move |numbers, _| {
        counted.lock().unwrap().push(numbers.len());
        let said: Vec<_> = numbers.iter().map(|number| (number.clone(), Word::NotInService)).collect();
        Play::Answer(Json(HLRLOOKUP.answer(&said).1).into_response())
    });
    let answers = service.open().query(&numbers(100)).await;
    assert!(answers.iter().all(|answer| answer.status.judged() == Judgement::NotInService), "{answers:?}");
    let mut sizes = requests.lock().unwrap().clone();
    sizes.sort_unstable();
    assert_eq!(sizes, [20, 80]);
}

/// Two answers about one number may contradict each other.
#[tokio::test]
async fn k2_a_number_that_a_batch_names_twice_is_unknown() {
    let service = Service::start(&HLRLOOKUP).await;
    service.play(move |numbers, _| {
        let said: Vec<_> = [Word::InService, Word::NotInService].map(|word| (numbers[0].clone(), word)).to_vec();
        Play::Answer(Json(HLRLOOKUP.answer(&said).1).into_response())
    });
    check_unknown("twice", &numbers(1), &service.open().query(&numbers(1)).await);
}
