//! The channel by SMS against a scripted carrier that answers texts.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod contract;

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use contract::{Conduct, PATIENT, Peer, SHORT, check_unknown, hold, lost, numbers, off, truth};
use ringback_core::{Judgement, Msisdn, Service};
use ringback_network::{
    Channel, Signal, Sms,
    reading::{Table, Template},
    sms::Settings,
    texts::{Heard, MessageId, Text, Texts, TextsError},
};
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::timeout,
};

/// Questions that the honest carrier answers together, the last one first.
const TOGETHER: Duration = Duration::from_millis(20);

/// How long an answer may be late.
const LATE: Duration = Duration::from_millis(300);

/// A carrier; each channel has a line of its own to it.
#[derive(Clone)]
struct Carrier {
    conduct: Arc<Mutex<Conduct>>,
}

/// One channel's way to the carrier.
struct Way {
    conduct: Arc<Mutex<Conduct>>,
    asked: UnboundedSender<String>,
    heard: tokio::sync::Mutex<UnboundedReceiver<Heard>>,
    answers: UnboundedSender<Heard>,
}

impl Carrier {
    fn new() -> Self {
        Self { conduct: Arc::new(Mutex::new(Conduct::Honest)) }
    }

    fn way(&self) -> Way {
        let ((asked, questions), (answers, heard)) = (unbounded_channel(), unbounded_channel());
        tokio::spawn(serve(questions, answers.clone()));
        Way { conduct: Arc::clone(&self.conduct), asked, heard: tokio::sync::Mutex::new(heard), answers }
    }
}

/// Answers honestly, several together and the last one first.
async fn serve(mut questions: UnboundedReceiver<String>, answers: UnboundedSender<Heard>) {
    while let Some(first) = questions.recv().await {
        let mut together = vec![first];
        while let Ok(Some(next)) = timeout(TOGETHER, questions.recv()).await {
            together.push(next);
        }
        for number in together.iter().rev() {
            answers.send(text("10086", &honest(number))).unwrap_or_default();
        }
    }
}

fn text(from: &str, said: &str) -> Heard {
    Heard::Text(Text { from: from.into(), text: said.into(), at: Instant::now() })
}

fn honest(number: &str) -> String {
    match truth(number) {
        Judgement::Restricted => format!("您查询的号码+{number}因欠费已停机，缴费后即可恢复正常使用。"),
        Judgement::NotInService => format!("您查询的号码+{number}是空号。"),
        _ if off(number) => format!("您查询的号码+{number}已关机。"),
        _ => format!("Number +{number} is in service."),
    }
}

#[async_trait]
impl Texts for Way {
    async fn send(&self, to: &str, text_: &str) -> Result<MessageId, TextsError> {
        assert_eq!(to, "10086");
        let number = text_.strip_prefix("CXZT +").unwrap().to_owned();
        let say = |said: String| self.answers.send(text("10086", &said)).unwrap_or_default();
        let id = MessageId(number.clone());
        let conduct = *self.conduct.lock().unwrap();
        match conduct {
            Conduct::LosesOne if lost(&number) => {}
            Conduct::Honest | Conduct::LosesOne => self.asked.send(number).unwrap_or_default(),
            Conduct::Silent => {}
            Conduct::Broken => return Err(TextsError::Unsure("the connection broke".into())),
            Conduct::Refusing => return Err(TextsError::Refused(format!("{number} may not send"))),
            Conduct::OutOfOrder => {
                // The network's word comes after the id by which it names the text.
                let (answers, message) = (self.answers.clone(), id.clone());
                let reason = format!("UNDELIV to {number}");
                tokio::spawn(async move {
                    tokio::time::sleep(TOGETHER).await;
                    answers.send(Heard::Undelivered { message, reason }).unwrap_or_default();
                });
            }
            Conduct::Garbage => say(format!("+{number} \u{1}\u{2}#+1")),
            Conduct::Html => say(format!("<html><body>+{number}</body></html>")),
            Conduct::Truncated => say(format!("您查询的号码+{number}已停机\u{FFFD}")),
            Conduct::OtherNumber => say("您查询的号码13900139000已停机".into()),
        }
        Ok(id)
    }

