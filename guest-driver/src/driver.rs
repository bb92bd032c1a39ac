// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The driver: what one device shares, and where the DRM layer calls in.

use crate::context::Client;
use crate::debug;
use crate::drm::sync::IrqLock;
use crate::drm::{self, process, Timeout, ETIME};
use crate::engine::Engines;
use crate::error_state::{self, ErrorStates};
use crate::gem;
use crate::link::{CurrentLink, Link};
use crate::new_irq_lock;
use crate::protocol::{DeviceConfig, Event, EventKind, PlatformFeatures, PlatformReply};
use crate::rules::platform::{ClassInstance, Engine, ResetSupport, MAX_ENGINES};
use crate::rules::proto_context::Environment;
use crate::rules::PlatformFacts;
use crate::uapi;
use crate::uapi_types::{
    I915_SCHEDULER_CAP_ENABLED, I915_SCHEDULER_CAP_ENGINE_BUSY_STATS,
    I915_SCHEDULER_CAP_PREEMPTION, I915_SCHEDULER_CAP_PRIORITY, I915_SCHEDULER_CAP_SEMAPHORES,
};
use crate::virtio::Transport;
use core::fmt;
use kernel::prelude::*;
use kernel::sync::atomic::{Atomic, Relaxed};

use kernel::sync::{new_condvar, Arc, CondVar, CondVarTimeoutResult};

/// How long the end of what a reset engine executed is waited for, in nanoseconds.
const RESET_TIMEOUT_NS: u64 = 1_000_000_000;

/// Hangs that the driver remembers: as many as the device can report at a time.
const RECENT_HANGS: usize = 16;

/// What one device shares between its files.
#[pin_data]
pub(crate) struct Igpu {
    /// The device, since its last reset.
    link: Arc<CurrentLink>,
    facts: PlatformFacts,
    /// How its engines share their time, and what may be done about hangs.
    #[pin]
    engines: Engines,
    /// The last number given to an address space, context or timeline.
    last_number: Atomic<u32>,
    /// Resets of the whole device: i915's reset count.
    reset_count: Atomic<u32>,
    /// Submissions that have come back as hung.
    hangs: Atomic<u32>,
    /// Legacy submissions to the video engines go to files' engines in turn.
    next_video: Atomic<u32>,
    /// The last hangs, newest first.
    #[pin]
    recent_hangs: IrqLock<[Option<Event>; RECENT_HANGS]>,
    /// What the first of them was about.
    #[pin]
    errors: ErrorStates,
    /// Submissions made and not ended. Interrupts off.
    #[pin]
    unfinished: IrqLock<u64>,
    /// Waited on with `unfinished`: that it is zero, or `hangs` higher.
    #[pin]
    progress: CondVar,
}

impl Igpu {
    /// The device, since its last reset: what is made on it now is made over this.
    pub(crate) fn link(&self) -> Arc<Link> {
        self.link.get()
    }

    /// The way to the device, since its last reset.
    pub(crate) fn transport(&self) -> Arc<Transport> {
        self.link().transport().clone()
    }

    /// What the platform is.
    pub(crate) fn facts(&self) -> &PlatformFacts {
        &self.facts
    }

