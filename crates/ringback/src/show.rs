//! How states, causes and reasons are said to people.

use std::{borrow::Cow, io::IsTerminal, time::Duration};

use comfy_table::{Attribute, Cell, Color, ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use ringback_core::{
    Bar, Cause, Group, Line, Mode, Msisdn, Reachable, Service, Status,
    admit::{Denial, Period, Scope},
    line::{Aim, Phase, Reason, State},
    recovery::End,
    topup::Refusal,
};

/// How often a spinner turns.
const TICK: Duration = Duration::from_millis(120);

/// Whether colours are wanted: a terminal, and no `NO_COLOR`.
pub(crate) fn colours() -> bool {
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    wanted && std::io::stdout().is_terminal()
}

/// The progress of something long, on stderr; hidden where that is no terminal.
pub(crate) fn progress(length: usize, what: &'static str) -> ProgressBar {
    let bar = "{bar:30} {pos} of {len} {msg}";
    let bar = ProgressBar::new(length as u64).with_style(style(bar)).with_message(what);
    bar.enable_steady_tick(TICK);
    bar
}

/// The same where nobody knows how long it is.
pub(crate) fn spinner(what: impl Into<Cow<'static, str>>) -> ProgressBar {
    let spinner = ProgressBar::new_spinner().with_style(style("{spinner} {msg}")).with_message(what);
    spinner.enable_steady_tick(TICK);
    spinner
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// A text as it may be printed: whole on a terminal, with masked numbers on anything that may be a log (S6).
pub(crate) fn shared<'a>(text: &'a str, target: &impl IsTerminal) -> Cow<'a, str> {
    if target.is_terminal() { text.into() } else { masked(text).into() }
}

/// A text with every telephone number in it masked.
pub(crate) fn masked(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    for word in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '+' && c != '.') {
        let digits = word.trim_end_matches(|c: char| !c.is_ascii_digit());
        let number = digits.trim_start_matches('+').bytes().all(|byte| byte.is_ascii_digit());
        match format!("+{}", digits.trim_start_matches('+')).parse::<Msisdn>() {
            Ok(msisdn) if number => masked.extend([&msisdn.masked(), &word[digits.len()..]]),
            _ => masked.push_str(word),
        }
    }
    masked
}

/// A status, with why it is unknown.
pub(crate) fn status(status: &Status) -> String {
    match &status.service {
        Service::InService => "in service".into(),
        Service::Restricted(stated) => format!("restricted{}", bar(*stated)),
        Service::NotInService => "no such subscriber".into(),
        Service::Recycled => "the number was given to somebody else".into(),
        Service::Unknown(reason) => format!("unknown ({reason})"),
    }
}

/// An amount for an example, in the currency in which the line is paid.
pub(crate) fn example(line: &Line) -> String {
    match &line.state {
        State::Open(recovery) => format!("50 {}", recovery.received.currency()),
        _ => "50 CNY".into(),
    }
}

/// A table for people, without lines.
pub(crate) fn table(head: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    if !colours() {
        table.force_no_tty();
    }
    table.set_header(head.iter().map(|title| Cell::new(title).add_attribute(Attribute::Bold)));
    table
}

/// A line's state in a table: in words, and in a colour where there are any.
pub(crate) fn state_cell(line: &Line) -> Cell {
    painted_cell(line, &state(line))
}

/// A text about a line in the colour of its state.
pub(crate) fn painted_cell(line: &Line, text: &str) -> Cell {
    let cell = Cell::new(text);
    if !colours() {
        return cell;
    }
    match (&line.state, line.group()) {
        (State::Parked(_), _) => cell.fg(Color::Magenta),
        (State::Open(_), _) => cell.fg(Color::Cyan),
        (_, Some(Group::InService)) => cell.fg(Color::Green),
        (_, Some(Group::Restricted)) => cell.fg(Color::Red),
        (_, Some(Group::Suspended)) => cell.fg(Color::DarkGrey).add_attribute(Attribute::Italic),
        (_, None) => cell,
    }
}

/// A line's state in a few words.
pub(crate) fn state(line: &Line) -> String {
    match &line.state {
        State::Suspended => "suspended by its owner".into(),
        State::Parked(parked) => format!("parked: {}", reason(&parked.reason)),
        State::Open(recovery) => phase(&recovery.phase, recovery.aim),
        State::Idle => seen(line),
    }
}

