// SPDX-License-Identifier: GPL-2.0 OR MIT

//! A function's virtqueues and interrupts: MSI-X with a vector for each queue and one for
//! changes of the configuration; if there are too few, one for all queues; if there is none,
//! the function's own interrupt.

use core::{ptr, slice};
use kernel::{
    bindings,
    ffi::{c_int, c_uint, c_void},
    prelude::*,
    str::CString,
};

use super::{no_queue, Function};
use crate::{protocol::QUEUE_COUNT, raw};

/// `VIRTIO_MSI_NO_VECTOR`.
const NO_VECTOR: u16 = u16::MAX;
/// The vector for changes of the configuration.
const CONFIG_VECTOR: u16 = 0;
/// The queues' vector where they share one.
const SHARED_VECTOR: u16 = 1;

/// Bits of the interrupt status of a function without MSI-X (virtio 1.3, section 4.1.4.5).
const STATUS_CONFIG: u32 = 2;

/// How queues interrupt.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Interrupts {
    /// Each with a vector of its own.
    Each,
    /// By one vector.
    Shared,
    /// By the function's interrupt, which other functions may share.
    Line,
}

/// An interrupt that is asked for.
struct Requested {
    irq: c_uint,
    /// What its handler is called with.
    data: *mut c_void,
    /// What /proc/interrupts calls it.
    _name: CString,
}

/// What `find` has made, for `delete` to undo. Written only while no interrupt is asked for.
pub(super) struct Queues {
    queues: [*mut raw::virtqueue; QUEUE_COUNT],
    requested: KVec<Requested>,
    /// MSI-X vectors that are allocated.
    vectors: c_uint,
}

impl Queues {
    /// None.
    pub(super) const fn new() -> Self {
        Self {
            queues: [no_queue(); QUEUE_COUNT],
            requested: KVec::new(),
            vectors: 0,
        }
    }
}

/// `virtio_config_ops::find_vqs`.
pub(super) unsafe extern "C" fn find(
    vdev: *mut raw::virtio_device,
    count: c_uint,
    queues: *mut *mut raw::virtqueue,
    infos: *mut raw::virtqueue_info,
    _affinity: *mut bindings::irq_affinity,
) -> c_int {
    let count = count as usize;
    if count > QUEUE_COUNT {
        return EINVAL.to_errno();
    }
    // SAFETY: The caller gives two arrays with so many entries.
    let (queues, infos) = unsafe {
        (
            slice::from_raw_parts_mut(queues, count),
            slice::from_raw_parts(infos, count),
        )
    };
    let mut result = Err(ENODEV);
    for interrupts in [Interrupts::Each, Interrupts::Shared, Interrupts::Line] {
        // SAFETY: The core calls with our device, which has no queues yet.
        result = unsafe { find_with(vdev, queues, infos, interrupts) };
        if result.is_ok() {
            break;
        }
        // SAFETY: As above; undoes what was made.
        unsafe { delete(vdev) };
    }
    match result {
        Ok(()) => 0,
        Err(error) => error.to_errno(),
    }
}

