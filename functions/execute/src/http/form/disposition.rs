//! Parses the `Content-Disposition` of a form's field, in the variants that browsers and other clients send.
//!
//! Browsers, httpx, requests and curl write a quote in a name as `%22` and leave a percent sign as it is, by the HTML
//! standard ("multipart/form-data encoding algorithm"); httpx and older curls put a backslash before a backslash, or before a
//! quote. `filename*` (RFC 8187) is unambiguous, and counts where it is sent.

use axum::http::{HeaderMap, header::CONTENT_DISPOSITION};
use percent_encoding::percent_decode_str;

use crate::http::ApiError;

/// The names in a `Content-Disposition`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Disposition {
    /// The name of the field.
    pub(super) name: Option<String>,
    /// The name of the file.
    pub(super) file_name: Option<String>,
}

impl Disposition {
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, ApiError> {
        let Some(value) = headers.get(CONTENT_DISPOSITION) else { return Ok(Self::default()) };
        let not_utf8 = |_| ApiError::invalid("the name of a form field or of its file is not UTF-8");
        let text = std::str::from_utf8(value.as_bytes()).map_err(not_utf8)?;
        let malformed = || ApiError::invalid("a form field has a malformed Content-Disposition");
        Self::parse(text).ok_or_else(malformed)
    }

    fn parse(text: &str) -> Option<Self> {
        let (mut name, mut plain, mut extended) = (None, None, None);
        let mut rest = text.split_once(';').map_or("", |(_kind, rest)| rest);
        loop {
            rest = rest.trim_start_matches([' ', '\t', ';']);
            if rest.is_empty() {
                break;
            }
            let (key, after) = rest.split_once('=')?;
            let (value, after) = value(after.trim_start())?;
            match key.trim().to_ascii_lowercase().as_str() {
                "name" => name = Some(value),
                "filename" => plain = Some(value.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n")),
                "filename*" => extended = Some(decoded(&value)?),
                _ => {}
            }
            rest = after;
        }
        Some(Self { name, file_name: extended.or(plain) })
    }
}

/// Splits off the value at the start of a text.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return Some((value.trim_end().to_owned(), rest));
    };
    let (mut value, mut chars) = (String::new(), quoted.char_indices().peekable());
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, quoted.get(at + 1..)?)),
            '\\' => value.push(chars.next_if(|(_, next)| matches!(next, '"' | '\\')).map_or(c, |(_, next)| next)),
            _ => value.push(c),
        }
    }
    None
}

/// Decodes an extended value: `UTF-8''` and percent-encoded bytes.
fn decoded(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_language, bytes) = rest.split_once('\'')?;
    let text = percent_decode_str(bytes).decode_utf8().ok().filter(|_| charset.eq_ignore_ascii_case("utf-8"));
    text.map(|text| text.into_owned())
}

/// The last part of a path with `/` or `\`: some clients send folders before the name.
pub(in crate::http) fn base(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_name(header: &str) -> Option<String> {
        let read = Disposition::parse(&format!("form-data; name=\"file\"; {header}")).unwrap();
        assert_eq!(read.name.as_deref(), Some("file"), "{header}");
        read.file_name.map(|name| base(&name).to_owned())
    }

    #[test]
    fn names_are_read_as_their_clients_write_them() {
        let cases = [
            (r#"filename="plain.csv""#, "plain.csv"),
            (r#"filename="my report (1).csv"; x=y"#, "my report (1).csv"),
            (r#"filename="say %22hi%22.csv""#, "say \"hi\".csv"),
            (r#"filename="say \"hi\".csv""#, "say \"hi\".csv"),
            (r#"filename="100%.csv""#, "100%.csv"),
            (r#"filename="a%41b%2e%2e%2f.csv""#, "a%41b%2e%2e%2f.csv"),
            (r#"filename="a;b=c, d.csv""#, "a;b=c, d.csv"),
            (r#"filename="; name=evil.csv""#, "; name=evil.csv"),
            ("filename=\"отчёт €.csv\"", "отчёт €.csv"),
            ("filename=plain.csv", "plain.csv"),
            ("FileName = plain.csv ; x=y", "plain.csv"),
            (r#"filename="C:\temp\a.csv""#, "a.csv"),
            (r#"filename="C:\\temp\\a.csv""#, "a.csv"),
            (r#"filename="../../a.csv""#, "a.csv"),
            (r#"filename="_.csv"; filename*=UTF-8''%e2%82%ac%20%22a%22%25.csv"#, "€ \"a\"%.csv"),
            (r#"filename*=utf-8'en'a%2Fb; filename="c""#, "b"),
            (r#"filename="""#, ""),
        ];
        for (header, wanted) in cases {
            assert_eq!(file_name(header).as_deref(), Some(wanted), "{header}");
        }
        assert_eq!(file_name(""), None);
    }

    #[test]
    fn what_is_malformed_is_no_name() {
        for header in [
            r#"form-data; filename="a"#,
            r#"form-data; filename="a\"#,
            "form-data; filename",
            "form-data; filename*=a",
            "form-data; filename*=UTF-8''%ff",
            "form-data; filename*=latin1''a",
        ] {
            assert_eq!(Disposition::parse(header), None, "{header}");
        }
    }
}
