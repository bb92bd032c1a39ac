// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The uAPI's numbers as the rules use them, each under the name it has in
//! `include/uapi/drm/i915_drm.h` or, where noted, in the project's `virtio_igpu_drm.h`.
//!
//! They are written out because this crate knows no header. The module's build asserts
//! each against the constant that bindgen made of the header.

#![allow(missing_docs)] // The names are the header's, and so is their documentation.

// enum drm_i915_gem_engine_class
pub const I915_ENGINE_CLASS_RENDER: u16 = 0;
pub const I915_ENGINE_CLASS_COPY: u16 = 1;
pub const I915_ENGINE_CLASS_VIDEO: u16 = 2;
pub const I915_ENGINE_CLASS_VIDEO_ENHANCE: u16 = 3;
pub const I915_ENGINE_CLASS_COMPUTE: u16 = 4;
pub const I915_ENGINE_CLASS_INVALID: u16 = 0xffff;
pub const I915_ENGINE_CLASS_INVALID_NONE: u16 = 0xffff;

// DRM_IOCTL_I915_GETPARAM
pub const I915_PARAM_IRQ_ACTIVE: i32 = 1;
pub const I915_PARAM_ALLOW_BATCHBUFFER: i32 = 2;
pub const I915_PARAM_LAST_DISPATCH: i32 = 3;
pub const I915_PARAM_CHIPSET_ID: i32 = 4;
pub const I915_PARAM_HAS_GEM: i32 = 5;
pub const I915_PARAM_NUM_FENCES_AVAIL: i32 = 6;
pub const I915_PARAM_HAS_OVERLAY: i32 = 7;
pub const I915_PARAM_HAS_PAGEFLIPPING: i32 = 8;
pub const I915_PARAM_HAS_EXECBUF2: i32 = 9;
pub const I915_PARAM_HAS_BSD: i32 = 10;
pub const I915_PARAM_HAS_BLT: i32 = 11;
pub const I915_PARAM_HAS_RELAXED_FENCING: i32 = 12;
pub const I915_PARAM_HAS_COHERENT_RINGS: i32 = 13;
pub const I915_PARAM_HAS_EXEC_CONSTANTS: i32 = 14;
pub const I915_PARAM_HAS_RELAXED_DELTA: i32 = 15;
pub const I915_PARAM_HAS_GEN7_SOL_RESET: i32 = 16;
pub const I915_PARAM_HAS_LLC: i32 = 17;
pub const I915_PARAM_HAS_ALIASING_PPGTT: i32 = 18;
pub const I915_PARAM_HAS_WAIT_TIMEOUT: i32 = 19;
pub const I915_PARAM_HAS_SEMAPHORES: i32 = 20;
pub const I915_PARAM_HAS_PRIME_VMAP_FLUSH: i32 = 21;
pub const I915_PARAM_HAS_VEBOX: i32 = 22;
pub const I915_PARAM_HAS_SECURE_BATCHES: i32 = 23;
pub const I915_PARAM_HAS_PINNED_BATCHES: i32 = 24;
pub const I915_PARAM_HAS_EXEC_NO_RELOC: i32 = 25;
pub const I915_PARAM_HAS_EXEC_HANDLE_LUT: i32 = 26;
pub const I915_PARAM_HAS_WT: i32 = 27;
pub const I915_PARAM_CMD_PARSER_VERSION: i32 = 28;
pub const I915_PARAM_HAS_COHERENT_PHYS_GTT: i32 = 29;
pub const I915_PARAM_MMAP_VERSION: i32 = 30;
pub const I915_PARAM_HAS_BSD2: i32 = 31;
pub const I915_PARAM_REVISION: i32 = 32;
pub const I915_PARAM_SUBSLICE_TOTAL: i32 = 33;
pub const I915_PARAM_EU_TOTAL: i32 = 34;
pub const I915_PARAM_HAS_GPU_RESET: i32 = 35;
pub const I915_PARAM_HAS_RESOURCE_STREAMER: i32 = 36;
pub const I915_PARAM_HAS_EXEC_SOFTPIN: i32 = 37;
pub const I915_PARAM_HAS_POOLED_EU: i32 = 38;
pub const I915_PARAM_MIN_EU_IN_POOL: i32 = 39;
pub const I915_PARAM_MMAP_GTT_VERSION: i32 = 40;
pub const I915_PARAM_HAS_SCHEDULER: i32 = 41;
pub const I915_PARAM_HUC_STATUS: i32 = 42;
pub const I915_PARAM_HAS_EXEC_ASYNC: i32 = 43;
pub const I915_PARAM_HAS_EXEC_FENCE: i32 = 44;
pub const I915_PARAM_HAS_EXEC_CAPTURE: i32 = 45;
pub const I915_PARAM_SLICE_MASK: i32 = 46;
pub const I915_PARAM_SUBSLICE_MASK: i32 = 47;
pub const I915_PARAM_HAS_EXEC_BATCH_FIRST: i32 = 48;
pub const I915_PARAM_HAS_EXEC_FENCE_ARRAY: i32 = 49;
pub const I915_PARAM_HAS_CONTEXT_ISOLATION: i32 = 50;
pub const I915_PARAM_CS_TIMESTAMP_FREQUENCY: i32 = 51;
pub const I915_PARAM_MMAP_GTT_COHERENT: i32 = 52;
pub const I915_PARAM_HAS_EXEC_SUBMIT_FENCE: i32 = 53;
pub const I915_PARAM_PERF_REVISION: i32 = 54;
pub const I915_PARAM_HAS_EXEC_TIMELINE_FENCES: i32 = 55;
pub const I915_PARAM_HAS_USERPTR_PROBE: i32 = 56;
pub const I915_PARAM_OA_TIMESTAMP_FREQUENCY: i32 = 57;
pub const I915_PARAM_PXP_STATUS: i32 = 58;
pub const I915_PARAM_HAS_CONTEXT_FREQ_HINT: i32 = 59;
/// `virtio_igpu_drm.h`
pub const I915_PARAM_VM_BIND_VERSION: i32 = 0x10039;
pub const I915_PARAM_VM_BIND_EXTENSIONS: i32 = 0x10100;

