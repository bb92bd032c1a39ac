// SPDX-License-Identifier: GPL-2.0 OR MIT

//! One command on its way: its bytes, the room for its reply, and who is told.
//!
//! A command is allocated whole before it is sent, so that sending can't fail. While it
//! is under way it is a raw pointer: the token that the virtqueue gives back. Exactly one
//! of [`RawCommand::complete`] and [`RawCommand::discard`] ends it.

use core::{
    mem::{offset_of, size_of, ManuallyDrop},
    ptr::{self, NonNull},
};
use kernel::{bindings, prelude::*, sync::Arc};
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes};

use super::returns::ReturnLine;
use crate::{
    protocol::{
        Command, CommandHeader, Queue, ReplyHeader, Status, Submit, SubmitFlags, MAX_COMMAND_SIZE,
    },
    raw,
};

/// Bytes that a command may have to be kept within its own allocation: a submission with
/// a dozen points.
const INLINE_BYTES: usize = 256;

/// How a command came back.
#[derive(Clone, Copy)]
pub(super) enum Outcome {
    /// From the device, with this many reply bytes written.
    Answered(u32),
    /// Not at all, for this reason.
    Failed(Status),
}

/// What is the same for all commands. The first field of [`Full`], so that a pointer to
/// one is a pointer to the other.
pub(super) struct Common {
    /// Next in the list the command is on, if it is on one.
    next: *mut Common,
    /// How it came back, set when it did, for the moment between the queue's lock and the
    /// callback.
    outcome: Outcome,
    /// Where it goes.
    queue: Queue,
    /// Bytes of the command.
    length: u32,
    /// Where they are.
    start: *mut u8,
    /// The command's bytes, in one segment if they lie in kmalloc memory.
    out: bindings::scatterlist,
    /// The command's bytes when they lie in vmalloc memory: a segment a page.
    out_pages: KVec<bindings::scatterlist>,
    /// The room for the reply.
    reply: bindings::scatterlist,
    /// The line it is called back on, if that has an order.
    line: Option<Arc<ReturnLine>>,
    /// What its reply says, or why there is none; once the outcome is noted.
    status: unsafe fn(NonNull<Common>) -> Status,
    /// Which of the device's replies that is, once the outcome is noted.
    order: unsafe fn(NonNull<Common>) -> u32,
    /// Ends the command: with an outcome by calling back, without by dropping everything.
    end: unsafe fn(NonNull<Common>, Option<Outcome>),
}

/// A whole command. `C` is the payload's type, `F` the callback's.
#[repr(C)]
struct Full<C: Command, F> {
    /// The part that is the same for all. First.
    common: Common,
    /// The reply, written by the device while the command is under way.
    reply: C::Reply,
    /// The bytes of a short command.
    short: [u8; INLINE_BYTES],
    /// The bytes of a long one.
    long: KVVec<u8>,
    /// Who is told; none once that is so.
    done: Option<F>,
}

/// A command that is under way: owns it, by pointer. Must be ended (it has no Drop).
#[derive(Clone, Copy)]
pub(super) struct RawCommand(NonNull<Common>);

// SAFETY: What it points at is owned by whoever has the RawCommand, and holds only `Send`
// parts: `Prepared::new` demands it of reply and callback.
unsafe impl Send for RawCommand {}

impl RawCommand {
    /// The token to give to the virtqueue.
    pub(super) fn token(self) -> *mut kernel::ffi::c_void {
        self.0.as_ptr().cast()
    }

    /// The command whose token this is.
    ///
    /// # Safety
    ///
    /// `token` came from [`Self::token`], and the command has not been ended.
    pub(super) unsafe fn from_token(token: NonNull<kernel::ffi::c_void>) -> Self {
        Self(token.cast())
    }

    /// Bytes of the command.
    pub(super) fn length(self) -> u32 {
        // SAFETY: A RawCommand's pointee lives until it is ended.
        unsafe { (*self.0.as_ptr()).length }
    }

