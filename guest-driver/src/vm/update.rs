// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Page-table updates: a range, as one command (more when the pages lie in very many
//! pieces), in the order of the bind timeline.

use crate::drm::{self, Fence};
use crate::fence::{Place, Waits};
use crate::protocol::{self, Bind, BindFlags, Extent, Point, Status, Unbind};
use crate::rules::address::Range;
use crate::virtio::{status_to_result, trace, Prepared};
use crate::vm::address_space::State;
use crate::vm::displaced::Displaced;
use crate::vm::mapping::Shown;
use crate::vm::AddressSpace;
use kernel::prelude::*;
use kernel::sync::aref::ARef;
use kernel::sync::atomic::{Atomic, Relaxed};
use kernel::sync::Arc;
use zerocopy::IntoBytes;

/// What a range of GPU addresses is to be.
pub(super) enum Update<'a> {
    /// Mapped to what is shown, from `offset` bytes on.
    Map { shown: &'a Shown, offset: u64 },
    /// Nothing.
    Unmap,
}

/// An update with everything it needs allocated.
pub(super) struct PreparedUpdate {
    /// The values and commands, in order; several when there are many extents.
    commands: KVec<(u64, Prepared, ARef<Fence>, Place)>,
    foreign: KVec<ARef<Fence>>,
    displaced: Arc<Displaced>,
    /// Extents in all commands.
    extents: usize,
}

/// An update on its way.
pub(super) struct SentUpdate {
    /// Signals when the device has applied it.
    pub(super) fence: ARef<Fence>,
    /// What it takes away is to be put here.
    pub(super) displaced: Arc<Displaced>,
}

/// The first error of the commands that a call makes: each fence behind it has it too.
pub(super) struct FirstError(Atomic<u32>);

impl FirstError {
    /// None so far. ENOMEM.
    pub(super) fn new() -> Result<Arc<Self>> {
        Ok(Arc::new(Self(Atomic::new(Status::Ok as u32)), GFP_KERNEL)?)
    }

    fn record(&self, status: Status) {
        if status != Status::Ok {
            let _ = self.0.cmpxchg(Status::Ok as u32, status as u32, Relaxed);
        }
    }

    fn result(&self) -> Result {
        status_to_result(Status::from_u32(self.0.load(Relaxed)))
    }
}

/// The bytes of a command's parts, and the lists behind them.
struct Parts<'a> {
    points: &'a [Point],
    extents: &'a [Extent],
}

impl AddressSpace {
    /// Sends the update of a range; from now on it is the address space's last. What it
    /// takes away is then for the caller to put into what is returned. An error leaves it
    /// not sent.
    pub(super) fn send_update(
        self: &Arc<Self>,
        dev: &drm::Device,
        state: &mut State,
        range: Range,
        update: &Update<'_>,
        waits: Waits,
    ) -> Result<SentUpdate> {
        let errors = FirstError::new()?;
        let prepared = self.prepare_update(state, range, update, waits, &errors)?;
        self.commit_update(dev, state, prepared)
    }

    /// Makes ready the update of a range, after `waits`, to be committed after those that
    /// were made ready before it, under the same lock. Changes nothing but the timeline's
    /// last value. ENOMEM.
    pub(super) fn prepare_update(
        self: &Arc<Self>,
        state: &mut State,
        range: Range,
        update: &Update<'_>,
        waits: Waits,
        errors: &Arc<FirstError>,
    ) -> Result<PreparedUpdate> {
        let (points, foreign) = waits.finish(self.link.transport())?;
        let mut prepared = PreparedUpdate {
            commands: KVec::new(),
            foreign,
            displaced: Displaced::new(range, state.last_value + 1)?,
            extents: 0,
        };
        match update {
            Update::Map { shown, offset } => {
                self.prepare_map(state, &mut prepared, range, shown, *offset, &points, errors)?;
            }
            Update::Unmap => {
                let command = Unbind {
                    address_space: self.number().into(),
                    flags: 0.into(),
                    address: range.start().into(),
                    length: range.length().into(),
                    signal: (state.last_value + 1).into(),
                    wait_count: (points.len() as u32).into(),
                    reserved: 0.into(),
                };
                let parts = Parts {
                    points: &points,
                    extents: &[],
                };
                self.add_command(state, &mut prepared, &command, parts, errors)?;
            }
        }
        Ok(prepared)
    }

