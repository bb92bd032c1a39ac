// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Fences: any dma_fence as [`Fence`], and our own, which stand for points on timelines.

use core::{
    fmt,
    mem::offset_of,
    ptr::{self, NonNull},
    sync::atomic::{AtomicBool, AtomicPtr, Ordering},
};
use kernel::{
    bindings,
    ffi::{c_char, c_void},
    prelude::*,
    sync::{
        aref::{ARef, AlwaysRefCounted},
        rcu,
    },
    time::{Instant, Monotonic},
    types::Opaque,
};

use super::{
    device::Static,
    sync::{Timeout, ECANCELED, ETIME},
};
use crate::{
    protocol::Point,
    raw,
    virtio::{trace, Transport},
};

/// A dma_fence of whatever driver. Shared as `ARef<Fence>`; references may be taken and
/// dropped in any context.
#[repr(transparent)]
pub(crate) struct Fence(Opaque<bindings::dma_fence>);

// SAFETY: Fences are made to be shared between threads.
unsafe impl Send for Fence {}
// SAFETY: As above.
unsafe impl Sync for Fence {}

// SAFETY: The counter is the fence's own; a fence lives while it isn't zero.
unsafe impl AlwaysRefCounted for Fence {
    fn inc_ref(&self) {
        // SAFETY: The fence lives while it is borrowed.
        unsafe { raw::igpu_fence_get(self.as_raw()) };
    }

    unsafe fn dec_ref(this: NonNull<Self>) {
        // SAFETY: The caller gives up a reference.
        unsafe { raw::igpu_fence_put(this.cast().as_ptr()) }
    }
}

impl Fence {
    /// # Safety
    ///
    /// `fence` lives for `'a`.
    pub(super) unsafe fn from_raw<'a>(fence: *mut bindings::dma_fence) -> &'a Self {
        // SAFETY: The layout is the same; the caller vouches for the lifetime.
        unsafe { &*fence.cast() }
    }

    /// Takes over a reference; none for a null pointer.
    ///
    /// # Safety
    ///
    /// `fence` is null or comes with a reference that is the caller's.
    pub(super) unsafe fn take_raw(fence: *mut bindings::dma_fence) -> Option<ARef<Self>> {
        // SAFETY: The caller hands over a reference.
        NonNull::new(fence).map(|fence| unsafe { ARef::from_raw(fence.cast()) })
    }

    /// The C fence.
    pub(super) fn as_raw(&self) -> *mut bindings::dma_fence {
        self.0.get()
    }

    /// An already signalled fence. Any context.
    pub(crate) fn signaled() -> ARef<Self> {
        // SAFETY: The stub fence is a static; the reference is ours.
        let stub = unsafe { bindings::dma_fence_get_stub() };
        // SAFETY: It is never null.
        unsafe { ARef::from_raw(NonNull::new_unchecked(stub).cast()) }
    }

    /// Whether it has signalled. Any context.
    pub(crate) fn is_signaled(&self) -> bool {
        // SAFETY: The fence lives while it is borrowed.
        unsafe { raw::igpu_fence_is_signaled(self.as_raw()) }
    }

    /// The error with which it has signalled, if it has and there is one. Any context.
    pub(crate) fn error(&self) -> Option<Error> {
        if !self.is_signaled() {
            return None;
        }
        // SAFETY: The error isn't written any more once the fence has signalled.
        let error = unsafe { (*self.as_raw()).error };
        (error != 0).then(|| Error::from_errno(error))
    }

    /// Its number in that context.
    pub(crate) fn seqno(&self) -> u64 {
        // SAFETY: It is set once.
        unsafe { (*self.as_raw()).seqno }
    }

    /// Waits until it has signalled; on success the nanoseconds left of `timeout`. Errors:
    /// `ETIME`; `ERESTARTSYS` on a signal. Process context.
    pub(crate) fn wait(&self, timeout: Timeout) -> Result<u64> {
        let start = Instant::<Monotonic>::now();
        if self.is_signaled() {
            return Ok(timeout.left_after(0));
        }
        if timeout == Timeout::Poll || timeout == Timeout::Nanoseconds(0) {
            return Err(ETIME);
        }
        let jiffies = timeout.jiffies() as kernel::ffi::c_long;
        // SAFETY: The fence lives while it is borrowed.
        let left = unsafe { bindings::dma_fence_wait_timeout(self.as_raw(), true, jiffies) };
        waited(left, timeout, start)
    }

