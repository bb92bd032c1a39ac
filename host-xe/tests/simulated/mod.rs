// SPDX-License-Identifier: Apache-2.0 OR MIT

//! A simulated xe: the driver's calls, checked as strictly as Linux 7.2's driver checks them,
//! with the software GPU to execute what passes. Where the driver lets something pass that a
//! careful client does not do, the simulation refuses it and says so.
//!
//! The kernel's side of a call: structures and arrays are read through the pointers in them.
//! The memory of the process is the software GPU's memory, at the same addresses.

#![allow(dead_code, reason = "not every test uses everything")]

mod calls;
mod fences;
mod memory;
mod syncobjs;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::c_void;
use std::fmt;
use std::io;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use softgpu::{EngineTiming, Gpu, GpuConfig, Platform};
use virtio_igpu_host_gpu::{DrmFile, DrmNode, uapi};

use calls::{Client, Device};
use fences::Fences;

/// Errors, by the numbers that the kernel gives them.
pub(crate) mod errno {
    pub(crate) const ENOENT: i32 = 2;
    pub(crate) const EAGAIN: i32 = 11;
    pub(crate) const ENOMEM: i32 = 12;
    pub(crate) const EFAULT: i32 = 14;
    pub(crate) const EBUSY: i32 = 16;
    pub(crate) const ENODEV: i32 = 19;
    pub(crate) const EINVAL: i32 = 22;
    pub(crate) const ENOTTY: i32 = 25;
    pub(crate) const EPERM: i32 = 1;
    pub(crate) const ETIME: i32 = 62;
    pub(crate) const EOPNOTSUPP: i32 = 95;
    pub(crate) const ECANCELED: i32 = 125;
}

/// What goes wrong on purpose.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// Every call fails: the device is unplugged.
    pub(crate) unplugged: bool,
    /// Every call says that the device is wedged.
    pub(crate) wedged: bool,
    /// So many VM_BIND calls succeed, and those after them have no memory.
    pub(crate) binds_left: Option<u32>,
    /// VM_BIND takes no userptr.
    pub(crate) no_userptr: bool,
    /// The device's PCI id.
    pub(crate) device_id: Option<u16>,
}

/// What all clients of a device share.
#[derive(Debug, Default)]
pub(crate) struct Common {
    /// How often each call was made.
    pub(crate) calls: Mutex<BTreeMap<u32, u64>>,
    pub(crate) faults: Mutex<Faults>,
}

/// A device.
#[derive(Default)]
pub(crate) struct Node {
    device: Mutex<Option<Arc<Device>>>,
    pub(crate) common: Arc<Common>,
}

impl Node {
    /// How often a call was made.
    pub(crate) fn calls(&self, opcode: u32) -> u64 {
        let calls = self.common.calls.lock().expect("no panic before");
        calls.get(&opcode).copied().unwrap_or(0)
    }

    /// How many calls were made.
    pub(crate) fn all_calls(&self) -> u64 {
        self.common
            .calls
            .lock()
            .expect("no panic before")
            .values()
            .sum()
    }
}

impl DrmNode for Node {
    fn open(&self) -> io::Result<Arc<dyn DrmFile>> {
        let mut device = self.device.lock().expect("no panic before");
        let device = match &*device {
            Some(known) => Arc::clone(known),
            None => Arc::clone(device.insert(Arc::new(self.start()?))),
        };
        let client = Client::new(device, Arc::clone(&self.common));
        Ok(Arc::new(File(Mutex::new(client), Arc::clone(&self.common))))
    }
}

impl Node {
    /// The device, which all files share.
    fn start(&self) -> io::Result<Device> {
        let fences = Arc::new(Fences::default());
        let sink = Arc::clone(&fences);
        let memory = softgpu::Memory::default();
        let gpu =
            Gpu::new(GpuConfig::new(Platform::TGL, memory, sink)).map_err(io::Error::other)?;
        for engine in Platform::TGL.engines {
            let timing = EngineTiming {
                timeslice: Duration::from_millis(1),
                preempt_timeout: Duration::from_millis(100),
                heartbeat: Duration::from_millis(250),
                hang_detection: true,
            };
            gpu.set_engine_timing(engine.id, timing)
                .map_err(io::Error::other)?;
        }
        Ok(Device {
            gpu,
            fences,
            regions: Mutex::default(),
            next: AtomicU32::new(0),
        })
    }
}

