// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The executor on a host GPU whose kernel driver is i915.
//!
//! What a guest has bound is kept as objects (userptr: the guest's pages, where they lie in this
//! process, no copies) at the guest's own addresses (softpin), in a list that is ready for the
//! next EXECBUFFER2. An engine slot of a context is a context of i915's with one engine. i915
//! queues no binds: an update counts for the submissions that come after it.
//!
//! There is no unsafe code here: system calls and their pointers are `host-gpu`'s.

#![forbid(unsafe_code)]

mod driver;
mod sections;

use std::io;
use std::sync::Arc;

use virtio_igpu_executor::{Executor, Extent, Factory, GuestMemory, Platform, Refused, Sink};
use virtio_igpu_host_executor::HostExecutor;
use virtio_igpu_host_executor::platform::{self, Found};
use virtio_igpu_host_gpu::i915::{self, Context, Object, Vm};
use virtio_igpu_host_gpu::{DrmFile, DrmNode};
use vm_memory::GuestAddress;

use driver::I915;

const PAGE: u64 = 4096;

/// Why a device driven by i915 can't be used, in a sentence.
#[derive(Debug)]
pub enum Unfit {
    /// It can't be opened, or asked what it is.
    Unreadable(io::Error),
    /// It is a GPU whose platform guests can't be shown.
    Unknown(u16),
    /// It has memory of its own, which guests can't be given.
    Discrete(u16),
    /// Submissions can't be ordered by timelines.
    Timelines,
    /// A process's memory can't become an object.
    Userptr(io::Error),
    /// It has no address spaces, or contexts that end with their owner.
    Contexts(io::Error),
}

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "i915 does not tell what the GPU is: {error}"),
            Self::Unknown(id) => write!(
                f,
                "the GPU 8086:{id:04x} is none that a guest can be shown, which is Tiger Lake alone"
            ),
            Self::Discrete(id) => write!(
                f,
                "the GPU 8086:{id:04x} has memory of its own, which a guest can't be given"
            ),
            Self::Timelines => write!(
                f,
                "this kernel's i915 orders no submissions by timelines: it is older than Linux 5.10"
            ),
            Self::Userptr(error) => write!(
                f,
                "this kernel's i915 makes no objects of a process's memory (userptr): {error}"
            ),
            Self::Contexts(error) => write!(
                f,
                "this kernel's i915 has no contexts as a guest needs them on this GPU: {error}"
            ),
        }
    }
}

impl std::error::Error for Unfit {}

/// Makes executors on one device; each address space is a client of the driver's of its own.
pub struct I915Factory(Arc<I915>);

impl I915Factory {
    /// A factory for a device that i915 drives, if the device will do.
    pub fn new(node: Arc<dyn DrmNode>) -> Result<Self, Unfit> {
        let file = node.open().map_err(Unfit::Unreadable)?;
        let config = i915::config(&*file).map_err(Unfit::Unreadable)?;
        if config.has_vram {
            return Err(Unfit::Discrete(config.device_id));
        }
        if !config.timeline_fences {
            return Err(Unfit::Timelines);
        }
        let found = Found {
            device_id: config.device_id,
            revision: config.revision,
            address_bits: config.address_bits,
            engines: config.engines.clone(),
            timestamp_frequency: Some(config.timestamp_frequency),
            topology: Some(config.topology),
        };
        let platform = platform::describe(&found);
        let platform = platform.ok_or(Unfit::Unknown(config.device_id))?;
        try_userptr(&file, config.userptr_probe).map_err(Unfit::Userptr)?;
        let vm = Vm::new(&file).map_err(Unfit::Contexts)?;
        let &(class, instance) = config
            .engines
            .first()
            .ok_or_else(|| Unfit::Unreadable(io::Error::other("there are no engines")))?;
        Context::new(&vm, class, 1 << instance, false).map_err(Unfit::Contexts)?;
        Ok(Self(Arc::new(I915 {
            node,
            file,
            probe: config.userptr_probe,
            platform,
        })))
    }
}

/// Makes an object of a page of this process, to see whether the kernel can.
fn try_userptr(file: &Arc<dyn DrmFile>, probe: bool) -> io::Result<()> {
    let page = GuestMemory::from_ranges(&[(GuestAddress(0), PAGE as usize)]);
    let page = Arc::new(page.map_err(io::Error::other)?);
    let extent = Extent {
        address: 0,
        length: PAGE,
    };
    Object::of_guest(file, &page, extent, probe).map(drop)
}

impl Factory for I915Factory {
    fn platform(&self) -> &Platform {
        &self.0.platform
    }

    fn start(
        &self,
        memory: Arc<GuestMemory>,
        sink: Arc<dyn Sink>,
    ) -> Result<Box<dyn Executor>, Refused> {
        let executor = HostExecutor::start(Arc::clone(&self.0), memory, sink)
            .map_err(|error| Refused::OutOfMemory(error.to_string()))?;
        Ok(Box::new(executor))
    }
}
