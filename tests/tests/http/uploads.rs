//! Uploads in a form: names of files, malformed forms, and callers who are refused before the file is read.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::{Body, HttpBody},
    http::Request,
};
use bytes::Bytes;
use futures::{StreamExt, stream};
use http_body::{Frame, SizeHint};
use sandcastle::{Scope, limits::MAX_FILE_BYTES};

use crate::support::World;

/// Names, as a form has them, and as a path of a request does.
const NAMES: &[(&str, &str, &str)] = &[
    ("plain.csv", "plain.csv", "plain.csv"),
    ("my report (1).csv", "my report (1).csv", "my%20report%20(1).csv"),
    ("say \"hi\".csv", "say %22hi%22.csv", "say%20%22hi%22.csv"),
    ("it's.csv", "it's.csv", "it's.csv"),
    ("100%.csv", "100%.csv", "100%25.csv"),
    ("a%41%2e%2e%2f.csv", "a%41%2e%2e%2f.csv", "a%2541%252e%252e%252f.csv"),
    ("a+b c.csv", "a+b c.csv", "a+b%20c.csv"),
    ("#1?x=y;z&a=b.csv", "#1?x=y;z&a=b.csv", "%231%3Fx=y;z&a=b.csv"),
    ("отчёт €\u{1f600}.csv", "отчёт €\u{1f600}.csv", "%D0%BE%D1%82%D1%87%D1%91%D1%82%20%E2%82%AC%F0%9F%98%80.csv"),
    ("~{[|]}^`<>.csv", "~{[|]}^`<>.csv", "~%7B%5B%7C%5D%7D%5E%60%3C%3E.csv"),
];

/// Paths that lead out of the working folder, or to something hidden, however they are written.
const HOSTILE: &[&str] = &[
    "..",
    ".",
    "../../../etc/passwd",
    "a/../../b",
    "a/..",
    "%2e%2e",
    "%2E%2e/x",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%2fx",
    "..%5c..%5cx",
    "..\\x",
    "%c0%ae%c0%ae/x",
    "%c0%af",
    "%ff",
    "a%00.csv",
    "%00",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "//x",
    "a//b",
    "a%2f%2fb",
    ".hidden",
    "%2ehidden",
    "a/.hidden",
    "a/",
];

#[tokio::test]
async fn every_name_comes_back_as_it_was_sent() {
    let world = World::new().await;
    let id = world.sandbox().await;
    for (name, in_form, _) in NAMES {
        let answer = world.upload(&id, in_form, name).await;
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
        assert_eq!(answer.body, serde_json::json!({ "filename": name, "size_bytes": name.len() }));
    }
    let mut wanted: Vec<_> = NAMES.iter().map(|(name, ..)| (*name).to_owned()).collect();
    wanted.sort();
    assert_eq!(world.names(&id).await, wanted);
    for (name, _, in_path) in NAMES {
        assert_eq!(world.download(&id, in_path).await, (200, (*name).to_owned()));
        let path = format!("/v2/sandcastles/{id}/files/{in_path}");
        assert_eq!(world.call("DELETE", &path, "").await.status, 200, "{name}");
        assert_eq!(world.call("DELETE", &path, "").await.status, 404, "{name} is still there");
    }
    assert_eq!(world.names(&id).await, [""; 0]);
}

#[tokio::test]
async fn folders_before_a_name_are_left_out_and_names_that_are_none_are_400() {
    let world = World::new().await;
    let id = world.sandbox().await;
    for (sent, name) in [("../../up.csv", "up.csv"), ("C:\\temp\\win.csv", "win.csv"), ("/etc/abs.csv", "abs.csv")] {
        let answer = world.upload(&id, sent, "x").await;
        assert_eq!((answer.status.as_u16(), &answer.body["filename"]), (200, &name.into()), "{sent}");
    }
    let long = "x".repeat(256);
    for name in ["", ".", "..", "a/..", "../", ".hidden", "a\\", "nul\0l", &long] {
        let answer = world.upload(&id, name, "x").await;
        assert_eq!((answer.status.as_u16(), answer.code()), (400, "invalid_request"), "{name:?}");
    }
    assert_eq!(world.names(&id).await, ["abs.csv", "up.csv", "win.csv"]);
}

#[tokio::test]
async fn no_path_leads_out_of_the_working_folder() {
    let world = World::new().await;
    let id = world.sandbox().await;
    assert_eq!(world.upload(&id, "x", "mine").await.status, 200);
    for path in HOSTILE {
        for method in ["GET", "DELETE"] {
            let answer = world.call(method, &format!("/v2/sandcastles/{id}/files/{path}"), "").await;
            assert_eq!(
                (answer.status.as_u16(), answer.code()),
                (400, "invalid_request"),
                "{method} {path}: {answer:?}"
            );
        }
        // A folder may be written with its slash.
        if *path != "a/" {
            let answer = world.call("GET", &format!("/v2/sandcastles/{id}/files?path={path}"), "").await;
            assert_eq!((answer.status.as_u16(), answer.code()), (400, "invalid_request"), "?path={path}: {answer:?}");
        }
    }
    for name in ["%252e%252e", "a%5c..%5cb"] {
        assert_eq!(world.download(&id, name).await.0, 404, "{name} is a name like any other");
    }
    assert_eq!(world.names(&id).await, ["x"]);
    for path in ["", "/"] {
        let top = world.call("GET", &format!("/v2/sandcastles/{id}/files?path={path}"), "").await;
        assert_eq!(top.body["files"][0]["name"], "x", "{path:?} is the top");
    }
}

