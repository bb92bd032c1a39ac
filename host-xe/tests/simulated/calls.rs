// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The calls, with xe's checks in xe's order.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use softgpu::{
    AddressSpaceId, Bind, ContextDescription, ContextId, EngineClass, EngineSlot, Extent, Gpu,
    GpuError, Platform, Point, Submission, TimelineId, Unbind, Wait,
};
use virtio_igpu_host_gpu::uapi;

use super::Common;
use super::errno::{EAGAIN, EBUSY, ECANCELED, EFAULT, EINVAL, ENOENT, ENOMEM, EOPNOTSUPP, EPERM};
use super::fences::Fences;
use super::memory::{Regions, get, put};

/// `XE_MAX_JOB_COUNT_PER_EXEC_QUEUE`
const MAX_JOBS: u64 = 1000;
/// `XE_HW_ENGINE_MAX_INSTANCE`
const MAX_INSTANCES: u32 = 9;
/// The entries of Tiger Lake's page-attribute table; only the first is coherent.
const PAT_ENTRIES: u16 = 4;
const VM_SIZE: u64 = 1 << 48;
const PAGE: u64 = 4096;
/// The highest priority of a process without privileges.
const MAX_PRIORITY: u64 = 1;

struct Vm {
    space: AddressSpaceId,
    timeline: TimelineId,
    sent: u64,
    queues: u32,
}

struct Queue {
    vm: u32,
    context: ContextId,
    timeline: TimelineId,
    sent: u64,
}

/// A device, which all clients share.
pub(crate) struct Device {
    // Ends before what it reports to.
    pub(crate) gpu: Gpu,
    pub(crate) fences: Arc<Fences>,
    pub(crate) regions: Mutex<Regions>,
    pub(crate) next: AtomicU32,
}

impl Device {
    pub(crate) fn number(&self) -> u32 {
        1 + self.next.fetch_add(1, Ordering::Relaxed)
    }
}

/// A client of the driver.
pub(crate) struct Client {
    pub(crate) device: Arc<Device>,
    common: Arc<Common>,
    vms: HashMap<u32, Vm>,
    queues: HashMap<u32, Queue>,
    /// The chains of its sync objects.
    pub(crate) syncobjs: HashMap<u32, u32>,
}

impl Drop for Client {
    fn drop(&mut self) {
        for queue in self.queues.values() {
            let _ = self.device.gpu.destroy_context(queue.context);
        }
        for vm in self.vms.values() {
            let _ = self.device.gpu.destroy_address_space(vm.space);
        }
        for &chain in self.syncobjs.values() {
            self.device.fences.put(chain);
        }
    }
}

/// A sync, as a call has parsed it.
struct Syncs {
    waits: Vec<Point>,
    signals: Vec<(u32, u64)>,
}

pub(crate) fn check(holds: bool, error: i32) -> Result<(), i32> {
    if holds { Ok(()) } else { Err(error) }
}

fn gpu_error(error: GpuError) -> i32 {
    match error {
        GpuError::Limit { .. } | GpuError::NoThread => ENOMEM,
        _ => EINVAL,
    }
}

impl Client {
    pub(crate) fn new(device: Arc<Device>, common: Arc<Common>) -> Self {
        Self {
            device,
            common,
            vms: HashMap::new(),
            queues: HashMap::new(),
            syncobjs: HashMap::new(),
        }
    }

    pub(crate) fn fences(&self) -> Arc<Fences> {
        Arc::clone(&self.device.fences)
    }

    /// The chain of a sync object of this file.
    pub(crate) fn chain(&self, handle: u32) -> Result<u32, i32> {
        self.syncobjs.get(&handle).copied().ok_or(ENOENT)
    }

    // ---- what every DRM device has

    pub(crate) fn get_cap(&mut self, args: &mut uapi::drm_get_cap) -> Result<(), i32> {
        let known = [uapi::DRM_CAP_SYNCOBJ, uapi::DRM_CAP_SYNCOBJ_TIMELINE];
        check(known.map(u64::from).contains(&args.capability), EINVAL)?;
        args.value = 1;
        Ok(())
    }

