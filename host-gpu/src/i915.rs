// SPDX-License-Identifier: Apache-2.0 OR MIT

//! i915's calls: what the device is, address spaces (VMs), objects, contexts, submissions.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;

use rustix::io::Errno;
use smallvec::SmallVec;
use virtio_igpu_executor::{Extent, GuestMemory, Topology};

use crate::file::{DrmFile, call};
use crate::memory::{Gathered, host_address};
use crate::syncobj::Sync;
use crate::uapi;

/// The render engine's TIMESTAMP register, and the flag that asks for 64 bits of it.
const TIMESTAMP: u64 = 0x2358 | 1;
/// Engines that one slot may be put on.
const MAX_SIBLINGS: usize = 8;

/// What the driver says of the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// PCI device id.
    pub device_id: u16,
    /// PCI revision.
    pub revision: u16,
    /// Bits of a GPU address.
    pub address_bits: u16,
    /// Frequency of the command streamers' clock, in Hz.
    pub timestamp_frequency: u32,
    /// Class and instance of each engine.
    pub engines: Vec<(u16, u16)>,
    /// The shader units: those of the first slice, and of its first subslice, stand for all.
    pub topology: Topology,
    /// It has memory of its own.
    pub has_vram: bool,
    /// A process's memory can be checked as it becomes an object.
    pub userptr_probe: bool,
    /// Submissions wait for and signal points of timelines.
    pub timeline_fences: bool,
}

fn parameter(file: &dyn DrmFile, param: u32) -> io::Result<i32> {
    let mut value = 0;
    let mut get = uapi::drm_i915_getparam {
        param: param as i32,
        value: &raw mut value,
    };
    // SAFETY: the structure is this call's; `value` is the int that it writes.
    unsafe { call(file, uapi::IOCTL_I915_GETPARAM, &mut get) }?;
    Ok(value)
}

/// Asks for something of a known size.
fn query(file: &dyn DrmFile, id: u32) -> io::Result<Vec<u32>> {
    let mut item = uapi::drm_i915_query_item {
        query_id: id.into(),
        ..Default::default()
    };
    let mut words: Vec<u64> = Vec::new();
    for _ in 0..2 {
        let mut query = uapi::drm_i915_query {
            num_items: 1,
            items_ptr: (&raw mut item) as u64,
            ..Default::default()
        };
        // SAFETY: the structure is this call's, and `item` the one item it names. With length 0
        // it tells the length and writes nothing else; with the length it told before, it
        // writes so many bytes to where `words`, exclusively borrowed, has room for them.
        unsafe { call(file, uapi::IOCTL_I915_QUERY, &mut query) }?;
        if item.length < 0 {
            return Err(io::Error::from_raw_os_error(-item.length));
        }
        if words.is_empty() {
            words.resize((item.length as usize).div_ceil(8), 0);
            item.data_ptr = words.as_mut_ptr() as u64;
        }
    }
    let halves = words
        .iter()
        .flat_map(|word| [*word as u32, (word >> 32) as u32]);
    Ok(halves.collect())
}

fn engines(file: &dyn DrmFile) -> io::Result<Vec<(u16, u16)>> {
    let answer = query(file, uapi::DRM_I915_QUERY_ENGINE_INFO)?;
    let header = size_of::<uapi::drm_i915_query_engine_info>() / 4;
    let each = size_of::<uapi::drm_i915_engine_info>() / 4;
    let count = answer.first().map_or(0, |count| *count as usize);
    let names = answer.iter().skip(header).step_by(each).take(count);
    // Class and instance are the first dword.
    Ok(names
        .map(|name| (*name as u16, (name >> 16) as u16))
        .collect())
}

