// SPDX-License-Identifier: GPL-2.0 OR MIT

//! VM_BIND and VM_UNBIND.

use crate::driver::Igpu;
use crate::drm::{self, Object, Timeout};
use crate::fence::Waits;
use crate::rules::address::Range;
use crate::rules::vm_bind::{
    self, BindArguments, BindRequest, CheckedBind, OutFence, Owner, TimelineFence, UnbindArguments,
};
use crate::rules::vm_bind_extensions::{
    check_operation, BindExtensions, ChainOf, List, OperationArguments, OperationRequest,
};
use crate::uapi::fences::{Signal, Signals, SubmissionFences};
use crate::uapi::user::{self, Caller};
use crate::uapi_types::{
    drm_i915_gem_timeline_fence, drm_i915_gem_vm_bind, drm_i915_gem_vm_bind_op,
    drm_i915_gem_vm_unbind,
};
use crate::vm::{AddressSpace, Memory, Mode, Operation, Version};
use kernel::prelude::*;
use kernel::sync::aref::ARef;
use kernel::sync::Arc;

impl From<drm_i915_gem_timeline_fence> for TimelineFence {
    fn from(fence: drm_i915_gem_timeline_fence) -> Self {
        Self {
            handle: fence.handle,
            flags: fence.flags,
            value: fence.value,
        }
    }
}

/// An operation, checked, with the object that it maps.
struct Checked {
    range: Range,
    memory: Option<(Option<ARef<Object>>, CheckedBind)>,
}

impl Checked {
    /// A bind: looks its object up and checks the rest. ENOENT, EINVAL.
    fn bind(
        igpu: &Igpu,
        file: &drm::File,
        vm: &AddressSpace,
        request: &BindRequest,
    ) -> Result<Self> {
        let Some(handle) = request.object() else {
            let checked = request.check_null(igpu.facts())?;
            return Ok(Self {
                range: checked.range,
                memory: Some((None, checked)),
            });
        };
        let object = Object::lookup(file, handle)?;
        let owner = if !object.data().is_private() {
            Owner::Shared
        } else if object.data().may_be_bound_in(vm.number()) {
            Owner::ThisVm
        } else {
            Owner::AnotherVm
        };
        let checked = request.check_object(igpu.facts(), object.size() as u64, owner)?;
        Ok(Self {
            range: checked.range,
            memory: Some((Some(object), checked)),
        })
    }

    /// As the address space wants it.
    fn operation(&self) -> Operation<'_> {
        let memory = self.memory.as_ref().map(|(object, checked)| match object {
            None => Memory::Null,
            Some(object) => Memory::Section {
                object,
                offset: checked.offset,
                read_only: checked.read_only,
                capture: checked.capture,
            },
        });
        Operation {
            range: self.range,
            memory,
        }
    }
}

/// `DRM_IOCTL_I915_GEM_VM_BIND`.
pub(crate) fn vm_bind(
    dev: &drm::Device,
    file: &drm::File,
    args: &mut drm_i915_gem_vm_bind,
) -> Result<i32> {
    let igpu: &Igpu = dev.data();
    let request = vm_bind::check_bind(
        igpu.facts(),
        BindArguments {
            handle: args.handle,
            start: args.start,
            offset: args.offset,
            length: args.length,
            flags: args.flags,
            fence: args.fence.into(),
        },
    )?;
    let extensions = BindExtensions::read(igpu.facts(), &Caller, args.extensions, ChainOf::Bind)?;
    let vm = file.data().vms().get(args.vm_id)?;
    vm_bind::check_bind_mode(true, vm.mode() == Mode::Bind)?;
    let Some(list) = extensions.operations else {
        let bind = Checked::bind(igpu, file, &vm, &request)?;
        let out_fence = bind.memory.as_ref().and_then(|(_, checked)| checked.fence);
        let fences = Fences::find(file, extensions.fences, out_fence)?;
        return fences.apply(dev, &vm, &[bind.operation()]);
    };

    let out_fence = request.check_no_operation()?;
    let mut checked = KVVec::new();
    for index in 0..list.count {
        let op: drm_i915_gem_vm_bind_op = user::read_element(list.address, index)?;
        let request = check_operation(
            igpu.facts(),
            &OperationArguments {
                op: op.op,
                handle: op.handle,
                start: op.start,
                offset: op.offset,
                length: op.length,
                flags: op.flags,
                rsvd: op.rsvd,
            },
        )?;
        let operation = match request {
            OperationRequest::Bind(request) => Checked::bind(igpu, file, &vm, &request)?,
            OperationRequest::Unbind(request) => Checked {
                range: request.check_range(igpu.facts())?.0,
                memory: None,
            },
        };
        checked.push(operation, GFP_KERNEL)?;
    }
    let fences = Fences::find(file, extensions.fences, out_fence)?;
    let mut operations = KVVec::with_capacity(checked.len(), GFP_KERNEL)?;
    for checked in &checked {
        operations.push(checked.operation(), GFP_KERNEL)?;
    }
    fences.apply(dev, &vm, &operations)
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
    })?;
    let extensions = BindExtensions::read(igpu.facts(), &Caller, args.extensions, ChainOf::Unbind)?;
    let vm = file.data().vms().get(args.vm_id)?;
    vm_bind::check_bind_mode(true, vm.mode() == Mode::Bind)?;
    let (range, out_fence) = request.check_range(igpu.facts())?;
    let fences = Fences::find(file, extensions.fences, out_fence)?;
    let operation = Operation {
        range,
        memory: None,
    };
    fences.apply(dev, &vm, &[operation])
}

/// What a call waits for and signals.
struct Fences {
    waits: Waits,
    signals: Signals,
}

impl Fences {
    /// Those of the chain, then the argument's own. EFAULT, EINVAL, ENOENT, ENOMEM.
    fn find(file: &drm::File, list: Option<List>, out_fence: Option<OutFence>) -> Result<Self> {
        let mut fences = SubmissionFences::new();
        if let Some(List { address, count }) = list {
            fences.add_timeline_fences(file, count, |index| user::read_element(address, index))?;
        }
        let (waits, mut signals) = fences.split();
        if let Some(signal) = Signal::of_bind(file, out_fence)? {
            signals.push(signal)?;
        }
        Ok(Self { waits, signals })
    }

    /// Carries the operations out, and hands their fence out, or waits for it if nobody
    /// asked for one.
    fn apply(
        self,
        dev: &drm::Device,
        vm: &Arc<AddressSpace>,
        operations: &[Operation<'_>],
    ) -> Result<i32> {
        let fence = vm.apply(dev, operations, self.waits, version(dev.data()))?;
        if !self.signals.is_empty() {
            self.signals.attach_all(&fence);
            return Ok(0);
        }
        dev.unlocked(|| fence.wait(Timeout::Forever))?;
        fence.error().map_or(Ok(0), Err)
    }
}

/// The version of VM_BIND that is offered.
fn version(igpu: &Igpu) -> Version {
    match igpu.vm_bind_version() {
        1 => Version::One,
        _ => Version::Two,
    }
}