/// # Safety
///
/// `vdev` is a function's virtio device, reset, with no queues.
unsafe fn find_with(
    vdev: *mut raw::virtio_device,
    queues: &mut [*mut raw::virtqueue],
    infos: &[raw::virtqueue_info],
    interrupts: Interrupts,
) -> Result {
    // SAFETY: The caller vouches for the device, here and below.
    let function = unsafe { Function::of(vdev) };
    // SAFETY: As above.
    let pdev = unsafe { Function::pdev(function) };
    // SAFETY: Nobody else looks at it before an interrupt is asked for.
    let state = unsafe { &mut (*function).queues };
    let wanted = infos.iter().filter(|info| interrupts_for(info)).count() as c_uint;
    state.vectors = match interrupts {
        Interrupts::Each => 1 + wanted,
        Interrupts::Shared => 2,
        Interrupts::Line => 0,
    };
    if state.vectors != 0 {
        let (count, kind) = (state.vectors, bindings::PCI_IRQ_MSIX);
        // SAFETY: As above.
        let ret = unsafe { bindings::pci_alloc_irq_vectors(pdev, count, count, kind) };
        if ret < 0 {
            state.vectors = 0;
            return Err(Error::from_errno(ret));
        }
    // SAFETY: As above.
    } else if unsafe { (*pdev).irq } == 0 {
        return Err(ENODEV);
    }
    state.requested.reserve(1 + infos.len(), GFP_KERNEL)?;

    let mut next = CONFIG_VECTOR;
    let mut vectors = [NO_VECTOR; QUEUE_COUNT];
    let mut index = 0;
    for (at, info) in infos.iter().enumerate() {
        queues[at] = no_queue();
        if info.name.is_null() {
            continue;
        }
        vectors[index] = match interrupts {
            _ if !interrupts_for(info) => NO_VECTOR,
            Interrupts::Each => {
                next += 1;
                next
            }
            Interrupts::Shared => SHARED_VECTOR,
            Interrupts::Line => NO_VECTOR,
        };
        // SAFETY: As above.
        let queue = unsafe { make(function, index as u16, info, vectors[index]) }?;
        state.queues[index] = queue;
        queues[at] = queue;
        index += 1;
    }
    // SAFETY: As above; the queues are there.
    unsafe { request(function, interrupts, &vectors) }?;

    for index in 0..index {
        // SAFETY: As above. It is the last: from here on only a reset undoes it.
        unsafe { raw::vp_modern_set_queue_enable(Function::modern(function), index as u16, true) };
    }
    Ok(())
}

/// Whether somebody wants to hear of the queue.
fn interrupts_for(info: &raw::virtqueue_info) -> bool {
    !info.name.is_null() && info.callback.is_some()
}

/// Makes a queue, and tells the device where it is and by which vector to interrupt.
///
/// # Safety
///
/// `function` lives; its queue `index` is not in use.
unsafe fn make(
    function: *mut Function,
    index: u16,
    info: &raw::virtqueue_info,
    vector: u16,
) -> Result<*mut raw::virtqueue> {
    // SAFETY: The caller vouches for the function, here and below.
    unsafe {
        let modern = Function::modern(function);
        if index >= raw::vp_modern_get_num_queues(modern) {
            return Err(ENOENT);
        }
        let size = raw::vp_modern_get_queue_size(modern, index);
        if size == 0 || raw::vp_modern_get_queue_enable(modern, index) {
            return Err(ENOENT);
        }
        let queue = raw::vring_create_virtqueue(
            index.into(),
            size.into(),
            raw::igpu_constants_IGPU_CACHE_LINE,
            &raw mut (*function).vdev,
            true,
            true,
            info.ctx,
            Some(notify),
            info.callback,
            info.name,
        );
        if queue.is_null() {
            return Err(ENOMEM);
        }
        (*queue).num_max = size.into();
        let described = describe(modern, index, queue, vector);
        if described.is_err() {
            raw::vring_del_virtqueue(queue);
        }
        described.map(|()| queue)
    }
}

/// # Safety
///
/// `modern` is a function's, and `queue` a queue for its place `index`.
unsafe fn describe(
    modern: *mut raw::virtio_pci_modern_device,
    index: u16,
    queue: *mut raw::virtqueue,
    vector: u16,
) -> Result {
    // SAFETY: The caller vouches for all.
    unsafe {
        raw::vp_modern_set_queue_size(modern, index, raw::virtqueue_get_vring_size(queue) as u16);
        raw::vp_modern_queue_address(
            modern,
            index,
            raw::virtqueue_get_desc_addr(queue),
            raw::virtqueue_get_avail_addr(queue),
            raw::virtqueue_get_used_addr(queue),
        );
        if vector != NO_VECTOR && raw::vp_modern_queue_vector(modern, index, vector) == NO_VECTOR {
            return Err(EBUSY);
        }
        (*queue).priv_ = raw::vp_modern_map_vq_notify(modern, index, ptr::null_mut());
        if (*queue).priv_.is_null() {
            return Err(ENOMEM);
        }
    }
    Ok(())
}

