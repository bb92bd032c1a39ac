// SPDX-License-Identifier: GPL-2.0 OR MIT

//! EXECBUFFER2: a list of objects, one of them the batch, and fences. The order of the
//! checks is told in [`crate::rules::execbuffer2`].

use crate::context::Context;
use crate::drm::resv::Usage;
use crate::drm::{self, Fence, LockedObjects, Object, SyncFile, Timeout};
use crate::exec::Submission;
use crate::fence::Waits;
use crate::few::Few;
use crate::protocol::Batch;
use crate::rules::address::canonical;
use crate::rules::address_allocator::Zone;
use crate::rules::engine_map::{select_legacy, select_user};
use crate::rules::execbuffer2::{self, ExecObject, Header, InFence};
use crate::rules::vm_bind;
use crate::uapi::fences::SubmissionFences;
use crate::uapi::relocation::{Outcome, Relocations};
use crate::uapi::user;
use crate::uapi_types::{
    drm_i915_gem_exec_fence, drm_i915_gem_exec_object2, drm_i915_gem_execbuffer2,
    drm_i915_gem_execbuffer_ext_timeline_fences, drm_i915_gem_relocation_entry,
    drm_i915_gem_timeline_fence, DRM_I915_GEM_EXECBUFFER_EXT_TIMELINE_FENCES,
    I915_EXEC_CONTEXT_ID_MASK,
};
use crate::vm::{ActiveViews, LegacyBinding, LegacyRequest, Mode};
use core::ops::Range;
use kernel::current;
use kernel::prelude::*;
use kernel::sync::aref::ARef;
use kernel::sync::Arc;

/// `DRM_IOCTL_I915_GEM_EXECBUFFER2` and `_WR`.
pub(crate) fn execbuffer2(
    dev: &drm::Device,
    file: &drm::File,
    args: &mut drm_i915_gem_execbuffer2,
) -> Result<i32> {
    execbuffer2::check_buffer_count(args.buffer_count)?;
    let header = Header {
        batch_start_offset: args.batch_start_offset,
        batch_len: args.batch_len,
        dr1: args.DR1,
        dr4: args.DR4,
        num_cliprects: args.num_cliprects,
        cliprects_ptr: args.cliprects_ptr,
        flags: args.flags,
    };
    header.check()?;
    let objects = user::read_array(args.buffers_ptr, args.buffer_count as usize)?;
    header.check_privilege()?;

    let mut fences = read_fences(file, &header)?;
    add_in_fence(&header, args.rsvd2 as u32, &mut fences.waits)?;
    let out_fence = header
        .wants_out_fence()
        .then(SyncFile::reserve)
        .transpose()?;
    let context_id = (args.rsvd1 & u64::from(I915_EXEC_CONTEXT_ID_MASK)) as u32;
    let context = file.data().contexts().lookup(dev, file, context_id)?;
    vm_bind::check_bind_mode(false, context.vm().mode() == Mode::Bind)?;
    let slots = select_slot(dev, file, &context, header.flags)?;
    let width = slots.len();
    header.check_parallel(objects.len(), width)?;
    if context.link().is_wedged() {
        return Err(EIO);
    }

    let list = ObjectList::look_up(dev, file, &header, &objects, width)?;
    if context.is_banned(slots.clone()) {
        return Err(EIO);
    }
    context
        .slot(slots.start)
        .ok_or(EINVAL)?
        .wait_for_room(dev, file.is_nonblocking())?;
    list.check_placements(dev)?;
    let (fence, addresses) = loop {
        let LegacyBinding { addresses, views } = context.vm().bind_legacy(dev, &list.requests)?;
        let mut relocations = Relocations::new(&header, &objects, &list.requests, &addresses)?;
        let locked = LockedObjects::lock(list.objects())?;
        match relocations.write()? {
            Outcome::Done if views.are_current() => {
                header.check_late()?;
                let submission = ToSubmit {
                    dev,
                    context: &context,
                    slots,
                    header: &header,
                    list: &list,
                    relocations: &relocations,
                };
                let fence = submission.queue(&addresses, views, locked, fences)?;
                relocations.tell();
                drop(relocations);
                break (fence, addresses);
            }
            // A process has changed memory of its own since it was mapped.
            Outcome::Done => drop(locked),
            Outcome::Busy(object) => {
                drop(locked);
                wait_unused(dev, &object)?;
            }
            Outcome::Absent(place) => {
                drop(locked);
                user::read::<drm_i915_gem_relocation_entry>(place)?;
            }
        }
        if current!().signal_pending() {
            return Err(ERESTARTSYS);
        }
    };
    write_back(args.buffers_ptr, &objects, &addresses);
    if let Some(out_fence) = out_fence {
        let fd = out_fence.attach(&fence)?.install();
        args.rsvd2 = (args.rsvd2 & 0xffff_ffff) | (fd as u64) << 32;
    }
    Ok(0)
}

