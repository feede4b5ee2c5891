//! The command line: what can be said, with examples.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use ringback_core::{Amount, MoneyError, ladder};

use crate::config::Way;

/// Keeps the phone lines of the people in an address book in service.
#[derive(Debug, Parser)]
#[command(name = "ringback", version, after_help = AFTER, max_term_width = 100)]
pub(crate) struct Cli {
    /// The configuration file.
    #[arg(short, long, global = true, env = "RINGBACK_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print one JSON object on one line instead of text for people; `run` prints one for each step.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER: &str = "\
Examples:
  ringback demo                               try everything, nothing to set up
  ringback init                               write a configuration; asks for what it needs
  ringback import contacts.vcf                read a phone's address book
  ringback enrol --all --mode ask             allow queries and payments, one tap for each recovery
  ringback recover --dry-run                  what would be paid, at worst and most likely
  ringback run                                keep the lines in service, by the timer

Exit codes:
  0  done
  1  it did not work; the message says why and what to do
  2  the command line is wrong
  3  done, and something waits for a person (`ringback lines --waiting`)
  4  the ledger's check found a difference
  5  the simulation found an invariant that does not hold
  6  the doctor found a part that does not work

Environment: RINGBACK_CONFIG, XDG_CONFIG_HOME, XDG_DATA_HOME, NO_COLOR, RINGBACK_LOG (such as `debug`).";

const RUN: &str = "\
With --json, one object on each line:
  {\"kind\":\"step\",\"number\":…,\"event\":…,\"state\":…}      a transition of a line was committed
  {\"kind\":\"notice\",\"number\":…,\"notice\":…,\"text\":…}   a person should know
  {\"kind\":\"trouble\",\"text\":…}                        something did not work; it is tried again

Without --json, numbers are whole on a terminal and masked anywhere else.";

const RESTORE: &str = "\
The database that is there now is kept beside it. What was paid after the backup is unknown to it: so nothing is paid
before every provider's statement was compared, which `ringback run` and `ringback recover` do by themselves. A payment
that the backup does not know is put into suspense against its line, and waits for `ringback settle`.

Consents, limits and switches are those of the backup's time: look at `ringback lines` before going on.

Example:
  ringback restore /mnt/backup/ringback-2026-11-25.db && ringback run";

const SIMULATE: &str = "\
Examples:
  ringback simulate --seeds 100000            the engine over a store in memory, on all cores
  ringback simulate --seeds 50 --store sqlite
  ringback simulate --seed 7 --trace          one seed as a story

A seed replays identically on any machine. Exit code 5: an invariant does not hold.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a commented configuration; asks for what no flag gives. Caps are required.
    Init(Init),
    /// Read vCard files into the book. Lines are watched until they are enrolled.
    Import(Import),
    /// Show the lines: name, number, state, what was found out.
    #[command(after_help = "Examples:\n  ringback lines --waiting\n  ringback lines --group suspended --json")]
    Lines(Lines),
    /// Record both consents (queries and automatic payments) for lines, and prove that they can be served.
    Enrol(Enrol),
    /// Take the consents back. What is in flight is still resolved.
    #[command(after_help = "Examples:\n  ringback withdraw 13800138000\n  ringback withdraw --all")]
    Withdraw(Selection),
    /// Query lines now. Nothing is paid, and no recovery starts or goes on.
    #[command(
        after_help = "Examples:\n  ringback check --all\n  ringback check 13800138000 +8613900139000\n  ringback check --calls calls.xml"
    )]
    Check(Selection),
    /// Query lines and bring the restricted ones back, showing each step, until nothing moves.
    Recover(Recover),
    /// Keep the enrolled lines in service: at the start, by the timer, and on request, until stopped.
    #[command(after_help = RUN)]
    Run,
    /// Approve a recovery that waits (mode ask).
    #[command(after_help = "Example:\n  ringback approve 13800138000     then `ringback recover` goes on")]
    Approve(One),
    /// Decline a recovery that waits, or let the set amount go.
    #[command(after_help = "Example:\n  ringback decline 13800138000")]
    Decline(One),
    /// Type the set amount of a line that came back.
    #[command(after_help = "Example:\n  ringback amount 13800138000 '50 CNY'")]
    Amount(TypedAmount),
    /// Say what you know about a line.
    Tell(Tell),
    /// Say what became of an order that only a person can settle.
    Settle(Settle),
    /// The kill switch: no new payment from now on, in every process. What is in flight is still resolved.
    #[command(after_help = "Example:\n  ringback pause && ringback resume")]
    Pause,
    /// Release the kill switch.
    Resume,
    /// Show refund claims; record what a letter's answer said.
    Claims(Claims),
    /// Balances, statement, the audit chain, and the check of M1-M4 and S5.
    Ledger(Ledger),
    /// Write a whole copy of the database to one file, while the engine runs; it is checked.
    #[command(after_help = "Example:\n  ringback backup /mnt/backup/ringback-$(date +%F).db")]
    Backup(Backup),
    /// Put a backup in the database's place. Nothing is paid before it is reconciled with the providers' statements.
    #[command(after_help = RESTORE)]
    Restore(Restore),
    /// Tell a line's whole history as a story.
    #[command(after_help = "Example:\n  ringback show +8613800138000")]
    Show(One),
    /// Write the address book back, each contact in the group of its line.
    #[command(after_help = "Example:\n  ringback export after.vcf")]
    Export(Export),
    /// Look at every part: channels, providers, desks, clock, disk, database. Each finding has its remedy.
    Doctor(Doctor),
    /// Run the built-in carrier alone: a sandbox for anyone's integration.
    #[command(after_help = "Examples:\n  ringback carrier\n  ringback carrier --faults=answer_lost,too_soon --seed 7")]
    Carrier(CarrierArgs),
    /// Start a carrier inside, load a sample address book, and run the whole method on it.
    #[command(after_help = "Examples:\n  ringback demo\n  ringback demo --ladder stepwise --json")]
    Demo(Demo),
    /// Measure the engine, the HTTP path and the import.
    Bench(Bench),
    /// Attack the engine in a seeded world with faults, and check every invariant.
    #[command(after_help = SIMULATE)]
    Simulate(Simulate),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Which lines are meant.
#[derive(Debug, Clone, Args)]
pub(crate) struct Selection {
    /// Numbers, as people write them.
    #[arg(value_name = "NUMBER", required_unless_present_any = ["all", "calls"])]
    pub(crate) numbers: Vec<String>,
    /// All lines of the book.
    #[arg(long)]
    pub(crate) all: bool,
    /// The numbers in a call log (SMS Backup & Restore XML) that the book knows.
    #[arg(long, value_name = "FILE")]
    pub(crate) calls: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct One {
    /// The line's number, as people write it.
    pub(crate) number: String,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example, against `ringback carrier` on this machine:\n  ringback init --sandbox http://127.0.0.1:8080 --region CN --probe '1 CNY' --highest-plan '199 CNY' \\\n    --cap-recovery '300 CNY' --cap-line '500 CNY' --cap-day '500 CNY' \\\n    --cap-book '2000 CNY' --set remembered --amount '30 CNY'"
)]
pub(crate) struct Init {
    /// The region in which numbers without a country code are read (ISO 3166).
    #[arg(long)]
    pub(crate) region: Option<String>,
    /// The small amount that is paid first.
    #[arg(long, value_parser = above_zero, allow_hyphen_values = true)]
    pub(crate) probe: Option<Amount>,
    /// How the set amount is found.
    #[arg(long)]
    pub(crate) set: Option<Way>,
    /// The set amount, where it is preset.
    #[arg(long, value_parser = above_zero, allow_hyphen_values = true)]
    pub(crate) amount: Option<Amount>,
    /// How plan amounts are climbed.
    #[arg(long)]
    pub(crate) ladder: Option<Ladder>,
    /// Plans above this amount are not tried.
    #[arg(long, value_parser = above_zero, allow_hyphen_values = true)]
    pub(crate) highest_plan: Option<Amount>,
    /// The most that one recovery may cost.
    #[arg(long, value_parser = above_zero, allow_hyphen_values = true)]
    pub(crate) cap_recovery: Option<Amount>,
    /// The most that one line may ever cost.
    #[arg(long, value_parser = above_zero, allow_hyphen_values = true)]
    pub(crate) cap_line: Option<Amount>,
    /// The most that the book may cost in a day.
    #[arg(long, value_parser = above_zero, allow_hyphen_values = true)]
    pub(crate) cap_day: Option<Amount>,
    /// The most that the book may ever cost.
    #[arg(long, value_parser = above_zero, allow_hyphen_values = true)]
    pub(crate) cap_book: Option<Amount>,
    /// A running `ringback carrier`: its channel, provider, desk and times are written down.
    #[arg(long, value_name = "URL")]
    pub(crate) sandbox: Option<String>,
    /// The control interface of an osmo-hlr, as the status channel.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) hlr: Option<String>,
    /// A CAMARA SubscriptionStatus API, as the status channel.
    #[arg(long, value_name = "URL", conflicts_with = "hlr")]
    pub(crate) camara: Option<String>,
    /// The client id at Reloadly; its secret is read from `RELOADLY_CLIENT_SECRET`.
    #[arg(long, value_name = "ID", conflicts_with = "sandbox")]
    pub(crate) client_id: Option<String>,
    /// Where the database lies; beside the other data of the user when none is given, a sandbox's in a file of its own.
    #[arg(long, value_name = "FILE")]
    pub(crate) database: Option<PathBuf>,
    /// Replace a configuration that is there.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Ladder {
    /// Every plan amount in full, as the method says.
    Stepwise,
    /// What the line received counts.
    Cumulative,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  ringback import contacts.vcf\n  ringback import --calls calls.xml      show the numbers a call log proposes\n  ringback import --number 13800138000"
)]
pub(crate) struct Import {
    /// vCard files, version 2.1, 3.0 or 4.0.
    #[arg(value_name = "FILE", required_unless_present_any = ["calls", "number"])]
    pub(crate) files: Vec<PathBuf>,
    /// A call log: it only proposes numbers that the book does not know.
    #[arg(long, value_name = "FILE")]
    pub(crate) calls: Option<PathBuf>,
    /// A typed number; it becomes a line without a contact.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) number: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Lines {
    /// Only enrolled lines.
    #[arg(long)]
    pub(crate) enrolled: bool,
    /// Only lines that wait for a person.
    #[arg(long)]
    pub(crate) waiting: bool,
    /// Only lines in this group.
    #[arg(long)]
    pub(crate) group: Option<GroupArg>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum GroupArg {
    InService,
    Restricted,
    Suspended,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Both permissions are recorded: to query the line's state, and to pay for it by itself.\n\nExamples:\n  ringback enrol 13800138000\n  ringback enrol --all --mode ask"
)]
pub(crate) struct Enrol {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// What Ringback may do by itself.
    #[arg(long, default_value = "auto")]
    pub(crate) mode: ModeArg,
    /// Do not ask the provider and the channel whether they serve the lines.
    #[arg(long)]
    pub(crate) unproven: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModeArg {
    /// Query and show only.
    Watch,
    /// One tap approves each recovery.
    Ask,
    /// Recover by itself, within the caps.
    Auto,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  ringback recover --dry-run           what would be paid at worst and most likely; pays nothing\n  ringback recover                     all enrolled lines\n  ringback recover 13800138000         one line; also tries a parked or suspended one again"
)]
pub(crate) struct Recover {
    /// Numbers; all enrolled lines when none is given.
    #[arg(value_name = "NUMBER")]
    pub(crate) numbers: Vec<String>,
    /// Say what would be paid at worst and most likely, and pay nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Wait until the claim desks have answered as well.
    #[arg(long)]
    pub(crate) claims: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TypedAmount {
    /// The line's number.
    pub(crate) number: String,
    /// The amount, such as `50 CNY`.
    #[arg(value_parser = above_zero, allow_hyphen_values = true)]
    pub(crate) amount: Amount,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  ringback tell 13800138000 suspended\n  ringback tell 13800138000 leave-alone --until 2027-01-31\n  ringback tell 13800138000 plan --amount '59 CNY'\n  ringback tell 13800138000 route --by modem"
)]
pub(crate) struct Tell {
    /// The line's number.
    pub(crate) number: String,
    /// What you know.
    pub(crate) what: What,
    /// With `leave-alone`: the first day on which it may be touched again.
    #[arg(long, required_if_eq("what", "leave-alone"))]
    pub(crate) until: Option<jiff::civil::Date>,
    /// With `route`: the channel or route that its state is asked by; the book's where none is given.
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// With `plan`: the plan's monthly fee.
    #[arg(long, required_if_eq("what", "plan"), value_parser = above_zero, allow_hyphen_values = true)]
    pub(crate) amount: Option<Amount>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum What {
    /// I know that its owner suspended it.
    Suspended,
    /// Leave it alone until a day.
    LeaveAlone,
    /// Its plan costs this much a month.
    Plan,
    /// The number still belongs to the person.
    Confirmed,
    /// A parked or suspended line may be tried again.
    TryAgain,
    /// Its state is asked by another channel, or another route of several.
    Route,
    /// Query and show only.
    Watch,
    /// One tap approves each recovery.
    Ask,
    /// Recover by itself, within the caps.
    Auto,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  ringback settle 13800138000 delivered --reason 'the provider confirmed it by phone, case 4711'\n  ringback settle 13800138000 delivered --of 4D7Q… --received '5 CNY' --reason 'its statement says half'"
)]
pub(crate) struct Settle {
    /// The line's number.
    pub(crate) number: String,
    /// What became of the order.
    pub(crate) outcome: Settled,
    /// What the line received, where that is not what was ordered.
    #[arg(long, value_name = "AMOUNT", value_parser = above_zero, allow_hyphen_values = true)]
    pub(crate) received: Option<Amount>,
    /// The order's reference, where several of the line wait; the first one when none is given.
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) of: Option<String>,
    /// How you know; it is written to the journal.
    #[arg(long)]
    pub(crate) reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Settled {
    /// The line received the money.
    Delivered,
    /// No money moved.
    Failed,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  ringback claims\n  ringback claims --of 4D7Q… --paid '30 CNY'     a letter's answer, recorded by hand\n  ringback claims --of 4D7Q… --denied 'used up'"
)]
pub(crate) struct Claims {
    /// The claim of this top-up reference.
    #[arg(long, value_name = "REFERENCE", requires = "answer")]
    pub(crate) of: Option<String>,
    /// The desk paid this much.
    #[arg(long, group = "answer", requires = "of", value_parser = above_zero, allow_hyphen_values = true)]
    pub(crate) paid: Option<Amount>,
    /// The desk will not pay, and says why.
    #[arg(long, group = "answer", requires = "of", value_name = "REASON")]
    pub(crate) denied: Option<String>,
    /// The desk closed the claim without an answer.
    #[arg(long, group = "answer", requires = "of")]
    pub(crate) expired: bool,
    /// Let the claim go.
    #[arg(long, group = "answer", requires = "of")]
    pub(crate) withdraw: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  ringback ledger\n  ringback ledger --head                     keep what it prints somewhere else\n  ringback ledger --verify --head 5F0C…      prove that nothing before that head was changed"
)]
pub(crate) struct Ledger {
    /// Every transaction instead of the balances.
    #[arg(long)]
    pub(crate) statement: bool,
    /// Fold every posting and the audit chain anew, and compare with the providers' statements (M1-M4, S5).
    #[arg(long, conflicts_with = "statement")]
    pub(crate) verify: bool,
    /// Print the head of the audit chain; with `--verify`, check that the one given is still part of it.
    #[arg(
        long,
        value_name = "HEX",
        num_args = 0..=1,
        default_missing_value = "",
        conflicts_with = "statement",
        value_parser = head
    )]
    pub(crate) head: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// Where to write.
    pub(crate) file: PathBuf,
    /// Replace an older backup.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The file that `ringback backup` wrote.
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Where to write; a folder when several files were imported.
    pub(crate) target: PathBuf,
    /// Replace what is there.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CarrierArgs {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub(crate) listen: std::net::SocketAddr,
    /// The subscribers (TOML); the sample's when none is given.
    #[arg(long, value_name = "FILE")]
    pub(crate) subscribers: Option<PathBuf>,
    /// The seed of everything random.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Faults by the seed: every kind, or those named (`answer_lost,too_soon`).
    #[arg(long, value_name = "KINDS", num_args = 0..=1, require_equals = true, value_delimiter = ',')]
    pub(crate) faults: Option<Vec<ringback_carrier::Fault>>,
    /// Mirror each subscriber's bar into the osmo-hlr at this address.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) hlr: Option<std::net::SocketAddr>,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// How plan amounts are climbed.
    #[arg(long, default_value = "cumulative")]
    pub(crate) ladder: Ladder,
}

