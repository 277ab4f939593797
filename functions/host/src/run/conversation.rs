//! What is said in one call, on the kernel's frame socket.

use std::{fs::File, os::fd::AsFd, sync::Arc, time::Instant};

use sandcastle::interpreter::RunError;
use sandcastle_protocol::{Execute, Fetched, FrameError, FromKernel, ToKernel};
use tokio::{net::UnixStream, sync::mpsc::UnboundedSender, time::timeout_at};

use super::alarm::Phase;
use crate::{
    folder::FolderError,
    kernel::wire,
    variables::{Given, Vault},
};

/// How it ends.
pub(super) enum Said {
    /// The kernel's last words.
    Last(Option<FromKernel>),
    /// What the code needs could not be read, and the code has not run.
    NotRun(RunError),
}

/// Has the kernel run code. What it asks for is read until the given time. Tells of the phases that follow the first one.
pub(super) async fn converse(
    frames: &mut UnixStream,
    execute: Given<Execute>,
    vault: &Vault,
    until: Instant,
    tell: UnboundedSender<Phase>,
) -> Result<Said, FrameError> {
    let tell = |phase| {
        // Nobody hears it when the call has ended, which is no matter.
        let _ = tell.send(phase);
    };
    send(frames, &ToKernel::Execute(execute.told), &execute.files).await?;
    let mut said = wire::read(frames).await?;
    if let Some(FromKernel::Need(need)) = said {
        tell(Phase::Fetching);
        let fetched = match timeout_at(until.into(), vault.fetch(&need.groups)).await {
            Ok(fetched) => fetched.map_err(FolderError::while_reading),
            Err(_) => Err(RunError::NoTime),
        };
        let (places, files, failed) = match fetched {
            Ok(Given { told, files }) => (Some(told), files, None),
            Err(error) => (None, Vec::new(), Some(error)),
        };
        send(frames, &ToKernel::Fetched(Fetched { places }), &files).await?;
        tell(Phase::Restoring);
        said = wire::read(frames).await?;
        if let (Some(why), Some(FromKernel::NotRun)) = (failed, &said) {
            return Ok(Said::NotRun(why));
        }
    }
    if let Some(FromKernel::Restored) = said {
        tell(Phase::Running);
        said = wire::read(frames).await?;
    }
    if let Some(FromKernel::CodeEnded) = said {
        tell(Phase::Storing);
        said = wire::read(frames).await?;
    }
    Ok(Said::Last(said))
}

async fn send(frames: &UnixStream, message: &ToKernel, files: &[Arc<File>]) -> Result<(), FrameError> {
    let descriptors: Vec<_> = files.iter().map(|file| file.as_fd()).collect();
    wire::write_with_fds(frames, message, &descriptors).await
}
