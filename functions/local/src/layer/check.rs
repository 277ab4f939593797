//! The result of one check of a layer.

/// The result of one check: what is good in one line, or the findings.
pub(super) struct Check {
    name: &'static str,
    result: Result<String, Vec<String>>,
}

impl Check {
    /// A check that passed when nothing is `bad`.
    pub(super) fn new(name: &'static str, good: String, bad: Vec<String>) -> Self {
        Self { name, result: if bad.is_empty() { Ok(good) } else { Err(bad) } }
    }

    /// True when there are findings.
    pub(super) fn failed(&self) -> bool {
        self.result.is_err()
    }

    /// One line, or one for each finding.
    pub(super) fn text(&self) -> String {
        match &self.result {
            Ok(good) => format!("ok    {:10}  {good}\n", self.name),
            Err(bad) => bad.iter().map(|finding| format!("FAIL  {:10}  {finding}\n", self.name)).collect(),
        }
    }
}
