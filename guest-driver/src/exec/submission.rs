// SPDX-License-Identifier: GPL-2.0 OR MIT

//! A submission: its batches, the slots they run on, what they follow, what they keep alive.

use crate::context::{Context, Slot};
use crate::driver::Unfinished;
use crate::drm::{self, Fence};
use crate::error_state::HungSubmission;
use crate::fence::Waits;
use crate::protocol::{self, Batch, Status, SubmitReply};
use crate::virtio::{status_to_result, trace, Prepared};
use crate::vm::{ActiveViews, CaptureSet, Mode};
use kernel::prelude::*;
use kernel::sync::aref::ARef;
use kernel::sync::Arc;
use zerocopy::IntoBytes;

/// Batches to execute, which start together, and what that takes.
pub(crate) struct Submission<'a> {
    /// The context.
    pub(crate) context: &'a Arc<Context>,
    /// Index of the first batch's slot among the context's slots on the device; the next
    /// batch's is the next one.
    pub(crate) first_slot: usize,
    /// The batches: GPU addresses in bytes, not canonical form. At least one.
    pub(crate) batches: &'a [Batch],
    /// What they follow, beside the slot's earlier submissions and the address space's
    /// page-table updates.
    pub(crate) waits: Waits,
    /// What EXECBUFFER2 keeps mapped while they run.
    pub(crate) views: Option<ActiveViews>,
}

impl Submission<'_> {
    /// Queues it, and has `publish` put its fence where others find it, before any later
    /// submission to the slot can be made. The fence signals when all batches have ended.
    /// Waits for nothing. ENOMEM; EIO if the device is wedged; EINVAL in bind mode if nothing
    /// is mapped at a batch's address: nothing was queued, nothing published.
    pub(crate) fn queue(
        self,
        dev: &drm::Device,
        publish: impl FnOnce(&ARef<Fence>),
    ) -> Result<ARef<Fence>> {
        let Self {
            context,
            first_slot: index,
            batches,
            mut waits,
            views,
        } = self;
        let link = context.link();
        let ticket = link.resets().ticket();
        if link.is_wedged() {
            return Err(EIO);
        }
        let (priority, sseu) = context.submission_params(index);
        let vm = context.vm();
        let slot: &Arc<Slot> = context.slot(index).ok_or(EINVAL)?;
        let mut single = context.single_timeline().map(|last| last.lock());
        if let Some(Some(last)) = single.as_deref() {
            waits.add(last)?;
        }
        let mut state = slot.lock()?;
        if context.is_closed() {
            return Err(ENOENT);
        }
        let mut order = vm.order();

        // An unbind that came first is seen, and nothing is there to be executed.
        let unmapped = |batch: &Batch| !vm.is_mapped(&order, batch.address.get());
        if vm.mode() == Mode::Bind && batches.iter().any(unmapped) {
            return Err(EINVAL);
        }
        vm.add_update_wait(&mut order, &mut waits)?;
        waits.forget_timeline(slot.timeline());
        let (points, foreign) = waits.finish(link.transport())?;
        if vm.mode() == Mode::Bind {
            vm.reserve_submission(&mut order)?;
        }

        let value = state.last_value + 1;
        let pending = slot.timeline().fence(value)?;
        let fence = pending.fence();
        let point = (slot.timeline().number(), value);
        trace::submit(context.number(), index as u32, point);
        let command = protocol::Submit {
            context: context.number().into(),
            slot: (index as u16).into(),
            batch_count: (batches.len() as u16).into(),
            signal: value.into(),
            priority: priority.into(),
            sseu,
            wait_count: (points.len() as u32).into(),
            flags: 0.into(),
        };
        let mut others: KVec<u64> = KVec::new();
        for other in batches.iter().skip(1) {
            others.push(other.address.get(), GFP_KERNEL)?;
        }
        let hung = HungSubmission {
            first_slot: index,
            signal: value,
            priority,
            first_batch: batches.first().ok_or(EINVAL)?.address.get(),
            other_batches: others,
            captured: match views {
                Some(views) => CaptureSet::Listed(views),
                None => CaptureSet::BoundUntil(order.last_value()),
            },
        };
        let done = {
            let context = context.clone();
            let unfinished = Unfinished::new(context.igpu().clone());
            let ticket = ticket.clone();
            let usage = context.usage().submitted(slot.class());
            move |status: Status, reply: &SubmitReply| {
                let cancelled = ticket.is_cancelled();
                let captured =
                    cancelled && reply.was_active.get() != 0 && context.link().resets().captures();
                if status == Status::Hung || captured {
                    // Userspace may overwrite what is captured once it sees the end.
                    hung.capture(&context);
                }
                // However it ended: all that is unfinished when the device is wedged is lost.
                let status = match status {
                    Status::Ok if cancelled => Status::Cancelled,
                    status => status,
                };
                if status == Status::Hung || !cancelled {
                    context.submission_ended(index, status, reply);
                }
                usage.ended(reply.busy_ns.get());
                pending.signal(status_to_result(status));
                drop(unfinished);
                drop(hung);
                drop(context);
            }
        };
        let command: Prepared = link
            .transport()
            .prepare(&command, &[batches.as_bytes(), points.as_bytes()], done)?
            .on_line(slot.returns().clone());

        state.last_value = value;
        slot.queue().send(
            dev,
            None,
            value,
            command,
            fence.clone(),
            Some(ticket),
            &foreign,
        )?;
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
