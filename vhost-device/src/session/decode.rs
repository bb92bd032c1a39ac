// SPDX-License-Identifier: Apache-2.0 OR MIT

//! From bytes to requests: everything about a command that can be judged without knowing
//! what the guest has. Works on owned bytes; allocates for a list only after its count
//! was held against its limit and against the bytes that are there.

use protocol::{
    Batch, Bind, BindFlags, CancelContext, CloseContext, Command, CommandHeader, ContextEngine,
    ContextFlags, CreateAddressSpace, CreateContext, DestroyAddressSpace, DestroyContext,
    EngineFlags, Extent, Hello, HelloFlags, Opcode, Point, PointFlags, QueryContextRuntime,
    QueryLimits, QueryPlatform, Queue, ReadRegister, ResetActive, ResetEngines, SetContextFlags,
    SetEngineProperties, Sseu, Submit, SubmitFlags, Suspend, Unbind,
};
use smallvec::SmallVec;
use virtio_igpu_protocol as protocol;
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

use super::Refusal;

/// Batches of a command. Most often there is one, which takes no allocation.
pub type Batches = SmallVec<[Batch; 2]>;

/// Points that a command waits for. Most often those are few, which take no allocation.
pub type Waits = SmallVec<[Point; 4]>;

/// The lowest priority of a context; the highest is its negative.
const MIN_PRIORITY: i32 = -1023;

/// A command, decoded.
#[derive(Clone, Debug)]
pub enum Request {
    /// [`Hello`]
    Hello(Hello),
    /// [`Suspend`]
    Suspend,
    /// [`QueryPlatform`]
    QueryPlatform,
    /// [`QueryLimits`]
    QueryLimits,
    /// [`ReadRegister`]
    ReadRegister(ReadRegister),
    /// [`CreateAddressSpace`]
    CreateAddressSpace(CreateAddressSpace),
    /// [`DestroyAddressSpace`]
    DestroyAddressSpace(DestroyAddressSpace),
    /// [`CreateContext`] and its engines
    CreateContext(CreateContext, Vec<ContextEngine>),
    /// [`DestroyContext`]
    DestroyContext(DestroyContext),
    /// [`SetContextFlags`]
    SetContextFlags(SetContextFlags),
    /// [`CancelContext`]
    CancelContext(CancelContext),
    /// [`CloseContext`]
    CloseContext(CloseContext),
    /// [`QueryContextRuntime`]
    QueryContextRuntime(QueryContextRuntime),
    /// [`ResetActive`]
    ResetActive,
    /// [`ResetEngines`]
    ResetEngines(ResetEngines),
    /// [`SetEngineProperties`]
    SetEngineProperties(SetEngineProperties),
    /// [`Bind`] with its waits and extents
    Bind(Bind, Waits, Vec<Extent>),
    /// [`Unbind`] with its waits
    Unbind(Unbind, Waits),
    /// [`Submit`] with its batches and waits
    Submit(Submit, Batches, Waits),
}

/// The command's number, if the bytes hold one that means something.
pub fn opcode(bytes: &[u8]) -> Option<Opcode> {
    let (header, _) = CommandHeader::read_from_prefix(bytes).ok()?;
    Opcode::from_u16(header.opcode.get())
}

