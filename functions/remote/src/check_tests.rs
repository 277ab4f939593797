//! Each lie that a hostile interpreter might tell, told once.

use std::{collections::BTreeMap, sync::Arc};

use sandcastle::{
    Code, CommitId, ContentHash, EnvName, EnvValue, ExecutionId, FileMode, MimeType, Name, RuntimeVersion, SandboxId,
    VariableName, WorkingDirectory, WorkingPath,
    entry::{Head, Position},
    invocation::{ManifestRef, Response},
    limits::MAX_NAMES,
    manifest::{Dataframe, Epoch, WorkingFile},
    report::{Failure, FrameShape, GeneratedFile, Lost, ProcessEnd, Skipped, StateNote},
};
use serde_json::{Value, json};
use time::Duration;

use super::*;

fn head() -> Head {
    let name = Name::parse("test").unwrap();
    let now = OffsetDateTime::now_utc();
    let manifest = Arc::new(Manifest::started(name.clone(), name, now, Epoch(1)));
    let position = Position { seq: 1, commit_id: CommitId::new() };
    Head { position, at: now, manifest, recent: Arc::default(), base: None }
}

fn job(head: &Head) -> Job {
    let now = std::time::Instant::now();
    Job {
        sandbox: SandboxId::new(),
        execution: ExecutionId::new(),
        commit: CommitId::new(),
        head: Arc::new(head.clone()),
        fresh: true,
        work: Work::Cell { code: Code::parse("").unwrap(), display_last: false },
        limit: std::time::Duration::ZERO,
        deadline: now,
    }
}

fn file(size: u64) -> WorkingFile {
    let now = OffsetDateTime::now_utc();
    WorkingFile { hash: ContentHash::of(b"x"), size, mode: FileMode::of(0o644), modified_at: now, stored_at: now }
}

/// What an honest host answers: one of everything.
fn honest(head: &Head) -> Outcome {
    let mut manifest = (*head.manifest).clone();
    let nodes = [
        ("a.csv", Node::File(file(1))),
        ("sub/b", Node::File(file(2))),
        ("sub", Node::Folder { mode: FileMode::of(0o755) }),
    ];
    manifest.files = Arc::new(nodes.map(|(name, node)| (path(name), node)).into());
    manifest.variables = Arc::new(names(1));
    manifest.lost = [(variable("gone"), "it died".to_owned())].into();
    manifest.env = [(env("A"), Some(EnvValue::parse("1").unwrap())), (env("B"), None)].into();
    let frame = Dataframe { name: variable("df"), num_rows: 1, num_cols: 1, memory_usage_bytes: 1 };
    (manifest.dataframes, manifest.runtime, manifest.cwd) =
        (vec![frame], RuntimeVersion::parse("3.13.0").unwrap(), WorkingDirectory::parse("sub").unwrap());
    let mime_type = MimeType::parse("text/csv").unwrap();
    let report = Report {
        output: vec!["1".into(), limits::TRUNCATED.into()],
        process: None,
        failure: Some(Failure { error: "E()".into(), traceback: vec!["line".into()] }),
        kernel_died: true,
        duration_ms: 5,
        files: vec![GeneratedFile { name: path("a.csv"), mime_type, hash: ContentHash::of(b"x"), size: 1 }],
        files_skipped: vec![Skipped { name: "big".into(), reason: "too large".into() }],
        dataframes: vec![FrameShape { name: variable("df"), num_rows: 1, num_cols: 1 }],
        state: Some(StateNote { kept: false, reason: "died".into(), lost: Vec::new() }),
    };
    Outcome { parent: head.position, manifest, report }
}

fn path(text: &str) -> WorkingPath {
    WorkingPath::parse(text).unwrap()
}

fn variable(text: &str) -> VariableName {
    VariableName::parse(text).unwrap()
}

fn env(text: &str) -> EnvName {
    EnvName::parse(text).unwrap()
}

fn put(outcome: &mut Outcome, name: &str, node: Node) {
    Arc::make_mut(&mut outcome.manifest.files).insert(path(name), node);
}

fn names<V: Default>(count: usize) -> BTreeMap<VariableName, V> {
    (0..count).map(|n| (variable(&format!("n{n}")), V::default())).collect()
}