pub const I915_GEM_PPGTT_FULL: i32 = 2;

pub const I915_SCHEDULER_CAP_ENABLED: u32 = 1 << 0;
pub const I915_SCHEDULER_CAP_PRIORITY: u32 = 1 << 1;
pub const I915_SCHEDULER_CAP_PREEMPTION: u32 = 1 << 2;
pub const I915_SCHEDULER_CAP_SEMAPHORES: u32 = 1 << 3;
pub const I915_SCHEDULER_CAP_ENGINE_BUSY_STATS: u32 = 1 << 4;

// struct drm_i915_gem_context_create_ext
pub const I915_CONTEXT_CREATE_FLAGS_USE_EXTENSIONS: u32 = 1 << 0;
pub const I915_CONTEXT_CREATE_FLAGS_SINGLE_TIMELINE: u32 = 1 << 1;
pub const I915_CONTEXT_CREATE_EXT_SETPARAM: u32 = 0;
pub const I915_CONTEXT_CREATE_EXT_CLONE: u32 = 1;

// struct drm_i915_gem_context_param
pub const I915_CONTEXT_PARAM_BAN_PERIOD: u64 = 0x1;
pub const I915_CONTEXT_PARAM_NO_ZEROMAP: u64 = 0x2;
pub const I915_CONTEXT_PARAM_GTT_SIZE: u64 = 0x3;
pub const I915_CONTEXT_PARAM_NO_ERROR_CAPTURE: u64 = 0x4;
pub const I915_CONTEXT_PARAM_BANNABLE: u64 = 0x5;
pub const I915_CONTEXT_PARAM_PRIORITY: u64 = 0x6;
pub const I915_CONTEXT_PARAM_SSEU: u64 = 0x7;
pub const I915_CONTEXT_PARAM_RECOVERABLE: u64 = 0x8;
pub const I915_CONTEXT_PARAM_VM: u64 = 0x9;
pub const I915_CONTEXT_PARAM_ENGINES: u64 = 0xa;
pub const I915_CONTEXT_PARAM_PERSISTENCE: u64 = 0xb;
pub const I915_CONTEXT_PARAM_RINGSIZE: u64 = 0xc;
pub const I915_CONTEXT_PARAM_PROTECTED_CONTENT: u64 = 0xd;
pub const I915_CONTEXT_PARAM_LOW_LATENCY: u64 = 0xe;
pub const I915_CONTEXT_PARAM_CONTEXT_IMAGE: u64 = 0xf;
pub const I915_CONTEXT_MAX_USER_PRIORITY: i64 = 1023;
pub const I915_CONTEXT_DEFAULT_PRIORITY: i64 = 0;
pub const I915_CONTEXT_MIN_USER_PRIORITY: i64 = -1023;
pub const I915_CONTEXT_SSEU_FLAG_ENGINE_INDEX: u32 = 1 << 0;

