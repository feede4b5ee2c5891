//! The tokio shell over in-process channels, providers and desks, in paused time.

mod bridge;
mod channels;
mod fence;
mod outside;
mod rig;
mod runs;
mod silence;
mod statement;
