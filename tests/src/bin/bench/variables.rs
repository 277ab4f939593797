//! The section "Variables": what it costs that variables are kept, beside what others need for the same data in the same run.
//!
//! It prints an aim beside each figure, and fails on none. The others only store and load: their figures hold no HTTP, no
//! commit and no new process.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use sandcastle_e2e::{
    api::Api,
    objects::{keys, length},
    server::{Server, kernels},
};
use tokio::time::sleep;

use crate::{
    peers::{self, Data, Peers},
    times::middle,
};

/// Repetitions of a call of a few milliseconds, and of one that takes longer.
const ROUNDS: usize = 100;
const FEW: usize = 9;
/// Code that touches no variable.
const NOTHING: &str = "print(2+2)";
const MB: f64 = 1e6;

/// A server with an empty sandbox, which every figure is compared with.
struct Bench {
    server: Server,
    api: Api,
    /// Holds the folder `bucket`, which is the server's.
    folder: PathBuf,
    empty: String,
    peers: Peers,
}

/// Measures and prints.
pub(crate) async fn measure(folder: &Path) -> Result<(), Box<dyn Error>> {
    let folder = folder.join("variables");
    fs::create_dir_all(&folder)?;
    let sets = [peers::gigabyte(), peers::objects(), peers::floats(), peers::strings(), peers::frame()];
    let peers = Peers::measure(&sets)?;
    // Kernels of more than 1 GB, and time to store it.
    let settings = [("SANDCASTLE_MEMORY_MB", "8192"), ("SANDCASTLE_TIMEOUT_S", "360"), ("RUST_LOG", "error")];
    let server = Server::start(&folder.join("bucket"), &settings);
    let api = server.api();
    let empty = api.start().await;
    let bench = Bench { server, api, folder, empty, peers };
    println!(
        "\nVariables: what a call costs beside them{:>47} | {:>12} {:>10} {:>10}",
        "", "cloudpickle", "dill", "Kishu"
    );
    let [gigabyte, objects, floats, strings, frame] = sets;
    bench.gigabyte(&gigabyte).await;
    bench.untouched("touches nothing, beside 300,000 small objects", &objects).await;
    bench.floats(&floats).await;
    bench.strings(&strings).await;
    bench.column(&frame).await;
    println!(
        "cloudpickle: each variable, then all, lz4, base64; dill: dump_session or load_session; \
         Kishu: what its planner and store add to such a cell, or a checkout"
    );
    bench.peers.failures().iter().for_each(|failure| println!("not measured: {failure}"));
    Ok(())
}

impl Bench {
    async fn gigabyte(&self, data: &Data) {
        let sandbox = self.untouched_in("touches nothing, beside 1 GB of floats", data).await;
        let (mut times, mut ratios) = (Vec::new(), Vec::new());
        for _ in 0..FEW {
            self.kill().await;
            let empty = self.timed(&self.empty, NOTHING).await;
            times.push(self.timed(&sandbox, data.touch).await);
            ratios.extend(times.last().map(|held| held / empty));
        }
        let (ms, ratio) = (middle(times), middle(ratios));
        let others = in_ms(self.peers.figures(data.name, "load_ms", "load_ms"));
        let ours = format!("{ms:.1} ms = {ratio:.2} ×");
        row("new kernel that names 1 MB beside 1 GB", &ours, "at most 3 × an empty one's", ratio <= 3.0, &others);
        self.end(&sandbox).await;
    }

    /// What calls that touch nothing take above those of an empty sandbox.
    async fn untouched(&self, what: &str, data: &Data) {
        let sandbox = self.untouched_in(what, data).await;
        self.end(&sandbox).await;
    }

    async fn untouched_in(&self, what: &str, data: &Data) -> String {
        let sandbox = self.sandbox_with(data).await;
        let above = self.above_empty(&sandbox, NOTHING).await;
        let others = in_ms(self.peers.figures(data.name, "store_ms", "unrelated_ms"));
        row(what, &format!("{above:+.2} ms"), "at most 5 ms above an empty one", above <= 5.0, &others);
        sandbox
    }

    async fn floats(&self, data: &Data) {
        let sandbox = self.sandbox_with(data).await;
        let before = self.stored(&sandbox);
        let above = self.above_empty(&sandbox, data.touch).await;
        let others = in_ms(self.peers.figures(data.name, "store_ms", "touch_ms"));
        let what = "reads 100 MB of floats, changes nothing";
        row(what, &format!("{above:+.2} ms"), "at most 25 ms above an empty one", above <= 25.0, &others);
        self.nothing_stored(data, self.stored(&sandbox) - before);
        let others = in_ms(self.peers.figures(data.name, "load_ms", "load_ms"));
        for (what, code) in [("that reads", data.touch), ("that does not name", NOTHING)] {
            let mut times = Vec::new();
            for _ in 0..FEW {
                self.kill().await;
                times.push(self.timed(&sandbox, code).await);
            }
            let (what, ms) = (format!("new kernel {what} 100 MB"), middle(times));
            row(&what, &format!("{ms:.1} ms"), "at most 120 ms", ms <= 120.0, &others);
        }
        self.end(&sandbox).await;
    }

