//! The method's tests, by step and by invariant.

mod checks;
mod consent;
mod faults;
mod fixture;
mod found;
mod judging;
mod late;
mod memory;
mod payment;
mod random;
pub(crate) mod script;
mod steps;