#[test]
fn an_honest_answer_passes_and_its_calls_are_counted_here() {
    let head = head();
    let mut outcome = honest(&head);
    outcome.manifest.calls = 77;
    assert_eq!(checked(outcome, &job(&head)).unwrap().manifest.calls, 1);
}

#[test]
fn the_most_that_a_host_answers_passes() {
    let head = head();
    let mut outcome = honest(&head);
    let mut budget = OutputBudget::default();
    outcome.report.output = std::iter::from_fn(|| budget.take("\"é\n".repeat(1000))).collect();
    outcome.report.output.push(limits::TRUNCATED.into());
    outcome.manifest.variables = Arc::new(names(MAX_NAMES));
    for n in 0..limits::MAX_NODES - 3 {
        put(&mut outcome, &format!("f{n}"), Node::Folder { mode: FileMode::of(0) });
    }
    checked(outcome, &job(&head)).unwrap();
}

type Lie = (&'static str, fn(&mut Outcome));

const LIES: &[Lie] = &[
    ("another parent than the job's head", |outcome| outcome.parent.seq += 1),
    ("another parent than the job's head", |outcome| outcome.parent.commit_id = CommitId::new()),
    ("too many files", |outcome| {
        (0..limits::MAX_NODES).for_each(|n| put(outcome, &format!("f{n}"), Node::Folder { mode: FileMode::of(0) }));
    }),
    ("too long paths", |outcome| {
        let long = |n: usize| vec![format!("{n:0204}"); 5].join("/");
        (0..5000).for_each(|n| put(outcome, &long(n), Node::Folder { mode: FileMode::of(0) }));
    }),
    ("a file that is too large", |outcome| put(outcome, "f", Node::File(file(u64::MAX)))),
    ("a file stored in the future", |outcome| {
        let stored_at = OffsetDateTime::now_utc() + Duration::days(1);
        put(outcome, "f", Node::File(WorkingFile { stored_at, ..file(1) }));
    }),
    ("too many variables", |outcome| outcome.manifest.variables = Arc::new(names(MAX_NAMES + 1))),
    ("too many lost names", |outcome| outcome.manifest.lost = names(MAX_LOST + 1)),
    ("a reason that is too long", |outcome| {
        outcome.manifest.lost = [(variable("x"), "y".repeat(MAX_REASON_BYTES + 1))].into()
    }),
    ("too much environment", |outcome| {
        outcome.manifest.env = [(env("A"), Some(EnvValue::parse("a".repeat(MAX_ENV_BYTES)).unwrap()))].into()
    }),
    ("too many data frames", |outcome| {
        let frame = outcome.manifest.dataframes[0].clone();
        outcome.manifest.dataframes = vec![frame; MAX_FRAMES + 1];
    }),
    ("too much output", |outcome| outcome.report.output = vec!["x".repeat(limits::MAX_OUTPUT_JSON)]),
    ("too much output", |outcome| outcome.report.output = vec![String::new(); limits::MAX_OUTPUT_JSON / 3 + 1]),
    ("a report of another kind of work", |outcome| outcome.report.process = Some(ProcessEnd::default())),
    ("an error that is too long", |outcome| {
        outcome.report.failure = Some(Failure { error: "e".repeat(MAX_ERROR_BYTES + 1), traceback: Vec::new() });
    }),
    ("a traceback that is too long", |outcome| {
        outcome.report.failure =
            Some(Failure { error: String::new(), traceback: vec![String::new(); MAX_TRACEBACK_BYTES + 1] });
    }),
    ("a duration that is too long", |outcome| outcome.report.duration_ms = u64::MAX),
    ("too many generated files", |outcome| {
        outcome.report.files = vec![outcome.report.files[0].clone(); limits::MAX_FILES + 1];
    }),
    ("a generated file that is not in the folder", |outcome| outcome.report.files[0].name = path("other")),
    ("a generated file that is not in the folder", |outcome| outcome.report.files[0].name = path("sub")),
    ("a generated file that is not in the folder", |outcome| outcome.report.files[0].hash = ContentHash::of(b"other")),
    ("a generated file that is not in the folder", |outcome| outcome.report.files[0].size = 9),
    ("generated files that are too large", |outcome| {
        put(outcome, "a.csv", Node::File(file(limits::MAX_FILE_BYTES)));
        outcome.report.files[0].size = limits::MAX_FILE_BYTES;
        outcome.report.files = vec![outcome.report.files[0].clone(); 2];
    }),
    ("too many left-out files", |outcome| {
        outcome.report.files_skipped = vec![outcome.report.files_skipped[0].clone(); limits::MAX_SKIPPED + 2];
    }),
    ("a left-out file with too long a text", |outcome| {
        outcome.report.files_skipped[0].reason = "r".repeat(MAX_REASON_BYTES + 1)
    }),
    ("too many data frames", |outcome| {
        outcome.report.dataframes = vec![outcome.report.dataframes[0].clone(); MAX_FRAMES + 1];
    }),
    ("a note that is too long", |outcome| {
        let lost = vec![Lost { name: variable("x"), reason: String::new() }; MAX_LISTED_LOST + 1];
        outcome.report.state = Some(StateNote { kept: false, reason: String::new(), lost });
    }),
];

#[test]
fn every_lie_is_found() {
    let head = head();
    for (number, (found, lie)) in LIES.iter().enumerate() {
        let mut outcome = honest(&head);
        lie(&mut outcome);
        assert_eq!(checked(outcome, &job(&head)).unwrap_err(), Untrue(found), "lie {number}");
    }
}

#[test]
fn a_malformed_value_does_not_get_as_far_as_the_check() {
    let head = head();
    let long = "d/".repeat(512) + "f";
    let paths = ["", "/", "/etc/passwd", "..", "../x", "a/../b", "a/..", ".", "a/./b", "a//b", "a/", "a\0b", &long];
    let node = serde_json::to_value(Node::File(file(1))).unwrap();
    for bad in paths {
        let in_folder = |response: &mut Value| response["manifest"]["inline"]["files"][bad] = node.clone();
        assert!(!is_read(&head, in_folder), "{bad:?}");
        assert!(!is_read(&head, |response| response["report"]["files"][0]["name"] = bad.into()), "{bad:?}");
    }
    for good in ["...", ".hidden", "a..b", "a/b/c", "ä ö"] {
        assert!(is_read(&head, |response| response["manifest"]["inline"]["files"][good] = node.clone()), "{good:?}");
    }
    let (name, env) = ("n".repeat(limits::MAX_NAME_BYTES + 1), json!({ "A=B": null }));
    let cwd = "a".repeat(limits::MAX_CWD_BYTES + 1);
    let cases = [
        ("/manifest/inline/files/sub/folder/mode", json!(0o4755)),
        ("/manifest/inline/files/a.csv/file/mode", json!(0o1000)),
        ("/manifest/inline/variables", json!({ "": {} })),
        ("/manifest/inline/lost", json!({ "": "why" })),
        ("/manifest/inline/cwd", json!("a\0")),
        ("/manifest/inline/cwd", json!(cwd)),
        ("/manifest/inline/env", env),
        ("/manifest/inline/env", json!({ "A": "\0" })),
        ("/manifest/inline/dataframes/0/name", json!(name)),
        ("/manifest/inline/runtime", json!("3.13\n")),
        ("/report/files/0/mime_type", json!("text/csv\r\nX: y")),
        ("/report/files/0/mime_type", json!("csv")),
        ("/report/dataframes/0/name", json!("")),
        ("/report/state/lost/0/name", json!("a\0")),
    ];
    assert!(is_read(&head, |_| ()));
    for (place, value) in cases {
        let lie = |response: &mut Value| *response.pointer_mut(place).expect(place) = value.clone();
        assert!(!is_read(&head, lie), "{place} = {value}");
    }
}

/// Whether an honest response is read after a change to its JSON.
fn is_read(head: &Head, change: impl FnOnce(&mut Value)) -> bool {
    let Outcome { parent, manifest, mut report } = honest(head);
    report.state = Some(StateNote::lost("died".into(), vec![(variable("x"), "why".into())]));
    let response = Response::Outcome { parent, manifest: ManifestRef::Inline(manifest), report };
    let mut json = serde_json::to_value(response).unwrap();
    change(&mut json["outcome"]);
    serde_json::from_value::<Response>(json).is_ok()
}

#[test]
fn a_log_line_stays_one() {
    assert_eq!(for_log("a\nb\u{1b}[31m"), "a b [31m");
    assert_eq!(for_log(&"x".repeat(5000)).len(), MAX_LOGGED);
}
