//! Each thing that a hostile interpreter might say, said once.

use std::{collections::BTreeMap, sync::Arc};

use sandcastle::{
    CommitId, ContentHash, ExecutionId, Name, SandboxId,
    entry::{Head, Position},
    manifest::{Dataframe, Epoch, Variable, WorkingFile},
    report::{Failure, FrameShape, GeneratedFile, Lost, ProcessEnd, Skipped, StateNote},
};

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
        work: Work::Cell { code: "".into(), display_last: false },
        limit: std::time::Duration::ZERO,
        deadline: now,
    }
}

fn file(size: u64) -> WorkingFile {
    let now = OffsetDateTime::now_utc();
    WorkingFile { hash: ContentHash::of(b"x"), size, mode: 0o644, modified_at: now, stored_at: now }
}

/// What an honest host answers: one of everything.
fn honest(head: &Head) -> Ran {
    let mut manifest = (*head.manifest).clone();
    let nodes = [("a.csv", Node::File(file(1))), ("sub/b", Node::File(file(2))), ("sub", Node::Folder { mode: 0o755 })];
    manifest.files = Arc::new(nodes.map(|(path, node)| (path.to_owned(), node)).into());
    manifest.variables = Arc::new([("x".to_owned(), Variable { chunks: vec![ContentHash::of(b"c")] })].into());
    manifest.lost = [("gone".to_owned(), "it died".to_owned())].into();
    manifest.env = [("A".to_owned(), Some("1".to_owned())), ("B".to_owned(), None)].into();
    let frame = Dataframe { name: "df".into(), num_rows: 1, num_cols: 1, memory_usage_bytes: 1 };
    (manifest.dataframes, manifest.runtime, manifest.cwd) = (vec![frame], "3.13.0".into(), "sub".into());
    let report = Report {
        output: vec!["1".into(), limits::TRUNCATED.into()],
        process: None,
        failure: Some(Failure { error: "E()".into(), traceback: vec!["line".into()] }),
        kernel_died: true,
        duration_ms: 5,
        files: vec![GeneratedFile {
            name: "a.csv".into(),
            mime_type: "text/csv".into(),
            hash: ContentHash::of(b"x"),
            size: 1,
        }],
        files_skipped: vec![Skipped { name: "big".into(), reason: "too large".into() }],
        dataframes: vec![FrameShape { name: "df".into(), num_rows: 1, num_cols: 1 }],
        state: Some(StateNote { kept: false, reason: "died".into(), lost: Vec::new() }),
    };
    Ran { base: head.position, manifest, report }
}

fn put(ran: &mut Ran, path: &str, node: Node) {
    Arc::make_mut(&mut ran.manifest.files).insert(path.to_owned(), node);
}

fn names<V: Default>(count: usize) -> BTreeMap<String, V> {
    (0..count).map(|n| (format!("n{n}"), V::default())).collect()
}

#[test]
fn an_honest_answer_passes_and_its_calls_are_counted_here() {
    let head = head();
    let mut ran = honest(&head);
    ran.manifest.calls = 77;
    assert_eq!(checked(ran, &job(&head)).unwrap().manifest.calls, 1);
}

#[test]
fn the_most_that_a_host_answers_passes() {
    let head = head();
    let mut ran = honest(&head);
    let mut budget = OutputBudget::default();
    ran.report.output = std::iter::from_fn(|| budget.take("\"é\n".repeat(1000))).collect();
    ran.report.output.push(limits::TRUNCATED.into());
    ran.manifest.variables = Arc::new(names(MAX_NAMES));
    for n in 0..limits::MAX_NODES - 3 {
        put(&mut ran, &format!("f{n}"), Node::Folder { mode: 0 });
    }
    checked(ran, &job(&head)).unwrap();
}

#[test]
fn no_path_leads_out_of_the_folder() {
    let head = head();
    let long = "d/".repeat(512) + "f";
    let bad = ["", "/", "/etc/passwd", "..", "../x", "a/../b", "a/..", ".", "a/./b", "a//b", "a/", "a\0b", &long];
    for path in bad {
        for node in [Node::File(file(1)), Node::Folder { mode: 0o755 }] {
            let mut ran = honest(&head);
            put(&mut ran, path, node);
            assert_eq!(checked(ran, &job(&head)).unwrap_err(), "a path that is none", "{path:?}");
        }
    }
    for path in ["...", ".hidden", "a..b", "a/b/c", "ä ö"] {
        let mut ran = honest(&head);
        put(&mut ran, path, Node::File(file(1)));
        assert!(checked(ran, &job(&head)).is_ok(), "{path:?}");
    }
}

