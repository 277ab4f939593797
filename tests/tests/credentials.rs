//! Credentials of a deployment: the policies of `template.yaml` allow every request that the functions make, and where code
//! runs there are no credentials but those issued for its sandbox.

use std::path::Path;

use sandcastle_e2e::{
    api::Api,
    deployment::{Bucket, Deployment},
    gateway::Gateway,
    iam_s3::IamS3,
    isolation::{self, Isolation},
    process::texts_in,
    server::{KEY, kernel_processes},
};
use serde_json::{Value, json};

async fn start(folder: &Path, isolation: Isolation) -> (Deployment, Api) {
    let bucket = Bucket::WithIam(IamS3::start(folder).await);
    let deployment = Deployment::start_isolated(isolation, folder, bucket, &[("TENANT_SCOPE", "sandbox")]).await;
    let gateway = Gateway::start(&deployment.execute.url).await;
    (deployment, Api::new(&gateway.url, KEY))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_roles_of_the_template_allow_every_call() {
    let folder = tempfile::tempdir().unwrap();
    let (deployment, api) = start(folder.path(), Isolation::None).await;
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
    // More files than fit in an entry: one function writes a base object, and the other reads it.
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
    assert_eq!(deployment.iam_s3().take_denials(), [""; 0], "{}", deployment.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_interpreters_processes_hold_only_the_credentials_of_the_sandbox() {
    if !isolation::is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (deployment, api) = start(folder.path(), Isolation::None).await;
    let sandbox = api.start().await;
    assert_eq!(api.output(&sandbox, "print(open('f', 'w').write('x'))").await, ["1"]);
    let secrets = |credentials: &sandcastle_s3::StaticCredentials| {
        vec![credentials.key_id.clone(), credentials.secret.clone(), credentials.session_token.clone().unwrap()]
    };
    let [issued] = <[_; 1]>::try_from(deployment.sts.issued()).unwrap();
    let own = ["ExecuteRole", "InterpreterRole"].map(|role| deployment.iam_s3().credentials_of(role));
    let mut forbidden: Vec<_> = own.iter().flatten().flat_map(secrets).collect();
    assert_eq!(forbidden.len(), 6, "each function must have one set of credentials");
    forbidden.push(KEY.to_owned());

    let processes = kernel_processes(deployment.interpreter.pid());
    assert!(processes.len() >= 3, "expected function, zygote and kernel: {processes:?}");
    let mut issued_found = Vec::new();
    for pid in processes {
        assert_eq!(texts_in(pid, &forbidden), [""; 0], "in {pid}: {}", name(pid));
        issued_found.extend(texts_in(pid, &secrets(&issued)));
    }
    assert!(issued_found.contains(&issued.secret), "the host uses these credentials, so the search must find them");
    let emulator = i32::try_from(deployment.execute.pid()).unwrap();
    assert!(
        !texts_in(emulator, &forbidden).is_empty(),
        "the search must find the credentials of ExecuteFunction in it"
    );
}

fn name(pid: i32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default()
}

/// Searches all processes that it can read for issued credentials and the API key. Its own planted text shows that the
/// search works.
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
async fn code_on_lambda_can_find_no_credentials_but_those_of_its_sandbox() {
    if !isolation::is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (deployment, api) = start(folder.path(), Isolation::AsOnLambda).await;
    let sandbox = api.start().await;
    assert_eq!(api.output(&sandbox, "print(open('f', 'w').write('x'))").await, ["1"]);
    let output = api.output(&sandbox, SEARCH).await;
    println!("readable processes besides its own, and texts found: {output:?}");
    let [issued] = <[_; 1]>::try_from(deployment.sts.issued()).unwrap();
    let (own, planted) = ([issued.secret, issued.session_token.unwrap()], format!("issuedsecret{}", "0".repeat(32)));
    assert!(output.contains(&planted), "the search must find the planted text: {output:?}");
    let more: Vec<_> = output[1..].iter().filter(|text| **text != planted && !own.contains(text)).collect();
    assert!(more.is_empty(), "{more:?}");
}
