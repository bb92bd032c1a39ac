// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Page-table updates: a range, as one command (more when the pages lie in very many
//! pieces), in the order of the bind timeline.

use crate::drm::{self, Fence};
use crate::fence::{Place, Waits};
use crate::protocol::{self, Bind, Extent, Point, Status, Unbind};
use crate::virtio::{status_to_result, Prepared};
use crate::vm::address_space::State;
use crate::vm::{AddressSpace, View};
use kernel::prelude::*;
use kernel::sync::aref::ARef;
use kernel::sync::atomic::{Atomic, Relaxed};
use kernel::sync::Arc;
use zerocopy::IntoBytes;

/// What a range of GPU addresses is to be.
pub(super) enum Update<'a> {
    /// Mapped to the view's pages from `offset` bytes on.
    Map { view: &'a View, offset: u64 },
    /// Nothing.
    Unmap,
}

/// An update with everything it needs allocated.
struct PreparedUpdate {
    /// The values and commands, in order; several when there are many extents.
    commands: KVec<(u64, Prepared, ARef<Fence>, Place)>,
    foreign: KVec<ARef<Fence>>,
}

/// The views of mappings that an update takes away, whole or in part. The update's command
/// holds them, and so their pages stay pinned until the device has applied it.
struct Displaced {
    /// Held, not read.
    _views: KVec<Arc<View>>,
}

/// The first error of the commands that make up an update.
struct FirstError(Atomic<u32>);

impl FirstError {
    fn record(&self, status: Status) {
        if status != Status::Ok {
            let _ = self.0.cmpxchg(Status::Ok as u32, status as u32, Relaxed);
        }
    }

    fn result(&self) -> Result {
        status_to_result(Status::from_u32(self.0.load(Relaxed)))
    }
}

impl AddressSpace {
    /// Sends the update of `[start, start + length)`, after `waits`; from now on it is the
    /// address space's last. What it takes away, `displaced`, is held until the device has
    /// confirmed it. An error leaves it not sent.
    pub(super) fn send_update(
        self: &Arc<Self>,
        dev: &drm::Device,
        state: &mut State,
        range: (u64, u64),
        update: &Update<'_>,
        waits: Waits,
        displaced: KVec<Arc<View>>,
    ) -> Result<ARef<Fence>> {
        let displaced = Arc::new(Displaced { _views: displaced }, GFP_KERNEL)?;
        let prepared = self.prepare_update(state, range, update, waits, displaced)?;
        self.commit_update(dev, state, prepared)
    }

    /// Makes ready the update of `[start, start + length)`, after `waits`. Changes
    /// nothing but the timeline's last value. `displaced` holds what the update takes
    /// away until the device has confirmed it.
    fn prepare_update(
        self: &Arc<Self>,
        state: &mut State,
        (start, length): (u64, u64),
        update: &Update<'_>,
        waits: Waits,
        displaced: Arc<Displaced>,
    ) -> Result<PreparedUpdate> {
        let (points, foreign) = waits.finish()?;
        let mut prepared = PreparedUpdate {
            commands: KVec::new(),
            foreign,
        };

        let mut extents = KVVec::new();
        match update {
            Update::Map { view, offset } => {
                for extent in view.pages().extents(*offset, length)? {
                    extents.push(extent, GFP_KERNEL)?;
                }
            }
            Update::Unmap => {
                let command = Unbind {
                    address_space: self.number().into(),
                    flags: 0.into(),
                    address: start.into(),
                    length: length.into(),
                    signal: (state.last_value + 1).into(),
                    wait_count: (points.len() as u32).into(),
                    reserved: 0.into(),
                };
                self.add_command(
                    state,
                    &mut prepared,
                    &command,
                    &points,
                    &[],
                    None,
                    displaced,
                )?;
                return Ok(prepared);
            }
        }

        let errors = Arc::new(FirstError(Atomic::new(Status::Ok as u32)), GFP_KERNEL)?;
        let mut address = start;
        let mut rest: &[Extent] = &extents;
        let mut waits: &[Point] = &points;
        loop {
            let (now, later) = rest.split_at(rest.len().min(protocol::MAX_EXTENTS as usize));
            let bytes = if later.is_empty() {
                start + length - address
            } else {
                now.iter().map(|extent| extent.length.get()).sum()
            };
            let command = Bind {
                address_space: self.number().into(),
                flags: 0.into(),
                address: address.into(),
                length: bytes.into(),
                signal: (state.last_value + 1).into(),
                wait_count: (waits.len() as u32).into(),
                extent_count: (now.len() as u32).into(),
            };
            self.add_command(
                state,
                &mut prepared,
                &command,
                waits,
                now,
                Some(errors.clone()),
                displaced.clone(),
            )?;
            if later.is_empty() {
                break;
            }
            // The timeline is in order: what follows needn't wait for the same points.
            (address, rest, waits) = (address + bytes, later, &[]);
        }
        Ok(prepared)
    }

    #[allow(clippy::too_many_arguments)]
    fn add_command<C>(
        self: &Arc<Self>,
        state: &mut State,
        prepared: &mut PreparedUpdate,
        command: &C,
        points: &[Point],
        extents: &[Extent],
        errors: Option<Arc<FirstError>>,
        displaced: Arc<Displaced>,
    ) -> Result
    where
        C: protocol::Command<Reply = protocol::ReplyHeader> + IntoBytes + zerocopy::Immutable,
    {
        state.last_value += 1;
        let value = state.last_value;
        let pending = self.timeline.fence(value)?;
        let fence = pending.fence();
        let vm = self.clone();
        let done = move |status: Status, _reply: &protocol::ReplyHeader| {
            let result = match &errors {
                Some(errors) => {
                    errors.record(status);
                    errors.result()
                }
                None => status_to_result(status),
            };
            pending.signal(result);
            drop(displaced);
            drop(vm);
        };
        let command =
            self.transport
                .prepare(command, &[points.as_bytes(), extents.as_bytes()], done)?;
        Ok(prepared
            .commands
            .push((value, command, fence, Place::reserve()?), GFP_KERNEL)?)
    }

    /// Sends an update; from now on it is the address space's last. An error leaves it
    /// not sent.
    fn commit_update(
        &self,
        dev: &drm::Device,
        state: &mut State,
        update: PreparedUpdate,
    ) -> Result<ARef<Fence>> {
        let PreparedUpdate { commands, foreign } = update;
        let mut waits: &[ARef<Fence>] = &foreign;
        let mut last = None;
        for (value, command, fence, place) in commands {
            // Only waiting for others' fences can fail, and only the first command does.
            self.updates
                .send(dev, place, value, command, fence.clone(), waits)?;
            waits = &[];
            last = Some(fence);
        }
        let last = last.ok_or(EINVAL)?;
        state.last_update = Some(last.clone());
        Ok(last)
    }
}
