// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The event queue: buffers that the device writes events into, and that go back to it
//! once the event has been copied out.

use core::{
    mem::size_of,
    ptr::{self, NonNull},
};
use kernel::{bindings, prelude::*, sync::rcu};
use zerocopy::FromZeros;

use super::{
    counters::QueueCounters,
    irq_lock::{new_irq_lock, IrqLock},
};
use crate::{protocol::Event, raw};

/// Buffers the device has at a time.
const BUFFERS: usize = 16;

/// One buffer; while the device has it, it is known by its address.
struct Buffer {
    /// Where it lies, for the virtqueue.
    sg: bindings::scatterlist,
    /// What the device wrote.
    event: Event,
}

/// What the queue's lock guards.
struct Ring {
    /// The virtqueue; null before the queues are found and once the device is lost.
    vq: *mut raw::virtqueue,
}

// SAFETY: The virtqueue may be used on any CPU by whoever holds the lock.
unsafe impl Send for Ring {}

/// The queue on which the device speaks unasked.
#[pin_data]
pub(super) struct EventQueue {
    #[pin]
    ring: IrqLock<Ring>,
}

impl EventQueue {
    /// A queue without a virtqueue.
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            ring <- new_irq_lock!(
                Ring { vq: ptr::null_mut() },
                "virtio_igpu::EventQueue::ring"
            ),
        })
    }

    /// Gives it its virtqueue, filled with buffers. Process context.
    ///
    /// # Safety
    ///
    /// As [`CommandQueue::open`](super::queue::CommandQueue::open).
    pub(super) unsafe fn open(&self, vq: *mut raw::virtqueue) -> Result {
        self.ring.lock().vq = vq;
        for _ in 0..BUFFERS {
            let mut buffer = KBox::new(
                Buffer {
                    sg: pin_init::zeroed(),
                    event: Event::new_zeroed(),
                },
                GFP_KERNEL,
            )?;
            let event = (&raw mut buffer.event).cast();
            // SAFETY: The event lies in kmalloc memory: one segment.
            unsafe { raw::igpu_buffer_to_sg(&mut buffer.sg, 1, event, size_of::<Event>()) };
            let mut ring = self.ring.lock();
            if let Err(buffer) = ring.add(buffer) {
                drop(ring);
                drop(buffer);
                // The ring is smaller than that: fewer buffers will do.
                break;
            }
        }
        self.kick();
        Ok(())
    }

    /// The next event, if one is there; its buffer goes back to the device. When there is
    /// none, the interrupt is armed. Process context.
    pub(super) fn next(&self, counters: &QueueCounters) -> Option<Event> {
        let mut ring = self.ring.lock();
        let buffer = loop {
            if ring.vq.is_null() {
                return None;
            }
            let mut length = 0;
            // SAFETY: The virtqueue isn't null, so it lives, and we hold its lock.
            let token = unsafe { raw::virtqueue_get_buf(ring.vq, &mut length) };
            if let Some(token) = NonNull::new(token) {
                counters.bytes_in.add(length.into());
                // SAFETY: The token is a buffer that `add` leaked, returned once.
                break unsafe { KBox::from_raw(token.cast::<Buffer>().as_ptr()) };
            }
            // SAFETY: As above.
            if unsafe { raw::virtqueue_enable_cb(ring.vq) || raw::virtqueue_is_broken(ring.vq) } {
                return None;
            }
        };
        counters.commands.add(1);
        let event = buffer.event;
        let unused = ring.add(buffer).err();
        drop(ring);
        drop(unused);
        self.kick();
        Some(event)
    }

    /// Keeps the device from interrupting until [`Self::next`] has found nothing more.
    /// Called from the interrupt.
    pub(super) fn hush(&self) {
        let ring = self.ring.lock();
        if !ring.vq.is_null() {
            // SAFETY: The virtqueue isn't null, so it lives, and we hold its lock.
            unsafe { raw::virtqueue_disable_cb(ring.vq) };
        }
    }

    /// Takes the virtqueue away and frees the buffers.
    ///
    /// # Safety
    ///
    /// The device has been reset: it doesn't touch the buffers any more.
    pub(super) unsafe fn close(&self) {
        let mut ring = self.ring.lock();
        let vq = core::mem::replace(&mut ring.vq, ptr::null_mut());
        if vq.is_null() {
            return;
        }
        // SAFETY: The virtqueue lives until after this call, and we hold its lock; the
        // device is reset.
        while let Some(token) = NonNull::new(unsafe { raw::virtqueue_detach_unused_buf(vq) }) {
            // SAFETY: The token is a buffer that `add` leaked, returned once.
            drop(unsafe { KBox::from_raw(token.cast::<Buffer>().as_ptr()) });
        }
    }

    /// Tells the device of new buffers.
    fn kick(&self) {
        let _vq_lives = rcu::read_lock();
        let ring = self.ring.lock();
        let vq = ring.vq;
        // SAFETY: If the virtqueue isn't null it lives, and we hold its lock.
        let notify = !vq.is_null() && unsafe { raw::virtqueue_kick_prepare(vq) };
        drop(ring);
        if notify {
            // SAFETY: The virtqueue is freed only a grace period after it can't be found
            // any more; the read lock began before it was found.
            unsafe { raw::virtqueue_notify(vq) };
        }
    }
}

impl Ring {
    /// Gives the device a buffer, or gives it back.
    fn add(&mut self, buffer: KBox<Buffer>) -> Result<(), KBox<Buffer>> {
        let buffer = KBox::into_raw(buffer);
        // SAFETY: The buffer lives: it is only a pointer now, and nobody else's.
        let mut sgs = [unsafe { &raw mut (*buffer).sg }];
        // SAFETY: Callers have seen that the virtqueue isn't null; having `&mut self` is
        // holding its lock. The list's memory lives until the buffer comes back.
        let ret = unsafe {
            raw::virtqueue_add_sgs(
                self.vq,
                sgs.as_mut_ptr(),
                0,
                1,
                buffer.cast(),
                bindings::GFP_ATOMIC,
            )
        };
        if ret == 0 {
            Ok(())
        } else {
            // SAFETY: The device didn't take it, so it is ours again.
            Err(unsafe { KBox::from_raw(buffer) })
        }
    }
}
