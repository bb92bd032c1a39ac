//! The shared functions: what answers the messages that threads send. May know GPU
//! addresses, surfaces and shared local memory, and of a thread no more than its message.

mod atomic;
mod bindings;
mod block;
mod format;
mod image;
mod local;
mod media;
pub mod message;
pub mod operation;
mod payload;
mod sampler;
mod scattered;
mod standard_tile;
mod surface;
mod target;
#[cfg(test)]
mod tests;
mod tile;
mod typed;

pub use atomic::AtomicOperation;
pub use local::LocalMemory;
pub use message::{Answer, REGISTER, Registers, Request, Sender};

use crate::memory::Memory;
use crate::trap::Trap;
use bindings::Bindings;
use image::Image;
use operation::{Addresses, Atomic, Binding, BlockAddress, Operation};
use payload::{Header, Payload};
use sampler::Samplers;
use surface::Surface;
use target::{Port, Target};

/// Where what messages name by an index or an offset is found: what state commands and the
/// interface descriptor have said for all threads of a walk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bases {
    /// General state base address: scratch space is relative to it. GPU virtual address.
    pub general: u64,
    /// Surface state base address: binding tables and the surface states they name.
    pub surface: u64,
    /// Dynamic state base address: sampler states.
    pub dynamic: u64,
    /// Bindless surface state base address.
    pub bindless_surface: u64,
    /// Bindless sampler state base address.
    pub bindless_sampler: u64,
    /// The binding table, bytes from `surface`.
    pub binding_table: u32,
    /// The sampler states, bytes from `dynamic`.
    pub samplers: u32,
    /// What the hardware lets pass for no good reason is a trap.
    pub strict: bool,
}

/// The shared functions as the threads of one walk on one host thread reach them.
#[derive(Debug)]
pub struct SharedFunctions<M> {
    bases: Bases,
    memory: M,
    bindings: Bindings,
    samplers: Samplers,
}

impl<M: Memory> SharedFunctions<M> {
    /// Shared functions with nothing of memory cached.
    pub fn new(bases: Bases, memory: M) -> Self {
        Self {
            bases,
            memory,
            bindings: Bindings::new(),
            samplers: Samplers::default(),
        }
    }

    /// The memory, for whoever has lent it.
    pub fn memory(&mut self) -> &mut M {
        &mut self.memory
    }

    /// Answers a message. `answer` holds what the destination's registers hold, as many as the
    /// descriptor says; channels that don't execute are left as they are.
    pub fn send(
        &mut self,
        sender: Sender,
        request: &Request<'_>,
        local: &mut LocalMemory,
        answer: &mut Registers,
    ) -> Result<Answer, Trap> {
        let operation = request.operation;
        match operation {
            Operation::EndOfThread => return Ok(Answer::EndOfThread),
            Operation::Barrier => return Ok(Answer::BarrierReached),
            Operation::Fence => {
                // Groups of one walk run on several host threads.
                std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
                return Ok(Answer::Done);
            }
            // A message of no channel isn't sent.
            _ if request.mask == 0 => return Ok(Answer::Done),
            _ => {}
        }
        let mut payload = Payload::new(request);
        let header = Header::take(request, &mut payload)?;
        match operation {
            Operation::Scattered(what) => {
                let base = stateless_base(&self.bases, what.addresses, header);
                let mut mask = channels(request.mask, what.lanes.into());
                if let (true, Some(header)) = (what.untyped, header) {
                    mask &= header.dword(7);
                }
                let target = self.target(request.extended, what.binding, base)?;
                let mut port = port(&self.bases, &mut self.memory, sender, local, target);
                scattered::execute(&mut port, what, mask, payload, answer)?;
            }
            Operation::Block(what) => {
                let addresses = match what.address {
                    BlockAddress::Header(addresses) => addresses,
                    BlockAddress::Scratch(_) => Addresses::Bytes,
                };
                let base = stateless_base(&self.bases, addresses, header);
                let target = self.target(request.extended, what.binding, base)?;
                let mut port = port(&self.bases, &mut self.memory, sender, local, target);
                block::execute(&mut port, what, header, payload, answer)?;
            }
            Operation::Atomic(what) => {
                let base = stateless_base(&self.bases, what.addresses, header);
                let lanes = usize::from(atomic_lanes(what, request.exec_size));
                let mut mask = channels(request.mask, lanes);
                if let Some(header) = header {
                    mask &= header.dword(7);
                }
                let target = self.target(request.extended, what.binding, base)?;
                let mut port = port(&self.bases, &mut self.memory, sender, local, target);
                atomic::execute(&mut port, what, lanes, mask, payload, answer)?;
            }
            operation => {
                return self
                    .send_to_image(sender, request, local, operation, header, payload, answer);
            }
        }
        Ok(Answer::Done)
    }

