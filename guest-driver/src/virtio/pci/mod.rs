// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The device as a PCI function with Intel's identity, which Linux's virtio-pci doesn't take:
//! a PCI driver that makes a virtio device of it. The virtio driver then binds to that as to
//! any other.
//!
//! `drivers/virtio/virtio_pci_modern_dev.c` reads and writes a function's virtio structures
//! for whoever asks; its hook `device_id_check` is for functions with ids of their own. What
//! is here is the rest of a transport: which function is ours ([`identity`]), the operations
//! that the virtio core calls ([`config`]), queues and their interrupts ([`queues`]).
//!
//! It is registered on the virtio bus, so that one virtio driver serves both identities, and
//! suspension, shutdown and resets go the ways that the virtio core has for them.

mod config;
mod identity;
mod queues;

use core::{
    mem::offset_of,
    ptr,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
};
use kernel::{bindings, ffi::c_int, prelude::*, types::Opaque};

use self::queues::Queues;
use crate::raw;

/// Intel's PCI vendor id.
const VENDOR_INTEL: u32 = 0x8086;
/// The functions that the virtual GPU can look like: Tiger Lake, Ice Lake.
const DEVICES: [u32; 2] = [0x9a49, 0x8a52];

/// Functions whose memory isn't freed yet.
static ALIVE: AtomicU32 = AtomicU32::new(0);

/// A PCI function that we drive. Freed with the last reference to its virtio device.
#[repr(C)]
struct Function {
    /// The virtio device. First, so that a pointer to one is a pointer to the other.
    vdev: raw::virtio_device,
    /// Where its virtio structures are.
    modern: raw::virtio_pci_modern_device,
    /// It doesn't answer any more: it was unplugged.
    gone: AtomicBool,
    /// It is disabled while somebody resets it.
    in_reset: bool,
    queues: Queues,
}

impl Function {
    /// The function whose virtio device this is.
    ///
    /// # Safety
    ///
    /// `vdev` is the virtio device of a function made by [`probe`].
    unsafe fn of(vdev: *mut raw::virtio_device) -> *mut Self {
        const { assert!(offset_of!(Function, vdev) == 0) };
        vdev.cast()
    }

    /// Where its virtio structures are, for the kernel's functions.
    ///
    /// # Safety
    ///
    /// `this` lives.
    unsafe fn modern(this: *mut Self) -> *mut raw::virtio_pci_modern_device {
        // SAFETY: The caller vouches for it.
        unsafe { &raw mut (*this).modern }
    }

    /// # Safety
    ///
    /// As [`Self::modern`].
    unsafe fn pdev(this: *mut Self) -> *mut bindings::pci_dev {
        // SAFETY: The caller vouches for it; the field is set before anybody else has it.
        unsafe { (*this).modern.pci_dev }
    }

    /// Its virtio device's lock, by which the driver core binds and unbinds.
    ///
    /// # Safety
    ///
    /// As [`Self::modern`].
    unsafe fn device(this: *mut Self) -> *mut bindings::device {
        // SAFETY: The caller vouches for it.
        unsafe { &raw mut (*this).vdev.dev }
    }
}

/// Keeps the PCI driver registered; its drop unbinds all functions.
pub(crate) struct Registration {
    driver: KBox<Opaque<bindings::pci_driver>>,
}

// SAFETY: It is only held, and dropped by whoever drops the module.
unsafe impl Send for Registration {}
// SAFETY: It offers nothing through a shared reference.
unsafe impl Sync for Registration {}

/// A static that C reads and nobody writes.
struct Table<T>(T);

// SAFETY: See the type.
unsafe impl<T> Sync for Table<T> {}

/// The ids, with zeroes at their end.
static IDS: Table<[bindings::pci_device_id; DEVICES.len() + 1]> = Table({
    let mut ids = [pin_init::zeroed::<bindings::pci_device_id>(); DEVICES.len() + 1];
    let mut i = 0;
    while i < DEVICES.len() {
        ids[i].vendor = VENDOR_INTEL;
        ids[i].device = DEVICES[i];
        ids[i].subvendor = bindings::PCI_ANY_ID as u32;
        ids[i].subdevice = bindings::PCI_ANY_ID as u32;
        i += 1;
    }
    ids
});

static POWER: Table<bindings::dev_pm_ops> = Table(bindings::dev_pm_ops {
    #[cfg(CONFIG_PM_SLEEP)]
    suspend: Some(freeze),
    #[cfg(CONFIG_PM_SLEEP)]
    resume: Some(restore),
    #[cfg(CONFIG_PM_SLEEP)]
    freeze: Some(freeze),
    #[cfg(CONFIG_PM_SLEEP)]
    thaw: Some(restore),
    #[cfg(CONFIG_PM_SLEEP)]
    poweroff: Some(freeze),
    #[cfg(CONFIG_PM_SLEEP)]
    restore: Some(restore),
    ..pin_init::zeroed()
});