    /// The point it stands for, if it is a fence of ours and isn't signalled; with the
    /// [cookie](crate::virtio::Transport::cookie) of the transport over which the device knows
    /// it, and how far the command that reaches it has come. Any context.
    pub(crate) fn as_point(&self) -> Option<(Point, u64, Sent)> {
        let own = self.as_own()?;
        if own.cookie == NO_POINT {
            return None;
        }
        let sent = match own.sending() {
            Some(sending) => Sent::Announced(sending),
            // Asked in this order: it is taken away after this is said.
            None if own.sent.load(Ordering::Acquire) => Sent::Yes,
            None => Sent::Unknown,
        };
        Some((Point::new(own.timeline, self.seqno()), own.cookie, sent))
    }

    /// The tag of its timeline, if it is an unsignalled fence of ours, sent or not. Any
    /// context.
    pub(crate) fn tag(&self) -> Option<u32> {
        let own = self.as_own()?;
        (own.cookie != NO_POINT).then_some(own.tag)
    }

    /// Prepares for others to wait until the command that signals it has been handed to
    /// the transport. To be called for a fence of ours that nobody else has seen; without
    /// memory there is nothing to wait for but its end. Process context.
    pub(crate) fn announce_sending(&self) {
        let Some(own) = self.as_own() else {
            return;
        };
        let sending = OwnFence {
            base: pin_init::zeroed(),
            cookie: NO_POINT,
            timeline: own.timeline,
            tag: own.tag,
            sent: AtomicBool::new(true),
            sending: AtomicPtr::new(ptr::null_mut()),
            name: own.name,
        };
        // SAFETY: It only counts.
        let context = unsafe { bindings::dma_fence_context_alloc(1) };
        if let Ok(sending) = sending.into_fence(context, 1) {
            own.sending
                .store(ARef::into_raw(sending).as_ptr().cast(), Ordering::Release);
        }
    }

    /// Has `hand_over` hand the command that signals it to the transport, and tells who
    /// waits for that. Any context, but not from within another fence's callback.
    pub(crate) fn send(&self, hand_over: impl FnOnce()) {
        // Asked first: it may have signalled when the command has been handed over.
        let own = self.as_own();
        if let Some(own) = own {
            trace::send(own.point());
        }
        hand_over();
        if let Some(own) = own {
            own.sent.store(true, Ordering::Release);
            own.end_sending();
        }
    }

    /// This as a fence of our own, if it is one and unsignalled.
    fn as_own(&self) -> Option<&OwnFence> {
        // SAFETY: The fence lives while it is borrowed.
        let operations = unsafe { raw::igpu_fence_ops(self.as_raw()) };
        if !ptr::eq(operations, OPERATIONS.0.get()) {
            return None;
        }
        const { assert!(offset_of!(OwnFence, base) == 0) };
        // SAFETY: Only `Timeline::fence` makes fences with these operations, and they are
        // the first field of an `OwnFence`.
        Some(unsafe { &*self.as_raw().cast() })
    }

    /// Takes chains and arrays apart and calls `each` with every unsignalled fence in it.
    pub(super) fn for_each_leaf(&self, mut each: impl FnMut(&Fence) -> Result) -> Result {
        let mut result = Ok(());
        let mut visit = |fence: &Fence| {
            if result.is_ok() && !fence.is_signaled() {
                result = each(fence);
            }
        };
        let mut visit: &mut dyn FnMut(&Fence) = &mut visit;
        // SAFETY: The fence lives; `call_back` gets back what is passed here.
        unsafe {
            raw::igpu_fence_unwrap_each(self.as_raw(), Some(call_back), (&raw mut visit).cast())
        };
        result
    }

    /// Chains and arrays taken apart: the unsignalled fences in it. `ENOMEM`. Process
    /// context.
    pub(crate) fn leaves(&self) -> Result<KVec<ARef<Fence>>> {
        let mut leaves = KVec::new();
        self.for_each_leaf(|leaf| Ok(leaves.push(leaf.into(), GFP_KERNEL)?))?;
        Ok(leaves)
    }
}

