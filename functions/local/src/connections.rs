//! Accepts connections, and keeps a client that sends slowly, or opens many, from taking them from others. `axum::serve` has no time
//! limit and no bound.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::{Body, HttpBody},
};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use sandcastle_runtime::{Counted, Counts};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tower::ServiceExt;

/// How long clients are waited for.
#[derive(Clone, Copy)]
pub(crate) struct Patience {
    /// For the head of a request, from the start of the connection or from the answer before.
    head: Duration,
    /// While the body of a request pauses.
    pause: Duration,
}

impl Patience {
    pub(crate) const USUAL: Self = Self { head: Duration::from_secs(60), pause: Duration::from_secs(30) };
}

/// Connections at once.
const MOST: usize = 1000;
/// Connections at once from one address. Behind that of this machine itself may be a proxy.
const MOST_OF_ONE: usize = 250;
/// How long to wait when no connection can be accepted, as when there are too many open descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// Serves requests until told to stop, then finishes those in progress.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    patience: Patience,
    stopped: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience.head);
    let connections = Connections::default();
    let mut stopped = pin!(stopped);
    loop {
        let (stream, seat) = tokio::select! {
            accepted = connections.accept(&listener) => accepted,
            () = &mut stopped => break,
        };
        let limited = move |request: hyper::Request<Incoming>| request.map(|body| with_limit(body, patience.pause));
        let router = router.clone().map_request(limited);
        let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // The client went away, took too long, or sent no HTTP: there is nobody to tell.
            let _ = connection.await;
            drop(seat);
        });
    }
    graceful.shutdown().await;
}

/// A body that fails when it pauses for too long.
fn with_limit(body: Incoming, pause: Duration) -> Body {
    if body.is_end_stream() {
        return Body::empty();
    }
    Body::new(tower_http::timeout::TimeoutBody::new(pause, body))
}

/// The connections that are open.
struct Connections {
    all: Arc<Semaphore>,
    by_address: Counts<IpAddr>,
}

impl Default for Connections {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(MOST)), by_address: Counts::default() }
    }
}

/// The right to one connection.
struct Seat {
    _of_address: Counted<IpAddr>,
    _of_all: Option<OwnedSemaphorePermit>,
}

impl Connections {
    /// The next connection. Those of an address that has too many are closed.
    async fn accept(&self, listener: &TcpListener) -> (TcpStream, Seat) {
        loop {
            let permit = Arc::clone(&self.all).acquire_owned().await.ok();
            let (stream, address) = accept(listener).await;
            if let Some(seat) = self.seat(address.ip().to_canonical(), permit) {
                // Small answers are sent at once instead of waiting for an acknowledgement.
                drop(stream.set_nodelay(true));
                return (stream, seat);
            }
        }
    }

    fn seat(&self, address: IpAddr, of_all: Option<OwnedSemaphorePermit>) -> Option<Seat> {
        let own = address == Ipv4Addr::LOCALHOST || address == Ipv6Addr::LOCALHOST;
        let of_address = self.by_address.add(address, if own { MOST } else { MOST_OF_ONE })?;
        Some(Seat { _of_address: of_address, _of_all: of_all })
    }
}

/// Accepts a connection, whatever fails meanwhile.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_of_the_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}

#[cfg(test)]
mod tests {
    use axum::{body::Bytes, routing::put};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// What a server answers to this, until it closes the connection.
    async fn answer(sent: &str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", put(|body: Bytes| async move { body }));
        let patience = Patience { head: Duration::from_millis(50), pause: Duration::from_millis(50) };
        tokio::spawn(serve(listener, router, patience, std::future::pending()));
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(sent.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = client.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }

    #[tokio::test]
    async fn a_request_that_does_not_come_to_its_end_is_given_up() {
        let head = "PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n";
        assert!(answer(&format!("{head}\r\nbody")).await.ends_with("\r\n\r\nbody"));
        let without_end = answer(head).await;
        assert!(without_end.is_empty() || without_end.starts_with("HTTP/1.1 408"), "{without_end}");
        assert!(answer(&format!("{head}\r\nbo")).await.starts_with("HTTP/1.1 400"));
    }

    #[tokio::test]
    async fn one_address_cannot_take_all_connections() {
        let connections = Connections::default();
        let stranger: IpAddr = "192.0.2.1".parse().unwrap();
        let mut seats: Vec<_> = (0..MOST_OF_ONE).map(|_| connections.seat(stranger, None).unwrap()).collect();
        assert!(connections.seat(stranger, None).is_none());
        assert!(connections.seat("192.0.2.2".parse().unwrap(), None).is_some());
        seats.pop();
        assert!(connections.seat(stranger, None).is_some());
        drop(seats);
        let own: IpAddr = "127.0.0.1".parse().unwrap();
        let _seats: Vec<_> = (0..=MOST_OF_ONE).map(|_| connections.seat(own, None).unwrap()).collect();
    }
}
