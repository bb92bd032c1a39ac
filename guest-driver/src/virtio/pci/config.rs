// SPDX-License-Identifier: GPL-2.0 OR MIT

//! What the virtio core asks of a transport, for a PCI function: configuration, status,
//! features. Queues are `queues`' business.

use core::sync::atomic::Ordering;
use kernel::{
    bindings,
    ffi::{c_char, c_int, c_uint, c_void},
    prelude::*,
};

use super::{queues, Function, Table};
use crate::raw;

/// `VIRTIO_F_VERSION_1`.
const FEATURE_VERSION_1: u32 = 32;
/// `VIRTIO_F_NOTIFICATION_DATA`: notifications say more than which queue.
const FEATURE_NOTIFICATION_DATA: u32 = 38;

/// The status of a function that doesn't answer.
const NO_ANSWER: u8 = u8::MAX;
/// For how long a function that is there may not answer during a reset, in milliseconds.
const RESET_PATIENCE_MS: u32 = 10_000;

/// The operations.
pub(super) static OPERATIONS: Table<raw::virtio_config_ops> = Table(raw::virtio_config_ops {
    get: Some(get),
    set: Some(set),
    generation: Some(generation),
    get_status: Some(get_status),
    set_status: Some(set_status),
    reset: Some(reset),
    find_vqs: Some(queues::find),
    del_vqs: Some(queues::delete),
    synchronize_cbs: Some(queues::synchronize),
    get_features: Some(get_features),
    get_extended_features: None,
    finalize_features: Some(finalize_features),
    bus_name: Some(bus_name),
    set_vq_affinity: None,
    get_vq_affinity: None,
    get_shm_region: None,
    disable_vq_and_reset: None,
    enable_vq_after_reset: None,
});

/// The place of `length` bytes of the device's configuration, if they are there.
///
/// # Safety
///
/// `vdev` is a function's virtio device.
unsafe fn place(vdev: *mut raw::virtio_device, offset: c_uint, length: c_uint) -> Option<*mut u8> {
    // SAFETY: The caller vouches for the device.
    let modern = unsafe { Function::modern(Function::of(vdev)) };
    // SAFETY: As above.
    let (start, there) = unsafe { ((*modern).device.cast::<u8>(), (*modern).device_len) };
    let end = offset as usize + length as usize;
    // SAFETY: That many bytes are mapped there.
    (!start.is_null() && end <= there).then(|| unsafe { start.add(offset as usize) })
}

/// How many bytes of a field are read or written at a time: virtio wants a field's own width
/// (virtio 1.3, section 4.1.3.1).
fn width(length: c_uint) -> usize {
    match length {
        2 => 2,
        4 | 8 => 4,
        _ => 1,
    }
}

unsafe extern "C" fn get(
    vdev: *mut raw::virtio_device,
    offset: c_uint,
    to: *mut c_void,
    length: c_uint,
) {
    // SAFETY: The core calls with room for so many bytes.
    let to = unsafe { core::slice::from_raw_parts_mut(to.cast::<u8>(), length as usize) };
    // SAFETY: The core calls with our device.
    let Some(place) = (unsafe { place(vdev, offset, length) }) else {
        to.fill(0);
        return;
    };
    let width = width(length);
    for (index, part) in to.chunks_exact_mut(width).enumerate() {
        // SAFETY: Within the bytes that are there; aligned as the field is.
        unsafe {
            let at = place.add(index * width).cast();
            match width {
                2 => part.copy_from_slice(&(bindings::ioread16(at) as u16).to_le_bytes()),
                4 => part.copy_from_slice(&bindings::ioread32(at).to_le_bytes()),
                _ => part.fill(bindings::ioread8(at) as u8),
            }
        }
    }
}

