//! Converts HTTP requests to events of an API Gateway REST API, and proxy responses to HTTP.
//!
//! As in the real gateway, the event's `path` is percent-encoded as the client sent it, parameters of path and query are
//! decoded, and every body is base64, because `infra/openapi.yaml` declares all media types binary.

use std::fs;

use axum::{
    body::Body,
    http::{HeaderMap, Method, Response, Uri, header},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use crate::{emulator::event, paths};

/// Headers that the gateway does not pass on.
const HOP_BY_HOP: [&str; 3] = ["connection", "content-length", "transfer-encoding"];

/// Method and resource of the routes in `infra/openapi.yaml`. Paths and methods are on lines of their own there.
pub(crate) fn routes() -> Vec<(String, String)> {
    let contract = fs::read_to_string(paths::root().join("infra/openapi.yaml")).unwrap();
    let (mut routes, mut resource) = (Vec::new(), None);
    for line in contract.lines().filter(|line| line.ends_with(':')) {
        let name = line.trim().trim_end_matches(':');
        match line.len() - line.trim_start().len() {
            2 => resource = name.starts_with('/').then_some(name),
            4 if ["get", "post", "put", "patch", "delete"].contains(&name) => {
                routes.extend(resource.map(|resource| (name.to_uppercase(), resource.to_owned())));
            }
            _ => {}
        }
    }
    assert!(!routes.is_empty(), "found no routes in infra/openapi.yaml");
    routes
}

/// The decoded parameters of a path, if it matches the resource.
pub(crate) fn parameters(resource: &str, path: &str) -> Option<Map<String, Value>> {
    let mut found = Map::new();
    let mut rest = path;
    for part in resource.strip_prefix('/')?.split('/') {
        rest = rest.strip_prefix('/')?;
        let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        let length = if part.ends_with("+}") { rest.len() } else { rest.find('/').unwrap_or(rest.len()) };
        let (value, after) = rest.split_at(length);
        match name {
            Some(name) if !value.is_empty() => {
                let value = percent_decode_str(value).decode_utf8_lossy();
                found.insert(name.trim_end_matches('+').to_owned(), json!(value));
            }
            None if value == part => {}
            _ => return None,
        }
        rest = after;
    }
    rest.is_empty().then_some(found)
}

/// The event of a request.
pub(crate) fn rest_event(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
    resource: &str,
    parameters: Map<String, Value>,
) -> Value {
    let mut event = event(method.as_str(), uri.path(), None);
    event["resource"] = json!(resource);
    event["requestContext"]["resourcePath"] = json!(resource);
    event["pathParameters"] = if parameters.is_empty() { Value::Null } else { parameters.into() };
    let sent = headers.iter().filter(|(name, _)| !HOP_BY_HOP.contains(&name.as_str()) && *name != header::HOST);
    let sent = sent.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    let added = ["Host", "X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Amzn-Trace-Id"];
    let added = added.map(|name| (name.to_owned(), event["headers"][name].as_str().unwrap().to_owned()));
    let (last, all) = last_and_all(sent.chain(added));
    (event["headers"], event["multiValueHeaders"]) = (last, all);
    let (last, all) =
        last_and_all(uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        }));
    (event["queryStringParameters"], event["multiValueQueryStringParameters"]) = (last, all);
    if !body.is_empty() {
        event["body"] = json!(STANDARD.encode(body));
        event["isBase64Encoded"] = json!(true);
    }
    event
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// The last value of each name, and all values of each name; null if there are none.
fn last_and_all(pairs: impl Iterator<Item = (String, String)>) -> (Value, Value) {
    let (mut last, mut all) = (Map::new(), Map::new());
    for (name, value) in pairs {
        last.insert(name.clone(), json!(value));
        all.entry(name).or_insert_with(|| json!([])).as_array_mut().unwrap().push(json!(value));
    }
    if last.is_empty() { (Value::Null, Value::Null) } else { (last.into(), all.into()) }
}

/// The HTTP response for a proxy response. If a header is in both forms, `multiValueHeaders` counts.
pub(crate) fn http_response(answer: &Value) -> Response<Body> {
    let status = u16::try_from(answer["statusCode"].as_u64().unwrap()).unwrap();
    let mut response = Response::builder().status(status);
    let object = |name: &str| answer[name].as_object().cloned().unwrap_or_default();
    let multi_value = object("multiValueHeaders");
    for (name, value) in object("headers").iter().filter(|(name, _)| !multi_value.contains_key(*name)) {
        response = response.header(name, value.as_str().unwrap());
    }
    for (name, values) in &multi_value {
        for value in values.as_array().unwrap() {
            response = response.header(name, value.as_str().unwrap());
        }
    }
    let body = answer["body"].as_str().unwrap_or_default();
    let binary = answer["isBase64Encoded"].as_bool().unwrap_or_default();
    let body = if binary { STANDARD.decode(body).unwrap() } else { body.as_bytes().to_vec() };
    response.body(body.into()).unwrap()
}
