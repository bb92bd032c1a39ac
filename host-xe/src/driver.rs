// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What is particular to xe.

use std::io;
use std::sync::Arc;

use virtio_igpu_executor::{Backing, GuestMemory, Platform};
use virtio_igpu_host_executor::{Binds, Change, Driver, Effect, Space, Verdict};
use virtio_igpu_host_gpu::errno::{ECANCELED, EIO, ENODEV};
use virtio_igpu_host_gpu::memory::host_address;
use virtio_igpu_host_gpu::syncobj::{Sync, Syncobj, deadline};
use virtio_igpu_host_gpu::xe::{self, Bind, Config, EngineName, PRIORITY_NORMAL, Queue, Vm};
use virtio_igpu_host_gpu::{DrmFile, DrmNode};

use crate::mappings::Mappings;

/// Ranges that are bound anew in one call.
const MAX_REBINDS: usize = 1024;
/// How long memory that moves may take to be bound anew.
const PATIENCE_NS: i64 = 5_000_000_000;

/// A device that xe drives.
pub(crate) struct Xe {
    pub(crate) node: Arc<dyn DrmNode>,
    /// Asked what concerns no guest's address space.
    pub(crate) file: Arc<dyn DrmFile>,
    pub(crate) config: Config,
    pub(crate) engines: Vec<EngineName>,
    pub(crate) platform: Platform,
}

/// A VM, in a file of its own.
pub(crate) struct XeSpace {
    file: Arc<dyn DrmFile>,
    vm: Vm,
    mappings: Mappings,
}

/// An exec queue.
pub(crate) struct XeQueue(Queue);

impl Driver for Xe {
    type Space = XeSpace;
    type Queue = XeQueue;

    const BINDS: Binds = Binds::Queued;
    const NAME: &str = "xe";

    fn platform(&self) -> &Platform {
        &self.platform
    }

    fn new_space(&self) -> io::Result<XeSpace> {
        let file = self.node.open()?;
        let vm = Vm::new(&file, self.config.address_bits)?;
        Ok(XeSpace {
            file,
            vm,
            mappings: Mappings::default(),
        })
    }

    fn new_queue(
        &self,
        space: &XeSpace,
        (class, instances): (u16, u16),
        priority: i32,
        _: bool,
    ) -> io::Result<XeQueue> {
        let fits = |name: &&EngineName| {
            let instance = u32::from(name.engine_instance);
            name.engine_class == class
                && name.gt_id == 0
                && instances.checked_shr(instance).unwrap_or(0) & 1 != 0
        };
        let engines: Vec<_> = self.engines.iter().filter(fits).copied().collect();
        let wanted = match priority {
            ..0 => 0,
            0 => PRIORITY_NORMAL,
            _ => PRIORITY_NORMAL + 1,
        };
        let priority = wanted.min(self.config.max_priority);
        Queue::new(&space.vm, &engines, priority).map(XeQueue)
    }

    fn cannot_map(&self, _: &Backing) -> Option<&'static str> {
        None
    }

    /// xe says ECANCELED of a queue that hung, and to every call when the device is wedged.
    fn is_lost(&self, error: &io::Error) -> bool {
        match error.raw_os_error() {
            Some(ENODEV | EIO) => true,
            Some(ECANCELED) => xe::config(&*self.file).is_err(),
            _ => false,
        }
    }

    fn timestamp(&self) -> io::Result<u64> {
        let render = self.engines.iter().find(|name| name.engine_class == 0);
        let render = render.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        xe::timestamp(&*self.file, *render)
    }
}

/// The steps of a change.
fn add_binds(change: &Change<'_>, binds: &mut Vec<Bind>) {
    let &Change {
        address,
        length,
        backing,
    } = change;
    match backing {
        Backing::Null => binds.push(Bind::Null { address, length }),
        Backing::Nothing => binds.push(Bind::Nothing { address, length }),
        Backing::Memory { extents, read_only } => {
            let mut address = address;
            for &extent in extents {
                binds.push(Bind::Memory {
                    address,
                    extent,
                    read_only: *read_only,
                });
                address += extent.length;
            }
        }
    }
}

impl Space for XeSpace {
    fn file(&self) -> &Arc<dyn DrmFile> {
        &self.file
    }

    fn change(
        &mut self,
        memory: &Arc<GuestMemory>,
        changes: &[Change<'_>],
        syncs: &[Sync],
    ) -> io::Result<()> {
        let mut binds = Vec::new();
        for change in changes {
            add_binds(change, &mut binds);
        }
        self.vm.bind(memory, &binds, syncs)?;
        for change in changes {
            self.mappings
                .update(change.address, change.length, change.backing);
        }
        Ok(())
    }

    /// Never asked.
    fn effect(&self, _: &Change<'_>) -> Effect {
        Effect::Cuts
    }

    fn remap(&mut self, memory: &Arc<GuestMemory>) -> io::Result<()> {
        let bind = |(address, piece): (u64, crate::mappings::Piece)| match host_address(
            memory,
            piece.extent,
        ) {
            Some(_) => Bind::Memory {
                address,
                extent: piece.extent,
                read_only: piece.read_only,
            },
            None => Bind::Nothing {
                address,
                length: piece.extent.length,
            },
        };
        let binds: Vec<_> = self.mappings.iter().map(bind).collect();
        let done = Syncobj::new(&self.file)?;
        let mut value = 0;
        for some in binds.chunks(MAX_REBINDS) {
            value += 1;
            let sync = Sync {
                handle: done.handle(),
                value,
                signal: true,
            };
            self.vm.bind(memory, some, &[sync])?;
        }
        if value > 0 {
            done.wait(value, deadline(PATIENCE_NS))?;
        }
        self.vm.forget_memory(memory);
        Ok(())
    }
}

impl virtio_igpu_host_executor::Queue<XeSpace> for XeQueue {
    fn exec(&mut self, _: &mut XeSpace, batch: u64, _: i32, syncs: &[Sync]) -> io::Result<()> {
        self.0.exec(batch, syncs)
    }

    /// xe bans a queue when one of its jobs hangs, and tells neither which nor why.
    fn verdict(&mut self) -> io::Result<Verdict> {
        match self.0.is_banned()? {
            true => Ok(Verdict::Dead),
            false => Ok(Verdict::Fine),
        }
    }

    /// No queue of xe's goes on after a hang: another one takes its place.
    fn set_recoverable(&mut self, _: bool) {}
}
