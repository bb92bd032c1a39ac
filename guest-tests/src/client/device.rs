//! The device node, and what can be asked about the GPU behind it.

use std::fs::{self, File};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use super::{Engine, Error, Result};
use crate::sys::request::{self, GetParam, Out, OutRequest, QueryItem, RegRead, Request};
use crate::sys::uapi::*;

/// An open render node.
#[derive(Debug)]
pub struct Device {
    file: File,
    path: PathBuf,
}

/// One engine, as the driver lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineInfo {
    /// Its name to the uAPI.
    pub engine: Engine,
    /// What is known about it (`I915_ENGINE_INFO_*`).
    pub flags: u64,
    /// What it can do beyond the others of its class.
    pub capabilities: u64,
    /// Its place among those of its class, for parallel submission.
    pub logical_instance: u16,
}

/// One kind of memory, as the driver lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryRegion {
    /// `I915_MEMORY_CLASS_*`.
    pub class: u16,
    /// Which of that class.
    pub instance: u16,
    /// Bytes in all.
    pub probed_size: u64,
    /// Bytes free, as far as this process may know.
    pub unallocated_size: u64,
}

impl Device {
    /// Opens the node that the environment's `IGPU_NODE` names, or else the first render node
    /// whose driver answers to `i915`.
    pub fn open() -> Result<Self> {
        match std::env::var_os("IGPU_NODE") {
            Some(node) => Self::open_path(Path::new(&node)),
            None => Self::open_driver("i915"),
        }
    }

