//! Builds the document of `GET /openapi.json` from `infra/openapi.yaml`, without the keys of API Gateway and CloudFormation,
//! and with the headers and links of `infra/published.yaml`.

#![expect(clippy::indexing_slicing, reason = "a build script fails by panicking")]

use std::{error::Error, fs, path::Path};

use serde_json::{Map, Value, json};

/// The contract, and the body of API Gateway's REST API.
const SOURCE: &str = "../../infra/openapi.yaml";
/// Headers and links.
const ADDED: &str = "../../infra/published.yaml";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    let Value::Object(mut document) = published(read(SOURCE)?) else {
        return Err("the document must be a mapping".into());
    };
    // Relative to the document, so that it holds for every host and stage. Without it a client uses the root of the host.
    document.insert("servers".into(), json!([{ "url": "." }]));
    let added = read(ADDED)?;
    let mut headers = Map::new();
    for (group, of_group) in added["headers"].as_object().into_iter().flatten() {
        for (name, header) in of_group.as_object().into_iter().flatten() {
            headers.insert(component(group, name), header.clone());
        }
    }
    document["components"]["headers"] = headers.into();
    for (operation, status, response) in responses(&mut document) {
        add_headers(response, &status, &added["headers"]);
        if status.starts_with('2') {
            add_links(response, &added["links"][&operation]);
        }
    }
    #[expect(clippy::disallowed_methods, reason = "Cargo tells a build script by the environment where it may write")]
    let folder = std::env::var("OUT_DIR")?;
    fs::write(Path::new(&folder).join("openapi.json"), serde_json::to_vec(&document)?)?;
    Ok(())
}

fn read(path: &str) -> Result<Value, Box<dyn Error>> {
    println!("cargo:rerun-if-changed={path}");
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path))?;
    Ok(serde_saphyr::from_str(&text)?)
}

/// The document without the keys of API Gateway, with the paths of OpenAPI (`{path}`, not `{path+}`), with the last branch of
/// every CloudFormation condition, as in a deployment with default parameters, and with `null` in every enumeration that is
/// nullable: OpenAPI wants it there, and CloudFormation refuses a template that has it.
fn published(value: Value) -> Value {
    match value {
        Value::Object(mut fields) => {
            if let Some(Value::Array(mut branches)) = fields.remove("Fn::If") {
                return branches.pop().map_or(Value::Null, published);
            }
            if fields.get("nullable") == Some(&Value::Bool(true))
                && let Some(Value::Array(values)) = fields.get_mut("enum")
            {
                values.push(Value::Null);
            }
            let fields = fields.into_iter().filter(|(name, _)| !name.starts_with("x-amazon-"));
            Value::Object(fields.map(|(name, value)| (name.replace("+}", "}"), published(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(published).collect()),
        other => other,
    }
}

/// Every response, with the id of its operation and its status.
fn responses(document: &mut Map<String, Value>) -> impl Iterator<Item = (String, String, &mut Value)> {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut);
    let operations = paths.filter_map(Value::as_object_mut).flat_map(Map::values_mut);
    operations.flat_map(|operation| {
        let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten();
        responses.map(move |(status, response)| (id.clone(), status.clone(), response))
    })
}

fn add_headers(response: &mut Value, status: &str, headers: &Value) {
    for group in ["all", status] {
        for name in headers[group].as_object().into_iter().flat_map(Map::keys) {
            response["headers"][name] = json!({ "$ref": format!("#/components/headers/{}", component(group, name)) });
        }
    }
}

/// The name of a header's description: two answers may have one header and different rules for it.
fn component(group: &str, name: &str) -> String {
    if group == "all" { name.to_owned() } else { format!("{name}-{group}") }
}

fn add_links(response: &mut Value, links: &Value) {
    for (target, link) in links.as_object().into_iter().flatten() {
        response["links"][target] = link.clone();
        response["links"][target]["operationId"] = target.clone().into();
    }
}