unsafe extern "C" fn set(
    vdev: *mut raw::virtio_device,
    offset: c_uint,
    from: *const c_void,
    length: c_uint,
) {
    // SAFETY: The core calls with so many bytes.
    let from = unsafe { core::slice::from_raw_parts(from.cast::<u8>(), length as usize) };
    // SAFETY: The core calls with our device.
    let Some(place) = (unsafe { place(vdev, offset, length) }) else {
        return;
    };
    let width = width(length);
    for (index, part) in from.chunks_exact(width).enumerate() {
        // SAFETY: Within the bytes that are there; aligned as the field is.
        unsafe {
            let at = place.add(index * width).cast();
            match *part {
                [a, b] => bindings::iowrite16(u16::from_le_bytes([a, b]), at),
                [a, b, c, d] => bindings::iowrite32(u32::from_le_bytes([a, b, c, d]), at),
                [byte] => bindings::iowrite8(byte, at),
                _ => (),
            }
        }
    }
}

unsafe extern "C" fn generation(vdev: *mut raw::virtio_device) -> u32 {
    // SAFETY: The core calls with our device.
    unsafe { raw::vp_modern_generation(Function::modern(Function::of(vdev))) }
}

/// A function that is gone is as good as reset.
unsafe extern "C" fn get_status(vdev: *mut raw::virtio_device) -> u8 {
    // SAFETY: The core calls with our device.
    let function = unsafe { Function::of(vdev) };
    // SAFETY: As above.
    if unsafe { (*function).gone.load(Ordering::Acquire) } {
        return 0;
    }
    // SAFETY: As above.
    unsafe { raw::vp_modern_get_status(Function::modern(function)) }
}

unsafe extern "C" fn set_status(vdev: *mut raw::virtio_device, status: u8) {
    // SAFETY: The core calls with our device.
    unsafe { raw::vp_modern_set_status(Function::modern(Function::of(vdev)), status) }
}

/// Resets the device: when this returns it touches no memory any more, and no interrupt
/// handler runs. One that was pulled out is not waited for.
unsafe extern "C" fn reset(vdev: *mut raw::virtio_device) {
    // SAFETY: The core calls with our device, in process context.
    unsafe {
        let function = Function::of(vdev);
        set_status(vdev, 0);
        for tried in 0.. {
            // Reading it also sees to it that the write has arrived.
            let status = get_status(vdev);
            if status == 0 {
                break;
            }
            let silent = status == NO_ANSWER && tried >= RESET_PATIENCE_MS;
            if silent || !bindings::pci_device_is_present(Function::pdev(function)) {
                (*function).gone.store(true, Ordering::Release);
                raw::virtio_break_device(vdev);
                break;
            }
            bindings::msleep(1);
        }
        queues::synchronize(vdev);
    }
}

unsafe extern "C" fn get_features(vdev: *mut raw::virtio_device) -> u64 {
    let mut features = [0; FEATURE_WORDS];
    // SAFETY: The core calls with our device; there is room for all.
    unsafe {
        raw::vp_modern_get_extended_features(
            Function::modern(Function::of(vdev)),
            features.as_mut_ptr(),
        )
    };
    let [first, ..] = features;
    first
}

/// 64-bit words of features that the kernel knows (`VIRTIO_FEATURES_U64S`).
const FEATURE_WORDS: usize = raw::igpu_constants_IGPU_FEATURE_WORDS as usize;

/// Tells the device which of its features are used: none that this transport has no part for.
unsafe extern "C" fn finalize_features(vdev: *mut raw::virtio_device) -> c_int {
    // SAFETY: The core calls with our device.
    unsafe {
        raw::vring_transport_features(vdev);
        raw::igpu_clear_feature(vdev, FEATURE_NOTIFICATION_DATA);
        if !raw::igpu_has_feature(vdev, FEATURE_VERSION_1) {
            pr_err!("the virtual GPU does not offer virtio 1\n");
            return EINVAL.to_errno();
        }
        raw::vp_modern_set_extended_features(
            Function::modern(Function::of(vdev)),
            raw::igpu_features(vdev),
        );
    }
    0
}

unsafe extern "C" fn bus_name(vdev: *mut raw::virtio_device) -> *const c_char {
    // SAFETY: The core calls with our device.
    unsafe { raw::igpu_pci_name(Function::pdev(Function::of(vdev))) }
}
