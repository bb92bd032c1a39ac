// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Whether a PCI function with a GPU's id is the virtual one. A real one, that of the host
//! handed to the guest, must be left alone: it has none of virtio's structures.

use core::mem::{offset_of, size_of};
use kernel::{bindings, ffi::c_int, prelude::*};

use crate::{
    protocol::{DEVICE_CONFIG_SIZE, MAGIC, VIRTIO_ID},
    raw,
};

/// The vendor of virtio's own ids, where the device's id says the virtio device's: from this
/// one on.
const VENDOR_VIRTIO: u16 = 0x1af4;
const FIRST_VIRTIO_DEVICE: u16 = 0x1040;

/// Bytes that are nothing: of a function that doesn't answer.
const NO_ANSWER: u32 = u32::MAX;

/// A structure that a capability of the function describes.
#[derive(Clone, Copy)]
struct Structure {
    bar: u8,
    offset: u32,
    length: u32,
}

/// Whether the function describes all of virtio's structures, each in memory that it has.
/// ENODEV. Reads the function's configuration space alone.
///
/// # Safety
///
/// `pdev` is a live PCI function.
pub(super) unsafe fn check_layout(pdev: *mut bindings::pci_dev) -> Result {
    let needed = [
        (
            raw::VIRTIO_PCI_CAP_COMMON_CFG,
            size_of::<raw::virtio_pci_common_cfg>(),
        ),
        (raw::VIRTIO_PCI_CAP_NOTIFY_CFG, size_of::<u16>()),
        (raw::VIRTIO_PCI_CAP_ISR_CFG, size_of::<u8>()),
        (raw::VIRTIO_PCI_CAP_DEVICE_CFG, DEVICE_CONFIG_SIZE),
    ];
    for (kind, bytes) in needed {
        // SAFETY: The caller vouches for the function.
        let structure = unsafe { find(pdev, kind as u8) }.ok_or(ENODEV)?;
        if (structure.length as usize) < bytes {
            return Err(ENODEV);
        }
    }
    Ok(())
}

/// The structure of that kind, if there is one that lies in the function's memory.
///
/// # Safety
///
/// As [`check_layout`].
unsafe fn find(pdev: *mut bindings::pci_dev, kind: u8) -> Option<Structure> {
    const CAP: c_int = bindings::PCI_CAP_ID_VNDR as c_int;
    let byte = |at: u8, field: usize| {
        let mut value = 0;
        // SAFETY: The caller vouches for the function; a place that isn't there reads as ones.
        unsafe {
            bindings::pci_read_config_byte(pdev, c_int::from(at) + field as c_int, &mut value)
        };
        value
    };
    let dword = |at: u8, field: usize| {
        let mut value = 0;
        // SAFETY: As above.
        unsafe {
            bindings::pci_read_config_dword(pdev, c_int::from(at) + field as c_int, &mut value)
        };
        value
    };
    // SAFETY: As above. The kernel bounds the number of capabilities.
    let mut at = unsafe { bindings::pci_find_capability(pdev, CAP) };
    while at != 0 {
        let structure = Structure {
            bar: byte(at, offset_of!(raw::virtio_pci_cap, bar)),
            offset: dword(at, offset_of!(raw::virtio_pci_cap, offset)),
            length: dword(at, offset_of!(raw::virtio_pci_cap, length)),
        };
        let long_enough = usize::from(byte(at, offset_of!(raw::virtio_pci_cap, cap_len)))
            >= size_of::<raw::virtio_pci_cap>();
        let is_meant = byte(at, offset_of!(raw::virtio_pci_cap, cfg_type)) == kind;
        // SAFETY: As above.
        if long_enough && is_meant && unsafe { lies_in_memory(pdev, structure) } {
            return Some(structure);
        }
        // SAFETY: As above.
        at = unsafe { bindings::pci_find_next_capability(pdev, at, CAP) };
    }
    None
}

/// # Safety
///
/// As [`check_layout`].
unsafe fn lies_in_memory(pdev: *mut bindings::pci_dev, structure: Structure) -> bool {
    if u32::from(structure.bar) >= bindings::PCI_STD_NUM_BARS {
        return false;
    }
    let bar = c_int::from(structure.bar);
    // SAFETY: The caller vouches for the function, and it has that resource.
    let (length, is_memory) = unsafe {
        (
            bindings::pci_resource_len(pdev, bar),
            raw::igpu_pci_is_memory(pdev, bar),
        )
    };
    let end = u64::from(structure.offset) + u64::from(structure.length);
    is_memory && structure.length != 0 && end <= length
}

/// The kernel's hook: the virtio id of the function, which is enabled, or -ENODEV. Its
/// configuration begins with our number, or with zeroes as long as no daemon serves it.
pub(super) unsafe extern "C" fn check_magic(pdev: *mut bindings::pci_dev) -> c_int {
    // SAFETY: The kernel calls with the function that it is to probe.
    match unsafe { read_magic(pdev) } {
        Some(0) => (),
        Some(magic) if magic == MAGIC => (),
        _ => return ENODEV.to_errno(),
    }
    // SAFETY: As above.
    let (vendor, device) = unsafe { ((*pdev).vendor, (*pdev).device) };
    // Somebody has had us take a function with virtio's identity.
    let virtio = device.checked_sub(FIRST_VIRTIO_DEVICE);
    match virtio.filter(|_| vendor == VENDOR_VIRTIO) {
        Some(id) => id.into(),
        None => VIRTIO_ID as c_int,
    }
}

/// The first dword of the device's configuration.
///
/// # Safety
///
/// `pdev` is a live PCI function, and enabled.
unsafe fn read_magic(pdev: *mut bindings::pci_dev) -> Option<u32> {
    // SAFETY: The caller vouches for the function.
    let structure = unsafe { find(pdev, raw::VIRTIO_PCI_CAP_DEVICE_CFG as u8) }?;
    // SAFETY: As above; the place lies in that resource.
    let place = unsafe {
        bindings::pci_iomap_range(
            pdev,
            structure.bar.into(),
            structure.offset as usize,
            size_of::<u32>() as _,
        )
    };
    if place.is_null() {
        return None;
    }
    // SAFETY: It is mapped, four bytes.
    let magic = unsafe { bindings::ioread32(place) };
    // SAFETY: It was mapped above.
    unsafe { bindings::pci_iounmap(pdev, place) };
    (magic != NO_ANSWER).then_some(magic)
}