fn topology(file: &dyn DrmFile) -> io::Result<Topology> {
    let answer = query(file, uapi::DRM_I915_QUERY_TOPOLOGY_INFO)?;
    let bytes: Vec<u8> = answer.iter().flat_map(|word| word.to_ne_bytes()).collect();
    type Info = uapi::drm_i915_query_topology_info;
    let short = |at: usize| {
        let pair = bytes.get(at..at + 2).map(|pair| [pair[0], pair[1]]);
        u16::from_ne_bytes(pair.unwrap_or_default())
    };
    // What lies behind the header; of a mask, what a dword has room for.
    let mask = |at: usize, length: usize| {
        let bytes = bytes
            .iter()
            .skip(size_of::<Info>() + at)
            .take(length.min(4));
        bytes.enumerate().fold(0, |mask, (place, &byte)| {
            mask | u32::from(byte) << (8 * place)
        })
    };
    let max = [
        short(std::mem::offset_of!(Info, max_slices)),
        short(std::mem::offset_of!(Info, max_subslices)),
        short(std::mem::offset_of!(Info, max_eus_per_subslice)),
    ];
    let [subslices_at, subslice_stride, eus_at, eu_stride] = [
        short(std::mem::offset_of!(Info, subslice_offset)),
        short(std::mem::offset_of!(Info, subslice_stride)),
        short(std::mem::offset_of!(Info, eu_offset)),
        short(std::mem::offset_of!(Info, eu_stride)),
    ]
    .map(usize::from);
    let subslices = mask(subslices_at, subslice_stride);
    // The first subslice that is there.
    let first = subslices.trailing_zeros() as usize % 32;
    Ok(Topology {
        slices: mask(0, usize::from(max[0]).div_ceil(8)),
        subslices,
        eus: mask(eus_at + first * eu_stride, eu_stride),
        max,
    })
}

fn has_vram(file: &dyn DrmFile) -> io::Result<bool> {
    let answer = query(file, uapi::DRM_I915_QUERY_MEMORY_REGIONS)?;
    let header = size_of::<uapi::drm_i915_query_memory_regions>() / 4;
    let each = size_of::<uapi::drm_i915_memory_region_info>() / 4;
    let count = answer.first().map_or(0, |count| *count as usize);
    let mut classes = answer.iter().skip(header).step_by(each).take(count);
    Ok(classes.any(|class| *class as u16 == uapi::I915_MEMORY_CLASS_DEVICE as u16))
}

/// What the device is.
pub fn config(file: &dyn DrmFile) -> io::Result<Config> {
    let mut gtt = uapi::drm_i915_gem_context_param {
        param: uapi::I915_CONTEXT_PARAM_GTT_SIZE.into(),
        ..Default::default()
    };
    // SAFETY: the structure is this call's; this parameter is a number.
    unsafe { call(file, uapi::IOCTL_I915_GEM_CONTEXT_GETPARAM, &mut gtt) }?;
    let has = |param| parameter(file, param).unwrap_or(0) > 0;
    Ok(Config {
        device_id: parameter(file, uapi::I915_PARAM_CHIPSET_ID)? as u16,
        revision: parameter(file, uapi::I915_PARAM_REVISION)? as u16,
        address_bits: gtt.value.max(1).ilog2() as u16,
        timestamp_frequency: parameter(file, uapi::I915_PARAM_CS_TIMESTAMP_FREQUENCY)? as u32,
        engines: engines(file)?,
        topology: topology(file)?,
        has_vram: has_vram(file)?,
        userptr_probe: has(uapi::I915_PARAM_HAS_USERPTR_PROBE),
        timeline_fences: has(uapi::I915_PARAM_HAS_EXEC_TIMELINE_FENCES),
    })
}

/// The render engine's clock.
pub fn timestamp(file: &dyn DrmFile) -> io::Result<u64> {
    let mut read = uapi::drm_i915_reg_read {
        offset: TIMESTAMP,
        val: 0,
    };
    // SAFETY: the structure is this call's, and has no pointers.
    unsafe { call(file, uapi::IOCTL_I915_REG_READ, &mut read) }?;
    Ok(read.val)
}

/// Whether the device is wedged: nothing is executed on it any more.
pub fn is_wedged(file: &dyn DrmFile) -> bool {
    let mut nothing = ();
    // SAFETY: this call takes nothing.
    let answer = unsafe { call(file, uapi::IOCTL_I915_GEM_THROTTLE, &mut nothing) };
    let wedged = [Errno::IO, Errno::NODEV].map(|errno| Some(errno.raw_os_error()));
    matches!(answer, Err(error) if wedged.contains(&error.raw_os_error()))
}

/// An address space. What is in it, each submission says.
#[derive(Debug)]
pub struct Vm {
    file: Arc<dyn DrmFile>,
    id: u32,
}

impl Vm {
    /// An empty one.
    pub fn new(file: &Arc<dyn DrmFile>) -> io::Result<Self> {
        let mut create = uapi::drm_i915_gem_vm_control::default();
        // SAFETY: the structure is this call's; it has no extension.
        unsafe { call(&**file, uapi::IOCTL_I915_GEM_VM_CREATE, &mut create) }?;
        Ok(Self {
            file: Arc::clone(file),
            id: create.vm_id,
        })
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        let mut destroy = uapi::drm_i915_gem_vm_control {
            vm_id: self.id,
            ..Default::default()
        };
        // It fails only if the device is gone, and the address space with it.
        // SAFETY: the structure is this call's, and has no pointers.
        let _ = unsafe { call(&*self.file, uapi::IOCTL_I915_GEM_VM_DESTROY, &mut destroy) };
    }
}

