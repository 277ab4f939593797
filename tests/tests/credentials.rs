//! What credentials are worth where code runs: every request of both functions is held against the policies of
//! `template.yaml` and the session policy, and an attacker with the lent credentials tries what else they open.

use std::path::Path;

use sandcastle_e2e::{
    api::Api,
    deployment::{Bucket, Deployment},
    front::Front,
    gateway::Gateway,
    here,
    memory::found_in,
    place::Place,
    server::{KEY, kernel_processes},
};
use serde_json::{Value, json};

async fn guarded(folder: &Path, place: Place) -> (Deployment, Api) {
    let bucket = Bucket::Guarded(Front::start(folder).await);
    let deployment = Deployment::start_in(place, folder, bucket, &[("TENANT_SCOPE", "sandbox")]).await;
    let gateway = Gateway::start(&deployment.execute.url).await;
    (deployment, Api::new(&gateway.url, KEY))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandboxs_whole_life_is_within_the_roles_of_the_template() {
    let folder = tempfile::tempdir().unwrap();
    let (deployment, api) = guarded(folder.path(), Place::Here).await;
    let sandbox = api.start().await;
    let path = |rest: &str| format!("/v2/sandcastles/{sandbox}{rest}");
    let ok = async |method: &str, path: &str, body: Option<Value>, status: u16| {
        let answer = api.call(method, path, body).await;
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}\n{}", deployment.log());
        answer.body
    };

    let code = "big = open('big', 'wb').write(bytes(3 << 20))\nopen('a.txt', 'w').write('a')\nprint(big)";
    let done = ok("POST", &path("/execute"), Some(json!({ "code": code, "source": "api" })), 200).await;
    assert_eq!(done["output"], json!(["3145728"]), "{done}");
    let link = done["files"].as_array().unwrap().iter().find(|file| file["name"] == "a.txt").unwrap();
    assert_eq!(reqwest::get(link["url"].as_str().unwrap()).await.unwrap().text().await.unwrap(), "a");
    assert_eq!(api.upload(&sandbox, "up.txt", "uploaded").await.status, 200);
    assert_eq!(api.output(&sandbox, "print(open('up.txt').read())").await, ["uploaded"]);
    ok("GET", &path("/files"), None, 200).await;
    ok("DELETE", &path("/files/up.txt"), None, 200).await;
    // More files than an entry holds, so that a base object is written, and read by the other function.
    let many = "for n in range(700): open(f'{n:04}' + 'x' * 100, 'w').write(str(n))";
    ok("POST", &path("/execute"), Some(json!({ "code": many })), 200).await;
    assert_eq!(api.executions(&sandbox).await.len(), 3);
    ok("GET", "/v2/sandcastles", None, 200).await;
    ok("POST", "/v2/sandcastles", Some(json!({ "sandbox_id": sandbox })), 201).await;
    assert_eq!(api.output(&sandbox, "print(open('a.txt').read(), 'big' in globals())").await, ["a False"]);
    ok("DELETE", &path(""), None, 200).await;
    ok("GET", &path("/executions"), None, 200).await;
    ok("POST", "/v2/sandcastles", Some(json!({ "sandbox_id": sandbox })), 201).await;
    assert_eq!(api.output(&sandbox, "import os; print(os.listdir())").await, ["[]"]);
    ok("DELETE", &path(""), None, 200).await;
    assert_eq!(deployment.front().denials(), [""; 0], "{}", deployment.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn environment_and_memory_of_the_interpreter_hold_lent_credentials_only() {
    if !here::is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (deployment, api) = guarded(folder.path(), Place::Here).await;
    let sandbox = api.start().await;
    assert_eq!(api.output(&sandbox, "print(open('f', 'w').write('x'))").await, ["1"]);
    let secrets = |credentials: &sandcastle_s3::StaticCredentials| {
        vec![credentials.key_id.clone(), credentials.secret.clone(), credentials.session_token.clone().unwrap()]
    };
    let [lent] = <[_; 1]>::try_from(deployment.sts.lent()).unwrap();
    let own = ["ExecuteRole", "InterpreterRole"].map(|role| deployment.front().issued(role));
    let mut forbidden: Vec<_> = own.iter().flatten().flat_map(secrets).collect();
    assert_eq!(forbidden.len(), 6, "one set of credentials for each function");
    forbidden.push(KEY.to_owned());

    let processes = kernel_processes(deployment.interpreter.pid());
    assert!(processes.len() >= 3, "function, zygote, kernel: {processes:?}");
    let mut lent_found = Vec::new();
    for pid in processes {
        assert_eq!(found_in(pid, &forbidden), [""; 0], "in {pid}: {}", name(pid));
        lent_found.extend(found_in(pid, &secrets(&lent)));
    }
    assert!(lent_found.contains(&lent.secret), "the host works with the lent credentials, so the search finds them");
    let emulator = i32::try_from(deployment.execute.pid()).unwrap();
    assert!(!found_in(emulator, &forbidden).is_empty(), "the search finds what is there");
}

fn name(pid: i32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default()
}

/// Looks for what was issued in all that it can read, and for what it planted itself.
const SEARCH: &str = r#"
import os, re
planted = b'issued' + b'secret' + b'0' * 32
pattern = re.compile(b'issued(?:secret|token)[0-9a-f]{32}|tql_the-tests-own-key-[0-9a-f]{16}')
found, others = set(), 0
for pid in filter(str.isdigit, os.listdir('/proc')):
    try:
        found.update(pattern.findall(open(f'/proc/{pid}/environ', 'rb').read()))
        maps, memory = open(f'/proc/{pid}/maps').read(), open(f'/proc/{pid}/mem', 'rb', 0)
    except OSError:
        continue
    others += int(pid) != os.getpid()
    for line in maps.splitlines():
        where, rights = line.split()[:2]
        start, end = (int(border, 16) for border in where.split('-'))
        while 'r' in rights and start < end:
            try:
                memory.seek(start)
                found.update(pattern.findall(memory.read(min(end - start, (1 << 20) + 64))))
            except (OSError, OverflowError, ValueError):
                break
            start += 1 << 20
print(others)
for text in sorted(found): print(text.decode())
"#;

#[tokio::test(flavor = "multi_thread")]
async fn code_that_searches_an_environment_as_on_lambda_finds_lent_credentials_at_worst() {
    if !here::is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (deployment, api) = guarded(folder.path(), Place::AsOnLambda).await;
    let sandbox = api.start().await;
    assert_eq!(api.output(&sandbox, "print(open('f', 'w').write('x'))").await, ["1"]);
    let output = api.output(&sandbox, SEARCH).await;
    println!("other processes that it could read, and what it found: {output:?}");
    let [lent] = <[_; 1]>::try_from(deployment.sts.lent()).unwrap();
    let (own, planted) = ([lent.secret, lent.session_token.unwrap()], format!("issuedsecret{}", "0".repeat(32)));
    assert!(output.contains(&planted), "the search finds what is there: {output:?}");
    let more: Vec<_> = output[1..].iter().filter(|text| **text != planted && !own.contains(text)).collect();
    assert!(more.is_empty(), "{more:?}");
}
