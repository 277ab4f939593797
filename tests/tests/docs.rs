//! The documents: links lead somewhere, named files exist, diagrams are well formed, and what a code block shows is what
//! the server does.
//!
//! A `sh`, `bash` or `python` block is run, in order, against a server of the document's own. A `json` or `text` block
//! after it is what it prints; `…` stands for anything. A block that is neither has a comment on the line before it:
//! `<!-- not run: why -->`.

#[path = "docs/answers.rs"]
mod answers;
#[path = "docs/diagrams.rs"]
mod diagrams;
#[path = "docs/links.rs"]
mod links;
#[path = "docs/markdown.rs"]
mod markdown;
#[path = "docs/session.rs"]
mod session;

use std::process::Command;

use markdown::{Document, Role};
use sandcastle_e2e::paths;
use session::Session;

/// All documents of the checkout.
fn documents() -> Vec<Document> {
    let found = markdown::documents(&paths::root());
    assert!(found.iter().any(|document| document.name == "README.md"), "the documents are not where they should be");
    found
}

/// Fails with all that was found, one line each.
fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn links_lead_somewhere() {
    let documents = documents();
    assert_none(&links::dead(&paths::root(), &documents));
}

#[test]
fn files_that_are_named_exist() {
    assert_none(&links::missing_files(&paths::root(), &documents()));
}

#[test]
fn diagrams_are_well_formed() {
    assert_none(&diagrams::malformed(&documents()));
}

#[test]
fn the_tables_of_costs_pass_their_tests() {
    let mut tests = Command::new(paths::python());
    let out = tests.arg("-B").arg(paths::root().join("infra/test_costs.py")).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

#[test]
fn every_block_is_run_or_says_why_not() {
    let mut problems = Vec::new();
    for document in documents() {
        for block in &document.blocks {
            if let Role::Unknown(why) = &block.role {
                problems.push(format!("{}:{}: {why}", document.name, block.line));
            }
            if block.language == "json" {
                let parsed = answers::json_values(&block.text);
                problems.extend(parsed.err().map(|error| format!("{}:{}: {error}", document.name, block.line)));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn blocks_print_what_the_documents_say() {
    let (mut problems, mut run) = (Vec::new(), 0);
    for document in documents().iter().filter(|document| document.blocks.iter().any(|block| block.role == Role::Run)) {
        let session = Session::start();
        let (mut printed, so_far) = (String::new(), problems.len());
        for block in &document.blocks {
            let result = match block.role {
                Role::Run => session.run(block).map(|text| {
                    run += 1;
                    printed = text;
                }),
                Role::Answer => answers::compare(&block.language, &block.text, &printed),
                Role::NotRun | Role::Diagram | Role::Unknown(_) => Ok(()),
            };
            if let Err(error) = result {
                problems.push(format!("{}:{}: {error}", document.name, block.line));
            }
        }
        if problems.len() > so_far {
            problems.push(format!("the server's log: {}", session.log()));
        }
    }
    assert_none(&problems);
    assert!(run > 5, "only {run} blocks are run");
}
