// SPDX-License-Identifier: GPL-2.0 OR MIT

//! What userspace says and asks of an object: SET_DOMAIN, SW_FINISH, SET_CACHING,
//! GET_CACHING, SET_TILING, GET_TILING, MADVISE, BUSY, WAIT.

use crate::drm::gem::BackingKind;
use crate::drm::resv::Usage;
use crate::drm::sync::JIFFY_NS;
use crate::drm::{self, Object, Timeout, ETIME};
use crate::rules::object::{self, CpuAccess, Patience};
use crate::uapi_types::{
    drm_i915_gem_busy, drm_i915_gem_caching, drm_i915_gem_get_tiling, drm_i915_gem_madvise,
    drm_i915_gem_set_domain, drm_i915_gem_set_tiling, drm_i915_gem_sw_finish, drm_i915_gem_wait,
};

use kernel::prelude::*;
use kernel::time::{Instant, Monotonic};

/// `DRM_IOCTL_I915_GEM_SET_DOMAIN`: the CPU is about to use the object, so who uses it
/// now is waited for. Caches need nothing: GPU and CPU share theirs.
pub(crate) fn set_domain(
    dev: &drm::Device,
    file: &drm::File,
    args: &mut drm_i915_gem_set_domain,
) -> Result<i32> {
    let Some(access) = object::check_set_domain(args.read_domains, args.write_domain)? else {
        return Ok(0);
    };
    let object = Object::lookup(file, args.handle)?;
    let usage = match access {
        CpuAccess::Read => Usage::Write,
        CpuAccess::Write => Usage::Read,
    };
    // As i915, which takes the pages here: memory that isn't there is told now, that of a
    // process before anything is waited for.
    if object.backing() == BackingKind::UserMemory {
        drop(object.pin()?);
    }
    dev.unlocked(|| object.resv().wait(usage, Timeout::Forever))?;
    drop(object.pin_making_room()?);
    Ok(0)
}

/// `DRM_IOCTL_I915_GEM_SW_FINISH`: for scan-out on hardware that doesn't look into the
/// CPU's caches; here nothing is left to be flushed.
pub(crate) fn sw_finish(
    _dev: &drm::Device,
    file: &drm::File,
    args: &mut drm_i915_gem_sw_finish,
) -> Result<i32> {
    Object::lookup(file, args.handle)?;
    Ok(0)
}

/// `DRM_IOCTL_I915_GEM_SET_CACHING`.
pub(crate) fn set_caching(
    _dev: &drm::Device,
    file: &drm::File,
    args: &mut drm_i915_gem_caching,
) -> Result<i32> {
    let caching = object::check_set_caching(args.caching)?;
    let object = Object::lookup(file, args.handle)?;
    let user_memory = object.backing() == BackingKind::UserMemory;
    object::check_set_caching_object(caching, user_memory)?;
    object.data().set_caching(caching);
    Ok(0)
}

/// `DRM_IOCTL_I915_GEM_GET_CACHING`.
pub(crate) fn get_caching(
    _dev: &drm::Device,
    file: &drm::File,
    args: &mut drm_i915_gem_caching,
) -> Result<i32> {
    args.caching = Object::lookup(file, args.handle)?.data().caching();
    Ok(0)
}

/// `DRM_IOCTL_I915_GEM_SET_TILING`.
pub(crate) fn set_tiling(
    _dev: &drm::Device,
    _file: &drm::File,
    _args: &mut drm_i915_gem_set_tiling,
) -> Result<i32> {
    object::check_tiling()?;
    Ok(0)
}

/// `DRM_IOCTL_I915_GEM_GET_TILING`.
pub(crate) fn get_tiling(
    _dev: &drm::Device,
    _file: &drm::File,
    _args: &mut drm_i915_gem_get_tiling,
) -> Result<i32> {
    object::check_tiling()?;
    Ok(0)
}

/// `DRM_IOCTL_I915_GEM_MADVISE`.
pub(crate) fn madvise(
    _dev: &drm::Device,
    file: &drm::File,
    args: &mut drm_i915_gem_madvise,
) -> Result<i32> {
    let advice = object::check_madvise(args.madv)?;
    let object = Object::lookup(file, args.handle)?;
    args.retained = object.advise(advice).into();
    Ok(0)
}

/// `DRM_IOCTL_I915_GEM_BUSY`: the classes of our own engines that still use the object.
/// Others' fences are not told.
pub(crate) fn busy(
    _dev: &drm::Device,
    file: &drm::File,
    args: &mut drm_i915_gem_busy,
) -> Result<i32> {
    let object = Object::lookup(file, args.handle)?;
    args.busy = 0;
    for (fence, usage) in object.resv().fences_with_usage(Usage::Read)? {
        if fence.is_signaled() {
            continue;
        }
        let Some(Ok(class)) = fence.tag().map(u16::try_from) else {
            continue;
        };
        args.busy |= match usage {
            Usage::Kernel | Usage::Write => object::busy_writer(class),
            Usage::Read | Usage::Bookkeep => object::busy_reader(class),
        };
    }
    Ok(0)
}

/// `DRM_IOCTL_I915_GEM_WAIT`. What is left of the time-out is told; so that a caller who
/// was interrupted can go on, it is told then too.
pub(crate) fn wait(
    dev: &drm::Device,
    file: &drm::File,
    args: &mut drm_i915_gem_wait,
) -> Result<i32> {
    object::check_wait(args.flags)?;
    let object = Object::lookup(file, args.bo_handle)?;
    let start: Instant<Monotonic> = Instant::now();
    let timeout = match Patience::from_timeout(args.timeout_ns) {
        Patience::Forever => Timeout::Forever,
        Patience::Nanoseconds(0) => Timeout::Poll,
        Patience::Nanoseconds(nanoseconds) => Timeout::Nanoseconds(nanoseconds),
    };
    let result = dev.unlocked(|| object.resv().wait(Usage::Read, timeout));
    let waited = start.elapsed().as_nanos().max(0) as u64;
    args.timeout_ns = Patience::remaining(args.timeout_ns, waited);
    match result {
        Ok(_) => Ok(0),
        Err(error) if error == ETIME && args.timeout_ns > 0 => {
            // The wait is as exact as jiffies: a rest below one is none, a longer one
            // means that time went by for us less than for the clock.
            if (args.timeout_ns as u64) < JIFFY_NS {
                args.timeout_ns = 0;
                return Err(ETIME);
            }
            Err(EAGAIN)
        }
        Err(error) => Err(error),
    }
}
