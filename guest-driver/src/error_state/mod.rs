// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The error state: what the first hang was, and what was in the memory that userspace had
//! marked for it. Readers find it in sysfs (`error`) and in debugfs
//! (`i915_error_state`) until somebody clears it.
//!
//! It is recorded before the hung submission's fence signals, by the worker that the
//! submission's end is told by ([`ReturnLine`](crate::virtio::ReturnLine)). Nothing here
//! waits for memory to become free, which may wait for that very fence: what there is no
//! memory for is left out.
//!
//! May know: `rules`, `drm`, `vm`, `context`, `driver`.

mod capture;
mod paged;
mod state;

pub(crate) use capture::HungSubmission;

use crate::driver::Igpu;
use crate::drm::{self, ContentsFile, SysfsContents};
use capture::Tools;
use kernel::prelude::*;
use kernel::sync::{new_mutex, Arc, Mutex};
use kernel::time::{Instant, Monotonic};
use state::ErrorState;

/// The file in sysfs.
pub(crate) static SYSFS_FILE: SysfsContents = SysfsContents::new(c"error", &FILE);

/// What the files show.
pub(crate) static FILE: ContentsFile = ContentsFile {
    current: |dev| {
        let first = dev.data().errors().first();
        first.map(|state| -> drm::SharedContents { state })
    },
    none: b"No error state collected\n",
    clear: |dev| dev.data().errors().clear(),
};

/// A device's error state.
#[pin_data]
pub(crate) struct ErrorStates {
    /// The first one since the last was cleared.
    #[pin]
    first: Mutex<Option<Arc<ErrorState>>>,
    /// What capturing takes; none while somebody does.
    #[pin]
    tools: Mutex<Option<Tools>>,
    started: Instant<Monotonic>,
}

impl ErrorStates {
    /// Of a device that has just started. ENOMEM.
    pub(crate) fn new() -> Result<impl PinInit<Self>> {
        let tools = Tools::new()?;
        Ok(pin_init!(Self {
            first <- new_mutex!(None, "ErrorStates::first"),
            tools <- new_mutex!(Some(tools), "ErrorStates::tools"),
            started: Instant::now(),
        }))
    }

    /// The state that is there.
    fn first(&self) -> Option<Arc<ErrorState>> {
        self.first.lock().clone()
    }

    /// There is none any more.
    fn clear(&self) {
        let before = self.first.lock().take();
        drop(before);
    }

    /// Records that engines were reset with nothing running on them
    /// (`intel_gt_handle_error`), unless there is a state already. Process context.
    pub(crate) fn record_idle(&self, igpu: &Igpu) {
        self.record(|tools| tools.idle(igpu, self));
    }

    /// Keeps what `capture` makes, unless there is a state already, or about to be.
    fn record(&self, capture: impl FnOnce(&mut Tools) -> Result<ErrorState>) {
        if self.first.lock().is_some() {
            return;
        }
        let Some(mut tools) = self.tools.lock().take() else {
            return;
        };
        let state = capture(&mut tools).and_then(|state| Ok(Arc::new(state, capture::flags())?));
        *self.tools.lock() = Some(tools);
        match state {
            Ok(state) => {
                let mut first = self.first.lock();
                if first.is_none() {
                    *first = Some(state);
                    drop(first);
                    pr_info!("GPU error state saved to /sys/class/drm/card*/error\n");
                }
            }
            Err(error) => pr_info!("no GPU error state: {:?}\n", error),
        }
    }
}
