//! Makes the document that `GET /openapi.json` answers from `infra/openapi.yaml`: the contract alone, without what API
//! Gateway and CloudFormation need beside it.

use std::{error::Error, fs, path::Path};

use serde_json::{Value, json};

/// The contract, and the body of API Gateway's REST API.
const SOURCE: &str = "../../infra/openapi.yaml";

fn main() -> Result<(), Box<dyn Error>> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(SOURCE);
    println!("cargo:rerun-if-changed={SOURCE}");
    println!("cargo:rerun-if-changed=build.rs");
    let document: Value = serde_saphyr::from_str(&fs::read_to_string(&source)?)?;
    let Value::Object(mut document) = published(document) else {
        return Err("the document has to be a mapping".into());
    };
    // Beside the document, whatever the stage and the host are called; without it a client takes the host's root.
    document.insert("servers".into(), json!([{ "url": "." }]));
    #[expect(clippy::disallowed_methods, reason = "Cargo tells a build script by the environment where it may write")]
    let folder = std::env::var("OUT_DIR")?;
    fs::write(Path::new(&folder).join("openapi.json"), serde_json::to_vec(&document)?)?;
    Ok(())
}

/// The document without the keys that are API Gateway's own, and with every condition of CloudFormation decided as in a
/// deployment that sets no parameters: its last branch.
fn published(value: Value) -> Value {
    match value {
        Value::Object(mut fields) => {
            if let Some(Value::Array(mut branches)) = fields.remove("Fn::If") {
                return branches.pop().map_or(Value::Null, published);
            }
            let fields = fields.into_iter().filter(|(name, _)| !name.starts_with("x-amazon-"));
            Value::Object(fields.map(|(name, value)| (name, published(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(published).collect()),
        other => other,
    }
}
