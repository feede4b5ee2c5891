//! The corpus of the fuzz target that reads bytes as actions.

use crate::{replay::replay, world::actions};

#[test]
fn the_corpus_of_actions_settles() {
    replay("engine", actions);
}
