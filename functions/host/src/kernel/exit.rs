//! How a kernel's process ends, as its zygote tells.

use sandcastle_protocol::Ended;
use tokio::sync::oneshot;

/// How a kernel ends.
pub(crate) struct Exit(pub(super) Option<oneshot::Receiver<Ended>>);

impl Exit {
    /// True when the kernel has ended, or its zygote has.
    pub(crate) fn is_known(&mut self) -> bool {
        if let Some(Err(oneshot::error::TryRecvError::Empty)) = self.0.as_mut().map(oneshot::Receiver::try_recv) {
            return false;
        }
        self.0 = None;
        true
    }

    /// Waits for the end; `None` when nobody can tell how it was, because the zygote has ended.
    pub(crate) async fn ended(&mut self) -> Option<Ended> {
        let how = match &mut self.0 {
            Some(ended) => ended.await.ok(),
            None => None,
        };
        self.0 = None;
        how
    }
}