    // ---- queries

    pub(crate) fn device_query(&mut self, args: &mut uapi::drm_xe_device_query) -> Result<(), i32> {
        check(args.extensions == 0 && args.reserved == [0; 2], EINVAL)?;
        let device_id = self
            .common
            .faults
            .lock()
            .expect("no panic before")
            .device_id;
        let answer: Vec<u64> = match args.query {
            uapi::DRM_XE_DEVICE_QUERY_CONFIG => {
                let id = u64::from(device_id.unwrap_or(Platform::TGL.device_id)) | 3 << 16;
                let low_latency = u64::from(uapi::DRM_XE_QUERY_CONFIG_FLAG_HAS_LOW_LATENCY);
                vec![5, id, low_latency, PAGE, 48, MAX_PRIORITY]
            }
            uapi::DRM_XE_DEVICE_QUERY_ENGINES => {
                let engines = Platform::TGL.engines;
                let name = |id: softgpu::EngineId| {
                    let (class, instance) = (id.class.uapi(), id.instance);
                    [u64::from(class) | u64::from(instance) << 16, 0, 0, 0]
                };
                let list = engines.iter().flat_map(|engine| name(engine.id));
                std::iter::once(engines.len() as u64).chain(list).collect()
            }
            uapi::DRM_XE_DEVICE_QUERY_GT_LIST => {
                let frequency = Platform::TGL.timestamp_frequency_hz << 32;
                let mut gt = [0; size_of::<uapi::drm_xe_gt>() / 8];
                gt[1] = frequency;
                std::iter::once(1).chain(gt).collect()
            }
            uapi::DRM_XE_DEVICE_QUERY_GT_TOPOLOGY => {
                let header = |kind: u32| u64::from(kind) << 16 | 8 << 32;
                // Of six subslices, one is fused off.
                vec![
                    header(uapi::DRM_XE_TOPO_DSS_GEOMETRY),
                    0b11_0111,
                    header(uapi::DRM_XE_TOPO_DSS_COMPUTE),
                    0b11_0111,
                    header(uapi::DRM_XE_TOPO_L3_BANK),
                    0xff,
                    header(uapi::DRM_XE_TOPO_EU_PER_DSS),
                    0xffff,
                ]
            }
            uapi::DRM_XE_DEVICE_QUERY_ENGINE_CYCLES => return self.engine_cycles(args),
            _ => return Err(EINVAL),
        };
        let size = answer.len() as u32 * 8;
        if args.size == 0 {
            args.size = size;
            return Ok(());
        }
        check(args.size == size, EINVAL)?;
        for (index, word) in answer.into_iter().enumerate() {
            // SAFETY: the caller says that there is room for `size` bytes.
            unsafe { put(args.data + index as u64 * 8, word) }?;
        }
        Ok(())
    }

    fn engine_cycles(&mut self, args: &uapi::drm_xe_device_query) -> Result<(), i32> {
        let size = size_of::<uapi::drm_xe_query_engine_cycles>() as u32;
        check(args.size == size, EINVAL)?;
        // SAFETY: the size says that it is this structure.
        let mut cycles: uapi::drm_xe_query_engine_cycles = unsafe { get(args.data) }?;
        // CLOCK_MONOTONIC
        check(cycles.clockid == 1, EINVAL)?;
        self.engine(cycles.eci)?;
        cycles.width = 36;
        cycles.engine_cycles = self.device.gpu.read_timestamp();
        // SAFETY: likewise.
        unsafe { put(args.data, cycles) }
    }

    fn engine(&self, name: uapi::drm_xe_engine_class_instance) -> Result<EngineClass, i32> {
        check(name.gt_id == 0, EINVAL)?;
        let class = EngineClass::from_uapi(name.engine_class).ok_or(EINVAL)?;
        let instance = name.engine_instance;
        let there = |id: softgpu::EngineId| id.class == class && id.instance == instance;
        let any = Platform::TGL.engines.iter().any(|engine| there(engine.id));
        check(any, EINVAL)?;
        Ok(class)
    }