    /// Puts the command into a ring. The caller holds the queue's lock.
    ///
    /// # Safety
    ///
    /// `vq` is a live virtqueue that nobody else uses meanwhile.
    pub(super) unsafe fn add_to(self, vq: *mut raw::virtqueue) -> Result {
        let common = self.0.as_ptr();
        // SAFETY: The command lives; nobody else uses it before it is in the ring.
        let common = unsafe { &mut *common };
        let out = if common.out_pages.is_empty() {
            &raw mut common.out
        } else {
            common.out_pages.as_mut_ptr()
        };
        let mut sgs = [out, &raw mut common.reply];
        // SAFETY: The caller vouches for `vq`; the two lists are terminated tables whose
        // memory lives as long as the command.
        let ret = unsafe {
            raw::virtqueue_add_sgs(
                vq,
                sgs.as_mut_ptr(),
                1,
                1,
                self.token(),
                bindings::GFP_ATOMIC | bindings::__GFP_NOWARN,
            )
        };
        kernel::error::to_result(ret)
    }

    /// Notes how the command came back, for [`Self::complete`].
    pub(super) fn set_outcome(self, outcome: Outcome) {
        // SAFETY: The command lives and is ours.
        unsafe { (*self.0.as_ptr()).outcome = outcome }
    }

    /// Calls back with the outcome noted before, and frees the command: now, or when it is
    /// its turn on its line. No locks held.
    pub(super) fn complete(self) {
        // SAFETY: The command lives, and is ours alone.
        match unsafe { (*self.0.as_ptr()).line.take() } {
            Some(line) => line.take(self),
            None => self.call_back(),
        }
    }

    /// How it ended, by the outcome noted before.
    pub(super) fn status(self) -> Status {
        // SAFETY: The command lives, and `status` is the function made for it.
        unsafe { ((*self.0.as_ptr()).status)(self.0) }
    }

    /// Which of the device's replies it was answered with; zero if it was not.
    fn order(self) -> u32 {
        // SAFETY: The command lives, and `order` is the function made for it.
        unsafe { ((*self.0.as_ptr()).order)(self.0) }
    }

    /// Calls back with the outcome noted before, and frees the command. No locks held.
    pub(super) fn call_back(self) {
        // SAFETY: The command lives.
        let (end, outcome) = unsafe { ((*self.0.as_ptr()).end, (*self.0.as_ptr()).outcome) };
        // SAFETY: `end` is the function made for this very command, called once.
        unsafe { end(self.0, Some(outcome)) }
    }

    /// Frees the command without calling back.
    fn discard(self) {
        // SAFETY: The command lives.
        let end = unsafe { (*self.0.as_ptr()).end };
        // SAFETY: `end` is the function made for this very command, called once.
        unsafe { end(self.0, None) }
    }
}

/// A command that is ready to be sent: what can fail has been done.
///
/// Dropped without being sent, its callback is dropped uncalled.
pub(crate) struct Prepared(RawCommand);

// SAFETY: It offers nothing to the outside through a shared reference.
unsafe impl Sync for Prepared {}

