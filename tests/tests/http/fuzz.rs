//! Random requests: every answer is a success or the error envelope, and nothing panics.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Request, Uri},
};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::{Answer, World};

/// One application for all cases of a property.
fn run(check: impl AsyncFn(&World, &str)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let world = World::new().await;
        let id = world.sandbox().await;
        check(&world, &id).await;
    });
}

fn sound(answer: &Answer) {
    assert_ne!(answer.status, 500, "{answer:?}");
    let known = ["invalid_request", "unauthenticated", "not_found", "conflict", "permission_denied"];
    assert!(answer.status.is_success() || known.contains(&answer.code()), "{answer:?}");
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    let field = prop_oneof![Just("code".to_owned()), Just("display_last".into()), Just("sandbox_id".into()), ".*"];
    leaf.prop_recursive(4, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::hash_map(field.clone(), inner, 0..8).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_as_body(bytes in prop::collection::vec(any::<u8>(), 0..400), cut in any::<prop::sample::Index>()) {
        run(async |world, id| {
            // Half of the cases are a good body that something happened to.
            let good = b"{\"code\": \"print('\\u00e9')\", \"display_last\": true}";
            let at = cut.index(good.len());
            let damaged = [&good[..at], &bytes, &good[at..]].concat();
            for body in [bytes.clone(), damaged] {
                for path in ["/v2/sandcastles".to_owned(), format!("/v2/sandcastles/{id}/execute")] {
                    let request = world.request("POST", &path).body(Body::from(body.clone())).unwrap();
                    sound(&world.send(request).await);
                }
            }
        });
    }

    #[test]
    fn any_json_as_body(value in json()) {
        run(async |world, id| {
            for path in ["/v2/sandcastles".to_owned(), format!("/v2/sandcastles/{id}/execute")] {
                let answer = world.call("POST", &path, &value.to_string()).await;
                sound(&answer);
                let runs = value["code"].is_string() && (value["display_last"].is_boolean() || value["display_last"].is_null());
                assert!(path.ends_with("sandcastles") || answer.status.is_success() == runs, "{answer:?}");
            }
        });
    }

    #[test]
    fn any_headers(
        authorization in prop::collection::vec(any::<u8>(), 0..60),
        scheme in prop_oneof![Just("Bearer "), Just("bearer"), Just("")],
        name in prop_oneof![Just("content-type"), Just("idempotency-key"), Just("x-request-id"), Just("content-length")],
        value in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        run(async |world, id| {
            let path = format!("/v2/sandcastles/{id}/execute");
            let (name, value) = (HeaderName::from_static(name), HeaderValue::from_bytes(&value));
            let authorization = HeaderValue::from_bytes(&[scheme.as_bytes(), &authorization].concat());
            if let Ok(value) = value {
                let request = world.request("POST", &path).header(name, value);
                sound(&world.send(request.body(Body::from("{\"code\": \"1\"}")).unwrap()).await);
            }
            if let Ok(value) = authorization {
                let request = Request::builder().uri("/v2/connectors").header("authorization", value);
                let answer = world.send(request.body(Body::empty()).unwrap()).await;
                assert_eq!((answer.status.as_u16(), answer.code()), (401, "unauthenticated"), "{answer:?}");
            }
        });
    }

    #[test]
    fn any_path_and_query(path in "[ -~]{0,40}", query in "[ -~]{0,60}", method in "[A-Z]{1,8}") {
        run(async |world, id| {
            for path in [format!("/{path}?{query}"), format!("/v2/sandcastles/{path}?{query}"), format!("/v2/sandcastles/{id}/executions?{query}")] {
                if path.parse::<Uri>().is_ok() {
                    for method in ["GET", &method] {
                        sound(&world.call(method, &path, "").await);
                    }
                }
            }
        });
    }
}
