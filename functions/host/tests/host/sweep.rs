//! Idle kernels of sandboxes that went on elsewhere end; the others stay.

use std::time::Duration;

use crate::support::{Sandbox, TestHost, is_root};

const EVERY: Duration = Duration::from_millis(200);

async fn kernels_come_to(host: &TestHost, wanted: usize) {
    for _ in 0..1000 {
        if host.processes().len() == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{} kernels are there, not {wanted}", host.processes().len());
}

async fn with_variable(host: &TestHost) -> Sandbox<'_> {
    let mut sandbox = host.sandbox();
    sandbox.prints("x = 1").await;
    sandbox
}

#[tokio::test(flavor = "multi_thread")]
async fn kernels_that_the_ledger_contradicts_end() {
    if !is_root() {
        return;
    }
    let host = TestHost::start_with(|config| config.sweep_every = Some(EVERY)).await;
    let elsewhere = TestHost::start_beside(&host).await;
    let (mut moved, mut stopped, mut stays) =
        (with_variable(&host).await, with_variable(&host).await, with_variable(&host).await);
    kernels_come_to(&host, 3).await;
    stays.put_file("f.txt", "of another host").await;
    moved.moves_to(&elsewhere);
    moved.run("x = 2").await;
    kernels_come_to(&host, 2).await;
    stopped.stop().await;
    kernels_come_to(&host, 1).await;
    // Many looks later.
    tokio::time::sleep(EVERY * 10).await;
    assert_eq!(stays.prints("print(x, open('f.txt').read())").await, ["1 of another host"]);
    assert_eq!(moved.prints("print(x)").await, ["2"]);
}