/// Decodes a command that came on `queue`.
pub fn decode(queue: Queue, bytes: &[u8]) -> Result<Request, Refusal> {
    let (header, payload) = CommandHeader::read_from_prefix(bytes)
        .map_err(|_| Refusal::malformed("shorter than a command header"))?;
    if header.reserved.get() != 0 {
        return Err(Refusal::malformed(
            "the header's reserved field is not zero",
        ));
    }
    let length = (header.length.get() as usize)
        .checked_sub(size_of::<CommandHeader>())
        .ok_or(Refusal::malformed("the length is less than the header's"))?;
    let payload = payload.get(..length).ok_or(Refusal::malformed(
        "the length is more than the chain's readable bytes",
    ))?;
    let opcode = Opcode::from_u16(header.opcode.get())
        .ok_or(Refusal::malformed("there is no command of that number"))?;
    let payload = Payload {
        queue,
        bytes: payload,
    };
    match opcode {
        Opcode::Hello => payload
            .fixed(|command: &Hello| {
                zero(command.reserved.iter().all(|field| field.get() == 0))?;
                flags(command.flags.get().into(), HelloFlags::RESUME.into()).map(|()| *command)
            })
            .map(Request::Hello),
        Opcode::Suspend => payload
            .fixed(|command: &Suspend| zero(command.reserved.get() == 0))
            .map(|()| Request::Suspend),
        Opcode::QueryPlatform => payload
            .fixed(|command: &QueryPlatform| zero(command.reserved.get() == 0))
            .map(|()| Request::QueryPlatform),
        Opcode::QueryLimits => payload
            .fixed(|command: &QueryLimits| zero(command.reserved.get() == 0))
            .map(|()| Request::QueryLimits),
        Opcode::ReadRegister => payload
            .fixed(|command: &ReadRegister| zero(command.reserved.get() == 0).map(|()| *command))
            .map(Request::ReadRegister),
        Opcode::CreateAddressSpace => payload
            .fixed(|command: &CreateAddressSpace| Ok(*command))
            .map(Request::CreateAddressSpace),
        Opcode::DestroyAddressSpace => payload
            .fixed(|command: &DestroyAddressSpace| {
                zero(command.reserved.get() == 0).map(|()| *command)
            })
            .map(Request::DestroyAddressSpace),
        Opcode::CreateContext => payload.create_context(),
        Opcode::DestroyContext => payload
            .fixed(|command: &DestroyContext| zero(command.reserved.get() == 0).map(|()| *command))
            .map(Request::DestroyContext),
        Opcode::SetContextFlags => payload
            .fixed(|command: &SetContextFlags| {
                flags(command.flags.get(), ContextFlags::ALL).map(|()| *command)
            })
            .map(Request::SetContextFlags),
        Opcode::CancelContext => payload
            .fixed(|command: &CancelContext| zero(command.reserved.get() == 0).map(|()| *command))
            .map(Request::CancelContext),
        Opcode::CloseContext => payload
            .fixed(|command: &CloseContext| zero(command.reserved.get() == 0).map(|()| *command))
            .map(Request::CloseContext),
        Opcode::QueryContextRuntime => payload
            .fixed(|command: &QueryContextRuntime| {
                zero(command.reserved.get() == 0).map(|()| *command)
            })
            .map(Request::QueryContextRuntime),
        Opcode::ResetActive => payload
            .fixed(|command: &ResetActive| zero(command.reserved.get() == 0))
            .map(|()| Request::ResetActive),
        Opcode::ResetEngines => payload
            .fixed(|command: &ResetEngines| {
                zero(command.reserved.get() == 0)?;
                if command.engines.get() == 0 {
                    return Err(Refusal::malformed("a reset of no engine"));
                }
                Ok(*command)
            })
            .map(Request::ResetEngines),
        Opcode::SetEngineProperties => payload
            .fixed(|command: &SetEngineProperties| {
                zero(command.reserved.get() == 0)?;
                flags(command.flags.get(), EngineFlags::ALL).map(|()| *command)
            })
            .map(Request::SetEngineProperties),
        Opcode::Bind => payload.bind(),
        Opcode::Unbind => payload.unbind(),
        Opcode::Submit => payload.submit(),
    }
}

fn zero(is_zero: bool) -> Result<(), Refusal> {
    if is_zero {
        Ok(())
    } else {
        Err(Refusal::malformed("a reserved field is not zero"))
    }
}

fn flags(flags: u32, known: u32) -> Result<(), Refusal> {
    if flags & !known == 0 {
        Ok(())
    } else {
        Err(Refusal::malformed("an unknown flag is set"))
    }
}

fn priority(priority: i32) -> Result<(), Refusal> {
    if (MIN_PRIORITY..=-MIN_PRIORITY).contains(&priority) {
        Ok(())
    } else {
        Err(Refusal::malformed("the priority is outside -1023 to 1023"))
    }
}

/// What follows the header.
struct Payload<'a> {
    queue: Queue,
    bytes: &'a [u8],
}

