// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Questions about the device: GETPARAM, QUERY, REG_READ, GET_APERTURE, THROTTLE.

use crate::drm::{self, Timeout};
use crate::protocol;
use crate::rules::getparam;
use crate::rules::query::{self, Step, MAX_ANSWER, MAX_HEADER};
use crate::uapi::user;
use crate::uapi_types::{
    drm_i915_gem_get_aperture, drm_i915_getparam, drm_i915_query, drm_i915_query_item,
    drm_i915_reg_read, I915_REG_READ_8B_WA,
};
use kernel::prelude::*;
use kernel::time::Delta;

/// `DRM_IOCTL_I915_GETPARAM`.
pub(crate) fn getparam(
    dev: &drm::Device,
    _file: &drm::File,
    args: &mut drm_i915_getparam,
) -> Result<i32> {
    let value = getparam::answer(&dev.data().environment(), args.param)?;
    user::write(args.value, &value)?;
    Ok(0)
}

/// `DRM_IOCTL_I915_QUERY`. An item that can't be answered has its error in its length;
/// the ioctl goes on with the next.
pub(crate) fn query(
    dev: &drm::Device,
    _file: &drm::File,
    args: &mut drm_i915_query,
) -> Result<i32> {
    query::check_query(args.flags)?;
    for index in 0..args.num_items as usize {
        let mut item: drm_i915_query_item = user::read_element(args.items_ptr, index)?;
        query::check_item(item.query_id)?;
        let length = match answer(dev, &item) {
            Ok(length) => length,
            Err(error) => error.to_errno(),
        };
        // Written only if it has changed, as i915 does.
        if item.length != length {
            item.length = length;
            let place = args.items_ptr + (index * size_of::<drm_i915_query_item>()) as u64;
            let field = core::mem::offset_of!(drm_i915_query_item, length) as u64;
            user::write(place + field, &length)?;
        }
    }
    Ok(0)
}

/// Answers one item: its new length.
fn answer(dev: &drm::Device, item: &drm_i915_query_item) -> Result<i32> {
    let facts = dev.data().facts();
    let plan = query::plan(facts, item.query_id, item.flags)?;
    let header = match plan.step(item.length)? {
        Step::AnswerSize(size) => return Ok(size),
        Step::AnswerData { header } => header,
    };
    let mut bytes = [0; MAX_HEADER];
    let bytes = bytes.get_mut(..header).ok_or(EINVAL)?;
    user::read_bytes(item.data_ptr, bytes)?;
    plan.check_header(bytes)?;
    let mut answer: KVec<u8> = KVec::from_elem(0, MAX_ANSWER, GFP_KERNEL)?;
    plan.write(facts, &mut answer)?;
    user::write_bytes(item.data_ptr, answer.get(..plan.size()).ok_or(EINVAL)?)?;
    Ok(plan.size() as i32)
}

/// Offset of the render engine's timestamp, the one register that may be read.
const RENDER_TIMESTAMP: u64 = 0x2358;

/// `DRM_IOCTL_I915_REG_READ`. Of the bits below a register's own alignment one means to
/// read it as 8 bytes; any other is no register.
pub(crate) fn reg_read(
    dev: &drm::Device,
    _file: &drm::File,
    args: &mut drm_i915_reg_read,
) -> Result<i32> {
    let flags = args.offset & 7;
    if args.offset & !7 != RENDER_TIMESTAMP {
        return Err(EINVAL);
    }
    if flags & !u64::from(I915_REG_READ_8B_WA) != 0 {
        return Err(EINVAL);
    }
    let command = protocol::ReadRegister {
        offset: (RENDER_TIMESTAMP as u32).into(),
        reserved: 0.into(),
    };
    let reply = dev.unlocked(|| dev.data().transport().call(&command, &[]))?;
    args.val = reply.value.get();
    Ok(0)
}

/// `DRM_IOCTL_I915_GEM_GET_APERTURE`: there is none that the CPU could reach, but i915
/// tells the size of the global address space, and how much of it is not pinned.
pub(crate) fn get_aperture(
    _dev: &drm::Device,
    _file: &drm::File,
    args: &mut drm_i915_gem_get_aperture,
) -> Result<i32> {
    /// Tiger Lake's global GTT maps 4 GiB.
    const GLOBAL_ADDRESS_SPACE: u64 = 1 << 32;
    args.aper_size = GLOBAL_ADDRESS_SPACE;
    args.aper_available_size = GLOBAL_ADDRESS_SPACE;
    Ok(0)
}

/// `DRM_IOCTL_I915_GEM_THROTTLE`: waits for what the file has submitted more than 20 ms
/// ago.
pub(crate) fn throttle(dev: &drm::Device, file: &drm::File, _args: &mut ()) -> Result<i32> {
    const AGE: Delta = Delta::from_millis(20);
    if dev.data().is_wedged() {
        return Err(EIO);
    }
    let mut old = KVec::new();
    let mut out_of_memory = false;
    file.data().contexts().for_each_live(|context| {
        for slot in context.slots() {
            if let Some(fence) = slot.newest_older_than(AGE) {
                out_of_memory |= old.push(fence, GFP_KERNEL).is_err();
            }
        }
    });
    if out_of_memory {
        return Err(ENOMEM);
    }
    for fence in old {
        dev.unlocked(|| fence.wait(Timeout::Forever))?;
    }
    Ok(0)
}
