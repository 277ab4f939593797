//! Checks a server against its contract at `/openapi.json` with Schemathesis, which generates single requests, and sequences
//! along the contract's links. Its settings are in `tests/schemathesis/schemathesis.toml`.

use std::{fs, path::Path, process::Command};

use sandcastle_e2e::{
    api::Api,
    paths,
    server::{KEY, Server, new_key},
};
use serde_json::json;

/// Creates sandboxes, executions and files, and writes their names into the dictionaries that the configuration names.
async fn create_data(api: &Api, folder: &Path) {
    let sandbox = api.start().await;
    api.output(&sandbox, "import os; os.mkdir('out'); open('out/b.csv', 'w').write('1')").await;
    api.output(&sandbox, "print('found')").await;
    for name in ["a.csv", "1.csv", "2.csv", "3.csv"] {
        assert_eq!(api.upload(&sandbox, name, "1,2").await.status, 200);
    }
    let executions = api.executions(&sandbox).await.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
    let to_stop = futures::future::join_all([api.start(), api.start(), api.start()]).await;
    for (name, values) in [("sandbox.txt", vec![sandbox]), ("execution.txt", executions), ("to_stop.txt", to_stop)] {
        let lines: String = values.iter().map(|value| format!("\"{value}\"\n")).collect();
        fs::write(folder.join(name), lines).unwrap();
    }
}

#[tokio::test]
async fn the_server_answers_as_its_contract_says() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, data) = (folder.path(), folder.path().join("data"));
    let server = Server::start(&data, &[("SANDCASTLE_TIMEOUT_S", "5"), ("RUST_LOG", "warn")]);
    create_data(&server.api(), folder).await;
    // In a file, because other users can read the arguments of a program.
    let bearer = |key: &str| json!([{ "name": "Authorization", "value": format!("Bearer {key}") }]);
    let own = json!({ "name": "own", "fixedHeaders": bearer(KEY) });
    let other = json!({ "name": "other", "fixedHeaders": bearer(&new_key(&data, "other", "eve")) });
    fs::write(folder.join("auth.json"), json!({ "auth": [own, other] }).to_string()).unwrap();
    fs::copy(paths::root().join("tests/schemathesis/schemathesis.toml"), folder.join("schemathesis.toml")).unwrap();
    let out = Command::new(paths::tool("schemathesis"))
        .args(["--no-color", "run", "--phases", "examples,coverage,fuzzing,stateful"])
        .arg(format!("{}/openapi.json", server.url))
        .current_dir(folder)
        .output()
        .unwrap();
    let (text, errors) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{text}{errors}\n{}", server.log());
    println!("{text}");
}
