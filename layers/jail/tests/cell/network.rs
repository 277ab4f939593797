//! Sockets: none but local ones, and those stay in the cell.

use std::fs;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType, socket};

use crate::Outcome;
use crate::scene::{Stage, ensure};

pub(crate) fn no_other_family_of_sockets(_: &Stage) -> Outcome {
    for family in 0..64 {
        // Linux has 46 families by now
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

pub(crate) fn local_sockets_work(_: &Stage) -> Outcome {
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

pub(crate) fn the_hosts_abstract_sockets_are_out_of_reach(stage: &Stage) -> Outcome {
    let connected = UnixStream::connect_addr(&zygotes_socket(stage.zygote)?);
    ensure(connected.is_err(), "connected to a socket of the host")
}

pub(crate) fn no_interface_but_its_own_loopback(_: &Stage) -> Outcome {
    let devices = fs::read_to_string("/proc/net/dev")?;
    let names: Vec<&str> = devices.lines().skip(2).filter_map(|line| line.split(':').next()).map(str::trim).collect();
    ensure(names.iter().all(|name| *name == "lo"), format!("{names:?}"))
}
