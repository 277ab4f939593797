//! What a preloading zygote imports, in which order, and how much of it code waits for.

/// A module that is imported if it is installed.
pub struct Preloaded {
    /// Its name.
    pub module: &'static str,
    /// Code with one of these words uses the module, or imports a package that does.
    pub words: &'static [&'static str],
    /// Variables that usually are the module, or a package that imports it.
    pub variables: &'static [&'static str],
}

const fn module(module: &'static str, words: &'static [&'static str], variables: &'static [&'static str]) -> Preloaded {
    Preloaded { module, words, variables }
}

/// The modules, those that most code uses first. `backend_agg`, `font_manager` and `PngImagePlugin` are what drawing the first
/// figure imports; `font_manager` makes a list of the machine's fonts.
pub const PRELOADED: [Preloaded; 9] = [
    module("numpy", &["numpy", "scipy", "sklearn", "pyarrow", "shapely"], &["np", "numpy"]),
    module("pandas", &["pandas", "statsmodels"], &["pd", "pandas"]),
    module("matplotlib", &[], &[]),
    module("matplotlib.pyplot", &[], &["plt", "matplotlib"]),
    module("matplotlib.backends.backend_agg", &[], &[]),
    module("matplotlib.font_manager", &[], &[]),
    module("PIL.PngImagePlugin", &["matplotlib", "seaborn", ".plot"], &["sns"]),
    module("PIL.Image", &["PIL"], &[]),
    module("openpyxl", &["openpyxl", "excel"], &[]),
];

/// How many of the modules must have been imported before a kernel for this code is forked. `0`: it imports none of them.
pub fn needed_by(code: &str) -> usize {
    if !code.contains("import") {
        return 0;
    }
    up_to(|module| module.words.iter().any(|word| code.contains(word)))
}

/// And before a kernel is forked that restores variables with these names, which are modules.
pub fn needed_to_restore<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    let names: Vec<_> = names.collect();
    up_to(|module| module.variables.iter().any(|variable| names.contains(variable)))
}

fn up_to(used: impl Fn(&Preloaded) -> bool) -> usize {
    PRELOADED.iter().rposition(used).map_or(0, |last| last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_waits_for_what_it_imports_and_no_more() {
        let module = |code| needed_by(code).checked_sub(1).map(|last| PRELOADED[last].module);
        assert_eq!(module("print(2 + 2)"), None);
        assert_eq!(module("import json"), None);
        assert_eq!(module("import numpy as np"), Some("numpy"));
        assert_eq!(module("import numpy, pandas"), Some("pandas"));
        assert_eq!(module("import pandas as pd\npd.Series([1]).plot()"), Some("PIL.PngImagePlugin"));
        assert_eq!(module("import pandas as pd\npd.read_excel('a.xlsx')"), Some("openpyxl"));
    }

    #[test]
    fn what_is_restored_waits_for_its_modules() {
        let module =
            |names: &[&str]| needed_to_restore(names.iter().copied()).checked_sub(1).map(|last| PRELOADED[last].module);
        assert_eq!(module(&["json"]), None);
        assert_eq!(module(&["pandas"]), Some("pandas"));
        assert_eq!(module(&["plt", "pd"]), Some("matplotlib.pyplot"));
    }
}
