// SPDX-License-Identifier: GPL-2.0 OR MIT

//! What belongs to one bound device, and how it comes up, goes down and comes up again: with
//! each reset it gets new virtqueues and a new [`Transport`], while what is built on it, the
//! DRM device, stays.
//!
//! Who binds, unbinds, suspends or resets the device holds its lock in the driver core, so
//! there is one of them at a time; `state` is locked by them alone. Interrupts and performance
//! events find the transport by `current`.

use core::{
    mem::offset_of,
    ptr,
    sync::atomic::{AtomicPtr, AtomicU32, Ordering},
};
use kernel::{
    bindings, new_mutex,
    prelude::*,
    sync::{Arc, ArcBorrow, Mutex},
    time::msecs_to_jiffies,
    types::Opaque,
    workqueue::{impl_has_delayed_work, new_delayed_work, DelayedWork},
};
use zerocopy::IntoBytes;

use super::{
    counters::Counters,
    device::{find_queues, Client, Parent},
    device_config,
    transport::{LossListener, Transport},
    work,
};
use crate::{
    protocol::{DeviceConfig, Hello, PlatformReply, QueryPlatform, ReplyHeader, Status, VIRTIO_ID},
    raw,
};

/// What has to happen before the device is reset and comes up again.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Awaited {
    /// Nothing: it is up.
    Nothing,
    /// A daemon that serves it.
    Daemon,
    /// That the daemon goes, which hasn't lost its device but is done with it; then another.
    AnotherDaemon,
}

/// What belongs to one bound device; `virtio_device::priv` points at it. Always in an `Arc`.
#[pin_data]
pub(super) struct Bound<T: Client> {
    /// The device. Lives until [`Self::end`] returns.
    pub(super) vdev: *mut raw::virtio_device,
    /// It is our own device: it says when it needs a reset, and its configuration can be read
    /// at all times.
    is_own: bool,
    /// The transport on its virtqueues; null while it has none. Changed only while it has
    /// none, with an RCU grace period before what it was is dropped.
    current: AtomicPtr<Transport>,
    /// An [`Awaited`].
    awaited: AtomicU32,
    #[pin]
    pub(super) state: Mutex<State<T>>,
    /// Brings it up again.
    #[pin]
    pub(super) recovery: DelayedWork<Bound<T>>,
}

impl_has_delayed_work! {
    impl{T: Client} HasDelayedWork<Self> for Bound<T> { self.recovery }
}

// SAFETY: The virtio device may be used from any thread.
unsafe impl<T: Client> Send for Bound<T> {}
// SAFETY: As above.
unsafe impl<T: Client> Sync for Bound<T> {}

/// What only who brings it up and down looks at.
pub(super) struct State<T> {
    /// The last one; none before it came up for the first time.
    transport: Option<Arc<Transport>>,
    /// The transport was lost before it was taken down.
    pub(super) was_lost: bool,
    /// What is built on it. None until it has come up.
    client: Option<Arc<T>>,
    /// What it was when it came up for the first time.
    identity: Option<(DeviceConfig, PlatformReply)>,
    /// The engines' busy times as performance events; null if there are none.
    pmu: *mut raw::igpu_pmu,
    counters: Arc<Counters>,
}

// SAFETY: The performance events may be unregistered from any thread.
unsafe impl<T: Send + Sync> Send for State<T> {}

impl<T: Client> Bound<T> {
    /// What belongs to `vdev`, which is not up. ENOMEM.
    ///
    /// # Safety
    ///
    /// `vdev` lives until [`Self::end`] has returned.
    pub(super) unsafe fn new(vdev: *mut raw::virtio_device) -> Result<Arc<Self>> {
        let state = State {
            transport: None,
            was_lost: false,
            client: None,
            identity: None,
            pmu: ptr::null_mut(),
            counters: Arc::new(Counters::default(), GFP_KERNEL)?,
        };
        // SAFETY: The caller vouches for the device.
        let is_own = unsafe { (*vdev).id.device } == VIRTIO_ID;
        Arc::pin_init(
            pin_init!(Self {
                vdev,
                is_own,
                current: AtomicPtr::new(ptr::null_mut()),
                awaited: AtomicU32::new(Awaited::Nothing as u32),
                state <- new_mutex!(state, "virtio_igpu::Bound::state"),
                recovery <- new_delayed_work!("virtio_igpu::Bound::recovery"),
            }),
            GFP_KERNEL,
        )
    }

