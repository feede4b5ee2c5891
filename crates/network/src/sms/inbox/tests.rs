use super::{super::fuzz::settings, *};

const LATE: Duration = Duration::from_mins(1);

fn line(last: u32) -> Msisdn {
    format!("+861380013{last:04}").parse().unwrap()
}

fn inbox() -> Inbox {
    Inbox::new(&settings(LATE))
}

/// A carrier whose answers name no line.
fn nameless() -> Inbox {
    let mut settings = settings(LATE);
    settings.query.numbered = false;
    Inbox::new(&settings)
}

fn text(from: &str, text: &str, at: Instant) -> Heard {
    Heard::Text(Text { from: from.into(), text: text.into(), at })
}

fn said(answer: &mut oneshot::Receiver<Said>) -> Option<String> {
    match answer.try_recv().ok()? {
        Said::Text(text) => Some(text),
        Said::Undelivered(reason) => Some(format!("undelivered: {reason}")),
    }
}

#[test]
fn an_answer_finds_its_question_by_the_number() {
    let (mut inbox, now) = (inbox(), Instant::now());
    let mut answers = [1, 2].map(|last| inbox.open(line(last), now).unwrap());
    inbox.hear(text("10086", "13800130002已停机", now));
    inbox.hear(text("10086", "138****0001状态正常", now));
    assert_eq!(said(&mut answers[0]).as_deref(), Some("138****0001状态正常"));
    assert_eq!(said(&mut answers[1]).as_deref(), Some("13800130002已停机"));
}

#[test]
fn short_codes_are_one_however_they_are_written() {
    for from in ["10086", "+10086", "0010086", "+8610086", "008610086", "8610086", " 10086 "] {
        let (mut inbox, now) = (inbox(), Instant::now());
        let mut answer = inbox.open(line(1), now).unwrap();
        inbox.hear(text(from, "13800130001已停机", now));
        assert!(said(&mut answer).is_some(), "{from}");
    }
}

#[test]
fn a_forged_sender_neither_answers_nor_signals() {
    for from in ["10010", "+1008610086", "100860", "1008", "CMCC", "", "10086a", "+13800130001"] {
        let (mut inbox, now) = (inbox(), Instant::now());
        let mut answer = inbox.open(line(1), now).unwrap();
        inbox.hear(text(from, "13800130001已停机", now));
        assert!(!inbox.hear(text(from, "13800130001已成功充值10元", now)), "{from}");
        assert_eq!((said(&mut answer), inbox.signal()), (None, None), "{from}");
    }
}

#[test]
fn a_text_that_may_be_about_another_line_answers_nothing() {
    let (mut inbox, now) = (inbox(), Instant::now());
    let mut answers = [1, 2].map(|last| inbox.open(line(last), now).unwrap());
    for unclear in
        ["已停机", "13800130003已停机", "13800130001和13800130002已停机", "138********已停机", "138****000*已停机"]
    {
        inbox.hear(text("10086", unclear, now));
        assert_eq!(answers.each_mut().map(said), [None, None], "{unclear}");
    }
}

#[test]
fn k1_a_text_from_before_the_question_answers_nothing() {
    let (mut inbox, now) = (inbox(), Instant::now());
    let mut answer = inbox.open(line(1), now + Duration::from_secs(1)).unwrap();
    inbox.hear(text("10086", "13800130001已停机", now));
    assert_eq!(said(&mut answer), None);
    inbox.hear(text("10086", "13800130001状态正常", now + Duration::from_secs(2)));
    assert!(said(&mut answer).is_some(), "the question stays open");
}

#[test]
fn k1_a_late_answer_is_not_taken_for_the_next_ones() {
    let (mut inbox, now) = (inbox(), Instant::now());
    drop(inbox.open(line(1), now).unwrap());
    inbox.close(line(1), now);
    assert!(inbox.open(line(1), now).is_err(), "the missing answer may still come");
    assert!(inbox.open(line(2), now).is_ok(), "another line is not in doubt");
    inbox.hear(text("10086", "13800130001已停机", now));
    assert!(inbox.open(line(1), now).is_ok(), "the missing answer has come");
    inbox.close(line(1), now);
    assert!(inbox.open(line(1), now + LATE).is_ok(), "it will not come any more");
}