    // ---- address spaces

    pub(crate) fn vm_create(&mut self, args: &mut uapi::drm_xe_vm_create) -> Result<(), i32> {
        check(args.extensions == 0 && args.reserved == [0; 2], EINVAL)?;
        let fault_mode = uapi::DRM_XE_VM_CREATE_FLAG_FAULT_MODE;
        let all = uapi::DRM_XE_VM_CREATE_FLAG_SCRATCH_PAGE | uapi::DRM_XE_VM_CREATE_FLAG_LR_MODE;
        // Tiger Lake has no faults that can be mended.
        check(
            args.flags & fault_mode == 0 && args.flags & !all == 0,
            EINVAL,
        )?;
        // Long-running mode has neither sync objects nor a use here.
        check(
            args.flags == uapi::DRM_XE_VM_CREATE_FLAG_SCRATCH_PAGE,
            EOPNOTSUPP,
        )?;
        let id = self.device.number();
        let space = AddressSpaceId(id);
        let timeline = TimelineId(id.into());
        self.device
            .gpu
            .create_address_space(space, timeline)
            .map_err(gpu_error)?;
        let vm = Vm {
            space,
            timeline,
            sent: 0,
            queues: 0,
        };
        self.vms.insert(id, vm);
        args.vm_id = id;
        Ok(())
    }

    pub(crate) fn vm_destroy(&mut self, args: &mut uapi::drm_xe_vm_destroy) -> Result<(), i32> {
        check(args.pad == 0 && args.reserved == [0; 2], EINVAL)?;
        let vm = self.vms.get(&args.vm_id).ok_or(ENOENT)?;
        // xe only minds queues of long-running mode; a careful client has none left.
        check(vm.queues == 0, EBUSY)?;
        let space = vm.space;
        self.device
            .gpu
            .destroy_address_space(space)
            .map_err(gpu_error)?;
        self.vms.remove(&args.vm_id);
        Ok(())
    }

    fn bind_op(&self, op: &uapi::drm_xe_vm_bind_op) -> Result<(), i32> {
        // SAFETY: all members of the union are the same eight bytes.
        let offset = unsafe { op.__bindgen_anon_1.obj_offset };
        let null = op.flags & uapi::DRM_XE_VM_BIND_FLAG_NULL != 0;
        let mirror = op.flags & uapi::DRM_XE_VM_BIND_FLAG_CPU_ADDR_MIRROR != 0;
        let known = uapi::DRM_XE_VM_BIND_FLAG_READONLY
            | uapi::DRM_XE_VM_BIND_FLAG_IMMEDIATE
            | uapi::DRM_XE_VM_BIND_FLAG_NULL
            | uapi::DRM_XE_VM_BIND_FLAG_DUMPABLE
            | uapi::DRM_XE_VM_BIND_FLAG_CHECK_PXP;
        let map = op.op == uapi::DRM_XE_VM_BIND_OP_MAP;
        let userptr = op.op == uapi::DRM_XE_VM_BIND_OP_MAP_USERPTR;
        let unmap = op.op == uapi::DRM_XE_VM_BIND_OP_UNMAP;
        check(!mirror && op.pat_index < PAT_ENTRIES, EINVAL)?;
        check(op.op <= uapi::DRM_XE_VM_BIND_OP_PREFETCH, EINVAL)?;
        check(op.flags & !known == 0, EINVAL)?;
        check(op.obj == 0 || !(null || userptr || unmap), EINVAL)?;
        check(offset == 0 || !null, EINVAL)?;
        check(map || !null, EINVAL)?;
        check(op.obj != 0 || !map || null, EINVAL)?;
        // Only the first entry is coherent, which memory of a process has to be.
        check(!userptr || op.pat_index == 0, EINVAL)?;
        check(op.prefetch_mem_region_instance == 0, EINVAL)?;
        check((offset | op.addr | op.range).is_multiple_of(PAGE), EINVAL)?;
        check(op.range != 0, EINVAL)?;
        // No field of these has a use yet; xe looks at none of them.
        let spare = op.pad == 0 && op.pad2 == 0 && op.reserved == [0; 3] && op.extensions == 0;
        check(spare, EINVAL)?;
        // There are no objects, and nothing to prefetch.
        check(map || userptr || unmap, EOPNOTSUPP)
    }