#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// Lines in the reference job.
    #[arg(long, default_value_t = 20_000)]
    pub(crate) lines: u32,
    /// Rounds of each measurement; medians are printed.
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: u32,
    /// The status channels by themselves instead, each beside a bare client; needs the real parts, such as osmo-hlr.
    #[arg(long)]
    pub(crate) channels: bool,
}

/// Reads the head of an audit chain; none is the wish to see it.
fn head(text: &str) -> Result<String, String> {
    let fits = text.is_empty() || text.len() == 64 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    if fits { Ok(text.to_lowercase()) } else { Err("a head has 64 hexadecimal digits".into()) }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  ringback doctor\n  ringback doctor 13800138000                      ask about this line\n  ringback doctor --channel network 13800138000    how its answer is read\n\nIt asks each channel about one line, and each provider for its balance; nothing is paid. Exit code 6: a part does not work."
)]
pub(crate) struct Doctor {
    /// Only this channel.
    #[arg(long, value_name = "NAME")]
    pub(crate) channel: Option<String>,
    /// The line that channels are asked about; the first enrolled one where none is given.
    pub(crate) number: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// How many seeds.
    #[arg(long, default_value_t = 1_000, conflicts_with = "seed")]
    pub(crate) seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0, conflicts_with = "seed")]
    pub(crate) from: u64,
    /// One seed alone.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Tell what happens in it.
    #[arg(long, requires = "seed")]
    pub(crate) trace: bool,
    /// Stop its faults after so many steps.
    #[arg(long, requires = "seed")]
    pub(crate) steps: Option<u32>,
    /// The database.
    #[arg(long, value_enum, default_value_t = SimulatedStore::Memory)]
    pub(crate) store: SimulatedStore,
    /// Threads; one for each core when none is given.
    #[arg(long, conflicts_with = "seed")]
    pub(crate) threads: Option<std::num::NonZero<usize>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SimulatedStore {
    /// In memory, for speed.
    Memory,
    /// SQLite, in a folder that goes away.
    Sqlite,
}

impl From<SimulatedStore> for ringback_sim::Kind {
    fn from(store: SimulatedStore) -> Self {
        match store {
            SimulatedStore::Memory => Self::Memory,
            SimulatedStore::Sqlite => Self::Sqlite,
        }
    }
}

/// Reads an amount of money to be paid.
fn above_zero(text: &str) -> Result<Amount, MoneyError> {
    text.parse::<Amount>()?.positive()
}

impl From<Ladder> for ladder::Kind {
    fn from(ladder: Ladder) -> Self {
        match ladder {
            Ladder::Stepwise => Self::Stepwise,
            Ladder::Cumulative => Self::Cumulative,
        }
    }
}
