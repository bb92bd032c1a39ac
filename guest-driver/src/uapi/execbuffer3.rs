// SPDX-License-Identifier: GPL-2.0 OR MIT

//! EXECBUFFER3: a batch's address, and fences. All that is bound is the working set.

use crate::drm;
use crate::exec::Submission;
use crate::few::Few;
use crate::protocol::Batch;
use crate::rules::execbuffer3::{self, Execbuffer3};
use crate::rules::vm_bind;
use crate::uapi::fences::SubmissionFences;
use crate::uapi::user;
use crate::uapi_types::drm_i915_gem_execbuffer3;
use crate::vm::Mode;
use kernel::prelude::*;

/// `DRM_IOCTL_I915_GEM_EXECBUFFER3`.
pub(crate) fn execbuffer3(
    dev: &drm::Device,
    file: &drm::File,
    args: &mut drm_i915_gem_execbuffer3,
) -> Result<i32> {
    let igpu = dev.data();
    let fence_count = execbuffer3::check_execbuffer3(&Execbuffer3 {
        flags: args.flags,
        rsvd1: args.rsvd1,
        fence_count: args.fence_count,
        rsvd2: args.rsvd2,
        extensions: args.extensions,
    })?;
    let mut fences = SubmissionFences::new();
    let address = args.timeline_fences;
    fences.add_timeline_fences(file, fence_count, |index| {
        user::read_element(address, index)
    })?;

    let context = file.data().contexts().lookup(dev, file, args.ctx_id)?;
    vm_bind::check_bind_mode(true, context.vm().mode() == Mode::Bind)?;
    let slots = context.device_slots(execbuffer3::select_slot(
        context.user_map(),
        args.engine_idx,
    )?);
    let width = slots.len();
    let mut batches = Few::<Batch, 2>::new(Batch { address: 0.into() });
    for index in 0..width {
        let batch = if width == 1 {
            args.batch_address
        } else {
            user::read_element(args.batch_address, index)?
        };
        let batch = execbuffer3::check_batch_address(igpu.facts(), batch)?;
        batches.push(Batch {
            address: batch.into(),
        })?;
    }
    let slot = context.slot(slots.start).ok_or(EINVAL)?;
    let banned = context.is_banned(slots.clone());
    if banned || !slot.has_room() {
        // That nothing is mapped where a batch is to be comes first. Else it is found when the
        // submission is queued.
        let order = context.vm().order();
        let unmapped = |batch: &Batch| !context.vm().is_mapped(&order, batch.address.get());
        if batches.as_slice().iter().any(unmapped) {
            return Err(EINVAL);
        }
        drop(order);
        if banned {
            return Err(EIO);
        }
        slot.wait_for_room(dev, file.is_nonblocking())?;
    }

    let (waits, signals) = fences.split();
    let submission = Submission {
        context: &context,
        first_slot: slots.start,
        batches: batches.as_slice(),
        waits,
        views: None,
    };
    let working_set = context.vm().working_set(dev)?;
    let locked = working_set.lock_reservations()?;
    let fence = submission.queue(dev, |fence| locked.publish(fence))?;
    drop(working_set);
    signals.attach_all(&fence);
    Ok(0)
}
