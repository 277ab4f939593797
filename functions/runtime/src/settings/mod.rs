//! Settings: a program reads its environment variables through a lookup that is passed in, and has a table with a row for each.
//! Its parser, its `--help` and the documentation use the same table.

mod render;

use std::{ops::RangeInclusive, path::PathBuf, str::FromStr};

pub use render::{Table, help, markdown};

/// The filter of the log, in every program.
pub const LOG: Setting = Setting {
    name: "RUST_LOG",
    meaning: "filter of the log, which goes to standard error: a level (error, warn, info, debug or trace), or target=level \
              pairs separated by commas",
    default: "info",
    values: Values::Other("a level, or target=level pairs separated by commas"),
};

/// An environment variable that a program reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The name of the variable.
    pub name: &'static str,
    /// What it sets: a phrase without a full stop.
    pub meaning: &'static str,
    /// The value that holds when it is absent, or a phrase about that; empty when there is none.
    pub default: &'static str,
    /// Its valid values.
    pub values: Values,
}

/// The valid values of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// Any text.
    Text,
    /// A path, which need not exist.
    Path,
    /// An HTTP URL.
    Url,
    /// A whole number.
    Number {
        /// The smallest value.
        from: u64,
        /// The largest value.
        to: u64,
        /// The unit, such as `seconds`; empty for a count.
        unit: &'static str,
    },
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Something else, in words: `a port from 0 to 65535`.
    Other(&'static str),
}

impl Setting {
    /// The same variable in a program with another default.
    #[must_use]
    pub const fn with_default(self, default: &'static str) -> Self {
        Self { default, ..self }
    }

    /// The default as a number.
    ///
    /// # Errors
    /// When the default is not a number.
    pub fn default_number(&self) -> Result<u64, SettingsError> {
        self.default.parse().map_err(|_| self.missing())
    }

    /// The error for a malformed value.
    pub fn malformed(&self) -> SettingsError {
        SettingsError { name: self.name, problem: format!("must be {}", self.values.in_words()) }
    }

    /// The error for a variable that must be set and is not.
    pub fn missing(&self) -> SettingsError {
        SettingsError { name: self.name, problem: "is not set".to_owned() }
    }
}

impl Values {
    /// The valid values in words: `a number of seconds from 1 to 360`.
    pub fn in_words(&self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Path => "a path".to_owned(),
            Self::Url => "a URL that begins with http:// or https://".to_owned(),
            Self::Number { from, to, unit: "" } => format!("a number from {from} to {to}"),
            Self::Number { from, to, unit } => format!("a number of {unit} from {from} to {to}"),
            Self::OneOf(words) => words.join(" or "),
            Self::Other(words) => (*words).to_owned(),
        }
    }
}

/// A setting that is missing or malformed. The value is not quoted: it could be a secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} {problem}")]
pub struct SettingsError {
    /// The variable.
    pub name: &'static str,
    /// What is wrong: `must be …`, or `is not set`.
    pub problem: String,
}

/// Looks up variables by name. An empty value counts as absent, because a CloudFormation template cannot leave a variable out.
pub struct Lookup<F>(pub F);

impl<F: Fn(&str) -> Option<String>> Lookup<F> {
    /// The value as text.
    pub fn text(&self, setting: &Setting) -> Option<String> {
        (self.0)(setting.name).filter(|value| !value.is_empty())
    }

    /// The value as a path, which need not exist.
    pub fn path(&self, setting: &Setting) -> Option<PathBuf> {
        self.text(setting).map(PathBuf::from)
    }

    /// The value, parsed.
    ///
    /// # Errors
    /// When it cannot be parsed.
    pub fn parsed<T: FromStr>(&self, setting: &Setting) -> Result<Option<T>, SettingsError> {
        self.text(setting).map(|text| text.parse().map_err(|_| setting.malformed())).transpose()
    }

    /// The value, parsed; the parsed default when it is absent.
    ///
    /// # Errors
    /// When the value cannot be parsed, or it is absent and the default cannot be parsed.
    pub fn parsed_or_default<T: FromStr>(&self, setting: &Setting) -> Result<T, SettingsError> {
        match self.parsed(setting)? {
            Some(value) => Ok(value),
            None => setting.default.parse().map_err(|_| setting.missing()),
        }
    }

    /// The value as text; the default when it is absent.
    pub fn text_or_default(&self, setting: &Setting) -> String {
        self.text(setting).unwrap_or_else(|| setting.default.to_owned())
    }

    /// The value as a number.
    ///
    /// # Errors
    /// When it is not a number, or outside the setting's range.
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

    /// The value as a number; the default when it is absent.
    ///
    /// # Errors
    /// When it is not a number, or outside the setting's range, or it is absent and the default is not a number.
    pub fn number_or_default(&self, setting: &Setting) -> Result<u64, SettingsError> {
        match self.number(setting)? {
            Some(number) => Ok(number),
            None => setting.default_number(),
        }
    }

    /// The value as an HTTP URL.
    ///
    /// # Errors
    /// When it is not one.
    pub fn url(&self, setting: &Setting) -> Result<Option<String>, SettingsError> {
        let Some(text) = self.text(setting) else { return Ok(None) };
        let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
        match rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic())) {
            true => Ok(Some(text)),
            false => Err(setting.malformed()),
        }
    }

    /// The value, one of the setting's words.
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
