// SPDX-License-Identifier: GPL-2.0 OR MIT

//! What the driver knows of a buffer object beside its memory.
//!
//! The memory itself, handles, mapping and export are `drm::gem`'s. Creating an object
//! sends nothing to the device; it learns of pages when they are bound.
//!
//! May know: `rules`, `drm`. Knows nothing of address spaces but their numbers.

use crate::rules::object::DEFAULT_CACHING;
use kernel::prelude::*;
use kernel::sync::atomic::{Atomic, Relaxed};

/// The driver's part of a buffer object.
#[pin_data]
pub(crate) struct ObjectData {
    _alive: Alive,
    /// The address space that alone may bind it (`I915_GEM_CREATE_EXT_VM_PRIVATE`): its
    /// number, or 0.
    private_to: u32,
    /// `I915_CACHING_*`: what GET_CACHING answers.
    caching: Atomic<u32>,
}

/// Objects alive, and the bytes they may hold.
static ALIVE: Atomic<u64> = Atomic::new(0);
static ALIVE_BYTES: Atomic<u64> = Atomic::new(0);

/// Counts an object as alive while it lives.
struct Alive {
    bytes: u64,
}

impl Alive {
    fn new(bytes: u64) -> Self {
        ALIVE.fetch_add(1, Relaxed);
        ALIVE_BYTES.fetch_add(bytes, Relaxed);
        Self { bytes }
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Relaxed);
        ALIVE_BYTES.fetch_sub(self.bytes, Relaxed);
    }
}

/// Objects alive.
pub(crate) fn alive() -> u64 {
    ALIVE.load(Relaxed)
}

/// Bytes the objects alive may hold.
pub(crate) fn alive_bytes() -> u64 {
    ALIVE_BYTES.load(Relaxed)
}

impl ObjectData {
    /// For an object of `bytes` that only the address space `private_to` may bind, or any
    /// if that is 0; `caching` is an `I915_CACHING_*`.
    pub(crate) fn new(bytes: u64, private_to: u32, caching: u32) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            _alive: Alive::new(bytes),
            private_to,
            caching: Atomic::new(caching),
        }? Error)
    }

    /// For an object imported from another device, whose memory is not ours to count.
    pub(crate) fn imported() -> impl PinInit<Self, Error> {
        Self::new(0, 0, DEFAULT_CACHING)
    }

    /// Whether only one address space may bind it.
    pub(crate) fn is_private(&self) -> bool {
        self.private_to != 0
    }

    /// Whether the address space with this number may bind it.
    pub(crate) fn may_be_bound_in(&self, address_space: u32) -> bool {
        self.private_to == 0 || self.private_to == address_space
    }

    /// `I915_CACHING_*`.
    pub(crate) fn caching(&self) -> u32 {
        self.caching.load(Relaxed)
    }

    /// Remembers what SET_CACHING asked for.
    pub(crate) fn set_caching(&self, caching: u32) {
        self.caching.store(caching, Relaxed);
    }
}
