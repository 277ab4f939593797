//! Status, the list of sandboxes, the list of executions: what is answered from the bucket alone.

use super::{
    Sandcastles, ServiceError,
    admission::{Whose, demand},
    markers::listed_marker,
};
use time::OffsetDateTime;

use crate::{
    ExecutionId, Principal, Scope,
    contract::{ExecutionListed, ExecutionPage, SandboxListed, SandboxPage, StatusFilter, StatusResponse},
    entry::{Change, Entry, Executed},
    layout, limits,
    manifest::{Manifest, Status},
};

/// The `limit` of a page: 1 to 200.
pub const PAGE_LIMITS: std::ops::RangeInclusive<u16> = 1..=200;
/// So many entries are read at once at most: each may hold a megabyte of code.
const ENTRIES_READ: u16 = 50;
/// Where the entries that were read were no executions, so many times as many are read next.
const MORE_READ: u16 = 4;
/// The `limit` of a page that does not say.
pub const DEFAULT_PAGE: u16 = 50;

impl Sandcastles {
    /// What a sandbox is and holds, as of its newest entry.
    pub async fn status(&self, caller: &Principal, id: &str) -> Result<StatusResponse, ServiceError> {
        let (_, head) = self.admit(caller, id, Scope::Read, Whose::Org).await?;
        let manifest = &head.manifest;
        let running = manifest.status == Status::Running;
        Ok(StatusResponse {
            status: manifest.status,
            memory_usage: running.then(|| human_bytes(manifest.memory_bytes)),
            dataframes: running.then(|| manifest.dataframes.clone()),
        })
    }

    /// The organisation's sandboxes, newest first.
    pub async fn list(
        &self,
        caller: &Principal,
        filter: StatusFilter,
        limit: u16,
        cursor: Option<&str>,
    ) -> Result<SandboxPage, ServiceError> {
        demand(caller, Scope::Read)?;
        let (running, stopped) = (layout::running(&caller.org), layout::stopped(&caller.org));
        let folders: &[(&str, Status)] = match filter {
            StatusFilter::Running => &[(&running, Status::Running)],
            StatusFilter::Stopped => &[(&stopped, Status::Stopped)],
            StatusFilter::All => &[(&running, Status::Running), (&stopped, Status::Stopped)],
        };
        let mut after = cursor.map(|cursor| read_cursor(cursor, folders)).transpose()?;
        let mut sandboxes = Vec::new();
        for (folder, status) in folders {
            let from = match &after {
                Some((at, _)) if at != status => continue,
                Some((_, name)) => Some(format!("{folder}{name}")),
                None => None,
            };
            after = None;
            let missing = usize::from(limit) + 1 - sandboxes.len();
            let found = self.store.list(folder, from.as_deref(), u16::try_from(missing).unwrap_or(limit)).await?;
            let names = found.iter().filter_map(|key| key.strip_prefix(folder));
            sandboxes
                .extend(names.filter_map(|name| Some((listed(name, *status)?, format!("{}{name}", letter(*status))))));
            if sandboxes.len() > usize::from(limit) {
                break;
            }
        }
        let more = sandboxes.len() > usize::from(limit);
        sandboxes.truncate(limit.into());
        let next_cursor = sandboxes.last().filter(|_| more).map(|(_, cursor)| cursor.clone());
        let sandboxes: Vec<_> = sandboxes.into_iter().map(|(sandbox, _)| sandbox).collect();
        Ok(SandboxPage { sandboxes: self.repaired(sandboxes).await?, next_cursor })
    }