static RESETS: Table<bindings::pci_error_handlers> = Table(bindings::pci_error_handlers {
    reset_prepare: Some(reset_prepare),
    reset_done: Some(reset_done),
    ..pin_init::zeroed()
});

impl Registration {
    /// Registers the driver; functions that are there are bound before this returns. The
    /// virtio driver is registered before and unregistered after it.
    pub(crate) fn new(module: &'static ThisModule) -> Result<Self> {
        let mut driver = bindings::pci_driver {
            name: c"virtio_igpu".as_ptr().cast(),
            id_table: IDS.0.as_ptr(),
            probe: Some(probe),
            remove: Some(remove),
            err_handler: &raw const RESETS.0,
            ..Default::default()
        };
        driver.driver.pm = &raw const POWER.0;
        let driver = KBox::new(Opaque::new(driver), GFP_KERNEL)?;
        // SAFETY: The driver's struct is filled in and stays where it is until it is
        // unregistered; `module` is this module.
        let ret = unsafe {
            bindings::__pci_register_driver(
                driver.get(),
                module.as_ptr(),
                c"virtio_igpu".as_ptr().cast(),
            )
        };
        kernel::error::to_result(ret)?;
        Ok(Self { driver })
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        // SAFETY: It was registered by `new`.
        unsafe { bindings::pci_unregister_driver(self.driver.get()) };
        // Somebody may still hold a virtio device, whose release is code of this module.
        while ALIVE.load(Ordering::Acquire) != 0 {
            // SAFETY: We are in process context, with no lock held.
            unsafe { bindings::msleep(1) };
        }
    }
}

unsafe extern "C" fn probe(
    pdev: *mut bindings::pci_dev,
    _id: *const bindings::pci_device_id,
) -> c_int {
    // SAFETY: The PCI core calls with the function to be bound.
    match unsafe { bind(pdev) } {
        Ok(()) => 0,
        Err(error) => error.to_errno(),
    }
}

/// Makes a virtio device of `pdev`. ENODEV if it isn't a virtual GPU, of which nothing is said.
///
/// # Safety
///
/// `pdev` is a function that the PCI core asks us to bind.
unsafe fn bind(pdev: *mut bindings::pci_dev) -> Result {
    // Before anything of it is touched: it may be a real GPU, which is another's to drive.
    // SAFETY: The caller vouches for the function.
    unsafe { identity::check_layout(pdev) }?;

    let mut function = Function {
        vdev: raw::virtio_device::default(),
        modern: raw::virtio_pci_modern_device::default(),
        gone: AtomicBool::new(false),
        in_reset: false,
        queues: Queues::new(),
    };
    // SAFETY: The function lives.
    function.vdev.dev.parent = unsafe { &raw mut (*pdev).dev };
    function.vdev.dev.release = Some(release);
    function.vdev.config = &raw const config::OPERATIONS.0;
    function.modern.pci_dev = pdev;
    function.modern.device_id_check = Some(identity::check_magic);
    let function = KBox::into_raw(KBox::new(function, GFP_KERNEL)?);
    ALIVE.fetch_add(1, Ordering::Relaxed);

    // SAFETY: `function` is made above and nobody else's.
    let result = unsafe { register(function, pdev) };
    match result {
        Ok(()) => Ok(()),
        Err((registered, error)) => {
            // SAFETY: Before registering it is ours alone, from then on it has references.
            unsafe {
                match registered {
                    true => bindings::put_device(Function::device(function)),
                    false => release(Function::device(function)),
                }
            }
            Err(error)
        }
    }
}

/// Registers the virtio device. An error says whether the device has references by now.
///
/// # Safety
///
/// `function` is filled in and nobody else's; `pdev` is its PCI function, being bound.
unsafe fn register(
    function: *mut Function,
    pdev: *mut bindings::pci_dev,
) -> Result<(), (bool, Error)> {
    // SAFETY: The caller vouches for the function, in this and all that follows.
    kernel::error::to_result(unsafe { bindings::pci_enable_device(pdev) })
        .map_err(|error| (false, error))?;
    // SAFETY: As above; it is enabled.
    let probed = unsafe { raw::vp_modern_probe(Function::modern(function)) };
    if let Err(error) = kernel::error::to_result(probed) {
        // SAFETY: As above.
        unsafe { bindings::pci_disable_device(pdev) };
        return Err((false, error));
    }
    // SAFETY: As above.
    unsafe {
        (&raw mut (*function).vdev.id).copy_from(&raw const (*function).modern.id, 1);
        bindings::dev_set_drvdata(&raw mut (*pdev).dev, function.cast());
        bindings::pci_set_master(pdev);
    }
    // SAFETY: The device is filled in.
    let registered = unsafe { raw::register_virtio_device(&raw mut (*function).vdev) };
    kernel::error::to_result(registered).map_err(|error| {
        // SAFETY: It was probed and enabled above.
        unsafe {
            raw::vp_modern_remove(Function::modern(function));
            bindings::pci_disable_device(pdev);
        }
        (true, error)
    })
}