    pub(crate) fn vm_bind(&mut self, args: &mut uapi::drm_xe_vm_bind) -> Result<(), i32> {
        let space = self.vms.get(&args.vm_id).map(|vm| vm.space).ok_or(EINVAL)?;
        check(args.pad == 0 && args.pad2 == 0, EINVAL)?;
        check(args.reserved == [0; 2] && args.extensions == 0, EINVAL)?;
        check(args.num_syncs <= uapi::DRM_XE_MAX_SYNCS, EINVAL)?;
        let ops: Vec<uapi::drm_xe_vm_bind_op> = if args.num_binds == 1 {
            // SAFETY: with one bind, it is the member in use.
            vec![unsafe { args.__bindgen_anon_1.bind }]
        } else {
            // SAFETY: with any other number, it is the member in use.
            let vector = unsafe { args.__bindgen_anon_1.vector_of_binds };
            let size = size_of::<uapi::drm_xe_vm_bind_op>() as u64;
            let at = |index| vector + u64::from(index) * size;
            // SAFETY: the caller says that there are that many.
            let entry = |index| unsafe { get(at(index)) };
            (0..args.num_binds).map(entry).collect::<Result<_, _>>()?
        };
        for op in &ops {
            self.bind_op(op)?;
        }
        // There are no bind queues but the default one.
        check(args.exec_queue_id == 0, ENOENT)?;
        let fits =
            |op: &uapi::drm_xe_vm_bind_op| op.range <= VM_SIZE && op.addr <= VM_SIZE - op.range;
        check(ops.iter().all(fits), EINVAL)?;
        let syncs = self.parse(args.num_syncs, args.syncs)?;
        check(!ops.is_empty(), EOPNOTSUPP)?;
        for op in &ops {
            if op.op == uapi::DRM_XE_VM_BIND_OP_MAP_USERPTR {
                // SAFETY: of this operation, it is the member in use.
                let userptr = unsafe { op.__bindgen_anon_1.userptr };
                check(userptr.is_multiple_of(PAGE), EINVAL)?;
                let no_userptr = self
                    .common
                    .faults
                    .lock()
                    .expect("no panic before")
                    .no_userptr;
                check(!no_userptr, EOPNOTSUPP)?;
                let mut regions = self.device.regions.lock().expect("no panic before");
                let covered = regions.cover(userptr..userptr + op.range);
                if let Some(memory) = covered.ok_or(EFAULT)? {
                    self.device.gpu.set_memory(memory);
                }
            }
        }
        {
            let mut faults = self.common.faults.lock().expect("no panic before");
            if let Some(left) = &mut faults.binds_left {
                *left = left.checked_sub(1).ok_or(ENOMEM)?;
            }
        }
        let vm = self.vms.get_mut(&args.vm_id).ok_or(EINVAL)?;
        let mut waits = syncs.waits;
        for op in &ops {
            vm.sent += 1;
            let (waits, signal) = (std::mem::take(&mut waits), vm.sent);
            let (va, length) = (op.addr, op.range);
            if op.op == uapi::DRM_XE_VM_BIND_OP_UNMAP {
                let unbind = Unbind {
                    address_space: space,
                    va,
                    length,
                    waits,
                    signal,
                };
                self.device
                    .gpu
                    .unbind(unbind)
                    .expect("what was checked is taken");
                continue;
            }
            let null = op.flags & uapi::DRM_XE_VM_BIND_FLAG_NULL != 0;
            // SAFETY: all members of the union are the same eight bytes.
            let address = unsafe { op.__bindgen_anon_1.userptr };
            let bind = Bind {
                address_space: space,
                va,
                length,
                extents: match null {
                    true => vec![],
                    false => vec![Extent { address, length }],
                },
                read_only: op.flags & uapi::DRM_XE_VM_BIND_FLAG_READONLY != 0,
                null,
                waits,
                signal,
            };
            self.device
                .gpu
                .bind(bind)
                .expect("what was checked is taken");
        }
        let last = Point {
            timeline: vm.timeline,
            value: vm.sent,
        };
        self.signal(&syncs.signals, last)
    }