    /// Whether it is our own device, not one that stock QEMU lends.
    pub(super) fn is_own(&self) -> bool {
        self.is_own
    }

    /// The transport, for interrupts of the device, and for who is in an RCU read section.
    pub(super) fn current(&self) -> Option<&Transport> {
        let current = self.current.load(Ordering::Acquire);
        // SAFETY: It lives as long as virtqueues that can interrupt, and an RCU grace period
        // more.
        unsafe { current.as_ref() }
    }

    /// What it waits for.
    pub(super) fn awaited(&self) -> Awaited {
        match self.awaited.load(Ordering::Acquire) {
            1 => Awaited::Daemon,
            2 => Awaited::AnotherDaemon,
            _ => Awaited::Nothing,
        }
    }

    /// Has it wait for that.
    pub(super) fn wait_for(&self, awaited: Awaited) {
        self.awaited.store(awaited as u32, Ordering::Release);
    }

    /// Has the worker look in so many milliseconds whether it can be brought up; sooner, if
    /// that was said before. Any context.
    pub(super) fn look_in(&self, milliseconds: u32) {
        let delay = msecs_to_jiffies(milliseconds);
        let _ = work::freezable_queue().enqueue_delayed(self.arc(), delay);
    }

    /// The `Arc` this lives in.
    fn arc(&self) -> Arc<Self> {
        // SAFETY: `new` is the only way to make one, and it puts it in an `Arc`, whose
        // count isn't zero while `self` is borrowed.
        unsafe { ArcBorrow::from_raw(ptr::from_ref(self)) }.into()
    }

    /// Whether commands go through.
    pub(super) fn is_up(&self) -> bool {
        let state = self.state.lock();
        let transport = state.transport.as_ref();
        transport.is_some_and(|transport| !transport.is_lost())
    }

    /// Whether `config` is that of the GPU it was before.
    pub(super) fn is_the_same(&self, config: &DeviceConfig) -> bool {
        let state = self.state.lock();
        let identity = state.identity.as_ref();
        identity.is_none_or(|(before, _)| device_config::is_same_gpu(before, config))
    }

    /// Brings the device up, which is reset and has its features settled: queues, greeting,
    /// and what is built on it. An error leaves it as far as it got.
    pub(super) fn bring_up(&self, state: &mut State<T>, config: &DeviceConfig) -> Result {
        let transport = Transport::new(self.vdev, state.counters.clone(), self.arc())?;
        let address = ptr::from_ref(&*transport).cast_mut();
        state.transport = Some(transport.clone());
        self.current.store(address, Ordering::Release);
        // SAFETY: The device is being bound, or reset, and `priv` is this.
        unsafe { find_queues::<T>(self.vdev, &transport) }?;
        transport.call(&Hello::new(0), &[])?;
        let platform = transport.call(&QueryPlatform::default(), &[])?;
        match (&state.client, &state.identity) {
            (Some(client), Some((_, before))) => {
                if !is_same_platform(before, &platform) {
                    pr_err!("the device is another GPU since its reset: bind it anew\n");
                    return Err(ENODEV);
                }
                client.renew(&transport)?;
            }
            _ => {
                // SAFETY: A virtio device's parent outlives it.
                let parent =
                    unsafe { &*(*self.vdev).dev.parent.cast::<Opaque<bindings::device>>() };
                let client = T::start(&transport, Parent::new(parent), config, &platform)?;
                state.client = Some(client);
                state.identity = Some((*config, platform));
                // SAFETY: The device is bound; the events end before it is unbound.
                state.pmu = unsafe { register_events::<T>(self.vdev, &platform) };
            }
        }
        self.wait_for(Awaited::Nothing);
        if let Some(client) = &state.client {
            transport.listen(client.clone());
        }
        Ok(())
    }

