//! The functions under the Lambda runtime interface emulator, with complete REST API events: one function and two, the
//! credentials of the second, and errors and forged answers between them.

use sandcastle_e2e::{
    bucket::bucket,
    deployment::{Bucket, Deployment, SANDBOX_ROLE},
    emulator::{Function, body, event},
    fake_lambda::{Invocation, InvokeFault},
    fake_sts::SESSION_TOKEN,
    isolation::Isolation,
    server::{KEY, kernel_processes},
};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn every_step_of_a_sandbox_in_one_function() {
    let folder = tempfile::tempdir().unwrap();
    let s3 = bucket(folder.path()).await;
    start_to_stop(&Function::start(folder.path(), &s3)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_of_a_sandbox_in_two_functions() {
    let folder = tempfile::tempdir().unwrap();
    let deployment = Deployment::start(folder.path(), "sandbox").await;
    start_to_stop(&deployment.execute).await;
    let log = deployment.interpreter.log();
    let secret = ["pandas as pd", "before", SESSION_TOKEN].iter().any(|text| log.contains(text));
    assert!(!secret, "the log contains code, output or credentials: {log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_interpreter_gets_credentials_for_one_sandbox_and_has_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let deployment = Deployment::start(folder.path(), "sandbox").await;
    let sandbox = deployment.start_sandbox().await;
    deployment.output(&sandbox, "x = 41\nopen('kept.txt', 'w').write('kept')").await;
    assert_eq!(deployment.output(&sandbox, "print(x + 1, open('kept.txt').read())").await, json!(["42 kept"]));
    let environment = deployment.output(&sandbox, "import os\nprint(sorted(os.environ))").await;
    assert!(!environment.to_string().contains("AWS"), "{environment}");
    let processes = kernel_processes(deployment.interpreter.pid());
    let environments = processes.iter().map(|pid| std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default());
    let environments = environments.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect::<Vec<_>>();
    assert!(
        environments.iter().any(|one| one.contains("AWS_LAMBDA_RUNTIME_API")),
        "no environment is that of the function"
    );
    assert!(
        !environments.concat().contains("the-roles-"),
        "an environment holds the role's credentials: {environments:?}"
    );

    let invocation =
        |kind: &str| Invocation { tenant: sandbox.clone(), kind: kind.into(), function: "interpreter".into() };
    let expected = [invocation(""), invocation(""), invocation("")];
    assert_eq!(deployment.lambda.invocations(), expected, "expected one invocation for each call");
    let requests = deployment.sts.requests();
    assert_eq!(requests.len(), 1, "credentials must be reused while they are valid");
    assert_eq!((requests[0]["Action"].as_str(), requests[0]["RoleArn"].as_str()), ("AssumeRole", SANDBOX_ROLE));
    assert_eq!(requests[0]["DurationSeconds"], "3600");
    let objects = |prefix: &str| format!("arn:aws:s3:::sandcastle/{prefix}/{sandbox}/1/*");
    let policy: Value = serde_json::from_str(&requests[0]["Policy"]).unwrap();
    let expected = json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": [
                    objects("objects"),
                    objects("files"),
                    objects("records"),
                    format!("arn:aws:s3:::sandcastle/ledger/{sandbox}/*"),
                ],
            },
            {
                "Effect": "Allow",
                "Action": "s3:PutObject",
                "Resource": [objects("objects"), objects("files")],
                "Condition": { "Null": { "s3:if-none-match": "false" } },
            },
            {
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": "arn:aws:s3:::sandcastle",
                "Condition": { "StringEquals": { "s3:prefix": format!("ledger/{sandbox}/") } },
            },
        ],
    });
    assert_eq!(policy, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_warms_its_environment_up_where_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("TENANT_SCOPE", "sandbox"), ("WARM_UP", "start")];
    let bucket = Bucket::WithoutIam(bucket(folder.path()).await);
    let deployment = Deployment::start_isolated(Isolation::None, folder.path(), bucket, &settings).await;
    let sandbox = deployment.start_sandbox().await;
    assert_eq!(deployment.output(&sandbox, "print(6 * 7)").await, json!(["42"]));
    let invocations = deployment.lambda.invocations();
    let kinds = invocations.iter().map(|one| (one.tenant.as_str(), one.kind.as_str())).collect::<Vec<_>>();
    assert_eq!(kinds, [(sandbox.as_str(), "Event"), (sandbox.as_str(), "")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_lambda_and_forged_answers_of_the_interpreter_are_handled() {
    let folder = tempfile::tempdir().unwrap();
    let deployment = Deployment::start(folder.path(), "member").await;
    let sandbox = deployment.start_sandbox().await;
    deployment.output(&sandbox, "x = 1").await;
    let code = |answer: &Value| (answer["statusCode"].clone(), body(answer)["error"]["code"].clone());

    deployment.lambda.set_fault(Some(InvokeFault::Throttle));
    let answer = deployment.run(&sandbox, "x = 2").await;
    assert_eq!(code(&answer), (json!(429), json!("rate_limit_exceeded")), "{answer}");
    assert!(answer.to_string().to_lowercase().contains("retry-after"), "{answer}");

    let forgeries = [
        ("/outcome/manifest/inline/files", json!({ "../../etc/passwd": { "folder": { "mode": 511 } } })),
        ("/outcome/parent/seq", json!(1)),
        ("/outcome/report/output", json!(["x".repeat(5 << 20)])),
        ("/outcome/manifest", json!({ "stored": "../keys" })),
    ];
    for (pointer, value) in forgeries {
        deployment.lambda.set_fault(Some(InvokeFault::Forge(pointer, value)));
        let answer = deployment.run(&sandbox, "x = 3").await;
        assert_eq!(code(&answer), (json!(500), json!("internal")), "{pointer}: {answer}");
        assert!(deployment.lambda.forged() > 0, "{pointer} is nowhere in an answer");
    }
    deployment.lambda.set_fault(None);
    // None of these runs was committed, so their kernel is discarded.
    assert_eq!(
        deployment.output(&sandbox, "print(x)").await,
        json!(["1"]),
        "an outcome that was not committed has changed x"
    );

    deployment.output(&sandbox, "y = 1").await;
    let died = json!({ "errorType": "Runtime.ExitError", "errorMessage": "RequestId: 1 Error: Runtime exited" });
    deployment.lambda.set_fault(Some(InvokeFault::FunctionError(died)));
    let answer = body(&deployment.run(&sandbox, "import os, signal; os.kill(os.getppid(), signal.SIGKILL)").await);
    assert_eq!(answer["error"], "executing Python code: KernelDied('the environment ended')", "{answer}");
    assert_eq!(answer["state"]["reason"], "the environment ended; variables are as they were before this call");
    let broken = json!({ "errorType": "Something", "errorMessage": "else" });
    deployment.lambda.set_fault(Some(InvokeFault::FunctionError(broken)));
    assert_eq!(code(&deployment.run(&sandbox, "1").await), (json!(500), json!("internal")));
    deployment.lambda.set_fault(None);
    assert_eq!(deployment.output(&sandbox, "print(x, y)").await, json!(["1 1"]));
    assert!(
        deployment.lambda.invocations().iter().all(|one| one.tenant == "acme/ann"),
        "the tenant must be the member"
    );
}

/// Starts a sandbox, runs code in it, lists executions, and stops it; the same for every deployment.
async fn start_to_stop(function: &Function) {
    let started = function.invoke(&event("POST", "/v2/sandcastles", None)).await;
    assert_eq!(started["statusCode"], 201, "{started}\n{}", function.log());
    let sandbox = body(&started)["sandbox_id"].as_str().unwrap().to_owned();
    let execute =
        |code: &str| event("POST", &format!("/v2/sandcastles/{sandbox}/execute"), Some(json!({ "code": code })));

    let code =
        "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})\ndf.to_csv('a.csv', index=False)\nprint(df['a'].sum())";
    let done = function.invoke(&execute(code)).await;
    assert_eq!(done["statusCode"], 200, "{done}\n{}", function.log());
    let result = body(&done);
    assert_eq!(result["output"], json!(["3"]));
    assert_eq!(result["dataframes"], json!([{ "name": "df", "num_rows": 2, "num_cols": 1 }]));
    let link = reqwest::get(result["files"][0]["url"].as_str().unwrap()).await.unwrap();
    assert_eq!(link.headers()["content-type"], "text/csv");
    assert_eq!(link.text().await.unwrap(), "a\n1\n2\n");

    let failed = body(&function.invoke(&execute("print('before')\n1/0")).await);
    assert_eq!(failed["error"], "executing Python code: ZeroDivisionError('division by zero')");
    assert_eq!(failed["partial_output"], json!(["before"]));
    let executions = function.invoke(&event("GET", &format!("/v2/sandcastles/{sandbox}/executions"), None)).await;
    assert_eq!(body(&executions)["executions"].as_array().unwrap().len(), 2);
    let stopped = function.invoke(&event("DELETE", &format!("/v2/sandcastles/{sandbox}"), None)).await;
    assert_eq!(body(&stopped), json!({ "success": true }));
    let stopped_answer = function.invoke(&execute("print(1)")).await;
    assert_eq!(
        (stopped_answer["statusCode"].clone(), body(&stopped_answer)["error"]["code"].clone()),
        (json!(404), json!("not_found"))
    );
    let unauthenticated = {
        let mut event = execute("print(1)");
        event["headers"]["Authorization"] = json!("Bearer tql_unknown");
        event["multiValueHeaders"]["Authorization"] = json!(["Bearer tql_unknown"]);
        function.invoke(&event).await
    };
    assert_eq!(
        (unauthenticated["statusCode"].clone(), body(&unauthenticated)["error"]["code"].clone()),
        (json!(401), json!("unauthenticated"))
    );
    let log = function.log();
    assert!(
        !log.contains(KEY) && !log.contains("pandas as pd") && !log.contains("before"),
        "the log contains a key, code or output: {log}"
    );
}
