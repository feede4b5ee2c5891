//! Many rows as two parameters: their keys as JSON, and one text that holds all their bodies.
//!
//! SQLite takes a body out of that text by its place, so that it never parses what it only keeps; parsing the bodies
//! as parts of the JSON took most of a commit's time.

use serde::Serialize;
use sqlx::{AssertSqlSafe, SqliteConnection, query};

use super::json;
use crate::StoreError;

/// The body of a row of `json_each(?1) j`, in a statement that [`Rows::run`] runs; keys stand at `$[2]`.
macro_rules! body {
    () => {
        "CAST(substr(?2, j.value ->> 0, j.value ->> 1) AS TEXT)"
    };
}
pub(super) use body;

/// Rows of one statement.
pub(super) struct Rows<K> {
    /// Where the body begins, counted from 1; how many bytes it has; the key.
    keys: Vec<(usize, usize, K)>,
    bodies: Vec<u8>,
}

impl<K: Serialize> Rows<K> {
    /// Rows of keys and bodies.
    pub(super) fn of<B: Serialize>(rows: impl IntoIterator<Item = (K, B)>) -> Result<Self, StoreError> {
        let mut all = Self { keys: Vec::new(), bodies: Vec::new() };
        for (key, body) in rows {
            let at = all.bodies.len();
            serde_json::to_writer(&mut all.bodies, &body)?;
            all.keys.push((at + 1, all.bodies.len() - at, key));
        }
        Ok(all)
    }

    /// Runs a statement over the rows, where there are any. `?1` is the keys, `?2` the bodies, the binds follow.
    pub(super) async fn run(
        self,
        db: &mut SqliteConnection,
        statement: &'static str,
        binds: &[i64],
    ) -> Result<(), StoreError> {
        if self.keys.is_empty() {
            return Ok(());
        }
        let batch = query(AssertSqlSafe(statement)).bind(json(&self.keys)?).bind(self.bodies);
        binds.iter().fold(batch, |batch, bind| batch.bind(*bind)).execute(db).await?;
        Ok(())
    }
}
