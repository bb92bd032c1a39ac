// SPDX-License-Identifier: GPL-2.0 OR MIT

//! A submission: a batch, the slot it runs on, what it follows, what it keeps alive.

use crate::context::{Context, Slot};
use crate::driver::Unfinished;
use crate::drm::{self, Fence};
use crate::fence::{Place, Waits};
use crate::protocol::{self, Status, SubmitReply};
use crate::virtio::{status_to_result, Prepared};
use crate::vm::{ActiveViews, Mode};
use kernel::prelude::*;
use kernel::sync::aref::ARef;
use kernel::sync::Arc;
use zerocopy::IntoBytes;

/// Waits until the slots of a submission have room for it, with no lock held: see
/// [`Slot::wait_for_room`].
pub(crate) fn wait_for_room(
    dev: &drm::Device,
    context: &Context,
    device_slots: core::ops::Range<usize>,
    nonblocking: bool,
) -> Result {
    for slot in device_slots {
        context
            .slot(slot)
            .ok_or(EINVAL)?
            .wait_for_room(dev, nonblocking)?;
    }
    Ok(())
}

/// Queues one submission for each of `batches`, on the context's slots from `first_slot`
/// on, all after `waits`, and has `publish` called with the fence of each. The fence
/// signals when all have ended; until then `views` stay active. As
/// [`Submission::queue`].
pub(crate) fn queue_batches(
    dev: &drm::Device,
    context: &Arc<Context>,
    first_slot: usize,
    batches: &[u64],
    waits: &Waits,
    views: Option<Arc<ActiveViews>>,
    mut publish: impl FnMut(&ARef<Fence>),
) -> Result<ARef<Fence>> {
    let mut fences: KVec<ARef<Fence>> = KVec::with_capacity(batches.len(), GFP_KERNEL)?;
    for (index, batch) in batches.iter().enumerate() {
        let submission = Submission {
            context: context.clone(),
            slot: first_slot + index,
            batch: *batch,
            waits: waits.try_clone()?,
            views: views.clone(),
        };
        fences.push(submission.queue(dev, &mut publish)?, GFP_KERNEL)?;
    }
    match &fences[..] {
        [only] => Ok(only.clone()),
        several => Fence::merge(several),
    }
}

/// What to execute where.
struct Submission {
    /// The context.
    context: Arc<Context>,
    /// Index of the slot among the context's slots on the device.
    slot: usize,
    /// GPU address of the batch, in bytes, not canonical form.
    batch: u64,
    /// What it follows, beside the slot's earlier submissions and the address space's
    /// page-table updates.
    waits: Waits,
    /// What EXECBUFFER2 keeps mapped while it runs.
    views: Option<Arc<ActiveViews>>,
}

impl Submission {
    /// Queues it, and has `publish` put its fence where others find it, before any later
    /// submission to the slot can be made. Waits for nothing. ENOMEM; EINVAL in bind mode
    /// if nothing is mapped at the batch's address: nothing was queued, nothing published.
    fn queue(self, dev: &drm::Device, publish: impl FnOnce(&ARef<Fence>)) -> Result<ARef<Fence>> {
        let Self {
            context,
            slot: index,
            batch,
            mut waits,
            views,
        } = self;
        let vm = context.vm().clone();
        let slot: Arc<Slot> = context.slot(index).ok_or(EINVAL)?.clone();
        let mut single = context.single_timeline().map(|last| last.lock());
        if let Some(Some(last)) = single.as_deref() {
            waits.add(dev, last)?;
        }
        let mut state = slot.lock()?;
        if context.is_closed() {
            return Err(ENOENT);
        }
        let mut order = vm.order();

        // An unbind that came first is seen, and nothing is there to be executed.
        if vm.mode() == Mode::Bind && !vm.is_mapped(&order, batch) {
            return Err(EINVAL);
        }
        vm.add_update_wait(dev, &mut order, &mut waits)?;
        waits.forget_timeline(slot.timeline().number());
        let (points, foreign) = waits.finish()?;
        if vm.mode() == Mode::Bind {
            vm.reserve_submission(&mut order)?;
        }

        let value = state.last_value + 1;
        let pending = slot.timeline().fence(value)?;
        let fence = pending.fence();
        let command = protocol::Submit {
            context: context.number().into(),
            slot: (index as u16).into(),
            flags: 0.into(),
            batch: batch.into(),
            signal: value.into(),
            wait_count: (points.len() as u32).into(),
            reserved: 0.into(),
        };
        let done = {
            let context = context.clone();
            let unfinished = Unfinished::new(context.igpu().clone());
            move |status: Status, reply: &SubmitReply| {
                context.submission_ended(index, status, reply);
                pending.signal(status_to_result(status));
                drop(unfinished);
                drop(views);
                drop(context);
            }
        };
        let command: Prepared =
            context
                .transport()
                .prepare(&command, &[points.as_bytes()], done)?;
        let place = Place::reserve()?;

        state.last_value = value;
        slot.queue()
            .send(dev, place, value, command, fence.clone(), &foreign)?;
        if vm.mode() == Mode::Bind {
            vm.remember_submission(&mut order, slot.timeline().number(), fence.clone());
        }
        state.remember(fence.clone());
        if let Some(last) = single.as_deref_mut() {
            *last = Some(fence.clone());
        }
        publish(&fence);
        Ok(fence)
    }
}
