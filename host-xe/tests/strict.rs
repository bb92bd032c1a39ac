// SPDX-License-Identifier: Apache-2.0 OR MIT

//! That the simulated driver refuses what xe refuses, and with the same errors: from a call
//! that is good, each of these changes one thing.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod simulated;

use std::sync::Arc;

use simulated::Node;
use simulated::errno::{EINVAL, ENOENT, EOPNOTSUPP, EPERM};
use virtio_igpu_host_gpu::uapi::*;
use virtio_igpu_host_gpu::{DrmFile, DrmNode};

struct Client {
    file: Arc<dyn DrmFile>,
    vm: u32,
    queue: u32,
    syncobj: u32,
    page: Vec<u8>,
}

impl Client {
    /// With a VM, a queue on the blitter and a sync object.
    fn new() -> Self {
        let mut client = Self {
            file: Node::default().open().unwrap(),
            vm: 0,
            queue: 0,
            syncobj: 0,
            page: vec![0; 8192],
        };
        let mut vm = drm_xe_vm_create {
            flags: DRM_XE_VM_CREATE_FLAG_SCRATCH_PAGE,
            ..Default::default()
        };
        client.call(IOCTL_XE_VM_CREATE, &mut vm).unwrap();
        client.vm = vm.vm_id;
        let mut syncobj = drm_syncobj_create::default();
        client.call(IOCTL_SYNCOBJ_CREATE, &mut syncobj).unwrap();
        client.syncobj = syncobj.handle;
        client.queue = client.create_queue(|_, _| ()).unwrap();
        client
    }

    fn call<T>(&self, opcode: u32, argument: &mut T) -> Result<(), i32> {
        let argument = std::ptr::from_mut(argument).cast();
        // SAFETY: each test gives the call's own structure, whose pointers live on; what is
        // bound lies in `page`, which nobody looks at.
        let result = unsafe { self.file.ioctl(opcode, argument) };
        result.map_err(|error| error.raw_os_error().unwrap())
    }

    fn create_queue(
        &self,
        change: impl FnOnce(&mut drm_xe_exec_queue_create, &mut drm_xe_engine_class_instance),
    ) -> Result<u32, i32> {
        let mut engine = drm_xe_engine_class_instance {
            engine_class: 1,
            ..Default::default()
        };
        let mut create = drm_xe_exec_queue_create {
            width: 1,
            num_placements: 1,
            vm_id: self.vm,
            ..Default::default()
        };
        change(&mut create, &mut engine);
        create.instances = (&raw const engine) as u64;
        self.call(IOCTL_XE_EXEC_QUEUE_CREATE, &mut create)?;
        Ok(create.exec_queue_id)
    }

    fn sync(&self, change: impl FnOnce(&mut drm_xe_sync)) -> drm_xe_sync {
        let mut sync = drm_xe_sync {
            type_: DRM_XE_SYNC_TYPE_TIMELINE_SYNCOBJ,
            flags: DRM_XE_SYNC_FLAG_SIGNAL,
            timeline_value: 1,
            ..Default::default()
        };
        sync.__bindgen_anon_1.addr = self.syncobj.into();
        change(&mut sync);
        sync
    }

    fn exec(&self, sync: drm_xe_sync, change: impl FnOnce(&mut drm_xe_exec)) -> Result<(), i32> {
        let mut exec = drm_xe_exec {
            exec_queue_id: self.queue,
            num_syncs: 1,
            syncs: (&raw const sync) as u64,
            address: 0x1000,
            num_batch_buffer: 1,
            ..Default::default()
        };
        change(&mut exec);
        self.call(IOCTL_XE_EXEC, &mut exec)
    }

    fn bind(
        &self,
        sync: drm_xe_sync,
        change: impl FnOnce(&mut drm_xe_vm_bind, &mut drm_xe_vm_bind_op),
    ) -> Result<(), i32> {
        let mut op = drm_xe_vm_bind_op {
            range: 4096,
            addr: 0x1000,
            op: DRM_XE_VM_BIND_OP_MAP_USERPTR,
            ..Default::default()
        };
        op.__bindgen_anon_1.userptr = (self.page.as_ptr() as u64).next_multiple_of(4096);
        let mut bind = drm_xe_vm_bind {
            vm_id: self.vm,
            num_binds: 1,
            num_syncs: 1,
            syncs: (&raw const sync) as u64,
            ..Default::default()
        };
        change(&mut bind, &mut op);
        bind.__bindgen_anon_1.bind = op;
        self.call(IOCTL_XE_VM_BIND, &mut bind)
    }
}

#[test]
fn good_calls_are_taken() {
    let client = Client::new();
    assert_eq!(client.bind(client.sync(|_| ()), |_, _| ()), Ok(()));
    let behind = client.sync(|sync| sync.timeline_value = 2);
    assert_eq!(client.exec(behind, |_| ()), Ok(()));
}

