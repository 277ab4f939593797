//! What is written to a sandbox's objects after its stop is deleted by a later stop.

use super::*;

/// So many minutes later, by the clock of the service here.
static MINUTES_AHEAD: AtomicI64 = AtomicI64::new(0);

#[tokio::test]
async fn what_is_written_after_a_stop_is_swept_once_nobody_can_write_any_more() {
    let harness = Harness::new().await;
    let ahead = || now() + time::Duration::minutes(MINUTES_AHEAD.load(Ordering::SeqCst));
    let settings = Settings { execution_limit: Duration::from_secs(10), writers: Writers::Several, now: ahead };
    let interpreter = FakeInterpreter { writes_on: Duration::from_secs(3600), ..FakeInterpreter::default() };
    let calls = Sandcastles::new(harness.store.clone(), Arc::new(interpreter), settings);
    let me = caller();
    let start = async || calls.start(&me, None, deadline()).await.unwrap().sandbox_id;
    let stop = async |id: SandboxId| calls.stop(&me, &id.to_string(), deadline()).await.unwrap();

    let id = start().await;
    let first = newest(harness.store.clone(), &id).await.manifest.epoch;
    stop(id).await;
    let hash = ContentHash::of(b"planted");
    let planted = [layout::object(&id, first, hash), layout::file(&id, first, hash)];
    for key in &planted {
        harness.store.put_new(key, Bytes::from_static(b"planted")).await.unwrap();
    }
    let left = async || {
        let found = planted.iter().map(|key| harness.store.get(key));
        futures::future::try_join_all(found).await.unwrap().into_iter().flatten().count()
    };
    // The sandbox lives again, with files.
    calls.start(&me, Some(&id.to_string()), deadline()).await.unwrap();
    put(&calls, &id.to_string(), "f.txt", Bytes::from_static(b"planted")).await.unwrap();
    MINUTES_AHEAD.store(59, Ordering::SeqCst);
    stop(start().await).await;
    assert_eq!(left().await, 2, "credentials may still be good");
    MINUTES_AHEAD.store(61, Ordering::SeqCst);
    stop(start().await).await;
    assert_eq!(left().await, 0);
    let file = calls.read_file(&me, &id.to_string(), "f.txt").await.unwrap();
    assert_eq!(read(file).await.unwrap(), "planted", "the sandbox's next life was swept as well");
    let unswept = harness.store.list(&layout::unswept(&me.org), None, 10).await.unwrap();
    assert_eq!(unswept.len(), 2, "those of the two last stops: {unswept:?}");
}