#[tokio::test]
async fn other_fields_are_passed_over_and_a_second_file_is_refused() {
    let world = World::new().await;
    let id = world.sandbox().await;
    let field = |name: &str| {
        format!("--x\ncontent-disposition: form-data; name=\"{name}\"; filename=\"{name}.csv\"\n\n{name}\n")
    };
    let answer = world.form(&id, &format!("preamble\n{}{}{}--x--\nend", field("a"), field("file"), field("b"))).await;
    assert_eq!((answer.status.as_u16(), &answer.body["filename"]), (200, &"file.csv".into()), "{answer:?}");
    let answer = world.form(&id, &format!("{0}{0}--x--\n", field("file").replace("file.csv", "twice.csv"))).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (400, "invalid_request"));
    assert!(answer.message().contains("two"), "{answer:?}");
    assert_eq!(world.names(&id).await, ["file.csv"]);
}

#[tokio::test]
async fn what_is_no_whole_form_is_400_and_stores_nothing() {
    let world = World::new().await;
    let id = world.sandbox().await;
    let head = "--x\ncontent-disposition: form-data; name=\"file\"; filename=\"a.csv\"\n";
    let long = "y".repeat(1 << 20);
    let forms = [
        String::new(),
        "--x--\n".into(),
        "no form".into(),
        head.into(),
        format!("{head}\n"),
        format!("{head}\ncontent"),
        format!("{head}\n{long}{long}"),
        format!("{head}\ncontent\n--x"),
        format!("{head}\ncontent\n--y--\n"),
        "--x\ncontent-disposition: form-data; name=\"file\"\n\ncontent\n--x--\n".into(),
        "--x\ncontent-disposition: form-data; name=\"file\"; filename=\"a\n\ncontent\n--x--\n".into(),
        "--x\ncontent-disposition: form-data; name=\"other\"; filename=\"a\"\n\ncontent\n--x--\n".into(),
        format!("{long}\n{head}\ncontent\n--x--\n"),
        format!("--x\nx-long: {long}\ncontent-disposition: form-data; name=\"file\"; filename=\"a\"\n\nc\n--x--\n"),
    ];
    for form in forms {
        let answer = world.form(&id, &form).await;
        let shown = &form[..form.len().min(200)];
        assert_eq!((answer.status.as_u16(), answer.code()), (400, "invalid_request"), "{shown}: {answer:?}");
    }
    let path = format!("/v2/sandcastles/{id}/files");
    let head = Bytes::from(head.replace('\n', "\r\n") + "\r\n");
    let piece = Bytes::from(long.into_bytes());
    let begun = [Ok(head), Ok(piece.clone()), Ok(piece), Err(std::io::Error::other("connection reset"))];
    let body = Body::from_stream(stream::iter(begun));
    let answer = world.send(world.form_request(&path, "x").body(body).unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (400, "invalid_request"), "{answer:?}");
    assert!(answer.message().contains("the upload is incomplete"), "{answer:?}");
    for content_type in ["text/plain", "multipart/mixed; boundary=x", "multipart/form-data", "application/octet-stream"]
    {
        let request = Request::builder().method("POST").uri(&path).header("content-type", content_type);
        let request = request.header("authorization", format!("Bearer {}", world.token)).body(Body::from("x")).unwrap();
        let answer = world.send(request).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (400, "invalid_request"), "{content_type}");
    }
    assert_eq!(world.names(&id).await, [""; 0]);
}

#[tokio::test]
async fn a_file_that_is_too_long_is_refused_with_its_limit() {
    let world = World::new().await;
    let path = format!("/v2/sandcastles/{}/files", world.sandbox().await);
    let head = Bytes::from("--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n");
    let piece = Bytes::from(vec![0; 1 << 20]);
    let pieces = usize::try_from(MAX_FILE_BYTES >> 20).unwrap() + 2;
    let body = stream::iter([head]).chain(stream::iter(std::iter::repeat_n(piece, pieces)));
    let body = Body::from_stream(body.map(Ok::<_, std::io::Error>));
    let answer = world.send(world.form_request(&path, "x").body(body).unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (400, "invalid_request"));
    for told in [&MAX_FILE_BYTES.to_string(), "size_bytes"] {
        assert!(answer.message().contains(told), "{answer:?}");
    }
}

/// A body whose sender has told its length and then sends nothing.
struct Told(u64);

impl HttpBody for Told {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        Poll::Pending
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0)
    }
}

#[tokio::test]
async fn what_is_announced_as_too_long_is_not_waited_for() {
    let world = World::new().await;
    let id = world.sandbox().await;
    let form = world.form_request(&format!("/v2/sandcastles/{id}/files"), "x").body(Body::new(Told(99_999_999_999)));
    let code = world.request("POST", &format!("/v2/sandcastles/{id}/execute")).body(Body::new(Told(99_999_999_999)));
    for (request, told) in [(form.unwrap(), "the file is too long"), (code.unwrap(), "the body is longer than")] {
        let answer = world.send(request).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (400, "invalid_request"));
        assert!(answer.message().contains(told), "{answer:?}");
    }
}

#[tokio::test]
async fn who_may_not_upload_is_told_so_before_the_file_comes() {
    let world = World::new().await;
    let id = world.sandbox().await;
    world.add_key("tql_reader", &[Scope::Read], None).await;
    let cases = [("tql_reader", id.as_str(), 403), ("tql_unknown", &id, 401), (&world.token, "no-sandbox", 404)];
    for (token, id, status) in cases {
        let request = Request::builder().method("POST").uri(format!("/v2/sandcastles/{id}/files"));
        let request = request.header("content-type", "multipart/form-data; boundary=x");
        let request = request.header("authorization", format!("Bearer {token}"));
        // A client that never goes on.
        let body = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        let answer = world.send(request.body(body).unwrap()).await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
}
