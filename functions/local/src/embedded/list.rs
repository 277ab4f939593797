//! ListObjectsV2 with `/` as the delimiter, from the one folder that it is about.

use std::{fs, io, path::Path, time::SystemTime};

/// What a page is asked for.
pub(super) struct Query<'a> {
    /// Keys start with it.
    pub prefix: &'a str,
    /// Keys come after it.
    pub after: Option<&'a str>,
    /// At most so many.
    pub limit: usize,
}

/// A page, in order of keys.
#[derive(Default)]
pub(super) struct Page {
    /// Objects, and folders with their final `/`.
    pub items: Vec<Item>,
    /// There is more.
    pub truncated: bool,
}

/// A line of a page.
pub(super) enum Item {
    /// An object.
    Object {
        /// Its key.
        key: String,
        /// Its length, in bytes.
        size: u64,
        /// When it was written.
        modified: SystemTime,
    },
    /// Keys with a further `/`, by what they have in common.
    Folder(String),
}

impl Item {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Object { key, .. } | Self::Folder(key) => key,
        }
    }
}

/// Reads a page. Only names are read of a folder, however large; sizes and times of what is on the page.
pub(super) fn page(bucket: &Path, query: &Query<'_>) -> io::Result<Page> {
    let folder = query.prefix.rfind('/').and_then(|slash| query.prefix.get(..=slash)).unwrap_or_default();
    if folder.split('/').any(|part| matches!(part, "." | "..")) || folder.starts_with('/') || folder.contains("//") {
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

fn names(path: &Path, folder: &str, query: &Query<'_>) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let end = if entry.file_type()?.is_dir() { "/" } else { "" };
        let name = format!("{folder}{name}{end}");
        if name.starts_with(query.prefix) && query.after.is_none_or(|after| name.as_str() > after) {
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