    // ---- syncs

    fn parse(&self, count: u32, address: u64) -> Result<Syncs, i32> {
        let (mut waits, mut signals) = (Vec::new(), Vec::new());
        for index in 0..u64::from(count) {
            let size = size_of::<uapi::drm_xe_sync>() as u64;
            // SAFETY: the caller says that there are that many.
            let sync: uapi::drm_xe_sync = unsafe { get(address + index * size) }?;
            let signal = sync.flags & uapi::DRM_XE_SYNC_FLAG_SIGNAL != 0;
            check(sync.flags & !uapi::DRM_XE_SYNC_FLAG_SIGNAL == 0, EINVAL)?;
            check(sync.reserved == [0; 2] && sync.extensions == 0, EINVAL)?;
            let timeline = uapi::DRM_XE_SYNC_TYPE_TIMELINE_SYNCOBJ;
            check(sync.type_ <= uapi::DRM_XE_SYNC_TYPE_USER_FENCE, EINVAL)?;
            // The other types are not simulated.
            check(sync.type_ == timeline, EOPNOTSUPP)?;
            // SAFETY: it is the wider of the two, and every bit pattern is a number.
            let handle = unsafe { sync.__bindgen_anon_1.addr };
            let handle = u32::try_from(handle).map_err(|_| EINVAL)?;
            check(sync.timeline_value != 0, EINVAL)?;
            let chain = self.chain(handle)?;
            match signal {
                true => signals.push((chain, sync.timeline_value)),
                false => self
                    .device
                    .fences
                    .find(chain, sync.timeline_value, &mut waits)?,
            }
        }
        Ok(Syncs { waits, signals })
    }

    fn signal(&self, signals: &[(u32, u64)], fence: Point) -> Result<(), i32> {
        for &(chain, value) in signals {
            self.device.fences.add(chain, value, Some(fence))?;
        }
        Ok(())
    }

    // ---- queues

    fn priority(&self, mut extension: u64) -> Result<(), i32> {
        while extension != 0 {
            // SAFETY: the caller says that it is one.
            let set: uapi::drm_xe_ext_set_property = unsafe { get(extension) }?;
            let name = uapi::DRM_XE_EXEC_QUEUE_EXTENSION_SET_PROPERTY;
            check(set.base.name == name && set.base.pad == 0, EINVAL)?;
            check(set.pad == 0 && set.reserved == [0; 2], EINVAL)?;
            let known = set.property == uapi::DRM_XE_EXEC_QUEUE_SET_PROPERTY_PRIORITY;
            check(known, EOPNOTSUPP)?;
            // SAFETY: both members of the union are the same eight bytes.
            let value = unsafe { set.__bindgen_anon_1.value };
            check(value <= 2, EINVAL)?;
            check(value <= MAX_PRIORITY, EPERM)?;
            extension = set.base.next_extension;
        }
        Ok(())
    }

