//! Ioctls as types: a request knows its number and the type of its argument, so the two
//! can't be mixed up.
//!
//! Two kinds are kept apart. [`call`] serves the requests through which the kernel
//! writes to nothing but the argument itself; pointers in it are only read, so any bit
//! pattern is harmless. [`call_out`] serves those that make the kernel write through a
//! pointer: there the pointer comes from an [`Out`], never from a plain number.

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::libc;

use super::memory::{Island, ReadOnly};
use super::uapi::{self, *};

/// A request of which the kernel writes to the argument only.
///
/// # Safety
///
/// `CODE` must be a request whose argument is `Argument`, and through which the kernel
/// writes to no memory of this process besides that argument.
pub unsafe trait Request {
    /// What the request takes and returns.
    type Argument;
    /// The request's number, with direction and size.
    const CODE: u32;
    /// The name that errors are reported under.
    const NAME: &'static str;
}

/// A request that makes the kernel write through one pointer in the argument.
///
/// # Safety
///
/// `CODE` must be a request whose argument is `Argument`, and through which the kernel
/// writes to the argument and to at most `writes(argument)` bytes at the pointer that
/// `set_pointer` sets.
pub unsafe trait OutRequest {
    /// What the request takes and returns.
    type Argument;
    /// The request's number, with direction and size.
    const CODE: u32;
    /// The name that errors are reported under.
    const NAME: &'static str;
    /// Puts the pointer in its place.
    fn set_pointer(argument: &mut Self::Argument, address: u64);
    /// How many bytes the kernel may write there.
    fn writes(argument: &Self::Argument) -> u64;
}

