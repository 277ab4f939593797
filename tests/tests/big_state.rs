//! A sandbox whose manifest is too long for the request between the two functions.

use sandcastle::invocation::MAX_INLINE_MANIFEST;
use sandcastle_e2e::{
    deployment::Deployment,
    emulator::body,
    objects::{keys, length},
};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_too_long_for_the_request_goes_through_the_bucket() {
    let folder = tempfile::tempdir().unwrap();
    let deployment = Deployment::start(folder.path(), "sandbox").await;
    let sandbox = deployment.start_sandbox().await;
    let make = "for n in range(6000): open(f'{n:04}' + 'x' * 200, 'w').write(str(n % 10))\nx = 41";
    deployment.output(&sandbox, make).await;
    let stored = keys(folder.path()).into_iter().filter(|key| key.starts_with(&format!("objects/{sandbox}/")));
    let longest = stored.map(|key| length(folder.path(), &key)).max().unwrap_or_default();
    assert!(longest > MAX_INLINE_MANIFEST as u64, "the manifest is only {longest} bytes long");

    let add = "open('one-more', 'w').write('new')\nprint(x + 1, open('4321' + 'x' * 200).read())";
    assert_eq!(deployment.output(&sandbox, add).await, json!(["42 1"]), "in a warm environment");
    let died = body(&deployment.run(&sandbox, "import os; os._exit(1)").await);
    assert_ne!(died["error"], Value::Null, "{died}");
    let look = "import os\nprint(len(os.listdir()), open('one-more').read(), open('5999' + 'x' * 200).read())";
    assert_eq!(deployment.output(&sandbox, look).await, json!(["6001 new 9"]), "restored from the ledger");
}
