//! What stolen credentials allow: an attacker with those that InterpreterFunction got for a sandbox, or with those of its own
//! role, tries every operation of S3 with the AWS SDK, against an S3 that asks IAM.

use std::{fmt::Debug, path::Path, time::Duration};

use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Config, Credentials, Region, retry::RetryConfig},
    error::SdkError,
    presigning::PresigningConfig,
    types::{Delete, ObjectIdentifier},
};
use sandcastle_e2e::{
    api::Api,
    deployment::{Bucket, Deployment, SANDBOX_ROLE},
    gateway::Gateway,
    iam_s3::IamS3,
    isolation::Isolation,
    objects::keys,
    server::KEY,
};
use sandcastle_local::BUCKET;
use sandcastle_s3::StaticCredentials;

/// A client of S3 with these credentials.
fn client(url: &str, credentials: &StaticCredentials) -> Client {
    let StaticCredentials { key_id, secret, session_token } = credentials.clone();
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .region(Region::from_static("us-east-1"))
        .retry_config(RetryConfig::disabled())
        .credentials_provider(Credentials::new(key_id, secret, session_token, None, "stolen"))
        .endpoint_url(url)
        .force_path_style(true);
    Client::from_conf(config.build())
}

/// The HTTP status of an error; `None` for a success.
fn status<T: Debug, E: Debug>(result: Result<T, SdkError<E>>) -> Option<u16> {
    result.err().map(|error| error.raw_response().unwrap_or_else(|| panic!("{error:?}")).status().as_u16())
}

/// Tries every operation on an object; the names of those that were not denied.
async fn allowed_on(client: &Client, key: &str, own_file: &str) -> Vec<&'static str> {
    let mut allowed = Vec::new();
    let mut note = |what, status: Option<u16>| {
        if status != Some(403) {
            allowed.push(what);
        }
    };
    let object = || client.get_object().bucket(BUCKET).key(key);
    let put = || client.put_object().bucket(BUCKET).key(key).body(b"evil".to_vec().into());
    let delete = Delete::builder().objects(ObjectIdentifier::builder().key(key).build().unwrap()).build().unwrap();
    note("get", status(object().send().await));
    note("head", status(client.head_object().bucket(BUCKET).key(key).send().await));
    note("put", status(put().if_none_match("*").send().await));
    note("overwrite", status(put().send().await));
    note("delete", status(client.delete_object().bucket(BUCKET).key(key).send().await));
    note("delete several", status(client.delete_objects().bucket(BUCKET).delete(delete).send().await));
    let copy =
        |from: &str, to: &str| client.copy_object().copy_source(format!("{BUCKET}/{from}")).bucket(BUCKET).key(to);
    note("copy from it", status(copy(key, own_file).send().await));
    note("copy onto it", status(copy(own_file, key).send().await));
    note("upload in parts", status(client.create_multipart_upload().bucket(BUCKET).key(key).send().await));
    let lifetime = PresigningConfig::expires_in(Duration::from_secs(60)).unwrap();
    let link = object().presigned(lifetime).await.unwrap();
    note("link", Some(reqwest::get(link.uri()).await.unwrap().status().as_u16()));
    allowed
}

/// Tries to list these prefixes; those that were not denied.
async fn listable<'a>(client: &Client, prefixes: &[&'a str]) -> Vec<&'a str> {
    let mut allowed = Vec::new();
    for prefix in prefixes {
        let list = client.list_objects_v2().bucket(BUCKET).delimiter("/");
        // The empty one means a list without a prefix.
        let list = if prefix.is_empty() { list } else { list.prefix(*prefix) };
        if status(list.send().await) != Some(403) {
            allowed.push(*prefix);
        }
    }
    allowed
}

