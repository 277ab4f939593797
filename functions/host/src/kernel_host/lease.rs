//! An idle kernel that a job has taken from the pool, and that goes back there as long as nothing was done to it.

use super::{KernelHost, held_folder::HeldFolder, states::IdleKernel};
use crate::kernel::pool::Turn;

/// An idle kernel in the hands of a job. Dropped, it goes back to the pool, whatever cut the job off, unless its sandbox was
/// discarded meanwhile.
pub(super) struct Lease<'a> {
    host: &'a KernelHost,
    turn: &'a Turn<'a, IdleKernel>,
    idle: Option<IdleKernel>,
}

impl<'a> Lease<'a> {
    /// Takes the sandbox's idle kernel, if there is one that lives.
    pub(super) fn take(host: &'a KernelHost, turn: &'a Turn<'a, IdleKernel>) -> Option<Self> {
        let mut idle = host.pool.take(turn.sandbox())?;
        (!idle.kernel.exit.is_known()).then_some(Self { host, turn, idle: Some(idle) })
    }

    /// The kernel.
    pub(super) fn kernel(&mut self) -> Option<&mut IdleKernel> {
        self.idle.as_mut()
    }

    /// Keeps the kernel: from here on it is the job's.
    pub(super) fn keep(mut self) -> Option<IdleKernel> {
        self.idle.take()
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if let Some(idle) = self.idle.take() {
            self.host.put_back(idle, self.turn);
        }
    }
}

impl KernelHost {
    /// Puts a kernel, which is stopped, into the pool, unless its sandbox was discarded meanwhile, or the host shuts down.
    pub(super) fn put_back(&self, idle: IdleKernel, turn: &Turn<'_, IdleKernel>) {
        if !turn.is_closed() && !self.is_closed() {
            self.pool.put(*turn.sandbox(), turn.org().clone(), idle);
        }
    }

    /// The same for the folder of a sandbox that has no kernel here.
    pub(super) fn put_folder_back(&self, folder: HeldFolder, turn: &Turn<'_, IdleKernel>) {
        if !turn.is_closed() && !self.is_closed() {
            self.folders.put(*turn.sandbox(), folder);
        }
    }
}
