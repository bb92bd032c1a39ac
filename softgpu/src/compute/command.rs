//! The commands that start threads: what is to be walked. Fields as in Mesa's
//! `src/intel/genxml/gen90.xml`, which Gen12's refers to.

use std::sync::Arc;

use eu::kernel::Kernel;
use eu::shared::REGISTER;

use super::floor::Plan;
use super::memory::KernelMemory;
use super::payload::{Data, Payload};
use super::shape::Shape;
use super::state::{BaseAddresses, Descriptor, Pipeline, Scratch, constants, data, group_threads};
use super::walk::Walk;
use crate::command::bits;
use crate::completion::{HangReason, KernelFault, KernelPlace};
use crate::execute::work::INDIRECT_DISPATCH;
use crate::execute::{Flow, Machine, Stop, bad_field};

/// The graphics version whose shader cores there are.
const VERSION: u8 = 12;
/// Dwords of MEDIA_OBJECT in front of its inline data.
const OBJECT: usize = 6;

/// Refuses platforms whose shader cores the model does not have.
fn check_version(machine: &Machine<'_>) -> Result<(), Stop> {
    if machine.around.platform.graphics_version.major == VERSION {
        Ok(())
    } else {
        Err(HangReason::MissingUnit.into())
    }
}

/// GPGPU_WALKER: nothing if predicated off or without thread groups.
pub(crate) fn walk(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    if machine.work_is_predicated_off(dwords[0]) {
        return Ok(Flow::Next);
    }
    let end = [dwords[7], dwords[10], dwords[12]];
    let end = machine.sizes(dwords[0], end, INDIRECT_DISPATCH);
    let channels = match bits(dwords[4], 31, 30) {
        0 => 0xff,
        1 => 0xffff,
        2 => u32::MAX,
        _ => return bad_field("SIMD size"),
    };
    let shape = Shape {
        first: [dwords[5], dwords[8], dwords[11]],
        end,
        size: [
            bits(dwords[4], 5, 0) + 1,
            bits(dwords[4], 13, 8) + 1,
            bits(dwords[4], 21, 16) + 1,
        ],
        channels,
        right: dwords[13],
        bottom: dwords[14],
    };
    if shape.is_empty() {
        return Ok(Flow::Next);
    }
    check_version(machine)?;
    Pipeline::Compute.check(machine.state)?;
    let bases = BaseAddresses::of(machine.state);
    let descriptor = bits(dwords[1], 5, 0);
    let descriptor = Descriptor::load(&mut machine.view, machine.state, &bases, descriptor)?;
    let threads = group_threads(shape.size)?;
    if machine.view.is_strict() && descriptor.threads != threads {
        return bad_field("the walker's threads are not the descriptor's");
    }
    let data = match bits(dwords[2], 16, 0) {
        0 => {
            let (view, state) = (&mut machine.view, &*machine.state);
            Data::Constants(constants(view, state, &bases, &descriptor, threads)?)
        }
        length => {
            let at = bases.indirect.wrapping_add((dwords[3] & !0x3f).into());
            let length = length.min(descriptor.data_bytes(threads));
            Data::Indirect(data(&mut machine.view, at, length)?)
        }
    };
    begin(machine, &bases, &descriptor, shape, data, Vec::new())
}

/// MEDIA_OBJECT: one thread with data of its own.
pub(crate) fn object(machine: &mut Machine<'_>, dwords: &[u32]) -> Result<Flow, Stop> {
    check_version(machine)?;
    Pipeline::Media.check(machine.state)?;
    let bases = BaseAddresses::of(machine.state);
    let descriptor = bits(dwords[1], 5, 0);
    let descriptor = Descriptor::load(&mut machine.view, machine.state, &bases, descriptor)?;
    let constants = constants(&mut machine.view, machine.state, &bases, &descriptor, 1)?;
    let mut own: Vec<u8> = dwords[OBJECT..]
        .iter()
        .flat_map(|dword| dword.to_le_bytes())
        .collect();
    let length = bits(dwords[2], 16, 0);
    if length > 0 {
        own.resize(own.len().next_multiple_of(REGISTER), 0);
        let at = bases.indirect.wrapping_add(dwords[3].into());
        own.extend(data(&mut machine.view, at, length)?);
    }
    let shape = Shape {
        first: [0; 3],
        end: [1; 3],
        size: [1; 3],
        channels: u32::MAX,
        right: u32::MAX,
        bottom: u32::MAX,
    };
    let data = Data::Constants(constants);
    begin(machine, &bases, &descriptor, shape, data, own)
}

/// Has the machine go on with a walk.
fn begin(
    machine: &mut Machine<'_>,
    bases: &BaseAddresses,
    descriptor: &Descriptor,
    shape: Shape,
    data: Data,
    inline: Vec<u8>,
) -> Result<Flow, Stop> {
    let scratch = Scratch::of(machine.state);
    let payload = Payload::new(descriptor, scratch, data, inline)?;
    let kernel = kernel(machine, bases, descriptor, shape.first)?;
    let strict = machine.view.is_strict();
    let plan = Plan {
        kernel,
        bases: bases.shared(machine.state, descriptor, strict),
        shape,
        payload,
        control: descriptor.control,
        local_memory: descriptor.local_memory,
    };
    *machine.walk = Some(Box::new(Walk::new(plan, machine.around.platform)));
    machine.tally.kernels += 1;
    Ok(Flow::Next)
}

/// The descriptor's kernel, decoded.
fn kernel(
    machine: &mut Machine<'_>,
    bases: &BaseAddresses,
    descriptor: &Descriptor,
    group: [u32; 3],
) -> Result<Arc<Kernel>, Stop> {
    // Offsets from the base have 32 bits; what is above belongs to the base.
    let start = descriptor.kernel as u32;
    let base = bases
        .instruction
        .wrapping_add(descriptor.kernel & !0xffff_ffff);
    let base = machine.view.canonical(base);
    let mut cache = machine.cores.cache.lock();
    let mut memory = KernelMemory(&mut machine.view);
    cache
        .kernel(machine.space, &mut memory, base, start)
        .map_err(|trap| {
            let place = KernelPlace {
                base,
                kernel: start,
                offset: start,
                group,
                thread: 0,
            };
            HangReason::Kernel(KernelFault { place, trap }).into()
        })
}
