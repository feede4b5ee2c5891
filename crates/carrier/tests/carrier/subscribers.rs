//! The subscribers' file: what it says, and how it is refused.

use ringback_carrier::{Service, Subscriber, read_subscribers};

use crate::town::{LINE, entry, line, msisdn};

fn read(text: &str) -> Vec<Subscriber> {
    read_subscribers(text).unwrap()
}

#[test]
fn every_kind_of_subscriber_is_read() {
    let cases = [
        ("state = \"in_service\"", Service::InService, false, 0),
        ("state = \"in_service\"\npowered_off = true", Service::InService, true, 0),
        ("state = \"in_service\"\nbalance = \"12.34 CNY\"", Service::InService, false, 1_234),
        ("state = \"arrears\"\narrears = \"118 CNY\"", Service::Arrears { owed_minor: 11_800 }, false, 0),
        ("state = \"suspended_by_owner\"\nbalance = \"0 CNY\"", Service::SuspendedByOwner, false, 0),
        ("state = \"fraud\"", Service::Fraud, false, 0),
        ("state = \"ceased\"", Service::Ceased, false, 0),
        ("state = \"recycled\"", Service::Recycled, false, 0),
    ];
    for (state, service, powered_off, credit_minor) in cases {
        let read = read(&entry(LINE, "移动", "59 CNY", state)).remove(0);
        assert_eq!((read.service, read.powered_off, read.credit_minor), (service, powered_off, credit_minor));
        assert_eq!((read.msisdn, read.carrier.name()), (msisdn(LINE), "China Mobile"));
        assert_eq!(read.plan.to_string(), "59.00 CNY");
    }
}

#[test]
fn a_recycled_number_has_another_sim_than_it_had_before() {
    let before = read(&line("state = \"in_service\"")).remove(0);
    let after = read(&line("state = \"recycled\"")).remove(0);
    assert_eq!(before.msisdn, after.msisdn);
    assert_ne!(before.imsi, after.imsi);
    let given = read(&line("state = \"recycled\"\nimsi = \"460001234567890\"")).remove(0);
    assert_eq!(given.imsi, "460001234567890");
}

#[test]
fn sims_differ() {
    let sims = |count: usize| {
        let mut sims: Vec<String> = read(&crate::town::lines(count)).into_iter().map(|line| line.imsi).collect();
        sims.dedup();
        sims.len()
    };
    assert_eq!(sims(50), 50);
}

/// Each bad file, the place that its error names, and the remedy.
fn bad_files() -> Vec<(String, &'static str, &'static str)> {
    let fine = line("state = \"in_service\"");
    let other = |rest: &str| entry("+8613900139000", "China Mobile", "59 CNY", rest);
    let plan = |plan: &str| entry(LINE, "China Mobile", plan, "state = \"in_service\"");
    let bare = fine.replace("\"59 CNY\"", "nan");
    let after = |bad: String| format!("{fine}{bad}");
    let arrears = "`arrears` goes with state";
    let balance = "`balance` is not below zero";
    vec![
        (after(fine.clone()), "line 7: subscriber +8613800138000", "already in line 2; remove one"),
        (
            after(other("state = \"in_service\"\ncolour = 1")),
            "line 11",
            "unknown field `colour`, expected one of `msisdn`",
        ),
        (after(other("state = \"asleep\"")), "line 10", "unknown variant `asleep`, expected one of `in_service`"),
        (after(other("state = \"arrears\"")), "line 7: subscriber +8613900139000", arrears),
        (line("state = \"arrears\"\narrears = \"5 EUR\""), "line 2: subscriber +8613800138000", arrears),
        (line("state = \"arrears\"\narrears = \"-5 CNY\""), "line 2: subscriber +8613800138000", arrears),
        (line("state = \"arrears\"\narrears = \"0 CNY\""), "line 2: subscriber +8613800138000", arrears),
        (line("state = \"in_service\"\narrears = \"5 CNY\""), "line 2: subscriber +8613800138000", arrears),
        (line("state = \"in_service\"\nbalance = \"-1 CNY\""), "line 2: subscriber +8613800138000", balance),
        (line("state = \"in_service\"\nbalance = \"1 EUR\""), "line 2: subscriber +8613800138000", balance),
        (line("state = \"arrears\"\narrears = \"5 CNY\"\nbalance = \"1 CNY\""), "line 2", balance),
        (plan("-59 CNY"), "line 2: subscriber +8613800138000", "`plan` is above zero"),
        (plan("0 CNY"), "line 2: subscriber +8613800138000", "`plan` is above zero"),
        (plan("NaN CNY"), "line 4", "write digits with at most 2 decimals, such as 10.50 CNY"),
        (plan("1e3 CNY"), "line 4", "write digits with at most 2 decimals"),
        (plan("59"), "line 4", "write it with its currency, such as `10 CNY`"),
        (plan("59 XXQ"), "line 4", "`XXQ` is no ISO 4217 currency; write a code such as CNY or EUR"),
        (bare, "line 4", "plan = \"59 CNY\" and state, in quotes"),
        (fine.replace(LINE, "13800138000"), "line 2", "`13800138000`"),
        (fine.replace("carrier = \"China Mobile\"\n", ""), "line 1", "missing field `carrier`"),
        (line("state = \"in_service\"\nfault = \"gremlins\""), "line 6", "`answer_lost`"),
        (line("state = \"in_service\"\nimsi = \"12x456\""), "line 2", "write 6 to 15 digits, or leave it out"),
        (line("state = \"in_service\"\nimsi = \"\""), "line 2", "write 6 to 15 digits, or leave it out"),
        (
            after(other("state = \"in_service\"\nimsi = \"901700000000001\"")),
            "line 7: subscriber +8613900139000",
            "that of the subscriber in line 2",
        ),
        (format!("{fine}[[subscribers]]\n"), "line 6", "unknown field `subscribers`"),
        ("subscriber = 1".into(), "line 1", "each [[subscriber]] has"),
        (String::new(), "line 1", "missing field `subscriber`"),
    ]
}

#[test]
fn a_bad_file_is_refused_with_its_place_and_the_remedy() {
    for (text, place, remedy) in bad_files() {
        let error = read_subscribers(&text).map(|_| ()).expect_err(&text).to_string();
        assert!(error.contains(place), "{place} is not in: {error}\n{text}");
        assert!(error.contains(remedy), "{remedy} is not in: {error}\n{text}");
    }
}
