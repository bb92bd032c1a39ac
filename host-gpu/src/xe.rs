// SPDX-License-Identifier: Apache-2.0 OR MIT

//! xe's calls: what the device is, address spaces (VMs), exec queues.

use std::io;
use std::sync::Arc;

use rustix::io::Errno;
use rustix::time::ClockId;
use smallvec::SmallVec;
use virtio_igpu_executor::{Extent, GuestMemory};

use crate::file::{DrmFile, call};
use crate::memory::host_address;
use crate::syncobj::{Sync, Syncobj, deadline};
use crate::uapi;

pub use uapi::drm_xe_engine_class_instance as EngineName;

/// Syncs of one call.
pub const MAX_SYNCS: usize = uapi::DRM_XE_MAX_SYNCS as usize;
/// The priority of a queue that asks for none.
pub const PRIORITY_NORMAL: u64 = 1;
/// The page-attribute entry of memory that the processor's caches keep coherent, on the
/// platforms before Xe2.
const PAT_WRITE_BACK: u16 = 0;
/// How long a VM's last unmapping may take.
const PATIENCE_NS: i64 = 5_000_000_000;

/// What the driver says of the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// PCI device id.
    pub device_id: u16,
    /// PCI revision.
    pub revision: u16,
    /// Bits of a GPU address.
    pub address_bits: u16,
    /// The highest priority that this process may give a queue.
    pub max_priority: u64,
    /// It has memory of its own.
    pub has_vram: bool,
}

/// What one step of a bind puts into a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bind {
    /// Guest memory, as long as the extent.
    Memory {
        /// GPU address.
        address: u64,
        /// The memory.
        extent: Extent,
        /// Writes vanish.
        read_only: bool,
    },
    /// Zeros, and writes vanish.
    Null {
        /// GPU address.
        address: u64,
        /// Bytes.
        length: u64,
    },
    /// Nothing.
    Nothing {
        /// GPU address.
        address: u64,
        /// Bytes.
        length: u64,
    },
}

/// Asks for something of a known size, in quadwords.
fn query(file: &dyn DrmFile, query: u32, answer: &mut Vec<u64>) -> io::Result<()> {
    let mut ask = uapi::drm_xe_device_query {
        query,
        ..Default::default()
    };
    // SAFETY: the structure is this call's; with size 0 it tells the size and writes nothing.
    unsafe { call(file, uapi::IOCTL_XE_DEVICE_QUERY, &mut ask) }?;
    answer.resize((ask.size as usize).div_ceil(8), 0);
    ask.data = answer.as_mut_ptr() as u64;
    // SAFETY: as above, and `answer` has room for `size` bytes, is exclusively borrowed and
    // lives on.
    unsafe { call(file, uapi::IOCTL_XE_DEVICE_QUERY, &mut ask) }
}

/// What the device is.
pub fn config(file: &dyn DrmFile) -> io::Result<Config> {
    let mut answer = Vec::new();
    query(file, uapi::DRM_XE_DEVICE_QUERY_CONFIG, &mut answer)?;
    // A header of one quadword, then the values.
    let value = |index: u32| {
        let value = answer.get(1 + index as usize).copied();
        value.ok_or_else(|| io::Error::other("xe tells less of the device than it has to"))
    };
    let id = value(uapi::DRM_XE_QUERY_CONFIG_REV_AND_DEVICE_ID)?;
    let flags = value(uapi::DRM_XE_QUERY_CONFIG_FLAGS)?;
    Ok(Config {
        device_id: id as u16,
        revision: (id >> 16) as u16,
        address_bits: value(uapi::DRM_XE_QUERY_CONFIG_VA_BITS)? as u16,
        max_priority: value(uapi::DRM_XE_QUERY_CONFIG_MAX_EXEC_QUEUE_PRIORITY)?,
        has_vram: flags & u64::from(uapi::DRM_XE_QUERY_CONFIG_FLAG_HAS_VRAM) != 0,
    })
}

/// The engines that a queue can be made for.
pub fn engines(file: &dyn DrmFile) -> io::Result<Vec<EngineName>> {
    let mut answer = Vec::new();
    query(file, uapi::DRM_XE_DEVICE_QUERY_ENGINES, &mut answer)?;
    // A header of one quadword, then four for each engine, of which the first is its name.
    let count = answer.first().map_or(0, |header| *header as u32 as usize);
    let names = answer.iter().skip(1).step_by(4).take(count);
    let part = |word: u64, place: u32| (word >> (16 * place)) as u16;
    Ok(names
        .map(|&word| EngineName {
            engine_class: part(word, 0),
            engine_instance: part(word, 1),
            gt_id: part(word, 2),
            pad: 0,
        })
        .collect())
}

