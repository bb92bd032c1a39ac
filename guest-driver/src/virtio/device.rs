// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The virtio driver: which devices are ours, and what the virtio core asks of us.

use core::ptr;
use kernel::{bindings, ffi::c_int, prelude::*, sync::Arc, types::Opaque};

use super::{
    bound::{Awaited, Bound},
    device_config,
    recovery::PERIOD_MS,
    transport::{EventListener, Transport, STATUS_NEEDS_RESET},
};
use crate::{
    protocol::{DeviceConfig, PlatformReply, QUEUE_COUNT, VIRTIO_ID, VIRTIO_ID_STOCK_QEMU},
    raw,
};

/// `VIRTIO_F_INDIRECT_DESC` (virtio 1.3, section 6).
const FEATURE_INDIRECT_DESC: u32 = 28;
/// `VIRTIO_DEV_ANY_ID`.
const ANY_VENDOR: u32 = u32::MAX;

/// What is built on a bound device: the DRM device.
pub(crate) trait Client: EventListener + Sized + 'static {
    /// The device is up and says it is this platform. Process context.
    fn start(
        transport: &Arc<Transport>,
        parent: Parent<'_>,
        config: &DeviceConfig,
        platform: &PlatformReply,
    ) -> Result<Arc<Self>>;

    /// The device was reset, and is the same: what is new from here on goes this way, what was
    /// there before is lost with its own transport. Process context.
    fn renew(&self, transport: &Arc<Transport>) -> Result;

    /// The device is gone: the transport is lost and every command has been called back.
    /// Stop offering anything. Process context.
    fn stop(&self);

    /// The guest suspends: end what is under way. Process context.
    fn suspend(&self) -> Result;

    /// The guest goes on, or doesn't suspend after all. Process context.
    fn resume(&self);
}

/// The device that the virtio device hangs from: for a PCI transport, the PCI function.
#[derive(Clone, Copy)]
pub(crate) struct Parent<'a>(&'a Opaque<bindings::device>);

impl<'a> Parent<'a> {
    /// That device.
    pub(super) fn new(device: &'a Opaque<bindings::device>) -> Self {
        Self(device)
    }
    /// The C device; lives as long as this.
    pub(crate) fn as_raw(self) -> *mut bindings::device {
        self.0.get()
    }
}

/// Keeps the virtio driver registered; its drop unbinds all devices.
pub(crate) struct Registration {
    driver: KBox<Opaque<raw::virtio_driver>>,
}

// SAFETY: It is only held, and dropped by whoever drops the module.
unsafe impl Send for Registration {}
// SAFETY: It offers nothing through a shared reference.
unsafe impl Sync for Registration {}

/// The ids the driver binds to. The list ends with zeroes.
struct IdTable([raw::virtio_device_id; 3]);

// SAFETY: The table is never written.
unsafe impl Sync for IdTable {}

static ID_TABLE: IdTable = IdTable([
    raw::virtio_device_id {
        device: VIRTIO_ID,
        vendor: ANY_VENDOR,
    },
    raw::virtio_device_id {
        device: VIRTIO_ID_STOCK_QEMU,
        vendor: ANY_VENDOR,
    },
    raw::virtio_device_id {
        device: 0,
        vendor: 0,
    },
]);

impl Registration {
    /// Registers the driver; devices that are there are bound before this returns.
    pub(crate) fn new<T: Client>(module: &'static ThisModule) -> Result<Self> {
        let mut driver = raw::virtio_driver {
            id_table: ID_TABLE.0.as_ptr(),
            validate: Some(validate),
            probe: Some(probe::<T>),
            remove: Some(remove::<T>),
            config_changed: Some(config_changed::<T>),
            freeze: Some(freeze::<T>),
            restore: Some(restore::<T>),
            reset_prepare: Some(reset_prepare::<T>),
            reset_done: Some(reset_done::<T>),
            shutdown: Some(shutdown::<T>),
            ..Default::default()
        };
        driver.driver.name = c"virtio_igpu".as_ptr().cast();
        let driver = KBox::new(Opaque::new(driver), GFP_KERNEL)?;
        // SAFETY: The driver's struct is filled in and stays where it is until it is
        // unregistered; `module` is this module.
        let ret = unsafe { raw::__register_virtio_driver(driver.get(), module.as_ptr()) };
        kernel::error::to_result(ret)?;
        Ok(Self { driver })
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        // SAFETY: It was registered by `new`.
        unsafe { raw::unregister_virtio_driver(self.driver.get()) }
    }
}

