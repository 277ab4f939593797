//! A proxy between servers and an S3: each request of their real SDK is carried out as a decision says, such as twice, late, or not
//! at all, and is answered with the truth, with an error, or not.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, Response, StatusCode, header},
};
use bytes::Bytes;
use futures::{future::BoxFuture, stream};

use crate::{
    s3_request::{Asked, Fault},
    s3_watch::Watch,
    serve::serve,
};

/// Decides what happens to a request.
pub type Decide = Arc<dyn Fn(Asked) -> BoxFuture<'static, Fault> + Send + Sync>;

/// A running proxy.
#[derive(Clone)]
pub struct S3Proxy {
    /// Its URL, which takes the place of the S3's endpoint.
    pub url: String,
    inner: Arc<Inner>,
}

struct Inner {
    upstream: String,
    http: reqwest::Client,
    decide: Decide,
    watch: Watch,
    number: AtomicU64,
    /// Requests that may still take effect.
    under_way: Mutex<BTreeSet<u64>>,
}

/// A request that may still take effect.
struct UnderWay(Arc<Inner>, u64);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.lock().unwrap().remove(&self.1);
    }
}

impl S3Proxy {
    /// A proxy of the S3 with this endpoint.
    pub async fn start(endpoint: &str, decide: Decide) -> Self {
        let inner = Arc::new(Inner {
            upstream: endpoint.to_owned(),
            http: reqwest::Client::new(),
            decide,
            watch: Watch::default(),
            number: AtomicU64::new(0),
            under_way: Mutex::default(),
        });
        let url = serve(Router::new().fallback(answer).with_state(Arc::clone(&inner))).await;
        Self { url, inner }
    }

    /// Waits until no request that has come so far can take effect any more.
    pub async fn quiet(&self) {
        let last = self.inner.number.load(Ordering::SeqCst);
        while self.inner.under_way.lock().unwrap().first().is_some_and(|oldest| *oldest < last) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// What entries of ledgers named, and was not there when they were written.
    pub fn named_too_early(&self) -> Vec<String> {
        self.inner.watch.named_too_early()
    }
}

async fn answer(State(inner): State<Arc<Inner>>, request: Request) -> Response<Body> {
    let _under_way = inner.begin();
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else { drop_connection() };
    let path = head.uri.path_and_query().unwrap().to_string();
    let asked = Asked::by(&head.method, &path, &head.headers);
    let fault = (inner.decide)(asked.clone()).await;
    let call = Call { inner: Arc::clone(&inner), headers: head.headers, path, body, asked };
    match fault {
        Fault::None => call.carry_out().await,
        Fault::Delay(time) => {
            tokio::time::sleep(time).await;
            call.carry_out().await
        }
        Fault::Refuse(status, code) => error(status, code),
        Fault::Drop => drop_connection(),
        Fault::RefuseAfter(status, code) => {
            call.carry_out().await;
            error(status, code)
        }
        Fault::DropAfter => {
            call.carry_out().await;
            drop_connection()
        }
        Fault::Twice => {
            let first = call.carry_out().await;
            call.carry_out().await;
            first
        }
        Fault::TwiceAndSecond => {
            call.carry_out().await;
            call.carry_out().await
        }
        Fault::Late(time) => {
            let under_way = inner.begin();
            tokio::spawn(async move {
                let _under_way = under_way;
                tokio::time::sleep(time).await;
                call.carry_out().await;
            });
            error(503, "SlowDown")
        }
        Fault::Hang(time) => {
            let answer = call.carry_out().await;
            tokio::time::sleep(time).await;
            answer
        }
        Fault::Torn => torn(call.carry_out().await).await,
    }
}

impl Inner {
    fn begin(self: &Arc<Self>) -> UnderWay {
        let mut under_way = self.under_way.lock().unwrap();
        let number = self.number.fetch_add(1, Ordering::SeqCst);
        under_way.insert(number);
        UnderWay(Arc::clone(self), number)
    }
}

/// A request with all that is needed to send it on.
#[derive(Clone)]
struct Call {
    inner: Arc<Inner>,
    headers: HeaderMap,
    path: String,
    body: Bytes,
    asked: Asked,
}

impl Call {
    /// Carries the request out, also when whoever sent it has gone meanwhile.
    async fn carry_out(&self) -> Response<Body> {
        let (call, under_way) = (self.clone(), self.inner.begin());
        let sent = tokio::spawn(async move {
            let _under_way = under_way;
            call.send().await
        });
        sent.await.unwrap()
    }

    async fn send(&self) -> Response<Body> {
        let Self { inner, headers, path, body, asked } = self;
        let missing = inner.watch.before(asked, body);
        // The signature covers the name of the host, so that it stays.
        let mut request = inner.http.request(asked.method.clone(), format!("{}{path}", inner.upstream));
        request = request.headers(without(headers, &[header::CONNECTION]));
        let answer = request.body(body.clone()).send().await.unwrap();
        let status = answer.status();
        inner.watch.after(asked, status, missing);
        let mut response = Response::builder().status(status);
        *response.headers_mut().unwrap() =
            without(answer.headers(), &[header::CONTENT_LENGTH, header::CONNECTION, header::TRANSFER_ENCODING]);
        response.body(Body::from(answer.bytes().await.unwrap())).unwrap()
    }
}

fn without(headers: &HeaderMap, names: &[HeaderName]) -> HeaderMap {
    headers
        .iter()
        .filter(|(name, _)| !names.contains(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Ends the connection without an answer: the panic ends its task, and no hook hears of it.
fn drop_connection() -> ! {
    std::panic::resume_unwind(Box::new("the connection is dropped"))
}

fn error(status: u16, code: &str) -> Response<Body> {
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>so be it</Message></Error>"
    );
    let response = Response::builder().status(status).header(header::CONTENT_TYPE, "application/xml");
    response.body(Body::from(xml)).unwrap()
}

/// The answer up to its middle.
async fn torn(answer: Response<Body>) -> Response<Body> {
    let (mut head, body) = answer.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    if head.status != StatusCode::OK || bytes.len() < 2 {
        return Response::from_parts(head, Body::from(bytes));
    }
    head.headers.insert(header::CONTENT_LENGTH, bytes.len().into());
    let pieces = [Ok(bytes.slice(..bytes.len() / 2)), Err(std::io::Error::other("the connection is torn"))];
    Response::from_parts(head, Body::from_stream(stream::iter(pieces)))
}
