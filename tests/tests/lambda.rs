//! The function as Lambda runs it: `bootstrap` under the real runtime interface emulator, with complete REST API events.

use sandcastle_e2e::{
    cloud::{Invocation, Mischief},
    deployment::{Deployment, ROLE, bucket},
    emulator::{Function, body, event},
    server::{KEY, kernel_processes},
};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_sandboxs_life_in_the_emulator() {
    let folder = tempfile::tempdir().unwrap();
    let s3 = bucket(folder.path()).await;
    live(&Function::start(folder.path(), &s3)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandboxs_life_in_two_functions() {
    let folder = tempfile::tempdir().unwrap();
    let deployment = Deployment::start(folder.path(), "sandbox").await;
    live(&deployment.execute).await;
    let log = deployment.interpreter.log();
    assert!(!log.contains("pandas as pd") && !log.contains("before") && !log.contains("lent"), "secrets: {log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_interpreter_is_lent_one_sandboxs_part_of_the_bucket_and_has_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let deployment = Deployment::start(folder.path(), "sandbox").await;
    let sandbox = deployment.start_sandbox().await;
    deployment.prints(&sandbox, "x = 41\nopen('kept.txt', 'w').write('kept')").await;
    assert_eq!(deployment.prints(&sandbox, "print(x + 1, open('kept.txt').read())").await, json!(["42 kept"]));
    let environment = deployment.prints(&sandbox, "import os\nprint(sorted(os.environ))").await;
    assert!(!environment.to_string().contains("AWS"), "{environment}");
    let processes = kernel_processes(deployment.interpreter.pid());
    let environments = processes.iter().map(|pid| std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default());
    let environments = environments.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect::<Vec<_>>();
    assert!(environments.iter().any(|one| one.contains("AWS_LAMBDA_RUNTIME_API")), "the function is not there");
    assert!(!environments.concat().contains("the-roles-"), "credentials of the role: {environments:?}");

    let invocation =
        |kind: &str| Invocation { tenant: sandbox.clone(), kind: kind.into(), function: "interpreter".into() };
    let expected = [invocation("Event"), invocation(""), invocation(""), invocation("")];
    assert_eq!(deployment.lambda.invocations(), expected, "the start makes ready, each call runs");
    let lent = deployment.sts.requests();
    assert_eq!(lent.len(), 1, "credentials are lent once while they last");
    assert_eq!((lent[0]["Action"].as_str(), lent[0]["RoleArn"].as_str()), ("AssumeRole", ROLE));
    assert_eq!(lent[0]["DurationSeconds"], "3600");
    let part = |part: &str| format!("arn:aws:s3:::sandcastle/{part}/{sandbox}/*");
    let policy: Value = serde_json::from_str(&lent[0]["Policy"]).unwrap();
    let expected = json!({
        "Version": "2012-10-17",
        "Statement": [
            { "Effect": "Allow", "Action": "s3:GetObject", "Resource": [part("objects"), part("files"), part("ledger")] },
            {
                "Effect": "Allow",
                "Action": "s3:PutObject",
                "Resource": [part("objects"), part("files")],
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
async fn what_lambda_or_a_hostile_interpreter_answers_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let deployment = Deployment::start(folder.path(), "member").await;
    let sandbox = deployment.start_sandbox().await;
    deployment.prints(&sandbox, "x = 1").await;
    let code = |answer: &Value| (answer["statusCode"].clone(), body(answer)["error"]["code"].clone());

    deployment.lambda.do_mischief(Some(Mischief::Throttle));
    let answer = deployment.run(&sandbox, "x = 2").await;
    assert_eq!(code(&answer), (json!(429), json!("rate_limit_exceeded")), "{answer}");
    assert!(answer.to_string().to_lowercase().contains("retry-after"), "{answer}");

    let lies = [
        ("/ran/manifest/whole/files", json!({ "../../etc/passwd": { "folder": { "mode": 511 } } })),
        ("/ran/base/seq", json!(1)),
        ("/ran/report/output", json!(["x".repeat(5 << 20)])),
        ("/ran/manifest", json!({ "stored": "../keys" })),
    ];
    for (place, lie) in lies {
        deployment.lambda.do_mischief(Some(Mischief::Forge(place, lie)));
        let answer = deployment.run(&sandbox, "x = 3").await;
        assert_eq!(code(&answer), (json!(500), json!("internal")), "{place}: {answer}");
    }
    deployment.lambda.do_mischief(None);
    // None of these runs was committed, so their kernel is not the sandbox's.
    let answer = body(&deployment.run(&sandbox, "print('x' in globals())").await);
    assert_eq!((&answer["output"], &answer["state"]["lost"][0]["name"]), (&json!(["False"]), &json!("x")), "{answer}");

    deployment.prints(&sandbox, "y = 1").await;
    let died = json!({ "errorType": "Runtime.ExitError", "errorMessage": "RequestId: 1 Error: Runtime exited" });
    deployment.lambda.do_mischief(Some(Mischief::FunctionError(died)));
    let answer = body(&deployment.run(&sandbox, "import os, signal; os.kill(os.getppid(), signal.SIGKILL)").await);
    assert_eq!(answer["error"], "executing Python code: KernelDied('the environment ended')", "{answer}");
    assert_eq!(answer["state"]["lost"][0]["name"], "y", "{answer}");
    let broken = json!({ "errorType": "Something", "errorMessage": "else" });
    deployment.lambda.do_mischief(Some(Mischief::FunctionError(broken)));
    assert_eq!(code(&deployment.run(&sandbox, "1").await), (json!(500), json!("internal")));
    deployment.lambda.do_mischief(None);
    assert_eq!(deployment.prints(&sandbox, "print('lives')").await, json!(["lives"]));
    assert!(deployment.lambda.invocations().iter().all(|one| one.tenant == "acme/ann"), "a member's environment");
}

/// From the start to the end of a sandbox, the same however it is deployed.
async fn live(function: &Function) {
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
    let gone = function.invoke(&execute("print(1)")).await;
    assert_eq!((gone["statusCode"].clone(), body(&gone)["error"]["code"].clone()), (json!(404), json!("not_found")));
    let stranger = {
        let mut event = execute("print(1)");
        event["headers"]["Authorization"] = json!("Bearer tql_unknown");
        event["multiValueHeaders"]["Authorization"] = json!(["Bearer tql_unknown"]);
        function.invoke(&event).await
    };
    assert_eq!(
        (stranger["statusCode"].clone(), body(&stranger)["error"]["code"].clone()),
        (json!(401), json!("unauthenticated"))
    );
    let log = function.log();
    assert!(
        !log.contains(KEY) && !log.contains("pandas as pd") && !log.contains("before"),
        "secrets in the log: {log}"
    );
}
