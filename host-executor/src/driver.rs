// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What is particular to a kernel driver.

use std::io;
use std::sync::Arc;

use virtio_igpu_executor::{Backing, GuestMemory, Platform};
use virtio_igpu_host_gpu::DrmFile;
use virtio_igpu_host_gpu::syncobj::Sync;

/// How a driver takes changes of an address space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binds {
    /// They are queued like batches: ordered by sync objects, with an end of their own.
    Queued,
    /// They count for the next batch, and for none before.
    AtOnce,
}

/// A range is to hold something else.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// GPU address, whole pages.
    pub address: u64,
    /// Bytes, whole pages, not zero.
    pub length: u64,
    /// What the range holds afterwards: extents of guest memory, each in one of its regions.
    pub backing: &'a Backing,
}

/// What a change does to what an address space holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing is there: something is added, or nothing happens.
    Adds,
    /// What is there goes, and is whole mappings.
    Removes,
    /// Something is replaced, or part of a mapping stays.
    Cuts,
}

/// What became of a queue's batches that have just ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They were executed.
    Fine,
    /// The first of them hung; those behind it go on.
    Hung,
    /// The first of them hung, and nothing of the queue is executed any more.
    Dead,
}

/// A host's GPU driver, with a device of its.
pub trait Driver: Send + std::marker::Sync + Sized + 'static {
    /// An address space in a file of its own.
    type Space: Space;
    /// A hardware context on an engine.
    type Queue: Queue<Self::Space>;

    /// How it takes changes of address spaces.
    const BINDS: Binds;
    /// The driver's name.
    const NAME: &str;

    /// What the GPU is, as guests see it.
    fn platform(&self) -> &Platform;
    /// A new address space, nothing in it, in a new file.
    fn new_space(&self) -> io::Result<Self::Space>;
    /// A queue of an address space that may use any of these instances (a bit each) of a class,
    /// with a priority of the guest's.
    fn new_queue(
        &self,
        space: &Self::Space,
        engines: (u16, u16),
        priority: i32,
        recoverable: bool,
    ) -> io::Result<Self::Queue>;
    /// Why it can't map something, if it can't.
    fn cannot_map(&self, backing: &Backing) -> Option<&'static str>;
    /// Whether a call that failed so means that the device is gone or beyond repair.
    fn is_lost(&self, error: &io::Error) -> bool;
    /// The render engine's clock.
    fn timestamp(&self) -> io::Result<u64>;
}

/// An address space of a driver. When it is dropped nothing of it is executed any more; whoever
/// drops it may be kept waiting until the memory is free.
pub trait Space: Send {
    /// The file that it belongs to.
    fn file(&self) -> &Arc<dyn DrmFile>;
    /// Makes changes, all or none. With [`Binds::Queued`] they wait for and signal `syncs`, and
    /// none changes what another one does; with [`Binds::AtOnce`] there is one, and no sync.
    fn change(
        &mut self,
        memory: &Arc<GuestMemory>,
        changes: &[Change<'_>],
        syncs: &[Sync],
    ) -> io::Result<()>;
    /// What a change would do. Asked with [`Binds::AtOnce`] alone.
    fn effect(&self, change: &Change<'_>) -> Effect;
    /// Maps everything anew, from other mappings of the guest's memory. Nothing reaches the old
    /// ones afterwards; with [`Binds::AtOnce`], no batch is under way.
    fn remap(&mut self, memory: &Arc<GuestMemory>) -> io::Result<()>;
}

/// A queue of a driver. When it is dropped, what it has under way is killed.
pub trait Queue<Space>: Send {
    /// Executes the batch at a GPU address. NotFound: nothing is mapped there, where the driver
    /// has to know.
    fn exec(
        &mut self,
        space: &mut Space,
        batch: u64,
        priority: i32,
        syncs: &[Sync],
    ) -> io::Result<()>;
    /// What became of those that have ended since this was last asked. An error that
    /// [`Driver::is_lost`] knows: they ended because the device did.
    fn verdict(&mut self) -> io::Result<Verdict>;
    /// Whether it goes on after the next hang.
    fn set_recoverable(&mut self, recoverable: bool);
}
