//! docs/settings.md has the tables of all programs' settings, and InterpreterFunction's table matches what it reads.
#![cfg(test)]

use std::{cell::RefCell, collections::BTreeSet, fs, path::Path};

use sandcastle_host::settings::{self as host, host_config};
use sandcastle_runtime::settings::{LOG, Setting, Values, markdown};

const BEGIN: &str = "<!-- settings:begin -->\n";
const END: &str = "<!-- settings:end -->";
/// Set to any value, it has the test write the page.
const UPDATE: &str = "UPDATE_DOCS";

/// InterpreterFunction reads the settings of a host, and the log's.
fn interpreter() -> Vec<Setting> {
    host::SETTINGS.iter().copied().chain([LOG]).collect()
}

#[test]
fn the_page_has_the_tables_of_all_programs() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/settings.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the page has no settings:begin");
    let (_, after) = rest.split_once(END).expect("the page has no settings:end");
    let tables = [
        ("`sandcastle serve`", markdown(sandcastle_local::SETTINGS)),
        ("ExecuteFunction", markdown(sandcastle_execute::settings::SETTINGS)),
        ("InterpreterFunction", markdown(&[("Code", &interpreter())])),
    ];
    let tables: String = tables.iter().map(|(program, table)| format!("## {program}\n\n{table}")).collect();
    let wanted = format!("{before}{BEGIN}\n{tables}{END}{after}");
    #[expect(clippy::disallowed_methods, reason = "the one place where these tests read their environment")]
    let update = std::env::var_os(UPDATE).is_some();
    if update {
        fs::write(&path, wanted).unwrap();
        return;
    }
    let how = "cargo test --release --locked -p sandcastle-local --test settings_page";
    assert!(page == wanted, "docs/settings.md is not up to date. Write it with: {UPDATE}=1 {how}");
}

#[test]
fn interpreter_function_reads_what_its_table_says() {
    let asked = RefCell::new(BTreeSet::new());
    let lookup = |name: &str| {
        asked.borrow_mut().insert(name.to_owned());
        None
    };
    let default = host::MAX_KERNELS.default_number().unwrap();
    let unset = host_config(lookup, default).unwrap();
    let mut asked = asked.into_inner();
    assert!(asked.remove("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), "Lambda sets it; nobody else does");
    assert_eq!(asked, host::SETTINGS.iter().map(|setting| setting.name.to_owned()).collect());
    let values =
        host::SETTINGS.iter().filter(|one| one.name != "SANDCASTLE_MEMORY_MB" && !one.default.contains("Python"));
    for Setting { name, default: value, values, .. } in values {
        assert!(!matches!(values, Values::Text), "{name} has no values to compare");
        let set = host_config(|asked| (asked == *name).then(|| (*value).to_owned()), default).unwrap();
        assert_eq!(set, unset, "{name}={value}");
    }
}