impl<'a> Payload<'a> {
    /// The fixed part, which must be of this queue, and what follows it.
    fn split<C>(&self) -> Result<(C, &'a [u8]), Refusal>
    where
        C: Command + FromBytes + KnownLayout + Immutable + Unaligned,
    {
        if C::QUEUE != self.queue {
            return Err(Refusal::malformed("the command belongs on another queue"));
        }
        C::read_from_prefix(self.bytes)
            .map_err(|_| Refusal::malformed("shorter than the command's fixed part"))
    }

    /// A command without lists.
    fn fixed<C, R>(&self, check: impl Fn(&C) -> Result<R, Refusal>) -> Result<R, Refusal>
    where
        C: Command + FromBytes + KnownLayout + Immutable + Unaligned,
    {
        let (command, rest) = self.split()?;
        end(rest)?;
        check(&command)
    }

    fn create_context(&self) -> Result<Request, Refusal> {
        let (command, rest): (CreateContext, _) = self.split()?;
        let count = command.engine_count.get();
        if count == 0 {
            return Err(Refusal::malformed("a context without engines"));
        }
        let (engines, rest): (Vec<ContextEngine>, _) =
            list(rest, count, protocol::MAX_CONTEXT_ENGINES)?;
        end(rest)?;
        flags(command.flags.get(), ContextFlags::ALL)?;
        if engines
            .iter()
            .any(|engine: &ContextEngine| engine.instances.get() == 0)
        {
            return Err(Refusal::malformed("an engine slot without instances"));
        }
        Ok(Request::CreateContext(command, engines))
    }

    fn bind(&self) -> Result<Request, Refusal> {
        let (command, rest): (Bind, _) = self.split()?;
        let (waits, rest) = waits(rest, command.wait_count.get())?;
        let (extents, rest): (Vec<Extent>, _) =
            list(rest, command.extent_count.get(), protocol::MAX_EXTENTS)?;
        end(rest)?;
        flags(command.flags.get(), BindFlags::ALL)?;
        let null = command.flags.get() & BindFlags::NULL != 0;
        if null && !extents.is_empty() {
            return Err(Refusal::malformed("a null mapping with extents"));
        }
        let sum = extents.iter().try_fold(0_u64, |sum, extent: &Extent| {
            sum.checked_add(extent.length.get())
        });
        if !null && sum != Some(command.length.get()) {
            return Err(Refusal::malformed(
                "the extents don't add up to the range's length",
            ));
        }
        Ok(Request::Bind(command, waits, extents))
    }

    fn unbind(&self) -> Result<Request, Refusal> {
        let (command, rest): (Unbind, _) = self.split()?;
        let (waits, rest) = waits(rest, command.wait_count.get())?;
        end(rest)?;
        zero(command.flags.get() == 0 && command.reserved.get() == 0)?;
        Ok(Request::Unbind(command, waits))
    }

    fn submit(&self) -> Result<Request, Refusal> {
        let (command, rest): (Submit, _) = self.split()?;
        let batch_count = command.batch_count.get();
        if batch_count == 0 {
            return Err(Refusal::malformed("a submission without a batch"));
        }
        let (batches, rest): (Batches, _) = list(rest, batch_count.into(), protocol::MAX_BATCHES)?;
        let (waits, rest) = points(rest, command.wait_count.get(), PointFlags::ALL)?;
        end(rest)?;
        flags(command.flags.get(), SubmitFlags::CANCELLED)?;
        priority(command.priority.get())?;
        sseu(&command.sseu)?;
        Ok(Request::Submit(command, batches, waits))
    }
}

fn end(rest: &[u8]) -> Result<(), Refusal> {
    if rest.is_empty() {
        Ok(())
    } else {
        Err(Refusal::malformed(
            "longer than the command's fixed part and lists",
        ))
    }
}

/// Points to wait for, that is, for their ends.
fn waits(bytes: &[u8], count: u32) -> Result<(Waits, &[u8]), Refusal> {
    points(bytes, count, 0)
}

fn points(bytes: &[u8], count: u32, known: u32) -> Result<(Waits, &[u8]), Refusal> {
    let (points, rest): (Waits, _) = list(bytes, count, protocol::MAX_WAITS)?;
    for point in &points {
        flags(point.flags.get(), known)?;
    }
    Ok((points, rest))
}

/// Powered units: none named, or some of each.
fn sseu(sseu: &Sseu) -> Result<(), Refusal> {
    let some = sseu.slice_mask != 0
        && sseu.subslice_mask != 0
        && sseu.min_eus_per_subslice != 0
        && sseu.max_eus_per_subslice >= sseu.min_eus_per_subslice;
    if some || *sseu == Sseu::default() {
        Ok(())
    } else {
        Err(Refusal::malformed(
            "powered units without some of each kind",
        ))
    }
}

/// A list of `count` entries, at most `limit`.
fn list<'a, T, L>(bytes: &'a [u8], count: u32, limit: u32) -> Result<(L, &'a [u8]), Refusal>
where
    T: 'a + FromBytes + KnownLayout + Immutable + Unaligned,
    L: From<&'a [T]>,
{
    if count > limit {
        return Err(Refusal::malformed("a list has more entries than allowed"));
    }
    let (entries, rest) = <[T]>::ref_from_prefix_with_elems(bytes, count as usize)
        .map_err(|_| Refusal::malformed("shorter than the command's lists"))?;
    Ok((entries.into(), rest))
}
