//! The network side, for demo, tests, benchmarks and anyone's sandbox: an independent party with its own books.
//!
//! It bills subscribers, answers each status service's dialect and Reloadly's, runs a claim desk, mirrors each
//! subscriber's bar into an osmo-hlr, and, where asked, loses and garbles what it is told. It never imports the
//! rooms that it tests; the control interface's client is the one thing that it shares with `network`.

mod faults;
pub mod hlr;
mod http;
mod reloadly;
mod subscriber;
mod subscribers;
mod world;

pub use faults::{Fault, Faults};
pub use http::{Clock, Handle, Options, RunError, run, serve, serve_by};
pub use subscriber::{Lift, Service, Subscriber};
pub use subscribers::{Problem, SubscribersError, read_subscribers};
pub use world::{Booked, Profile, Refused, Verdict, World};