/// What an object's addresses in this process are part of: mapped as long as the object is.
#[derive(Clone, Debug)]
enum Mapped {
    Guest(#[expect(dead_code, reason = "kept")] Arc<GuestMemory>),
    Gathered(#[expect(dead_code, reason = "kept")] Arc<Gathered>),
    /// It has none: its pages are a dma-buf's.
    Nothing,
}

/// Memory of the guest's as an object of i915's: its pages, by their address in this process
/// (userptr) or as a dma-buf, no copies. What batches under way use of it when it is dropped, the
/// driver keeps.
#[derive(Debug)]
pub struct Object {
    file: Arc<dyn DrmFile>,
    handle: u32,
    _mapped: Mapped,
}

impl Object {
    /// A piece of guest memory.
    pub fn of_guest(
        file: &Arc<dyn DrmFile>,
        memory: &Arc<GuestMemory>,
        extent: Extent,
        probe: bool,
    ) -> io::Result<Self> {
        let address = host_address(memory, extent);
        let address = address.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        let mapped = Mapped::Guest(Arc::clone(memory));
        Self::new(file, (address, extent.length), mapped, probe)
    }

    /// Part of what was gathered: whole pages.
    pub fn of_gathered(
        file: &Arc<dyn DrmFile>,
        gathered: &Arc<Gathered>,
        offset: u64,
        length: u64,
        probe: bool,
    ) -> io::Result<Self> {
        if offset > gathered.length() || length > gathered.length() - offset {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mapped = Mapped::Gathered(Arc::clone(gathered));
        Self::new(file, (gathered.address() + offset, length), mapped, probe)
    }

    /// The pages of a dma-buf, which the processor's caches keep coherent.
    pub fn of_dmabuf(file: &Arc<dyn DrmFile>, dmabuf: &OwnedFd) -> io::Result<Self> {
        let mut prime = uapi::drm_prime_handle {
            fd: dmabuf.as_raw_fd(),
            ..Default::default()
        };
        // SAFETY: the structure is this call's, and has no pointers.
        unsafe { call(&**file, uapi::IOCTL_PRIME_FD_TO_HANDLE, &mut prime) }?;
        let object = Self {
            file: Arc::clone(file),
            handle: prime.handle,
            _mapped: Mapped::Nothing,
        };
        let mut caching = uapi::drm_i915_gem_caching {
            handle: object.handle,
            caching: uapi::I915_CACHING_CACHED,
        };
        // SAFETY: the structure is this call's, and has no pointers.
        unsafe { call(&**file, uapi::IOCTL_I915_GEM_SET_CACHING, &mut caching) }?;
        Ok(object)
    }

    fn new(
        file: &Arc<dyn DrmFile>,
        (address, length): (u64, u64),
        mapped: Mapped,
        probe: bool,
    ) -> io::Result<Self> {
        let mut userptr = uapi::drm_i915_gem_userptr {
            user_ptr: address,
            user_size: length,
            flags: if probe { uapi::I915_USERPTR_PROBE } else { 0 },
            ..Default::default()
        };
        // SAFETY: the structure is this call's. The addresses in it lie in a mapping that the
        // object keeps; it holds guest memory, which everybody accesses by raw pointers, and
        // whose pages the driver holds for as long as the GPU uses them.
        unsafe { call(&**file, uapi::IOCTL_I915_GEM_USERPTR, &mut userptr) }?;
        Ok(Self {
            file: Arc::clone(file),
            handle: userptr.handle,
            _mapped: mapped,
        })
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        let mut close = uapi::drm_gem_close {
            handle: self.handle,
            pad: 0,
        };
        // It fails only if the device is gone, and the object with it.
        // SAFETY: the structure is this call's, and has no pointers.
        let _ = unsafe { call(&*self.file, uapi::IOCTL_GEM_CLOSE, &mut close) };
    }
}

/// A GPU address as i915 takes it: bit 47 goes on upwards.
fn canonical(address: u64) -> u64 {
    ((address << 16) as i64 >> 16) as u64
}

/// The objects that are in an address space, and where: kept as the driver takes it.
#[derive(Default)]
pub struct Objects {
    entries: Vec<uapi::drm_i915_gem_exec_object2>,
    fences: Vec<uapi::drm_i915_gem_exec_fence>,
    values: Vec<u64>,
}

impl std::fmt::Debug for Objects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} objects", self.entries.len())
    }
}

