//! The commented configuration.

use super::{Answers, Channel, Profile, Provider};
use crate::{
    cli::Ladder,
    config::{self, Way},
};

/// The whole file.
pub(crate) fn text(answers: &Answers) -> String {
    [book(answers), policy(answers), timing(answers), channel(answers), provider(answers)].join("\n")
}

fn book(answers: &Answers) -> String {
    let database = match &answers.database {
        Some(path) => format!("database = {}", toml::Value::from(path.display().to_string())),
        None => {
            "# database = \"ringback.db\"     # beside this file; in $XDG_DATA_HOME/ringback without this line".into()
        }
    };
    let providers = match answers.provider {
        Provider::Sandbox(..) => "sandbox",
        Provider::Reloadly(_) => "reloadly",
    };
    let name = match answers.provider {
        Provider::Sandbox(..) => "sandbox",
        Provider::Reloadly(_) => "home",
    };
    let (desk, region) = (desk(answers), &answers.region);
    format!(
        r#"# Ringback's configuration. Durations are written as 250ms, 15m, 24h. Amounts as "12.50 CNY".

[book]
name = "{name}"
region = "{region}"                 # numbers without a country code are read here
{database}
groups = "en"                 # the groups' names in the address book: "en" or "zh"
channel = "network"           # who is asked for the lines' state: a [channel.NAME] below, or a [route.NAME] of several
providers = ["{providers}"]       # who is paid, in this order: [provider.NAME] below
desk = "{desk}"               # who is asked for refunds: a [desk.NAME] below
# check_every = "24h"         # the default: how often `ringback run` queries every enrolled line
# cool_down = "10m"           # a line that was seen a moment ago is not queried only because somebody asks
# catalogues = ["plans.toml"] # plan amounts that complete what the provider offers
"#
    )
}

fn desk(answers: &Answers) -> &'static str {
    match answers.provider {
        Provider::Sandbox(..) => "carrier",
        Provider::Reloadly(_) => "letters",
    }
}

fn policy(answers: &Answers) -> String {
    let set = match answers.set {
        Way::Typed => "typed",
        Way::Remembered => "remembered",
        Way::Offered => "offered",
    };
    let ladder = match answers.ladder {
        Ladder::Stepwise => "stepwise",
        Ladder::Cumulative => "cumulative",
    };
    let amount = answers.amount.map_or_else(|| "# set_amount = \"30 CNY\"".into(), |a| format!("set_amount = \"{a}\""));
    let Answers { probe, highest_plan, cap_recovery, cap_line, cap_day, cap_book, .. } = answers;
    format!(
        r#"[policy]
probe = "{probe}"             # the small amount that is paid first
set = "{set}"            # how the set amount is found: "typed", "remembered" or "offered"
{amount}
ladder = "{ladder}"         # "cumulative" counts what the line received, "stepwise" pays every plan in full
highest_plan = "{highest_plan}"    # plans above are not tried
max_orders = 40               # in one recovery
max_recoveries_in_30_days = 3 # of one line

[caps]                        # without these four nothing is paid
per_recovery = "{cap_recovery}"
per_line = "{cap_line}"
per_day = "{cap_day}"
per_book = "{cap_book}"
# per_line_and_day = "100 CNY"
# per_provider = "5000 CNY"
# per_provider_and_day = "500 CNY"
# everything = "5000 CNY"
# everything_per_day = "1000 CNY"
"#
    )
}

