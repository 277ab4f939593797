//! The kernel's credentials: an unprivileged user without capabilities (credentials(7), capabilities(7)).

use std::io;

use rustix::io::Errno;
use rustix::process::{Gid, Uid};
use rustix::thread::{
    CapabilitiesSecureBits, CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities, set_capabilities_secure_bits, set_thread_groups,
    set_thread_res_gid, set_thread_res_uid,
};

use crate::privilege::Privilege;

/// Changes to the kernel's user id, and the group id of the same number, if the zygote is root. The calls are per thread;
/// the process has one thread.
pub(crate) fn take_uid(privilege: &Privilege, uid: u32) -> io::Result<()> {
    if matches!(privilege, Privilege::Root) {
        if uid == 0 || uid == u32::MAX {
            return Err(io::Error::other(format!("{uid} is not an unprivileged user id")));
        }
        let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(uid));
        set_thread_groups(&[])?;
        set_thread_res_gid(gid, gid, gid)?;
        set_thread_res_uid(uid, uid, uid)?;
    }
    if rustix::process::getuid().is_root() { Err(io::Error::other("the process is still root")) } else { Ok(()) }
}

/// Makes sure that running a program gives no capabilities. Call it before the user id changes: the change clears
/// CAP_SETPCAP, which this needs.
pub(crate) fn limit_capabilities() -> io::Result<()> {
    if capabilities(None)?.permitted.is_empty() {
        return Ok(()); // not permitted and not needed: `no_new_privs` keeps programs from gaining any
    }
    set_capabilities_secure_bits(
        CapabilitiesSecureBits::NO_ROOT
            | CapabilitiesSecureBits::NO_ROOT_LOCKED
            | CapabilitiesSecureBits::KEEP_CAPS_LOCKED
            | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE
            | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE_LOCKED,
    )?;
    for number in 0..64 {
        match remove_capability_from_bounding_set(CapabilitySet::from_bits_retain(1 << number)) {
            Ok(()) => {}
            Err(Errno::INVAL) => break, // beyond the last capability of this Linux
            Err(error) => return Err(error.into()),
        }
    }
    Ok(clear_ambient_capability_set()?)
}

/// Gives up all remaining capabilities.
pub(crate) fn drop_capabilities() -> io::Result<()> {
    let none = CapabilitySet::empty();
    Ok(set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })?)
}