/// Calls the closure that [`Fence::for_each_leaf`] passed.
unsafe extern "C" fn call_back(data: *mut c_void, fence: *mut bindings::dma_fence) {
    // SAFETY: `data` is the pointer to the reference that was passed.
    let visit = unsafe { &mut *data.cast::<&mut dyn FnMut(&Fence)>() };
    // SAFETY: The fence lives during the call.
    visit(unsafe { Fence::from_raw(fence) });
}

/// What a wait of C's returned, in our terms.
pub(super) fn waited(
    left: kernel::ffi::c_long,
    timeout: Timeout,
    start: Instant<Monotonic>,
) -> Result<u64> {
    match left {
        0 => Err(ETIME),
        1.. => {
            let elapsed = u64::try_from(start.elapsed().as_nanos()).unwrap_or(0);
            Ok(timeout.left_after(elapsed))
        }
        error => Err(Error::from_errno(error as i32)),
    }
}

/// The cookie of a fence that stands for no point.
const NO_POINT: u64 = 0;

/// Bytes of a timeline's name, with its terminator.
const NAME_BYTES: usize = 32;

/// A fence of ours. Freed by the kernel as plain memory: nothing in it needs a drop.
#[repr(C)]
struct OwnFence {
    /// The kernel's part. First.
    base: bindings::dma_fence,
    /// The transport's over which the device knows the point, or [`NO_POINT`].
    cookie: u64,
    /// The timeline's number; the value is the kernel's `seqno`.
    timeline: u32,
    /// The timeline's tag.
    tag: u32,
    /// The command that signals it has been handed to the transport.
    sent: AtomicBool,
    /// Signals when that is so, if somebody was to be told; a reference, given up when it
    /// has signalled.
    sending: AtomicPtr<bindings::dma_fence>,
    /// The timeline's name, NUL padded.
    name: [u8; NAME_BYTES],
}

impl OwnFence {
    /// Makes a fence of it, `value` of the fence context `context`. `ENOMEM`. Process
    /// context.
    fn into_fence(self, context: u64, value: u64) -> Result<ARef<Fence>> {
        let fence = KBox::new(self, GFP_KERNEL)?;
        let fence = NonNull::from(KBox::leak(fence)).cast::<bindings::dma_fence>();
        // SAFETY: The fence's memory is ours, and from kmalloc, as the kernel will free
        // it; with no lock given it uses the one within; the operations are a static that
        // isn't used any more once the fence has signalled, which it does before the
        // module goes.
        unsafe {
            bindings::dma_fence_init64(
                fence.as_ptr(),
                OPERATIONS.0.get(),
                ptr::null_mut(),
                context,
                value,
            )
        };
        // SAFETY: A new fence comes with one reference, which is ours.
        Ok(unsafe { ARef::from_raw(fence.cast()) })
    }

    /// Its point: the timeline's number and the value.
    fn point(&self) -> trace::Point {
        (self.timeline, self.base.seqno)
    }

    /// The fence that signals when the command has been sent, while it hasn't.
    fn sending(&self) -> Option<ARef<Fence>> {
        let _reading = rcu::read_lock();
        let sending = self.sending.load(Ordering::Acquire);
        if sending.is_null() {
            return None;
        }
        // SAFETY: The reference behind the pointer was there when it was read, and fences
        // are freed a grace period after their last reference has gone.
        unsafe { Fence::take_raw(raw::igpu_fence_get_rcu(sending)) }
    }

    /// Signals that fence, and gives it up.
    fn end_sending(&self) {
        let sending = self.sending.swap(ptr::null_mut(), Ordering::AcqRel);
        // SAFETY: The pointer came with a reference, and is taken out once.
        if let Some(sending) = unsafe { Fence::take_raw(sending) } {
            signal(&sending, Ok(()));
        }
    }
}

/// How far the command that signals a fence of ours has come.
pub(crate) enum Sent {
    /// It has been handed to the transport.
    Yes,
    /// It will have been when this signals.
    Announced(ARef<Fence>),
    /// It hasn't, and nobody will tell.
    Unknown,
}

/// A timeline of the device as the world of fences sees it: a fence context.
pub(crate) struct Timeline {
    cookie: u64,
    number: u32,
    tag: u32,
    context: u64,
    name: [u8; NAME_BYTES],
}

