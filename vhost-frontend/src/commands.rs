// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The seam's calls as commands, and statuses as the seam's answers.

use protocol::{
    Batch, Bind, BindFlags, Command, CommandHeader, ContextEngine, CreateContext, GPU_PAGE_SIZE,
    Status, SubmitFlags, Unbind,
};
use virtio_igpu_executor::{
    Backing, Context, ContextFlags, Ending, Extent, Platform, Refused, Submission, Update,
};
use virtio_igpu_protocol as protocol;
use zerocopy::little_endian::{I32, U16, U32, U64};
use zerocopy::{Immutable, IntoBytes};

/// A command's bytes: header, fixed part, lists.
pub(crate) fn encode<C: Command + IntoBytes + Immutable>(command: &C, lists: &[&[u8]]) -> Vec<u8> {
    let payload = [command.as_bytes(), &lists.concat()].concat();
    let length = size_of::<CommandHeader>() + payload.len();
    let header = CommandHeader::new(C::OPCODE, length as u32);
    [header.as_bytes(), &payload].concat()
}

pub(crate) fn context_flags(flags: ContextFlags) -> U32 {
    let mut bits = 0;
    if flags.recoverable {
        bits |= protocol::ContextFlags::RECOVERABLE;
    }
    if flags.no_error_capture {
        bits |= protocol::ContextFlags::NO_ERROR_CAPTURE;
    }
    U32::new(bits)
}

pub(crate) fn create_context(id: u32, context: &Context, timelines: &[u32]) -> Vec<u8> {
    let slots = context.slots.iter().zip(timelines);
    let engines: Vec<_> = slots
        .map(|(slot, timeline)| ContextEngine {
            class: U16::new(slot.class),
            instances: U16::new(slot.instances),
            timeline: U32::new(*timeline),
        })
        .collect();
    let command = CreateContext {
        context: U32::new(id),
        address_space: U32::new(context.address_space),
        flags: context_flags(context.flags),
        engine_count: U32::new(engines.len() as u32),
    };
    encode(&command, &[engines.as_bytes()])
}

/// An update, with its waits and its signal on the wire.
pub(crate) fn update(update: &Update, waits: &[protocol::Point], signal: u64) -> Vec<u8> {
    let (address_space, address) = (U32::new(update.address_space), U64::new(update.address));
    let (length, signal) = (U64::new(update.length), U64::new(signal));
    let wait_count = U32::new(waits.len() as u32);
    let (extents, flags): (&[Extent], _) = match &update.backing {
        Backing::Memory { extents, read_only } => (
            extents,
            match read_only {
                true => BindFlags::READ_ONLY,
                false => 0,
            },
        ),
        Backing::Null => (&[], BindFlags::NULL),
        Backing::Nothing => {
            let command = Unbind {
                address_space,
                flags: U32::ZERO,
                address,
                length,
                signal,
                wait_count,
                reserved: U32::ZERO,
            };
            return encode(&command, &[waits.as_bytes()]);
        }
    };
    let extents: Vec<_> = extents
        .iter()
        .map(|extent| protocol::Extent {
            address: U64::new(extent.address),
            length: U64::new(extent.length),
        })
        .collect();
    let command = Bind {
        address_space,
        flags: U32::new(flags),
        address,
        length,
        signal,
        wait_count,
        extent_count: U32::new(extents.len() as u32),
    };
    encode(&command, &[waits.as_bytes(), extents.as_bytes()])
}

/// A submission, with its waits and its signal on the wire.
pub(crate) fn submit(submission: &Submission, waits: &[protocol::Point], signal: u64) -> Vec<u8> {
    let sseu = submission
        .sseu
        .map_or(protocol::Sseu::default(), |sseu| protocol::Sseu {
            slice_mask: sseu.slice_mask,
            subslice_mask: sseu.subslice_mask,
            min_eus_per_subslice: sseu.min_eus_per_subslice,
            max_eus_per_subslice: sseu.max_eus_per_subslice,
        });
    let command = protocol::Submit {
        context: U32::new(submission.context),
        slot: U16::new(submission.slot),
        batch_count: U16::new(submission.batches.len() as u16),
        signal: U64::new(signal),
        priority: I32::new(submission.priority),
        sseu,
        wait_count: U32::new(waits.len() as u32),
        flags: U32::new(match submission.cancelled {
            true => SubmitFlags::CANCELLED,
            false => 0,
        }),
    };
    let batch = |&address: &u64| Batch {
        address: U64::new(address),
    };
    let batches: Vec<Batch> = submission.batches.iter().map(batch).collect();
    encode(&command, &[batches.as_bytes(), waits.as_bytes()])
}

