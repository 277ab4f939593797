//! What stolen credentials open: an attacker with those that InterpreterFunction was lent, or with its own role's, tries
//! S3 with Amazon's own SDK, against a front that asks IAM.

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
    deployment::{Bucket, Deployment},
    front::{EVERYTHING, Front},
    gateway::Gateway,
    objects::keys,
    place::Place,
    server::KEY,
};
use sandcastle_local::BUCKET;
use sandcastle_s3::StaticCredentials;

/// S3 as one who holds these credentials reaches it.
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

/// The status of an answer that is a refusal.
fn status<T: Debug, E: Debug>(result: Result<T, SdkError<E>>) -> Option<u16> {
    result.err().map(|error| error.raw_response().unwrap_or_else(|| panic!("{error:?}")).status().as_u16())
}

/// All that can be tried with one object; what was not refused.
async fn tried_with(client: &Client, key: &str, own_file: &str) -> Vec<&'static str> {
    let mut open = Vec::new();
    let mut note = |what, status: Option<u16>| {
        if status != Some(403) {
            open.push(what);
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
    open
}

/// The prefixes that may be listed.
async fn listable<'a>(client: &Client, prefixes: &[&'a str]) -> Vec<&'a str> {
    let mut open = Vec::new();
    for prefix in prefixes {
        let list = client.list_objects_v2().bucket(BUCKET).delimiter("/");
        // The empty one stands for none at all.
        let list = if prefix.is_empty() { list } else { list.prefix(*prefix) };
        if status(list.send().await) != Some(403) {
            open.push(*prefix);
        }
    }
    open
}

/// Two sandboxes with files, and an object each.
async fn two_sandboxes(folder: &Path) -> (Deployment, [String; 2]) {
    let bucket = Bucket::Guarded(Front::start(folder).await);
    let deployment = Deployment::start_in(Place::Here, folder, bucket, &[("TENANT_SCOPE", "sandbox")]).await;
    let api = Api::new(&Gateway::start(&deployment.execute.url).await.url, KEY);
    let s3 = &deployment.front().s3;
    let all = client(&s3.endpoint(), s3.credentials());
    let mut sandboxes = Vec::new();
    for _ in 0..2 {
        let sandbox = api.start().await;
        assert_eq!(api.output(&sandbox, "print(open('f', 'w').write('x'))").await, ["1"]);
        let object = all.put_object().bucket(BUCKET).key(format!("objects/{sandbox}/1/planted"));
        object.body(b"object".to_vec().into()).send().await.unwrap();
        sandboxes.push(sandbox);
    }
    (deployment, sandboxes.try_into().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn lent_credentials_reach_their_own_sandbox_and_change_nothing_there() {
    let folder = tempfile::tempdir().unwrap();
    let (deployment, [own, other]) = two_sandboxes(folder.path()).await;
    let lent = deployment.sts.lent();
    assert_eq!(lent.len(), 2, "credentials of its own for each sandbox");
    let keys = keys(folder.path());
    let starting =
        |prefix: String| keys.iter().find(|key| key.starts_with(&prefix)).unwrap_or_else(|| panic!("no {prefix}"));
    let [file, object, entry] = ["files", "objects", "ledger"].map(|part| starting(format!("{part}/{own}/")));

    // Role and bucket fence code in as well; the session policy has to hold without them.
    let policy = &deployment.sts.requests()[0]["Policy"];
    let session_alone = deployment.front().issue(EVERYTHING, Some(policy));
    let thieves = [&lent[0], &session_alone].map(|credentials| client(&deployment.front().url, credentials));
    for (number, thief) in thieves.into_iter().enumerate() {
        for key in keys.iter().filter(|key| !key.contains(&own) || key.starts_with("orgs/")) {
            assert_eq!(tried_with(&thief, key, file).await, [""; 0], "{key}");
        }
        let absent = |part: &str| format!("{part}/{other}/new");
        for key in [absent("files"), absent("objects"), absent("ledger"), "keys/new.json".into(), "new".into()] {
            assert_eq!(tried_with(&thief, &key, file).await, [""; 0], "{key}");
        }
        // Reading is allowed; copying from one of its files onto another would change that one.
        for key in [file, object] {
            assert_eq!(tried_with(&thief, key, file).await, ["get", "head", "put", "link"], "{key}");
        }
        assert_eq!(tried_with(&thief, entry, file).await, ["get", "head", "link"], "{entry}");
        let next = format!("ledger/{own}/0000000000000000");
        assert_eq!(
            tried_with(&thief, &next, file).await,
            [""; 0],
            "whoever may not list learns nothing of what is absent"
        );

        let put =
            |key: String| thief.put_object().bucket(BUCKET).key(key).if_none_match("*").body(b"new".to_vec().into());
        for part in ["files", "objects"] {
            assert_eq!(status(put(format!("{part}/{own}/1/{number}")).send().await), None, "adding to {part}");
            assert_eq!(status(put(format!("{part}/{own}/1/{number}")).send().await), Some(412), "what is there stays");
        }
        let (mine, theirs) = (format!("ledger/{own}/"), format!("ledger/{other}/"));
        let (files, objects) = (format!("files/{own}/"), format!("objects/{own}/"));
        let prefixes = ["", "ledger/", &mine, &theirs, &files, &objects, "keys/", "orgs/"];
        assert_eq!(listable(&thief, &prefixes).await, [&mine]);
    }

    let mixed = StaticCredentials { session_token: lent[1].session_token.clone(), ..lent[0].clone() };
    let mixed = client(&deployment.front().url, &mixed).get_object().bucket(BUCKET).key(file).send().await;
    assert!(status(mixed).is_some(), "key and token of two sessions");
}

/// Without a session policy, which ExecuteFunction makes, the role itself still reaches neither keys nor lists of sandboxes, and
/// changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn the_sandboxs_role_changes_nothing_that_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let (deployment, _) = two_sandboxes(folder.path()).await;
    let thief = client(&deployment.front().url, &deployment.front().issue("SandboxRole", None));
    let keys = keys(folder.path());
    let file = keys.iter().find(|key| key.starts_with("files/")).unwrap();
    for key in &keys {
        let expected: &[&str] = match key.split('/').next().unwrap() {
            "files" | "objects" => &["get", "head", "put", "link"],
            "ledger" => &["get", "head", "link"],
            _ => &[],
        };
        assert_eq!(tried_with(&thief, key, file).await, expected, "{key}");
    }
    assert_eq!(listable(&thief, &["", "keys/", "orgs/", "files/", "objects/"]).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_interpreters_own_role_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (deployment, [own, _]) = two_sandboxes(folder.path()).await;
    let [role] = <[_; 1]>::try_from(deployment.front().issued("InterpreterRole")).unwrap();
    let thief = client(&deployment.front().url, &role);
    let keys = keys(folder.path());
    let file = keys.iter().find(|key| key.starts_with("files/")).unwrap();
    for key in keys.iter().map(String::as_str).chain(["new"]) {
        assert_eq!(tried_with(&thief, key, file).await, [""; 0], "{key}");
    }
    assert_eq!(listable(&thief, &["", "keys/", "orgs/", &format!("ledger/{own}/")]).await, [""; 0]);
    let lend = deployment.front().lend();
    let sandbox_role = sandcastle_e2e::deployment::ROLE.to_owned();
    let request = [("RoleArn".to_owned(), sandbox_role), ("Policy".to_owned(), "{}".to_owned())].into();
    assert!(lend(&role.key_id, &request).is_none(), "nor may it be lent the sandbox's role");
}
