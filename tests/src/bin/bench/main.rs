//! `make bench`: medians, and ratios between measurements of the same run on the same machine.
//!
//! `bench --only-flood SECONDS` measures only the effect of a flood, for this long; `bench --only-variables` only what it costs
//! that variables are kept.

mod confinement;
mod fairness;
mod peers;
mod times;
mod variables;

use std::{
    error::Error,
    process::Command,
    time::{Duration, Instant},
};

use bytes::Bytes;
use sandcastle::store::ObjectStore;
use sandcastle_e2e::{api::Api, paths, server::Server};
use sandcastle_local::EmbeddedS3;
use sandcastle_s3::S3Store;
use times::{FEW, ROUNDS, crash, median, print};

/// Concurrent calls when throughput is measured, each on a sandbox of its own.
const SANDBOXES: usize = 16;

/// Duration of the flood in seconds.
const FLOOD_S: u64 = 30;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => {}
        ["--only-flood", seconds] => return fairness::measure(folder.path(), seconds.parse()?).await,
        ["--only-variables"] => return variables::measure(folder.path()).await,
        unknown => return Err(format!("unknown arguments: {unknown:?}").into()),
    }
    let data = folder.path().join("data");
    let server = Server::start(&data, &[]);
    let api = server.api();
    let config = EmbeddedS3::of_running_server(&data)?.ok_or("the server has no embedded S3")?;
    let beside = Server::start_on(&config, &folder.path().join("beside"), &[]);
    let store = S3Store::connect(config).await;

    let sandbox = api.start().await;
    let [put, print, shared] = interleaved(&store, &api, &sandbox, &beside.api()).await?;
    drop(beside);
    row("one PUT (the same SDK and S3)", put, None);
    row("warm print(2+2) over HTTP, committed", print, Some((put, "3 of one PUT")));
    row("the same on a bucket that others may write to", shared, Some((print, "1.5 of it: one read more")));
    let bare = Duration::from_secs_f64(ipykernel()? / 1000.0);
    row("bare ipykernel round trip, commits nothing", bare, None);
    println!("{:<52} {:>9.2}", "warm print / ipykernel (below 1)", print.as_secs_f64() / bare.as_secs_f64());

    let crash = median(crashes(&api, &sandbox).await);
    row("call after a crash: a new kernel", crash, None);
    let forks = forks(&api, &server).await;
    println!("{:<52} {:>9.3} ms (aim: at most 4 ms)", "fork of a kernel that has the usual packages", forks);
    println!("{:<52} {:>9.0} calls/s", "throughput of warm calls, 16 sandboxes", throughput(&api).await);
    cold(folder.path())?;
    drop(server);
    confinement::measure(folder.path()).await;
    fairness::measure(folder.path(), FLOOD_S).await?;
    variables::measure(folder.path()).await
}

/// Times of PUTs, calls, and calls on a server beside it, which alternate so that all meet the same load of the machine.
async fn interleaved(store: &S3Store, api: &Api, sandbox: &str, beside: &Api) -> Result<[Duration; 3], Box<dyn Error>> {
    let body = Bytes::from(vec![b'x'; 1000]);
    let (mut puts, mut prints, mut shared) = (Vec::new(), Vec::new(), Vec::new());
    let theirs = beside.start().await;
    for n in 0..ROUNDS {
        let began = Instant::now();
        store.put_new(&format!("bench/{n:08}"), body.clone()).await?;
        puts.push(began.elapsed());
        prints.push(print(api, sandbox).await);
        shared.push(print(beside, &theirs).await);
    }
    Ok([median(puts), median(prints), median(shared)])
}

fn ipykernel() -> Result<f64, Box<dyn Error>> {
    let script = paths::root().join("tests/bench/ipykernel_round_trip.py");
    let out = Command::new(paths::tool("python")).arg(script).arg((ROUNDS / 5).to_string()).output()?;
    let text = String::from_utf8(out.stdout)?;
    Ok(text.trim().parse().map_err(|_| String::from_utf8_lossy(&out.stderr).into_owned())?)
}

async fn crashes(api: &Api, sandbox: &str) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..FEW {
        times.push(crash(api, sandbox).await);
    }
    times
}

/// The median time of a fork, in milliseconds, as the server's log tells it.
async fn forks(api: &Api, server: &Server) -> f64 {
    for _ in 0..FEW {
        let sandbox = api.start().await;
        api.output(&sandbox, "import pandas").await;
    }
    let log = server.log();
    let forks =
        log.lines().filter_map(|line| line.split("\"fork_ms\":").nth(1)?.split(',').next()?.parse::<f64>().ok());
    let mut newest: Vec<f64> = forks.collect::<Vec<_>>().into_iter().rev().take(FEW).collect();
    newest.sort_by(f64::total_cmp);
    newest.get(newest.len() / 2).copied().unwrap_or(f64::NAN)
}

async fn throughput(api: &Api) -> f64 {
    let sandboxes = futures::future::join_all((0..SANDBOXES).map(|_| api.start())).await;
    let warm = |sandbox: String| async move {
        assert_eq!(api.output(&sandbox, "print(2+2)").await, ["4"]);
        sandbox
    };
    let sandboxes = futures::future::join_all(sandboxes.into_iter().map(warm)).await;
    let began = Instant::now();
    let each = sandboxes.iter().map(|sandbox| async {
        for _ in 0..ROUNDS / 10 {
            assert_eq!(api.output(sandbox, "print(2+2)").await, ["4"]);
        }
    });
    futures::future::join_all(each).await;
    (SANDBOXES * (ROUNDS / 10)) as f64 / began.elapsed().as_secs_f64()
}

/// Time from the start of the process to the first answer, compared with Python that runs the same code alone.
fn cold(folder: &std::path::Path) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Handle::current();
    let first_answer = |n: usize, code: &str| {
        let data = folder.join(format!("cold-{n}-{}", code.len()));
        let began = Instant::now();
        let server = Server::start(&data, &[]);
        let api = server.api();
        tokio::task::block_in_place(|| {
            runtime.block_on(async {
                let sandbox = api.start().await;
                api.output(&sandbox, code).await;
            });
        });
        began.elapsed()
    };
    let (imports, plain) = ("import numpy, pandas", "print(2+2)");
    let (mut alone, mut with, mut without) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..FEW {
        let began = Instant::now();
        let python = Command::new(paths::kernel())
            .args(["-c", imports])
            .env("PYTHONPATH", paths::site_packages())
            .env("KERNEL_PYTHON_PACKAGES", paths::site_packages())
            .status()?;
        assert!(python.success());
        alone.push(began.elapsed());
        with.push(first_answer(n, imports));
        without.push(first_answer(n, plain));
    }
    let alone = median(alone);
    row("python -c 'import numpy, pandas'", alone, None);
    row("cold: process start to first answer of the same", median(with), Some((alone, "1.15 of python alone")));
    row("cold: the same of print(2+2) (aim: 120 ms)", median(without), None);
    Ok(())
}

/// Prints one line: a name, a time, and its ratio to another time beside the aim.
fn row(what: &str, time: Duration, against: Option<(Duration, &str)>) {
    let ratio =
        against.map(|(other, aim)| format!("  × {:.2} (aim: at most {aim})", time.as_secs_f64() / other.as_secs_f64()));
    println!("{what:<52} {:>9.3} ms{}", time.as_secs_f64() * 1000.0, ratio.unwrap_or_default());
}