/// Where the kernel may write.
#[derive(Debug)]
pub enum Out<'a> {
    /// Into this memory.
    Memory(&'a mut [u8]),
    /// Nowhere: a null pointer.
    Null,
    /// Nowhere: an address in the lowest pages, which no process can map.
    Unmapped,
    /// Nowhere: an address of the kernel's.
    Kernel,
    /// Nowhere: a page that can only be read.
    ReadOnly(&'a ReadOnly),
    /// Nowhere whole: a structure that a page of an [`Island`] holds only a part of, at
    /// the address that the island said, and more bytes than that part has are written.
    CutOff(&'a Island, u64),
}

/// An address in the lowest pages, which no process can map.
pub const UNMAPPED: u64 = 0x1000;

/// An address in the kernel's half of the address space.
pub const KERNEL: u64 = 0xffff_8880_0000_0000;

impl Out<'_> {
    /// The address to give to the kernel, and how much may be written there. `None`
    /// stands for no limit: the kernel can't write there at all.
    fn pointer(&mut self) -> (u64, Option<u64>) {
        match self {
            Out::Memory(memory) => {
                let address = memory.as_mut_ptr().expose_provenance() as u64;
                (address, Some(memory.len() as u64))
            }
            Out::Null => (0, None),
            Out::Unmapped => (UNMAPPED, None),
            Out::Kernel => (KERNEL, None),
            Out::ReadOnly(page) => (page.address(), None),
            // The kernel may write into the island, which is nothing but memory.
            Out::CutOff(_island, address) => (*address, None),
        }
    }
}

/// Makes the request; it is repeated while a signal interrupts it, as libdrm does.
pub fn call<R: Request>(fd: BorrowedFd<'_>, argument: &mut R::Argument) -> Result<(), Errno> {
    // SAFETY: the kernel writes only to the argument, which is exclusively borrowed and
    // of the type that belongs to the number; R's implementer vouches for both.
    unsafe { repeat(fd, R::CODE, argument) }
}

/// Makes the request with `out` as the place to write to.
///
/// # Panics
///
/// If `out` is smaller than what the kernel may write: a mistake in the caller.
pub fn call_out<R: OutRequest>(
    fd: BorrowedFd<'_>,
    argument: &mut R::Argument,
    mut out: Out<'_>,
) -> Result<(), Errno> {
    let (address, limit) = out.pointer();
    R::set_pointer(argument, address);
    let writes = R::writes(argument);
    assert!(
        limit.is_none_or(|limit| writes <= limit),
        "{}: {writes} bytes don't fit",
        R::NAME
    );
    // SAFETY: as in `call`; besides the argument the kernel writes at most `writes`
    // bytes to `out`, which is exclusively borrowed and large enough, or nowhere.
    unsafe { repeat(fd, R::CODE, argument) }
}

/// Makes a request of any number with an argument of `N` bytes, for the tests of how
/// DRM treats sizes and numbers that it doesn't know. The request's own size field is
/// checked against `N`, and the number against those that hold pointers to be written
/// through.
///
/// # Panics
///
/// If the number could make the kernel write outside of the argument.
pub fn call_raw<const N: usize>(
    fd: BorrowedFd<'_>,
    code: u32,
    argument: &mut [u8; N],
) -> Result<(), Errno> {
    let size = (code >> 16) & 0x3fff;
    let number = code & 0xff;
    let writers = [
        IOCTL_VERSION,
        IOCTL_SYNCOBJ_QUERY,
        GetParam::CODE,
        VirtgpuGetParam::CODE,
        Query::CODE,
        GemPread::CODE,
        ContextGetParam::CODE,
        GemExecbuffer2::CODE,
    ];
    let core_is_known = [IOCTL_GEM_CLOSE].iter().any(|known| known & 0xff == number);
    let of_driver = (DRM_COMMAND_BASE..DRM_COMMAND_END).contains(&number) || number == 0xff;
    let of_drm = (code >> 8) & 0xff == u32::from(DRM_IOCTL_BASE);
    assert!(
        size as usize <= N,
        "the argument is smaller than the number says"
    );
    assert!(
        !of_drm || of_driver || core_is_known,
        "core request {number:#x} isn't vetted"
    );
    assert!(
        !writers.iter().any(|w| w & 0xff == number),
        "request {number:#x} has out pointers"
    );
    // SAFETY: the kernel reads and writes at most `size` bytes of the argument, and none
    // of the requests that write elsewhere pass the checks above.
    unsafe { repeat(fd, code, argument) }
}

/// The number of a request with another argument size.
pub const fn with_size(code: u32, size: u32) -> u32 {
    (code & !(0x3fff << 16)) | (size << 16)
}

/// # Safety
///
/// The kernel must write to nothing but `argument` and what the caller owns.
unsafe fn repeat<T>(fd: BorrowedFd<'_>, code: u32, argument: &mut T) -> Result<(), Errno> {
    loop {
        let pointer = std::ptr::from_mut(argument);
        // SAFETY: the caller answers for what is written; the descriptor is open.
        let result = unsafe { libc::ioctl(fd.as_raw_fd(), libc::c_ulong::from(code), pointer) };
        match Errno::result(result) {
            Ok(_) => return Ok(()),
            Err(Errno::EINTR | Errno::EAGAIN) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// Declares requests through which the kernel writes to the argument only.
macro_rules! requests {
    ($($(#[$doc:meta])* $name:ident = $code:ident($argument:ty);)*) => { $(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        // SAFETY: number and structure stand together in the header, and the kernel
        // follows no pointer of this structure to write there.
        unsafe impl Request for $name {
            type Argument = $argument;
            const CODE: u32 = uapi::$code;
            const NAME: &'static str = stringify!($code);
        }
    )* };
}

requests! {
    /// Lets go of an object's handle.
    GemClose = IOCTL_GEM_CLOSE(drm_gem_close);
    /// Asks DRM for a capability.
    GetCap = IOCTL_GET_CAP(drm_get_cap);
    /// Exports an object.
    PrimeHandleToFd = IOCTL_PRIME_HANDLE_TO_FD(drm_prime_handle);
    /// Imports a dma-buf.
    PrimeFdToHandle = IOCTL_PRIME_FD_TO_HANDLE(drm_prime_handle);
    /// Makes a syncobj.
    SyncobjCreate = IOCTL_SYNCOBJ_CREATE(drm_syncobj_create);
    /// Lets go of a syncobj's handle.
    SyncobjDestroy = IOCTL_SYNCOBJ_DESTROY(drm_syncobj_destroy);
    /// Exports a syncobj or its fence.
    SyncobjHandleToFd = IOCTL_SYNCOBJ_HANDLE_TO_FD(drm_syncobj_handle);
    /// Imports a syncobj or a fence.
    SyncobjFdToHandle = IOCTL_SYNCOBJ_FD_TO_HANDLE(drm_syncobj_handle);
    /// Waits for binary syncobjs.
    SyncobjWait = IOCTL_SYNCOBJ_WAIT(drm_syncobj_wait);
    /// Takes the fences out of syncobjs.
    SyncobjReset = IOCTL_SYNCOBJ_RESET(drm_syncobj_array);
    /// Signals binary syncobjs.
    SyncobjSignal = IOCTL_SYNCOBJ_SIGNAL(drm_syncobj_array);
    /// Waits for points of timelines.
    SyncobjTimelineWait = IOCTL_SYNCOBJ_TIMELINE_WAIT(drm_syncobj_timeline_wait);
    /// Signals points of timelines.
    SyncobjTimelineSignal = IOCTL_SYNCOBJ_TIMELINE_SIGNAL(drm_syncobj_timeline_array);
    /// Copies a fence from one syncobj's point to another's.
    SyncobjTransfer = IOCTL_SYNCOBJ_TRANSFER(drm_syncobj_transfer);
    /// Reads a register.
    RegRead = IOCTL_I915_REG_READ(drm_i915_reg_read);
    /// How often a context was hit by a reset.
    GetResetStats = IOCTL_I915_GET_RESET_STATS(drm_i915_reset_stats);
    /// Makes an object.
    GemCreate = IOCTL_I915_GEM_CREATE(drm_i915_gem_create);
    /// Makes an object, with extensions.
    GemCreateExt = IOCTL_I915_GEM_CREATE_EXT(drm_i915_gem_create_ext);
    /// Writes into an object.
    GemPwrite = IOCTL_I915_GEM_PWRITE(drm_i915_gem_pwrite);
    /// Asks where in the node an object can be mapped.
    GemMmapOffset = IOCTL_I915_GEM_MMAP_OFFSET(drm_i915_gem_mmap_offset);
    /// Makes an object ready for the CPU or the GPU.
    GemSetDomain = IOCTL_I915_GEM_SET_DOMAIN(drm_i915_gem_set_domain);
    /// Says that the CPU has written to an object.
    GemSwFinish = IOCTL_I915_GEM_SW_FINISH(drm_i915_gem_sw_finish);
    /// Which engines use an object.
    GemBusy = IOCTL_I915_GEM_BUSY(drm_i915_gem_busy);
    /// Waits for an object.
    GemWait = IOCTL_I915_GEM_WAIT(drm_i915_gem_wait);
    /// Waits for old work of this file. The request has no argument.
    GemThrottle = IOCTL_I915_GEM_THROTTLE([u8; 0]);
    /// Says whether an object's content is still needed.
    GemMadvise = IOCTL_I915_GEM_MADVISE(drm_i915_gem_madvise);
    /// How large the aperture is.
    GemGetAperture = IOCTL_I915_GEM_GET_APERTURE(drm_i915_gem_get_aperture);
    /// Sets an object's cacheability.
    GemSetCaching = IOCTL_I915_GEM_SET_CACHING(drm_i915_gem_caching);
    /// Tells an object's cacheability.
    GemGetCaching = IOCTL_I915_GEM_GET_CACHING(drm_i915_gem_caching);
    /// Sets the tiling that fence registers would apply.
    GemSetTiling = IOCTL_I915_GEM_SET_TILING(drm_i915_gem_set_tiling);
    /// Tells the tiling that fence registers would apply.
    GemGetTiling = IOCTL_I915_GEM_GET_TILING(drm_i915_gem_get_tiling);
    /// Makes a context.
    ContextCreate = IOCTL_I915_GEM_CONTEXT_CREATE_EXT(drm_i915_gem_context_create_ext);
    /// Lets go of a context.
    ContextDestroy = IOCTL_I915_GEM_CONTEXT_DESTROY(drm_i915_gem_context_destroy);
    /// Sets a parameter of a context.
    ContextSetParam = IOCTL_I915_GEM_CONTEXT_SETPARAM(drm_i915_gem_context_param);
    /// Makes an address space.
    VmCreate = IOCTL_I915_GEM_VM_CREATE(drm_i915_gem_vm_control);
    /// Lets go of an address space.
    VmDestroy = IOCTL_I915_GEM_VM_DESTROY(drm_i915_gem_vm_control);
    /// Maps an object at a GPU address.
    VmBind = IOCTL_I915_GEM_VM_BIND(drm_i915_gem_vm_bind);
    /// Unmaps a range of GPU addresses.
    VmUnbind = IOCTL_I915_GEM_VM_UNBIND(drm_i915_gem_vm_unbind);
    /// Runs a batch in an address space in VM_BIND mode.
    GemExecbuffer3 = IOCTL_I915_GEM_EXECBUFFER3(drm_i915_gem_execbuffer3);
    /// virtio-gpu: hands over commands.
    VirtgpuExecbuffer = IOCTL_VIRTGPU_EXECBUFFER(drm_virtgpu_execbuffer);
    /// virtio-gpu: makes an object and what the host knows of it.
    VirtgpuResourceCreate = IOCTL_VIRTGPU_RESOURCE_CREATE(drm_virtgpu_resource_create);
    /// virtio-gpu: asks where in the node an object can be mapped.
    VirtgpuMap = IOCTL_VIRTGPU_MAP(drm_virtgpu_map);
    /// virtio-gpu: waits for an object.
    VirtgpuWait = IOCTL_VIRTGPU_WAIT(drm_virtgpu_3d_wait);
    /// virtio-gpu: has the host copy out of an object's pages.
    VirtgpuTransferToHost = IOCTL_VIRTGPU_TRANSFER_TO_HOST(drm_virtgpu_3d_transfer_to_host);
    /// virtio-gpu: has the host copy into an object's pages.
    VirtgpuTransferFromHost = IOCTL_VIRTGPU_TRANSFER_FROM_HOST(drm_virtgpu_3d_transfer_from_host);
}

/// Declares requests through which the kernel writes to one more place.
macro_rules! out_requests {
    ($($(#[$doc:meta])* $name:ident = $code:ident($argument:ty);
        pointer: $set:expr; bytes: $bytes:expr;)*) => { $(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        // SAFETY: number and structure stand together in the header, and the kernel
        // writes through this one pointer, as many bytes as are computed here.
        unsafe impl OutRequest for $name {
            type Argument = $argument;
            const CODE: u32 = uapi::$code;
            const NAME: &'static str = stringify!($code);

            fn set_pointer(argument: &mut Self::Argument, address: u64) {
                let set: fn(&mut Self::Argument, u64) = $set;
                set(argument, address);
            }

            fn writes(argument: &Self::Argument) -> u64 {
                let bytes: fn(&Self::Argument) -> u64 = $bytes;
                bytes(argument)
            }
        }
    )* };
}

out_requests! {
    /// Asks the driver about one parameter.
    GetParam = IOCTL_I915_GETPARAM(drm_i915_getparam);
        pointer: |a, address| a.value = std::ptr::with_exposed_provenance_mut(address as usize);
        bytes: |_| 4;
    /// virtio-gpu: asks the driver about one parameter.
    VirtgpuGetParam = IOCTL_VIRTGPU_GETPARAM(drm_virtgpu_getparam);
        pointer: |a, address| a.value = address;
        bytes: |_| 4;
    /// Reads from an object.
    GemPread = IOCTL_I915_GEM_PREAD(drm_i915_gem_pread);
        pointer: |a, address| a.data_ptr = address;
        bytes: |a| a.size;
    /// Asks for a parameter of a context. Only SSEU takes a pointer; for all others the
    /// value is the answer, and what is put there before is not looked at.
    ContextGetParam = IOCTL_I915_GEM_CONTEXT_GETPARAM(drm_i915_gem_context_param);
        pointer: |a, address| a.value = address;
        bytes: |a| if a.param == u64::from(I915_CONTEXT_PARAM_SSEU) { u64::from(a.size) } else { 0 };
}

/// EXECBUFFER2, which also writes to the list of objects and to their relocations. Made
/// by [`execbuffer2`]: there are two levels of pointers in it.
#[derive(Debug)]
pub struct GemExecbuffer2;

impl GemExecbuffer2 {
    /// The request's number.
    pub const CODE: u32 = IOCTL_I915_GEM_EXECBUFFER2_WR;
}

/// Runs a batch. The addresses of the objects are written back to the list. One of the
/// objects, by its place in the list, may have relocations, whose addresses are written
/// back too.
///
/// # Panics
///
/// If the count of objects or of relocations says more than there are.
pub fn execbuffer2(
    fd: BorrowedFd<'_>,
    argument: &mut drm_i915_gem_execbuffer2,
    list: &mut [drm_i915_gem_exec_object2],
    relocations: Option<(usize, Out<'_>)>,
) -> Result<(), Errno> {
    assert!(
        argument.buffer_count as usize <= list.len(),
        "the list is shorter than it says"
    );
    let (place, mut out) = relocations.unwrap_or((usize::MAX, Out::Null));
    for (index, object) in list.iter_mut().enumerate() {
        let (address, limit) = if index == place {
            out.pointer()
        } else {
            (0, None)
        };
        let one = size_of::<drm_i915_gem_relocation_entry>() as u64;
        let bytes = u64::from(object.relocation_count) * one;
        assert!(
            limit.is_none_or(|limit| bytes <= limit),
            "{bytes} bytes of relocations don't fit"
        );
        object.relocs_ptr = address;
    }
    argument.buffers_ptr = list.as_mut_ptr().expose_provenance() as u64;
    // SAFETY: the kernel writes to the argument, to as many objects of the list as it
    // has, and to the relocations of those: the lengths were compared above.
    unsafe { repeat(fd, GemExecbuffer2::CODE, argument) }
}

/// EXECBUFFER2 with a list at an address that isn't one.
pub fn execbuffer2_bad_list(
    fd: BorrowedFd<'_>,
    argument: &mut drm_i915_gem_execbuffer2,
    mut list: Out<'_>,
) -> Result<(), Errno> {
    let (address, limit) = list.pointer();
    assert!(
        limit.is_none(),
        "a list in memory is `execbuffer2`'s business"
    );
    argument.buffers_ptr = address;
    // SAFETY: the list's address is one that the kernel can't read or write, so it gets
    // no pointers from there.
    unsafe { repeat(fd, GemExecbuffer2::CODE, argument) }
}

/// One item of a query.
#[derive(Debug)]
pub struct QueryItem<'a> {
    /// Which question.
    pub id: u64,
    /// Flags of that question.
    pub flags: u32,
    /// Size of the answer: what was asked with before, what came back after. A
    /// negative one is an error number.
    pub length: i32,
    /// Where the answer goes.
    pub data: Out<'a>,
}

/// The queries' request. Made by [`query`]: there are two levels of pointers in it.
#[derive(Debug)]
pub struct Query;

impl Query {
    /// The request's number.
    pub const CODE: u32 = IOCTL_I915_QUERY;
}

/// Asks several questions at once.
///
/// # Panics
///
/// If an answer of the length asked for doesn't fit into its memory.
pub fn query(fd: BorrowedFd<'_>, flags: u32, items: &mut [QueryItem<'_>]) -> Result<(), Errno> {
    let mut raw = Vec::with_capacity(items.len());
    for item in items.iter_mut() {
        let (data_ptr, limit) = item.data.pointer();
        let wanted = u64::try_from(item.length).unwrap_or(u64::MAX);
        let fits = limit.is_none_or(|limit| item.length <= 0 || wanted <= limit);
        assert!(fits, "query {}: {} bytes don't fit", item.id, item.length);
        raw.push(drm_i915_query_item {
            query_id: item.id,
            length: item.length,
            flags: item.flags,
            data_ptr,
        });
    }
    let mut argument = drm_i915_query {
        num_items: u32::try_from(raw.len()).unwrap_or(u32::MAX),
        flags,
        items_ptr: raw.as_mut_ptr().expose_provenance() as u64,
    };
    // SAFETY: the kernel writes lengths to `raw` and answers to the memory of the items,
    // no more than their length says, which was compared with what they hold.
    let result = unsafe { repeat(fd, Query::CODE, &mut argument) };
    for (item, raw) in items.iter_mut().zip(&raw) {
        item.length = raw.length;
    }
    result
}

/// Asks with a pointer to items that isn't one.
pub fn query_bad_items(
    fd: BorrowedFd<'_>,
    num_items: u32,
    mut items: Out<'_>,
) -> Result<(), Errno> {
    let (items_ptr, limit) = items.pointer();
    assert!(limit.is_none(), "items in memory are `query`'s business");
    let mut argument = drm_i915_query {
        num_items,
        flags: 0,
        items_ptr,
    };
    // SAFETY: the items' address is one that the kernel can't read or write, so it gets
    // no pointers from there.
    unsafe { repeat(fd, Query::CODE, &mut argument) }
}

/// virtio-gpu: hands over commands that use these objects; returns a sync_file that signals
/// when they are done, if one is wanted.
#[allow(clippy::needless_update, reason = "newer headers have more fields")]
pub fn virtgpu_execbuffer(
    fd: BorrowedFd<'_>,
    commands: &[u32],
    objects: &[u32],
    want_fence: bool,
) -> Result<Option<OwnedFd>, Errno> {
    let mut argument = drm_virtgpu_execbuffer {
        flags: if want_fence {
            VIRTGPU_EXECBUF_FENCE_FD_OUT
        } else {
            0
        },
        size: u32::try_from(size_of_val(commands)).unwrap_or(u32::MAX),
        command: super::address_of_slice(commands),
        bo_handles: super::address_of_slice(objects),
        num_bo_handles: u32::try_from(objects.len()).unwrap_or(u32::MAX),
        fence_fd: -1,
        ..Default::default()
    };
    call::<VirtgpuExecbuffer>(fd, &mut argument)?;
    Ok(want_fence.then(|| super::take_descriptor(argument.fence_fd)))
}

/// The driver's name and version, as `major.minor.patch`.
pub fn version(fd: BorrowedFd<'_>) -> Result<(String, String), Errno> {
    let mut name = [0u8; 64];
    let mut argument = drm_version {
        name_len: name.len() as _,
        name: name.as_mut_ptr().cast(),
        ..Default::default()
    };
    // SAFETY: the kernel writes at most name_len bytes to the name, and with their
    // lengths 0 nothing to date and description.
    unsafe { repeat(fd, IOCTL_VERSION, &mut argument) }?;
    let length = usize::try_from(argument.name_len)
        .unwrap_or(0)
        .min(name.len());
    let text = String::from_utf8_lossy(&name[..length]).into_owned();
    let (major, minor) = (argument.version_major, argument.version_minor);
    Ok((
        text,
        format!("{major}.{minor}.{}", argument.version_patchlevel),
    ))
}

/// The points that timelines have reached.
pub fn syncobj_query(fd: BorrowedFd<'_>, handles: &[u32], points: &mut [u64]) -> Result<(), Errno> {
    assert_eq!(handles.len(), points.len(), "a point for each handle");
    let mut argument = drm_syncobj_timeline_array {
        handles: super::address_of_slice(handles),
        points: points.as_mut_ptr().expose_provenance() as u64,
        count_handles: u32::try_from(handles.len()).unwrap_or(u32::MAX),
        flags: 0,
    };
    // SAFETY: the kernel writes one u64 for each handle, and there are as many points.
    unsafe { repeat(fd, IOCTL_SYNCOBJ_QUERY, &mut argument) }
}

/// How a sync_file's fence fares: 0 while it is not signalled, 1 when it is, and a
/// negative error number when it was signalled with an error.
pub fn sync_file_status(fd: BorrowedFd<'_>) -> Result<i32, Errno> {
    let mut argument = sync_file_info::default();
    // SAFETY: with `num_fences` 0 the kernel writes to the argument only.
    unsafe { repeat(fd, IOCTL_SYNC_FILE_INFO, &mut argument) }?;
    Ok(argument.status)
}
