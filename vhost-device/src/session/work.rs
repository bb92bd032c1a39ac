// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The commands that take time: page-table updates and submissions.
//!
//! Once a command's owner is known and its point is acceptable, the point is announced:
//! from there on a refusal counts as the point's being reached, so that nothing waits for
//! it in vain ([`super::timelines`]).

use protocol::{Batch, Bind, BindFlags, GPU_PAGE_SIZE, Point, Status, Submit, SubmitFlags, Unbind};
use virtio_igpu_protocol as protocol;
use vm_memory::{Address, GuestAddress, GuestMemoryBackend, GuestMemoryRegion};

use super::{Answer, Held, Refusal, Session, Slot, Work};
use crate::executor::{Backing, Extent, Sseu, Submission, Update};

/// Whether each slot has one engine, and no two the same.
fn can_start_together(slots: &[Slot]) -> bool {
    slots.iter().enumerate().all(|(number, slot)| {
        let same = |other: &Slot| other.class == slot.class && other.instances == slot.instances;
        slot.instances.is_power_of_two() && !slots[..number].iter().any(same)
    })
}

impl Session {
    pub(super) fn bind(
        &mut self,
        command: &Bind,
        waits: &[Point],
        extents: &[protocol::Extent],
    ) -> Result<Answer, Refusal> {
        let null = command.flags.get() & BindFlags::NULL != 0;
        let read_only = command.flags.get() & BindFlags::READ_ONLY != 0;
        let id = command.address_space.get();
        // A null mapping costs as much as an extent.
        let cost = if null { 1 } else { extents.len() as u64 };
        let bytes = if null { 0 } else { command.length.get() };
        let work = Work::Bind {
            extents: extents.len() as u64,
            bytes,
        };
        let range = (command.address.get(), command.length.get());
        self.update(
            id,
            range,
            waits,
            command.signal.get(),
            work,
            cost,
            |session| {
                if null {
                    return Ok(Backing::Null);
                }
                let mut pieces = Vec::with_capacity(extents.len());
                for extent in extents {
                    session.check_extent(extent, &mut pieces)?;
                }
                Ok(Backing::Memory {
                    extents: pieces,
                    read_only,
                })
            },
        )
    }