/// What belongs to `vdev`.
///
/// # Safety
///
/// It is bound, and stays so for `'a`.
unsafe fn bound<'a, T: Client>(vdev: *mut raw::virtio_device) -> &'a Bound<T> {
    // SAFETY: `probe` has set it, and `remove` takes it back.
    unsafe { &*(*vdev).priv_.cast() }
}

/// A virtqueue's interrupt. Hard interrupt context.
unsafe extern "C" fn interrupt<T: Client>(vq: *mut raw::virtqueue) {
    // SAFETY: The virtio core calls with a live virtqueue of a live device.
    let (index, vdev) = unsafe { ((*vq).index, (*vq).vdev) };
    // SAFETY: `priv` was set before the virtqueues were made, and is freed after they are.
    if let Some(transport) = unsafe { bound::<T>(vdev) }.current() {
        transport.interrupt(index as usize);
    }
}

/// The device's configuration or status has changed. Hard interrupt context.
unsafe extern "C" fn config_changed<T: Client>(vdev: *mut raw::virtio_device) {
    // SAFETY: The virtio core calls while the device is bound.
    let bound = unsafe { bound::<T>(vdev) };
    // SAFETY: The device lives.
    if bound.is_own() && unsafe { raw::igpu_get_status(vdev) } & STATUS_NEEDS_RESET != 0 {
        // Its worker has it brought up again.
        if let Some(transport) = bound.current() {
            transport.give_up();
        }
    }
}

/// Says which of the offered features are not wanted: indirect descriptors, for each of which
/// the ring allocates memory and frees it again. A command takes two descriptors, and the ring
/// has room for hundreds.
unsafe extern "C" fn validate(vdev: *mut raw::virtio_device) -> c_int {
    // SAFETY: The kernel calls before it settles the features.
    unsafe { raw::igpu_clear_feature(vdev, FEATURE_INDIRECT_DESC) };
    0
}

unsafe extern "C" fn probe<T: Client>(vdev: *mut raw::virtio_device) -> c_int {
    // SAFETY: The virtio core calls with the device to be bound.
    errno(unsafe { bind::<T>(vdev) })
}

fn errno(result: Result) -> c_int {
    match result {
        Ok(()) => 0,
        Err(error) => error.to_errno(),
    }
}

/// Binds to `vdev`. Our own device that no daemon serves is bound, too, and comes up when one
/// does.
///
/// # Safety
///
/// `vdev` is a device that the virtio core asks us to bind.
unsafe fn bind<T: Client>(vdev: *mut raw::virtio_device) -> Result {
    // SAFETY: The caller vouches for the device.
    let config = unsafe { device_config::read(vdev, (*vdev).id.device == VIRTIO_ID) }?;
    // SAFETY: The device is ours from here until `unbind`.
    let bound = unsafe { Bound::<T>::new(vdev) }?;
    // SAFETY: As above.
    unsafe { (*vdev).priv_ = Arc::into_raw(bound.clone()).cast_mut().cast() };

    let mut state = bound.state.lock();
    let result = match config {
        Some(config) => bound.bring_up(&mut state, &config),
        None => Err(EAGAIN),
    };
    let Err(error) = result else {
        return Ok(());
    };
    // What asks for a reset has lost its daemon while it came up.
    let awaits_daemon = bound.take_down(&mut state) || error == EAGAIN;
    let is_lost = bound.is_own() && state.was_lost;
    drop(state);
    if awaits_daemon {
        pr_info!("no daemon serves the virtual GPU: it comes up when one does\n");
        bound.wait_for(Awaited::Daemon);
    } else if is_lost {
        pr_err!("the virtual GPU's daemon does not answer: it comes up when another does\n");
        bound.wait_for(Awaited::AnotherDaemon);
    }
    if awaits_daemon || is_lost {
        bound.look_in(PERIOD_MS);
        return Ok(());
    }
    pr_err!("no GPU from the virtio device: {:?}\n", error);
    // SAFETY: It was bound above, as far as it got.
    unsafe { unbind::<T>(vdev) };
    Err(error)
}

