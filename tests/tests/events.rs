//! The functions under the Lambda runtime interface emulator: every kind of event, failures of the init phase, streamed
//! downloads, metrics, and the end of an environment.

use std::{fs, time::Duration};

use sandcastle_e2e::{
    bucket::bucket,
    deployment::Deployment,
    emulator::{Function, body, event},
    paths,
    server::{KEY, kernel_processes},
};
use serde_json::{Value, json};

/// The event in a fixture, for this sandbox and authenticated with the tests' key.
fn fixture(name: &str, sandbox: &str) -> Value {
    let text = fs::read_to_string(paths::root().join("tests/fixtures/events").join(name)).unwrap();
    let text = text.replace("tql_replace_me", KEY).replace("00000000-0000-4000-8000-000000000000", sandbox);
    serde_json::from_str(&text).unwrap()
}

async fn start_sandbox(function: &Function) -> String {
    let started = function.invoke(&event("POST", "/v2/sandcastles", None)).await;
    assert_eq!(started["statusCode"], 201, "{started}\n{}", function.log());
    body(&started)["sandbox_id"].as_str().unwrap().to_owned()
}

/// Runs code by a direct invocation; its output.
async fn output(function: &Function, sandbox: &str, code: &str) -> Value {
    let answer = function.invoke(&json!({ "sandbox_id": sandbox, "code": code })).await;
    assert_eq!(answer["error"], Value::Null, "{answer}\n{}", function.log());
    answer["output"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_event_runs_code() {
    let folder = tempfile::tempdir().unwrap();
    let s3 = bucket(folder.path()).await;
    let function = Function::start_with(folder.path(), &s3, &[("TRUSTED_ORG", "acme")]);
    let sandbox = start_sandbox(&function).await;
    for name in ["execute-rest.json", "execute-http-api.json", "execute-function-url.json"] {
        let answer = function.invoke(&fixture(name, &sandbox)).await;
        assert_eq!((&answer["statusCode"], &body(&answer)["output"]), (&json!(200), &json!(["4"])), "{name}: {answer}");
    }
    for name in ["execute-direct.json", "execute-sns.json", "execute-eventbridge.json"] {
        let answer = function.invoke(&fixture(name, &sandbox)).await;
        assert_eq!(answer["output"], json!(["4"]), "{name}: {answer}");
    }
    let unknown = function.invoke(&fixture("execute-sns.json", "00000000-0000-4000-8000-000000000001")).await;
    assert_eq!((&unknown["errorType"], &unknown["errorMessage"]), (&json!("not_found"), &json!("no such sandbox")));

    let batch = fixture("execute-sqs.json", &sandbox);
    let bad = [2, 5, 7].map(|n| json!({ "itemIdentifier": format!("059f36b4-87a3-44ab-83d2-66197569710{n}") }));
    let expected = json!({ "batchItemFailures": bad });
    assert_eq!(function.invoke(&batch).await, expected, "{}", function.log());
    let listed = function.invoke(&event("GET", &format!("/v2/sandcastles/{sandbox}/executions"), None)).await;
    let before = body(&listed)["executions"].clone();
    assert_eq!(function.invoke(&batch).await, expected, "redelivered");
    let listed = function.invoke(&event("GET", &format!("/v2/sandcastles/{sandbox}/executions"), None)).await;
    assert_eq!(body(&listed)["executions"], before, "a redelivered message ran again");
    let sources: Vec<_> = before.as_array().unwrap().iter().map(|one| one["source"].as_str().unwrap()).collect();
    let rest = ["eventbridge", "sns", "invoke", "platform_api", "platform_api", "platform_api"];
    assert_eq!(sources, [vec!["sqs"; 7], rest.to_vec()].concat());
    assert!(
        !function.log().contains(KEY) && !function.log().contains("print("),
        "the log contains a key or code: {}",
        function.log()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_redelivered_after_the_function_died_runs_once() {
    let folder = tempfile::tempdir().unwrap();
    let s3 = bucket(folder.path()).await;
    let trusted = [("TRUSTED_ORG", "acme")];
    let first = Function::start_with(folder.path(), &s3, &trusted);
    let sandbox = start_sandbox(&first).await;
    let code = "open('log.txt', 'a').write('x'); print(open('log.txt').read())";
    let record = json!({
        "messageId": "1", "eventSource": "aws:sqs",
        "body": json!({ "sandbox_id": sandbox, "code": code }).to_string(),
    });
    let batch = json!({ "Records": [record] });
    assert_eq!(first.invoke(&batch).await, json!({ "batchItemFailures": [] }), "{}", first.log());
    drop(first); // before it can report success to the queue
    let second = Function::start_with(folder.path(), &s3, &trusted);
    assert_eq!(second.invoke(&batch).await, json!({ "batchItemFailures": [] }), "{}", second.log());
    assert_eq!(output(&second, &sandbox, "print(open('log.txt').read())").await, json!(["x"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_cannot_start_reports_why_to_lambda_and_logs_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let s3 = bucket(folder.path()).await;
    let cases = [
        (Function::launch(folder.path(), "bootstrap", &[]), "Init.Config", "SANDCASTLE_BUCKET is not set"),
        (
            Function::start_with(&subfolder(&folder, "a"), &s3, &[("RUST_LOG", "no=such")]),
            "Init.Logging",
            "RUST_LOG must be a level",
        ),
        (
            Function::start_with(&subfolder(&folder, "b"), &s3, &[("SANDCASTLE_KERNEL", "/nowhere")]),
            "Init.Host",
            "/nowhere",
        ),
        (Function::launch(folder.path(), "interpreter", &[("JAIL", "off")]), "Init.Config", "JAIL"),
        (
            Function::launch(&subfolder(&folder, "c"), "interpreter", &[("SANDCASTLE_KERNEL", "/nowhere")]),
            "Init.Host",
            "/nowhere",
        ),
    ];
    for (function, kind, message_part) in cases {
        let answer = function.invoke(&json!({ "warm": null })).await;
        let message = answer["errorMessage"].as_str().unwrap_or_default();
        assert!(answer["errorType"] == kind && message.contains(message_part), "{kind}: {answer}\n{}", function.log());
        let lines = function.log().lines().filter(|line| line.contains("the function does not start")).count();
        assert_eq!(lines, 1, "{}", function.log());
    }
}

/// The stream begins with status and headers as JSON; eight NUL bytes separate them from the body
/// (response-streaming-lambda-configure.html, "Lambda proxy integration with payload response streaming").
#[tokio::test(flavor = "multi_thread")]
async fn a_download_is_streamed() {
    let folder = tempfile::tempdir().unwrap();
    let s3 = bucket(folder.path()).await;
    let settings = [("TRUSTED_ORG", "acme"), ("SANDCASTLE_STREAM_DOWNLOADS", "yes")];
    let function = Function::start_with(folder.path(), &s3, &settings);
    let sandbox = start_sandbox(&function).await;
    let code = "import os; os.mkdir('reports'); open('reports/sales.csv', 'wb').write(bytes(range(1, 256)) * 20_000)";
    output(&function, &sandbox, code).await;
    let answer = function.invoke_raw(&fixture("download-rest.json", &sandbox)).await;
    let head = answer.windows(8).position(|bytes| bytes == [0; 8]).unwrap_or_else(|| {
        panic!("the eight NUL bytes are missing: {:?} {}", &answer[..answer.len().min(300)], function.log())
    });
    let (head, body) = (&answer[..head], &answer[head + 8..]);
    let head: Value = serde_json::from_slice(head).unwrap();
    assert_eq!((&head["statusCode"], &head["headers"]["content-length"]), (&json!(200), &json!("5100000")), "{head}");
    let expected: Vec<u8> = (1..=255).collect::<Vec<u8>>().repeat(20_000);
    assert!(body == expected, "a body of {} bytes differs\n{}", body.len(), function.log());
    let refused = function.invoke_raw(&fixture("download-rest.json", "00000000-0000-4000-8000-000000000001")).await;
    assert!(refused.starts_with(b"{\"statusCode\":404") && refused.ends_with(b"}}"), "{refused:?}");
}

/// A new folder in this one.
fn subfolder(folder: &tempfile::TempDir, name: &str) -> std::path::PathBuf {
    let path = folder.path().join(name);
    fs::create_dir(&path).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_an_environment_ends_its_kernels() {
    let folder = tempfile::tempdir().unwrap();
    let deployment = Deployment::start(folder.path(), "sandbox").await;
    let sandbox = deployment.start_sandbox().await;
    deployment.output(&sandbox, "print(1)").await;
    let interpreter = &deployment.interpreter;
    let mut processes = kernel_processes(interpreter.pid());
    assert!(processes.len() > 2, "expected function, zygotes and kernel: {processes:?}");
    interpreter.terminate();
    let mut waited = 0;
    while !processes.is_empty() {
        assert!(waited < 600, "processes are left: {processes:?}\n{}", interpreter.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
        waited += 1;
        processes.retain(|pid| fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty()));
    }
    assert!(interpreter.log().contains("the environment ends"), "{}", interpreter.log());
    assert!(!folder.path().join("interpreter-run/kernels").exists(), "working folders of kernels are left");
}

/// Names of the metrics in a log, in the order of the log.
fn metrics(log: &str) -> Vec<String> {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let metrics = lines.filter(|line| line["_aws"].is_object());
    let name = |line: Value| {
        assert_eq!(line["FunctionName"], "test_function", "{line}");
        line["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"].as_str().unwrap().to_owned()
    };
    metrics.map(name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_functions_emit_the_metrics_that_alarms_watch() {
    let folder = tempfile::tempdir().unwrap();
    let deployment = Deployment::start(folder.path(), "sandbox").await;
    let sandbox = deployment.start_sandbox().await;
    let code = |code: &str| event("POST", &format!("/v2/sandcastles/{sandbox}/execute"), Some(json!({ "code": code })));
    let died = body(&deployment.execute.invoke(&code("import os; os._exit(3)")).await);
    assert!(died["error"].as_str().unwrap().contains("KernelDied"), "{died}");
    let printed = body(&deployment.execute.invoke(&code("print('KernelDeaths')")).await);
    assert_eq!(printed["output"], json!(["KernelDeaths"]));
    deployment.execute.invoke(&json!({ "sandbox_id": sandbox, "code": "1" })).await;
    assert_eq!(metrics(&deployment.execute.log()), ["ColdStarts", "KernelDeaths", "RefusedEvents"]);
    assert_eq!(metrics(&deployment.interpreter.log()), ["ColdStarts"]);
}
