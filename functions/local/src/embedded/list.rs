//! ListObjectsV2 with the delimiter `/`: a list of one folder.

use std::{fs, io, path::Path, time::SystemTime};

use s3s::dto::{CommonPrefix, ListObjectsV2Input, ListObjectsV2Output, Object, Timestamp};

use super::names::is_folder;

/// Most keys on a page (API_ListObjectsV2.html).
const PAGE: i32 = 1000;

/// The query for a page.
pub(super) struct Query {
    /// Keys start with it.
    prefix: String,
    /// Keys come after it.
    after: Option<String>,
    /// The most keys on a page.
    limit: usize,
}

impl Query {
    pub(super) fn new(input: &ListObjectsV2Input) -> Self {
        Self {
            prefix: input.prefix.clone().unwrap_or_default(),
            after: input.continuation_token.clone().max(input.start_after.clone()),
            limit: usize::try_from(limit(input)).unwrap_or_default(),
        }
    }
}

fn limit(input: &ListObjectsV2Input) -> i32 {
    input.max_keys.unwrap_or(PAGE).clamp(0, PAGE)
}

/// A page, in order of keys.
#[derive(Default)]
pub(super) struct Page {
    /// Objects, and folders with their final `/`.
    items: Vec<Item>,
    /// There is more.
    truncated: bool,
}

/// An entry of a page.
enum Item {
    /// An object.
    Object {
        /// Its key.
        key: String,
        /// Its length, in bytes.
        size: u64,
        /// When it was written.
        modified: SystemTime,
    },
    /// The common prefix of keys with a further `/`.
    Folder(String),
}

impl Item {
    fn name(&self) -> &str {
        match self {
            Self::Object { key, .. } | Self::Folder(key) => key,
        }
    }
}

/// Reads a page. It reads all names of the folder, and sizes and times only of the objects on the page.
pub(super) fn page(bucket: &Path, query: &Query) -> io::Result<Page> {
    let folder = query.prefix.rfind('/').and_then(|slash| query.prefix.get(..=slash)).unwrap_or_default();
    if !is_folder(folder) {
        return Ok(Page::default());
    }
    let mut names = match names(&bucket.join(folder), folder, query) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Vec::new(),
        names => names?,
    };
    let truncated = names.len() > query.limit;
    if truncated {
        names.select_nth_unstable(query.limit);
        names.truncate(query.limit);
    }
    names.sort_unstable();
    let items = names.into_iter().filter_map(|name| item(bucket, name).transpose()).collect::<io::Result<_>>()?;
    Ok(Page { items, truncated })
}

fn names(path: &Path, folder: &str, query: &Query) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let end = if entry.file_type()?.is_dir() { "/" } else { "" };
        let name = format!("{folder}{name}{end}");
        if name.starts_with(&query.prefix) && query.after.as_deref().is_none_or(|after| name.as_str() > after) {
            names.push(name);
        }
    }
    Ok(names)
}

/// The line for a name; `None` when it was deleted in between.
fn item(bucket: &Path, name: String) -> io::Result<Option<Item>> {
    if name.ends_with('/') {
        return Ok(Some(Item::Folder(name)));
    }
    match fs::symlink_metadata(bucket.join(&name)) {
        Ok(facts) => Ok(Some(Item::Object { key: name, size: facts.len(), modified: facts.modified()? })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The page in the protocol's words.
pub(super) fn answer(input: ListObjectsV2Input, page: Page) -> ListObjectsV2Output {
    let next = page.items.last().filter(|_| page.truncated).map(|item| item.name().to_owned());
    let key_count = i32::try_from(page.items.len()).ok();
    let (mut contents, mut folders) = (Vec::new(), Vec::new());
    for item in page.items {
        match item {
            Item::Folder(prefix) => folders.push(CommonPrefix { prefix: Some(prefix) }),
            Item::Object { key, size, modified } => contents.push(Object {
                key: Some(key),
                size: i64::try_from(size).ok(),
                last_modified: Some(Timestamp::from(modified)),
                ..Object::default()
            }),
        }
    }
    ListObjectsV2Output {
        max_keys: Some(limit(&input)),
        name: Some(input.bucket),
        prefix: input.prefix,
        delimiter: input.delimiter,
        start_after: input.start_after,
        continuation_token: input.continuation_token,
        key_count,
        is_truncated: Some(next.is_some()),
        next_continuation_token: next,
        contents: (!contents.is_empty()).then_some(contents),
        common_prefixes: (!folders.is_empty()).then_some(folders),
        ..ListObjectsV2Output::default()
    }
}
