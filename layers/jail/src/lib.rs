//! Confines the calling process. Two moments: the zygote raises a [`Building`] (its own namespaces and a small read-only
//! root) before Python starts; each forked kernel then locks itself into a cell of it with [`confine_self`] before it
//! reads a byte of user code.

use std::path::{Path, PathBuf};
