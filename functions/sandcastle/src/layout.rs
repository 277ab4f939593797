//! Every key in the bucket is spelled here.
//!
//! Each part of a key stays below 255 bytes: the embedded S3 of the local server makes file names of them.

use time::{Date, OffsetDateTime};

use crate::{CommitId, ContentHash, Name, SandboxId, manifest::Epoch};

/// Prefix of the records of API keys.
pub const API_KEYS: &str = "keys/";

/// The record of the API key with this SHA-256.
pub fn api_key(digest: &str) -> String {
    format!("{API_KEYS}{digest}.json")
}

/// Prefix of a sandbox's ledger.
pub fn ledger(id: &SandboxId) -> String {
    format!("ledger/{id}/")
}

/// The entry with this number. Numbers count down in the key, so that a LIST gives the newest first.
pub fn entry(id: &SandboxId, seq: u64) -> String {
    format!("ledger/{id}/{:016x}.json", u64::MAX - seq)
}

/// The number of the entry with this key.
pub fn entry_seq(id: &SandboxId, key: &str) -> Option<u64> {
    let hex = key.strip_prefix(&ledger(id))?.strip_suffix(".json").filter(|hex| hex.len() == 16)?;
    Some(u64::MAX - u64::from_str_radix(hex, 16).ok()?)
}

/// Prefix of what this service itself stores of one epoch of a sandbox. No interpreter may write there.
pub fn records(id: &SandboxId, epoch: Epoch) -> String {
    format!("records/{id}/{epoch}/")
}

/// A base manifest or a result.
pub fn record(id: &SandboxId, epoch: Epoch, hash: ContentHash) -> String {
    format!("records/{id}/{epoch}/{hash}")
}

/// Prefix of what interpreters store of one epoch of a sandbox besides its files.
pub fn objects(id: &SandboxId, epoch: Epoch) -> String {
    format!("objects/{id}/{epoch}/")
}

/// A piece of variables, or the manifest of an outcome.
pub fn object(id: &SandboxId, epoch: Epoch, hash: ContentHash) -> String {
    format!("objects/{id}/{epoch}/{hash}")
}

/// Prefix of the working files of one epoch.
pub fn files(id: &SandboxId, epoch: Epoch) -> String {
    format!("files/{id}/{epoch}/")
}

/// A working file: what presigned URLs point at.
pub fn file(id: &SandboxId, epoch: Epoch, hash: ContentHash) -> String {
    format!("files/{id}/{epoch}/{hash}")
}

/// Prefix of what is uploaded to one epoch past this service, until it is taken over.
pub fn staging(id: &SandboxId, epoch: Epoch) -> String {
    format!("staging/{id}/{epoch}/")
}

/// One such upload, by its random number.
pub fn staged(id: &SandboxId, epoch: Epoch, number: u128) -> String {
    format!("staging/{id}/{epoch}/{number:032x}")
}

/// Prefix of an organisation's markers of running sandboxes.
pub fn running(org: &Name) -> String {
    format!("orgs/{org}/running/")
}

/// Prefix of an organisation's markers of stopped sandboxes.
pub fn stopped(org: &Name) -> String {
    format!("orgs/{org}/stopped/")
}

/// Prefix of an organisation's markers of what it has stored on this day.
pub fn stored_on(org: &Name, day: Date) -> String {
    format!("orgs/{org}/stored/{day}/")
}

/// One of them: so many bytes, for one commit.
pub fn stored_marker(org: &Name, day: Date, bytes: u64, commit: CommitId) -> String {
    format!("{}{bytes:x}-{commit}", stored_on(org, day))
}

/// The bytes that the end of such a marker's key says.
pub fn read_stored_marker(name: &str) -> Option<u64> {
    u64::from_str_radix(name.split('-').next()?, 16).ok()
}

/// Prefix of an organisation's markers of lives that have ended, to which something may have been written since.
pub fn unswept(org: &Name) -> String {
    format!("orgs/{org}/unswept/")
}

/// One of them. The life that ended first comes first.
pub fn unswept_marker(org: &Name, ended_at: OffsetDateTime, id: &SandboxId, epoch: Epoch) -> String {
    let id = id.to_string().replace('-', "");
    format!("{}{:011x}-{id}-{epoch}", unswept(org), millis(ended_at))
}

/// What the end of such a marker's key says: when the life ended, the sandbox, the life.
pub fn read_unswept_marker(name: &str) -> Option<(OffsetDateTime, SandboxId, Epoch)> {
    let mut parts = name.splitn(3, '-');
    let ended_at = from_millis(u64::from_str_radix(parts.next()?, 16).ok()?)?;
    let id = read_id(parts.next()?)?;
    Some((ended_at, id, Epoch(u64::from_str_radix(parts.next()?, 16).ok()?)))
}

/// The end of a marker's key: newest first by the time the list is ordered by, then what the list shows.
pub fn marker(ordered_by: OffsetDateTime, started_at: OffsetDateTime, id: &SandboxId, member: &Name) -> String {
    let id = id.to_string().replace('-', "");
    format!("{:011x}-{:011x}-{id}-{member}", MILLIS_END - millis(ordered_by), millis(started_at))
}

/// What a marker's key says: the time the list is ordered by, the start, the sandbox, its member.
pub fn read_marker(name: &str) -> Option<(OffsetDateTime, OffsetDateTime, SandboxId, Name)> {
    let mut parts = name.splitn(4, '-');
    let mut number = || u64::from_str_radix(parts.next()?, 16).ok();
    let (inverted, started) = (number()?, number()?);
    let id = read_id(parts.next()?)?;
    let member = Name::parse(parts.next()?).ok()?;
    Some((from_millis(MILLIS_END.checked_sub(inverted)?)?, from_millis(started)?, id, member))
}

fn read_id(text: &str) -> Option<SandboxId> {
    SandboxId::parse(&uuid::Uuid::try_parse(text).ok()?.as_hyphenated().to_string()).ok()
}

/// Later than any time in a marker (the year 2527), in milliseconds: 11 hex digits.
const MILLIS_END: u64 = 0xfff_ffff_ffff;

fn millis(at: OffsetDateTime) -> u64 {
    u64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(0).min(MILLIS_END)
}

fn from_millis(millis: u64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).ok()
}
