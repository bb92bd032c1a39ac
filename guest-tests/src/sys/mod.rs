//! The system calls, and the only `unsafe` of this crate: ioctls with typed arguments
//! ([`request`]), marks for who counts instructions ([`mark`]), memory shared with the GPU ([`memory`]) and what a process does to it
//! ([`remap`]), descriptors and capabilities of the process ([`process`]), and the uAPI's
//! declarations ([`uapi`]), which `build.rs` makes from the C headers.

use std::os::fd::{FromRawFd, OwnedFd};

pub mod mark;
pub mod memory;
pub mod opencl;
pub mod process;
pub mod remap;
pub mod request;

/// Structures, numbers and flags of `drm.h`, `i915_drm.h` and `virtio_igpu_drm.h`,
/// under their C names.
#[allow(
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    unreachable_pub,
    unsafe_op_in_unsafe_fn,
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    clippy::cast_ptr_alignment,
    reason = "generated from C"
)]
pub mod uapi {
    include!(concat!(env!("OUT_DIR"), "/uapi.rs"));
}

/// The address of a value that the kernel will read through a pointer in an ioctl's
/// argument. The value has to live until that ioctl has returned. (Its provenance is
/// exposed: otherwise the compiler could take the writes to it for dead.)
pub fn address_of<T>(value: &T) -> u64 {
    std::ptr::from_ref(value).expose_provenance() as u64
}

/// [`address_of`] for a slice; 0 for an empty one.
pub fn address_of_slice<T>(values: &[T]) -> u64 {
    if values.is_empty() {
        0
    } else {
        values.as_ptr().expose_provenance() as u64
    }
}

/// Takes a descriptor that an ioctl of this crate's has just returned; each one once.
pub(crate) fn take_descriptor(fd: i32) -> OwnedFd {
    // SAFETY: the callers hand over numbers that the kernel has just installed for them
    // and that nobody else has seen.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// EXECBUFFER2's relocations as the bytes that the kernel reads and writes.
pub(crate) fn bytes_of_relocations(list: &mut [uapi::drm_i915_gem_relocation_entry]) -> &mut [u8] {
    let length = std::mem::size_of_val(list);
    let start = list.as_mut_ptr().cast::<u8>();
    // SAFETY: the structure is made of integers without padding, so all its bytes are
    // initialised and any bytes are a valid one; the list stays borrowed.
    unsafe { std::slice::from_raw_parts_mut(start, length) }
}