/// Asks for the interrupts of queues that are there.
///
/// # Safety
///
/// `function` lives, and its queues and vectors are made.
unsafe fn request(
    function: *mut Function,
    interrupts: Interrupts,
    vectors: &[u16; QUEUE_COUNT],
) -> Result {
    // SAFETY: The caller vouches for the function, here and below.
    let device = unsafe { (*function).vdev.index };
    let data = function.cast();
    if interrupts == Interrupts::Line {
        let name = CString::try_from_fmt(fmt!("virtio{}", device))?;
        // SAFETY: As above.
        let irq = unsafe { (*Function::pdev(function)).irq };
        // SAFETY: As above; `line` takes a function.
        return unsafe { ask(function, irq, Some(line), bindings::IRQF_SHARED, name, data) };
    }
    let name = CString::try_from_fmt(fmt!("virtio{}-config", device))?;
    // SAFETY: As above; `changed` takes a function.
    unsafe { ask_vector(function, CONFIG_VECTOR, Some(changed), name, data) }?;
    // SAFETY: As above.
    let modern = unsafe { Function::modern(function) };
    // SAFETY: As above.
    if unsafe { raw::vp_modern_config_vector(modern, CONFIG_VECTOR) } == NO_VECTOR {
        return Err(EBUSY);
    }
    if interrupts == Interrupts::Shared {
        let name = CString::try_from_fmt(fmt!("virtio{}-virtqueues", device))?;
        // SAFETY: As above; `shared` takes a function.
        return unsafe { ask_vector(function, SHARED_VECTOR, Some(shared), name, data) };
    }
    for (index, vector) in vectors.iter().enumerate() {
        if *vector == NO_VECTOR {
            continue;
        }
        // SAFETY: As above; a queue with a vector is there.
        let queue = unsafe { (*function).queues.queues[index] };
        // SAFETY: A queue's name outlives it.
        let queue_name = unsafe { CStr::from_char_ptr((*queue).name) };
        let name = CString::try_from_fmt(fmt!("virtio{}-{}", device, queue_name))?;
        // SAFETY: As above; `one_queue` takes a queue.
        unsafe { ask_vector(function, *vector, Some(one_queue), name, queue.cast()) }?;
    }
    Ok(())
}

/// # Safety
///
/// As [`ask`]; the vector is allocated.
unsafe fn ask_vector(
    function: *mut Function,
    vector: u16,
    handler: bindings::irq_handler_t,
    name: CString,
    data: *mut c_void,
) -> Result {
    // SAFETY: The caller vouches for the function.
    let irq = unsafe { bindings::pci_irq_vector(Function::pdev(function), vector.into()) };
    let irq = c_uint::try_from(irq).map_err(|_| ENODEV)?;
    // SAFETY: As the caller says.
    unsafe { ask(function, irq, handler, 0, name, data) }
}

/// # Safety
///
/// `function` lives, and `handler` may be called with `data` until the interrupt is given
/// back.
unsafe fn ask(
    function: *mut Function,
    irq: c_uint,
    handler: bindings::irq_handler_t,
    flags: u32,
    name: CString,
    data: *mut c_void,
) -> Result {
    let chars = name.as_char_ptr();
    // SAFETY: The caller vouches for handler and data; the name is kept with the interrupt.
    let ret = unsafe { bindings::request_irq(irq, handler, flags as usize, chars, data) };
    kernel::error::to_result(ret)?;
    let requested = Requested {
        irq,
        data,
        _name: name,
    };
    // SAFETY: Handlers look at the queues alone.
    let all = unsafe { &mut (*function).queues.requested };
    // There is room for all: `find_with` has reserved it.
    all.push(requested, GFP_KERNEL).map_err(Error::from)
}

