//! The method's tests, by step and by invariant.

pub(crate) mod script;

mod judging;
mod payment;
mod steps;
