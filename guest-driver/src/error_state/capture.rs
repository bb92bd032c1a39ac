// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Recording an error state: what hung, and copies of the memory that it is to show.

use super::paged::Paged;
use super::state::{EngineName, ErrorState, Text};
use super::ErrorStates;
use crate::context::Context;
use crate::driver::Igpu;
use crate::drm::{process, sync, Deflate};
use crate::link::Link;
use crate::protocol::Event;
use crate::rules::engine_properties::class_name;
use crate::rules::error_state::{BufferKind, Head, HungEngine, Registers, Tail};
use crate::vm::{CaptureSet, CapturedRange};
use core::time::Duration;
use kernel::alloc::flags::{__GFP_NOWARN, GFP_NOWAIT};
use kernel::alloc::Flags;
use kernel::page::PAGE_SIZE;
use kernel::prelude::*;

/// Most memory that an error state takes, in bytes of contents as they are kept.
const MAX_KEPT: usize = 64 << 20;
/// Most memory that is looked at for one, in bytes: it takes time, and the submission's end
/// is told only then.
const MAX_LOOKED_AT: u64 = 256 << 20;
/// Most buffers of one.
const MAX_BUFFERS: usize = 16384;

/// How memory is asked for: without waiting for it.
pub(super) fn flags() -> Flags {
    GFP_NOWAIT | __GFP_NOWARN
}

/// What capturing takes.
pub(super) struct Tools {
    /// Compresses; none if the kernel has no zlib.
    deflate: Option<Deflate>,
    /// A page that others may write is copied here before anything looks at it.
    page: KBox<[u8; PAGE_SIZE]>,
}

/// A submission, for the case that it hangs.
pub(crate) struct HungSubmission {
    /// Index of the first batch's slot on the device.
    pub(crate) first_slot: usize,
    /// The value of the slot's timeline.
    pub(crate) signal: u64,
    /// Its scheduling priority.
    pub(crate) priority: i32,
    /// GPU address of the first batch.
    pub(crate) first_batch: u64,
    /// Those of the others.
    pub(crate) other_batches: KVec<u64>,
    /// What it may use.
    pub(crate) captured: CaptureSet,
}

/// A hang, with all that is known of it.
struct Hang<'a> {
    context: &'a Context,
    submission: &'a HungSubmission,
    event: Option<Event>,
}

impl HungSubmission {
    /// It has hung: the error state is recorded, unless there is one or the context wants
    /// none, and userspace is told. Process context.
    pub(crate) fn capture(&self, context: &Context) {
        let igpu = context.igpu();
        // The report is there before the end of what it reports.
        context.link().transport().hear_events();
        if context.captures_errors() {
            let hang = Hang {
                context,
                submission: self,
                event: igpu.recent_hang(|event| self.is_reported_by(context, event)),
            };
            let errors = igpu.errors();
            errors.record(|tools| tools.capture(igpu, errors, &hang));
        }
        context.link().transport().hang_handled();
    }

    fn is_reported_by(&self, context: &Context, event: &Event) -> bool {
        let slots = self.first_slot..=self.first_slot + self.other_batches.len();
        event.context.get() == context.number()
            && event.signal.get() == self.signal
            && slots.contains(&event.slot.get().into())
    }

    fn batches(&self) -> impl Iterator<Item = u64> + '_ {
        let others = self.other_batches.iter().copied();
        Iterator::chain(core::iter::once(self.first_batch), others)
    }
}