// struct i915_context_param_engines
pub const I915_CONTEXT_ENGINES_EXT_LOAD_BALANCE: u32 = 0;
pub const I915_CONTEXT_ENGINES_EXT_BOND: u32 = 1;
pub const I915_CONTEXT_ENGINES_EXT_PARALLEL_SUBMIT: u32 = 2;

// struct drm_i915_gem_execbuffer2
pub const I915_EXEC_RING_MASK: u64 = 0x3f;
pub const I915_EXEC_DEFAULT: u64 = 0;
pub const I915_EXEC_RENDER: u64 = 1;
pub const I915_EXEC_BSD: u64 = 2;
pub const I915_EXEC_BLT: u64 = 3;
pub const I915_EXEC_VEBOX: u64 = 4;
pub const I915_EXEC_CONSTANTS_MASK: u64 = 3 << 6;
pub const I915_EXEC_GEN7_SOL_RESET: u64 = 1 << 8;
pub const I915_EXEC_SECURE: u64 = 1 << 9;
pub const I915_EXEC_IS_PINNED: u64 = 1 << 10;
pub const I915_EXEC_NO_RELOC: u64 = 1 << 11;
pub const I915_EXEC_HANDLE_LUT: u64 = 1 << 12;
pub const I915_EXEC_BSD_SHIFT: u32 = 13;
pub const I915_EXEC_BSD_MASK: u64 = 3 << 13;
pub const I915_EXEC_BSD_DEFAULT: u64 = 0 << 13;
pub const I915_EXEC_BSD_RING1: u64 = 1 << 13;
pub const I915_EXEC_BSD_RING2: u64 = 2 << 13;
pub const I915_EXEC_RESOURCE_STREAMER: u64 = 1 << 15;
pub const I915_EXEC_FENCE_IN: u64 = 1 << 16;
pub const I915_EXEC_FENCE_OUT: u64 = 1 << 17;
pub const I915_EXEC_BATCH_FIRST: u64 = 1 << 18;
pub const I915_EXEC_FENCE_ARRAY: u64 = 1 << 19;
pub const I915_EXEC_FENCE_SUBMIT: u64 = 1 << 20;
pub const I915_EXEC_USE_EXTENSIONS: u64 = 1 << 21;
pub const DRM_I915_GEM_EXECBUFFER_EXT_TIMELINE_FENCES: u32 = 0;

// struct drm_i915_gem_exec_object2
pub const EXEC_OBJECT_NEEDS_FENCE: u64 = 1 << 0;
pub const EXEC_OBJECT_NEEDS_GTT: u64 = 1 << 1;
pub const EXEC_OBJECT_WRITE: u64 = 1 << 2;
pub const EXEC_OBJECT_SUPPORTS_48B_ADDRESS: u64 = 1 << 3;
pub const EXEC_OBJECT_PINNED: u64 = 1 << 4;
pub const EXEC_OBJECT_PAD_TO_SIZE: u64 = 1 << 5;
pub const EXEC_OBJECT_ASYNC: u64 = 1 << 6;
pub const EXEC_OBJECT_CAPTURE: u64 = 1 << 7;

// struct drm_i915_gem_exec_fence
pub const I915_EXEC_FENCE_WAIT: u32 = 1 << 0;
pub const I915_EXEC_FENCE_SIGNAL: u32 = 1 << 1;