#[test]
fn k1_where_answers_name_no_line_one_is_asked_at_a_time() {
    let (mut inbox, now) = (nameless(), Instant::now());
    let mut answer = inbox.open(line(1), now).unwrap();
    assert!(inbox.open(line(2), now).is_err());
    inbox.hear(text("10086", "13800130009已停机", now));
    assert_eq!(said(&mut answer), None, "it names another line");
    inbox.hear(text("10086", "已停机", now));
    assert_eq!(said(&mut answer).as_deref(), Some("已停机"));

    drop(inbox.open(line(1), now).unwrap());
    inbox.close(line(1), now);
    assert!(inbox.open(line(2), now).is_err(), "the missing answer would be taken for this line's");
    inbox.hear(text("10086", "状态正常", now));
    assert!(inbox.open(line(2), now).is_ok(), "the missing answer has come");
}

#[test]
fn what_was_not_sent_or_not_delivered_leaves_no_doubt() {
    let (mut inbox, now) = (inbox(), Instant::now());
    drop(inbox.open(line(1), now).unwrap());
    inbox.forget(line(1));
    inbox.close(line(1), now);
    let mut answer = inbox.open(line(1), now).unwrap();
    inbox.sent(line(1), MessageId("7".into()));
    for id in ["8", "7"] {
        inbox.hear(Heard::Undelivered { message: MessageId(id.into()), reason: "EXPIRED".into() });
    }
    assert_eq!(said(&mut answer).as_deref(), Some("undelivered: EXPIRED"));
    inbox.close(line(1), now);
    assert!(inbox.open(line(1), now).is_ok());
}

#[test]
fn s102_a_confirmation_is_a_signal_and_no_answer() {
    let (mut inbox, now) = (inbox(), Instant::now());
    let mut answer = inbox.open(line(1), now).unwrap();
    assert!(inbox.hear(text("10086", "您的号码13800130001已成功充值10元，已恢复服务", now)));
    assert!(!inbox.hear(text("10086", "您的号码13800130001充值成功", now)), "it is there already");
    assert!(inbox.hear(text("10086", "您的号码13800130007充值成功", now)), "whoever paid");
    assert_eq!([inbox.signal(), inbox.signal()], [1, 7].map(|last| Some(Signal { msisdn: line(last) })));
    assert!(inbox.hear(text("10086", "尾号0001的号码充值成功", now)), "the only one that was asked about");
    assert_eq!(inbox.signal(), Some(Signal { msisdn: line(1) }));
    for nobodys in ["充值成功", "13800130001和13800130007充值成功", "尾号0009的号码充值成功"] {
        assert!(!inbox.hear(text("10086", nobodys, now)), "{nobodys}");
    }
    assert_eq!((inbox.signal(), said(&mut answer)), (None, None));
}

#[test]
fn s102_a_confirmation_without_a_number_is_the_accounts_own() {
    let mut settings = settings(LATE);
    settings.own = Some(line(5));
    let (mut inbox, now) = (Inbox::new(&settings), Instant::now());
    assert!(!inbox.hear(text("10086", "尾号0001的号码充值成功", now)));
    assert!(inbox.hear(text("10086", "您已成功充值10元", now)));
    assert_eq!(inbox.signal(), Some(Signal { msisdn: line(5) }));
}

#[test]
fn a_storm_of_texts_takes_no_memory() {
    let (mut inbox, now) = (inbox(), Instant::now());
    let mut answer = inbox.open(line(9_999), now).unwrap();
    for number in 0..2_500 {
        inbox.hear(text("10086", &format!("1390013{number:04}已停机"), now));
        inbox.hear(text("10086", "欢迎使用中国移动业务", now));
        inbox.hear(text("95588", "13800139999已停机", now));
        inbox.hear(text("10086", &format!("1390013{number:04}充值成功"), now));
        drop(inbox.open(line(number), now));
        inbox.close(line(number), now);
    }
    assert_eq!(inbox.signals.len(), MOST_SIGNALS);
    assert_eq!(inbox.recent.len(), MOST_RECENT);
    assert_eq!((inbox.open.len(), inbox.doubtful.len()), (1, 2_500));
    inbox.hear(text("10086", "13800139999状态正常", now));
    assert!(said(&mut answer).is_some(), "and loses no answer");
}

#[test]
fn with_too_many_lines_in_doubt_all_are() {
    let (mut inbox, now) = (inbox(), Instant::now());
    let far = |number: usize| -> Msisdn { format!("+861390{number:07}").parse().unwrap() };
    for number in 0..=MOST_DOUBTFUL {
        drop(inbox.open(far(number), now).unwrap());
        inbox.close(far(number), now);
    }
    assert!(inbox.doubtful.len() == MOST_DOUBTFUL && inbox.open(line(1), now).is_err());
    assert!(inbox.open(line(1), now + LATE).is_ok());
    inbox.close(line(1), now + LATE);
    assert_eq!((inbox.doubtful.len(), inbox.doubts.len()), (1, 1), "what is over is forgotten");
}
