//! What the confinement of kernels costs: a server with all of it, beside one where Linux refuses what it can refuse.

use std::{path::Path, time::Duration};

use sandcastle_e2e::server::Server;

use crate::times::{FEW, ROUNDS, crash, median, print};

/// Measures calls and kernels of both by turns, so that all meet the same load of the machine. Needs root.
pub(crate) async fn measure(folder: &Path) {
    if !rustix::process::geteuid().is_root() {
        println!("what the confinement costs: not measured, since this needs root");
        return;
    }
    let servers = [Server::start(&folder.join("confined"), &[]), Server::start_unconfined(&folder.join("unconfined"))];
    let mut sandboxes = Vec::new();
    for server in &servers {
        let api = server.api();
        let sandbox = api.start().await;
        api.output(&sandbox, "import pandas").await;
        sandboxes.push((api, sandbox));
    }
    let (mut calls, mut kernels) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for _ in 0..ROUNDS / 2 {
        for ((api, sandbox), times) in sandboxes.iter().zip(&mut calls) {
            times.push(print(api, sandbox).await);
        }
    }
    for _ in 0..2 * FEW {
        for ((api, sandbox), times) in sandboxes.iter().zip(&mut kernels) {
            times.push(crash(api, sandbox).await);
        }
    }
    row("confinement: a warm call", calls.map(median), 1);
    row("confinement: a call in a new kernel", kernels.map(median), 5);
    // Where Linux refuses so much, nothing ends the kernels of a server that is killed with its zygotes.
    for server in servers {
        server.interrupt();
    }
}

fn row(what: &str, [with, without]: [Duration; 2], most_ms: u64) {
    let cost = with.as_secs_f64() - without.as_secs_f64();
    let verdict = if cost <= Duration::from_millis(most_ms).as_secs_f64() { "ok" } else { "MISSED" };
    let (with, cost) = (with.as_secs_f64() * 1000.0, cost * 1000.0);
    println!("{what:<52} {with:>9.3} ms, {cost:+.3} ms by it (aim: at most {most_ms} ms)  {verdict}");
}