    /// What the rules about contexts depend on, with i915's parameters as they are now.
    pub(crate) fn environment(&self) -> Environment<'_> {
        Environment {
            facts: &self.facts,
            hangcheck: self.engines.detects_hangs(),
            reset: self.facts.reset.limited(self.engines.reset_parameter()),
        }
    }

    /// Its engines.
    pub(crate) fn engines(&self) -> &Engines {
        &self.engines
    }

    /// The version of VM_BIND that is offered.
    pub(crate) fn vm_bind_version(&self) -> u32 {
        self.facts.vm_bind_version
    }

    /// A number for an address space, context or timeline: not used before, until 2^32
    /// have been given.
    pub(crate) fn next_number(&self) -> u32 {
        loop {
            let number = self.last_number.fetch_add(1, Relaxed).wrapping_add(1);
            if number != 0 {
                return number;
            }
        }
    }

    /// Counts files that choose a video engine.
    pub(crate) fn next_video(&self) -> u32 {
        self.next_video.fetch_add(1, Relaxed)
    }

    /// Whether the device refuses submissions with EIO, as it is now: wedged, or lost. What
    /// was made before its last reset is lost whatever this says.
    pub(crate) fn is_wedged(&self) -> bool {
        self.link().is_wedged()
    }

    /// Resets of the whole device. Any context.
    pub(crate) fn reset_count(&self) -> u32 {
        self.reset_count.load(Relaxed)
    }

    /// The device is reset as a whole.
    pub(crate) fn count_reset(&self) {
        self.reset_count.fetch_add(1, Relaxed);
    }

    /// An engine has hung. If engines may not be reset one by one, i915 resets the device
    /// (`intel_gt_handle_error`). Any context.
    pub(crate) fn count_hang(&self) {
        if self.environment().reset != ResetSupport::Engine && !self.link().resets().is_under_way()
        {
            self.count_reset();
        }
        self.hangs.fetch_add(1, Relaxed);
        // Who has looked at the count holds this until it waits.
        drop(self.unfinished.lock());
        self.progress.notify_all();
    }

    /// The last hang the device has reported.
    pub(crate) fn last_hang(&self) -> Option<Event> {
        self.recent_hang(|_| true)
    }

    /// The newest of the last hangs that `is_meant`, called with interrupts off, says yes to.
    pub(crate) fn recent_hang(&self, is_meant: impl Fn(&Event) -> bool) -> Option<Event> {
        let recent = self.recent_hangs.lock();
        recent
            .iter()
            .flatten()
            .find(|event| is_meant(event))
            .copied()
    }

    /// The error state.
    pub(crate) fn errors(&self) -> &ErrorStates {
        &self.errors
    }

    /// Submissions made and not ended.
    pub(crate) fn unfinished(&self) -> u64 {
        *self.unfinished.lock()
    }

    /// Waits, interruptibly, until no submission is unfinished. ETIME, ERESTARTSYS.
    pub(crate) fn wait_idle(&self, timeout: Timeout) -> Result {
        let mut left = timeout.jiffies();
        let mut unfinished = self.unfinished.lock();
        while *unfinished != 0 {
            left = match self
                .progress
                .wait_interruptible_timeout(&mut unfinished, left)
            {
                CondVarTimeoutResult::Woken { jiffies } => jiffies,
                CondVarTimeoutResult::Timeout => return Err(ETIME),
                CondVarTimeoutResult::Signal { .. } => return Err(ERESTARTSYS),
            };
        }
        Ok(())
    }

    /// Resets the engines in one of i915's engine masks, and waits until what they executed
    /// has come back as hung; a moment at most, since it may have ended by itself. How many
    /// submissions that were.
    pub(crate) fn reset_engines(&self, mask: u64) -> Result<u32> {
        let before = self.hangs.load(Relaxed);
        let submissions = self.engines.reset(mask)?;
        let mut left = Timeout::Nanoseconds(RESET_TIMEOUT_NS).jiffies();
        let mut unfinished = self.unfinished.lock();
        while *unfinished != 0 && self.hangs.load(Relaxed).wrapping_sub(before) < submissions {
            left = match self
                .progress
                .wait_interruptible_timeout(&mut unfinished, left)
            {
                CondVarTimeoutResult::Woken { jiffies } => jiffies,
                _ => break,
            };
        }
        Ok(submissions)
    }
}

/// Counts a submission as unfinished while it lives. Any context.
pub(crate) struct Unfinished(Arc<Igpu>);

impl Unfinished {
    /// A submission is made.
    pub(crate) fn new(igpu: Arc<Igpu>) -> Self {
        *igpu.unfinished.lock() += 1;
        Self(igpu)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let mut unfinished = self.0.unfinished.lock();
        *unfinished -= 1;
        if *unfinished == 0 {
            self.0.progress.notify_all();
        }
    }
}

/// What the rules must know, from what the device says.
fn facts(config: &DeviceConfig, platform: &PlatformReply) -> Result<PlatformFacts> {
    let features = platform.features.get();
    let engine_count = usize::from(platform.engine_count.get());
    if engine_count > MAX_ENGINES {
        return Err(ENODEV);
    }
    let mut engines = [Engine::default(); MAX_ENGINES];
    for (engine, info) in engines
        .iter_mut()
        .zip(platform.engines.iter())
        .take(engine_count)
    {
        engine.name = ClassInstance {
            class: info.class.get(),
            instance: info.instance.get(),
        };
        engine.capabilities = info.capabilities.get();
    }
    let facts = PlatformFacts {
        chipset_id: config.device_id.get(),
        revision: config.revision.get() as u8,
        graphics_version: platform.graphics_version.get(),
        address_bits: platform.address_bits.get(),
        relocations: features & PlatformFeatures::RELOCATIONS != 0,
        vm_bind_version: if features & PlatformFeatures::VM_BIND != 0 {
            crate::vm_bind_version()
        } else {
            0
        },
        timestamp_frequency: platform.timestamp_frequency.get(),
        slice_mask: platform.slice_mask.get(),
        subslice_mask: platform.subslice_mask.get(),
        eu_mask: platform.eu_mask.get(),
        max_slices: platform.max_slices.get(),
        max_subslices: platform.max_subslices.get(),
        max_eus_per_subslice: platform.max_eus_per_subslice.get(),
        scheduler: I915_SCHEDULER_CAP_ENABLED
            | I915_SCHEDULER_CAP_PRIORITY
            | I915_SCHEDULER_CAP_PREEMPTION
            | I915_SCHEDULER_CAP_SEMAPHORES
            | I915_SCHEDULER_CAP_ENGINE_BUSY_STATS,
        reset: ResetSupport::Engine,
        memory_size: process::total_memory(),
        engine_count,
        engines,
    };
    facts.check()?;
    Ok(facts)
}

