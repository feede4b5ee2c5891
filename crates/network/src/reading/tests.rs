use ringback_core::{Amount, Bar, Msisdn, Reachable, Service, Status};

use super::*;

fn line() -> Msisdn {
    "+8613800138000".parse().unwrap()
}

fn read(text: &str) -> Reading {
    Table::built_in("china-mobile").unwrap().read(text, line())
}

fn status(text: &str) -> Status {
    read(text).status
}

#[test]
fn every_built_in_table_is_sound() {
    for name in Table::names() {
        let table = Table::built_in(name).unwrap();
        assert_eq!(table.name(), name);
        assert!(table.carrier().is_none() || table.sms().is_some_and(|sms| sms.text.names_the_line()), "{name}");
    }
}

#[test]
fn a_restricted_line() {
    for text in [
        "您的号码已停机",
        "欠费停机",
        "尊敬的客户，您查询的号码13800138000因欠费已停机，当前余额-12.50元，缴费后即可恢复正常使用。",
        "您的号码13800138000已欠费停机，无法正常使用，请及时缴费。",
        "号码138****8000状态：单向停机。",
        "尾号8000的号码状态:停机",
        "您好，＋８６１３８００１３８０００已停机【中国移动】",
        "用户呼出受限",
        "STATUS:RESTRICTED",
        "The line 13800138000 has been suspended for non-payment. Please recharge to restore service.",
        "Your number is barred. If your number is active again we will inform you.",
        "您的号码已停机\n余额：-3.20元 2026-11-25 12:30:00",
    ] {
        assert_eq!(status(text), Status::restricted(Bar::ArrearsOrUnknown), "{text}: {:?}", read(text).rules);
    }
    let off = Status { service: Service::Restricted(Bar::ArrearsOrUnknown), reachable: Reachable::No };
    assert_eq!(status("号码已停机，手机已关机"), off, "a bar wins over everything");
}

#[test]
fn a_line_in_service() {
    for text in [
        "状态正常",
        "在用",
        "您查询的号码13800138000状态正常，余额35.20元。如需挂失请拨打10086。",
        "号码 138 0013 8000 当前状态：在用",
        "您的号码状态正常，余额不足，将于12月1日停机，为避免停机请及时充值。",
        "您的号码已复机，欢迎使用。",
        "STATUS:ACTIVE",
        "Number +86 138-0013-8000 is in service.",
        "Your line is active. To avoid being suspended, please top up.",
        "该号码未停机，状态正常",
    ] {
        assert_eq!(status(text), Status::in_service(Reachable::Unknown), "{text}: {:?}", read(text).rules);
    }
    for text in ["您查询的用户已关机", "The phone is switched off", "状态正常，已关机"] {
        assert_eq!(status(text), Status::in_service(Reachable::No), "{text}");
    }
}

#[test]
fn a_number_without_a_subscriber() {
    for text in [
        "已销号",
        "您查询的号码是空号",
        "号码13800138000已注销",
        "预销号",
        "The number is not in service",
        "No such subscriber",
    ] {
        assert_eq!(status(text), Status::not_in_service(), "{text}: {:?}", read(text).rules);
    }
}

#[test]
fn k2_what_is_not_understood_is_unknown() {
    let texts = [
        ("", "empty"),
        (" \r\n ", "empty"),
        ("欢迎使用中国移动业务", "no rule"),
        ("您已欠费12.50元", "no rule"),
        ("1.查询停机 2.充值 3.办理业务", "menu"),
        ("1. Suspended lines\n2. Top up\n0. Back", "menu"),
        ("停机查询请回复数字1", "menu"),
        ("您的号码已停机或已关机", "doubt"),
        ("用户可能已停机", "doubt"),
        ("The number may be suspended", "doubt"),
        ("您的号码已停机，状态正常", "contradicts"),
        ("已销号，状态正常", "contradicts"),
        ("suspended. The line is active.", "contradicts"),
        ("未停机", "no rule"),
        ("如已停机，请充值", "no rule"),
        ("为避免停机，请及时充值", "no rule"),
        ("您的号码即将停机", "no rule"),
        ("Your service will be suspended tomorrow", "no rule"),
        ("The line is not active", "no rule"),
        ("inactive", "no rule"),
        ("您的流量服务已暂停，数据业务停机", "no rule"),
        ("Data service is suspended", "no rule"),
        ("号码13900139000已停机", "another number"),
        ("13800138000正常，13900139000已停机", "another number"),
        ("13800138000 13900139000已停机", "another number"),
        ("号码139****9000已停机", "another number"),
        ("尾号9000已停机", "another number"),
        ("Line +1 415 555 2671 is suspended", "another number"),
        ("您的号码已停\u{FFFD}，停机", "damaged"),
        ("<html>", "no rule"),
    ];
    for (text, reason) in texts {
        let Service::Unknown(why) = status(text).service else { panic!("{text}: {:?}", read(text)) };
        assert!(why.contains(reason), "{text}: {why}");
    }
    assert!(matches!(status(&"停机。".repeat(1_000)).service, Service::Unknown(_)));
}

