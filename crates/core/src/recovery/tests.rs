//! The method's tests, by step and by invariant.

pub(crate) mod script;

mod consent;
mod judging;
mod late;
mod payment;
mod steps;
