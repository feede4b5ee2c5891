//! The method of Ringback, pure: no clock, no randomness, no I/O.
//!
//! [`recovery::step`] is the method as one table; [`admit::admit`] decides whether money may be spent.

pub mod admit;
pub mod claim;
pub mod fence;
pub mod forecast;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
pub mod ladder;
pub mod ledger;
pub mod line;
pub mod money;
pub mod msisdn;
pub mod mutant;
pub mod object;
pub mod offer;
pub mod policy;
pub mod quote;
pub mod recovery;
pub mod route;
pub mod status;
pub mod time;
pub mod topup;

pub use claim::{Claim, DeskReply};
pub use line::{BookId, Cause, Group, Line, LineId, Mode};
pub use money::{Amount, Currency, MoneyError};
pub use msisdn::{Msisdn, MsisdnError};
pub use object::{Object, Text};
pub use offer::{Carrier, Denominations, Offer};
pub use policy::Policy;
pub use quote::quote;
pub use route::Route;
pub use status::{Answer, Bar, Judgement, Reachable, Read, Service, Status};
pub use time::{Incarnation, Now, Wake};
pub use topup::{Echo, Order, Outcome, Receipt, Refusal, Reply, TopUpRef};