fn seen(line: &Line) -> String {
    let Some(seen) = &line.seen else { return "not queried yet".into() };
    match (&seen.status.service, seen.status.reachable) {
        (Service::InService, Reachable::No) => "in service, switched off".into(),
        (Service::InService, _) => "in service".into(),
        (Service::Restricted(stated), _) => format!("restricted{}", bar(*stated)),
        (Service::NotInService, _) => "no subscriber".into(),
        (Service::Recycled, _) => "somebody else's number now".into(),
        (Service::Unknown(why), _) => format!("unknown: {why}"),
    }
}

/// The cause of a bar, where the network states one that no payment lifts (K3).
pub(crate) fn bar(bar: Bar) -> &'static str {
    match bar {
        Bar::ArrearsOrUnknown => "",
        Bar::Fraud => " for fraud",
        Bar::Lost => ": reported lost",
        Bar::Identity => ": identity not verified",
        Bar::Other => " for another stated cause",
    }
}

/// Where a recovery stands.
pub(crate) fn phase(phase: &Phase, aim: Aim) -> String {
    let aim = aim_text(aim);
    match phase {
        Phase::Preparing { .. } => "restricted; finding what can be paid".into(),
        Phase::Approval => "restricted; waits for your approval".into(),
        Phase::Reading { .. } => format!("queries before paying {aim}"),
        Phase::Ready { .. } => format!("ready to pay {aim}"),
        Phase::Paying { order, .. } => format!("pays {aim}: {}", order.asked),
        Phase::Inquiring(inquiry) => {
            format!("asks what became of {} ({})", inquiry.order.asked, inquiry.order.reference)
        }
        Phase::Settling { .. } => format!("{aim} delivered; queries whether it took effect"),
        Phase::Owed { offered: Some(amount), .. } => format!("in service; {amount} follows unless you change it"),
        Phase::Owed { offered: None, .. } => "in service; waits for the set amount".into(),
    }
}

/// What an order is for.
pub(crate) fn aim_text(aim: Aim) -> String {
    match aim {
        Aim::Probe => "the probe".into(),
        Aim::Rung { number, plan } => format!("rung {number} (plan {plan})"),
        Aim::Set(_) => "the set amount".into(),
    }
}

/// A recovery's finding.
pub(crate) fn cause(cause: Cause) -> String {
    match cause {
        Cause::UsedUp => "used up".into(),
        Cause::MonthlyFee { rung, plan } => format!("monthly fee {plan} (rung {rung})"),
        Cause::SuspendedByOwner => "suspended by its owner".into(),
    }
}

/// How a recovery ended.
pub(crate) fn end(end: &End) -> String {
    match end {
        End::Restored(found) => cause(*found),
        End::CameBack => "came back before anything was paid".into(),
        End::Suspended => "suspended by its owner".into(),
        End::Parked(why) => format!("parked: {}", reason(why)),
        End::Declined => "declined".into(),
    }
}

/// Why a line is parked.
pub(crate) fn reason(reason: &Reason) -> String {
    match reason {
        Reason::Denied(denial) => denied(*denial),
        Reason::HighestPlan => "the plans that are left are above your highest plan".into(),
        Reason::NoPlans => "the carrier's plan amounts are not known".into(),
        Reason::NotOffered(words) => format!("nothing can be paid: {words}"),
        Reason::Refused(refusal) => format!("the provider refused: {}", refused(refusal)),
        Reason::Barred(stated) => format!("restricted{}; no payment lifts that", bar(*stated)),
        Reason::NotInService => "the number has no subscriber".into(),
        Reason::StatusUnknown => "the network does not tell the line's state".into(),
        Reason::TooManyOrders => "too many orders in one recovery".into(),
        Reason::TooManyRecoveries => "too many recoveries in 30 days".into(),
        Reason::LeftAlone => "left alone, as you said".into(),
        Reason::CannotInquire => "the outcome of an order cannot be looked up".into(),
        Reason::Mismatch => "what the provider says does not fit the ledger".into(),
        Reason::Money(words) => words.clone(),
        Reason::Declined => "declined".into(),
    }
}

