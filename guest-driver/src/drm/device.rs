// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The DRM device: its making, its end, and what everybody asks of it.

use core::{marker::PhantomData, mem::offset_of, ptr, ptr::NonNull};
use kernel::{
    bindings,
    ffi::{c_int, c_void},
    prelude::*,
    sync::{
        aref::{ARef, AlwaysRefCounted},
        Arc, SetOnce,
    },
    types::Opaque,
};

use super::{
    debugfs::Entry,
    driver::{DeviceData, FileData},
    fdinfo, file,
    file::File,
    ioctl, mmap,
    mmap::MappingFile,
    prime,
    reclaim::Reclaim,
    wait_all::WaitList,
};
use crate::{raw, virtio::Parent};

/// A DRM device of ours. Shared as `ARef<Device>`; its last reference may not be dropped in
/// interrupts.
#[repr(C)]
pub(crate) struct Device {
    /// DRM's part. First, so that a pointer to one is a pointer to the other.
    base: Opaque<bindings::drm_device>,
    /// Our part; dropped by `release`.
    part: Pin<KBox<Part>>,
}

/// What we keep for a device beside DRM's part.
#[pin_data]
struct Part {
    /// The driver's data; set before the device is registered.
    data: SetOnce<Arc<DeviceData>>,
    /// What debugfs keeps for the device's files; set before there are any.
    debugfs: SetOnce<KVec<Entry>>,
    /// What mappings of the device's objects hold open.
    mapping_file: MappingFile,
    /// Its objects whose memory can be given back, and who asks for it.
    reclaim: Arc<Reclaim>,
    /// Waits for fences that are to be cut when the device goes.
    #[pin]
    waits: WaitList,
}

// SAFETY: DRM devices are shared between threads, and `Part` is `Send` and `Sync`.
unsafe impl Send for Device {}
// SAFETY: As above.
unsafe impl Sync for Device {}

// SAFETY: The counter is DRM's own; a device lives while it isn't zero.
unsafe impl AlwaysRefCounted for Device {
    fn inc_ref(&self) {
        // SAFETY: The device lives while it is borrowed.
        unsafe { bindings::drm_dev_get(self.as_raw()) }
    }

    unsafe fn dec_ref(this: NonNull<Self>) {
        // SAFETY: The caller gives up a reference.
        unsafe { bindings::drm_dev_put(this.cast().as_ptr()) }
    }
}

impl Device {
    /// Makes a device that isn't registered yet.
    pub(super) fn new(parent: Parent<'_>) -> Result<ARef<Self>> {
        const { assert!(offset_of!(Device, base) == 0) };
        let reclaim = Reclaim::new()?;
        let part = KBox::pin_init(
            pin_init!(Part {
                data: SetOnce::new(),
                debugfs: SetOnce::new(),
                mapping_file: MappingFile::new(),
                reclaim,
                waits <- WaitList::new(),
            }),
            GFP_KERNEL,
        )?;
        // SAFETY: The parent lives, the driver is a static, and DRM's part lies at the
        // beginning of the size asked for.
        let dev = unsafe {
            bindings::__drm_dev_alloc(
                parent.as_raw(),
                DRIVER.0.get(),
                core::mem::size_of::<Self>(),
                offset_of!(Self, base),
            )
        };
        let dev = kernel::error::from_err_ptr(dev)?.cast::<Self>();
        // SAFETY: The memory behind DRM's part is ours and holds nothing yet.
        unsafe { (&raw mut (*dev).part).write(part) };
        // SAFETY: The allocation isn't null, and comes with a reference, which is ours.
        let device = unsafe { ARef::from_raw(NonNull::new_unchecked(dev)) };
        // Memory in large pages makes few extents. Without it objects work as well.
        // SAFETY: The device lives and has no objects yet.
        unsafe {
            bindings::drm_gem_huge_mnt_create(device.as_raw(), c"within_size".as_ptr().cast())
        };
        Ok(device)
    }

    /// # Safety
    ///
    /// `dev` is the DRM part of a device made by [`Self::new`], and lives for `'a`.
    pub(super) unsafe fn from_raw<'a>(dev: *mut bindings::drm_device) -> &'a Self {
        // SAFETY: DRM's part is the first field; the caller vouches for the rest.
        unsafe { &*dev.cast() }
    }

    /// DRM's part.
    pub(super) fn as_raw(&self) -> *mut bindings::drm_device {
        self.base.get()
    }

    /// Gives the device its driver's data. Once, before it is registered.
    pub(super) fn set_data(&self, data: Arc<DeviceData>) {
        self.part.data.populate(data);
    }

    /// Keeps what debugfs needs as long as the device. Once.
    pub(super) fn keep_debugfs(&self, entries: KVec<Entry>) -> &[Entry] {
        self.part.debugfs.populate(entries);
        self.part.debugfs.as_ref().map_or(&[], |entries| entries)
    }

    /// The driver's data. Any context.
    ///
    /// # Panics
    ///
    /// Before [`Driver::new`](super::Driver::new) has returned, which is before anybody
    /// but it has the device.
    pub(crate) fn data(&self) -> &Arc<DeviceData> {
        match self.part.data.as_ref() {
            Some(data) => data,
            None => panic!("a device was used before it was made"),
        }
    }

    /// What mappings of the device's objects hold open.
    pub(super) fn mapping_file(&self) -> &MappingFile {
        &self.part.mapping_file
    }

    /// Its objects whose memory can be given back.
    pub(super) fn reclaim(&self) -> &Arc<Reclaim> {
        &self.part.reclaim
    }

