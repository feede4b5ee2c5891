//! Address books and call logs: vCard in and out, groups, typed numbers. Nothing here knows top-ups.
//!
//! Everything read here is foreign: a bad part is reported as a [`Problem`] with its place, and the rest goes on.

mod book;
mod bounded;
mod calls;
mod card;
mod categories;
mod entities;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod group;
mod lines;
mod names;
mod problem;
mod proposals;
mod split;
mod text;
mod typed;

pub use book::{AddressBook, Segment, read};
pub use calls::{Call, CallKind, Calls, calls};
pub use card::{Card, CardNumber};
pub use group::{GroupNames, regroup};
pub use problem::Problem;
pub use proposals::{Proposal, Proposals, proposals};
pub use ringback_core::Group;
pub use typed::typed;