/// The frequency of the clock of the engines that draw, in Hz; none if xe does not tell.
pub fn timestamp_frequency(file: &dyn DrmFile) -> io::Result<Option<u32>> {
    let mut answer = Vec::new();
    query(file, uapi::DRM_XE_DEVICE_QUERY_GT_LIST, &mut answer)?;
    // A header of one quadword. Of each, the first has the number, the second the clock.
    let count = answer.first().map_or(0, |header| *header as u32 as usize);
    let each = size_of::<uapi::drm_xe_gt>() / 8;
    let mut gts = answer
        .get(1..)
        .unwrap_or_default()
        .chunks_exact(each)
        .take(count);
    let first = gts.find(|gt| (gt[0] >> 32) as u16 == 0);
    let clock = first.map(|gt| (gt[1] >> 32) as u32);
    Ok(clock.filter(|&clock| clock > 0))
}

/// The subslices and the execution units of each that are there, of the engines that draw, a bit
/// each; none if xe does not tell.
pub fn shader_units(file: &dyn DrmFile) -> io::Result<Option<(u32, u32)>> {
    let mut answer = Vec::new();
    query(file, uapi::DRM_XE_DEVICE_QUERY_GT_TOPOLOGY, &mut answer)?;
    let bytes: Vec<u8> = answer.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let (mut subslices, mut eus) = (0, 0);
    let mut rest = &bytes[..];
    // Headers, each with its mask behind it, and maybe what fills up the last quadword.
    while let Some((&header, behind)) = rest.split_first_chunk::<8>() {
        let header = u64::from_ne_bytes(header);
        let (gt, kind) = (header as u16, u32::from((header >> 16) as u16));
        let length = (header >> 32) as usize;
        let Some((mask, behind)) = behind.split_at_checked(length).filter(|_| length > 0) else {
            break;
        };
        rest = behind;
        let mask = mask.iter().take(4).enumerate();
        let mask = mask.fold(0, |mask, (place, &byte)| {
            mask | u32::from(byte) << (8 * place)
        });
        match kind {
            _ if gt != 0 => {}
            uapi::DRM_XE_TOPO_DSS_GEOMETRY | uapi::DRM_XE_TOPO_DSS_COMPUTE => subslices |= mask,
            uapi::DRM_XE_TOPO_EU_PER_DSS => eus = mask,
            _ => {}
        }
    }
    Ok((subslices != 0 && eus != 0).then_some((subslices, eus)))
}

/// An engine's clock.
pub fn timestamp(file: &dyn DrmFile, engine: EngineName) -> io::Result<u64> {
    let mut cycles = uapi::drm_xe_query_engine_cycles {
        eci: engine,
        clockid: ClockId::Monotonic as i32,
        ..Default::default()
    };
    let mut ask = uapi::drm_xe_device_query {
        query: uapi::DRM_XE_DEVICE_QUERY_ENGINE_CYCLES,
        size: size_of_val(&cycles) as u32,
        data: (&raw mut cycles) as u64,
        ..Default::default()
    };
    // SAFETY: the structure is this call's; `cycles` is what it reads and writes in this query.
    unsafe { call(file, uapi::IOCTL_XE_DEVICE_QUERY, &mut ask) }?;
    Ok(cycles.engine_cycles)
}

/// Most calls have few.
type RawSyncs = SmallVec<[uapi::drm_xe_sync; 4]>;

fn raw_syncs(syncs: &[Sync]) -> RawSyncs {
    let raw = |sync: &Sync| {
        let mut raw = uapi::drm_xe_sync {
            type_: uapi::DRM_XE_SYNC_TYPE_TIMELINE_SYNCOBJ,
            flags: match sync.signal {
                true => uapi::DRM_XE_SYNC_FLAG_SIGNAL,
                false => 0,
            },
            timeline_value: sync.value,
            ..Default::default()
        };
        // The whole of the union: its upper half has to be 0.
        raw.__bindgen_anon_1.addr = u64::from(sync.handle);
        raw
    };
    syncs.iter().map(raw).collect()
}

