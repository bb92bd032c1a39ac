//! VM_BIND with all that it offers beyond the RFC: null and read-only mappings, many
//! operations in one call, fences to wait for.

use super::{AddressSpace, Object, Result};
use crate::sys::request;
use crate::sys::uapi::*;
use crate::sys::{address_of, address_of_slice};

/// Operations for one call, applied in their order, and its fences.
#[derive(Clone, Debug, Default)]
pub struct BindCall {
    /// The operations.
    pub ops: Vec<drm_i915_gem_vm_bind_op>,
    /// What to wait for and to signal.
    pub fences: Vec<drm_i915_gem_timeline_fence>,
}

impl BindCall {
    /// No operation, no fence.
    pub fn new() -> Self {
        Self::default()
    }

    fn op(mut self, op: drm_i915_gem_vm_bind_op) -> Self {
        self.ops.push(op);
        self
    }

    /// Maps the whole object.
    #[must_use]
    pub fn bind(self, object: &Object<'_>, start: u64) -> Self {
        self.bind_section(object, start, (0, object.size()), 0)
    }

    /// Maps `(offset, length)` of the object, with flags of VM_BIND.
    #[must_use]
    pub fn bind_section(
        self,
        object: &Object<'_>,
        start: u64,
        (offset, length): (u64, u64),
        flags: u64,
    ) -> Self {
        self.op(drm_i915_gem_vm_bind_op {
            op: I915_GEM_VM_BIND_OP_BIND,
            handle: object.handle(),
            start,
            offset,
            length,
            flags,
            rsvd: 0,
        })
    }

    /// A range that reads as zeroes.
    #[must_use]
    pub fn null(self, start: u64, length: u64) -> Self {
        self.op(drm_i915_gem_vm_bind_op {
            op: I915_GEM_VM_BIND_OP_BIND,
            start,
            length,
            flags: I915_GEM_VM_BIND_NULL,
            ..Default::default()
        })
    }

    /// Unmaps a range.
    #[must_use]
    pub fn unbind(self, start: u64, length: u64) -> Self {
        self.op(drm_i915_gem_vm_bind_op {
            op: I915_GEM_VM_BIND_OP_UNBIND,
            start,
            length,
            ..Default::default()
        })
    }

    /// Adds a fence.
    #[must_use]
    pub fn fence(mut self, fence: drm_i915_gem_timeline_fence) -> Self {
        self.fences.push(fence);
        self
    }

    /// Makes the call.
    pub fn submit(&self, vm: &AddressSpace<'_>) -> Result<()> {
        let fences = ext_fences(&self.fences, 0);
        let ops = drm_i915_gem_vm_bind_ext_ops {
            base: i915_user_extension {
                next_extension: address_of(&fences),
                name: I915_GEM_VM_BIND_EXT_OPS,
                ..Default::default()
            },
            op_count: self.ops.len() as u32,
            rsvd: 0,
            ops: address_of_slice(&self.ops),
        };
        let mut argument = drm_i915_gem_vm_bind {
            vm_id: vm.id(),
            extensions: address_of(&ops),
            ..Default::default()
        };
        vm.device().call::<request::VmBind>(&mut argument)
    }

    /// Unmaps a range by VM_UNBIND, with the fences.
    pub fn submit_unbind(&self, vm: &AddressSpace<'_>, start: u64, length: u64) -> Result<()> {
        let fences = ext_fences(&self.fences, 0);
        let mut argument = drm_i915_gem_vm_unbind {
            vm_id: vm.id(),
            start,
            length,
            extensions: address_of(&fences),
            ..Default::default()
        };
        vm.device().call::<request::VmUnbind>(&mut argument)
    }
}

/// A link with these fences, in front of the link at `next`.
pub fn ext_fences(
    fences: &[drm_i915_gem_timeline_fence],
    next: u64,
) -> drm_i915_gem_vm_bind_ext_fences {
    drm_i915_gem_vm_bind_ext_fences {
        base: i915_user_extension {
            next_extension: next,
            name: I915_GEM_VM_BIND_EXT_FENCES,
            ..Default::default()
        },
        fence_count: fences.len() as u32,
        rsvd: 0,
        fences: address_of_slice(fences),
    }
}
