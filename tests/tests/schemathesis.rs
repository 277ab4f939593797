//! What the contract says at `/openapi.json`, held to what a server answers: requests of all kinds that Schemathesis makes
//! from it, one by one and in sequences along its links. `tests/schemathesis/schemathesis.toml` says how many.

use std::{fs, path::Path, process::Command};

use sandcastle_e2e::{
    api::Api,
    here,
    server::{KEY, Server, new_key},
};
use serde_json::json;

/// What there is to find: sandboxes, executions, files; each kind in the file that the configuration names.
async fn furnish(api: &Api, folder: &Path) {
    let sandbox = api.start().await;
    api.output(&sandbox, "import os; os.mkdir('out'); open('out/b.csv', 'w').write('1')").await;
    api.output(&sandbox, "print('found')").await;
    for name in ["a.csv", "1.csv", "2.csv", "3.csv"] {
        assert_eq!(api.upload(&sandbox, name, "1,2").await.status, 200);
    }
    let executions = api.executions(&sandbox).await.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
    let victims = futures::future::join_all([api.start(), api.start(), api.start()]).await;
    for (name, values) in [("sandbox.txt", vec![sandbox]), ("execution.txt", executions), ("victims.txt", victims)] {
        let lines: String = values.iter().map(|value| format!("\"{value}\"\n")).collect();
        fs::write(folder.join(name), lines).unwrap();
    }
}

#[tokio::test]
async fn the_server_answers_as_its_contract_says() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, data) = (folder.path(), folder.path().join("data"));
    let server = Server::start(&data, &[("SANDCASTLE_TIMEOUT_S", "5"), ("RUST_LOG", "warn")]);
    furnish(&server.api(), folder).await;
    // In a file, because others can see what a program is called with.
    let bearer = |key: &str| json!([{ "name": "Authorization", "value": format!("Bearer {key}") }]);
    let own = json!({ "name": "own", "fixedHeaders": bearer(KEY) });
    let stranger = json!({ "name": "stranger", "fixedHeaders": bearer(&new_key(&data, "other", "eve")) });
    fs::write(folder.join("auth.json"), json!({ "auth": [own, stranger] }).to_string()).unwrap();
    fs::copy(here::root().join("tests/schemathesis/schemathesis.toml"), folder.join("schemathesis.toml")).unwrap();
    let out = Command::new(here::tool("schemathesis"))
        .args(["--no-color", "run", "--phases", "examples,coverage,fuzzing,stateful"])
        .arg(format!("{}/openapi.json", server.url))
        .current_dir(folder)
        .output()
        .unwrap();
    let (text, errors) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{text}{errors}\n{}", server.log());
    println!("{text}");
}
