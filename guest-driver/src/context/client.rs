// SPDX-License-Identifier: GPL-2.0 OR MIT

//! An open file: its contexts, its address spaces, what its hangs have cost it.

use crate::context::usage::ClientUsage;
use crate::context::ContextTable;
use crate::driver::Igpu;
use crate::drm;
use crate::new_irq_lock;
use crate::rules::ban::ClientHangs;
use crate::virtio::IrqLock;
use crate::vm::{BindPoint, VmTable};
use core::fmt;
use kernel::prelude::*;
use kernel::sync::atomic::{Atomic, Relaxed};
use kernel::sync::Arc;
use kernel::time::{Instant, Monotonic};

/// An open file of the node.
#[pin_data]
pub(crate) struct Client {
    #[pin]
    contexts: ContextTable,
    #[pin]
    vms: VmTable,
    hangs: Arc<HangRecord>,
    usage: Arc<ClientUsage>,
    /// One more than the video engine its legacy submissions go to; 0: none chosen.
    video: Atomic<u32>,
}

/// What the hangs of a file's contexts come to. Apart from the file: a context may go later
/// than its file, and in an interrupt, where the file's tables must not.
#[pin_data]
pub(super) struct HangRecord {
    opened: Instant<Monotonic>,
    /// Times in nanoseconds after `opened`. Interrupts off; taken inside a context's own hang
    /// lock.
    #[pin]
    hangs: IrqLock<ClientHangs>,
}

impl HangRecord {
    /// Of a file that was just opened.
    fn open() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                opened: Instant::now(),
                hangs <- new_irq_lock!(ClientHangs::opened(0), "HangRecord::hangs"),
            }),
            GFP_KERNEL,
        )
    }

    /// Nanoseconds since the file was opened.
    pub(super) fn age_ns(&self) -> u64 {
        self.opened.elapsed().as_nanos().max(0) as u64
    }

    /// A bannable context of the file has hung an engine when the file was `now` nanoseconds
    /// old, and was banned from it or not (`client_mark_guilty`). Any context.
    pub(super) fn record(&self, now: u64, context_banned: bool) {
        self.hangs.lock().record(now, context_banned);
    }
}

impl Client {
    /// A file that was just opened. Its default context, id 0, is there and not built.
    pub(crate) fn open(igpu: &Igpu) -> Result<Arc<Self>> {
        Arc::pin_init(
            try_pin_init!(Self {
                contexts <- ContextTable::new(igpu)?,
                vms <- VmTable::new()?,
                hangs: HangRecord::open()?,
                usage: ClientUsage::new()?,
                video: Atomic::new(0),
            }),
            GFP_KERNEL,
        )
    }

    /// Its contexts.
    pub(crate) fn contexts(&self) -> &ContextTable {
        &self.contexts
    }

    /// Its handles of address spaces.
    pub(crate) fn vms(&self) -> &VmTable {
        &self.vms
    }

    /// What its contexts' hangs are counted against.
    pub(super) fn hangs(&self) -> &Arc<HangRecord> {
        &self.hangs
    }

    /// What its contexts' times are counted for.
    pub(super) fn usage(&self) -> &Arc<ClientUsage> {
        &self.usage
    }

    /// Writes for how long its work has had engines. Waits for the device. ENOMEM.
    pub(crate) fn write_usage(&self, igpu: &Igpu, out: &mut dyn fmt::Write) -> Result {
        self.usage.write(&igpu.transport(), igpu.facts(), out)
    }

    /// Memory is short: takes off the device what its address spaces have mapped for
    /// EXECBUFFER2 and no submission uses, as [`AddressSpace::unbind_idle`].
    pub(crate) fn unbind_idle(
        &self,
        dev: &drm::Device,
        pages: &mut usize,
        updates: &mut KVec<BindPoint>,
    ) {
        self.contexts
            .for_each_vm(|vm| vm.unbind_idle(dev, pages, updates));
        self.vms.for_each(|vm| vm.unbind_idle(dev, pages, updates));
    }

    /// Whether its hangs forbid it to make contexts (`client_is_banned`).
    pub(crate) fn is_banned(&self) -> bool {
        self.hangs.hangs.lock().is_banned()
    }

    /// The video engine for legacy submissions that name none: files take them in turn,
    /// and each keeps its own (`gen8_dispatch_bsd_engine`).
    pub(crate) fn video_engine(&self, igpu: &Igpu) -> usize {
        let chosen = self.video.load(Relaxed);
        let chosen = if chosen != 0 {
            chosen
        } else {
            let next = (igpu.next_video() & 0xff) + 1;
            match self.video.cmpxchg(0, next, Relaxed) {
                Ok(_) => next,
                Err(other) => other,
            }
        };
        chosen as usize - 1
    }

    /// A handle of `object` is closed: address spaces of the file that map it for
    /// EXECBUFFER2 give it up. Costs nothing for an object that no submission has used.
    pub(crate) fn object_closed(&self, dev: &drm::Device, object: &drm::Object) {
        if !object.may_be_bound() {
            return;
        }
        self.contexts.for_each_vm(|vm| vm.close_object(dev, object));
        self.vms.for_each(|vm| vm.close_object(dev, object));
    }

    /// The file is closed: all its ids go.
    pub(crate) fn close(&self, _dev: &drm::Device) {
        self.contexts.close_all();
        self.vms.close_all();
    }
}