/// The fence array, or the timeline fences of the extension.
fn read_fences(file: &drm::File, header: &Header) -> Result<SubmissionFences> {
    let mut fences = SubmissionFences::new();
    if let Some(chain) = header.extensions()? {
        user::for_each_extension(chain, |name, link| {
            if name != DRM_I915_GEM_EXECBUFFER_EXT_TIMELINE_FENCES {
                return Err(EINVAL);
            }
            let extension: drm_i915_gem_execbuffer_ext_timeline_fences = user::read(link)?;
            let count = execbuffer2::check_timeline_fence_count(extension.fence_count)?;
            fences.add_timeline_fences(file, count, |index| {
                let fence: drm_i915_gem_exec_fence =
                    user::read_element(extension.handles_ptr, index)?;
                execbuffer2::check_fence_flags(fence.flags)?;
                let value: u64 = user::read_element(extension.values_ptr, index)?;
                Ok(drm_i915_gem_timeline_fence {
                    handle: fence.handle,
                    flags: fence.flags,
                    value,
                })
            })
        })?;
    }
    fences.add_fence_array(file, header.cliprects_ptr, header.fence_array())?;
    Ok(fences)
}

/// The sync_file to start after.
fn add_in_fence(header: &Header, fd: u32, waits: &mut Waits) -> Result {
    match header.in_fence()? {
        InFence::None => {}
        InFence::Signaled => waits.add(&*SyncFile::fence_of(fd as i32)?)?,
        InFence::Submitted => waits.add_start(&*SyncFile::fence_of(fd as i32)?)?,
    }
    Ok(())
}

/// The slots on the device, one for each batch of the submission.
fn select_slot(
    dev: &drm::Device,
    file: &drm::File,
    context: &Context,
    flags: u64,
) -> Result<Range<usize>> {
    let index = match context.user_map() {
        Some(_) => select_user(flags),
        None => {
            let igpu = dev.data();
            select_legacy(igpu.facts(), flags, |_| file.data().video_engine(igpu))?.get()
        }
    };
    Ok(context.device_slots(context.map().find_filled(index)?))
}

/// The objects of a submission, checked.
struct ObjectList {
    requests: KVVec<LegacyRequest>,
    /// Indices of the batches, in order.
    batches: Few<usize, 2>,
}

impl ObjectList {
    fn look_up(
        dev: &drm::Device,
        file: &drm::File,
        header: &Header,
        objects: &[drm_i915_gem_exec_object2],
        width: usize,
    ) -> Result<Self> {
        let igpu = dev.data();
        let facts = igpu.facts();
        let mut list = Self {
            requests: KVVec::with_capacity(objects.len(), GFP_KERNEL)?,
            batches: Few::new(0),
        };
        for (index, entry) in objects.iter().enumerate() {
            let object = Object::lookup(file, entry.handle)?;
            let size = object.size() as u64;
            let checked = execbuffer2::check_object(
                facts,
                &ExecObject {
                    relocation_count: entry.relocation_count,
                    alignment: entry.alignment,
                    offset: entry.offset,
                    flags: entry.flags,
                    pad_to_size: entry.pad_to_size,
                },
                size,
                object.data().is_private(),
            )?;
            let is_batch = header.is_batch(index, objects.len(), width);
            if is_batch {
                execbuffer2::check_batch(header, &checked, size)?;
                list.batches.push(index)?;
            }
            let relocated_batch = is_batch && checked.relocation_count != 0 && !checked.pinned;
            let zone = Zone::of(facts, &checked, relocated_batch);
            list.requests.push(
                LegacyRequest {
                    object,
                    checked,
                    zone,
                },
                GFP_KERNEL,
            )?;
        }
        Ok(list)
    }