    /// Ends all that is under way on the device, resets it and takes its virtqueues away.
    /// Whether it had asked for a reset. Process context.
    pub(super) fn take_down(&self, state: &mut State<T>) -> bool {
        let transport = state.transport.clone();
        let mut needs_reset = false;
        if let Some(transport) = &transport {
            transport.fall_silent();
            state.was_lost = transport.is_lost();
            needs_reset = transport.close();
        }
        self.current.store(ptr::null_mut(), Ordering::Release);
        // Whoever has found it, or a virtqueue of its, is done with it after this.
        // SAFETY: We are in process context and in no read section.
        unsafe { bindings::synchronize_rcu() };
        // SAFETY: Nobody uses the virtqueues any more. Without any it does nothing.
        unsafe { raw::igpu_del_vqs(self.vdev) };
        if let Some(transport) = &transport {
            transport.unbind();
        }
        needs_reset
    }

    /// The device was reset by others, or at our wish: brings it up again. Its error, with
    /// the device down.
    pub(super) fn come_back(&self) -> Result {
        let mut state = self.state.lock();
        let result = self.try_to_come_back(&mut state);
        let Err(error) = result else {
            pr_info!("the virtual GPU has been reset and works\n");
            return Ok(());
        };
        let needs_reset = self.take_down(&mut state);
        if error == EAGAIN {
            pr_info!("no daemon serves the virtual GPU: it comes up when one does\n");
        } else {
            pr_err!(
                "the virtual GPU has been reset and does not work: {:?}\n",
                error
            );
        }
        if self.is_own {
            let awaited = match needs_reset || error == ENOMEM || error == EAGAIN {
                true => Awaited::Daemon,
                false => Awaited::AnotherDaemon,
            };
            self.wait_for(awaited);
            self.look_in(super::recovery::PERIOD_MS);
        }
        Err(error)
    }

    fn try_to_come_back(&self, state: &mut State<T>) -> Result {
        let config = match &state.identity {
            // Of such a device it mustn't be read: its daemon may be gone.
            Some(_) if !self.is_own && state.was_lost => return Err(EIO),
            Some((config, _)) if !self.is_own => *config,
            // SAFETY: The device lives.
            _ => unsafe { device_config::read(self.vdev, self.is_own) }?.ok_or(EAGAIN)?,
        };
        if let Some((before, _)) = &state.identity {
            if !device_config::is_same_gpu(before, &config) {
                return Err(ENODEV);
            }
        }
        self.bring_up(state, &config)
    }

    /// The guest suspends: has the device keep what it knows, and takes its virtqueues away.
    pub(super) fn freeze(&self) -> Result {
        let state = self.state.lock();
        let Some(transport) = &state.transport else {
            return Ok(());
        };
        let suspended = (|| {
            if let Some(client) = &state.client {
                client.suspend()?;
            }
            transport.suspend()
        })();
        if let Err(error) = suspended {
            pr_err!("the virtual GPU can't be suspended: {:?}\n", error);
            if let Some(client) = &state.client {
                client.resume();
            }
            return Err(error);
        }
        // Whoever has found a virtqueue before it was taken away is done with it after this.
        // SAFETY: We are in process context and in no read section.
        unsafe { bindings::synchronize_rcu() };
        // SAFETY: Nobody uses the virtqueues any more.
        unsafe { raw::igpu_del_vqs(self.vdev) };
        Ok(())
    }