/// `virtio_config_ops::del_vqs`. The device is reset, or its queues aren't enabled.
pub(super) unsafe extern "C" fn delete(vdev: *mut raw::virtio_device) {
    // SAFETY: The core calls with our device, here and below.
    unsafe {
        let function = Function::of(vdev);
        let (modern, pdev) = (Function::modern(function), Function::pdev(function));
        if (*function).queues.vectors != 0 {
            raw::vp_modern_config_vector(modern, NO_VECTOR);
        }
        // On return of each no handler runs.
        while let Some(requested) = (&mut (*function).queues.requested).pop() {
            bindings::free_irq(requested.irq, requested.data);
        }
        let state = &mut (*function).queues;
        for queue in &mut state.queues {
            let queue = core::mem::replace(queue, no_queue());
            if queue.is_null() {
                continue;
            }
            if state.vectors != 0 {
                raw::vp_modern_queue_vector(modern, (*queue).index as u16, NO_VECTOR);
            }
            if (*modern).notify_base.is_null() {
                bindings::pci_iounmap(pdev, (*queue).priv_);
            }
            raw::vring_del_virtqueue(queue);
        }
        if core::mem::take(&mut state.vectors) != 0 {
            bindings::pci_free_irq_vectors(pdev);
        }
        state.requested = KVec::new();
    }
}

/// `virtio_config_ops::synchronize_cbs`: waits for handlers that run.
pub(super) unsafe extern "C" fn synchronize(vdev: *mut raw::virtio_device) {
    // SAFETY: The core calls with our device.
    let requested = unsafe { &(*Function::of(vdev)).queues.requested };
    for requested in requested {
        // SAFETY: It is asked for until `delete` gives it back.
        unsafe { bindings::synchronize_irq(requested.irq) };
    }
}

/// Tells the device that there is something in the queue.
unsafe extern "C" fn notify(queue: *mut raw::virtqueue) -> bool {
    // SAFETY: The ring calls with its queue; `describe` has mapped the place.
    unsafe { bindings::iowrite16((*queue).index as u16, (*queue).priv_) };
    true
}

/// The configuration, or the device's status, has changed.
unsafe extern "C" fn changed(_irq: c_int, data: *mut c_void) -> bindings::irqreturn_t {
    let function = data.cast::<Function>();
    // SAFETY: It is what the interrupt was asked for with.
    unsafe { raw::virtio_config_changed(&raw mut (*function).vdev) };
    bindings::irqreturn_IRQ_HANDLED
}

/// A queue has something: or had, and another queue's interrupt has seen to it. The vector is
/// nobody else's, so that is no reason to call it spurious: the kernel turns off an interrupt
/// that it is told so of too often.
unsafe extern "C" fn one_queue(irq: c_int, data: *mut c_void) -> bindings::irqreturn_t {
    // SAFETY: It is what the interrupt was asked for with: a queue, which lives.
    unsafe { raw::vring_interrupt(irq, data) };
    bindings::irqreturn_IRQ_HANDLED
}

/// One of the queues has something, or had, as with [`one_queue`].
unsafe extern "C" fn shared(irq: c_int, data: *mut c_void) -> bindings::irqreturn_t {
    // SAFETY: It is what the interrupt was asked for with.
    unsafe { any_queue(irq, data) };
    bindings::irqreturn_IRQ_HANDLED
}

/// Looks at all queues.
///
/// # Safety
///
/// `data` is a [`Function`] with its queues.
unsafe fn any_queue(irq: c_int, data: *mut c_void) {
    // SAFETY: The caller vouches for it; the queues stay while interrupts are asked for.
    let queues = unsafe { &(*data.cast::<Function>()).queues.queues };
    for queue in queues.iter().filter(|queue| !queue.is_null()) {
        // SAFETY: It is a queue, and lives.
        unsafe { raw::vring_interrupt(irq, queue.cast()) };
    }
}

/// The function's interrupt, which may be another's.
unsafe extern "C" fn line(irq: c_int, data: *mut c_void) -> bindings::irqreturn_t {
    let function = data.cast::<Function>();
    // Reading it takes the interrupt back.
    // SAFETY: It is what the interrupt was asked for with; the status is mapped.
    let status = unsafe { bindings::ioread8((*function).modern.isr.cast()) };
    if status == 0 {
        return bindings::irqreturn_IRQ_NONE;
    }
    // SAFETY: As above.
    unsafe {
        if status & STATUS_CONFIG != 0 {
            changed(irq, data);
        }
        any_queue(irq, data);
    }
    bindings::irqreturn_IRQ_HANDLED
}
