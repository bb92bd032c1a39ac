// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Binding to the virtio device: which one is ours, its start, its end.

use core::{
    mem::{offset_of, size_of},
    ptr,
};
use kernel::{bindings, ffi::c_int, prelude::*, sync::Arc, types::Opaque};
use zerocopy::{FromZeros, IntoBytes};

use super::{
    transport::{EventListener, Transport},
    work,
};
use crate::{
    protocol::{
        DeviceConfig, Hello, PlatformReply, QueryPlatform, DEVICE_CONFIG_SIZE, MAGIC, QUEUE_COUNT,
        VERSION, VIRTIO_ID_IGPU, VIRTIO_ID_STOCK_QEMU,
    },
    raw,
};

/// `VIRTIO_F_VERSION_1`: the device is not a legacy one.
const FEATURE_VERSION_1: u32 = 32;
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

impl Parent<'_> {
    /// The C device; lives as long as this.
    pub(crate) fn as_raw(self) -> *mut bindings::device {
        self.0.get()
    }
}

/// What belongs to one bound device; `virtio_device::priv` points at it.
struct Bound<T> {
    transport: Arc<Transport>,
    /// None until it has started.
    client: Option<Arc<T>>,
    /// The engines' busy times as performance events; null if there are none.
    pmu: *mut raw::igpu_pmu,
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
        device: VIRTIO_ID_IGPU,
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
            freeze: Some(freeze::<T>),
            restore: Some(restore::<T>),
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

/// A virtqueue's interrupt. Hard interrupt context.
unsafe extern "C" fn interrupt<T: Client>(vq: *mut raw::virtqueue) {
    // SAFETY: The virtio core calls with a live virtqueue of a live device.
    let (index, vdev) = unsafe { ((*vq).index, (*vq).vdev) };
    // SAFETY: `priv` was set before the virtqueues were made, and is freed after they are.
    let bound = unsafe { &*(*vdev).priv_.cast::<Bound<T>>() };
    bound.transport.interrupt(index as usize);
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
    match unsafe { bind::<T>(vdev) } {
        Ok(()) => 0,
        Err(error) => error.to_errno(),
    }
}

/// Binds to `vdev`.
///
/// # Safety
///
/// `vdev` is a device that the virtio core asks us to bind.
unsafe fn bind<T: Client>(vdev: *mut raw::virtio_device) -> Result {
    // SAFETY: The caller vouches for the device.
    let config = unsafe { read_config(vdev) }?;
    let transport = Transport::new(vdev)?;
    let bound = KBox::into_raw(KBox::new(
        Bound::<T> {
            transport: transport.clone(),
            client: None,
            pmu: ptr::null_mut(),
        },
        GFP_KERNEL,
    )?);
    // SAFETY: The device is ours from here until `unbind`.
    unsafe { (*vdev).priv_ = bound.cast() };

    // SAFETY: `priv` is set and nothing of the device runs yet.
    let result = unsafe { start::<T>(vdev, &transport, &config) };
    match result {
        Ok((client, platform)) => {
            // SAFETY: Only probe and remove touch `client`, one after the other.
            unsafe { (*bound).client = Some(client.clone()) };
            // SAFETY: The device is bound; the events end before it is unbound.
            unsafe { (*bound).pmu = register_events(vdev, &platform) };
            transport.listen(Some(client));
            Ok(())
        }
        Err(error) => {
            pr_err!("no GPU from the virtio device: {:?}\n", error);
            // SAFETY: It was bound above, as far as it got.
            unsafe { unbind::<T>(vdev) };
            Err(error)
        }
    }
}

/// Reads and checks the device's configuration.
///
/// # Safety
///
/// `vdev` is a live virtio device.
unsafe fn read_config(vdev: *mut raw::virtio_device) -> Result<DeviceConfig> {
    // SAFETY: The caller vouches for the device.
    if !unsafe { raw::igpu_has_feature(vdev, FEATURE_VERSION_1) } {
        pr_err!("the virtio device is a legacy one, not a virtual GPU\n");
        return Err(ENODEV);
    }
    // SAFETY: The caller vouches for the device.
    let length = unsafe { raw::igpu_config_length(vdev) } as usize;
    if length < DEVICE_CONFIG_SIZE {
        pr_err!(
            "the virtio device has {length} bytes of configuration, a virtual GPU {}\n",
            DEVICE_CONFIG_SIZE
        );
        return Err(ENODEV);
    }
    let mut config = DeviceConfig::new_zeroed();
    let bytes = config.as_mut_bytes();
    // SAFETY: The device has that many bytes, and `bytes` room for them.
    unsafe {
        raw::igpu_read_config(
            vdev,
            0,
            bytes.as_mut_ptr().cast(),
            size_of::<DeviceConfig>() as u32,
        )
    };
    if config.magic.get() != MAGIC {
        pr_err!("the virtio device does not say that it is a virtual GPU\n");
        return Err(ENODEV);
    }
    if !(config.version_min.get()..=config.version_max.get()).contains(&VERSION) {
        pr_err!(
            "the device speaks protocol versions {} to {}, this driver {VERSION}\n",
            config.version_min.get(),
            config.version_max.get()
        );
        return Err(EINVAL);
    }
    Ok(config)
}

/// Starts the queues, greets the device, starts the client.
///
/// # Safety
///
/// `vdev` is being bound and its `priv` is set.
unsafe fn start<T: Client>(
    vdev: *mut raw::virtio_device,
    transport: &Arc<Transport>,
    config: &DeviceConfig,
) -> Result<(Arc<T>, PlatformReply)> {
    // SAFETY: As the caller says.
    unsafe { find_queues::<T>(vdev, transport) }?;
    transport.call(&Hello::new(0), &[])?;
    let platform = transport.call(&QueryPlatform::default(), &[])?;
    // SAFETY: A virtio device's parent outlives it.
    let parent = unsafe { &*(*vdev).dev.parent.cast::<Opaque<bindings::device>>() };
    let client = T::start(transport, Parent(parent), config, &platform)?;
    Ok((client, platform))
}

/// Finds the device's queues, opens the transport on them and says that the driver is ready.
///
/// # Safety
///
/// `vdev` is being bound, or restored, and its `priv` is set.
unsafe fn find_queues<T: Client>(vdev: *mut raw::virtio_device, transport: &Transport) -> Result {
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
    // SAFETY: The virtqueues live until `unbind`, which closes the transport first.
    unsafe { transport.open(&vqs) }?;
    // SAFETY: The device is bound and its queues are there.
    unsafe { raw::igpu_device_ready(vdev) };

    Ok(())
}

/// The guest suspends: the device is reset, and keeps what it knows.
unsafe extern "C" fn freeze<T: Client>(vdev: *mut raw::virtio_device) -> c_int {
    // SAFETY: The virtio core calls with a device that `bind` has bound.
    let bound = unsafe { &*(*vdev).priv_.cast::<Bound<T>>() };
    let suspended = (|| {
        if let Some(client) = &bound.client {
            client.suspend()?;
        }
        bound.transport.suspend()
    })();
    if let Err(error) = suspended {
        pr_err!("the virtual GPU can't be suspended: {:?}\n", error);
        if let Some(client) = &bound.client {
            client.resume();
        }
        return error.to_errno();
    }
    // Whoever has found a virtqueue before it was taken away is done with it after this.
    // SAFETY: We are in process context and in no read section.
    unsafe { bindings::synchronize_rcu() };
    // SAFETY: Nobody uses the virtqueues any more.
    unsafe { raw::igpu_del_vqs(vdev) };
    0
}

/// The guest goes on after a suspension.
unsafe extern "C" fn restore<T: Client>(vdev: *mut raw::virtio_device) -> c_int {
    // SAFETY: The virtio core calls with a device that `bind` has bound and `freeze` frozen.
    let bound = unsafe { &*(*vdev).priv_.cast::<Bound<T>>() };
    let transport = &bound.transport;
    if transport.is_lost() {
        return 0;
    }
    // SAFETY: The device is being restored.
    let found = unsafe { find_queues::<T>(vdev, transport) };
    if let Err(error) = found.and_then(|()| transport.resume()) {
        pr_err!(
            "what the guest had on the virtual GPU is lost: {:?}\n",
            error
        );
        transport.give_up();
        return 0;
    }
    if let Some(client) = &bound.client {
        client.resume();
    }
    0
}

/// Offers the engines' busy times as performance events, as i915 does.
///
/// # Safety
///
/// `vdev` is bound, and stays so until the events are unregistered.
unsafe fn register_events(
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
    let pmu =
        unsafe { raw::igpu_pmu_register(vdev, offset as u32, engines.as_ptr(), count as u32) };
    if pmu.is_null() {
        pr_notice!("no performance events\n");
    }
    pmu
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
    // SAFETY: `bind` has set `priv`, and only we take it back.
    let bound = unsafe { &mut *(*vdev).priv_.cast::<Bound<T>>() };
    // SAFETY: It is what registering gave, and is not used any more.
    unsafe { raw::igpu_pmu_unregister(bound.pmu) };
    bound.transport.listen(None);
    bound.transport.close();
    if let Some(client) = bound.client.take() {
        client.stop();
    }
    // Whoever has found a virtqueue before it was closed is done with it after this.
    // SAFETY: We are in process context and in no read section.
    unsafe { bindings::synchronize_rcu() };
    // SAFETY: Nobody uses the virtqueues any more. Without any it does nothing.
    unsafe { raw::igpu_del_vqs(vdev) };
    bound.transport.unbind();
    // Callbacks and whatever they put off run before the module may go.
    work::flush();
    // SAFETY: Interrupts, its other users, are gone with the virtqueues.
    unsafe { (*vdev).priv_ = ptr::null_mut() };
    // SAFETY: It came from `KBox::into_raw` in `bind`.
    drop(unsafe { KBox::from_raw(ptr::from_mut(bound)) });
}
