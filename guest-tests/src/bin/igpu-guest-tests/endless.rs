//! Work that goes on until it is told to end, and may outlive the client that made it.

use std::os::fd::OwnedFd;
use std::time::Duration;

use libtest_mimic::Failed;
use virtio_igpu_guest_tests::client::{AddressSpace, Context, Device, Exec3, Object, Syncobj};
use virtio_igpu_guest_tests::gpu::{Batch, Spinner};
use virtio_igpu_guest_tests::sys::memory::Mapping;

use crate::rig::{PATIENCE, wait_until};

/// The status of a fence whose work was cancelled or reset.
pub(crate) const EIO: i32 = -5;

/// Where its batch is.
const AT: u64 = 0x2_0000_0000;
/// Where a stubborn batch's loop is in it, and what ends that.
const LOOP: u64 = 0x40;
const BATCH_END: u32 = 0x0a << 23;
/// Where a stubborn batch says that it has begun.
const STARTED: u64 = 0xf80;

/// How work takes it when others want its engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It makes room.
    Obliging,
    /// It can't be interrupted.
    Stubborn,
}

/// Work that goes on until it is told to end.
pub(crate) struct Endless {
    memory: Mapping,
    spinner: Option<Spinner>,
    fence: OwnedFd,
}

impl Endless {
    /// Work on the engine at this place of the context's map. Returns when it runs. It needs
    /// nothing of the client but what the driver keeps for it.
    pub(crate) fn submit(
        device: &Device,
        vm: &AddressSpace<'_>,
        context: &Context<'_>,
        engine: u32,
        kind: Kind,
    ) -> Result<Self, Failed> {
        let endless = Self::queue(device, vm, context, engine, kind, &[])?;
        wait_until("endless work has started", || match &endless.spinner {
            Some(spinner) => spinner.has_started(&endless.memory),
            None => endless.memory.read_u32(STARTED as usize) == 1,
        })?;
        Ok(endless)
    }

    /// The same behind other work, not waiting for its start.
    pub(crate) fn queue(
        device: &Device,
        vm: &AddressSpace<'_>,
        context: &Context<'_>,
        engine: u32,
        kind: Kind,
        behind: &[&Endless],
    ) -> Result<Self, Failed> {
        let object = Object::create(device, Spinner::SIZE)?;
        vm.bind(&object, AT)?;
        let memory = object.map()?;
        let spinner = (kind == Kind::Obliging).then(|| Spinner::write(&memory, 0, AT));
        if spinner.is_none() {
            let mut batch = Batch::new();
            batch
                .store_u32(AT + STARTED, 1)
                .pad_to(LOOP)
                .jump(AT + LOOP);
            memory.write_dwords(0, &batch.end());
        }
        let done = Syncobj::create(device)?;
        let mut submission = Exec3::new(context, engine, AT).fence(done.signal_fence(0));
        let mut before = Vec::new();
        for work in behind {
            let syncobj = Syncobj::create(device)?;
            syncobj.import_sync_file(&work.fence)?;
            submission = submission.fence(syncobj.wait_fence(0));
            before.push(syncobj);
        }
        submission.submit(device)?;
        let fence = done.export_sync_file()?;
        Ok(Self {
            memory,
            spinner,
            fence,
        })
    }

    /// Lets it end, with no call to the kernel.
    pub(crate) fn end(&self) {
        match &self.spinner {
            Some(spinner) => spinner.end(&self.memory),
            None => self.memory.write_u32(LOOP as usize, BATCH_END),
        }
    }

    /// Waits for its end, as another client sees it: 1, or a negative errno.
    pub(crate) fn outcome(&self, observer: &Device) -> Result<i32, Failed> {
        let done = self.seen_by(observer)?;
        done.wait(PATIENCE)?;
        Ok(done.status()?)
    }

    /// Whether it has not ended after a while.
    pub(crate) fn runs_on(&self, observer: &Device) -> Result<bool, Failed> {
        // Longer than any time-out that tests set and expect to pass.
        Ok(self
            .seen_by(observer)?
            .wait(Duration::from_millis(500))
            .is_err())
    }

    fn seen_by<'d>(&self, observer: &'d Device) -> Result<Syncobj<'d>, Failed> {
        let done = Syncobj::create(observer)?;
        done.import_sync_file(&self.fence)?;
        Ok(done)
    }
}