    pub(super) fn unbind(&mut self, command: &Unbind, waits: &[Point]) -> Result<Answer, Refusal> {
        let id = command.address_space.get();
        let range = (command.address.get(), command.length.get());
        self.update(
            id,
            range,
            waits,
            command.signal.get(),
            Work::Unbind,
            0,
            |_| Ok(Backing::Nothing),
        )
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of one update")]
    fn update(
        &mut self,
        id: u32,
        (address, length): (u64, u64),
        waits: &[Point],
        signal: u64,
        work: Work,
        cost: u64,
        backing: impl FnOnce(&Self) -> Result<Backing, Refusal>,
    ) -> Result<Answer, Refusal> {
        let Some(address_space) = self.address_spaces.get(&id) else {
            return Err(Refusal::new(
                Status::NotFound,
                format!("there is no address space {id}"),
            ));
        };
        let timeline = address_space.timeline;
        self.announce(timeline, signal, waits)?;
        let waits = self.timelines.waits(waits);
        let (extents, bytes) = match work {
            Work::Bind { extents, bytes } => (extents as u32, bytes),
            _ => (0, 0),
        };
        let mut held = Held {
            waits: waits.len() as u32,
            extents,
            unbinds: 0,
        };
        let result = (|| {
            self.check_pending(held)?;
            let address = self.check_range(address, length)?;
            let backing = backing(self)?;
            if cost > 0 && self.bound_extents + cost > protocol::MAX_BOUND_EXTENTS {
                return Err(Refusal::new(
                    Status::LimitExceeded,
                    "too many extents are bound",
                ));
            }
            let grows = (self.address_spaces.get(&id))
                .map_or(0, |known| known.ranges.growth(address, length, cost > 0));
            self.check_bound(grows, bytes)?;
            let waits = waits.into_iter().map(|wait| wait.point).collect();
            let update = Update {
                address_space: id,
                address,
                length,
                backing,
                waits,
                signal,
            };
            self.executor.update(update)?;
            Ok(address)
        })();
        let address = self.settle(timeline, signal, result)?;
        if let Some(address_space) = self.address_spaces.get_mut(&id) {
            let ranges = &mut address_space.ranges;
            self.bound_extents -= ranges.extents();
            self.mappings -= ranges.count();
            let before = ranges.bytes() + bytes;
            ranges.replace(address, length, cost, bytes > 0);
            self.bound_extents += ranges.extents();
            self.mappings += ranges.count();
            self.bound_memory += bytes;
            held.unbinds = before - ranges.bytes();
        }
        self.later(timeline, signal, work, held)
    }

    pub(super) fn submit(
        &mut self,
        command: &Submit,
        batches: &[Batch],
        waits: &[Point],
    ) -> Result<Answer, Refusal> {
        let (context, slot) = (command.context.get(), command.slot.get());
        let signal = command.signal.get();
        let Some(known) = self.contexts.get(&context) else {
            return Err(Refusal::new(
                Status::NotFound,
                format!("there is no context {context}"),
            ));
        };
        let first = usize::from(slot);
        let Some(slots) = known
            .slots
            .get(first..first + batches.len())
            .filter(|slots| !slots.is_empty())
        else {
            let why = format!(
                "context {context} has no {} engine slots from {slot} on",
                batches.len()
            );
            return Err(Refusal::new(Status::NotFound, why));
        };
        let timeline = slots[0].timeline;
        let together = slots.len() == 1 || can_start_together(slots);
        self.announce(timeline, signal, waits)?;
        let waits = self.timelines.waits(waits);
        let held = Held {
            waits: waits.len() as u32,
            extents: 0,
            unbinds: 0,
        };
        let result = (|| {
            self.check_pending(held)?;
            if !together {
                return Err(Refusal::new(
                    Status::Unsupported,
                    "batches that start together need a slot of one engine each, all different",
                ));
            }
            let batches = batches
                .iter()
                .map(|batch| self.check_batch(batch.address.get()))
                .collect::<Result<_, _>>()?;
            let sseu = self.check_sseu(&command.sseu)?;
            self.executor.submit(Submission {
                context,
                slot,
                batches,
                waits,
                signal,
                priority: command.priority.get(),
                sseu,
                cancelled: command.flags.get() & SubmitFlags::CANCELLED != 0,
            })?;
            Ok(())
        })();
        self.settle(timeline, signal, result)?;
        if let Some(known) = self.contexts.get_mut(&context) {
            known.submissions += 1;
        }
        let batches = batches.len() as u32;
        self.later(timeline, signal, Work::Submission { batches }, held)
    }

    /// A batch's address, folded.
    fn check_batch(&self, address: u64) -> Result<u64, Refusal> {
        let batch = self.fold_address(address);
        if !batch.is_multiple_of(8) {
            let why = "the batch's address is not a multiple of 8";
            return Err(Refusal::new(Status::BadRange, why));
        }
        if batch >> self.platform.address_bits != 0 {
            return Err(Refusal::new(
                Status::BadRange,
                "the batch is past the address space",
            ));
        }
        Ok(batch)
    }

    /// What is to be powered, if the platform lets that be chosen. `None`: all.
    fn check_sseu(&self, sseu: &protocol::Sseu) -> Result<Option<Sseu>, Refusal> {
        if *sseu == protocol::Sseu::default() {
            return Ok(None);
        }
        let topology = &self.platform.topology;
        let within = |mask: u8, there: u32| u32::from(mask) & !there == 0;
        if !self.platform.sseu
            || !within(sseu.slice_mask, topology.slices)
            || !within(sseu.subslice_mask, topology.subslices)
            || u32::from(sseu.max_eus_per_subslice) > topology.eus.count_ones()
        {
            return Err(Refusal::new(
                Status::Unsupported,
                "the platform does not power such a part of itself",
            ));
        }
        Ok(Some(Sseu {
            slice_mask: sseu.slice_mask,
            subslice_mask: sseu.subslice_mask,
            min_eus_per_subslice: sseu.min_eus_per_subslice,
            max_eus_per_subslice: sseu.max_eus_per_subslice,
        }))
    }

    /// Whether a command may signal that point after these waits.
    fn announce(&self, timeline: u32, signal: u64, waits: &[Point]) -> Result<(), Refusal> {
        if !self.timelines.is_next(timeline, signal) {
            return Err(Refusal::malformed(
                "the signalled value is not greater than the last",
            ));
        }
        let itself = |wait: &Point| wait.timeline.get() == timeline && wait.value.get() >= signal;
        if waits.iter().any(itself) {
            return Err(Refusal::malformed("the command waits for itself"));
        }
        Ok(())
    }

    /// Remembers whether the announced command was accepted.
    fn settle<T>(
        &mut self,
        timeline: u32,
        signal: u64,
        result: Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        match &result {
            Ok(_) => self.timelines.accept(timeline, signal),
            Err(_) => self.timelines.refuse(timeline, signal),
        }
        result
    }

    fn later(
        &mut self,
        timeline: u32,
        signal: u64,
        work: Work,
        held: Held,
    ) -> Result<Answer, Refusal> {
        self.unfinished += 1;
        self.held.waits += held.waits;
        self.held.extents += held.extents;
        match self.timelines.point(timeline, signal) {
            Some(point) => Ok(Answer::Later(point, work, held)),
            None => Err(Refusal::new(Status::NotFound, "the timeline is gone")),
        }
    }

    /// Whether there may be one more unfinished command, that holds so much.
    fn check_pending(&self, held: Held) -> Result<(), Refusal> {
        let too_many = if self.unfinished >= protocol::MAX_PENDING_COMMANDS {
            "too many unfinished commands"
        } else if self.held.waits + held.waits > protocol::MAX_PENDING_WAITS {
            "unfinished commands wait for too many points"
        } else if self.held.extents + held.extents > protocol::MAX_PENDING_EXTENTS {
            "unfinished commands bind too many extents"
        } else {
            return Ok(());
        };
        Err(Refusal::new(Status::LimitExceeded, too_many))
    }

    /// An address in canonical form (the address's top bit repeated above it) without it.
    fn fold_address(&self, address: u64) -> u64 {
        let bits = u32::from(self.platform.address_bits);
        let mask = (1_u64 << bits) - 1;
        let canonical = address | mask >> 1 == u64::MAX;
        if canonical { address & mask } else { address }
    }

    /// A range of whole pages inside the address space. Returns its start, folded.
    fn check_range(&self, address: u64, length: u64) -> Result<u64, Refusal> {
        let address = self.fold_address(address);
        let bad = |why| Err(Refusal::new(Status::BadRange, why));
        if length == 0 || !(address | length).is_multiple_of(GPU_PAGE_SIZE) {
            return bad("the range is empty or not in whole pages");
        }
        match address.checked_add(length) {
            Some(end) if end <= 1 << self.platform.address_bits => Ok(address),
            _ => bad("the range leaves the address space"),
        }
    }

    /// Checks that an extent is the guest's memory, and adds it to `pieces`, cut where
    /// one region of memory ends and the next begins.
    fn check_extent(
        &self,
        extent: &protocol::Extent,
        pieces: &mut Vec<Extent>,
    ) -> Result<(), Refusal> {
        let (mut address, mut length) = (extent.address.get(), extent.length.get());
        let bad = |why| Err(Refusal::new(Status::BadExtent, why));
        if length == 0 || !(address | length).is_multiple_of(GPU_PAGE_SIZE) {
            return bad("an extent is empty or not in whole pages");
        }
        if address.checked_add(length).is_none() {
            return bad("an extent wraps around");
        }
        while length > 0 {
            let Some(region) = self.memory.find_region(GuestAddress(address)) else {
                return bad("an extent is not the guest's memory");
            };
            let left = region.len() - (address - region.start_addr().raw_value());
            let piece = left.min(length);
            if !piece.is_multiple_of(GPU_PAGE_SIZE) {
                return bad("an extent is not the guest's memory");
            }
            pieces.push(Extent {
                address,
                length: piece,
            });
            address += piece;
            length -= piece;
        }
        Ok(())
    }
}
