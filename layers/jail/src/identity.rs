//! Who the kernel is: an unprivileged user without capabilities.

use std::io;

use rustix::io::Errno;
use rustix::process::{Gid, Uid};
use rustix::thread::{
    CapabilitiesSecureBits, CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities, set_capabilities_secure_bits, set_thread_groups,
    set_thread_res_gid, set_thread_res_uid,
};

use crate::building::Standing;

/// Takes the kernel's user id, and the group id of the same number, when the zygote is root. Per-thread calls, which in
/// a process with one thread are the process's.
pub(crate) fn take_uid(standing: &Standing, uid: u32) -> io::Result<()> {
    if matches!(standing, Standing::Root) {
        if uid == 0 || uid == u32::MAX {
            return Err(io::Error::other(format!("{uid} is not an unprivileged user id")));
        }
        let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(uid));
        set_thread_groups(&[])?;
        set_thread_res_gid(gid, gid, gid)?;
        set_thread_res_uid(uid, uid, uid)?;
    }
    if rustix::process::getuid().is_root() { Err(io::Error::other("still root")) } else { Ok(()) }
}

/// Makes sure that running a program gives no capabilities. Before the user id changes, which takes the right to it.
pub(crate) fn limit_capabilities() -> io::Result<()> {
    if capabilities(None)?.permitted.is_empty() {
        return Ok(()); // no right to, and no need: `no_new_privs` keeps programs from adding any
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
            Err(Errno::INVAL) => break, // past the last one that this Linux knows
            Err(error) => return Err(error.into()),
        }
    }
    Ok(clear_ambient_capability_set()?)
}

/// Gives up whatever capabilities are left.
pub(crate) fn drop_capabilities() -> io::Result<()> {
    let none = CapabilitySet::empty();
    Ok(set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })?)
}