impl Prepared {
    /// See [`Transport::prepare`](super::Transport::prepare).
    pub(super) fn new<C, F>(command: &C, lists: &[&[u8]], done: F) -> Result<Self>
    where
        C: Command + IntoBytes + Immutable,
        C::Reply: FromBytes + Send + 'static,
        F: FnOnce(Status, &C::Reply) + Send + 'static,
    {
        let mut length = size_of::<CommandHeader>() + size_of::<C>();
        for list in lists {
            length = length.checked_add(list.len()).ok_or(E2BIG)?;
        }
        if length > MAX_COMMAND_SIZE as usize {
            return Err(E2BIG);
        }
        let length32 = u32::try_from(length)?;
        let header = CommandHeader::new(C::OPCODE, length32);

        let mut long = KVVec::new();
        if length > INLINE_BYTES {
            long.resize(length, 0, GFP_KERNEL)?;
        }
        // Written where it stays: it is large.
        let mut full = KBox::init(
            pin_init::init!(Full::<C, F> {
                common: Common {
                    next: ptr::null_mut(),
                    outcome: Outcome::Failed(Status::DeviceLost),
                    queue: C::QUEUE,
                    length: length32,
                    start: ptr::null_mut(),
                    out: pin_init::zeroed(),
                    out_pages: KVec::new(),
                    reply: pin_init::zeroed(),
                    line: None,
                    status: status::<C, F>,
                    order: order::<C, F>,
                    end: end::<C, F>,
                },
                reply: C::Reply::new_zeroed(),
                short: [0; INLINE_BYTES],
                long,
                done: Some(done),
            }),
            GFP_KERNEL,
        )?;

        let this = &mut *full;
        let bytes: &mut [u8] = if length > INLINE_BYTES {
            &mut this.long
        } else {
            &mut this.short[..length]
        };
        let mut at = 0;
        let mut put = |part: &[u8]| {
            bytes[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        };
        put(header.as_bytes());
        put(command.as_bytes());
        lists.iter().copied().for_each(put);

        let start: *mut u8 = bytes.as_mut_ptr();
        this.common.start = start;
        let start = start.cast();
        // SAFETY: `start` is `length` bytes of kernel memory.
        let segments = unsafe { raw::igpu_buffer_segments(start, length) };
        let table = if segments == 1 {
            &raw mut this.common.out
        } else {
            this.common
                .out_pages
                .resize(segments as usize, pin_init::zeroed(), GFP_KERNEL)?;
            this.common.out_pages.as_mut_ptr()
        };
        // SAFETY: `table` has `segments` entries, as many as the buffer needs.
        unsafe { raw::igpu_buffer_to_sg(table, segments, start, length) };
        let reply = (&raw mut this.reply).cast();
        // SAFETY: The reply lies in the box, which is kmalloc memory: one segment.
        unsafe { raw::igpu_buffer_to_sg(&mut this.common.reply, 1, reply, size_of::<C::Reply>()) };

        Ok(Self(RawCommand(NonNull::from(KBox::leak(full)).cast())))
    }

    /// Has it called back in its turn on `line`, and by a worker, where it may sleep, if it
    /// hung or was cancelled.
    pub(crate) fn on_line(self, line: Arc<ReturnLine>) -> Self {
        // SAFETY: The command lives, and nobody else has it before it is sent.
        unsafe { (*self.0 .0.as_ptr()).line = Some(line) };
        self
    }

    /// If it is a submission, has the device cancel it instead of executing it.
    pub(crate) fn cancel(&mut self) {
        const FLAGS: usize = size_of::<CommandHeader>() + offset_of!(Submit, flags);
        // SAFETY: The command lives, and nobody else has it before it is sent.
        let common = unsafe { &*self.0 .0.as_ptr() };
        if common.queue != Queue::Submit {
            return;
        }
        // SAFETY: Submissions are the submit queue's only commands, so there are as many bytes
        // at least, and nobody reads or writes them before the command is sent.
        unsafe {
            common
                .start
                .add(FLAGS)
                .cast::<[u8; 4]>()
                .write(SubmitFlags::CANCELLED.to_le_bytes())
        };
    }

    /// The queue the command goes to.
    pub(super) fn queue(&self) -> Queue {
        // SAFETY: The command lives as long as this does.
        unsafe { (*self.0 .0.as_ptr()).queue }
    }

    /// Hands the command over to be sent.
    pub(super) fn into_raw(self) -> RawCommand {
        ManuallyDrop::new(self).0
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        self.0.discard();
    }
}

/// Ends the command at `common`.
///
/// # Safety
///
/// `common` is the first field of a `Full<C, F>` made by [`Prepared::new`], the device
/// has no access to it any more, and it isn't used after this call.
unsafe fn end<C, F>(common: NonNull<Common>, outcome: Option<Outcome>)
where
    C: Command,
    C::Reply: FromBytes,
    F: FnOnce(Status, &C::Reply),
{
    const { assert!(offset_of!(Full<C, F>, common) == 0) };
    // SAFETY: The caller says that it is such a box, made by `KBox::new`, and ours.
    let mut full = unsafe { KBox::from_raw(common.cast::<Full<C, F>>().as_ptr()) };
    // Taken out by itself: the whole is large.
    let (Some(outcome), Some(done)) = (outcome, full.done.take()) else {
        return;
    };
    match outcome {
        Outcome::Answered(length) => done(status_of(&full.reply, length as usize), &full.reply),
        Outcome::Failed(status) => done(status, &C::Reply::new_zeroed()),
    }
}

/// How the command at `common` ended.
///
/// # Safety
///
/// As [`end`], but that it may be used after this call; its outcome is noted.
unsafe fn status<C: Command, F>(common: NonNull<Common>) -> Status
where
    C::Reply: FromBytes,
{
    // SAFETY: The caller says what it is; the device doesn't write to it any more.
    let full = unsafe { &*common.cast::<Full<C, F>>().as_ptr() };
    match full.common.outcome {
        Outcome::Answered(length) => status_of(&full.reply, length as usize),
        Outcome::Failed(status) => status,
    }
}

/// Which of the device's replies the command at `common` was answered with; zero if it was not.
///
/// # Safety
///
/// As [`status`].
unsafe fn order<C: Command, F>(common: NonNull<Common>) -> u32
where
    C::Reply: FromBytes,
{
    // SAFETY: The caller says what it is; the device doesn't write to it any more.
    let full = unsafe { &*common.cast::<Full<C, F>>().as_ptr() };
    match full.common.outcome {
        Outcome::Answered(length) => {
            header_of(&full.reply, length as usize).map_or(0, |header| header.order.get())
        }
        Outcome::Failed(_) => 0,
    }
}

/// The header of a reply of `length` written bytes, if that much of it is there.
fn header_of<R: FromBytes>(reply: &R, length: usize) -> Option<&ReplyHeader> {
    if length < size_of::<ReplyHeader>() || size_of::<R>() < size_of::<ReplyHeader>() {
        return None;
    }
    // SAFETY: Every reply begins with a `ReplyHeader`, has alignment 1, and any bytes are
    // a header; the size has been checked.
    Some(unsafe { &*ptr::from_ref(reply).cast::<ReplyHeader>() })
}

/// The status a reply of `length` written bytes reports. A reply that is cut off, or a
/// success that isn't all there, is a device that breaks the protocol.
fn status_of<R: FromBytes>(reply: &R, length: usize) -> Status {
    match header_of(reply, length).map(|header| header.status()) {
        None => Status::DeviceLost,
        Some(Status::Ok) if length < size_of::<R>() => Status::DeviceLost,
        Some(status) => status,
    }
}

/// Commands in order, linked through themselves: takes no memory, so it can't fail.
pub(super) struct CommandList {
    first: *mut Common,
    last: *mut Common,
}

// SAFETY: It owns its commands, which are `Send`.
unsafe impl Send for CommandList {}

impl CommandList {
    /// A list with nothing in it.
    pub(super) const fn new() -> Self {
        Self {
            first: ptr::null_mut(),
            last: ptr::null_mut(),
        }
    }

