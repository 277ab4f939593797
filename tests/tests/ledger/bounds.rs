//! What one call reads and writes besides its own is bounded, however old or long a sandbox's history is.

use super::*;

/// So many days later, by the clock of the services here.
static DAYS_AHEAD: AtomicI64 = AtomicI64::new(0);

#[tokio::test]
async fn old_files_are_renewed_in_slices_each_content_once() {
    let harness = Harness::new().await;
    let ahead = || now() + time::Duration::days(DAYS_AHEAD.load(Ordering::SeqCst));
    let settings = Settings { execution_limit: Duration::from_secs(10), writers: Writers::One, now: ahead };
    // 300 contents with two names each.
    let interpreter = FakeInterpreter { files: 600, names: 2, ..FakeInterpreter::default() };
    let calls = Sandcastles::new(harness.store.clone(), Arc::new(interpreter), settings);
    let id = calls.start(&caller(), None, deadline()).await.unwrap().sandbox_id;
    let head = newest(harness.store.clone(), &id).await;
    for n in 0..300 {
        let hash = ContentHash::of(format!("{n}").as_bytes());
        let key = layout::file(&id, head.manifest.epoch, hash);
        harness.store.put_new(&key, Bytes::from(format!("{n}"))).await.unwrap();
    }
    let (me, text_id) = (caller(), id.to_string());
    let run = |text: &'static str| calls.execute(&me, &text_id, code(text), deadline());
    run("a").await.unwrap();
    assert_eq!(harness.plan.count(Op::Copy, "files/"), 0);
    // The interpreter names one more content, whose bytes are nowhere: that costs the others nothing.
    for (days, wanted) in [(21, 256), (31, 301)] {
        DAYS_AHEAD.store(days, Ordering::SeqCst);
        run("b").await.unwrap();
        assert_eq!(harness.plan.count(Op::Copy, "files/"), wanted, "after {days} days");
    }
}

#[tokio::test]
async fn a_page_reads_about_as_many_entries_as_it_shows() {
    let harness = Harness::new().await;
    let service = harness.service(FakeInterpreter::default()).await;
    let id = service.start().await;
    for n in 0..40 {
        service.run(&id, &format!("{n}")).await.unwrap();
    }
    for n in 0..60 {
        put(&service.calls, &id, &format!("{n}.txt"), Bytes::from_static(b"x")).await.unwrap();
    }
    let me = caller();
    let page = |limit, cursor: Option<String>| {
        let (calls, me, id) = (&service.calls, &me, &id);
        async move { calls.executions(me, id, limit, cursor.as_deref()).await.unwrap() }
    };
    let first = page(1, None).await;
    assert_eq!(first.executions[0].input, "39");
    harness.plan.count(Op::Get, "");
    let second = page(1, first.next_cursor).await;
    assert_eq!(second.executions[0].input, "38");
    // Two of the page, and the newest, by which the caller is let in.
    assert_eq!(harness.plan.count(Op::Get, "ledger/"), 3);
}

#[tokio::test]
async fn a_call_that_is_far_behind_looks_for_itself_only_where_it_wrote() {
    let harness = Harness::new().await;
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let slow = FakeInterpreter { pause: Some((Arc::clone(&begun), Arc::clone(&go_on))), ..FakeInterpreter::default() };
    let [slow, other] = [harness.service(slow).await, harness.service(FakeInterpreter::default()).await];
    let id = other.start().await;
    let others = async {
        begun.notified().await;
        for n in 0..100 {
            other.run(&id, &format!("{n}")).await.unwrap();
        }
        harness.plan.count(Op::Get, "");
        go_on.notify_one();
        begun.notified().await;
        let read = harness.plan.count(Op::Get, "ledger/");
        go_on.notify_one();
        read
    };
    let (answer, read) = tokio::join!(slow.run(&id, "slow"), others);
    assert!(answer.unwrap().output.unwrap()[0].ends_with("99 slow "));
    // The newest entry, and the one whose number it tried.
    assert_eq!(read, 2);
}
