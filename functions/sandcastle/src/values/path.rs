//! Paths of working files.

use crate::limits::MAX_PATH_BYTES;

/// The longest part of a path, in bytes: NAME_MAX of Linux' file systems (limits.h(0p)).
const MAX_PART_BYTES: usize = 255;

/// Why a text is no path of a working file; for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Empty, or longer than [`MAX_PATH_BYTES`].
    #[error("must be 1 to {MAX_PATH_BYTES} bytes long")]
    Length,
    /// A NUL, or of a caller's path a backslash.
    #[error("must not contain NUL or a backslash")]
    Character,
    /// A part that leads nowhere or elsewhere.
    #[error("must not have empty, hidden, relative or over-long parts")]
    Part,
}

super::text_value!(
    /// Where a working file is: relative to the working folder, `/` between the parts, and never upwards or outside.
    WorkingPath,
    PathError,
    check
);

impl WorkingPath {
    /// Reads a path at which a caller looks for a file: one that names nothing hidden.
    ///
    /// # Errors
    /// When it is not such a path.
    pub fn to_find(text: &str) -> Result<Self, PathError> {
        let path = Self::parse(text)?;
        if path.parts().any(|part| part.starts_with('.')) { Err(PathError::Part) } else { Ok(path) }
    }

    /// Reads a path at which a caller puts a file: one that names nothing hidden, and means the same on Windows.
    ///
    /// # Errors
    /// When it is not such a path.
    pub fn to_put(text: &str) -> Result<Self, PathError> {
        if text.contains('\\') { Err(PathError::Character) } else { Self::to_find(text) }
    }

    /// Its parts, from the top down.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.as_str().split('/')
    }

    /// The last part.
    pub fn file_name(&self) -> &str {
        self.as_str().rsplit('/').next().unwrap_or_default()
    }

    /// The folders above it, from the top down.
    pub fn folders(&self) -> impl Iterator<Item = Self> {
        self.as_str().match_indices('/').filter_map(|(at, _)| self.as_str().get(..at)).map(|path| Self(path.into()))
    }
}

fn check(path: &str) -> Result<(), PathError> {
    if path.is_empty() || path.len() > MAX_PATH_BYTES {
        return Err(PathError::Length);
    }
    if path.contains('\0') {
        return Err(PathError::Character);
    }
    let misleading = |part: &str| matches!(part, "" | "." | "..") || part.len() > MAX_PART_BYTES;
    if path.split('/').any(misleading) { Err(PathError::Part) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_in_the_working_folder() {
        for good in ["a", "a/b", ".hidden/x", "...", "a b/ü", "..a/b..", "a\\b"] {
            assert_eq!(WorkingPath::parse(good).unwrap(), *good);
        }
        for bad in ["", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/./b", "a\0", "a/\0/b"] {
            assert!(WorkingPath::parse(bad).is_err(), "{bad:?}");
            assert!(serde_json::from_value::<WorkingPath>(bad.into()).is_err(), "{bad:?}");
        }
        assert!(WorkingPath::parse("a".repeat(256)).is_err());
        let longest = vec!["a".repeat(204); 5].join("/");
        assert!(WorkingPath::parse(longest.clone()).is_ok() && WorkingPath::parse(longest + "b").is_err());
    }

    #[test]
    fn a_callers_path_names_nothing_hidden() {
        for bad in [".a", "a/.b", ".", "a/../b"] {
            assert!(WorkingPath::to_find(bad).is_err(), "{bad:?}");
            assert!(WorkingPath::to_put(bad).is_err(), "{bad:?}");
        }
        assert!(WorkingPath::to_find("a\\b").is_ok() && WorkingPath::to_put("a\\b").is_err());
        let path = WorkingPath::to_put("a/b/c.txt").unwrap();
        assert_eq!(path.file_name(), "c.txt");
        assert_eq!(path.folders().map(String::from).collect::<Vec<_>>(), ["a", "a/b"]);
    }
}
