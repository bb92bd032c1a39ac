// SPDX-License-Identifier: GPL-2.0 OR MIT

//! VM_BIND and VM_UNBIND.

use crate::driver::Igpu;
use crate::drm::{self, Fence, Object, Timeout};
use crate::fence::Waits;
use crate::rules::vm_bind::{self, BindArguments, Owner, TimelineFence, UnbindArguments};
use crate::uapi::fences::Signal;
use crate::uapi_types::{
    drm_i915_gem_timeline_fence, drm_i915_gem_vm_bind, drm_i915_gem_vm_unbind,
};
use crate::vm::{Memory, Mode, Operation, Version};
use kernel::prelude::*;
use kernel::sync::aref::ARef;

impl From<drm_i915_gem_timeline_fence> for TimelineFence {
    fn from(fence: drm_i915_gem_timeline_fence) -> Self {
        Self {
            handle: fence.handle,
            flags: fence.flags,
            value: fence.value,
        }
    }
}

/// `DRM_IOCTL_I915_GEM_VM_BIND`.
pub(crate) fn vm_bind(
    dev: &drm::Device,
    file: &drm::File,
    args: &mut drm_i915_gem_vm_bind,
) -> Result<i32> {
    let igpu = dev.data();
    let request = vm_bind::check_bind(BindArguments {
        start: args.start,
        offset: args.offset,
        length: args.length,
        flags: args.flags,
        fence: args.fence.into(),
        extensions: args.extensions,
    })?;
    let vm = file.data().vms().get(args.vm_id)?;
    vm_bind::check_bind_mode(true, vm.mode() == Mode::Bind)?;
    let object = Object::lookup(file, args.handle)?;
    let owner = if !object.data().is_private() {
        Owner::Shared
    } else if object.data().may_be_bound_in(vm.number()) {
        Owner::ThisVm
    } else {
        Owner::AnotherVm
    };
    let checked = request.check_object(igpu.facts(), object.size() as u64, owner)?;
    let signal = Signal::of_bind(file, checked.fence)?;
    let operation = Operation {
        range: checked.range,
        memory: Some(Memory::Section {
            object: &object,
            offset: checked.offset,
            read_only: false,
        }),
    };
    let fence = vm.apply(dev, &[operation], Waits::new(), version(igpu))?;
    finish(dev, signal, &fence)
}

/// `DRM_IOCTL_I915_GEM_VM_UNBIND`.
pub(crate) fn vm_unbind(
    dev: &drm::Device,
    file: &drm::File,
    args: &mut drm_i915_gem_vm_unbind,
) -> Result<i32> {
    let igpu: &Igpu = dev.data();
    let request = vm_bind::check_unbind(UnbindArguments {
        reserved: args.rsvd,
        start: args.start,
        length: args.length,
        flags: args.flags,
        fence: args.fence.into(),
        extensions: args.extensions,
    })?;
    let vm = file.data().vms().get(args.vm_id)?;
    vm_bind::check_bind_mode(true, vm.mode() == Mode::Bind)?;
    let (range, out_fence) = request.check_range(igpu.facts())?;
    let signal = Signal::of_bind(file, out_fence)?;
    let operation = Operation {
        range,
        memory: None,
    };
    let fence = vm.apply(dev, &[operation], Waits::new(), version(igpu))?;
    finish(dev, signal, &fence)
}

/// The version of VM_BIND that is offered.
fn version(igpu: &Igpu) -> Version {
    match igpu.vm_bind_version() {
        1 => Version::One,
        _ => Version::Two,
    }
}

/// Hands the fence out, or waits for it if userspace didn't ask for one.
fn finish(dev: &drm::Device, signal: Option<Signal>, fence: &ARef<Fence>) -> Result<i32> {
    match signal {
        Some(signal) => signal.attach(fence),
        None => {
            dev.unlocked(|| fence.wait(Timeout::Forever))?;
            if let Some(error) = fence.error() {
                return Err(error);
            }
        }
    }
    Ok(0)
}
