//! Sockets: only local ones work, and only within the cell.

use std::fs;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType, socket};

use crate::Outcome;
use crate::fixture::{Fixture, ensure};

pub(crate) fn only_local_sockets_can_be_made(_: &Fixture) -> Outcome {
    for family in 0..64 {
        // Linux 6 has 46 families.
        let family = AddressFamily::from_raw(family);
        for kind in [SocketType::STREAM, SocketType::DGRAM, SocketType::RAW, SocketType::SEQPACKET] {
            let made = socket(family, kind, None);
            if family == AddressFamily::UNIX {
                made?;
            } else {
                ensure(matches!(made, Err(Errno::PERM)), format!("{family:?} {kind:?}: {made:?}"))?;
            }
        }
    }
    Ok(())
}

pub(crate) fn local_sockets_work(_: &Fixture) -> Outcome {
    UnixStream::pair()?;
    let listener = UnixListener::bind("socket")?;
    UnixStream::connect("socket")?;
    listener.accept()?;
    Ok(())
}

/// The name of the zygote's abstract socket.
pub(crate) fn zygotes_socket(zygote: i32) -> std::io::Result<SocketAddr> {
    SocketAddr::from_abstract_name(format!("sandcastle-cell-test-{zygote}"))
}

pub(crate) fn the_hosts_abstract_sockets_are_out_of_reach(fixture: &Fixture) -> Outcome {
    let connected = UnixStream::connect_addr(&zygotes_socket(fixture.zygote)?);
    ensure(connected.is_err(), "connected to a socket of the host")
}

pub(crate) fn no_interface_but_its_own_loopback(_: &Fixture) -> Outcome {
    let devices = fs::read_to_string("/proc/net/dev")?;
    let names: Vec<&str> = devices.lines().skip(2).filter_map(|line| line.split(':').next()).map(str::trim).collect();
    ensure(names.iter().all(|name| *name == "lo"), format!("{names:?}"))
}