    async fn hear(&self) -> Heard {
        match self.heard.lock().await.recv().await {
            Some(heard) => heard,
            None => std::future::pending().await,
        }
    }
}

fn settings(ranges: &[&str], deadline: Duration) -> Settings {
    let table = Table::built_in("sandbox").unwrap();
    let mut query = table.sms().unwrap().clone();
    query.text = Template::new("CXZT +{msisdn}");
    Settings {
        name: "sms".into(),
        table,
        query,
        ranges: ranges.iter().map(|&range| range.to_owned()).collect(),
        region: "CN".into(),
        country_code: 86,
        own: None,
        deadline,
        late: LATE,
    }
}

impl Peer for Carrier {
    fn turn(&self, conduct: Conduct) {
        *self.conduct.lock().unwrap() = conduct;
    }

    fn channel(&self, ranges: &[&str], deadline: Duration) -> Box<dyn Channel> {
        Box::new(Sms::new(settings(ranges, deadline), Arc::new(self.way())))
    }

    fn says_nothing_at(&self, fault: Conduct) -> bool {
        // An answer about another line is no answer about this one.
        matches!(fault, Conduct::Silent | Conduct::OtherNumber)
    }

    fn doubts_for(&self) -> Duration {
        LATE * 10
    }

    fn shows_phones_off(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn sms_holds_the_contract() {
    hold(&Carrier::new()).await;
}

/// A channel, and what its carrier says without being asked.
fn silent(deadline: Duration) -> (Sms, UnboundedSender<Heard>) {
    let carrier = Carrier::new();
    carrier.turn(Conduct::Silent);
    let way = carrier.way();
    let says = way.answers.clone();
    (Sms::new(settings(&["86"], deadline), Arc::new(way)), says)
}

#[tokio::test]
async fn k1_a_late_answer_is_never_the_lines_state() {
    let (channel, says) = silent(SHORT);
    let asked = numbers(2);
    check_unknown("no answer", &asked, &channel.query(&asked).await);
    let soon = channel.query(&asked).await;
    check_unknown("in doubt", &asked, &soon);
    assert!(format!("{soon:?}").contains("may still come"), "{soon:?}");
    // It comes about when the line is asked again; that question was asked after it, or is not asked at all.
    says.send(text("10086", &honest(&asked[1].digits()))).unwrap();
    check_unknown("a late answer", &asked, &channel.query(&asked).await);
}

#[tokio::test]
async fn a_storm_of_ten_thousand_texts_loses_no_answer_and_no_signal() {
    let (channel, says) = silent(PATIENT);
    let line: Msisdn = numbers(2)[1];
    let storm = async {
        for number in 0..10_000 {
            says.send(text("106575", "恭喜您中奖了")).unwrap();
            says.send(text("10086", &format!("您的套餐已使用{number}分钟"))).unwrap();
        }
        says.send(text("95588", &format!("{}充值成功", line.digits()))).unwrap();
        says.send(text("+10086", &format!("您的号码{}已成功充值10元", line.digits()))).unwrap();
        says.send(text("10086", &honest(&line.digits()))).unwrap();
    };
    let lines = [line];
    let (answers, ()) = tokio::join!(channel.query(&lines), storm);
    assert_eq!(answers[0].status.judged(), Judgement::Restricted, "{answers:?}");
    let signal = timeout(PATIENT, channel.next_signal()).await.unwrap();
    assert_eq!(signal, Signal { msisdn: line });
    assert!(timeout(TOGETHER, channel.next_signal()).await.is_err(), "a forged sender announces nothing");
}

#[tokio::test]
async fn a_query_that_names_no_line_asks_for_its_own_alone() {
    let own: Msisdn = "+8613800138000".parse().unwrap();
    let carrier = Carrier::new();
    let mut settings = settings(&["86"], SHORT);
    settings.query.text = Template::new("CXYE");
    settings.own = Some(own);
    let channel = Sms::new(settings, Arc::new(carrier.way()));
    let answers = channel.query(&numbers(1)).await;
    let Service::Unknown(reason) = &answers[0].status.service else { panic!("{answers:?}") };
    assert!(reason.contains("{number}"), "{reason}");
}