    /// Markers are written after the commit that they tell of, so one may be missing or left over. Where this process remembers
    /// otherwise, the newest entry is read, and what that contradicts is left out of the list, and marked as it is.
    async fn repaired(&self, listed: Vec<SandboxListed>) -> Result<Vec<SandboxListed>, ServiceError> {
        let mut right = Vec::with_capacity(listed.len());
        for one in listed {
            let remembered = self.heads.get(&one.sandbox_id);
            if remembered.is_none_or(|head| tells(&one, &head.manifest)) {
                right.push(one);
                continue;
            }
            match self.newest(&one.sandbox_id).await {
                Ok(head) if tells(&one, &head.manifest) => right.push(one),
                Ok(head) => {
                    self.mark(&one.sandbox_id, Some(listed_marker(&one, &head.manifest)), &head.manifest).await?;
                }
                Err(ServiceError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(right)
    }

    /// A sandbox's executions, newest first, also after its stop.
    pub async fn executions(
        &self,
        caller: &Principal,
        id: &str,
        limit: u16,
        cursor: Option<&str>,
    ) -> Result<ExecutionPage, ServiceError> {
        let (id, _) = self.admit(caller, id, Scope::Read, Whose::Org).await?;
        let bad_cursor =
            || ServiceError::Invalid("cursor must be the next_cursor of an earlier page of this list".into());
        let mut before = cursor.map(|text| u64::from_str_radix(text, 16).map_err(|_| bad_cursor())).transpose()?;
        let (mut executions, mut bytes) = (Vec::new(), 0);
        // One more tells whether there is another page.
        let mut wanted = limit.saturating_add(1).min(ENTRIES_READ);
        loop {
            let entries = self.ledger.page(&id, before, wanted).await?;
            let last_page = entries.len() < usize::from(wanted);
            wanted = wanted.saturating_mul(MORE_READ).min(ENTRIES_READ);
            for entry in entries {
                let seq = entry.position.seq;
                let Some((listed, size)) = execution(entry) else {
                    before = Some(seq);
                    continue;
                };
                let full = executions.len() == usize::from(limit) || bytes + size > limits::MAX_PAGE_BYTES;
                if full && !executions.is_empty() {
                    return Ok(ExecutionPage { executions, next_cursor: before.map(|seq| format!("{seq:x}")) });
                }
                bytes += size;
                executions.push(listed);
                before = Some(seq);
            }
            if last_page {
                return Ok(ExecutionPage { executions, next_cursor: None });
            }
        }
    }
}

/// True when the line says what the state says; a marker's times are in whole milliseconds.
fn tells(line: &SandboxListed, manifest: &Manifest) -> bool {
    let apart = (line.started_at - manifest.started_at).abs();
    line.status == manifest.status && apart < time::Duration::milliseconds(1)
}

fn letter(status: Status) -> char {
    match status {
        Status::Running => 'r',
        Status::Stopped => 's',
    }
}

fn read_cursor(cursor: &str, folders: &[(&str, Status)]) -> Result<(Status, String), ServiceError> {
    let found = folders.iter().find_map(|(_, status)| Some((*status, cursor.strip_prefix(letter(*status))?)));
    let valid = found.filter(|(_, name)| layout::read_marker(name).is_some());
    let (status, name) = valid.ok_or_else(|| {
        ServiceError::Invalid("cursor must be the next_cursor of an earlier page of this list".into())
    })?;
    Ok((status, name.to_owned()))
}

fn listed(name: &str, status: Status) -> Option<SandboxListed> {
    let (ordered_by, started_at, sandbox_id, member_id) = layout::read_marker(name)?;
    let released_at = (status == Status::Stopped).then_some(ordered_by);
    Some(SandboxListed { sandbox_id, status, member_id, chat_id: None, started_at, released_at })
}

/// The entry as an execution, if it is one, and about how many bytes it takes in a page.
fn execution(entry: Entry) -> Option<(ExecutionListed, usize)> {
    let Change::Executed(executed) = entry.change else { return None };
    let listed = listed_execution(entry.execution_id, executed, entry.at);
    let texts = [&listed.input, &listed.output_preview, &listed.error];
    let size = 400 + texts.into_iter().map(|text| limits::escaped_len(text)).sum::<usize>();
    Some((listed, size))
}

/// An execution as it is listed.
pub(super) fn listed_execution(id: ExecutionId, executed: Executed, created_at: OffsetDateTime) -> ExecutionListed {
    ExecutionListed {
        id,
        kind: executed.kind,
        source: executed.source,
        input: shown_input(executed.input),
        output_preview: executed.output_preview,
        error: executed.error,
        duration_ms: executed.duration_ms,
        created_at,
    }
}

/// The code, or as much of it as one answer holds.
fn shown_input(input: String) -> String {
    match limits::escaped_prefix(&input, limits::MAX_PAGE_BYTES) {
        kept if kept.len() == input.len() => input,
        kept => format!("{kept}{}", limits::TRUNCATED),
    }
}

/// Bytes for people: `512 B`, `12.3 MB`.
fn human_bytes(bytes: u64) -> String {
    let steps = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    match steps.into_iter().find(|(_, size)| bytes >= *size) {
        Some((unit, size)) => format!("{}.{} {unit}", bytes / size, bytes % size * 10 / size),
        None => format!("{bytes} B"),
    }
}
