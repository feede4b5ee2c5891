//! Lifted bars on their way into the HLR.

use std::{sync::Arc, time::Duration};

use tokio::{sync::mpsc, task::JoinSet};

use super::Mirror;
use crate::{http::Clock, subscriber::Lift};

/// Lifts bars in the HLR when their time comes, and once more should the HLR not answer.
pub(crate) async fn mirror_lifts(mirror: Mirror, mut rx: mpsc::UnboundedReceiver<Lift>, clock: Clock) {
    let mirror = Arc::new(mirror);
    // What is still on its way ends with this task.
    let mut under_way = JoinSet::new();
    while let Some(lift) = rx.recv().await {
        let wait_ms = u64::try_from(lift.at_ms.saturating_sub(clock())).unwrap_or(0);
        under_way.spawn(mirror_one(mirror.clone(), lift, wait_ms));
        while under_way.try_join_next().is_some() {}
    }
}

async fn mirror_one(mirror: Arc<Mirror>, lift: Lift, wait_ms: u64) {
    tokio::time::sleep(Duration::from_millis(wait_ms)).await;
    while let Err(error) = mirror.set(lift.msisdn, false).await {
        tracing::warn!(%error, line = ?lift.msisdn, "the bar is not lifted in the HLR yet");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