#[test]
fn syncs() {
    let client = Client::new();
    let refused = |change: fn(&mut drm_xe_sync)| {
        let error = client.exec(client.sync(change), |_| ()).unwrap_err();
        let same = client.bind(client.sync(change), |_, _| ());
        assert_eq!(same, Err(error));
        error
    };
    assert_eq!(refused(|sync| sync.flags |= 2), EINVAL);
    assert_eq!(refused(|sync| sync.reserved[1] = 1), EINVAL);
    assert_eq!(refused(|sync| sync.type_ = 3), EINVAL);
    assert_eq!(refused(|sync| sync.timeline_value = 0), EINVAL);
    let upper = |sync: &mut drm_xe_sync| sync.__bindgen_anon_1.addr = 1 << 32 | 1;
    assert_eq!(refused(upper), EINVAL);
    assert_eq!(refused(|sync| sync.__bindgen_anon_1.addr = 99), ENOENT);
    // A wait for what nobody has submitted yet.
    assert_eq!(refused(|sync| sync.flags = 0), EINVAL);
}

#[test]
fn execs() {
    let client = Client::new();
    let refused = |change: fn(&mut drm_xe_exec)| client.exec(client.sync(|_| ()), change);
    assert_eq!(refused(|exec| exec.exec_queue_id = 99), Err(ENOENT));
    assert_eq!(refused(|exec| exec.num_batch_buffer = 2), Err(EINVAL));
    assert_eq!(refused(|exec| exec.extensions = 1), Err(EINVAL));
    assert_eq!(refused(|exec| exec.pad[2] = 1), Err(EINVAL));
    assert_eq!(refused(|exec| exec.reserved[0] = 1), Err(EINVAL));
    assert_eq!(refused(|exec| exec.num_syncs = 1025), Err(EINVAL));
}

#[test]
fn binds() {
    let client = Client::new();
    type Change = fn(&mut drm_xe_vm_bind, &mut drm_xe_vm_bind_op);
    let refused = |change: Change| client.bind(client.sync(|_| ()), change);
    assert_eq!(refused(|bind, _| bind.vm_id = 99), Err(EINVAL));
    assert_eq!(refused(|bind, _| bind.pad = 1), Err(EINVAL));
    assert_eq!(refused(|bind, _| bind.exec_queue_id = 99), Err(ENOENT));
    assert_eq!(refused(|_, op| op.addr += 1), Err(EINVAL));
    assert_eq!(refused(|_, op| op.range += 1), Err(EINVAL));
    assert_eq!(refused(|_, op| op.range = 0), Err(EINVAL));
    assert_eq!(refused(|_, op| op.addr = 1 << 48), Err(EINVAL));
    assert_eq!(refused(|_, op| op.obj = 1), Err(EINVAL));
    assert_eq!(refused(|_, op| op.pat_index = 1), Err(EINVAL));
    assert_eq!(refused(|_, op| op.pat_index = 4), Err(EINVAL));
    assert_eq!(refused(|_, op| op.flags = 1 << 9), Err(EINVAL));
    let null = |_: &mut drm_xe_vm_bind, op: &mut drm_xe_vm_bind_op| {
        op.flags = DRM_XE_VM_BIND_FLAG_NULL;
    };
    assert_eq!(refused(null), Err(EINVAL), "a null userptr");
    assert_eq!(refused(|_, op| op.op = DRM_XE_VM_BIND_OP_MAP), Err(EINVAL));
}

#[test]
fn queues_and_vms() {
    let client = Client::new();
    assert_eq!(client.create_queue(|queue, _| queue.flags = 2), Err(EINVAL));
    assert_eq!(
        client.create_queue(|queue, _| queue.vm_id = 99),
        Err(ENOENT)
    );
    assert_eq!(client.create_queue(|queue, _| queue.width = 0), Err(EINVAL));
    assert_eq!(
        client.create_queue(|_, engine| engine.engine_class = 4),
        Err(EINVAL)
    );
    assert_eq!(
        client.create_queue(|_, engine| engine.engine_instance = 1),
        Err(EINVAL)
    );
    assert_eq!(
        client.create_queue(|_, engine| engine.gt_id = 1),
        Err(EINVAL)
    );
    let mut high = drm_xe_ext_set_property::default();
    high.__bindgen_anon_1.value = 2;
    let extension = (&raw const high) as u64;
    let privileged = client.create_queue(|queue, _| queue.extensions = extension);
    assert_eq!(privileged, Err(EPERM));
    for (flags, error) in [
        (DRM_XE_VM_CREATE_FLAG_FAULT_MODE, EINVAL),
        (1 << 7, EINVAL),
        (DRM_XE_VM_CREATE_FLAG_LR_MODE, EOPNOTSUPP),
    ] {
        let mut vm = drm_xe_vm_create {
            flags,
            ..Default::default()
        };
        assert_eq!(client.call(IOCTL_XE_VM_CREATE, &mut vm), Err(error));
    }
}