// VM_BIND: virtio_igpu_drm.h
pub const I915_VM_CREATE_FLAGS_USE_VM_BIND: u32 = 1 << 0;
pub const I915_TIMELINE_FENCE_WAIT: u32 = 1 << 0;
pub const I915_TIMELINE_FENCE_SIGNAL: u32 = 1 << 1;
pub const I915_GEM_VM_BIND_CAPTURE: u64 = 1 << 0;
pub const I915_GEM_VM_BIND_READONLY: u64 = 1 << 32;
pub const I915_GEM_VM_BIND_NULL: u64 = 1 << 33;
pub const I915_VM_BIND_HAS_READONLY: i32 = 1 << 0;
pub const I915_VM_BIND_HAS_NULL: i32 = 1 << 1;
pub const I915_VM_BIND_HAS_FENCES: i32 = 1 << 2;
pub const I915_VM_BIND_HAS_OPS: i32 = 1 << 3;
pub const I915_GEM_VM_BIND_EXT_FENCES: u32 = 0x10003;
pub const I915_GEM_VM_BIND_EXT_OPS: u32 = 0x10004;
pub const I915_GEM_VM_BIND_OP_BIND: u32 = 0;
pub const I915_GEM_VM_BIND_OP_UNBIND: u32 = 1;
pub const I915_GEM_CREATE_EXT_VM_PRIVATE: u32 = 0x10002;

// Objects
pub const I915_GEM_CREATE_EXT_FLAG_NEEDS_CPU_ACCESS: u32 = 1 << 0;
pub const I915_GEM_CREATE_EXT_MEMORY_REGIONS: u32 = 0;
pub const I915_GEM_CREATE_EXT_PROTECTED_CONTENT: u32 = 1;
pub const I915_GEM_CREATE_EXT_SET_PAT: u32 = 2;
pub const I915_MEMORY_CLASS_SYSTEM: u16 = 0;
pub const I915_MMAP_WC: u64 = 0x1;
pub const I915_MMAP_OFFSET_GTT: u64 = 0;
pub const I915_MMAP_OFFSET_WC: u64 = 1;
pub const I915_MMAP_OFFSET_WB: u64 = 2;
pub const I915_MMAP_OFFSET_UC: u64 = 3;
pub const I915_MMAP_OFFSET_FIXED: u64 = 4;
pub const I915_GEM_DOMAIN_CPU: u32 = 0x01;
pub const I915_GEM_DOMAIN_RENDER: u32 = 0x02;
pub const I915_GEM_DOMAIN_SAMPLER: u32 = 0x04;
pub const I915_GEM_DOMAIN_COMMAND: u32 = 0x08;
pub const I915_GEM_DOMAIN_INSTRUCTION: u32 = 0x10;
pub const I915_GEM_DOMAIN_VERTEX: u32 = 0x20;
pub const I915_GEM_DOMAIN_GTT: u32 = 0x40;
pub const I915_GEM_DOMAIN_WC: u32 = 0x80;
pub const I915_CACHING_NONE: u32 = 0;
pub const I915_CACHING_CACHED: u32 = 1;
pub const I915_CACHING_DISPLAY: u32 = 2;
pub const I915_MADV_WILLNEED: u32 = 0;
pub const I915_MADV_DONTNEED: u32 = 1;
pub const I915_USERPTR_READ_ONLY: u32 = 0x1;
pub const I915_USERPTR_PROBE: u32 = 0x2;
pub const I915_USERPTR_UNSYNCHRONIZED: u32 = 0x8000_0000;

// DRM_IOCTL_I915_QUERY
pub const DRM_I915_QUERY_TOPOLOGY_INFO: u64 = 1;
pub const DRM_I915_QUERY_ENGINE_INFO: u64 = 2;
pub const DRM_I915_QUERY_PERF_CONFIG: u64 = 3;
pub const DRM_I915_QUERY_MEMORY_REGIONS: u64 = 4;
pub const DRM_I915_QUERY_HWCONFIG_BLOB: u64 = 5;
pub const DRM_I915_QUERY_GEOMETRY_SUBSLICES: u64 = 6;
pub const DRM_I915_QUERY_GUC_SUBMISSION_VERSION: u64 = 7;
pub const DRM_I915_QUERY_PERF_CONFIG_LIST: u32 = 1;
pub const DRM_I915_QUERY_PERF_CONFIG_DATA_FOR_UUID: u32 = 2;
pub const DRM_I915_QUERY_PERF_CONFIG_DATA_FOR_ID: u32 = 3;
pub const I915_ENGINE_INFO_HAS_LOGICAL_INSTANCE: u64 = 1 << 0;
