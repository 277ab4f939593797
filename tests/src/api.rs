//! A client of the HTTP API that checks the status of the calls it makes.

use serde_json::{Value, json};

/// A client with one base URL and one API key.
#[derive(Clone)]
pub struct Api {
    http: reqwest::Client,
    base: String,
    key: String,
}

/// Status and body of an answer.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The JSON body, or null.
    pub body: Value,
}

impl Answer {
    /// The elements of `output`.
    pub fn output(&self) -> Vec<String> {
        let elements = self.body["output"].as_array().unwrap_or_else(|| panic!("no output in {self:?}"));
        elements.iter().map(|element| element.as_str().unwrap().to_owned()).collect()
    }
}

impl Api {
    /// A client of the API at this base URL.
    pub fn new(base: &str, key: &str) -> Self {
        Self { http: reqwest::Client::new(), base: base.to_owned(), key: key.to_owned() }
    }

    /// Sends one request; `None` if the connection breaks before the answer is complete.
    pub async fn try_call(&self, method: &str, path: &str, body: Option<Value>) -> Option<Answer> {
        let request = self.http.request(method.parse().unwrap(), format!("{}{path}", self.base));
        let request = request.bearer_auth(&self.key);
        let request = if let Some(body) = body { request.json(&body) } else { request };
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await.ok()?;
        Some(Answer { status, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) })
    }

    /// Sends one request that must be answered.
    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let answer = self.try_call(method, path, body).await;
        answer.unwrap_or_else(|| panic!("{method} {path}: no answer"))
    }

    /// Starts a sandbox; its id.
    pub async fn start(&self) -> String {
        let answer = self.call("POST", "/v2/sandcastles", None).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.body["sandbox_id"].as_str().unwrap().to_owned()
    }

    /// Runs code.
    pub async fn execute(&self, sandbox: &str, code: &str) -> Answer {
        self.call("POST", &format!("/v2/sandcastles/{sandbox}/execute"), Some(json!({ "code": code }))).await
    }

    /// Runs code that must be answered with 200; its output.
    pub async fn output(&self, sandbox: &str, code: &str) -> Vec<String> {
        let answer = self.execute(sandbox, code).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.output()
    }

    /// Uploads a file as a multipart form; `None` if the connection breaks before the answer is complete.
    pub async fn try_upload(&self, sandbox: &str, name: &str, content: impl AsRef<[u8]>) -> Option<Answer> {
        let head = format!("--border\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
        let body = [head.as_bytes(), content.as_ref(), b"\r\n--border--\r\n"].concat();
        let request = self.http.post(format!("{}/v2/sandcastles/{sandbox}/files", self.base)).bearer_auth(&self.key);
        let request = request.header("content-type", "multipart/form-data; boundary=border").body(body);
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await.ok()?;
        Some(Answer { status, body: serde_json::from_slice(&bytes).unwrap_or_default() })
    }

    /// Uploads a file as a multipart form, which must be answered.
    pub async fn upload(&self, sandbox: &str, name: &str, content: impl AsRef<[u8]>) -> Answer {
        self.try_upload(sandbox, name, content).await.unwrap_or_else(|| panic!("upload of {name}: no answer"))
    }

    /// Status and bytes of a working file; the path is percent-encoded. `None` if the connection breaks before the end.
    pub async fn try_download(&self, sandbox: &str, path: &str) -> Option<(u16, Vec<u8>)> {
        let request = self.http.get(format!("{}/v2/sandcastles/{sandbox}/files/{path}", self.base));
        let response = request.bearer_auth(&self.key).send().await.ok()?;
        let status = response.status().as_u16();
        Some((status, response.bytes().await.ok()?.to_vec()))
    }

    /// The bytes of a working file that is there; the path is percent-encoded.
    pub async fn download(&self, sandbox: &str, path: &str) -> Vec<u8> {
        let (status, bytes) =
            self.try_download(sandbox, path).await.unwrap_or_else(|| panic!("download of {path}: no answer"));
        assert_eq!(status, 200, "{path}");
        bytes
    }

    /// Requests a presigned URL for an upload that goes directly to the bucket; the answer.
    pub async fn request_upload(&self, sandbox: &str, name: &str, size: usize) -> Value {
        let body = json!({ "filename": name, "size_bytes": size });
        let answer = self.call("POST", &format!("/v2/sandcastles/{sandbox}/files"), Some(body)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }

    /// Makes the uploaded file a working file of the sandbox.
    pub async fn complete_upload(&self, sandbox: &str, upload: &Value) -> Answer {
        let body = json!({ "upload_id": upload["upload_id"] });
        self.call("POST", &format!("/v2/sandcastles/{sandbox}/files"), Some(body)).await
    }

    /// Every execution of a sandbox, newest first, read page by page.
    pub async fn executions(&self, sandbox: &str) -> Vec<Value> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/v2/sandcastles/{sandbox}/executions?limit=50{cursor}");
            let answer = self.call("GET", &path, None).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            all.extend(answer.body["executions"].as_array().unwrap().iter().cloned());
            match answer.body["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return all,
            }
        }
    }
}
