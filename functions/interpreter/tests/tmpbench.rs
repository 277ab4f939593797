//! temp
#![allow(dead_code, clippy::unwrap_used)]
#[path = "host/store.rs"]
mod store;
#[path = "host/support.rs"]
mod support;
use sandcastle::interpreter::Interpreter;
use std::time::Instant;
#[tokio::test(flavor = "multi_thread")]
async fn bench() {
    let t = Instant::now();
    let host = support::TestHost::start_with(|c| c.preload = true).await;
    eprintln!("start {:?}", t.elapsed());
    let mut s = host.sandbox();
    let t = Instant::now();
    s.prints("print(1)").await;
    eprintln!("first {:?}", t.elapsed());
    let mut v = vec![];
    for _ in 0..300 {
        let t = Instant::now();
        s.prints("print(2+2)").await;
        v.push(t.elapsed());
    }
    v.sort();
    eprintln!("warm median {:?} p90 {:?}", v[150], v[270]);
    let mut p = host.sandbox();
    let t = Instant::now();
    p.run("import pandas").await;
    eprintln!("pandas first {:?}", t.elapsed());
    let t = Instant::now();
    p.run("import threading,time\nthreading.Thread(target=lambda: [time.sleep(0.01) for _ in range(100000)], daemon=True).start()").await;
    eprintln!("thread start {:?}", t.elapsed());
    let mut v = vec![];
    for _ in 0..300 {
        let t = Instant::now();
        p.prints("print(2+2)").await;
        v.push(t.elapsed());
    }
    v.sort();
    eprintln!("warm pandas+thread median {:?} p90 {:?}", v[150], v[270]);
    let mut v = vec![];
    for _ in 0..30 {
        let q = host.sandbox();
        let t = Instant::now();
        q.try_run("print(1)").await.unwrap();
        v.push(t.elapsed());
        host.host.discard(&q.id).await;
    }
    v.sort();
    eprintln!("new kernel from preloaded median {:?}", v[15]);
    let t = Instant::now();
    s.run("for i in range(5000):\n    open(f'f{i:04}.txt', 'w').write(str(i))").await;
    eprintln!("5000 files {:?}", t.elapsed());
    s.run("import time; time.sleep(0.1)").await;
    s.run("pass").await;
    let mut v = vec![];
    for _ in 0..30 {
        let t = Instant::now();
        s.prints("print(2+2)").await;
        v.push(t.elapsed());
    }
    v.sort();
    eprintln!("warm with 5000 files median {:?}", v[15]);
    host.host.discard(&s.id).await;
    let t = Instant::now();
    s.run("pass").await;
    eprintln!("restore 5000 files {:?}", t.elapsed());
    let mut s = host.sandbox();
    let t = Instant::now();
    s.run("import os\nopen('big','wb').write(os.urandom(1<<20)*256)").await;
    eprintln!("256 MiB file {:?}", t.elapsed());
    let t = Instant::now();
    s.run("while True:\n    print('flood '*20)\n    if os.times().elapsed < 0: break\n    n = globals().get('n', 0) + 1\n    if n > 200000: break").await;
    eprintln!("200k prints {:?}", t.elapsed());
}