#[test]
fn k3_a_stated_cause_is_never_arrears() {
    let cases = [
        ("您的号码因涉嫌诈骗已停机", Bar::Fraud),
        ("欠费停机，且涉诈关停", Bar::Other),
        ("号码已挂失停机", Bar::Lost),
        ("挂失", Bar::Lost),
        ("该号码已挂失", Bar::Lost),
        ("因未实名登记，已停机", Bar::Identity),
        ("您的号码已办理停机保号", Bar::Other),
        ("用户主动停机", Bar::Other),
        ("Suspended due to fraud", Bar::Fraud),
        ("The line is barred: reported stolen", Bar::Lost),
        ("Suspended until your identity is verified", Bar::Identity),
        ("Suspended at the owner's request", Bar::Other),
    ];
    for (text, bar) in cases {
        assert_eq!(status(text), Status::restricted(bar), "{text}: {:?}", read(text).rules);
    }
    // A user's own table names no cause; the common one does.
    let own = "[[rule]]\nname = \"out\"\npattern = 'TINGJI|诈骗'\nstatus = \"restricted\"\n";
    let own = Table::parse("my.toml", own).unwrap();
    assert_eq!(own.read("TINGJI", line()).status, Status::restricted(Bar::ArrearsOrUnknown));
    assert_eq!(own.read("诈骗", line()).status, Status::restricted(Bar::Fraud));
}

#[test]
fn the_rules_that_matched_are_told() {
    assert_eq!(read("您的号码已停机，缴费后恢复使用").rules, ["common: after-payment", "zh: restricted"]);
    assert_eq!(read("号码挂失停机").rules, ["zh: restricted", "common: lost"]);
    assert_eq!(read("hello").rules, [""; 0]);
}

#[test]
fn s102_a_payment_is_confirmed() {
    let yuan = |text: &str| -> Option<Amount> { Some(format!("{text} CNY").parse().unwrap()) };
    let table = Table::built_in("china-mobile").unwrap();
    for (text, amount) in [
        ("您已成功充值10元，当前余额12.50元。", yuan("10")),
        ("充值成功", None),
        ("您于11月25日缴费50.00元成功【中国移动】", yuan("50")),
        ("尊敬的客户，您的号码13800138000已成功缴费30元", yuan("30")),
        ("充值100元已到账", yuan("100")),
        ("Your recharge of 10.00 CNY was successful.", yuan("10")),
        ("Payment received, thank you.", None),
        ("We have received your payment of 25", yuan("25")),
    ] {
        let found = table.confirmation(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(found.amount, amount, "{text}");
    }
    for text in [
        "充值失败",
        "您的充值10元未成功",
        "请充值10元",
        "请及时缴费，缴费成功后恢复使用",
        "recharge of 10 failed",
        "Payment of 10 declined",
        "您的号码已停机",
        "",
    ] {
        assert_eq!(table.confirmation(text), None, "{text}");
    }
}

#[test]
fn a_question_names_the_line() {
    let sandbox = Table::built_in("sandbox").unwrap();
    assert_eq!(sandbox.ussd().unwrap().fill(line()), "*133*13800138000#");
    let sms = sandbox.sms().unwrap();
    assert_eq!((sms.to.as_str(), sms.text.fill(line())), ("10086", "CXZT 13800138000".into()));
    assert_eq!(Template::new("{msisdn}?").fill(line()), "8613800138000?");
    assert!(!Template::new("CXYE").names_the_line());
}

#[test]
fn bad_files_name_the_place_and_the_remedy() {
    let rule = |rest: &str| format!("carrier = \"x\"\n\n[[rule]]\nname = \"a\"\n{rest}\n");
    let cases = [
        (rule("pattern = '('\nstatus = \"restricted\""), "my.toml, line 5: rule.a.pattern:"),
        (rule("pattern = '停*'\nstatus = \"restricted\""), "my.toml, line 5: rule.a.pattern: it matches an empty text"),
        (rule("pattern = '停'\nstatus = \"off\"\nbar = \"fraud\""), "my.toml, line 6: rule.a.bar:"),
        (rule("pattern = '停'\nstatus = \"stopped\""), "line 6"),
        (rule("pattern = '停'\nstatus = \"off\"\ncolour = 1"), "colour"),
        ("languages = [\"en\",\n\"fr\"]".into(), "my.toml, line 2: languages: write"),
        ("[sms]\nto = \"1\"".into(), "text"),
        ("currency = \"XXQ\"".into(), "XXQ"),
    ];
    for (text, expected) in cases {
        let error = Table::parse("my.toml", &text).unwrap_err().to_string();
        assert!(error.starts_with("my.toml") && error.contains(expected), "{error}");
    }
    let missing = Table::built_in("my").unwrap_err().to_string();
    assert!(missing.contains("china-mobile") && missing.contains(".toml"), "{missing}");
}

#[test]
fn numbers_in_full_are_found() {
    let found = numbers("号码138 0013 8000和13900139000，单号20261125123456，10086", "CN");
    assert_eq!(found, [line(), "+8613900139000".parse().unwrap()]);
    assert_eq!(numbers("138****8000", "CN"), []);
}
