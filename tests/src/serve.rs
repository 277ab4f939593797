//! Serves a router from this process, for the stand-ins of AWS services.

use std::net::Ipv4Addr;

use axum::Router;
use tokio::net::TcpListener;

/// Serves on a free port of the loopback address, until the process ends; returns the URL.
pub(crate) async fn serve(router: Router) -> String {
    serve_at(0, router).await
}

/// The same at this port.
pub(crate) async fn serve_at(port: u16, router: Router) -> String {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(socket, router).await.unwrap() });
    url
}