/// The last reference to the virtio device is gone.
unsafe extern "C" fn release(device: *mut bindings::device) {
    // SAFETY: It is the device within a function's virtio device.
    let vdev = unsafe { kernel::container_of!(device, raw::virtio_device, dev) };
    // SAFETY: `bind` has made it a box, and nobody else has it any more.
    drop(unsafe { KBox::from_raw(Function::of(vdev)) });
    ALIVE.fetch_sub(1, Ordering::Release);
}

/// What `bind` has made of the function.
///
/// # Safety
///
/// `pdev` is bound.
unsafe fn bound(pdev: *mut bindings::pci_dev) -> *mut Function {
    // SAFETY: `register` has set it.
    unsafe { bindings::dev_get_drvdata(&raw mut (*pdev).dev) }.cast()
}

unsafe extern "C" fn remove(pdev: *mut bindings::pci_dev) {
    // SAFETY: The PCI core calls with a function that `bind` has bound; all of it lives until
    // the reference taken here is given back.
    unsafe {
        let function = bound(pdev);
        bindings::get_device(Function::device(function));
        if !bindings::pci_device_is_present(pdev) {
            // It was pulled out: nobody is to wait for it.
            (*function).gone.store(true, Ordering::Release);
            raw::virtio_break_device(&raw mut (*function).vdev);
        }
        raw::unregister_virtio_device(&raw mut (*function).vdev);
        raw::vp_modern_remove(Function::modern(function));
        bindings::pci_disable_device(pdev);
        bindings::put_device(Function::device(function));
    }
}

/// The PCI function that `device` is the device of.
#[cfg(CONFIG_PM_SLEEP)]
fn function_of(device: *mut bindings::device) -> *mut bindings::pci_dev {
    // SAFETY: The PCI core calls with devices within PCI functions.
    unsafe { kernel::container_of!(device, bindings::pci_dev, dev) }
}

/// The guest suspends.
#[cfg(CONFIG_PM_SLEEP)]
unsafe extern "C" fn freeze(device: *mut bindings::device) -> c_int {
    let pdev = function_of(device);
    // SAFETY: The function is bound, and nobody binds or unbinds while the guest suspends.
    unsafe {
        let ret = raw::virtio_device_freeze(&raw mut (*bound(pdev)).vdev);
        if ret == 0 {
            bindings::pci_disable_device(pdev);
        }
        ret
    }
}

/// The guest goes on.
#[cfg(CONFIG_PM_SLEEP)]
unsafe extern "C" fn restore(device: *mut bindings::device) -> c_int {
    let pdev = function_of(device);
    // SAFETY: As in `freeze`.
    unsafe {
        let ret = bindings::pci_enable_device(pdev);
        if ret != 0 {
            return ret;
        }
        bindings::pci_set_master(pdev);
        raw::virtio_device_restore(&raw mut (*bound(pdev)).vdev)
    }
}

/// Somebody is about to reset the function; the PCI core holds its lock until [`reset_done`].
unsafe extern "C" fn reset_prepare(pdev: *mut bindings::pci_dev) {
    // SAFETY: The function is bound. Its virtio device's driver can't come or go while the
    // lock is held.
    unsafe {
        let function = bound(pdev);
        raw::igpu_device_lock(Function::device(function));
        let ret = raw::virtio_device_reset_prepare(&raw mut (*function).vdev);
        raw::igpu_device_unlock(Function::device(function));
        // Without a driver there is nothing to be prepared, and nothing to be done.
        (*function).in_reset = ret == 0;
        if ret == 0 {
            bindings::pci_disable_device(pdev);
        }
    }
}

/// It was reset.
unsafe extern "C" fn reset_done(pdev: *mut bindings::pci_dev) {
    // SAFETY: As in `reset_prepare`.
    unsafe {
        let function = bound(pdev);
        if !core::mem::take(&mut (*function).in_reset) {
            return;
        }
        let ret = bindings::pci_enable_device(pdev);
        if ret != 0 {
            pr_err!("the virtual GPU can't be enabled after its reset: {ret}\n");
            return;
        }
        bindings::pci_set_master(pdev);
        raw::igpu_device_lock(Function::device(function));
        // If it fails the virtio driver has said so.
        let _ = raw::virtio_device_reset_done(&raw mut (*function).vdev);
        raw::igpu_device_unlock(Function::device(function));
    }
}

/// A pointer that is no queue's and nobody's.
const fn no_queue() -> *mut raw::virtqueue {
    ptr::null_mut()
}
