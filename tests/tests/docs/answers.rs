//! What a block printed against what the document says it prints.

use serde_json::{Deserializer, Value};

/// Stands for anything.
const ANYTHING: char = '…';
/// Fields whose values differ each time; they must be of the kind that is shown.
const VOLATILE: [&str; 14] = [
    "created_at",
    "duration_ms",
    "execution_time_ms",
    "expires_at",
    "id",
    "member_id",
    "memory_usage",
    "memory_usage_bytes",
    "modified_at",
    "sandbox_id",
    "size_bytes",
    "started_at",
    "upload_id",
    "url",
];

/// Holds what was printed against the document.
pub(crate) fn compare(language: &str, shown: &str, printed: &str) -> Result<(), String> {
    let same = match language {
        "json" => {
            let (shown, printed) = (json_values(shown)?, json_values(printed)?);
            shown.len() == printed.len() && shown.iter().zip(&printed).all(|(shown, printed)| same(shown, printed))
        }
        _ => {
            let (shown, printed): (Vec<_>, Vec<_>) = (shown.trim().lines().collect(), printed.trim().lines().collect());
            shown.len() == printed.len() && shown.iter().zip(&printed).all(|(shown, printed)| like(shown, printed))
        }
    };
    if same { Ok(()) } else { Err(format!("the document shows\n{shown}\nand it prints\n{printed}\n")) }
}

/// The JSON values in a text, one after the other.
pub(crate) fn json_values(text: &str) -> Result<Vec<Value>, String> {
    let values = Deserializer::from_str(text).into_iter().collect::<Result<_, _>>();
    values.map_err(|error| format!("not JSON: {error}: {text}"))
}

fn same(shown: &Value, printed: &Value) -> bool {
    match (shown, printed) {
        (Value::Object(shown), Value::Object(printed)) => {
            shown.len() == printed.len()
                && shown.iter().all(|(name, shown)| match printed.get(name) {
                    Some(printed) if VOLATILE.contains(&name.as_str()) => of_one_kind(shown, printed),
                    Some(printed) => same(shown, printed),
                    None => false,
                })
        }
        (Value::Array(shown), Value::Array(printed)) => {
            shown.len() == printed.len() && shown.iter().zip(printed).all(|(shown, printed)| same(shown, printed))
        }
        (Value::String(shown), Value::String(printed)) => like(shown, printed),
        _ => shown == printed,
    }
}

fn of_one_kind(shown: &Value, printed: &Value) -> bool {
    std::mem::discriminant(shown) == std::mem::discriminant(printed)
}

/// True when `text` is what is shown, with anything where that has an ellipsis.
fn like(shown: &str, text: &str) -> bool {
    let Some((first, others)) = shown.split_once(ANYTHING) else { return shown == text };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = others.split(ANYTHING).collect();
    let last = pieces.pop().unwrap_or_default();
    for piece in pieces {
        let Some((_, after)) = rest.split_once(piece) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[test]
fn ellipses_stand_for_anything_and_nothing_else_does() {
    assert!(like("a…c", "abc") && like("a…c…", "axc") && like("…", "") && like("ab", "ab"));
    assert!(!like("a…c", "abd") && !like("ab", "abc") && !like("a…b…c", "ac"));
    let shown = r#"{"output": ["4"], "execution_time_ms": 3, "files": [{"name": "figure_1.png", "url": "http…"}]}"#;
    let printed = r#"{"files":[{"name":"figure_1.png","url":"x"}],"output":["4"],"execution_time_ms":12}"#;
    assert_eq!(compare("json", shown, printed), Ok(()));
    for wrong in [printed.replace("\"4\"", "\"5\""), printed.replace("12", "null"), printed.replace("files", "file")] {
        assert!(compare("json", shown, &wrong).is_err(), "{wrong}");
    }
    assert!(compare("text", "a\nb", "a").is_err() && compare("text", "a …", "a b\n").is_ok());
}