    /// The data of the files that are open. `ENOMEM`. Process context.
    pub(crate) fn open_files(&self) -> Result<KVec<Arc<FileData>>> {
        unsafe extern "C" fn each(data: *mut c_void, file: *mut bindings::drm_file) -> c_int {
            // SAFETY: It is the list that is passed below, and a file that `file::open` has
            // succeeded on and `postclose` has not been called for.
            let (files, file) = unsafe { (&mut *data.cast::<KVec<_>>(), File::from_raw(file)) };
            match files.push(file.data().clone(), GFP_KERNEL) {
                Ok(()) => 0,
                Err(_) => ENOMEM.to_errno(),
            }
        }
        let mut files = KVec::<Arc<FileData>>::new();
        // SAFETY: The device lives; `each` gets the list that it expects.
        let ret =
            unsafe { raw::igpu_for_each_file(self.as_raw(), Some(each), (&raw mut files).cast()) };
        kernel::error::to_result(ret)?;
        Ok(files)
    }

    /// The waits that are cut when the device goes.
    pub(super) fn waits(&self) -> &WaitList {
        &self.part.waits
    }

    /// Whether the device has gone. Process context.
    pub(crate) fn is_unplugged(&self) -> bool {
        self.enter().is_none()
    }

    /// Keeps the device from going while the guard lives; none if it has gone. Ioctl
    /// handlers run in such a section already. Process context.
    pub(crate) fn enter(&self) -> Option<EnterGuard<'_>> {
        let mut index = 0;
        // SAFETY: The device lives.
        unsafe { bindings::drm_dev_enter(self.as_raw(), &mut index) }.then(|| EnterGuard {
            index,
            _device: PhantomData,
            _not_send: PhantomData,
        })
    }

    /// Runs a wait, and then checks that the device is still there: `ENODEV` if not.
    pub(crate) fn unlocked<R>(&self, wait: impl FnOnce() -> Result<R>) -> Result<R> {
        let result = wait()?;
        if self.is_unplugged() {
            return Err(ENODEV);
        }
        Ok(result)
    }

    /// Tells udev that something about the device changed, with these variables
    /// (`ERROR=1`), at most 8. Process context.
    pub(crate) fn uevent(&self, variables: &[&CStr]) {
        let mut env = [ptr::null_mut(); 9];
        for (slot, variable) in env[..8].iter_mut().zip(variables) {
            *slot = variable.as_ptr().cast_mut().cast();
        }
        // SAFETY: The primary node's kobject lives while the device is registered; the
        // list ends with a null pointer and is only read.
        unsafe {
            bindings::kobject_uevent_env(
                &raw mut (*(*(*self.as_raw()).primary).kdev).kobj,
                bindings::kobject_action_KOBJ_CHANGE,
                env.as_mut_ptr(),
            )
        };
    }
}

/// Keeps a device from going. Stays on its thread.
pub(crate) struct EnterGuard<'a> {
    index: c_int,
    _device: PhantomData<&'a Device>,
    _not_send: PhantomData<*mut ()>,
}

impl Drop for EnterGuard<'_> {
    fn drop(&mut self) {
        // SAFETY: The index came from a drm_dev_enter that succeeded.
        unsafe { bindings::drm_dev_exit(self.index) }
    }
}

/// DRM's `release`: the last reference is gone.
unsafe extern "C" fn release(dev: *mut bindings::drm_device) {
    // SAFETY: `Device::new` has put our part there, and nobody else has the device.
    unsafe { ptr::drop_in_place(&raw mut (*dev.cast::<Device>()).part) }
}

/// A static that C reads; never written after it is made.
pub(super) struct Static<T>(pub(super) Opaque<T>);

// SAFETY: See the type.
unsafe impl<T> Sync for Static<T> {}

/// The file operations of the nodes.
static FOPS: Static<bindings::file_operations> = Static(Opaque::new(bindings::file_operations {
    owner: crate::THIS_MODULE.as_ptr(),
    fop_flags: bindings::FOP_UNSIGNED_OFFSET,
    open: Some(bindings::drm_open),
    release: Some(bindings::drm_release),
    unlocked_ioctl: Some(bindings::drm_ioctl),
    #[cfg(CONFIG_COMPAT)]
    compat_ioctl: Some(bindings::drm_compat_ioctl),
    poll: Some(bindings::drm_poll),
    read: Some(bindings::drm_read),
    llseek: Some(bindings::noop_llseek),
    mmap: Some(mmap::mmap_node),
    show_fdinfo: Some(bindings::drm_show_fdinfo),
    ..pin_init::zeroed()
}));

/// The driver as DRM knows it. It answers to i915's name and version.
static DRIVER: Static<bindings::drm_driver> = Static(Opaque::new(bindings::drm_driver {
    open: Some(file::open),
    postclose: Some(file::postclose),
    release: Some(release),
    show_fdinfo: Some(fdinfo::show),
    gem_prime_import_sg_table: Some(prime::import_sg_table),
    major: 1,
    minor: 6,
    patchlevel: 0,
    name: c"i915".as_ptr().cast_mut().cast(),
    desc: c"Intel Graphics".as_ptr().cast_mut().cast(),
    driver_features: bindings::drm_driver_feature_DRIVER_GEM
        | bindings::drm_driver_feature_DRIVER_RENDER
        | bindings::drm_driver_feature_DRIVER_SYNCOBJ
        | bindings::drm_driver_feature_DRIVER_SYNCOBJ_TIMELINE,
    ioctls: ioctl::TABLE.as_ptr(),
    num_ioctls: ioctl::TABLE.len(),
    fops: FOPS.0.get(),
    ..pin_init::zeroed()
}));