impl Timeline {
    /// The timeline `number` of the device at the end of `transport`, with a tag that is the
    /// caller's business, and a name for people, of which 31 bytes are kept. Any context.
    pub(crate) fn new(
        transport: &Transport,
        number: u32,
        tag: u32,
        name: fmt::Arguments<'_>,
    ) -> Self {
        let mut buffer = NameBuffer {
            bytes: [0; NAME_BYTES],
            length: 0,
        };
        let _ = fmt::write(&mut buffer, name);
        Self {
            cookie: transport.cookie(),
            number,
            tag,
            // SAFETY: It only counts.
            context: unsafe { bindings::dma_fence_context_alloc(1) },
            name: buffer.bytes,
        }
    }

    /// Its number.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// The [cookie](Transport::cookie) of the transport over which the device knows it.
    pub(crate) fn cookie(&self) -> u64 {
        self.cookie
    }

    /// A fence for its point `value`, which must be later than those of the fences before.
    /// `ENOMEM`. Process context.
    pub(crate) fn fence(&self, value: u64) -> Result<PendingFence> {
        let fence = OwnFence {
            base: pin_init::zeroed(),
            cookie: self.cookie,
            timeline: self.number,
            tag: self.tag,
            sent: AtomicBool::new(false),
            sending: AtomicPtr::new(ptr::null_mut()),
            name: self.name,
        };
        Ok(PendingFence(fence.into_fence(self.context, value)?))
    }
}

/// Where a timeline's name is written.
struct NameBuffer {
    bytes: [u8; NAME_BYTES],
    length: usize,
}

impl fmt::Write for NameBuffer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for &byte in text.as_bytes() {
            if self.length == NAME_BYTES - 1 {
                return Err(fmt::Error);
            }
            self.bytes[self.length] = byte;
            self.length += 1;
        }
        Ok(())
    }
}

/// The right and the duty to signal a fence of ours. Dropped, it signals `ECANCELED`.
pub(crate) struct PendingFence(ARef<Fence>);

impl PendingFence {
    /// The fence.
    pub(crate) fn fence(&self) -> ARef<Fence> {
        self.0.clone()
    }

    /// Signals it, with an error if `result` is one. Any context, but not from within
    /// another fence's callback.
    pub(crate) fn signal(self, result: Result) {
        // SAFETY: It is ours: see `Timeline::fence`.
        let own = unsafe { &*self.0.as_raw().cast::<OwnFence>() };
        trace::signal(own.point(), result.err().map_or(0, Error::to_errno));
        signal(&self.0, result);
        let this = core::mem::ManuallyDrop::new(self);
        // SAFETY: `this` is forgotten, so the reference is dropped once.
        drop(unsafe { ptr::read(&this.0) });
    }
}

impl Drop for PendingFence {
    fn drop(&mut self) {
        if let Some(own) = self.0.as_own() {
            own.end_sending();
        }
        signal(&self.0, Err(ECANCELED));
    }
}

/// Signals a fence of ours. Its only PendingFence calls this, once.
fn signal(fence: &Fence, result: Result) {
    if let Err(error) = result {
        // SAFETY: The fence lives and hasn't signalled.
        unsafe { raw::igpu_fence_set_error(fence.as_raw(), error.to_errno()) };
    }
    // SAFETY: The fence lives.
    unsafe { bindings::dma_fence_signal(fence.as_raw()) };
}

unsafe extern "C" fn driver_name(_: *mut bindings::dma_fence) -> *const c_char {
    c"virtio_igpu".as_ptr().cast()
}

unsafe extern "C" fn timeline_name(fence: *mut bindings::dma_fence) -> *const c_char {
    // SAFETY: It is only called for fences with our operations: see `Fence::as_own`.
    unsafe { (&raw const (*fence.cast::<OwnFence>()).name).cast() }
}

/// Our fences' operations. Neither wait nor release: so a signalled fence doesn't need the
/// module any more.
static OPERATIONS: Static<bindings::dma_fence_ops> = Static(Opaque::new(bindings::dma_fence_ops {
    get_driver_name: Some(driver_name),
    get_timeline_name: Some(timeline_name),
    ..pin_init::zeroed()
}));
