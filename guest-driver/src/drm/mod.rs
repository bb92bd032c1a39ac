// SPDX-License-Identifier: GPL-2.0 OR MIT

//! DRM made safe: device, files, ids, ioctls, objects, reservations, fences, syncobjs,
//! debugfs, sysfs.
//!
//! Written on the raw bindings, since the kernel crate's own DRM module isn't there when
//! DRM is a module. Fixed to one driver, [`Driver`](driver::Driver)'s implementation
//! `crate::driver::Igpu`; knows the kernel and `virtio/`, nothing of commands or i915.
//!
//! # Contexts
//!
//! What may be called where is said with two words. **Process**: may sleep. **Any**: also
//! in interrupts and under [`sync::IrqLock`]s; what would have to sleep is put off to the
//! module's workqueues.

pub(crate) mod contents;
mod copying;
pub(crate) mod debugfs;
mod deflate;
pub(crate) mod device;
pub(crate) mod driver;
mod fdinfo;
pub(crate) mod fence;
pub(crate) mod file;
pub(crate) mod gem;
mod id_array;
pub(crate) mod ioctl;
mod mmap;
pub(crate) mod nofault;
mod pages;
mod prime;
pub(crate) mod process;
pub(crate) mod reclaim;
pub(crate) mod registration;
pub(crate) mod resv;
pub(crate) mod sync;
pub(crate) mod sync_file;
pub(crate) mod syncobj;
pub(crate) mod sysfs;
pub(crate) mod uapi_types;
pub(crate) mod user_memory;
mod wait_all;

pub(crate) use crate::virtio::work;

pub(crate) use contents::{Contents, ContentsFile, SharedContents, SysfsContents};
pub(crate) use debugfs::{parse_u64, DebugFile};
pub(crate) use deflate::Deflate;
pub(crate) use device::Device;
pub(crate) use driver::Driver;
pub(crate) use fence::{Fence, Sent, Timeline};
pub(crate) use file::File;
pub(crate) use gem::Object;
pub(crate) use id_array::IdArray;
pub(crate) use ioctl::{ioctl, Direction, Ioctl, AUTH, MASTER, RENDER_ALLOW, ROOT_ONLY};
pub(crate) use pages::PinnedPages;
pub(crate) use resv::LockedObjects;
pub(crate) use sync::{Timeout, ETIME};
pub(crate) use sync_file::SyncFile;
pub(crate) use syncobj::{ChainNode, Syncobj};
pub(crate) use sysfs::{SysfsFile, SysfsFolder};
pub(crate) use wait_all::when_all;