/// The number that no address space and no context has.
const NOBODY: u32 = u32::MAX;

/// A command of the bind queue that is refused when it is taken, and changes nothing.
pub(crate) fn bind_mark() -> Vec<u8> {
    let nothing = Update {
        address_space: NOBODY,
        address: 0,
        length: GPU_PAGE_SIZE,
        backing: Backing::Nothing,
        waits: Vec::new(),
        signal: 1,
    };
    update(&nothing, &[], 1)
}

/// The same of the submit queue.
pub(crate) fn submit_mark() -> Vec<u8> {
    let nothing = Submission {
        context: NOBODY,
        slot: 0,
        batches: vec![0].into(),
        waits: Default::default(),
        signal: 1,
        priority: 0,
        sseu: None,
        cancelled: false,
    };
    submit(&nothing, &[], 1)
}

/// A refusal in the seam's words. Such as the seam does not have are a fault of this crate or
/// of the device.
pub(crate) fn refused(status: Status) -> Refused {
    let why = format!("the device says {status:?}");
    match status {
        Status::NotFound => Refused::NotFound(why),
        Status::Exists => Refused::Exists(why),
        Status::LimitExceeded => Refused::Limit(why),
        Status::BadExtent => Refused::BadExtent(why),
        Status::BadRange => Refused::BadRange(why),
        Status::Unsupported => Refused::Unsupported(why),
        Status::OutOfMemory => Refused::OutOfMemory(why),
        Status::Ok
        | Status::InvalidCommand
        | Status::Cancelled
        | Status::Hung
        | Status::DeviceLost => panic!("{why}, of a command that is in order"),
    }
}

/// How a command of the bind or the submit queue has ended, if it was not refused.
pub(crate) fn ending(status: Status) -> Option<Ending> {
    match status {
        Status::Ok => Some(Ending::Done),
        Status::Hung => Some(Ending::Hung),
        // What the seam knows of a device that is lost is that nothing comes of the work.
        Status::Cancelled | Status::DeviceLost => Some(Ending::Cancelled),
        Status::OutOfMemory => Some(Ending::OutOfMemory),
        Status::InvalidCommand
        | Status::NotFound
        | Status::Exists
        | Status::LimitExceeded
        | Status::BadExtent
        | Status::BadRange
        | Status::Unsupported => None,
    }
}

/// The platform as the device tells of it.
pub(crate) fn platform(
    config: &protocol::DeviceConfig,
    reply: &protocol::PlatformReply,
) -> Platform {
    let name = config.platform.iter().take_while(|byte| **byte != 0);
    let name = String::from_utf8_lossy(&name.copied().collect::<Vec<_>>()).into_owned();
    let has = |feature| reply.features.get() & feature != 0;
    let engines = &reply.engines[..usize::from(reply.engine_count.get())];
    Platform {
        name: name.into(),
        device_id: config.device_id.get(),
        revision: config.revision.get(),
        graphics_version: reply.graphics_version.get(),
        graphics_release: reply.graphics_release.get(),
        address_bits: reply.address_bits.get(),
        sseu: has(protocol::PlatformFeatures::SSEU),
        relocations: has(protocol::PlatformFeatures::RELOCATIONS),
        vm_bind: has(protocol::PlatformFeatures::VM_BIND),
        timestamp_frequency: reply.timestamp_frequency.get(),
        topology: virtio_igpu_executor::Topology {
            slices: reply.slice_mask.get(),
            subslices: reply.subslice_mask.get(),
            eus: reply.eu_mask.get(),
            max: [
                reply.max_slices.get(),
                reply.max_subslices.get(),
                reply.max_eus_per_subslice.get(),
            ],
        },
        engines: engines
            .iter()
            .map(|engine| virtio_igpu_executor::Engine {
                class: engine.class.get(),
                instance: engine.instance.get(),
                hardware_instance: engine.hardware_instance.get(),
                capabilities: engine.capabilities.get(),
                mmio_base: engine.mmio_base.get(),
                heartbeat_interval_ms: engine.heartbeat_interval_ms.get(),
                preempt_timeout_ms: engine.preempt_timeout_ms.get(),
                timeslice_duration_ms: engine.timeslice_duration_ms.get(),
                stop_timeout_ms: engine.stop_timeout_ms.get(),
            })
            .collect(),
    }
}
