//! The `Content-Disposition` header of a served file (RFC 6266), for whatever name the code gave it.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What RFC 8187 (`attr-char`) lets stand unescaped in `filename*`, besides letters and digits.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// The header for a file of this name; of a path, its last part. Names beyond plain ASCII are given twice, first in a form
/// for clients that know only `filename`.
pub(crate) fn disposition(file_name: &str, inline: bool) -> String {
    let kind = if inline { "inline" } else { "attachment" };
    let base = file_name.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("file");
    let name: String = base.chars().map(|c| if misleads(c) { '_' } else { c }).collect();
    let plain: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    if plain == name {
        return format!("{kind}; filename=\"{plain}\"");
    }
    format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{}", utf8_percent_encode(&name, ESCAPED))
}

/// Control characters, and those that change the direction of text: `gpj.exe` may not read as `exe.jpg`.
fn misleads(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Characters that every client reads alike in a quoted string; some undo `%41`, some keep the backslash.
fn is_plain(c: char) -> bool {
    (c.is_ascii_graphic() || c == ' ') && !matches!(c, '"' | '\\' | '%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_stand_as_they_are() {
        assert_eq!(disposition("figure_1.png", true), r#"inline; filename="figure_1.png""#);
        assert_eq!(disposition("my report.html", false), r#"attachment; filename="my report.html""#);
    }

    #[test]
    fn only_the_last_part_of_a_path_is_a_file_name() {
        assert_eq!(disposition("out/2024/a.csv", true), r#"inline; filename="a.csv""#);
        assert_eq!(disposition("out/", true), r#"inline; filename="file""#);
        assert_eq!(disposition("", true), r#"inline; filename="file""#);
    }

    #[test]
    fn other_alphabets_are_given_in_both_forms() {
        assert_eq!(
            disposition("отчёт €.csv", true),
            "inline; filename=\"_____ _.csv\"; filename*=UTF-8''%D0%BE%D1%82%D1%87%D1%91%D1%82%20%E2%82%AC.csv"
        );
    }

    #[test]
    fn no_name_gets_out_of_its_quotes_or_its_line() {
        let hostile = "a\"; filename=\"evil.exe\r\nSet-Cookie: x=1\0\\%0d\u{202e}gpj.exe";
        let header = disposition(hostile, false);
        assert!(header.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{header:?}");
        assert_eq!(header.matches('"').count(), 2, "{header:?}");
        assert!(!header.contains('\\'), "{header:?}");
        let (_, extended) = header.split_once("filename*=UTF-8''").unwrap();
        assert!(
            !extended.contains("%0D") && !extended.contains("%0A") && !extended.contains("%E2%80%AE"),
            "{extended}"
        );
        assert!(extended.contains("%220%0d") || extended.contains("%250d"), "a percent sign is escaped: {extended}");
    }
}
