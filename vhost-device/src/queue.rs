// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Virtqueues: taking chains off them and giving chains back, safely whatever the driver
//! wrote. Knows rings; [`chain`] knows what hangs on them, [`vring`] how the frontend's
//! messages and the worker share them.

pub mod chain;
pub mod vring;

use std::sync::atomic::Ordering;

use vhost_user_backend::VringT;
use virtio_queue::{QueueOwnedT, QueueT};

use crate::GuestMemory;
pub use chain::Chain;
pub use vring::Vring;

/// The driver broke a ring: nothing on it can be trusted until the device is reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BrokenRing(pub &'static str);

/// Whether the device may touch the ring.
pub fn running(vring: &Vring) -> bool {
    let state = vring.get_ref();
    state.get_queue().ready() && state.is_enabled()
}

/// How many chains the driver has made available and the device has not taken. What the
/// driver wrote before it made them available is visible after this call.
pub fn available(vring: &Vring, memory: &GuestMemory) -> Result<u16, BrokenRing> {
    if !running(vring) {
        return Ok(0);
    }
    let state = vring.get_ref();
    let queue = state.get_queue();
    let index = queue
        .avail_idx(memory, Ordering::Acquire)
        .map_err(|_| BrokenRing("the available ring is outside the guest's memory"))?;
    let count = index.0.wrapping_sub(queue.next_avail());
    if count > queue.size() {
        return Err(BrokenRing(
            "the available index jumped past the queue's size",
        ));
    }
    Ok(count)
}

/// Takes the next chain, and at most `limit` readable bytes of it.
pub fn pop(vring: &Vring, memory: &GuestMemory, limit: usize) -> Result<Option<Chain>, BrokenRing> {
    if !running(vring) {
        return Ok(None);
    }
    let mut state = vring.get_mut();
    let queue = state.get_queue_mut();
    let size = queue.size();
    let chain = queue
        .iter(memory)
        .map_err(|_| BrokenRing("the available index jumped past the queue's size"))?
        .next();
    match chain {
        None => Ok(None),
        Some(chain) if chain.head_index() >= size => Err(BrokenRing(
            "an available entry names a descriptor past the table",
        )),
        Some(chain) => Chain::take(chain, memory, size, limit).map(Some),
    }
}

/// Gives a chain back with `length` bytes written.
pub fn push_used(
    vring: &Vring,
    memory: &GuestMemory,
    head: u16,
    length: u32,
) -> Result<(), BrokenRing> {
    vring
        .get_mut()
        .get_queue_mut()
        .add_used(memory, head, length)
        .map_err(|_| BrokenRing("the used ring is outside the guest's memory"))
}

/// Interrupts the driver if it wants to hear of what was given back since the last call.
/// Returns whether it was interrupted.
pub fn interrupt(vring: &Vring, memory: &GuestMemory) -> bool {
    let mut state = vring.get_mut();
    let wanted = state
        .get_queue_mut()
        .needs_notification(memory)
        .unwrap_or(true);
    wanted && state.get_call().is_some() && state.signal_used_queue().is_ok()
}

/// Asks the driver to notify the device of new chains, or not to bother. When asking,
/// returns whether chains came in before the driver could know.
pub fn want_doorbell(vring: &Vring, memory: &GuestMemory, wanted: bool) -> bool {
    if !running(vring) {
        return false;
    }
    let mut state = vring.get_mut();
    let queue = state.get_queue_mut();
    if wanted {
        queue.enable_notification(memory).unwrap_or(false)
    } else {
        // Worst case the driver notifies without need.
        let _ = queue.disable_notification(memory);
        false
    }
}
