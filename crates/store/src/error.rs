//! What can go wrong with a database, by what the caller may do now. Nothing of SQL leaves this room.

use std::path::PathBuf;

/// A database's refusal. After any of them nothing of the call was written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process runs the engine on this database: stop it, or use another database.
    #[error("{path} is in use by {holder}; stop that process, or name another configuration with --config", path = path.display())]
    Held {
        /// The database.
        path: PathBuf,
        /// The name that the other process left.
        holder: String,
    },
    /// The disk is full: free some space; the same call may be repeated.
    #[error("the disk under the database is full; free some space, Ringback goes on by itself")]
    Full,
    /// Another process writes for too long: the same call may be repeated.
    #[error("the database is busy with another process; try again")]
    Busy,
    /// The database was made by a newer Ringback (S4): update Ringback.
    #[error("{path} was written by a newer version of Ringback; update Ringback, or name another configuration with --config", path = path.display())]
    NewerSchema {
        /// The database.
        path: PathBuf,
    },
    /// The file is no database, or it is damaged: restore a backup.
    #[error("the database is damaged or no database: {0}; restore a backup")]
    Damaged(String),
    /// The file cannot be read or written: mend the place or its permissions.
    #[error("{path}: {source}", path = path.display())]
    Place {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file is there already, and is not to be replaced: choose another name. The database itself never is.
    #[error("{path} is there already; choose another name, or replace an older backup with --force", path = path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// What was to be written contradicts what is there: nothing may be sent.
    #[error("the database refused a contradiction: {0}")]
    Contradiction(String),
    /// Anything else that the database says; the same call may be repeated.
    #[error("the database failed: {0}")]
    Other(String),
}

impl StoreError {
    /// Whether another engine holds the database.
    pub fn is_held(&self) -> bool {
        matches!(self, Self::Held { .. })
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let text = error.to_string();
        match primary_code(&error) {
            5 | 6 => Self::Busy,
            11 | 26 => Self::Damaged(text),
            13 => Self::Full,
            19 => Self::Contradiction(text),
            _ => Self::Other(text),
        }
    }
}

/// SQLite's primary result code, which its extended ones carry in their low byte; zero where SQLite says none.
pub(crate) fn primary_code(error: &sqlx::Error) -> u32 {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.and_then(|code| code.parse::<u32>().ok()).map_or(0, |code| code & 0xff)
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Damaged(error.to_string())
    }
}