fn raw_bind(memory: &GuestMemory, bind: &Bind) -> io::Result<uapi::drm_xe_vm_bind_op> {
    let mut raw = uapi::drm_xe_vm_bind_op {
        pat_index: PAT_WRITE_BACK,
        ..Default::default()
    };
    match *bind {
        Bind::Memory {
            address,
            extent,
            read_only,
        } => {
            raw.op = uapi::DRM_XE_VM_BIND_OP_MAP_USERPTR;
            (raw.addr, raw.range) = (address, extent.length);
            let host = host_address(memory, extent);
            raw.__bindgen_anon_1.userptr =
                host.ok_or_else(|| io::Error::other("an extent outside guest memory"))?;
            if read_only {
                raw.flags = uapi::DRM_XE_VM_BIND_FLAG_READONLY;
            }
        }
        Bind::Null { address, length } => {
            raw.op = uapi::DRM_XE_VM_BIND_OP_MAP;
            raw.flags = uapi::DRM_XE_VM_BIND_FLAG_NULL;
            (raw.addr, raw.range) = (address, length);
        }
        Bind::Nothing { address, length } => {
            raw.op = uapi::DRM_XE_VM_BIND_OP_UNMAP;
            (raw.addr, raw.range) = (address, length);
        }
    }
    Ok(raw)
}

/// An address space, into which guest memory is bound where it is: no copy, and nothing that
/// is not the guest's. It keeps all memory that was ever given to it mapped until it ends, or
/// until [`Vm::forget_memory`].
#[derive(Debug)]
pub struct Vm {
    file: Arc<dyn DrmFile>,
    id: u32,
    address_bits: u16,
    memory: Vec<Arc<GuestMemory>>,
}

impl Vm {
    /// An empty one, with a scratch page wherever nothing is bound.
    pub fn new(file: &Arc<dyn DrmFile>, address_bits: u16) -> io::Result<Self> {
        let mut create = uapi::drm_xe_vm_create {
            flags: uapi::DRM_XE_VM_CREATE_FLAG_SCRATCH_PAGE,
            ..Default::default()
        };
        // SAFETY: the structure is this call's; it has no extension.
        unsafe { call(&**file, uapi::IOCTL_XE_VM_CREATE, &mut create) }?;
        Ok(Self {
            file: Arc::clone(file),
            id: create.vm_id,
            address_bits,
            memory: Vec::new(),
        })
    }

    /// Changes ranges, one after the other and all with one end; extents are of `memory`.
    /// It either takes all or none.
    pub fn bind(
        &mut self,
        memory: &Arc<GuestMemory>,
        binds: &[Bind],
        syncs: &[Sync],
    ) -> io::Result<()> {
        let known = self.memory.iter().any(|kept| Arc::ptr_eq(kept, memory));
        if !known {
            self.memory.push(Arc::clone(memory));
        }
        let raw = |bind| raw_bind(memory, bind);
        let binds = binds.iter().map(raw).collect::<io::Result<Vec<_>>>()?;
        let syncs = raw_syncs(syncs);
        let mut call_of = uapi::drm_xe_vm_bind {
            vm_id: self.id,
            num_binds: binds.len() as u32,
            num_syncs: syncs.len() as u32,
            syncs: syncs.as_ptr() as u64,
            ..Default::default()
        };
        match &binds[..] {
            [one] => call_of.__bindgen_anon_1.bind = *one,
            several => call_of.__bindgen_anon_1.vector_of_binds = several.as_ptr() as u64,
        }
        // SAFETY: the structure is this call's; both arrays are as long as it says and live on.
        // The addresses in it lie in mappings of `memory`, which `self` keeps until nothing of
        // them is bound, and which everybody accesses by raw pointers, as guest memory is.
        unsafe { call(&*self.file, uapi::IOCTL_XE_VM_BIND, &mut call_of) }
    }

    /// All memory but this was unbound, and the unbinding has been waited for.
    pub fn forget_memory(&mut self, but: &Arc<GuestMemory>) {
        self.memory.retain(|kept| Arc::ptr_eq(kept, but));
    }