    #[allow(clippy::too_many_arguments)]
    fn prepare_map(
        self: &Arc<Self>,
        state: &mut State,
        prepared: &mut PreparedUpdate,
        range: Range,
        shown: &Shown,
        offset: u64,
        points: &[Point],
        errors: &Arc<FirstError>,
    ) -> Result {
        let mut extents = KVVec::new();
        let mut flags = 0;
        match &shown.view {
            Some(view) => {
                let pages = view.pages().ok_or(EFAULT)?;
                for extent in pages.extents(offset, range.length())? {
                    extents.push(extent, GFP_KERNEL)?;
                }
                if shown.read_only {
                    flags |= BindFlags::READ_ONLY;
                }
            }
            None => flags |= BindFlags::NULL,
        }
        prepared.extents = extents.len();
        let mut address = range.start();
        let mut rest: &[Extent] = &extents;
        let mut points = points;
        loop {
            let (now, later) = rest.split_at(rest.len().min(protocol::MAX_EXTENTS as usize));
            let bytes = if later.is_empty() {
                range.end() - address
            } else {
                now.iter().map(|extent| extent.length.get()).sum()
            };
            let command = Bind {
                address_space: self.number().into(),
                flags: flags.into(),
                address: address.into(),
                length: bytes.into(),
                signal: (state.last_value + 1).into(),
                wait_count: (points.len() as u32).into(),
                extent_count: (now.len() as u32).into(),
            };
            let parts = Parts {
                points,
                extents: now,
            };
            self.add_command(state, prepared, &command, parts, errors)?;
            if later.is_empty() {
                return Ok(());
            }
            // The timeline is in order: what follows needn't wait for the same points.
            (address, rest, points) = (address + bytes, later, &[]);
        }
    }

    fn add_command<C>(
        self: &Arc<Self>,
        state: &mut State,
        prepared: &mut PreparedUpdate,
        command: &C,
        parts: Parts<'_>,
        errors: &Arc<FirstError>,
    ) -> Result
    where
        C: protocol::Command<Reply = protocol::ReplyHeader> + IntoBytes + zerocopy::Immutable,
    {
        state.last_value += 1;
        let value = state.last_value;
        let pending = self.timeline.fence(value)?;
        let fence = pending.fence();
        trace::update(self.number(), (self.timeline.number(), value));
        let vm = self.clone();
        let errors = errors.clone();
        let displaced = prepared.displaced.clone();
        let done = move |status: Status, _reply: &protocol::ReplyHeader| {
            errors.record(status);
            match status {
                // The device has it no more; lost, it is reset before anybody is told.
                Status::Ok | Status::DeviceLost => displaced.release(),
                // It may still have it.
                _ => vm.keep_refused(displaced),
            }
            pending.signal(errors.result());
            drop(vm);
        };
        let lists = [parts.points.as_bytes(), parts.extents.as_bytes()];
        let command = self.link.transport().prepare(command, &lists, done)?;
        Ok(prepared
            .commands
            .push((value, command, fence, Place::reserve()?), GFP_KERNEL)?)
    }

    /// Sends an update; from now on it is the address space's last. ENOMEM leaves it not
    /// sent, and is only possible where it has others' fences to wait for.
    pub(super) fn commit_update(
        &self,
        dev: &drm::Device,
        state: &mut State,
        update: PreparedUpdate,
    ) -> Result<SentUpdate> {
        let PreparedUpdate {
            commands,
            foreign,
            displaced,
            extents,
        } = update;
        let mut waits: &[ARef<Fence>] = &foreign;
        let mut last = None;
        for (value, command, fence, place) in commands {
            // Only waiting for others' fences can fail, and only the first command does.
            self.updates
                .send(dev, Some(place), value, command, fence.clone(), None, waits)?;
            waits = &[];
            last = Some(fence);
        }
        let fence = last.ok_or(EINVAL)?;
        super::EXTENTS.fetch_add(extents as u64, Relaxed);
        state.last_update = Some(fence.clone());
        Ok(SentUpdate { fence, displaced })
    }
}
