// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What is particular to i915.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use virtio_igpu_executor::{Backing, GuestMemory, Platform};
use virtio_igpu_host_executor::{Binds, Change, Driver, Effect, Queue, Space, Verdict};
use virtio_igpu_host_gpu::errno::{EIO, ENODEV};
use virtio_igpu_host_gpu::i915::{self, Context, Vm};
use virtio_igpu_host_gpu::syncobj::Sync;
use virtio_igpu_host_gpu::{DrmFile, DrmNode};

use crate::sections::{Pages, Sections};

/// i915 bans a context, recoverable or not, that hangs again within this
/// (`CONTEXT_FAST_HANG_JIFFIES`).
const FAST_HANG: Duration = Duration::from_secs(120);

/// A device that i915 drives.
pub(crate) struct I915 {
    pub(crate) node: Arc<dyn DrmNode>,
    /// Asked what concerns no guest's address space.
    pub(crate) file: Arc<dyn DrmFile>,
    /// How the guest's pages become objects.
    pub(crate) pages: Pages,
    pub(crate) platform: Platform,
}

/// An address space, in a file of its own.
pub(crate) struct I915Space {
    sections: Sections,
    vm: Vm,
    file: Arc<dyn DrmFile>,
}

/// A context with one engine.
pub(crate) struct I915Queue {
    context: Context,
    /// A file that has nothing under way.
    idle: Arc<dyn DrmFile>,
    recoverable: bool,
    priority: i32,
    hangs: u32,
    last_hang: Option<Instant>,
}

impl Driver for I915 {
    type Space = I915Space;
    type Queue = I915Queue;

    const BINDS: Binds = Binds::AtOnce;
    const NAME: &str = "i915";

    fn platform(&self) -> &Platform {
        &self.platform
    }

    fn new_space(&self) -> io::Result<I915Space> {
        let file = self.node.open()?;
        Ok(I915Space {
            sections: Sections::new(Arc::clone(&file), self.pages.clone()),
            vm: Vm::new(&file)?,
            file,
        })
    }

    fn new_queue(
        &self,
        space: &I915Space,
        (class, instances): (u16, u16),
        _: i32,
        recoverable: bool,
    ) -> io::Result<I915Queue> {
        Ok(I915Queue {
            context: Context::new(&space.vm, class, instances, recoverable)?,
            idle: Arc::clone(&self.file),
            recoverable,
            priority: 0,
            hangs: 0,
            last_hang: None,
        })
    }

    /// i915 has no mappings without memory, and on Gen11 and Gen12 none that are only read.
    fn cannot_map(&self, backing: &Backing) -> Option<&'static str> {
        match backing {
            Backing::Null => Some("i915 maps nothing but memory"),
            Backing::Memory { read_only, .. } if *read_only => {
                Some("i915 maps nothing read-only on this GPU")
            }
            _ => None,
        }
    }

    /// i915 says EIO of a banned context, too. It is asked on a file that has nothing under way:
    /// on another one the question would wait for that.
    fn is_lost(&self, error: &io::Error) -> bool {
        match error.raw_os_error() {
            Some(ENODEV) => true,
            Some(EIO) => i915::is_wedged(&*self.file),
            _ => false,
        }
    }

    fn timestamp(&self) -> io::Result<u64> {
        i915::timestamp(&*self.file)
    }
}

impl Space for I915Space {
    fn file(&self) -> &Arc<dyn DrmFile> {
        &self.file
    }

    fn change(
        &mut self,
        memory: &Arc<GuestMemory>,
        changes: &[Change<'_>],
        _: &[Sync],
    ) -> io::Result<()> {
        for change in changes {
            self.sections.change(memory, change)?;
        }
        Ok(())
    }

    fn effect(&self, change: &Change<'_>) -> Effect {
        self.sections.effect(change)
    }

    fn remap(&mut self, memory: &Arc<GuestMemory>) -> io::Result<()> {
        self.sections.remap(memory)
    }
}

impl Queue<I915Space> for I915Queue {
    fn exec(
        &mut self,
        space: &mut I915Space,
        batch: u64,
        priority: i32,
        syncs: &[Sync],
    ) -> io::Result<()> {
        if priority != self.priority {
            // More than 0 not everybody may have.
            let set = self.context.set_priority(priority);
            if set.is_err() {
                self.context.set_priority(priority.min(0))?;
            }
            self.priority = priority;
        }
        let (objects, offset) = space.sections.with_batch(batch)?;
        self.context.exec(objects, offset, syncs)
    }

    fn verdict(&mut self) -> io::Result<Verdict> {
        let hangs = self.context.hangs()?;
        if hangs == self.hangs {
            // All that is under way ends when the device is wedged, and nobody is at fault.
            return match i915::is_wedged(&*self.idle) {
                true => Err(io::Error::from_raw_os_error(EIO)),
                false => Ok(Verdict::Fine),
            };
        }
        self.hangs = hangs;
        let again = self
            .last_hang
            .is_some_and(|last| last.elapsed() < FAST_HANG);
        self.last_hang = Some(Instant::now());
        match again || !self.recoverable {
            true => Ok(Verdict::Dead),
            false => Ok(Verdict::Hung),
        }
    }

    fn set_recoverable(&mut self, recoverable: bool) {
        match self.context.set_recoverable(recoverable) {
            Ok(()) => self.recoverable = recoverable,
            Err(error) => log::warn!("a context's recovery is not changed: {error}"),
        }
    }
}