type Lie = (&'static str, fn(&mut Ran));

const LIES: &[Lie] = &[
    ("a run on another entry than the one that was given", |ran| ran.base.seq += 1),
    ("a run on another entry than the one that was given", |ran| ran.base.commit_id = CommitId::new()),
    ("too many files", |ran| {
        (0..limits::MAX_NODES).for_each(|n| put(ran, &format!("f{n}"), Node::Folder { mode: 0 }));
    }),
    ("a mode that is none", |ran| put(ran, "f", Node::Folder { mode: 0o4755 })),
    ("a file that is too large", |ran| put(ran, "f", Node::File(file(u64::MAX)))),
    ("a file stored in the future", |ran| {
        let stored_at = OffsetDateTime::now_utc() + Duration::days(1);
        put(ran, "f", Node::File(WorkingFile { stored_at, ..file(1) }));
    }),
    ("too many variables", |ran| ran.manifest.variables = Arc::new(names(MAX_NAMES + 1))),
    ("a variable's name that is none", |ran| {
        ran.manifest.variables = Arc::new([(String::new(), Variable::default())].into())
    }),
    ("too many chunks", |ran| {
        let chunks = vec![ContentHash::of(b"c"); MAX_CHUNKS + 1];
        ran.manifest.variables = Arc::new([("x".to_owned(), Variable { chunks })].into());
    }),
    ("too many lost names", |ran| ran.manifest.lost = names(MAX_LOST + 1)),
    ("a lost name that is none", |ran| ran.manifest.lost = [("x".to_owned(), "y".repeat(MAX_REASON_BYTES + 1))].into()),
    ("a working directory that is none", |ran| ran.manifest.cwd = "a\0".into()),
    ("a working directory that is none", |ran| ran.manifest.cwd = "a".repeat(MAX_CWD_BYTES + 1)),
    ("an environment variable that is none", |ran| ran.manifest.env = [("A=B".to_owned(), None)].into()),
    ("too much environment", |ran| ran.manifest.env = [("A".to_owned(), Some("a".repeat(MAX_ENV_BYTES)))].into()),
    ("too many data frames", |ran| {
        let frame = ran.manifest.dataframes[0].clone();
        ran.manifest.dataframes = vec![frame; MAX_FRAMES + 1];
    }),
    ("a data frame's name that is none", |ran| ran.manifest.dataframes[0].name = "d".repeat(MAX_NAME_BYTES + 1)),
    ("a runtime that is none", |ran| ran.manifest.runtime = "3.13\n".into()),
    ("too much output", |ran| ran.report.output = vec!["x".repeat(limits::MAX_OUTPUT_JSON)]),
    ("too much output", |ran| ran.report.output = vec![String::new(); limits::MAX_OUTPUT_JSON / 3 + 1]),
    ("an answer to another kind of work", |ran| ran.report.process = Some(ProcessEnd::default())),
    ("an error that is too long", |ran| {
        ran.report.failure = Some(Failure { error: "e".repeat(MAX_ERROR_BYTES + 1), traceback: Vec::new() });
    }),
    ("a traceback that is too long", |ran| {
        ran.report.failure =
            Some(Failure { error: String::new(), traceback: vec![String::new(); MAX_TRACEBACK_BYTES + 1] });
    }),
    ("a duration that is too long", |ran| ran.report.duration_ms = u64::MAX),
    ("too many generated files", |ran| {
        ran.report.files = vec![ran.report.files[0].clone(); limits::MAX_FILES + 1];
    }),
    ("a generated file that is not in the folder", |ran| ran.report.files[0].name = "other".into()),
    ("a generated file that is not in the folder", |ran| ran.report.files[0].name = "sub".into()),
    ("a generated file that is not in the folder", |ran| ran.report.files[0].hash = ContentHash::of(b"other")),
    ("a generated file that is not in the folder", |ran| ran.report.files[0].size = 9),
    ("a content type that is none", |ran| ran.report.files[0].mime_type = "text/csv\r\nX: y".into()),
    ("a content type that is none", |ran| ran.report.files[0].mime_type = "csv".into()),
    ("generated files that are too large", |ran| {
        put(ran, "a.csv", Node::File(file(limits::MAX_FILE_BYTES)));
        ran.report.files[0].size = limits::MAX_FILE_BYTES;
        ran.report.files = vec![ran.report.files[0].clone(); 2];
    }),
    ("too many left-out files", |ran| {
        ran.report.files_skipped = vec![ran.report.files_skipped[0].clone(); limits::MAX_SKIPPED + 2];
    }),
    ("a left-out file that is none", |ran| ran.report.files_skipped[0].reason = "r".repeat(MAX_REASON_BYTES + 1)),
    ("too many data frames", |ran| {
        ran.report.dataframes = vec![ran.report.dataframes[0].clone(); MAX_FRAMES + 1];
    }),
    ("a data frame's name that is none", |ran| ran.report.dataframes[0].name = String::new()),
    ("a note that is too long", |ran| {
        let lost = vec![Lost { name: "x".into(), reason: String::new() }; MAX_LISTED_LOST + 1];
        ran.report.state = Some(StateNote { kept: false, reason: String::new(), lost });
    }),
];

#[test]
fn every_lie_is_found() {
    let head = head();
    for (number, (found, lie)) in LIES.iter().enumerate() {
        let mut ran = honest(&head);
        lie(&mut ran);
        assert_eq!(checked(ran, &job(&head)).unwrap_err(), *found, "lie {number}");
    }
}

#[test]
fn a_log_line_stays_one() {
    assert_eq!(for_log("a\nb\u{1b}[31m"), "a b [31m");
    assert_eq!(for_log(&"x".repeat(5000)).len(), MAX_LOGGED);
}
