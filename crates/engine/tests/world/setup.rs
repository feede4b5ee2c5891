//! How a world begins.

use std::collections::BTreeSet;

use ringback_core::{Mode, Policy};
use ringback_engine::{Config, Engine};

use super::{Db, Desk, Disk, Log, Network, Provider, Random, World, at_start, config, policy};

/// What a test chooses about its world.
pub(crate) struct Setup {
    pub(crate) seed: u64,
    pub(crate) policy: Policy,
    /// The lines' modes; one without a mode is not enrolled.
    pub(crate) modes: Vec<Option<Mode>>,
}

impl Setup {
    /// So many lines in mode *auto*.
    pub(crate) fn lines(count: usize) -> Self {
        Self { seed: 1, policy: policy(), modes: vec![Some(Mode::Auto); count] }
    }

    pub(crate) fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    pub(crate) fn world(self) -> World {
        self.world_with(|_| {})
    }

    /// A world whose engine is told something else than usual.
    pub(crate) fn world_with(self, change: impl FnOnce(&mut Config)) -> World {
        let db = Db::with_lines(&self.policy, &self.modes);
        let mut config = config(db.book, self.policy);
        change(&mut config);
        let mut world = World {
            engine: Engine::new(config.clone(), Box::new(|| 0)),
            config,
            now: at_start(),
            db,
            network: Network::default(),
            provider: Provider::default(),
            desk: Desk::default(),
            pending: Vec::new(),
            log: Log::default(),
            disk: Box::new(|_| Disk::Works),
            random: Random::seeded(self.seed),
            durable: BTreeSet::new(),
        };
        world.start();
        world
    }
}
