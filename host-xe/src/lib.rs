// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The executor on a host GPU whose kernel driver is xe.
//!
//! A guest's address space is a VM of xe's, into which guest memory is bound where it lies in
//! this process (userptr): nothing is copied. An engine slot of a context is an exec queue. Binds
//! are queued as submissions are, so that whatever either waits for stays on the host's GPU.
//!
//! There is no unsafe code here: system calls and their pointers are `host-gpu`'s.

#![forbid(unsafe_code)]

mod driver;
mod mappings;

use std::io;
use std::sync::Arc;

use virtio_igpu_executor::{
    Executor, Extent, Factory, GuestMemory, Platform, Refused, Sink, Topology,
};
use virtio_igpu_host_executor::HostExecutor;
use virtio_igpu_host_executor::platform::{self, Found, NotShown};
use virtio_igpu_host_gpu::syncobj::{Sync, Syncobj, deadline};
use virtio_igpu_host_gpu::xe::{self, Bind, Config, Vm};
use virtio_igpu_host_gpu::{DrmFile, DrmNode};
use vm_memory::GuestAddress;

use driver::Xe;

/// How long the first bind may take.
const PATIENCE_NS: i64 = 5_000_000_000;
const PAGE: u64 = 4096;
/// The most slices, subslices and execution units that a Tiger Lake has: xe tells those that
/// are there, not of how many.
const TIGER_LAKE: [u16; 3] = [1, 6, 16];

/// Why a device driven by xe can't be used, in a sentence.
#[derive(Debug)]
pub enum Unfit {
    /// It can't be opened, or asked what it is.
    Unreadable(io::Error),
    /// It is a GPU that guests can't be shown.
    NotShown(NotShown),
    /// A process's memory can't be bound.
    Userptr(io::Error),
}

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "xe does not tell what the GPU is: {error}"),
            Self::NotShown(why) => why.fmt(f),
            Self::Userptr(error) => {
                write!(f, "this kernel's xe binds no memory of a process: {error}")
            }
        }
    }
}

impl std::error::Error for Unfit {}

/// Makes executors on one device; each address space is a client of the driver's of its own.
pub struct XeFactory(Arc<Xe>);

impl XeFactory {
    /// A factory for a device that xe drives, if the device will do.
    pub fn new(node: Arc<dyn DrmNode>) -> Result<Self, Unfit> {
        let file = node.open().map_err(Unfit::Unreadable)?;
        let config = xe::config(&*file).map_err(Unfit::Unreadable)?;
        let engines = xe::engines(&*file).map_err(Unfit::Unreadable)?;
        let topology = xe::shader_units(&*file).map_err(Unfit::Unreadable)?;
        let names = engines.iter().filter(|name| name.gt_id == 0);
        let found = Found {
            device_id: config.device_id,
            revision: config.revision,
            address_bits: config.address_bits,
            engines: names
                .map(|name| (name.engine_class, name.engine_instance))
                .collect(),
            has_vram: config.has_vram,
            timestamp_frequency: xe::timestamp_frequency(&*file).map_err(Unfit::Unreadable)?,
            topology: topology.map(|(subslices, eus)| Topology {
                subslices,
                eus,
                ..Topology::whole(TIGER_LAKE)
            }),
        };
        let platform = platform::describe(&found).map_err(Unfit::NotShown)?;
        try_userptr(&file, &config).map_err(Unfit::Userptr)?;
        Ok(Self(Arc::new(Xe {
            node,
            file,
            config,
            engines,
            platform,
        })))
    }
}

/// Binds a page of this process, to see whether the kernel can.
fn try_userptr(file: &Arc<dyn DrmFile>, config: &Config) -> io::Result<()> {
    let page = GuestMemory::from_ranges(&[(GuestAddress(0), PAGE as usize)]);
    let page = Arc::new(page.map_err(io::Error::other)?);
    let mut vm = Vm::new(file, config.address_bits)?;
    let done = Syncobj::new(file)?;
    let bind = Bind::Memory {
        address: PAGE,
        extent: Extent {
            address: 0,
            length: PAGE,
        },
        read_only: false,
    };
    let sync = Sync {
        handle: done.handle(),
        value: 1,
        signal: true,
    };
    vm.bind(&page, &[bind], &[sync])?;
    done.wait(1, deadline(PATIENCE_NS))
}

impl Factory for XeFactory {
    fn platform(&self) -> &Platform {
        &self.0.platform
    }

    fn start(
        &self,
        memory: Arc<GuestMemory>,
        sink: Arc<dyn Sink>,
    ) -> Result<Box<dyn Executor>, Refused> {
        HostExecutor::boxed(&self.0, memory, sink)
    }
}