/// What a person does next about a parked line (L2).
pub(crate) fn next_step(reason: &Reason, number: &str) -> String {
    let again = format!("then `ringback recover {number}`");
    match reason {
        Reason::Denied(Denial::Cap(..) | Denial::NoCap(..)) => format!("raise the cap in the configuration, {again}"),
        Reason::Denied(Denial::NotEnrolled) => format!("`ringback enrol {number}`"),
        Reason::Denied(Denial::Doubtful) | Reason::NotInService => {
            format!("ask the person whether the number is still theirs, then `ringback tell {number} confirmed`")
        }
        Reason::HighestPlan => {
            format!(
                "`ringback tell {number} suspended` claims the money back; or raise policy.highest_plan, {again}, which \
                 starts over with the probe"
            )
        }
        Reason::NoPlans => format!("add a plan catalogue for the carrier (book.catalogues), {again}"),
        Reason::CannotInquire | Reason::Mismatch => {
            format!("ask the provider, then `ringback settle {number} delivered|failed --reason …`")
        }
        Reason::Barred(_) => "the person has to talk to the carrier".into(),
        Reason::LeftAlone => format!("it goes on after its day; `ringback recover {number}` goes on now"),
        Reason::TooManyRecoveries => {
            format!("ask the person why; raise policy.max_recoveries_in_30_days if it is right, {again}")
        }
        Reason::Refused(Refusal::WalletEmpty) => format!("fill the wallet at the provider, {again}"),
        _ => format!("see `ringback show {number}`, {again}"),
    }
}

/// What a person can do about a line, whatever its state.
pub(crate) fn advice(line: &Line) -> String {
    let number = line.msisdn;
    match &line.state {
        State::Parked(parked) => next_step(&parked.reason, &number.to_string()),
        _ if !line.consents.complete() => format!("`ringback enrol {number}` comes first"),
        State::Idle | State::Suspended => format!("`ringback recover {number}` queries it and begins anew"),
        State::Open(recovery) => match &recovery.phase {
            Phase::Approval => format!("`ringback approve {number}` or `ringback decline {number}`"),
            Phase::Owed { .. } => {
                format!("`ringback amount {number} '{}'` or `ringback decline {number}`", example(line))
            }
            _ => format!("`ringback recover` goes on, `ringback show {number}` tells its history"),
        },
    }
}

/// Why money may not be spent now.
pub(crate) fn denied(denial: Denial) -> String {
    match denial {
        Denial::Cap(scope, Period::Day) => format!("the cap per {} and day is reached", scope_name(scope)),
        Denial::Cap(scope, Period::Lifetime) => format!("the cap per {} is reached", scope_name(scope)),
        Denial::NoCap(scope, _) => format!("no cap per {} is set", scope_name(scope)),
        Denial::NotEnrolled => "the consents are missing".into(),
        Denial::Doubtful => "it is doubtful whose number it is".into(),
        Denial::Paused => "paused; `ringback resume` goes on".into(),
        Denial::Frozen => {
            "frozen: after a restore until it is reconciled, after a failed check until `ringback resume`".into()
        }
        Denial::ClockFault => "the clock jumped; check it, then `ringback resume`".into(),
        Denial::Unresolved => "another order for this number is not settled yet".into(),
        Denial::TooManyOrders => "too many orders within an hour".into(),
        Denial::StaleRead => "the status is too old; it is queried again".into(),
    }
}

fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Recovery => "recovery",
        Scope::Line => "line",
        Scope::Book => "book",
        Scope::Provider => "provider",
        Scope::Everything => "installation",
    }
}

/// A refusal in a few words.
pub(crate) fn refused(refusal: &Refusal) -> String {
    match refusal {
        Refusal::TooSoon => "topped up a moment ago".into(),
        Refusal::BarredLine => "it does not pay into a barred line".into(),
        Refusal::NotOffered => "not offered for this line".into(),
        Refusal::WalletEmpty => "the wallet is empty".into(),
        Refusal::NumberWrong => "the number is wrong for the carrier".into(),
        Refusal::Unavailable => "out of order for now".into(),
        Refusal::Other(text) => text.clone(),
    }
}

/// A line's mode.
pub(crate) fn mode(line: &Line) -> &'static str {
    match (line.consents.complete(), line.mode) {
        (false, _) => "not enrolled",
        (true, Mode::Watch) => "watch",
        (true, Mode::Ask) => "ask",
        (true, Mode::Auto) => "auto",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s6_texts_that_may_reach_a_log_hold_no_full_number() {
        let cases = [
            ("+8613800138000  in service", "+861******8000  in service"),
            ("`ringback approve +8613800138000`, then", "`ringback approve +861******8000`, then"),
            ("no 13800138000.", "no +138****8000."),
            ("1000000.00 CNY", "1000000.00 CNY"),
            ("4D7Q1234567890ABCDEFGHJKMN was delivered", "4D7Q1234567890ABCDEFGHJKMN was delivered"),
            ("rung 2 (plan 58.00 CNY)", "rung 2 (plan 58.00 CNY)"),
        ];
        for (text, wanted) in cases {
            assert_eq!(masked(text), wanted);
        }
    }
}