    pub(crate) fn queue_create(
        &mut self,
        args: &mut uapi::drm_xe_exec_queue_create,
    ) -> Result<(), i32> {
        check(
            args.flags & !uapi::DRM_XE_EXEC_QUEUE_LOW_LATENCY_HINT == 0,
            EINVAL,
        )?;
        check(args.reserved == [0; 2], EINVAL)?;
        let count = u32::from(args.width) * u32::from(args.num_placements);
        check((1..=MAX_INSTANCES).contains(&count), EINVAL)?;
        let mut class = None;
        let mut instances = 0_u16;
        for index in 0..u64::from(count) {
            let size = size_of::<uapi::drm_xe_engine_class_instance>() as u64;
            // SAFETY: the caller says that there are that many.
            let name = unsafe { get(args.instances + index * size) }?;
            let this = self.engine(name)?;
            check(class.is_none_or(|class| class == this), EINVAL)?;
            check(name.pad == 0, EINVAL)?;
            class = Some(this);
            instances |= 1 << name.engine_instance;
        }
        let class = class.ok_or(EINVAL)?;
        check(args.width == 1, EOPNOTSUPP)?;
        let vm = self.vms.get(&args.vm_id).ok_or(ENOENT)?;
        let space = vm.space;
        self.priority(args.extensions)?;
        let id = self.device.number();
        let timeline = TimelineId(id.into());
        let description = ContextDescription {
            address_space: space,
            // xe bans a queue at its first hang.
            recoverable: false,
            slots: vec![EngineSlot {
                class,
                instances,
                timeline,
            }],
        };
        let context = ContextId(id);
        self.device
            .gpu
            .create_context(context, description)
            .map_err(gpu_error)?;
        if let Some(vm) = self.vms.get_mut(&args.vm_id) {
            vm.queues += 1;
        }
        let queue = Queue {
            vm: args.vm_id,
            context,
            timeline,
            sent: 0,
        };
        self.queues.insert(id, queue);
        args.exec_queue_id = id;
        Ok(())
    }

    pub(crate) fn queue_destroy(
        &mut self,
        args: &mut uapi::drm_xe_exec_queue_destroy,
    ) -> Result<(), i32> {
        check(args.pad == 0 && args.reserved == [0; 2], EINVAL)?;
        let queue = self.queues.remove(&args.exec_queue_id).ok_or(ENOENT)?;
        // What is under way is killed.
        self.device
            .gpu
            .destroy_context(queue.context)
            .map_err(gpu_error)?;
        if let Some(vm) = self.vms.get_mut(&queue.vm) {
            vm.queues -= 1;
        }
        Ok(())
    }

    pub(crate) fn queue_property(
        &mut self,
        args: &mut uapi::drm_xe_exec_queue_get_property,
    ) -> Result<(), i32> {
        check(args.reserved == [0; 2] && args.extensions == 0, EINVAL)?;
        let queue = self.queues.get(&args.exec_queue_id).ok_or(ENOENT)?;
        let ban = uapi::DRM_XE_EXEC_QUEUE_GET_PROPERTY_BAN;
        check(args.property == ban, EINVAL)?;
        args.value = self.device.fences.is_banned(queue.context).into();
        Ok(())
    }

    pub(crate) fn exec(&mut self, args: &mut uapi::drm_xe_exec) -> Result<(), i32> {
        check(args.extensions == 0 && args.pad == [0; 3], EINVAL)?;
        check(args.reserved == [0; 2], EINVAL)?;
        check(args.num_syncs <= uapi::DRM_XE_MAX_SYNCS, EINVAL)?;
        let queue = self.queues.get(&args.exec_queue_id).ok_or(ENOENT)?;
        // A call without a batch is not simulated.
        check(args.num_batch_buffer != 0, EOPNOTSUPP)?;
        check(args.num_batch_buffer == 1, EINVAL)?;
        check(!self.device.fences.is_banned(queue.context), ECANCELED)?;
        let jobs = queue.sent - self.device.fences.done(queue.timeline).min(queue.sent);
        check(jobs < MAX_JOBS, EAGAIN)?;
        let syncs = self.parse(args.num_syncs, args.syncs)?;
        let queue = self.queues.get_mut(&args.exec_queue_id).ok_or(ENOENT)?;
        let submission = Submission {
            context: queue.context,
            slot: 0,
            batches: vec![args.address],
            waits: syncs.waits.into_iter().map(Wait::End).collect(),
            signal: queue.sent + 1,
            priority: 0,
            sseu: None,
            cancelled: false,
        };
        self.device.gpu.submit(submission).map_err(gpu_error)?;
        queue.sent += 1;
        let last = Point {
            timeline: queue.timeline,
            value: queue.sent,
        };
        self.signal(&syncs.signals, last)
    }
}
