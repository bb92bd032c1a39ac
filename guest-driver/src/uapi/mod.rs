// SPDX-License-Identifier: GPL-2.0 OR MIT

//! i915's uAPI: each ioctl decoded, checked in i915's order, and passed on.
//!
//! What is allowed is decided by [`crate::rules`]; what is done, by `context`, `vm`,
//! `gem` and `exec`. Here are the structures, the look-ups between the checks, and the
//! reading and writing of the caller's memory. `docs/uapi.md` lists what is offered and
//! how the rest is refused.
//!
//! A number that is not in the table is EINVAL, as DRM has it.

mod context;
mod device;
mod engine_map;
mod execbuffer2;
mod execbuffer3;
mod fences;
mod numbers;
mod object_state;
mod objects;
mod relocation;
mod user;
mod vm;
mod vm_bind;

use crate::drm::{self, ioctl, Ioctl, AUTH, MASTER, RENDER_ALLOW, ROOT_ONLY};
use crate::uapi_types::*;
use kernel::prelude::*;

/// i915's oldest ioctls, from before kernel mode setting: they do nothing and succeed.
fn noop(_dev: &drm::Device, _file: &drm::File, _args: &mut ()) -> Result<i32> {
    Ok(0)
}

/// What i915 knows and no longer does (`drm_invalid_op`, `i915_gem_reject_pin_ioctl`).
fn refuse_einval(_dev: &drm::Device, _file: &drm::File, _args: &mut ()) -> Result<i32> {
    Err(EINVAL)
}

/// What asks for a display's parts: none is found.
fn refuse_enoent(_dev: &drm::Device, _file: &drm::File, _args: &mut ()) -> Result<i32> {
    Err(ENOENT)
}

/// Performance counters, as i915 answers where it has none: with the kernel's own
/// ENOTSUPP (524), not userspace's EOPNOTSUPP.
fn refuse_enotsupp(_dev: &drm::Device, _file: &drm::File, _args: &mut ()) -> Result<i32> {
    Err(ENOTSUPP)
}

/// See [`refuse_einval`].
fn refuse_enodev(_dev: &drm::Device, _file: &drm::File, _args: &mut ()) -> Result<i32> {
    Err(ENODEV)
}

const ROOT_MASTER: u32 = AUTH | MASTER | ROOT_ONLY;