    /// Unbinds everything, and waits for it.
    fn empty(&mut self) -> io::Result<()> {
        let Some(memory) = self.memory.first().cloned() else {
            return Ok(());
        };
        let done = Syncobj::new(&self.file)?;
        let everything = Bind::Nothing {
            address: 0,
            length: 1 << self.address_bits,
        };
        let sync = Sync {
            handle: done.handle(),
            value: 1,
            signal: true,
        };
        self.bind(&memory, &[everything], &[sync])?;
        done.wait(1, deadline(PATIENCE_NS))
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        let emptied = self.empty();
        let mut destroy = uapi::drm_xe_vm_destroy {
            vm_id: self.id,
            ..Default::default()
        };
        // SAFETY: the structure is this call's, and has no pointers.
        let destroyed = unsafe { call(&*self.file, uapi::IOCTL_XE_VM_DESTROY, &mut destroy) };
        let is_gone = |result: &io::Result<()>| {
            let gone = Errno::NODEV.raw_os_error();
            matches!(result, Err(error) if error.raw_os_error() == Some(gone))
        };
        // A device that is gone reaches no memory.
        if emptied.is_err() && !is_gone(&emptied) && !is_gone(&destroyed) {
            // Nobody knows what the GPU still uses: the memory stays mapped for good.
            std::mem::forget(std::mem::take(&mut self.memory));
        }
    }
}

/// An exec queue: a hardware context on an engine.
#[derive(Debug)]
pub struct Queue {
    file: Arc<dyn DrmFile>,
    id: u32,
}

impl Queue {
    /// One of a VM that may use any of these engines, all of one class.
    pub fn new(vm: &Vm, engines: &[EngineName], priority: u64) -> io::Result<Self> {
        let mut property = uapi::drm_xe_ext_set_property {
            base: uapi::drm_xe_user_extension {
                name: uapi::DRM_XE_EXEC_QUEUE_EXTENSION_SET_PROPERTY,
                ..Default::default()
            },
            property: uapi::DRM_XE_EXEC_QUEUE_SET_PROPERTY_PRIORITY,
            ..Default::default()
        };
        property.__bindgen_anon_1.value = priority;
        let mut create = uapi::drm_xe_exec_queue_create {
            extensions: match priority {
                PRIORITY_NORMAL => 0,
                _ => (&raw const property) as u64,
            },
            width: 1,
            num_placements: engines.len() as u16,
            vm_id: vm.id,
            instances: engines.as_ptr() as u64,
            ..Default::default()
        };
        // SAFETY: the structure is this call's; `engines` has as many entries as it says, the
        // extension is the last of its list, and both live on.
        unsafe { call(&*vm.file, uapi::IOCTL_XE_EXEC_QUEUE_CREATE, &mut create) }?;
        Ok(Self {
            file: Arc::clone(&vm.file),
            id: create.exec_queue_id,
        })
    }

    /// Executes a batch.
    pub fn exec(&self, address: u64, syncs: &[Sync]) -> io::Result<()> {
        let syncs = raw_syncs(syncs);
        let mut exec = uapi::drm_xe_exec {
            exec_queue_id: self.id,
            num_syncs: syncs.len() as u32,
            syncs: syncs.as_ptr() as u64,
            address,
            num_batch_buffer: 1,
            ..Default::default()
        };
        // SAFETY: the structure is this call's; `syncs` has as many entries as it says and
        // lives on. For one batch, `address` is no pointer.
        unsafe { call(&*self.file, uapi::IOCTL_XE_EXEC, &mut exec) }
    }

    /// Whether it hung: nothing of it is executed any more.
    pub fn is_banned(&self) -> io::Result<bool> {
        let mut get = uapi::drm_xe_exec_queue_get_property {
            exec_queue_id: self.id,
            property: uapi::DRM_XE_EXEC_QUEUE_GET_PROPERTY_BAN,
            ..Default::default()
        };
        // SAFETY: the structure is this call's, and has no pointers.
        unsafe {
            call(
                &*self.file,
                uapi::IOCTL_XE_EXEC_QUEUE_GET_PROPERTY,
                &mut get,
            )
        }?;
        Ok(get.value != 0)
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        let mut destroy = uapi::drm_xe_exec_queue_destroy {
            exec_queue_id: self.id,
            ..Default::default()
        };
        // It fails only if the device is gone, and the queue with it.
        // SAFETY: the structure is this call's, and has no pointers.
        let _ = unsafe { call(&*self.file, uapi::IOCTL_XE_EXEC_QUEUE_DESTROY, &mut destroy) };
    }
}