fn timing(answers: &Answers) -> String {
    let Provider::Sandbox(_, profile) = &answers.provider else {
        return r#"[timing]                      # the defaults
# settling = "15m"            # how long a top-up may take to lift a bar
# fresh = "60s"               # how old a status may be when a payment leaves
# retry = "60s"               # the first wait before something is tried again
# answer = "120s"             # how long an order may be without an answer
# typed = "168h"              # how long a set amount may be typed
# offered = "24h"             # how long an offered set amount may be changed
# claim_poll = "6h"           # how often a claim desk is asked
# deadline = "60s"            # of one call
"#
        .into();
    };
    let Profile { settling_ms, desk_ms, .. } = profile;
    format!(
        r#"[timing]                      # the sandbox's own, so that a recovery takes seconds
settling = "{}ms"
retry = "200ms"
answer = "5s"
claim_poll = "{claim_poll_ms}ms"
deadline = "3s"
offered = "2s"
"#,
        settling_ms * 2,
        claim_poll_ms = (*desk_ms).max(1),
    )
}

fn channel(answers: &Answers) -> String {
    // A sandbox knows every number there is; a real network is authoritative for its own ranges only.
    let ranges = match answers.provider {
        Provider::Sandbox(..) => r#"["1", "2", "3", "4", "5", "6", "7", "8", "9"]"#.into(),
        Provider::Reloadly(_) => format!("[\"{}\"]", config::country_code(&answers.region).unwrap_or_default()),
    };
    let limits = match answers.provider {
        Provider::Sandbox(..) => "limits = { in_flight = 64, per_second = 5000 }",
        Provider::Reloadly(_) => "# limits = { in_flight = 8, per_second = 50 }",
    };
    let place = match &answers.channel {
        Channel::Hlr(address) => format!("kind = \"osmo-hlr\"\naddress = {address:?}"),
        Channel::Camara(url) => {
            format!(
                "kind = \"http\"\nprofile = \"camara-subscription-status\"    # or another service, or a file of yours\n\
                 url = {url:?}\n# token = {{ env = \"CAMARA_TOKEN\" }}"
            )
        }
    };
    format!(
        r#"[channel.network]
{place}
# Prefixes that it is authoritative for, such as "86138": only their lines can be enrolled.
ranges = {ranges}
{limits}
# limits.per_day = 500        # queries; or what they may cost: limits.cost = "0.02 CNY", limits.cost_per_day = "5 CNY"

# [route.both]                # several channels: the first that answers counts, and `agree` of them before money is spent
# channels = ["network", "second"]
# agree = 2
# guards = ["recycling"]      # asked last, before money is spent: whether the number was given to somebody else
# [guard.recycling]
# kind = "http"
# profile = "camara-number-recycling"
# url = "https://…"
"#
    )
}

fn provider(answers: &Answers) -> String {
    let currency = answers.probe.currency();
    match &answers.provider {
        Provider::Sandbox(url, profile) => sandbox(url, profile, currency),
        Provider::Reloadly(id) => format!(
            r#"[provider.reloadly]
kind = "reloadly"
client_id = {id:?}
client_secret = {{ env = "RELOADLY_CLIENT_SECRET" }}
currency = "{currency}"              # of the prepaid wallet
# max_fee = "0.50 {currency}"        # the most that is debited on top of a top-up; reserved with each, and never passed
# topups_url = "https://topups-sandbox.reloadly.com"

[desk.letters]                # a letter for each claim; record its answer with `ringback claims --of …`
kind = "letter"
folder = "claims"
language = "en"
"#
        ),
    }
}

fn sandbox(url: &str, profile: &Profile, currency: ringback_core::Currency) -> String {
    let Profile { min_gap_ms, not_found_final_after_ms, inquiry_spacing_ms, .. } = profile;
    format!(
        r#"[provider.sandbox]
kind = "reloadly"
client_id = "sandbox"
client_secret = "sandbox"
currency = "{currency}"
topups_url = "{url}/reloadly"
auth_url = "{url}/reloadly"
min_gap = "{min_gap_ms}ms"
not_found_final_after = "{not_found_final_after_ms}ms"
inquiry_spacing = "{inquiry_spacing_ms}ms"
limits = {{ in_flight = 64, per_second = 5000 }}

[desk.carrier]
kind = "http"
url = "{url}/desk"
"#
    )
}
