//! What is in the bucket at the end, while the sandboxes still run: all that the entries of their present lives name.

use std::sync::Arc;

use sandcastle::{SandboxId, ledger::Ledger, manifest::Status, store::ObjectStore};
use sandcastle_e2e::s3_watch::objects_of;
use sandcastle_s3::S3Store;

/// Fails when an entry names an object that is not there; how many objects are named.
pub(crate) async fn check(store: &Arc<S3Store>, id: &str) -> usize {
    let (id, ledger) = (SandboxId::parse(id).unwrap(), Ledger::new(Arc::clone(store) as Arc<dyn ObjectStore>));
    let newest = ledger.newest(&id).await.unwrap().unwrap();
    let epoch = newest.state.epoch();
    let (mut seq, mut named) = (newest.position.seq, 0);
    let there = [sandcastle::layout::objects(&id, epoch), sandcastle::layout::files(&id, epoch)];
    let mut keys = std::collections::HashSet::new();
    for prefix in there {
        keys.extend(store.list(&prefix, None, u16::MAX).await.unwrap());
    }
    while let Some(entry) = ledger.read(&id, seq).await.unwrap().filter(|entry| entry.state.epoch() == epoch) {
        let head = ledger.decode(&id, entry).await.unwrap();
        if head.manifest.status != Status::Running {
            break;
        }
        for key in objects_of(&id, &head.manifest) {
            assert!(keys.contains(&key), "entry {seq} of {id} names {key}, which is not stored");
            named += 1;
        }
        seq -= 1;
    }
    named
}
