//! An execution that leaves much: what can be stored is there in a new kernel, and the rest is named.
#![cfg(test)]

use rustix::process::{Pid, Signal, kill_process};
use sandcastle_e2e::server::{Server, kernels};
use serde_json::json;

/// 500 variables of which every fourth is a lock, a list that holds itself, 100,000 small objects, ten nested closures, and an
/// array of 2 GB, which is more than one call stores.
const MANY: &str = "
import threading
import numpy as np
for number in range(500):
    globals()[f'v{number}'] = threading.Lock() if number % 4 == 0 else {'number': number}
itself = []
itself.append(itself)
small = [{'n': n} for n in range(100_000)]

def nest(depth):
    value = [depth]
    def add(one):
        value.append(one)
        return inner(one) if inner else value
    inner = nest(depth - 1) if depth else None
    return add

closure = nest(10)
closure('a')
huge = np.zeros(2_000_000_000, 'u1')
fitting = np.arange(3_000_000)
";

const LOOK: &str = "
closure('b')
print(sum(f'v{n}' in globals() for n in range(500)), v499, itself[0] is itself, len(small), small[99_999], fitting.sum())
print(closure('c'))
";

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_stored_is_restored_and_the_rest_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("SANDCASTLE_MEMORY_MB", "6000"), ("SANDCASTLE_TIMEOUT_S", "60")];
    let server = Server::start(&folder.path().join("data"), &settings);
    let api = server.api();
    let sandbox = api.start().await;
    assert_eq!(api.execute(&sandbox, MANY).await.body["error"], json!(null));
    for kernel in kernels(server.pid()) {
        kill_process(Pid::from_raw(kernel).unwrap(), Signal::KILL).unwrap();
    }
    let answer = api.execute(&sandbox, LOOK).await;
    let sum = 2_999_999_u64 * 3_000_000 / 2;
    assert_eq!(
        answer.output(),
        [format!("375 {{'number': 499}} True 100000 {{'n': 99999}} {sum}"), "[0, 'a', 'b', 'c']".to_owned()]
    );
    let mut lost: Vec<_> =
        answer.body["state"]["lost"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    lost.sort_by_key(|name| name.as_str().map(str::to_owned));
    let mut expected: Vec<_> = (0..500).step_by(4).map(|n| format!("v{n}")).chain(["huge".to_owned()]).collect();
    expected.sort();
    assert_eq!(lost, expected);
    for (name, reason) in [("huge", "too large"), ("v0", "lock")] {
        let error = api.execute(&sandbox, name).await.body["error"].as_str().unwrap().to_owned();
        assert!(error.contains(&format!("name '{name}' is not defined: its value was lost")), "{error}");
        assert!(error.contains(reason), "{error}");
    }
}
