// SPDX-License-Identifier: Apache-2.0 OR MIT

//! One of each command, for tests that spoil them.

use protocol::{CancelContext, Opcode, Point, QueryPlatform, Queue, ReadRegister};
use virtio_igpu_protocol as protocol;
use zerocopy::FromBytes;
use zerocopy::little_endian::{U16, U32};

use super::gpu::{bind, create_address_space, create_context, engine, extent, submit, unbind};
use super::{OBJECTS, encode};

pub(crate) fn a_bind() -> Vec<u8> {
    bind(
        1,
        0x1_0000,
        &[extent(OBJECTS, 0x1000)],
        &[Point::new(10, 0)],
        1,
    )
}

pub(crate) fn a_submit() -> Vec<u8> {
    submit(1, 0, 0x1_0000, &[Point::new(10, 0)], 1)
}

pub(crate) fn a_context() -> Vec<u8> {
    create_context(7, 1, &[engine(0, 1, 70)])
}

/// Says that context 1's owner is gone.
pub(crate) fn a_close() -> Vec<u8> {
    let command = protocol::CloseContext {
        context: U32::new(1),
        reserved: U32::ZERO,
    };
    encode(&command, &[])
}

pub(crate) fn reset_engines(engines: u32) -> Vec<u8> {
    let command = protocol::ResetEngines {
        engines: U32::new(engines),
        reserved: U32::ZERO,
    };
    encode(&command, &[])
}

/// Properties of an engine that never resets anything.
pub(crate) fn properties(class: u16, instance: u16) -> protocol::SetEngineProperties {
    protocol::SetEngineProperties {
        class: U16::new(class),
        instance: U16::new(instance),
        flags: U32::new(protocol::EngineFlags::HANG_DETECTION),
        heartbeat_interval_ms: U32::ZERO,
        preempt_timeout_ms: U32::ZERO,
        timeslice_duration_ms: U32::new(1),
        reserved: U32::ZERO,
    }
}

/// The acceptable command of that number.
pub(crate) fn sample(opcode: Opcode) -> Vec<u8> {
    let number = (opcode as u16).to_le_bytes();
    let mut commands = each_command().into_iter().map(|(_, bytes)| bytes);
    commands.find(|bytes| bytes.starts_with(&number)).unwrap()
}

/// One of each command, all acceptable.
pub(crate) fn each_command() -> Vec<(Queue, Vec<u8>)> {
    let hello = protocol::Hello::read_from_bytes(&[2, 0, 0, 0, 0, 0, 0, 0]).unwrap();
    let one = U32::new(1);
    let zero = U32::ZERO;
    vec![
        (Queue::Control, encode(&hello, &[])),
        (Queue::Control, encode(&QueryPlatform::default(), &[])),
        (
            Queue::Control,
            encode(
                &ReadRegister {
                    offset: U32::new(0x2358),
                    reserved: zero,
                },
                &[],
            ),
        ),
        (Queue::Control, encode(&create_address_space(7, 71), &[])),
        (Queue::Control, a_context()),
        (
            Queue::Control,
            encode(
                &CancelContext {
                    context: one,
                    reserved: zero,
                },
                &[],
            ),
        ),
        (
            Queue::Control,
            encode(
                &protocol::SetContextFlags {
                    context: one,
                    flags: one,
                },
                &[],
            ),
        ),
        (
            Queue::Control,
            encode(
                &protocol::QueryContextRuntime {
                    context: one,
                    reserved: zero,
                },
                &[],
            ),
        ),
        (
            Queue::Control,
            encode(&protocol::ResetActive::default(), &[]),
        ),
        (
            Queue::Control,
            encode(
                &protocol::DestroyContext {
                    context: one,
                    reserved: zero,
                },
                &[],
            ),
        ),
        (
            Queue::Control,
            encode(
                &protocol::DestroyAddressSpace {
                    address_space: one,
                    reserved: zero,
                },
                &[],
            ),
        ),
        (Queue::Bind, a_bind()),
        (Queue::Bind, unbind(1, 0x1_0000, 0x1000, 1)),
        (Queue::Submit, a_submit()),
        (Queue::Control, a_close()),
        (Queue::Control, reset_engines(0b1)),
        (Queue::Control, encode(&properties(0, 0), &[])),
        (Queue::Control, encode(&protocol::Suspend::default(), &[])),
        (
            Queue::Control,
            encode(&protocol::QueryLimits::default(), &[]),
        ),
    ]
}