/// Finds the device's queues, opens the transport on them and says that the driver is ready.
///
/// # Safety
///
/// `vdev` is being bound, reset or restored, and its `priv` is set.
pub(super) unsafe fn find_queues<T: Client>(
    vdev: *mut raw::virtio_device,
    transport: &Transport,
) -> Result {
    let names = [c"control", c"bind", c"submit", c"event"];
    let mut infos = names.map(|name| raw::virtqueue_info {
        name: name.as_ptr().cast(),
        callback: Some(interrupt::<T>),
        ctx: false,
    });
    let mut vqs = [ptr::null_mut(); QUEUE_COUNT];
    // SAFETY: Both arrays have an entry for each queue, and `priv` is set for interrupts.
    let ret = unsafe {
        raw::igpu_find_vqs(
            vdev,
            QUEUE_COUNT as u32,
            vqs.as_mut_ptr(),
            infos.as_mut_ptr(),
        )
    };
    kernel::error::to_result(ret)?;
    // SAFETY: The virtqueues live until they are taken away, and the transport is closed
    // first.
    unsafe { transport.open(&vqs) }?;
    // SAFETY: The device is bound and its queues are there.
    unsafe { raw::igpu_device_ready(vdev) };

    Ok(())
}

/// The guest suspends: the device is reset, and keeps what it knows.
unsafe extern "C" fn freeze<T: Client>(vdev: *mut raw::virtio_device) -> c_int {
    // SAFETY: The virtio core calls with a device that `bind` has bound.
    errno(unsafe { bound::<T>(vdev) }.freeze())
}

/// The guest goes on after a suspension.
unsafe extern "C" fn restore<T: Client>(vdev: *mut raw::virtio_device) -> c_int {
    // SAFETY: The virtio core calls with a device that `bind` has bound and `freeze` frozen.
    unsafe { bound::<T>(vdev) }.restore();
    0
}

/// Somebody is about to reset the device.
unsafe extern "C" fn reset_prepare<T: Client>(vdev: *mut raw::virtio_device) -> c_int {
    // SAFETY: The virtio core calls with a device that `bind` has bound.
    let bound = unsafe { bound::<T>(vdev) };
    bound.take_down(&mut bound.state.lock());
    0
}

/// The device was reset.
unsafe extern "C" fn reset_done<T: Client>(vdev: *mut raw::virtio_device) -> c_int {
    // SAFETY: The virtio core calls with a device that `bind` has bound.
    errno(unsafe { bound::<T>(vdev) }.come_back())
}

/// The machine goes down, or another kernel takes over.
unsafe extern "C" fn shutdown<T: Client>(vdev: *mut raw::virtio_device) {
    // SAFETY: The virtio core calls with a device that `bind` has bound.
    unsafe { bound::<T>(vdev) }.give_up_recovery();
    // SAFETY: As above.
    unsafe { raw::virtio_device_shutdown(vdev) };
}

unsafe extern "C" fn remove<T: Client>(vdev: *mut raw::virtio_device) {
    // SAFETY: The virtio core calls with a device that `bind` has bound.
    unsafe { unbind::<T>(vdev) }
}

/// Undoes `bind`, as far as it got.
///
/// # Safety
///
/// `vdev` is bound: its `priv` is ours.
unsafe fn unbind<T: Client>(vdev: *mut raw::virtio_device) {
    // SAFETY: The caller vouches for it.
    unsafe { bound::<T>(vdev) }.end();
    // SAFETY: Interrupts, its other users, are gone with the virtqueues.
    let bound = unsafe { core::mem::replace(&mut (*vdev).priv_, ptr::null_mut()) };
    // SAFETY: It came from `Arc::into_raw` in `bind`.
    drop(unsafe { Arc::from_raw(bound.cast::<Bound<T>>()) });
}