/// Every ioctl, in the order of `i915_drm.h`.
#[rustfmt::skip]
pub(crate) const IOCTLS: &[Ioctl] = &[
    ioctl!(0x00, None, (), ROOT_MASTER, noop), // INIT
    ioctl!(0x01, None, (), AUTH, noop), // FLUSH
    ioctl!(0x02, None, (), AUTH, noop), // FLIP
    ioctl!(0x03, None, (), AUTH, noop), // BATCHBUFFER
    ioctl!(0x04, None, (), AUTH, noop), // IRQ_EMIT
    ioctl!(0x05, None, (), AUTH, noop), // IRQ_WAIT
    ioctl!(0x06, ReadWrite, drm_i915_getparam, RENDER_ALLOW, device::getparam),
    ioctl!(0x07, None, (), ROOT_MASTER, noop), // SETPARAM
    ioctl!(0x08, None, (), AUTH, noop), // ALLOC
    ioctl!(0x09, None, (), AUTH, noop), // FREE
    ioctl!(0x0a, None, (), ROOT_MASTER, noop), // INIT_HEAP
    ioctl!(0x0b, None, (), AUTH, noop), // CMDBUFFER
    ioctl!(0x0c, None, (), ROOT_MASTER, noop), // DESTROY_HEAP
    ioctl!(0x0d, None, (), ROOT_MASTER, noop), // SET_VBLANK_PIPE
    ioctl!(0x0e, None, (), AUTH, noop), // GET_VBLANK_PIPE
    ioctl!(0x0f, None, (), AUTH, noop), // VBLANK_SWAP
    ioctl!(0x11, None, (), ROOT_MASTER, noop), // HWS_ADDR
    ioctl!(0x13, None, (), ROOT_MASTER, noop), // GEM_INIT
    ioctl!(0x14, None, (), AUTH, refuse_einval), // GEM_EXECBUFFER
    ioctl!(0x15, None, (), AUTH | ROOT_ONLY, refuse_enodev), // GEM_PIN
    ioctl!(0x16, None, (), AUTH | ROOT_ONLY, refuse_enodev), // GEM_UNPIN
    ioctl!(0x17, ReadWrite, drm_i915_gem_busy, RENDER_ALLOW, object_state::busy),
    ioctl!(0x18, None, (), RENDER_ALLOW, device::throttle),
    ioctl!(0x19, None, (), ROOT_MASTER, noop), // GEM_ENTERVT
    ioctl!(0x1a, None, (), ROOT_MASTER, noop), // GEM_LEAVEVT
    ioctl!(0x1b, ReadWrite, drm_i915_gem_create, RENDER_ALLOW, objects::create),
    ioctl!(0x1c, Write, drm_i915_gem_pread, RENDER_ALLOW, objects::pread),
    ioctl!(0x1d, Write, drm_i915_gem_pwrite, RENDER_ALLOW, objects::pwrite),
    ioctl!(0x1e, ReadWrite, drm_i915_gem_mmap, RENDER_ALLOW, objects::mmap),
    ioctl!(0x1f, Write, drm_i915_gem_set_domain, RENDER_ALLOW, object_state::set_domain),
    ioctl!(0x20, Write, drm_i915_gem_sw_finish, RENDER_ALLOW, object_state::sw_finish),
    ioctl!(0x21, ReadWrite, drm_i915_gem_set_tiling, RENDER_ALLOW, object_state::set_tiling),
    ioctl!(0x22, ReadWrite, drm_i915_gem_get_tiling, RENDER_ALLOW, object_state::get_tiling),
    ioctl!(0x23, Read, drm_i915_gem_get_aperture, RENDER_ALLOW, device::get_aperture),
    ioctl!(0x24, ReadWrite, drm_i915_gem_mmap_offset, RENDER_ALLOW, objects::mmap_offset),
    ioctl!(0x25, None, (), 0, refuse_enoent), // GET_PIPE_FROM_CRTC_ID
    ioctl!(0x26, ReadWrite, drm_i915_gem_madvise, RENDER_ALLOW, object_state::madvise),
    ioctl!(0x27, None, (), MASTER, refuse_enodev), // OVERLAY_PUT_IMAGE
    ioctl!(0x28, None, (), MASTER, refuse_enodev), // OVERLAY_ATTRS
    ioctl!(0x29, ReadWrite, drm_i915_gem_execbuffer2, RENDER_ALLOW, execbuffer2::execbuffer2),
    ioctl!(0x2a, None, (), MASTER, noop), // GET_SPRITE_COLORKEY
    ioctl!(0x2b, None, (), MASTER, refuse_enoent), // SET_SPRITE_COLORKEY
    ioctl!(0x2c, ReadWrite, drm_i915_gem_wait, RENDER_ALLOW, object_state::wait),
    ioctl!(0x2d, ReadWrite, drm_i915_gem_context_create_ext, RENDER_ALLOW, context::create),
    ioctl!(0x2e, Write, drm_i915_gem_context_destroy, RENDER_ALLOW, context::destroy),
    ioctl!(0x2f, Write, drm_i915_gem_caching, RENDER_ALLOW, object_state::set_caching),
    ioctl!(0x30, ReadWrite, drm_i915_gem_caching, RENDER_ALLOW, object_state::get_caching),
    ioctl!(0x31, ReadWrite, drm_i915_reg_read, RENDER_ALLOW, device::reg_read),
    ioctl!(0x32, ReadWrite, drm_i915_reset_stats, RENDER_ALLOW, context::reset_stats),
    ioctl!(0x33, ReadWrite, drm_i915_gem_userptr, RENDER_ALLOW, objects::userptr),
    ioctl!(0x34, ReadWrite, drm_i915_gem_context_param, RENDER_ALLOW, context::getparam),
    ioctl!(0x35, ReadWrite, drm_i915_gem_context_param, RENDER_ALLOW, context::setparam),
    ioctl!(0x36, None, (), RENDER_ALLOW, refuse_enotsupp), // PERF_OPEN
    ioctl!(0x37, None, (), RENDER_ALLOW, refuse_enotsupp), // PERF_ADD_CONFIG
    ioctl!(0x38, None, (), RENDER_ALLOW, refuse_enotsupp), // PERF_REMOVE_CONFIG
    ioctl!(0x39, ReadWrite, drm_i915_query, RENDER_ALLOW, device::query),
    ioctl!(0x3a, ReadWrite, drm_i915_gem_vm_control, RENDER_ALLOW, vm::create),
    ioctl!(0x3b, Write, drm_i915_gem_vm_control, RENDER_ALLOW, vm::destroy),
    ioctl!(0x3c, ReadWrite, drm_i915_gem_create_ext, RENDER_ALLOW, objects::create_ext),
    ioctl!(0x3d, ReadWrite, drm_i915_gem_vm_bind, RENDER_ALLOW, vm_bind::vm_bind),
    ioctl!(0x3e, ReadWrite, drm_i915_gem_vm_unbind, RENDER_ALLOW, vm_bind::vm_unbind),
    ioctl!(0x3f, ReadWrite, drm_i915_gem_execbuffer3, RENDER_ALLOW, execbuffer3::execbuffer3),
];