    async fn strings(&self, data: &Data) {
        let sandbox = self.sandbox_with(data).await;
        // Pickled once in the kernel itself, by turns with the calls, so that both meet the same load of the machine.
        let pass = "import pickle, time\nbegan = time.perf_counter()\npickle.dumps(s, protocol=5)\n\
                    print((time.perf_counter() - began) * 1000)";
        self.timed(&sandbox, pass).await;
        let (mut times, mut ratios, mut grown) = (Vec::new(), Vec::new(), 0);
        for _ in 0..FEW {
            let pass: f64 = self.api.output(&sandbox, pass).await.concat().parse().expect("a number of milliseconds");
            let before = self.stored(&sandbox);
            let above = self.timed(&sandbox, data.touch).await - self.timed(&self.empty, NOTHING).await;
            grown += self.stored(&sandbox) - before;
            times.push(above);
            ratios.push(above / pass);
        }
        let (above, ratio) = (middle(times), middle(ratios));
        let others = in_ms(self.peers.figures(data.name, "store_ms", "touch_ms"));
        let ours = format!("{above:+.1} ms = {ratio:.2} ×");
        row("reads 1,000,000 strings, changes nothing", &ours, "at most 1.3 × pickling them", ratio <= 1.3, &others);
        self.nothing_stored(data, grown);
        self.end(&sandbox).await;
    }

    async fn column(&self, data: &Data) {
        let sandbox = self.sandbox_with(data).await;
        let mut stored = Vec::new();
        for n in 0..data.rounds {
            let before = self.stored(&sandbox);
            self.timed(&sandbox, &data.change.replace("{n}", &n.to_string())).await;
            stored.push((self.stored(&sandbox) - before) as f64);
        }
        let bytes = middle(stored);
        let others = in_mb(self.peers.figures(data.name, "stored_bytes", "change_bytes"));
        let (ours, met) = (format!("{:.2} MB", bytes / MB), bytes <= 1.1 * peers::COLUMN_BYTES);
        row("adds a column of 10 MB to 100 MB: stored", &ours, "at most 1.1 × that column", met, &others);
        self.end(&sandbox).await;
    }

    /// Prints how many bytes calls that changed nothing stored.
    fn nothing_stored(&self, data: &Data, bytes: u64) {
        let others = in_mb(self.peers.figures(data.name, "stored_bytes", "touch_bytes"));
        row("  what such a call stores beside its entry", &format!("{bytes} bytes"), "0 bytes", bytes == 0, &others);
    }

    async fn sandbox_with(&self, data: &Data) -> String {
        let sandbox = self.api.start().await;
        for cell in &data.make {
            self.api.output(&sandbox, cell).await;
        }
        sandbox
    }

    /// Ends a sandbox, so that its memory and its disk are free for the next.
    async fn end(&self, sandbox: &str) {
        let answer = self.api.call("DELETE", &format!("/v2/sandcastles/{sandbox}"), None).await;
        assert!(answer.status < 300, "{answer:?}");
    }

    /// How many milliseconds a call takes.
    async fn timed(&self, sandbox: &str, code: &str) -> f64 {
        let began = Instant::now();
        self.api.output(sandbox, code).await;
        began.elapsed().as_secs_f64() * 1000.0
    }

    /// How many milliseconds longer this code takes than a call in the empty sandbox. Both alternate, so that they meet the
    /// same load of the machine.
    async fn above_empty(&self, sandbox: &str, code: &str) -> f64 {
        let mut above = Vec::new();
        for _ in 0..ROUNDS {
            above.push(self.timed(sandbox, code).await - self.timed(&self.empty, NOTHING).await);
        }
        middle(above)
    }

    /// Kills every kernel, and waits until they are gone: one with much memory takes a while.
    async fn kill(&self) {
        let killed = kernels(self.server.pid());
        for kernel in &killed {
            // It may have ended by itself.
            let _ = kill_process(Pid::from_raw(*kernel).expect("a process id"), Signal::KILL);
        }
        while kernels(self.server.pid()).iter().any(|kernel| killed.contains(kernel)) {
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Bytes of the objects that hold a sandbox's variables.
    fn stored(&self, sandbox: &str) -> u64 {
        let prefix = format!("objects/{sandbox}/");
        let objects = keys(&self.folder).into_iter().filter(|key| key.starts_with(&prefix));
        objects.map(|key| length(&self.folder, &key)).sum()
    }
}

fn in_ms(figures: [Option<f64>; 3]) -> [String; 3] {
    figures.map(|figure| figure.map_or("–".into(), |ms| format!("{ms:.0} ms")))
}

fn in_mb(figures: [Option<f64>; 3]) -> [String; 3] {
    figures.map(|figure| figure.map_or("–".into(), |bytes| format!("{:.1} MB", bytes / MB)))
}

/// Prints one line: our figure, the aim, and the figures of cloudpickle, dill and Kishu.
fn row(what: &str, ours: &str, aim: &str, met: bool, [cloudpickle, dill, kishu]: &[String; 3]) {
    let verdict = if met { "ok" } else { "MISSED" };
    let aim = format!("(aim: {aim})");
    println!("{what:<46} {ours:>20}  {aim:<38}  {verdict:<6} | {cloudpickle:>12} {dill:>10} {kishu:>10}");
}