/// A deployment with two sandboxes; each has a file, an entry and an object.
async fn two_sandboxes(folder: &Path) -> (Deployment, [String; 2]) {
    let bucket = Bucket::WithIam(IamS3::start(folder).await);
    let deployment = Deployment::start_isolated(Isolation::None, folder, bucket, &[("TENANT_SCOPE", "sandbox")]).await;
    let api = Api::new(&Gateway::start(&deployment.execute.url).await.url, KEY);
    let s3 = &deployment.iam_s3().s3;
    let admin = client(&s3.endpoint(), s3.credentials());
    let mut sandboxes = Vec::new();
    for _ in 0..2 {
        let sandbox = api.start().await;
        assert_eq!(api.output(&sandbox, "print(open('f', 'w').write('x'))").await, ["1"]);
        let object = admin.put_object().bucket(BUCKET).key(format!("objects/{sandbox}/1/planted"));
        object.body(b"object".to_vec().into()).send().await.unwrap();
        sandboxes.push(sandbox);
    }
    (deployment, sandboxes.try_into().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_of_a_sandbox_read_and_add_to_it_and_allow_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let (deployment, [own, other]) = two_sandboxes(folder.path()).await;
    let issued = deployment.sts.issued();
    assert_eq!(issued.len(), 2, "each sandbox must have credentials of its own");
    let keys = keys(folder.path());
    let starting =
        |prefix: String| keys.iter().find(|key| key.starts_with(&prefix)).unwrap_or_else(|| panic!("no {prefix}"));
    let [file, object, entry] = ["files", "objects", "ledger"].map(|prefix| starting(format!("{prefix}/{own}/")));

    // The policies of role and bucket limit it as well; the session policy must suffice without them.
    let policy = &deployment.sts.requests()[0]["Policy"];
    let session_alone = deployment.iam_s3().issue_for_session_policy(policy);
    let attackers = [&issued[0], &session_alone].map(|credentials| client(&deployment.iam_s3().url, credentials));
    for (number, attacker) in attackers.into_iter().enumerate() {
        for key in keys.iter().filter(|key| !key.contains(&own) || key.starts_with("orgs/")) {
            assert_eq!(allowed_on(&attacker, key, file).await, [""; 0], "{key}");
        }
        let missing = |prefix: &str| format!("{prefix}/{other}/new");
        for key in [
            missing("files"),
            missing("objects"),
            missing("records"),
            missing("ledger"),
            "keys/new.json".into(),
            "new".into(),
        ] {
            assert_eq!(allowed_on(&attacker, &key, file).await, [""; 0], "{key}");
        }
        // Reading and adding are allowed; copying one of its files onto another would change that one.
        for key in [file, object] {
            assert_eq!(allowed_on(&attacker, key, file).await, ["get", "head", "put", "link"], "{key}");
        }
        assert_eq!(allowed_on(&attacker, entry, file).await, ["get", "head", "link"], "{entry}");
        let next = format!("ledger/{own}/0000000000000000");
        assert_eq!(
            allowed_on(&attacker, &next, file).await,
            [""; 0],
            "without the right to list, a missing object must be denied"
        );

        let put =
            |key: String| attacker.put_object().bucket(BUCKET).key(key).if_none_match("*").body(b"new".to_vec().into());
        for prefix in ["files", "objects"] {
            assert_eq!(status(put(format!("{prefix}/{own}/1/{number}")).send().await), None, "adding to {prefix}");
            assert_eq!(
                status(put(format!("{prefix}/{own}/1/{number}")).send().await),
                Some(412),
                "an object must not be overwritten"
            );
        }
        let record = format!("records/{own}/1/{number}");
        assert_eq!(status(put(record).send().await), Some(403), "a record must not be planted");
        let (mine, theirs) = (format!("ledger/{own}/"), format!("ledger/{other}/"));
        let (files, objects) = (format!("files/{own}/"), format!("objects/{own}/"));
        let prefixes = ["", "ledger/", &mine, &theirs, &files, &objects, "keys/", "orgs/"];
        assert_eq!(listable(&attacker, &prefixes).await, [&mine]);
    }

    let mixed = StaticCredentials { session_token: issued[1].session_token.clone(), ..issued[0].clone() };
    let mixed = client(&deployment.iam_s3().url, &mixed).get_object().bucket(BUCKET).key(file).send().await;
    assert!(status(mixed).is_some(), "key and token of two sessions must not work together");
}

/// Printed by code, say, and used from anywhere else.
#[tokio::test(flavor = "multi_thread")]
async fn credentials_of_a_sandbox_are_worth_nothing_outside_its_network() {
    let folder = tempfile::tempdir().unwrap();
    let (deployment, [own, _]) = two_sandboxes(folder.path()).await;
    let [issued, _] = <[_; 2]>::try_from(deployment.sts.issued()).unwrap();
    let keys = keys(folder.path());
    let file = keys.iter().find(|key| key.starts_with(&format!("files/{own}/"))).unwrap();
    let (inside, outside) = (client(&deployment.iam_s3().url, &issued), client(&deployment.iam_s3().outside, &issued));
    assert_eq!(allowed_on(&inside, file, file).await, ["get", "head", "put", "link"]);
    for key in keys.iter().map(String::as_str).chain(["new"]) {
        assert_eq!(allowed_on(&outside, key, file).await, [""; 0], "{key}");
    }
    assert_eq!(listable(&outside, &["", &format!("ledger/{own}/")]).await, [""; 0]);
}

/// Even without the session policy that ExecuteFunction adds, the role allows neither API keys nor lists of sandboxes, and
/// no change of an object.
#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_role_cannot_change_an_object() {
    let folder = tempfile::tempdir().unwrap();
    let (deployment, _) = two_sandboxes(folder.path()).await;
    let attacker = client(&deployment.iam_s3().url, &deployment.iam_s3().issue("SandboxRole"));
    let keys = keys(folder.path());
    let file = keys.iter().find(|key| key.starts_with("files/")).unwrap();
    for key in &keys {
        let expected: &[&str] = match key.split('/').next().unwrap() {
            "files" | "objects" => &["get", "head", "put", "link"],
            "ledger" | "records" => &["get", "head", "link"],
            _ => &[],
        };
        assert_eq!(allowed_on(&attacker, key, file).await, expected, "{key}");
    }
    assert_eq!(listable(&attacker, &["", "keys/", "orgs/", "files/", "objects/"]).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_interpreters_own_role_allows_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (deployment, [own, _]) = two_sandboxes(folder.path()).await;
    let [role] = <[_; 1]>::try_from(deployment.iam_s3().credentials_of("InterpreterRole")).unwrap();
    let attacker = client(&deployment.iam_s3().url, &role);
    let keys = keys(folder.path());
    let file = keys.iter().find(|key| key.starts_with("files/")).unwrap();
    for key in keys.iter().map(String::as_str).chain(["new"]) {
        assert_eq!(allowed_on(&attacker, key, file).await, [""; 0], "{key}");
    }
    assert_eq!(listable(&attacker, &["", "keys/", "orgs/", &format!("ledger/{own}/")]).await, [""; 0]);
    let assume_role = deployment.iam_s3().assume_role();
    let request = [("RoleArn".to_owned(), SANDBOX_ROLE.to_owned()), ("Policy".to_owned(), "{}".to_owned())].into();
    assert!(assume_role(&role.key_id, &request).is_none(), "it must not assume the sandbox's role");
}
