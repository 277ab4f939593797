//! Tables of settings as text: for `--help`, and in Markdown for the documentation.

use super::{Setting, Values};

/// Columns of the help text.
const WIDTH: usize = 80;
/// A space at which no line is broken.
const TIE: char = '\u{a0}';

/// A table of settings: groups, each with a title.
pub type Table<'a> = &'a [(&'a str, &'a [Setting])];

/// The part of `--help` about a program's settings.
pub fn help(table: Table<'_>) -> String {
    let names = table.iter().flat_map(|(_, settings)| settings.iter()).map(|setting| setting.name.len());
    let column = names.max().unwrap_or_default() + 4;
    let mut text = String::from("Settings (environment variables; an empty value counts as absent)");
    for (title, settings) in table {
        text.push_str(&format!("\n\n{title}:"));
        for setting in *settings {
            let lines = wrap(&description(setting), WIDTH.saturating_sub(column));
            for (number, line) in lines.iter().enumerate() {
                let name = if number == 0 { setting.name } else { "" };
                text.push_str(&format!("\n  {name:<width$}{line}", width = column - 2));
            }
        }
    }
    text
}

/// The same table in Markdown.
pub fn markdown(table: Table<'_>) -> String {
    let mut text = String::new();
    for (title, settings) in table {
        text.push_str(&format!("{title}:\n\n| variable | meaning | value | default |\n| --- | --- | --- | --- |\n"));
        for Setting { name, meaning, default, values } in *settings {
            text.push_str(&format!("| `{name}` | {meaning} | {} | {default} |\n", values.in_words()));
        }
        text.push('\n');
    }
    text
}

/// Meaning, values and default in one paragraph.
fn description(Setting { meaning, default, values, .. }: &Setting) -> String {
    let values = match values {
        Values::Number { from, to, unit: "" } => format!("{from} to {to}"),
        Values::Number { from, to, unit } => format!("{from} to {to} {unit}"),
        Values::OneOf(words) => words.join(" or "),
        _ => String::new(),
    };
    let default = if default.is_empty() { String::new() } else { format!("default:{TIE}{default}") };
    let notes: Vec<_> = [values, default].into_iter().filter(|note| !note.is_empty()).collect();
    if notes.is_empty() { (*meaning).to_owned() } else { format!("{meaning} [{}]", notes.join("; ")) }
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.into_iter().map(|line| line.replace(TIE, " ")).collect()
}