    /// Answers a message to an image.
    #[inline(never)]
    #[expect(
        clippy::too_many_arguments,
        reason = "the rest of one function, kept apart from it"
    )]
    fn send_to_image(
        &mut self,
        sender: Sender,
        request: &Request<'_>,
        local: &mut LocalMemory,
        operation: &Operation,
        header: Option<Header<'_>>,
        payload: Payload<'_>,
        answer: &mut Registers,
    ) -> Result<Answer, Trap> {
        let binding = match operation {
            Operation::Typed(what) => what.binding,
            Operation::Media(what) => what.binding,
            Operation::Sample(what) => what.binding,
            _ => return Ok(Answer::Done),
        };
        let sampler = match operation {
            Operation::Sample(what) => {
                self.samplers
                    .get(&self.bases, &mut self.memory, what, header)?
            }
            _ => None,
        };
        let (image, index) = self.image(request, binding)?;
        let image = image.as_ref();
        let sampled = matches!(operation, Operation::Sample(_));
        if !sampled && image.is_some_and(|image| !image.format.is_apart()) {
            return Err(Trap::BadMessage("format that only the sampler knows"));
        }
        let target = image.map_or(Target::Null, |image| Target::Flat(image.surface.base));
        let mut port = port(&self.bases, &mut self.memory, sender, local, target);
        match operation {
            Operation::Typed(what) => {
                let mut mask = channels(request.mask, 8);
                if let Some(header) = header {
                    mask &= header.dword(7) >> if what.high { 8 } else { 0 };
                }
                typed::execute(&mut port, image, index, what, mask, payload, answer)?;
            }
            Operation::Media(what) => {
                media::execute(&mut port, image, index, what.write, header, payload, answer)?;
            }
            Operation::Sample(what) => {
                let mask = channels(request.mask, what.lanes.into());
                sampler::execute(
                    &mut port, image, index, sampler, what, mask, header, payload, answer,
                )?;
            }
            _ => {}
        }
        Ok(Answer::Done)
    }

    /// What a message is bound to; without binding memory from `base` on.
    #[inline(always)]
    fn target(&mut self, extended: u32, binding: Binding, base: u64) -> Result<Target, Trap> {
        Ok(match binding {
            Binding::Local => Target::Local,
            Binding::Stateless => Target::Flat(base),
            Binding::Table(_) | Binding::Bindless => {
                let (surface, index) = self.surface(extended, binding)?;
                match surface.bytes() {
                    None => Target::Null,
                    Some(size) => Target::Surface {
                        base: surface.base,
                        size,
                        index,
                    },
                }
            }
        })
    }

    /// The surface that a message is bound to, and its number for reports.
    fn surface(&mut self, extended: u32, binding: Binding) -> Result<(&Surface, u32), Trap> {
        let Self {
            bases,
            memory,
            bindings,
            ..
        } = self;
        match binding {
            Binding::Table(index) => Ok((bindings.table(bases, memory, index)?, index.into())),
            Binding::Bindless => Ok((bindings.bindless(bases, memory, extended)?, extended >> 12)),
            Binding::Local | Binding::Stateless => {
                Err(Trap::BadMessage("access to texels without surface"))
            }
        }
    }

    /// The image that a message is bound to, and its number for reports; none if it is nothing.
    fn image(
        &mut self,
        request: &Request<'_>,
        binding: Binding,
    ) -> Result<(Option<Image>, u32), Trap> {
        let (surface, index) = self.surface(request.extended, binding)?;
        Ok((Image::of(surface)?, index))
    }
}

/// Access of a thread to what its message is bound to.
#[inline(always)]
fn port<'a, M: Memory>(
    bases: &Bases,
    memory: &'a mut M,
    sender: Sender,
    local: &'a mut LocalMemory,
    target: Target,
) -> Port<'a, M> {
    Port {
        target,
        memory,
        local,
        thread: sender.thread,
        strict: bases.strict,
    }
}

/// The channels that execute, of as many as a message has.
#[inline]
fn channels(mask: u32, lanes: usize) -> u32 {
    mask & ((1 << lanes) - 1)
}

/// How many channels an atomic has in an instruction of so many.
#[inline]
fn atomic_lanes(what: &Atomic, exec_size: u8) -> u8 {
    what.lanes.unwrap_or(if exec_size > 8 { 16 } else { 8 })
}

/// What addresses without a surface are relative to: 32-bit ones to the general state base
/// address and the kibibytes that a header's dword 5 adds to it, 64-bit ones to nothing.
#[inline]
fn stateless_base(bases: &Bases, addresses: Addresses, header: Option<Header<'_>>) -> u64 {
    if addresses == Addresses::Long {
        return 0;
    }
    let more = header.map_or(0, |header| header.dword(5) & !0x3ff);
    bases.general.wrapping_add(u64::from(more))
}
