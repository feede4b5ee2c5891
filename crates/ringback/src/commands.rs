//! One file for each command, or for a few that are alike.

pub(crate) mod backup;
pub(crate) mod bench;
pub(crate) mod carrier;
pub(crate) mod claims;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod enrol;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod ledger;
pub(crate) mod lines;
pub(crate) mod recover;
pub(crate) mod requests;
pub(crate) mod simulate;
pub(crate) mod story;