    /// Opens the first render node whose driver answers to this name.
    pub fn open_driver(driver: &str) -> Result<Self> {
        let folder = "/dev/dri";
        let entries = fs::read_dir(folder).map_err(|source| Error::File {
            what: format!("reading {folder}"),
            source,
        })?;
        let mut nodes: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.file_name().is_some_and(is_render_node))
            .collect();
        nodes.sort();
        let devices = nodes.iter().filter_map(|node| Self::open_path(node).ok());
        let mut wanted =
            devices.filter(|device| device.version().is_ok_and(|(name, _)| name == driver));
        wanted.next().ok_or_else(|| {
            Error::Unexpected(format!(
                "no render node whose driver is {driver} among {nodes:?}"
            ))
        })
    }

    /// Opens this node, whatever driver it has.
    pub fn open_path(path: &Path) -> Result<Self> {
        let file = File::options().read(true).write(true).open(path);
        let file = file.map_err(|source| Error::File {
            what: format!("opening {}", path.display()),
            source,
        })?;
        Ok(Self {
            file,
            path: path.to_owned(),
        })
    }

    /// Opens the same node once more: another client of the same GPU.
    pub fn reopen(&self) -> Result<Self> {
        Self::open_path(&self.path)
    }

    /// The node's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The descriptor.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// Makes a request.
    pub fn call<R: Request>(&self, argument: &mut R::Argument) -> Result<()> {
        request::call::<R>(self.fd(), argument).map_err(|errno| Error::Ioctl {
            name: R::NAME,
            errno,
        })
    }

    /// Makes a request that writes to `out` too.
    pub fn call_out<R: OutRequest>(&self, argument: &mut R::Argument, out: Out<'_>) -> Result<()> {
        request::call_out::<R>(self.fd(), argument, out).map_err(|errno| Error::Ioctl {
            name: R::NAME,
            errno,
        })
    }

    /// The driver's name and version.
    pub fn version(&self) -> Result<(String, String)> {
        request::version(self.fd()).map_err(|errno| Error::Ioctl {
            name: "IOCTL_VERSION",
            errno,
        })
    }

    /// One parameter of the driver (`I915_PARAM_*`).
    pub fn param(&self, param: u32) -> Result<i32> {
        let mut value = [0; 4];
        let param = i32::from_ne_bytes(param.to_ne_bytes());
        let mut argument = drm_i915_getparam {
            param,
            ..Default::default()
        };
        self.call_out::<GetParam>(&mut argument, Out::Memory(&mut value))?;
        Ok(i32::from_ne_bytes(value))
    }

    /// Whether DRM has a capability (`DRM_CAP_*`), as a number.
    pub fn capability(&self, capability: u32) -> Result<u64> {
        let mut argument = drm_get_cap {
            capability: capability.into(),
            value: 0,
        };
        self.call::<request::GetCap>(&mut argument)?;
        Ok(argument.value)
    }

    /// A register, at the offset and with the flags of the uAPI's list.
    pub fn register(&self, offset: u64) -> Result<u64> {
        let mut argument = drm_i915_reg_read { offset, val: 0 };
        self.call::<RegRead>(&mut argument)?;
        Ok(argument.val)
    }

    /// The answer to one question of QUERY, by the uAPI's protocol: ask for the length
    /// first, then for the answer.
    pub fn query(&self, id: u32) -> Result<Vec<u8>> {
        let mut items = [item(id, 0, Out::Null)];
        self.query_items(&mut items)?;
        let length = positive(items[0].length)?;
        let mut answer = vec![0; length];
        let mut items = [item(id, items[0].length, Out::Memory(&mut answer))];
        self.query_items(&mut items)?;
        if positive(items[0].length)? != length {
            return Err(Error::Unexpected(format!(
                "query {id}: the length has changed"
            )));
        }
        Ok(answer)
    }

    /// Several questions of QUERY in one call.
    pub fn query_items(&self, items: &mut [QueryItem<'_>]) -> Result<()> {
        request::query(self.fd(), 0, items).map_err(|errno| Error::Ioctl {
            name: "IOCTL_I915_QUERY",
            errno,
        })
    }

    /// All engines.
    pub fn engines(&self) -> Result<Vec<EngineInfo>> {
        let answer = self.query(DRM_I915_QUERY_ENGINE_INFO)?;
        let count = field(&answer, 0).map(u32::from_ne_bytes)?;
        let one = size_of::<drm_i915_engine_info>();
        let start = size_of::<drm_i915_query_engine_info>();
        (0..count as usize)
            .map(|index| {
                let base = start + index * one;
                let engine = Engine {
                    class: u16::from_ne_bytes(field(&answer, base)?),
                    instance: u16::from_ne_bytes(field(&answer, base + 2)?),
                };
                let of = |offset| field(&answer, base + offset);
                let flags = std::mem::offset_of!(drm_i915_engine_info, flags);
                let capabilities = std::mem::offset_of!(drm_i915_engine_info, capabilities);
                let logical = std::mem::offset_of!(drm_i915_engine_info, logical_instance);
                Ok(EngineInfo {
                    engine,
                    flags: u64::from_ne_bytes(of(flags)?),
                    capabilities: u64::from_ne_bytes(of(capabilities)?),
                    logical_instance: u16::from_ne_bytes(field(&answer, base + logical)?),
                })
            })
            .collect()
    }

    /// All kinds of memory.
    pub fn memory_regions(&self) -> Result<Vec<MemoryRegion>> {
        let answer = self.query(DRM_I915_QUERY_MEMORY_REGIONS)?;
        let count = field(&answer, 0).map(u32::from_ne_bytes)?;
        let one = size_of::<drm_i915_memory_region_info>();
        let start = size_of::<drm_i915_query_memory_regions>();
        (0..count as usize)
            .map(|index| {
                let base = start + index * one;
                let size = std::mem::offset_of!(drm_i915_memory_region_info, probed_size);
                let free = std::mem::offset_of!(drm_i915_memory_region_info, unallocated_size);
                Ok(MemoryRegion {
                    class: u16::from_ne_bytes(field(&answer, base)?),
                    instance: u16::from_ne_bytes(field(&answer, base + 2)?),
                    probed_size: u64::from_ne_bytes(field(&answer, base + size)?),
                    unallocated_size: u64::from_ne_bytes(field(&answer, base + free)?),
                })
            })
            .collect()
    }
}

fn is_render_node(name: &std::ffi::OsStr) -> bool {
    name.to_str()
        .is_some_and(|name| name.starts_with("renderD"))
}

fn item(id: u32, length: i32, data: Out<'_>) -> QueryItem<'_> {
    QueryItem {
        id: id.into(),
        flags: 0,
        length,
        data,
    }
}

/// The length of an answer, or the error that stands in its place.
fn positive(length: i32) -> Result<usize> {
    usize::try_from(length).map_err(|_| Error::Ioctl {
        name: "IOCTL_I915_QUERY's item",
        errno: nix::errno::Errno::from_raw(length.wrapping_neg()),
    })
}

/// `N` bytes of an answer.
fn field<const N: usize>(answer: &[u8], offset: usize) -> Result<[u8; N]> {
    let bytes = answer
        .get(offset..)
        .and_then(|rest| rest.first_chunk::<N>());
    bytes
        .copied()
        .ok_or_else(|| Error::Unexpected("the answer to a query is too short".into()))
}
