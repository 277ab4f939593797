//! How every program here reads its settings: through a lookup that is passed in, each by its row in a table. `--help`, the
//! documents and the parser all read that table, so they cannot disagree.

use std::{ops::RangeInclusive, path::PathBuf, str::FromStr};

/// One environment variable that a program reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The variable.
    pub name: &'static str,
    /// What it sets; a phrase without a full stop.
    pub meaning: &'static str,
    /// What holds when it is absent, in words; empty when nothing does.
    pub default: &'static str,
    /// The values that it can have.
    pub values: Values,
}

/// The values that a setting can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// Any text.
    Text,
    /// A path, whether there is something or not.
    Path,
    /// An HTTP URL.
    Url,
    /// A whole number.
    Number {
        /// The smallest.
        from: u64,
        /// The largest.
        to: u64,
        /// Its unit, such as `seconds`; empty for a count.
        unit: &'static str,
    },
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Anything else, in words: `a port, 0 to 65535`.
    Other(&'static str),
}

impl Setting {
    /// The same variable in a program where something else holds when it is absent.
    #[must_use]
    pub const fn with_default(self, default: &'static str) -> Self {
        Self { default, ..self }
    }

    /// That the variable is malformed.
    pub fn malformed(&self) -> SettingsError {
        SettingsError { name: self.name, problem: format!("must be {}", self.values.in_words()) }
    }

    /// That the variable is not set.
    pub fn missing(&self) -> SettingsError {
        SettingsError { name: self.name, problem: "is not set".to_owned() }
    }
}

impl Values {
    /// What a value must be: `a number of seconds from 1 to 360`.
    pub fn in_words(&self) -> String {
        match self {
            Self::Text => "a text".to_owned(),
            Self::Path => "a path".to_owned(),
            Self::Url => "a URL that begins with http:// or https://".to_owned(),
            Self::Number { from, to, unit: "" } => format!("a number from {from} to {to}"),
            Self::Number { from, to, unit } => format!("a number of {unit} from {from} to {to}"),
            Self::OneOf(words) => words.join(" or "),
            Self::Other(words) => (*words).to_owned(),
        }
    }
}

/// A setting that a program cannot start with. The value is not quoted: it might be a secret in the wrong place.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} {problem}")]
pub struct SettingsError {
    /// The variable.
    pub name: &'static str,
    /// What is wrong with it: `must be …`, or `is not set`.
    pub problem: String,
}

/// Gives the values of variables. An empty value counts as absent, because a template cannot leave a variable out.
pub struct Lookup<F>(pub F);

impl<F: Fn(&str) -> Option<String>> Lookup<F> {
    /// Any text.
    pub fn text(&self, setting: &Setting) -> Option<String> {
        (self.0)(setting.name).filter(|value| !value.is_empty())
    }

    /// A path, whether there is something or not.
    pub fn path(&self, setting: &Setting) -> Option<PathBuf> {
        self.text(setting).map(PathBuf::from)
    }

    /// Whatever can be read from text.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn parsed<T: FromStr>(&self, setting: &Setting) -> Result<Option<T>, SettingsError> {
        self.text(setting).map(|text| text.parse().map_err(|_| setting.malformed())).transpose()
    }

    /// A number of the setting's range.
    ///
    /// # Errors
    /// When it is no number, or outside the range.
    pub fn number(&self, setting: &Setting) -> Result<Option<u64>, SettingsError> {
        let range: RangeInclusive<u64> = match setting.values {
            Values::Number { from, to, .. } => from..=to,
            _ => 0..=u64::MAX,
        };
        match self.parsed(setting)? {
            Some(number) if !range.contains(&number) => Err(setting.malformed()),
            number => Ok(number),
        }
    }

    /// An HTTP URL.
    ///
    /// # Errors
    /// When it is something else.
    pub fn url(&self, setting: &Setting) -> Result<Option<String>, SettingsError> {
        let Some(text) = self.text(setting) else { return Ok(None) };
        let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
        match rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic())) {
            true => Ok(Some(text)),
            false => Err(setting.malformed()),
        }
    }

    /// One of the setting's words.
    ///
    /// # Errors
    /// When it is another word.
    pub fn word(&self, setting: &Setting) -> Result<Option<&'static str>, SettingsError> {
        let Some(text) = self.text(setting) else { return Ok(None) };
        let words = match setting.values {
            Values::OneOf(words) => words,
            _ => &[],
        };
        words.iter().find(|word| **word == text).map(|word| Some(*word)).ok_or_else(|| setting.malformed())
    }
}

/// What `--help` says of a program's settings, in groups with a title each.
pub fn help(groups: &[(&str, &[Setting])]) -> String {
    let mut text = String::from("Settings, from the environment; an empty value counts as absent:\n");
    for (title, settings) in groups {
        text.push_str(&format!("\n{title}:\n"));
        for Setting { name, meaning, default, values } in *settings {
            let values = match values {
                Values::Number { .. } | Values::OneOf(_) => format!(": {}", values.in_words()),
                _ => String::new(),
            };
            let default = if default.is_empty() { String::new() } else { format!(" [{default}]") };
            text.push_str(&format!("  {name}\n          {meaning}{values}{default}\n"));
        }
    }
    text
}

/// The same as a table in Markdown, for the documents.
pub fn markdown(groups: &[(&str, &[Setting])]) -> String {
    let mut text = String::new();
    for (title, settings) in groups {
        text.push_str(&format!(
            "**{title}**\n\n| variable | meaning | default | values |\n| --- | --- | --- | --- |\n"
        ));
        for Setting { name, meaning, default, values } in *settings {
            text.push_str(&format!("| `{name}` | {meaning} | {default} | {} |\n", values.in_words()));
        }
        text.push('\n');
    }
    text
}
