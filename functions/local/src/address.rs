//! Addresses that a server listens on, as URLs.

use std::net::SocketAddr;

/// The URL of this address as programs on this machine reach it.
pub(crate) fn url(address: SocketAddr) -> String {
    let host = match address {
        SocketAddr::V4(address) if address.ip().is_unspecified() => std::net::Ipv4Addr::LOCALHOST.into(),
        SocketAddr::V6(address) if address.ip().is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
        address => address.ip(),
    };
    format!("http://{}", SocketAddr::new(host, address.port()))
}
