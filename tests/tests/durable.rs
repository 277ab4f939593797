//! Variables survive any death: programs are run twice, once in one kernel and once with the kernel killed between every two
//! cells, and must answer the same. The one kernel also checks at each call that no variable has changed that the call was not
//! expected to change. `SANDCASTLE_PROGRAMS` sets how many programs are made up from `SANDCASTLE_SEED`.
#![cfg(test)]

use std::{fs, path::PathBuf, process::Command, sync::Arc};

use rustix::process::{Pid, Signal, kill_process};
use sandcastle_e2e::{
    api::Api,
    paths,
    server::{Server, kernels},
};
use serde_json::{Value, json};
use tokio::sync::Mutex;

/// Programs that are made up, and the seed of the first, unless it is said otherwise.
const MADE_UP: (u64, u64) = (150, 1);
/// Servers that run programs at once.
const SERVERS: usize = 2;

/// A program, cut into cells.
#[derive(Clone)]
struct Program {
    name: String,
    cells: Vec<String>,
}

impl Program {
    fn parse(name: String, text: &str) -> Self {
        // What comes before the first mark is a cell too.
        let text = format!("# %%\n{text}");
        let cells = format!("\n{text}");
        let cells = cells.split("\n# %%").map(|cell| cell.split_once('\n').map_or("", |(_, code)| code).to_owned());
        let cells: Vec<String> = cells.filter(|cell| !cell.trim().is_empty()).collect();
        assert!(cells.len() > 1, "{name} has one cell only");
        Self { name, cells }
    }

    /// The programs of a folder.
    fn all(folder: &str) -> Vec<Self> {
        let folder = paths::root().join("tests/durable").join(folder);
        let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut files: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "py"));
        files.sort();
        assert!(!files.is_empty(), "{} is empty", folder.display());
        let read = |file: &PathBuf| {
            Self::parse(file.file_stem().unwrap().to_string_lossy().into_owned(), &fs::read_to_string(file).unwrap())
        };
        files.iter().map(read).collect()
    }

    fn made_up(seed: u64) -> Self {
        let generator = paths::root().join("tests/durable/generate");
        let out = Command::new(paths::tool("python")).arg(generator).arg(seed.to_string()).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        Self::parse(format!("SANDCASTLE_SEED={seed}"), &String::from_utf8(out.stdout).unwrap())
    }
}

/// What a call answered, without what differs from run to run.
fn answer_of(body: &Value) -> Value {
    let files = body["files"].as_array().into_iter().flatten();
    let files: Vec<Value> = files.map(|file| json!([file["name"], file["size_bytes"]])).collect();
    let output = if body["output"].is_null() { &body["partial_output"] } else { &body["output"] };
    // In the order of the names' binding, which a new kernel does not know.
    let mut frames: Vec<&Value> = body["dataframes"].as_array().into_iter().flatten().collect();
    frames.sort_by_key(|frame| frame["name"].as_str());
    json!({ "output": output, "error": body["error"], "files": files, "dataframes": frames })
}

async fn play(server: &Server, api: &Api, program: &Program, kill: bool) -> Vec<Value> {
    let sandbox = api.start().await;
    let mut answers = Vec::new();
    for cell in &program.cells {
        let answer = api.execute(&sandbox, cell).await;
        assert_eq!(answer.status, 200, "{}: {answer:?}\n{cell}", program.name);
        answers.push(answer.body);
        for kernel in if kill { kernels(server.pid()) } else { Vec::new() } {
            let _ = kill_process(Pid::from_raw(kernel).unwrap(), Signal::KILL);
        }
    }
    api.call("DELETE", &format!("/v2/sandcastles/{sandbox}"), None).await;
    answers
}

/// What is wrong with a program's answers, if anything is. A cell that begins with `# lost: names` needs a value that cannot be
/// kept: after a kill it must fail with a NameError that names one of them and says why.
fn verdict(program: &Program, whole: &[Value], killed: &[Value]) -> Option<String> {
    for (n, (cell, (whole, killed))) in program.cells.iter().zip(whole.iter().zip(killed)).enumerate() {
        if let Some(names) = cell.lines().next().and_then(|line| line.strip_prefix("# lost:")) {
            let error = killed["error"].as_str().unwrap_or_default();
            let named = names.split(',').any(|name| error.contains(&format!("name '{}'", name.trim())));
            if !named || !error.contains("its value was lost (") {
                return Some(format!("{} cell {n}: {names} should be lost by name: {killed}", program.name));
            }
            continue;
        }
        let (wanted, found) = (answer_of(whole), answer_of(killed));
        if wanted != found {
            let (reason, state) = (format!("{wanted}\nafter kills {found}"), &killed["state"]);
            return Some(format!("{} cell {n}:\n{cell}\nin one kernel {reason}\nstate {state}", program.name));
        }
    }
    None
}

/// Runs all of them, and reports every one that answers otherwise.
async fn hold(programs: Vec<Program>) {
    let (count, queue) = (programs.len(), Arc::new(Mutex::new(programs)));
    let workers: Vec<_> = (0..SERVERS)
        .map(|_| {
            let queue = Arc::clone(&queue);
            tokio::spawn(async move {
                let folder = tempfile::tempdir().unwrap();
                let limit = ("SANDCASTLE_TIMEOUT_S", "30");
                let server = Server::start(&folder.path().join("data"), &[limit]);
                let audited = Server::start(&folder.path().join("audited"), &[limit, ("SANDCASTLE_AUDIT", "on")]);
                let (api, audited_api) = (server.api(), audited.api());
                let mut wrong = Vec::new();
                loop {
                    let Some(program) = queue.lock().await.pop() else { return wrong };
                    let whole = play(&audited, &audited_api, &program, false).await;
                    let killed = play(&server, &api, &program, true).await;
                    wrong.extend(verdict(&program, &whole, &killed));
                }
            })
        })
        .collect();
    let mut wrong = Vec::new();
    for worker in workers {
        wrong.extend(worker.await.unwrap());
    }
    assert!(wrong.is_empty(), "{} of {count} programs:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nasty_programs_do_not_notice_a_kill() {
    hold(Program::all("nasty")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn notebooks_do_not_notice_a_kill() {
    hold(Program::all("notebooks")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn data_programs_do_not_notice_a_kill() {
    hold(Program::all("programs")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn made_up_programs_do_not_notice_a_kill() {
    let seed = paths::number("SANDCASTLE_SEED").unwrap_or(MADE_UP.1);
    let count = paths::number("SANDCASTLE_PROGRAMS").unwrap_or(MADE_UP.0);
    println!("SANDCASTLE_SEED={seed}");
    hold((seed..seed + count).map(Program::made_up).collect()).await;
}
