//! `GET /openapi.json`: the contract as a client's generator reads it.

use axum::{body::Body, http::Request};
use serde_json::{Value, json};

use crate::support::{Answer, World};

/// Every route of the router, with its methods. A route that is missing here is found by `tests/template/contract.py`.
const ROUTES: &[(&str, &[&str])] = &[
    ("/openapi.json", &["get"]),
    ("/v2/connectors", &["get"]),
    ("/v2/sandcastles", &["get", "post"]),
    ("/v2/sandcastles/{id}", &["delete", "get"]),
    ("/v2/sandcastles/{id}/exec", &["post"]),
    ("/v2/sandcastles/{id}/execute", &["post"]),
    ("/v2/sandcastles/{id}/executions", &["get"]),
    ("/v2/sandcastles/{id}/executions/{execution}", &["get"]),
    ("/v2/sandcastles/{id}/files", &["get", "post"]),
    ("/v2/sandcastles/{id}/files/{path}", &["delete", "get"]),
];

/// The contract, asked for without a key.
async fn contract() -> Answer {
    let world = World::new().await;
    world.send(Request::builder().uri("/openapi.json").body(Body::empty()).unwrap()).await
}

/// Every key of a document, at any depth.
fn keys(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(fields) => {
            fields.iter().flat_map(|(key, value)| [vec![key.as_str()], keys(value)].concat()).collect()
        }
        Value::Array(items) => items.iter().flat_map(keys).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn the_contract_is_served_without_a_key_and_lists_every_route() {
    let answer = contract().await;
    assert_eq!((answer.status.as_u16(), answer.body["openapi"].as_str()), (200, Some("3.0.1")));
    let paths = answer.body["paths"].as_object().unwrap();
    let found: Vec<(&str, Vec<&str>)> = paths
        .iter()
        .map(|(path, methods)| (path.as_str(), methods.as_object().unwrap().keys().map(String::as_str).collect()))
        .collect();
    let wanted: Vec<(&str, Vec<&str>)> = ROUTES.iter().map(|(path, methods)| (*path, methods.to_vec())).collect();
    assert_eq!(found, wanted);
}

#[tokio::test]
async fn the_contract_holds_nothing_of_the_gateways_own() {
    let answer = contract().await;
    let keys = keys(&answer.body);
    assert!(keys.len() > 500, "the document was not read: {} keys", keys.len());
    let foreign: Vec<_> = keys.iter().filter(|key| key.starts_with("x-amazon") || key.starts_with("Fn::")).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    let text = answer.body.to_string();
    for word in ["AWS::", "arn:", "${", ":null", "[null"] {
        assert!(!text.contains(word), "the document has {word} in it");
    }
}

#[tokio::test]
async fn the_contract_asks_for_a_bearer_token_everywhere_but_for_itself() {
    let body = contract().await.body;
    assert_eq!(body["security"], json!([{ "bearerAuth": [] }]));
    for (path, methods) in body["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let asked = if path == "/openapi.json" { json!([]) } else { json!([{ "bearerAuth": [] }]) };
            assert_eq!(operation["security"], asked, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn the_contract_names_its_own_place_as_the_server() {
    assert_eq!(contract().await.body["servers"], json!([{ "url": "." }]));
}

#[tokio::test]
async fn every_answer_of_the_contract_has_headers_and_every_link_leads_to_a_call_of_it() {
    let body = contract().await.body;
    let operations = || body["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    let parameters = |id: &str| {
        let found = operations().find(|one| one["operationId"] == id).unwrap_or_else(|| panic!("no operation {id}"));
        let named =
            |one: &Value| body.pointer(one["$ref"].as_str().unwrap().trim_start_matches('#')).unwrap()["name"].clone();
        found["parameters"].as_array().map(|all| all.iter().map(named).collect::<Vec<_>>()).unwrap_or_default()
    };
    let mut links = 0;
    for operation in operations() {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let headers = response["headers"].as_object().unwrap();
            for header in headers.values() {
                assert!(body.pointer(header["$ref"].as_str().unwrap().trim_start_matches('#')).is_some(), "{header}");
            }
            assert_eq!(headers.contains_key("Retry-After"), ["409", "429"].contains(&&**status), "{operation}");
            assert_eq!(headers.contains_key("WWW-Authenticate"), status == "401", "{operation}");
            assert!(headers.contains_key("X-Request-Id") && headers.contains_key("Cache-Control"), "{operation}");
            for link in response["links"].as_object().into_iter().flat_map(serde_json::Map::values) {
                let taken = parameters(link["operationId"].as_str().unwrap());
                for name in link["parameters"].as_object().into_iter().flat_map(serde_json::Map::keys) {
                    assert!(taken.contains(&json!(name)), "{link} has no parameter {name}");
                }
                links += 1;
            }
        }
    }
    assert!(links >= 20, "only {links} links");
}

/// Browsers ask with OPTIONS before they send a request of another origin.
#[tokio::test]
async fn no_route_answers_options_or_has_cors_headers() {
    let world = World::new().await;
    for (route, methods) in ROUTES {
        let path = route.replace("{id}", &world.sandbox().await).replace("{execution}", "x").replace("{path}", "x");
        for method in methods.iter().map(|method| method.to_uppercase()).chain(["OPTIONS".into()]) {
            let request = world.request(&method, &path).header("origin", "https://app.example");
            let request = request.header("access-control-request-method", "POST");
            let answer = world.send(request.body(Body::empty()).unwrap()).await;
            let cors = answer.headers.keys().find(|name| name.as_str().starts_with("access-control"));
            assert_eq!(cors, None, "{method} {route}");
            if method == "OPTIONS" {
                assert_eq!((answer.status.as_u16(), answer.code()), (405, "invalid_request"), "{route}: {answer:?}");
                assert_eq!(answer.message(), "method not allowed", "{route}");
                let allowed: Vec<_> = answer.header("allow").split(',').map(str::to_lowercase).collect();
                assert!(methods.iter().all(|method| allowed.contains(&(*method).to_owned())), "{route}: {allowed:?}");
                assert!(!allowed.contains(&"options".to_owned()), "{route}: {allowed:?}");
            }
        }
    }
}
