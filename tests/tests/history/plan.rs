//! What the clients of a history do: drawn from the seed before it begins, so that a seed gives the same calls again whatever
//! they are answered.

use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::values;

/// Files that everybody writes, so that calls meet on them.
const POOL: [&str; 3] = ["a.txt", "b.txt", "log.txt"];

/// What is done with one file.
#[derive(Clone, Debug)]
pub(crate) enum Verb {
    Write(String),
    Append(String),
    Remove(String),
    /// Prints the content, or `-`.
    Read(String),
    /// Prints all names.
    Names,
}

/// One call.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Appends its token to the variable `h`, prints `h`, does the rest, and fails at the end if it shall.
    Execute {
        verbs: Vec<Verb>,
        pause_ms: u32,
        fails: bool,
        /// What it does with other variables.
        values: Vec<String>,
    },
    /// The same as a command, without `h`.
    Exec {
        verbs: Vec<Verb>,
        pause_ms: u32,
    },
    Upload(String),
    Delete(String),
    Download(String),
    Start,
    Stop,
    Status,
    Executions,
    List {
        running: bool,
    },
}

/// One call with its place: of which sandbox, through which front end.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) sandbox: usize,
    pub(crate) front: usize,
    pub(crate) act: Act,
    /// Unique in the history.
    pub(crate) token: String,
}

/// How large a history is.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) sandboxes: usize,
    pub(crate) fronts: usize,
    /// Each client has a front end of its own. Otherwise each sandbox has one that most of its calls go through, so that its
    /// variables live for a while.
    pub(crate) own_front: bool,
}

/// The steps of one client.
pub(crate) fn steps(seed: u64, client: usize, count: usize, shape: Shape) -> Vec<Step> {
    let mut rng = StdRng::seed_from_u64(seed ^ ((client as u64 + 1) << 32));
    let mut own = vec!["never.txt".to_owned()];
    let mut starts: Vec<(usize, usize)> = Vec::new();
    let mut steps = Vec::new();
    for n in 0..count {
        let token = format!("c{client}n{n}");
        // Whoever stops a sandbox starts it again some steps later: most calls shall meet one that runs.
        let due = starts.iter().position(|(at, _)| *at <= n).map(|at| starts.remove(at).1);
        let sandbox = due.unwrap_or_else(|| rng.random_range(0..shape.sandboxes));
        let act = if due.is_some() { Act::Start } else { act(&mut rng, &token, &mut own) };
        // Changes of files go anywhere, for they cost no variable, and shall meet code that runs.
        let keeps_to_one = !matches!(act, Act::Exec { .. } | Act::Upload(_) | Act::Delete(_));
        let front = match shape.own_front {
            true => client % shape.fronts,
            false if keeps_to_one && rng.random_bool(0.85) => sandbox % shape.fronts,
            false => rng.random_range(0..shape.fronts),
        };
        if let Act::Stop = act {
            starts.push((n + rng.random_range(1..6), sandbox));
        }
        steps.push(Step { sandbox, front, act, token });
    }
    steps
}

fn act(rng: &mut StdRng, token: &str, own: &mut Vec<String>) -> Act {
    match rng.random_range(0..100) {
        0..44 => Act::Execute {
            values: values::lines(rng),
            verbs: verbs(rng, token, own),
            pause_ms: pause(rng),
            fails: rng.random_bool(0.1),
        },
        44..59 => Act::Exec { verbs: verbs(rng, token, own), pause_ms: pause(rng) },
        59..68 => Act::Upload(name(rng, own)),
        68..73 => Act::Delete(name(rng, own)),
        73..82 => Act::Download(name(rng, own)),
        82..88 => Act::Status,
        88..92 => Act::List { running: rng.random() },
        92..96 => Act::Executions,
        96..98 => Act::Start,
        _ => Act::Stop,
    }
}

/// A call that takes a while is met by others in the middle.
fn pause(rng: &mut StdRng) -> u32 {
    if rng.random_bool(0.4) { rng.random_range(1..80) } else { 0 }
}

fn verbs(rng: &mut StdRng, token: &str, own: &mut Vec<String>) -> Vec<Verb> {
    let count = rng.random_range(0..3);
    let verbs = (0..count).map(|_| match rng.random_range(0..10) {
        0..2 => {
            own.push(format!("{token}.txt"));
            Verb::Write(format!("{token}.txt"))
        }
        2..4 => Verb::Append(name(rng, own)),
        4 => Verb::Write(name(rng, own)),
        5 => Verb::Remove(name(rng, own)),
        6..9 => Verb::Read(name(rng, own)),
        _ => Verb::Names,
    });
    verbs.collect()
}

fn name(rng: &mut StdRng, own: &[String]) -> String {
    if rng.random_bool(0.75) {
        return POOL[rng.random_range(0..POOL.len())].to_owned();
    }
    // One of the last few: older ones are gone in most cases.
    let last = own.len().min(4);
    own[own.len() - 1 - rng.random_range(0..last)].clone()
}
