// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Where the fields are of those structures that the rules read field by field, in bytes
//! from the structure's beginning.
//!
//! They are written out because this crate knows no header. The module's build asserts
//! each against what bindgen made of the header.

#![allow(missing_docs)] // The names are the header's, and so is their documentation.

/// Bytes of `struct i915_engine_class_instance`.
pub const ENGINE_SIZE: u64 = 4;

/// `struct i915_user_extension`
pub mod user_extension {
    pub const NEXT_EXTENSION: u64 = 0;
    pub const NAME: u64 = 8;
    pub const FLAGS: u64 = 12;
    pub const RSVD: u64 = 16;
    pub const RSVD_WORDS: u64 = 4;
}

/// `struct drm_i915_gem_vm_bind_ext_fences` and `struct drm_i915_gem_vm_bind_ext_ops`, which
/// are alike.
pub mod bind_list {
    pub const COUNT: u64 = 32;
    pub const RSVD: u64 = 36;
    pub const ADDRESS: u64 = 40;
}

/// `struct i915_context_param_engines`
pub mod engines {
    pub const EXTENSIONS: u64 = 0;
    pub const ENGINES: u64 = 8;
}

/// `struct i915_context_engines_load_balance`
pub mod load_balance {
    pub const ENGINE_INDEX: u64 = 32;
    pub const NUM_SIBLINGS: u64 = 34;
    pub const FLAGS: u64 = 36;
    pub const MBZ64: u64 = 40;
    pub const ENGINES: u64 = 48;
}

/// `struct i915_context_engines_bond`
pub mod bond {
    pub const MASTER: u64 = 32;
    pub const VIRTUAL_INDEX: u64 = 36;
    pub const NUM_BONDS: u64 = 38;
    pub const FLAGS: u64 = 40;
    pub const MBZ64: u64 = 48;
    pub const MBZ64_WORDS: u64 = 4;
    pub const ENGINES: u64 = 80;
}

/// `struct i915_context_engines_parallel_submit`
pub mod parallel_submit {
    pub const ENGINE_INDEX: u64 = 32;
    pub const WIDTH: u64 = 34;
    pub const NUM_SIBLINGS: u64 = 36;
    pub const FLAGS: u64 = 40;
    pub const MBZ64: u64 = 48;
    pub const MBZ64_WORDS: u64 = 3;
    pub const ENGINES: u64 = 72;
}
