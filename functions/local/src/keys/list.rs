//! `sandcastle keys list`: the table of keys.

use futures::{StreamExt, TryStreamExt, stream};
use sandcastle::{
    KeyRecord, layout,
    store::{ObjectStore, StoreError},
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{KeysError, MAX_NAME, digests, short};

/// Records that are read in parallel.
const AT_ONCE: usize = 16;
/// Columns of the table.
const COLUMNS: usize = 8;

type Row = [String; COLUMNS];

/// All keys as a table, oldest first.
pub async fn list(store: &dyn ObjectStore) -> Result<String, KeysError> {
    let digests = digests(store).await?;
    let mut rows: Vec<_> = stream::iter(digests)
        .map(|digest| async move { Ok::<_, StoreError>((store.get(&layout::api_key(&digest)).await?, digest)) })
        .buffered(AT_ONCE)
        .try_filter_map(|(record, digest)| async move { Ok(record.map(|record| row(&digest, &record))) })
        .try_collect()
        .await?;
    rows.sort_by(|a, b| a.get(4).cmp(&b.get(4)));
    rows.insert(0, ["ID", "ORG", "MEMBER", "SCOPES", "CREATED", "ENDS", "SANDBOXES", "NAME"].map(str::to_owned));
    Ok(table(&rows))
}

fn row(digest: &str, json: &[u8]) -> Row {
    let Ok(record) = serde_json::from_slice::<KeyRecord>(json) else {
        let unreadable = || "-".to_owned();
        let [a, b, c, d, e, f] = std::array::from_fn(|_| unreadable());
        return [short(digest), a, b, c, d, e, f, "(not a key record)".to_owned()];
    };
    let day =
        |at: OffsetDateTime| at.replace_nanosecond(0).ok().and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_default();
    let scopes: Vec<_> = record.scopes.iter().map(|scope| scope.as_str()).collect();
    // Control characters of a record must not reach the terminal.
    let name = record.name.chars().map(|c| if c.is_control() { '?' } else { c }).take(MAX_NAME).collect();
    [
        short(digest),
        record.org.to_string(),
        record.member.to_string(),
        scopes.join(","),
        day(record.created_at),
        record.ends_at().map_or_else(|| "never".to_owned(), day),
        record.sandbox_limit.map_or_else(|| "any".to_owned(), |limit| limit.to_string()),
        name,
    ]
}

fn table(rows: &[Row]) -> String {
    let mut widths = [0; COLUMNS];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |row: &Row| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}
