//! Content types: by the file's name, then by its content.

use sandcastle::MimeType;

/// Types that the general table lacks or has otherwise than browsers and data tools expect.
const BY_EXTENSION: &[(&str, &str)] = &[
    ("csv", "text/csv"),
    ("feather", "application/vnd.apache.arrow.file"),
    ("arrow", "application/vnd.apache.arrow.file"),
    ("geojson", "application/geo+json"),
    ("gz", "application/gzip"),
    ("ipynb", "application/x-ipynb+json"),
    ("jsonl", "application/jsonl"),
    ("log", "text/plain"),
    ("markdown", "text/markdown"),
    ("md", "text/markdown"),
    ("ndjson", "application/x-ndjson"),
    ("parquet", "application/vnd.apache.parquet"),
    ("py", "text/x-python"),
    ("tsv", "text/tab-separated-values"),
    ("yaml", "application/yaml"),
    ("yml", "application/yaml"),
    ("bin", OCTET_STREAM),
];
const OCTET_STREAM: &str = "application/octet-stream";

/// How much of a file is looked at.
pub(crate) const HEAD_LEN: usize = 4096;

/// The content type of a file with this path that starts with `head`.
pub(crate) fn of(path: &str, head: &[u8]) -> MimeType {
    MimeType::parse(guess(path, head)).unwrap_or_else(|_| MimeType::unknown())
}

fn guess(path: &str, head: &[u8]) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    if let Some(extension) = extension {
        if let Some((_, mime)) = BY_EXTENSION.iter().find(|(known, _)| *known == extension) {
            return mime;
        }
        if let Some(mime) = mime_guess::from_ext(&extension).first_raw() {
            return mime;
        }
    }
    if let Some(kind) = infer::get(head) {
        return kind.mime_type();
    }
    if is_text(head) { "text/plain" } else { OCTET_STREAM }
}

/// True for UTF-8 without control characters other than white space; a character cut at the end of `head` is no fault.
fn is_text(head: &[u8]) -> bool {
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() && head.len() >= HEAD_LEN => {
            head.get(..error.valid_up_to()).and_then(|start| std::str::from_utf8(start).ok()).unwrap_or("\0")
        }
        Err(_) => return false,
    };
    !valid.chars().any(|c| c.is_control() && !c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_decides_then_the_content() {
        let cases: &[(&str, &[u8], &str)] = &[
            ("a.json", b"{}", "application/json"),
            ("b.html", b"<p>", "text/html"),
            ("c.bin", b"\0", "application/octet-stream"),
            ("notes.txt", b"", "text/plain"),
            ("deep/t.CSV", b"", "text/csv"),
            ("README.md", b"", "text/markdown"),
            ("e.tar.gz", b"", "application/gzip"),
            ("f.parquet", b"PAR1", "application/vnd.apache.parquet"),
            ("s.svg", b"", "image/svg+xml"),
            ("figure_1.png", b"", "image/png"),
            ("t.xlsx", b"PK", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            ("photo", b"\xff\xd8\xff\xe0", "image/jpeg"),
            ("d", b"none", "text/plain"),
            ("e", b"\x01\x02", "application/octet-stream"),
            ("dir.csv/e", b"\xff", "application/octet-stream"),
        ];
        for (path, head, mime) in cases {
            assert_eq!(of(path, head), *mime, "{path}");
        }
    }
}