impl drm::Driver for Igpu {
    type Device = Igpu;
    type File = Client;
    type Object = gem::ObjectData;
    const IOCTLS: &'static [drm::Ioctl] = uapi::IOCTLS;
    const DEBUGFS: &'static [drm::DebugFile] = debug::FILES;

    fn new(
        _dev: &drm::Device,
        transport: Arc<Transport>,
        config: &DeviceConfig,
        platform: &PlatformReply,
    ) -> Result<Arc<Self>> {
        let facts = facts(config, platform)?;
        let link = CurrentLink::new(Link::new(transport)?)?;
        let engines = Engines::new(link.clone(), platform)?;
        let errors = ErrorStates::new()?;
        Arc::pin_init(
            try_pin_init!(Self {
                link,
                facts,
                engines <- engines,
                last_number: Atomic::new(0),
                reset_count: Atomic::new(0),
                hangs: Atomic::new(0),
                next_video: Atomic::new(0),
                recent_hangs <- new_irq_lock!([None; RECENT_HANGS], "Igpu::recent_hangs"),
                errors <- errors,
                unfinished <- new_irq_lock!(0, "Igpu::unfinished"),
                progress <- new_condvar!("Igpu::progress"),
            }),
            GFP_KERNEL,
        )
    }

    fn registered(dev: &drm::Device) {
        dev.data().engines.show(dev);
        if let Err(error) = error_state::SYSFS_FILE.create(dev) {
            pr_warn!("no error state in sysfs: {:?}\n", error);
        }
    }

    fn renewed(dev: &drm::Device, transport: &Arc<Transport>) -> Result {
        let igpu = dev.data();
        let link = Link::new(transport.clone())?;
        igpu.tell_of_reset(dev, || {
            igpu.engines.tell_all(link.clone())?;
            igpu.count_reset();
            Ok(())
        })
    }

    fn suspend(dev: &drm::Device) -> Result {
        dev.data().quiesce(dev)
    }

    fn resume(dev: &drm::Device) {
        dev.data().recover();
    }

    fn unplugged(dev: &drm::Device) {
        dev.data().engines.hide();
    }

    fn open(dev: &drm::Device) -> Result<Arc<Client>> {
        Client::open(dev.data())
    }

    fn close(dev: &drm::Device, file: &drm::File) {
        file.data().close(dev);
    }

    fn object_close(dev: &drm::Device, object: &drm::Object, file: &drm::File) {
        file.data().object_closed(dev, object);
    }

    fn usage(dev: &drm::Device, file: &drm::File, out: &mut dyn fmt::Write) -> Result {
        file.data().write_usage(dev.data(), out)
    }

    fn unbind_idle(dev: &drm::Device, mut pages: usize) -> Result {
        let mut updates = KVec::new();
        for client in dev.open_files()? {
            client.unbind_idle(dev, &mut pages, &mut updates);
        }
        for update in updates {
            dev.unlocked(|| update.wait(Timeout::Forever))?;
        }
        Ok(())
    }

    fn imported_object() -> impl PinInit<gem::ObjectData, Error> {
        gem::ObjectData::imported()
    }

    fn event(dev: &drm::Device, transport: &Transport, event: &Event) {
        let length = event.reason.iter().position(|byte| *byte == 0);
        let reason = event.reason.get(..length.unwrap_or(0)).unwrap_or(&[]);
        let reason = core::str::from_utf8(reason).unwrap_or("(no reason given)");
        match EventKind::from_u32(event.kind.get()) {
            Some(EventKind::Hang) => {
                pr_notice!(
                    "GPU HANG: context {} on engine {}:{}, command {:#010x} at {:#x}: {}\n",
                    event.context.get(),
                    event.class.get(),
                    event.instance.get(),
                    event.command.get(),
                    event.command_address.get(),
                    reason,
                );
                let mut recent = dev.data().recent_hangs.lock();
                recent.rotate_right(1);
                recent[0] = Some(*event);
            }
            Some(EventKind::DeviceLost) => {
                pr_err!("the GPU is gone and stays wedged: {}\n", reason);
                transport.give_up();
            }
            None => pr_warn!("unknown event {} of the device\n", event.kind.get()),
        }
    }

    /// i915 tells userspace of resets of the whole device alone (`intel_gt_reset_global`).
    /// Where it may not be reset it is wedged.
    fn hang_handled(dev: &drm::Device) {
        let igpu = dev.data();
        let reset = igpu.environment().reset;
        let link = igpu.link();
        if reset != ResetSupport::Engine && !link.resets().is_under_way() && !link.is_wedged() {
            igpu.tell_of_reset(dev, || {
                if reset == ResetSupport::None {
                    link.resets().wedge_after_hang();
                }
            });
        }
    }
}
