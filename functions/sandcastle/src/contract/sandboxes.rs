//! Sandboxes: started, listed, stopped.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{
    Name, SandboxId,
    manifest::{Dataframe, Status},
};

/// Answer to `POST /v2/sandcastles`.
#[derive(Debug, Serialize)]
pub struct StartResponse {
    /// The sandbox.
    pub sandbox_id: SandboxId,
    /// When it was started.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// Answer to `GET /v2/sandcastles/{id}`.
#[derive(Debug, Serialize)]
pub struct StatusResponse {
    /// Running or stopped.
    pub status: Status,
    /// Memory for people, such as `12.3 MB`; only while running.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_usage: Option<String>,
    /// Loaded data frames; only while running.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataframes: Option<Vec<Dataframe>>,
}

/// Which sandboxes are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusFilter {
    /// Those that execute.
    #[default]
    Running,
    /// Those that do not.
    Stopped,
    /// Both, the running ones first.
    All,
}

/// Answer to `GET /v2/sandcastles`.
#[derive(Debug, Serialize)]
pub struct SandboxPage {
    /// Newest first.
    pub sandboxes: Vec<SandboxListed>,
    /// Where the next page begins; none on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// One sandbox in the list.
#[derive(Debug, Serialize)]
pub struct SandboxListed {
    /// The sandbox.
    pub sandbox_id: SandboxId,
    /// Running or stopped; may lag.
    pub status: Status,
    /// Its owner.
    pub member_id: Name,
    /// The chat it belongs to; Sandcastle has none.
    pub chat_id: Option<String>,
    /// When it was started.
    #[serde(with = "time::serde::rfc3339")]
    pub started_at: OffsetDateTime,
    /// When it was stopped.
    #[serde(with = "time::serde::rfc3339::option")]
    pub released_at: Option<OffsetDateTime>,
}

/// Answer to a stop, and to the deletion of a file.
#[derive(Debug, Serialize)]
pub struct Success {
    /// Always true.
    pub success: bool,
}
