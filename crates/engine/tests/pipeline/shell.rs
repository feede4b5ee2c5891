//! The tokio shell over in-process channels, providers and desks, in paused time.

mod bridge;
mod fence;
mod outside;
mod rig;
mod runs;
mod silence;
mod statement;
