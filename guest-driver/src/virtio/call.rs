// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Commands whose answer is waited for, within a time limit.

use kernel::{prelude::*, sync::Arc, time::msecs_to_jiffies};
use zerocopy::{FromBytes, Immutable, IntoBytes};

use super::{
    command::Prepared,
    completion::Completion,
    irq_lock::{new_irq_lock, IrqLock},
    transport::Transport,
};
use crate::protocol::{Command, Status};

/// How long a call waits for the device's answer before the device counts as dead, in
/// milliseconds. Control commands are answered at once by a device that lives.
pub(crate) const CALL_TIMEOUT_MS: u32 = 10_000;

/// Where the answer is left; shared by the caller and the command, so that a caller that
/// gives up can go.
#[pin_data]
struct Answer<R> {
    /// Done when the answer is there.
    #[pin]
    arrived: Completion,
    /// The answer.
    #[pin]
    value: IrqLock<Option<(Status, R)>>,
}

impl Transport {
    /// Sends a command and waits for its answer, at most [`CALL_TIMEOUT_MS`]. Process
    /// context.
    ///
    /// Errors: `ERESTARTSYS` if the caller is killed meanwhile; `EIO` if the device doesn't
    /// answer, which gives it up as lost; else what [`status_to_result`] makes of the
    /// reply. After the first two the command may or may not have been carried out.
    pub(crate) fn call<C>(&self, command: &C, lists: &[&[u8]]) -> Result<C::Reply>
    where
        C: Command + IntoBytes + Immutable,
        C::Reply: FromBytes + Copy + Unpin + Send + Sync + 'static,
    {
        self.call_by(command, lists, |prepared| self.submit(prepared))
    }

    /// The same, with `send` to send the command.
    pub(super) fn call_by<C>(
        &self,
        command: &C,
        lists: &[&[u8]],
        send: impl FnOnce(Prepared),
    ) -> Result<C::Reply>
    where
        C: Command + IntoBytes + Immutable,
        C::Reply: FromBytes + Copy + Unpin + Send + Sync + 'static,
    {
        let answer = Arc::pin_init(
            pin_init!(Answer {
                arrived <- Completion::new(),
                value <- new_irq_lock!(None, "virtio_igpu::Answer::value"),
            }),
            GFP_KERNEL,
        )?;
        let theirs = answer.clone();
        send(self.prepare(command, lists, move |status, reply| {
            *theirs.value.lock() = Some((status, *reply));
            theirs.arrived.complete_all();
        })?);

        let timeout = msecs_to_jiffies(CALL_TIMEOUT_MS);
        answer.arrived.wait_killable(timeout)?;
        let Some((status, reply)) = *answer.value.lock() else {
            pr_err!("the device did not answer {:?}, giving it up\n", C::OPCODE);
            self.give_up();
            return Err(EIO);
        };
        status_to_result(status)?;
        Ok(reply)
    }
}

/// What a command's end means as an errno.
pub(crate) fn status_to_result(status: Status) -> Result {
    Err(match status {
        Status::Ok => return Ok(()),
        Status::InvalidCommand | Status::BadExtent | Status::BadRange | Status::Unsupported => {
            EINVAL
        }
        Status::NotFound => ENOENT,
        Status::Exists => EEXIST,
        Status::LimitExceeded => ENOSPC,
        Status::OutOfMemory => ENOMEM,
        Status::Cancelled | Status::Hung | Status::DeviceLost => EIO,
    })
}
