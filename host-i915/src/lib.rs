// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The executor on a host GPU whose kernel driver is i915.
//!
//! What a guest has bound is kept as objects (userptr or udmabuf: the guest's pages, no copies)
//! at the guest's own addresses (softpin), in a list that is ready for the
//! next EXECBUFFER2. An engine slot of a context is a context of i915's with one engine. i915
//! queues no binds: an update counts for the submissions that come after it.
//!
//! There is no unsafe code here: system calls and their pointers are `host-gpu`'s.

#![forbid(unsafe_code)]

mod driver;
mod sections;

use std::io;
use std::sync::Arc;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
use virtio_igpu_executor::{Executor, Extent, Factory, GuestMemory, Platform, Refused, Sink};
use virtio_igpu_host_executor::HostExecutor;
use virtio_igpu_host_executor::platform::{self, Found, NotShown};
use virtio_igpu_host_gpu::i915::{self, Context, Object, Vm};
use virtio_igpu_host_gpu::udmabuf::Udmabuf;
use virtio_igpu_host_gpu::{DrmFile, DrmNode};
use vm_memory::{FileOffset, GuestAddress};

use driver::I915;
use sections::Pages;

const PAGE: u64 = 4096;

/// What makes dma-bufs of memory files.
const UDMABUF: &str = "/dev/udmabuf";

/// How the guest's pages are to become objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// By userptr where the kernel has that, else by udmabuf.
    #[default]
    Any,
    /// By their addresses in this process.
    Userptr,
    /// As dma-bufs of the memory's files.
    Udmabuf,
}

/// Why a device driven by i915 can't be used, in a sentence.
#[derive(Debug)]
pub enum Unfit {
    /// It can't be opened, or asked what it is.
    Unreadable(io::Error),
    /// It is a GPU that guests can't be shown.
    NotShown(NotShown),
    /// Submissions can't be ordered by timelines.
    Timelines,
    /// The guest's memory can't become objects: why neither by userptr nor by udmabuf, as far as
    /// they were to be tried.
    Memory(Option<io::Error>, Option<io::Error>),
    /// It has no address spaces, or contexts that end with their owner.
    Contexts(io::Error),
}

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "i915 does not tell what the GPU is: {error}"),
            Self::NotShown(why) => why.fmt(f),
            Self::Timelines => write!(
                f,
                "this kernel's i915 orders no submissions by timelines: it is older than Linux 5.10"
            ),
            Self::Memory(userptr, udmabuf) => {
                write!(
                    f,
                    "this kernel's i915 makes no objects of a guest's memory:"
                )?;
                if let Some(error) = userptr {
                    write!(f, " not by its address (userptr, {error})")?;
                }
                if let Some(error) = udmabuf {
                    write!(f, " not as a dma-buf ({UDMABUF}, {error})")?;
                }
                Ok(())
            }
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
    pub fn new(node: Arc<dyn DrmNode>, source: Source) -> Result<Self, Unfit> {
        let file = node.open().map_err(Unfit::Unreadable)?;
        let config = i915::config(&*file).map_err(Unfit::Unreadable)?;
        if !config.timeline_fences {
            return Err(Unfit::Timelines);
        }
        let found = Found {
            device_id: config.device_id,
            revision: config.revision,
            address_bits: config.address_bits,
            engines: config.engines.clone(),
            has_vram: config.has_vram,
            timestamp_frequency: Some(config.timestamp_frequency),
            topology: Some(config.topology),
        };
        let platform = platform::describe(&found).map_err(Unfit::NotShown)?;
        let pages = find_pages(&file, source, config.userptr_probe)?;
        let vm = Vm::new(&file).map_err(Unfit::Contexts)?;
        let &(class, instance) = config
            .engines
            .first()
            .ok_or_else(|| Unfit::Unreadable(io::Error::other("there are no engines")))?;
        Context::new(&vm, class, 1 << instance, false).map_err(Unfit::Contexts)?;
        Ok(Self(Arc::new(I915 {
            node,
            file,
            pages,
            platform,
        })))
    }
}

/// Makes objects of a page, in one way and the other, to see which the kernel can.
fn find_pages(file: &Arc<dyn DrmFile>, source: Source, probe: bool) -> Result<Pages, Unfit> {
    let mut why = (None, None);
    if source != Source::Udmabuf {
        match try_userptr(file, probe) {
            Ok(()) => return Ok(Pages::Userptr { probe }),
            Err(error) => why.0 = Some(error),
        }
    }
    if source != Source::Userptr {
        match try_udmabuf(file) {
            Ok(udmabuf) => return Ok(Pages::Udmabuf(Arc::new(udmabuf))),
            Err(error) => why.1 = Some(error),
        }
    }
    Err(Unfit::Memory(why.0, why.1))
}

const EXTENT: Extent = Extent {
    address: 0,
    length: PAGE,
};

fn try_userptr(file: &Arc<dyn DrmFile>, probe: bool) -> io::Result<()> {
    let page = GuestMemory::from_ranges(&[(GuestAddress(0), PAGE as usize)]);
    let page = Arc::new(page.map_err(io::Error::other)?);
    Object::of_guest(file, &page, EXTENT, probe).map(drop)
}

fn try_udmabuf(file: &Arc<dyn DrmFile>) -> io::Result<Udmabuf> {
    let udmabuf = Udmabuf::open(UDMABUF.as_ref())?;
    let memfd = memfd_create("page", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    ftruncate(&memfd, PAGE)?;
    fcntl_add_seals(&memfd, SealFlags::SHRINK)?;
    let range = (
        GuestAddress(0),
        PAGE as usize,
        Some(FileOffset::new(memfd.into(), 0)),
    );
    let page = GuestMemory::from_ranges_with_files([range]).map_err(io::Error::other)?;
    let dmabuf = udmabuf.create(&page, &[EXTENT])?;
    Object::of_dmabuf(file, &dmabuf)?;
    Ok(udmabuf)
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
        HostExecutor::boxed(&self.0, memory, sink)
    }
}
