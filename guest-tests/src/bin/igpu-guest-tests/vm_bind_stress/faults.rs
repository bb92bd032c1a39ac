//! Allocations that fail in random calls.

use std::fs::File;
use std::os::unix::fs::FileExt;

use libtest_mimic::Failed;
use nix::errno::Errno;
use virtio_igpu_context_model::Random;
use virtio_igpu_guest_tests::client::Result;

use super::Done;
use crate::fault_injection;

/// Of an injected failure's place: so many allocations may come before it.
const MOST: u64 = 40;

/// Whether this kernel makes allocations fail for us.
pub(super) fn are_injected() -> bool {
    fault_injection::is_there()
}

/// Makes calls of one thread, now and then with an allocation that fails.
pub(super) struct Caller<'s> {
    random: Random,
    /// Which allocation fails; `None` on a kernel without fault injection.
    nth: Option<File>,
    done: &'s Done,
}

impl<'s> Caller<'s> {
    /// For the calling thread.
    pub(super) fn new(seed: u64, done: &'s Done) -> std::result::Result<Self, Failed> {
        let nth = if are_injected() {
            fault_injection::set_up()?;
            Some(fault_injection::nth_file().map_err(|error| error.to_string())?)
        } else {
            None
        };
        Ok(Self {
            random: Random::new(seed ^ 0xfa17),
            nth,
            done,
        })
    }

    /// Makes a call that changes nothing if it runs out of memory: `None` then.
    pub(super) fn call<T>(
        &mut self,
        call: impl FnOnce() -> Result<T>,
    ) -> std::result::Result<Option<T>, Failed> {
        let strike = match &self.nth {
            Some(file) if self.random.once_in(3) => Some(file),
            _ => None,
        };
        let Some(file) = strike else {
            return Ok(Some(call()?));
        };
        let nth = (1 + self.random.below(MOST)).to_string();
        let begun = file.write_at(nth.as_bytes(), 0);
        let result = call();
        let ended = file.write_at(b"0", 0);
        begun
            .and(ended)
            .map_err(|error| format!("fail-nth: {error}"))?;
        match result {
            Ok(value) => Ok(Some(value)),
            // Without memory for an inode shmem says that there is no space, in i915 too.
            Err(error) if matches!(error.errno(), Some(Errno::ENOMEM | Errno::ENOSPC)) => {
                Done::add(&self.done.failures);
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}