    /// Whether nothing is in it.
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_null()
    }

    /// Puts a command at the end. It must be on no list.
    pub(super) fn push(&mut self, command: RawCommand) {
        let common = command.0.as_ptr();
        // SAFETY: The command lives and is ours alone.
        unsafe { (*common).next = ptr::null_mut() };
        if self.first.is_null() {
            self.first = common;
        } else {
            // SAFETY: The last command of the list lives: the list owns it.
            unsafe { (*self.last).next = common };
        }
        self.last = common;
    }

    /// The first command, left where it is.
    pub(super) fn peek(&self) -> Option<RawCommand> {
        NonNull::new(self.first).map(RawCommand)
    }

    /// Takes the first command.
    pub(super) fn pop(&mut self) -> Option<RawCommand> {
        let first = NonNull::new(self.first)?;
        // SAFETY: A command on the list lives: the list owns it.
        self.first = unsafe { (*first.as_ptr()).next };
        Some(RawCommand(first))
    }

    /// Takes all.
    pub(super) fn take(&mut self) -> Self {
        core::mem::replace(self, Self::new())
    }

    /// Puts all of `other` at the end.
    pub(super) fn append(&mut self, mut other: Self) {
        while let Some(command) = other.pop() {
            self.push(command);
        }
    }

    /// Puts all of `other` where their replies' numbers say. Both are in that order.
    pub(super) fn merge(&mut self, mut other: Self) {
        if self.is_empty() {
            *self = other;
            return;
        }
        let mut mine = self.take();
        loop {
            let (Some(one), Some(another)) = (mine.peek(), other.peek()) else {
                break;
            };
            let is_later = (one.order().wrapping_sub(another.order()) as i32) > 0;
            let first = if is_later { &mut other } else { &mut mine };
            if let Some(first) = first.pop() {
                self.push(first);
            }
        }
        self.append(mine);
        self.append(other);
    }

    /// Ends all commands, in order, each with the outcome noted on it. No locks held.
    pub(super) fn complete_all(mut self) {
        while let Some(command) = self.pop() {
            command.complete();
        }
    }
}