    /// The guest goes on after a suspension.
    pub(super) fn restore(&self) {
        let state = self.state.lock();
        let Some(transport) = &state.transport else {
            return;
        };
        if transport.is_lost() {
            return;
        }
        // SAFETY: The device is being restored, and `priv` is this.
        let found = unsafe { find_queues::<T>(self.vdev, transport) };
        if let Err(error) = found.and_then(|()| transport.resume()) {
            pr_err!(
                "what the guest had on the virtual GPU is lost: {:?}\n",
                error
            );
            self.wait_for(Awaited::Daemon);
            transport.give_up();
            return;
        }
        if let Some(client) = &state.client {
            client.resume();
        }
    }

    /// Nothing is brought up any more from here on. Process context.
    pub(super) fn give_up_recovery(&self) {
        if work::disable(&self.recovery) {
            // SAFETY: It was queued as an `Arc` that is given back here.
            drop(unsafe { Arc::from_raw(ptr::from_ref(self)) });
        }
    }

    /// The device leaves the driver: undoes everything, as far as it got.
    pub(super) fn end(&self) {
        self.give_up_recovery();
        let mut state = self.state.lock();
        let pmu = core::mem::replace(&mut state.pmu, ptr::null_mut());
        // SAFETY: It is what registering gave, and is not used any more.
        unsafe { raw::igpu_pmu_unregister(pmu) };
        if let Some(transport) = &state.transport {
            transport.fall_silent();
            transport.close();
        }
        if let Some(client) = state.client.take() {
            client.stop();
        }
        self.take_down(&mut state);
        drop(state);
        // The core has noted on it, say, that it was bound without coming up.
        // SAFETY: The device lives, and has no virtqueues.
        unsafe { raw::virtio_reset_device(self.vdev) };
        // Callbacks and whatever they put off run before the module may go.
        work::flush();
    }
}

impl<T: Client> LossListener for Bound<T> {
    fn lost(&self, needs_reset: bool) {
        if !self.is_own {
            return;
        }
        if needs_reset {
            self.wait_for(Awaited::Daemon);
        } else if self.awaited() == Awaited::Nothing {
            self.wait_for(Awaited::AnotherDaemon);
        }
        match self.awaited() {
            Awaited::AnotherDaemon => pr_err!("the virtual GPU is lost until it is reset\n"),
            _ => pr_err!("the virtual GPU is lost until a daemon serves it again\n"),
        }
        self.look_in(0);
    }
}

/// Whether two replies tell of the same platform.
fn is_same_platform(one: &PlatformReply, other: &PlatformReply) -> bool {
    let platform = |reply: &PlatformReply| PlatformReply {
        header: ReplyHeader::new(Status::Ok),
        ..*reply
    };
    platform(one).as_bytes() == platform(other).as_bytes()
}

/// Offers the engines' busy times as performance events, as i915 does.
///
/// # Safety
///
/// `vdev` is bound, and stays so until the events are unregistered.
unsafe fn register_events<T: Client>(
    vdev: *mut raw::virtio_device,
    platform: &PlatformReply,
) -> *mut raw::igpu_pmu {
    let engines = platform.engines.map(|engine| raw::igpu_pmu_engine {
        class: engine.class.get(),
        instance: engine.instance.get(),
    });
    let count = engines.len().min(platform.engine_count.get().into());
    let offset = offset_of!(DeviceConfig, engine_busy_ns);
    // SAFETY: `engines` has at least `count` entries; the configuration has a count for
    // each at that offset; the caller vouches for the device.
    let pmu = unsafe {
        raw::igpu_pmu_register(
            vdev,
            offset as u32,
            engines.as_ptr(),
            count as u32,
            Some(is_lost::<T>),
        )
    };
    if pmu.is_null() {
        pr_notice!("no performance events\n");
    }
    pmu
}

/// Whether the device's configuration must not be read. In an RCU read section.
unsafe extern "C" fn is_lost<T: Client>(vdev: *mut raw::virtio_device) -> bool {
    // SAFETY: The device is bound as long as there are performance events.
    let bound = unsafe { &*(*vdev).priv_.cast::<Bound<T>>() };
    bound.current().is_none_or(Transport::is_lost)
}