impl Objects {
    /// Adds an object at a GPU address; its place is the last.
    pub fn push(&mut self, object: &Object, address: u64) -> usize {
        self.entries.push(uapi::drm_i915_gem_exec_object2 {
            handle: object.handle,
            offset: canonical(address),
            // Order is the timelines' business alone.
            flags: uapi::OBJECT_PINNED | uapi::OBJECT_48B | uapi::OBJECT_ASYNC,
            ..Default::default()
        });
        self.entries.len() - 1
    }

    /// Takes the object at a place out. The last one is at that place then: its GPU address, if
    /// it is another one.
    pub fn take(&mut self, place: usize) -> Option<u64> {
        if place < self.entries.len() {
            self.entries.swap_remove(place);
        }
        self.address(place)
    }

    /// Exchanges the first object with that at a place: the GPU address of what was the first.
    pub fn put_first(&mut self, place: usize) -> Option<u64> {
        if place < self.entries.len() {
            self.entries.swap(0, place);
        }
        self.address(place)
    }

    fn address(&self, place: usize) -> Option<u64> {
        let entry = self.entries.get(place);
        entry.map(|entry| entry.offset & ((1 << 48) - 1))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// A context with one engine, in an address space.
#[derive(Debug)]
pub struct Context {
    file: Arc<dyn DrmFile>,
    id: u32,
}

/// The engines of a context as the call takes them: one, or one that stands for several.
#[repr(C)]
#[derive(Default)]
struct OneEngine {
    header: uapi::i915_context_param_engines,
    engine: uapi::i915_engine_class_instance,
}

/// The engines that one stands for.
#[repr(C)]
#[derive(Default)]
struct Siblings {
    header: uapi::i915_context_engines_load_balance,
    engines: [uapi::i915_engine_class_instance; MAX_SIBLINGS],
}

impl Context {
    /// One whose batches any of these instances (a bit each) of a class may execute. What it has
    /// under way ends with it.
    pub fn new(vm: &Vm, class: u16, instances: u16, recoverable: bool) -> io::Result<Self> {
        let name = |instance: u32| uapi::i915_engine_class_instance {
            engine_class: class,
            engine_instance: instance as u16,
        };
        let names = (0..16).filter(|instance| instances >> instance & 1 != 0);
        let names: SmallVec<[_; MAX_SIBLINGS]> = names.map(name).collect();
        if names.is_empty() || names.len() > MAX_SIBLINGS {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut siblings = Siblings::default();
        siblings.header.base.name = uapi::I915_CONTEXT_ENGINES_EXT_LOAD_BALANCE;
        siblings.header.num_siblings = names.len() as u16;
        siblings.engines[..names.len()].copy_from_slice(&names);
        let mut engines = OneEngine::default();
        match &names[..] {
            [one] => engines.engine = *one,
            _ => {
                engines.header.extensions = (&raw const siblings) as u64;
                engines.engine = uapi::i915_engine_class_instance {
                    engine_class: uapi::I915_ENGINE_CLASS_INVALID as u16,
                    engine_instance: uapi::I915_ENGINE_CLASS_INVALID_NONE as u16,
                };
            }
        }
        let set = |param: u32, size: usize, value: u64, next: u64| {
            uapi::drm_i915_gem_context_create_ext_setparam {
                base: uapi::i915_user_extension {
                    next_extension: next,
                    name: uapi::I915_CONTEXT_CREATE_EXT_SETPARAM,
                    ..Default::default()
                },
                param: uapi::drm_i915_gem_context_param {
                    size: size as u32,
                    param: param.into(),
                    value,
                    ..Default::default()
                },
            }
        };
        let recover = set(
            uapi::I915_CONTEXT_PARAM_RECOVERABLE,
            0,
            recoverable.into(),
            0,
        );
        let persist = set(
            uapi::I915_CONTEXT_PARAM_PERSISTENCE,
            0,
            0,
            (&raw const recover) as u64,
        );
        let engine = set(
            uapi::I915_CONTEXT_PARAM_ENGINES,
            size_of::<OneEngine>(),
            (&raw const engines) as u64,
            (&raw const persist) as u64,
        );
        let space = set(
            uapi::I915_CONTEXT_PARAM_VM,
            0,
            vm.id.into(),
            (&raw const engine) as u64,
        );
        let mut create = uapi::drm_i915_gem_context_create_ext {
            flags: uapi::I915_CONTEXT_CREATE_FLAGS_USE_EXTENSIONS,
            extensions: (&raw const space) as u64,
            ..Default::default()
        };
        let opcode = uapi::IOCTL_I915_GEM_CONTEXT_CREATE_EXT;
        // SAFETY: the structure is this call's; its extensions are a list whose entries, and
        // what they point to, live on, each as long as it says.
        unsafe { call(&*vm.file, opcode, &mut create) }?;
        Ok(Self {
            file: Arc::clone(&vm.file),
            id: create.ctx_id,
        })
    }

    fn set(&self, param: u32, value: u64) -> io::Result<()> {
        let mut set = uapi::drm_i915_gem_context_param {
            ctx_id: self.id,
            param: param.into(),
            value,
            ..Default::default()
        };
        // SAFETY: the structure is this call's; all parameters set so are numbers.
        unsafe { call(&*self.file, uapi::IOCTL_I915_GEM_CONTEXT_SETPARAM, &mut set) }
    }

    /// Changes the priority, -1023 to 1023. Above 0 not everybody may.
    pub fn set_priority(&self, priority: i32) -> io::Result<()> {
        let value = i64::from(priority) as u64;
        self.set(uapi::I915_CONTEXT_PARAM_PRIORITY, value)
    }

    /// Changes whether it goes on after a hang.
    pub fn set_recoverable(&self, recoverable: bool) -> io::Result<()> {
        self.set(uapi::I915_CONTEXT_PARAM_RECOVERABLE, recoverable.into())
    }

    /// How many of its batches have hung.
    pub fn hangs(&self) -> io::Result<u32> {
        let mut stats = uapi::drm_i915_reset_stats {
            ctx_id: self.id,
            ..Default::default()
        };
        // SAFETY: the structure is this call's, and has no pointers.
        unsafe { call(&*self.file, uapi::IOCTL_I915_GET_RESET_STATS, &mut stats) }?;
        Ok(stats.batch_active)
    }

    /// Executes the batch that begins `offset` bytes into the first of these objects, all of
    /// which are in the address space then.
    pub fn exec(&self, objects: &mut Objects, offset: u32, syncs: &[Sync]) -> io::Result<()> {
        objects.fences.clear();
        objects.values.clear();
        for sync in syncs {
            objects.fences.push(uapi::drm_i915_gem_exec_fence {
                handle: sync.handle,
                flags: match sync.signal {
                    true => uapi::FENCE_SIGNAL as u32,
                    false => uapi::FENCE_WAIT as u32,
                },
            });
            objects.values.push(sync.value);
        }
        let fences = uapi::drm_i915_gem_execbuffer_ext_timeline_fences {
            base: uapi::i915_user_extension {
                name: uapi::DRM_I915_GEM_EXECBUFFER_EXT_TIMELINE_FENCES,
                ..Default::default()
            },
            fence_count: objects.fences.len() as u64,
            handles_ptr: objects.fences.as_ptr() as u64,
            values_ptr: objects.values.as_ptr() as u64,
        };
        let mut exec = uapi::drm_i915_gem_execbuffer2 {
            buffers_ptr: objects.entries.as_mut_ptr() as u64,
            buffer_count: objects.entries.len() as u32,
            batch_start_offset: offset,
            cliprects_ptr: (&raw const fences) as u64,
            flags: uapi::EXEC_USE_EXTENSIONS | uapi::EXEC_BATCH_FIRST | uapi::EXEC_NO_RELOC,
            rsvd1: self.id.into(),
            ..Default::default()
        };
        // SAFETY: the structure is this call's. The objects' array, exclusively borrowed, and
        // the fences' two are as long as it says and live on, as does the extension; no object
        // has relocations.
        unsafe { call(&*self.file, uapi::IOCTL_I915_GEM_EXECBUFFER2, &mut exec) }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        let mut destroy = uapi::drm_i915_gem_context_destroy {
            ctx_id: self.id,
            pad: 0,
        };
        // It fails only if the device is gone, and the context with it.
        // SAFETY: the structure is this call's, and has no pointers.
        let _ = unsafe {
            call(
                &*self.file,
                uapi::IOCTL_I915_GEM_CONTEXT_DESTROY,
                &mut destroy,
            )
        };
    }
}
