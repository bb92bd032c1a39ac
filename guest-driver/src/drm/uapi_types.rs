// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The uAPI's structures and numbers, by their C names.
//!
//! Most come from `i915_drm.h` and `virtio_igpu_drm.h` by bindgen. Written by hand are
//! those that C gives padding, a pointer, a union or an array of unknown length: they
//! stand here with the padding as a field, the pointer as an integer and the array left
//! off (such a structure is then its own header, and the entries follow it).
//!
//! Every structure here is plain bytes: any bit pattern is a value, and no byte of it is
//! ever uninitialised, so it can be copied from and to userspace whole. This is checked
//! where it is claimed, by the derives of zerocopy.

// C names stay C names here, so that they can be searched for.
#![allow(non_camel_case_types)]

use zerocopy_derive::{FromBytes, Immutable, IntoBytes, KnownLayout};

#[path = "../raw/uapi_generated.rs"]
#[allow(missing_docs, dead_code, non_snake_case, non_upper_case_globals)]
#[allow(unsafe_op_in_unsafe_fn, unreachable_pub, clippy::all)]
#[rustfmt::skip]
mod generated;

pub(crate) use generated::*;

macro_rules! by_hand {
    ($($(#[$meta:meta])* struct $name:ident { $($(#[$fmeta:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
        #[repr(C)]
        pub(crate) struct $name { $($(#[$fmeta])* pub(crate) $field: $type,)* }
    )*};
}

by_hand! {
    /// GETPARAM's argument.
    struct drm_i915_getparam {
        /// `I915_PARAM_*`.
        param: i32,
        /// C's padding.
        padding: u32,
        /// Pointer to an `int` for the answer.
        value: u64,
    }

    /// One object of EXECBUFFER2.
    struct drm_i915_gem_exec_object2 {
        /// The object, or with HANDLE_LUT the index of one.
        handle: u32,
        /// Relocations at `relocs_ptr`.
        relocation_count: u32,
        /// Pointer to `drm_i915_gem_relocation_entry`.
        relocs_ptr: u64,
        /// Required alignment of the address.
        alignment: u64,
        /// The GPU address.
        offset: u64,
        /// `EXEC_OBJECT_*`.
        flags: u64,
        /// With PAD_TO_SIZE the size of the range, else reserved.
        pad_to_size: u64,
        /// Reserved.
        rsvd2: u64,
    }

    /// GEM_CREATE_EXT: protected content.
    struct drm_i915_gem_create_ext_protected_content {
        /// The link of the chain.
        base: i915_user_extension,
        /// Must be zero.
        flags: u32,
        /// C's padding.
        padding: u32,
    }

    /// GEM_CREATE_EXT: private to one VM.
    struct drm_i915_gem_create_ext_vm_private {
        /// The link of the chain.
        base: i915_user_extension,
        /// The VM.
        vm_id: u32,
        /// C's padding.
        padding: u32,
    }

    /// One memory region in the answer of the memory region query.
    struct drm_i915_memory_region_info {
        /// Which region.
        region: drm_i915_gem_memory_class_instance,
        /// Reserved.
        rsvd0: u32,
        /// Its size in bytes.
        probed_size: u64,
        /// Bytes free.
        unallocated_size: u64,
        /// Bytes the CPU can reach.
        probed_cpu_visible_size: u64,
        /// Bytes free of those.
        unallocated_cpu_visible_size: u64,
        /// Reserved.
        rsvd1: [u64; 6],
    }

    /// Header of the memory region query's answer; `drm_i915_memory_region_info` follow.
    struct drm_i915_query_memory_regions {
        /// How many follow.
        num_regions: u32,
        /// Reserved.
        rsvd: [u32; 3],
    }

    /// Header of the engine query's answer; `drm_i915_engine_info` follow.
    struct drm_i915_query_engine_info {
        /// How many follow.
        num_engines: u32,
        /// Reserved.
        rsvd: [u32; 3],
    }

    /// Header of the topology query's answer; masks follow.
    struct drm_i915_query_topology_info {
        /// Reserved, 0.
        flags: u16,
        /// Slices the masks have room for.
        max_slices: u16,
        /// Subslices of a slice.
        max_subslices: u16,
        /// EUs of a subslice.
        max_eus_per_subslice: u16,
        /// Where the subslice masks begin.
        subslice_offset: u16,
        /// Bytes of a slice's subslice mask.
        subslice_stride: u16,
        /// Where the EU masks begin.
        eu_offset: u16,
        /// Bytes of a subslice's EU mask.
        eu_stride: u16,
    }
}

/// A structure of the uAPI that can be copied as bytes.
pub(crate) trait Plain:
    zerocopy::FromBytes + zerocopy::IntoBytes + zerocopy::Immutable + Default
{
}

impl Plain for () {}

/// Implements what [`kernel::uaccess`] asks for, checked by what zerocopy has checked.
macro_rules! plain {
    ($($type:ident)*) => {$(
        impl Plain for $type {}
        // SAFETY: zerocopy::FromBytes, which `Plain` demands, says that any bytes are a value.
        unsafe impl kernel::transmute::FromBytes for $type {}
        // SAFETY: zerocopy::IntoBytes, which `Plain` demands, says that there is no padding;
        // zerocopy::Immutable that there is no interior mutability.
        unsafe impl kernel::transmute::AsBytes for $type {}
    )*};
}

plain! {
    drm_i915_getparam drm_i915_gem_exec_object2 drm_i915_gem_create_ext_protected_content
    drm_i915_gem_create_ext_vm_private drm_i915_memory_region_info
    drm_i915_query_memory_regions drm_i915_query_engine_info drm_i915_query_topology_info
    i915_user_extension i915_engine_class_instance drm_i915_gem_init drm_i915_gem_create
    drm_i915_gem_pread drm_i915_gem_pwrite drm_i915_gem_mmap drm_i915_gem_mmap_gtt
    drm_i915_gem_mmap_offset drm_i915_gem_set_domain drm_i915_gem_sw_finish
    drm_i915_gem_relocation_entry drm_i915_gem_exec_object drm_i915_gem_execbuffer
    drm_i915_gem_exec_fence drm_i915_gem_execbuffer_ext_timeline_fences
    drm_i915_gem_execbuffer2 drm_i915_gem_pin drm_i915_gem_unpin drm_i915_gem_busy
    drm_i915_gem_caching drm_i915_gem_set_tiling drm_i915_gem_get_tiling
    drm_i915_gem_get_aperture drm_i915_gem_madvise drm_i915_gem_wait
    drm_i915_gem_context_create drm_i915_gem_context_create_ext drm_i915_gem_context_param
    drm_i915_gem_context_param_sseu drm_i915_gem_context_create_ext_setparam
    drm_i915_gem_context_destroy drm_i915_gem_vm_control drm_i915_reg_read
    drm_i915_reset_stats drm_i915_gem_userptr drm_i915_query_item drm_i915_query
    drm_i915_engine_info drm_i915_gem_memory_class_instance
    drm_i915_query_guc_submission_version drm_i915_gem_create_ext
    drm_i915_gem_create_ext_memory_regions drm_i915_gem_create_ext_set_pat
    drm_i915_gem_timeline_fence drm_i915_gem_vm_bind drm_i915_gem_vm_unbind
    drm_i915_gem_execbuffer3
}