    /// The objects, in the order of the list.
    fn objects(&self) -> impl Iterator<Item = &Object> {
        self.requests.iter().map(|request| &*request.object)
    }

    /// Whether the pinned objects can be where they are to be.
    fn check_placements(&self, dev: &drm::Device) -> Result {
        let facts = dev.data().facts();
        for request in self.requests.iter() {
            if request.checked.pinned {
                execbuffer2::check_placement(facts, &request.checked)?;
            } else if request.checked.size > request.zone.end {
                return Err(ENOSPC);
            }
        }
        Ok(())
    }
}

/// What is to be submitted, checked.
struct ToSubmit<'a> {
    dev: &'a drm::Device,
    context: &'a Arc<Context>,
    slots: Range<usize>,
    header: &'a Header,
    list: &'a ObjectList,
    relocations: &'a Relocations<'a>,
}

impl ToSubmit<'_> {
    /// Queues it under the objects' reservations, and leaves its fence there.
    fn queue(
        self,
        addresses: &[u64],
        views: ActiveViews,
        mut locked: LockedObjects<'_>,
        fences: SubmissionFences,
    ) -> Result<ARef<Fence>> {
        let (mut waits, signals) = fences.split();
        for (request, write) in self.accesses() {
            locked.reserve(&request.object, 1)?;
            if !request.checked.asynchronous {
                // A writer follows all, a reader the writers.
                let usage = if write { Usage::Read } else { Usage::Write };
                for fence in locked.fences(&request.object, usage)? {
                    waits.add(&fence)?;
                }
            }
        }

        let mut batches = Few::<Batch, 2>::new(Batch { address: 0.into() });
        for batch in self.list.batches.as_slice() {
            let address = addresses.get(*batch).copied().ok_or(EINVAL)?;
            let address = (address + u64::from(self.header.batch_start_offset)).into();
            batches.push(Batch { address })?;
        }
        let submission = Submission {
            context: self.context,
            first_slot: self.slots.start,
            batches: batches.as_slice(),
            waits,
            views: Some(views),
        };
        let fence = submission.queue(self.dev, |fence| {
            for (request, write) in self.accesses() {
                let usage = if write { Usage::Write } else { Usage::Read };
                locked.add_fence(&request.object, fence, usage);
            }
        })?;
        drop(locked);
        signals.attach_all(&fence);
        Ok(fence)
    }

    /// The objects, each with whether the batch writes it.
    fn accesses(&self) -> impl Iterator<Item = (&LegacyRequest, bool)> {
        let requests = self.list.requests.iter().enumerate();
        requests.map(|(index, request)| {
            let write = request.checked.write || self.relocations.says_written(index);
            (request, write)
        })
    }
}

/// Tells userspace where objects are that are not where it believed. The submission is
/// under way: an unwritable list is not an error any more.
fn write_back(list: u64, objects: &[drm_i915_gem_exec_object2], addresses: &[u64]) {
    for (index, (object, address)) in objects.iter().zip(addresses).enumerate() {
        let address = canonical(*address);
        if object.offset != address {
            let entry = list + (index * size_of::<drm_i915_gem_exec_object2>()) as u64;
            let field = core::mem::offset_of!(drm_i915_gem_exec_object2, offset) as u64;
            if user::write(entry + field, &address).is_err() {
                return;
            }
        }
    }
}

/// Waits until nothing uses `object`, for a write by the CPU.
pub(super) fn wait_unused(dev: &drm::Device, object: &Object) -> Result {
    dev.unlocked(|| object.resv().wait(Usage::Read, Timeout::Forever))?;
    Ok(())
}