impl Tools {
    /// ENOMEM. Process context.
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
            deflate: Deflate::new()?,
            page: KBox::init(pin_init::init_zeroed(), GFP_KERNEL)?,
        })
    }

    fn state(&self, igpu: &Igpu, engine: EngineName) -> Result<ErrorState> {
        let tail = Text::of(&Tail {
            reset: igpu.engines().reset_parameter(),
            enable_hangcheck: igpu.engines().detects_hangs(),
        })?;
        let compressed = self.deflate.is_some();
        Ok(ErrorState::new(tail, engine, compressed, MAX_KEPT))
    }

    /// A state that says that nothing was running. ENOMEM.
    pub(super) fn idle(&mut self, igpu: &Igpu, errors: &ErrorStates) -> Result<ErrorState> {
        let mut state = self.state(igpu, EngineName::of(fmt!("")))?;
        state.set_head(Text::of(&head(igpu, errors, None))?);
        Ok(state)
    }

    /// The state of a hang. What there is no memory or no room for is left out, whole
    /// buffers at a time; ENOMEM if there is none for anything.
    fn capture(
        &mut self,
        igpu: &Igpu,
        errors: &ErrorStates,
        hang: &Hang<'_>,
    ) -> Result<ErrorState> {
        let class = hang.class();
        let name = match &hang.event {
            Some(event) => EngineName::of(fmt!("{}{}", class_name(class), event.instance.get())),
            None => EngineName::of(fmt!("{}", class_name(class))),
        };
        let mut state = self.state(igpu, name)?;
        let mut batches: KVec<(u64, usize, usize)> = KVec::new();
        let mut first_batch = None;
        let mut left = MAX_LOOKED_AT;
        let link = hang.context.link();
        for range in hang.ranges().iter() {
            if link.is_lost() {
                break;
            }
            let Some(rest) = left.checked_sub(range.length) else {
                continue;
            };
            left = rest;
            let Ok((first, dwords)) = self.copy(link, &mut state, range) else {
                continue;
            };
            if range.by_user
                && state
                    .add(BufferKind::User, range.address, first, dwords)
                    .is_err()
            {
                break;
            }
            if range.is_batch {
                let _ = batches.push((range.address, first, dwords), flags());
            }
            if range.holds(hang.submission.first_batch) {
                first_batch = Some((range.address, range.length));
            }
        }
        // Last: some readers expect more text behind a buffer that userspace asked for.
        for (address, first, dwords) in batches {
            let _ = state.add(BufferKind::Batch, address, first, dwords);
        }
        let engine = hang.engine(name.as_str(), first_batch);
        state.set_head(Text::of(&head(igpu, errors, Some(engine)))?);
        Ok(state)
    }

    /// Copies the range's contents, and says where they are and how many dwords.
    fn copy(
        &mut self,
        link: &Link,
        state: &mut ErrorState,
        range: &CapturedRange,
    ) -> Result<(usize, usize)> {
        let first = state.contents_mut().len();
        let copied = self
            .copy_pages(link, state, range)
            .and_then(|()| state.contents_mut().align());
        let contents = state.contents_mut();
        if let Err(error) = copied {
            contents.truncate(first);
            return Err(error);
        }
        Ok((first, (contents.len() - first) / 4))
    }

    fn copy_pages(&mut self, link: &Link, state: &mut ErrorState, range: &CapturedRange) -> Result {
        let contents = state.contents_mut();
        let length = usize::try_from(range.length)?;
        let offset = usize::try_from(range.offset)?;
        if let Some(deflate) = &mut self.deflate {
            deflate.begin()?;
        }
        let mut at = 0;
        while at < length {
            if link.is_lost() {
                return Err(ENODEV);
            }
            let part = PAGE_SIZE.min(length - at);
            let page = self.page.get_mut(..part).ok_or(EINVAL)?;
            range
                .view
                .pages()
                .ok_or(EFAULT)?
                .copy_to(offset + at, page)?;
            at += part;
            let last = at == length;
            let mut input: &[u8] = page;
            loop {
                let room = contents.room()?;
                let (consumed, produced, done) = match &mut self.deflate {
                    Some(deflate) => {
                        let step = deflate.step(input, room, last)?;
                        (step.consumed, step.produced, step.ended)
                    }
                    None => {
                        let length = input.len().min(room.len());
                        room[..length].copy_from_slice(&input[..length]);
                        (length, length, length == input.len())
                    }
                };
                if !done && consumed == 0 && produced == 0 {
                    return Err(EIO);
                }
                contents.fill(produced);
                input = input.get(consumed..).unwrap_or(&[]);
                if done || (!last && input.is_empty()) {
                    break;
                }
            }
            sync::give_way();
        }
        Ok(())
    }
}

impl<'a> Hang<'a> {
    /// Class of the engine that hung.
    fn class(&self) -> u16 {
        let of_slot = || {
            let slot = self.context.slot(self.submission.first_slot);
            slot.map_or(0, |slot| slot.class())
        };
        self.event
            .as_ref()
            .map_or_else(of_slot, |event| event.class.get())
    }

    /// What is to be captured: batches first.
    fn ranges(&self) -> Paged<CapturedRange> {
        let mut ranges = Paged::new();
        for batches in [true, false] {
            let is_batch = |address: u64, length: u64| {
                let mut batches = self.submission.batches();
                batches.any(|batch| (address..address + length).contains(&batch))
            };
            let mut keep = |range: CapturedRange| {
                range.is_batch != batches
                    || (ranges.len() < MAX_BUFFERS && ranges.push(range).is_ok())
            };
            self.submission
                .captured
                .for_each_captured(self.context.vm(), &is_batch, &mut keep);
        }
        ranges
    }

    /// What the head says of the engine, `name`.
    fn engine<'b>(&'b self, name: &'b str, batch: Option<(u64, u64)>) -> HungEngine<'b> {
        let stats = self.context.reset_stats();
        let process = self.context.process();
        HungEngine {
            name,
            class: self.class(),
            registers: self.event.as_ref().map(|event| Registers {
                command_address: event.command_address.get(),
                command: event.command.get(),
                fault_address: event.fault_address.get(),
                error: event.registers.error.get(),
                done: event.registers.done.get(),
                batch_address: event.registers.batch_address.get(),
                batch_state: event.registers.batch_state.get(),
                parser_mode: event.registers.parser_mode.get(),
                nop_id: event.registers.nop_id.get(),
            }),
            process: process.name(),
            pid: process.pid,
            priority: self.submission.priority,
            guilty: stats.guilty,
            active: stats.innocent,
            batch,
        }
    }
}

fn head<'a>(igpu: &Igpu, errors: &ErrorStates, engine: Option<HungEngine<'a>>) -> Head<'a> {
    let facts = igpu.facts();
    let uptime = u64::try_from(errors.started.elapsed().as_nanos()).unwrap_or(0);
    Head {
        kernel: process::kernel_name(),
        time: sync::real_time(),
        boottime: sync::boot_time(),
        uptime: Duration::from_nanos(uptime),
        reset_count: igpu.reset_count(),
        chipset_id: facts.chipset_id as u16,
        revision: facts.revision,
        graphics_version: facts.graphics_version,
        timestamp_frequency: facts.timestamp_frequency,
        engine,
    }
}