thread_local! {
    /// How many of the driver's calls this thread is in.
    static INSIDE: Cell<u32> = const { Cell::new(0) };
}

/// Whether this thread is in a call of the driver.
pub(crate) fn is_inside() -> bool {
    INSIDE.try_with(Cell::get).unwrap_or(0) > 0
}

/// A call, for as long as it lasts.
struct Inside;

impl Inside {
    fn new() -> Self {
        INSIDE.set(INSIDE.get() + 1);
        Self
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.set(INSIDE.get() - 1);
    }
}

/// An open file.
struct File(Mutex<Client>, Arc<Common>);

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("simulated xe")
    }
}

impl File {
    /// Waits without the client's lock, as the kernel does.
    fn wait(&self, args: &mut uapi::drm_syncobj_timeline_wait) -> Result<(), i32> {
        if args.flags != uapi::DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT || args.count_handles != 1 {
            return Err(errno::EOPNOTSUPP);
        }
        // SAFETY: it is said to be an array of one.
        let handle: u32 = unsafe { memory::get(args.handles) }?;
        let (chain, fences) = {
            let client = self.0.lock().expect("no panic before");
            (client.chain(handle)?, client.fences())
        };
        fences.wait(chain, args)
    }
}

impl DrmFile for File {
    unsafe fn ioctl(&self, opcode: u32, argument: *mut c_void) -> io::Result<()> {
        let _inside = Inside::new();
        *self
            .1
            .calls
            .lock()
            .expect("no panic before")
            .entry(opcode)
            .or_default() += 1;
        if self.1.faults.lock().expect("no panic before").unplugged {
            return Err(io::Error::from_raw_os_error(errno::ENODEV));
        }
        if self.1.faults.lock().expect("no panic before").wedged {
            return Err(io::Error::from_raw_os_error(errno::ECANCELED));
        }
        macro_rules! dispatch {
            ($(($call:ident, $type:ident, $method:ident)),* $(,)?) => {
                match opcode {
                    $(uapi::$call => {
                        // SAFETY: the caller promises that it is the structure of that call.
                        let argument = unsafe { &mut *argument.cast::<uapi::$type>() };
                        self.0.lock().expect("no panic before").$method(argument)
                    })*
                    uapi::IOCTL_SYNCOBJ_TIMELINE_WAIT => {
                        // SAFETY: as above.
                        let argument = unsafe { &mut *argument.cast() };
                        self.wait(argument)
                    }
                    _ => Err(errno::ENOTTY),
                }
            };
        }
        let result = dispatch!(
            (IOCTL_GET_CAP, drm_get_cap, get_cap),
            (IOCTL_SYNCOBJ_CREATE, drm_syncobj_create, syncobj_create),
            (IOCTL_SYNCOBJ_DESTROY, drm_syncobj_destroy, syncobj_destroy),
            (
                IOCTL_SYNCOBJ_QUERY,
                drm_syncobj_timeline_array,
                syncobj_query
            ),
            (
                IOCTL_SYNCOBJ_TIMELINE_SIGNAL,
                drm_syncobj_timeline_array,
                syncobj_signal
            ),
            (
                IOCTL_SYNCOBJ_HANDLE_TO_FD,
                drm_syncobj_handle,
                syncobj_export
            ),
            (
                IOCTL_SYNCOBJ_FD_TO_HANDLE,
                drm_syncobj_handle,
                syncobj_import
            ),
            (IOCTL_SYNCOBJ_EVENTFD, drm_syncobj_eventfd, syncobj_eventfd),
            (IOCTL_XE_DEVICE_QUERY, drm_xe_device_query, device_query),
            (IOCTL_XE_VM_CREATE, drm_xe_vm_create, vm_create),
            (IOCTL_XE_VM_DESTROY, drm_xe_vm_destroy, vm_destroy),
            (IOCTL_XE_VM_BIND, drm_xe_vm_bind, vm_bind),
            (
                IOCTL_XE_EXEC_QUEUE_CREATE,
                drm_xe_exec_queue_create,
                queue_create
            ),
            (
                IOCTL_XE_EXEC_QUEUE_DESTROY,
                drm_xe_exec_queue_destroy,
                queue_destroy
            ),
            (
                IOCTL_XE_EXEC_QUEUE_GET_PROPERTY,
                drm_xe_exec_queue_get_property,
                queue_property
            ),
            (IOCTL_XE_EXEC, drm_xe_exec, exec),
        );
        result.map_err(io::Error::from_raw_os_error)
    }
}
