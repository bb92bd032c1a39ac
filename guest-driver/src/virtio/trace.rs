// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Tracepoints at the boundaries of a command's stages (`c/igpu_trace.h` defines them,
//! docs/tracing.md explains them). One that is off is a jump that isn't taken. Any context.

use kernel::{bindings, jump_label::static_branch_unlikely};

use crate::raw;

/// Calls the tracepoint `$name` if it is on.
macro_rules! tracepoint {
    ($point:ident, $call:ident, $($argument:expr),*) => {
        // SAFETY: The key is the tracepoint's own, defined by C.
        if unsafe { static_branch_unlikely!(raw::$point, bindings::tracepoint, key) } {
            // SAFETY: Tracepoints take any values, in any context.
            unsafe { raw::$call($($argument),*) }
        }
    };
}

/// What names a command: a timeline's number and a value on it.
pub(crate) type Point = (u32, u64);

/// A submission to a context's slot, by their numbers on the device, is made.
#[inline(always)]
pub(crate) fn submit(context: u32, slot: u32, (timeline, value): Point) {
    tracepoint!(
        __tracepoint_virtio_igpu_submit,
        rust_do_trace_virtio_igpu_submit,
        context,
        slot,
        timeline,
        value
    );
}

/// An update of an address space's page table is made.
#[inline(always)]
pub(crate) fn update(address_space: u32, (timeline, value): Point) {
    tracepoint!(
        __tracepoint_virtio_igpu_update,
        rust_do_trace_virtio_igpu_update,
        address_space,
        timeline,
        value
    );
}

/// A command is about to be handed to the transport.
#[inline(always)]
pub(crate) fn send((timeline, value): Point) {
    tracepoint!(
        __tracepoint_virtio_igpu_send,
        rust_do_trace_virtio_igpu_send,
        timeline,
        value
    );
}

/// A command's fence is about to be signalled, with an errno or zero.
#[inline(always)]
pub(crate) fn signal((timeline, value): Point, error: i32) {
    tracepoint!(
        __tracepoint_virtio_igpu_signal,
        rust_do_trace_virtio_igpu_signal,
        timeline,
        value,
        error
    );
}

/// The device is about to be notified of what is in a queue.
#[inline(always)]
pub(super) fn kick(queue: u32) {
    tracepoint!(
        __tracepoint_virtio_igpu_kick,
        rust_do_trace_virtio_igpu_kick,
        queue
    );
}

/// A queue's interrupt is being handled.
#[inline(always)]
pub(super) fn interrupt(queue: u32) {
    tracepoint!(
        __tracepoint_virtio_igpu_interrupt,
        rust_do_trace_virtio_igpu_interrupt,
        queue
    );
}
