//! DRM's own rules for numbers and sizes; GETPARAM, QUERY, REG_READ.

use libtest_mimic::Trial;
use nix::errno::Errno::{EFAULT, EINVAL, ENODEV, ENOTTY};
use virtio_igpu_guest_tests::client::{Device, Error, Object};
use virtio_igpu_guest_tests::sys::request::{
    self, GetParam, Out, QueryItem, RegRead, Request, call_raw, with_size,
};
use virtio_igpu_guest_tests::sys::uapi::*;

use super::{cases, check};
use crate::rig::{Outcome, PAGE, ensure_eq, expect_errno, trials};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("bad_input":
        numbers_and_types, short_arguments_are_zero_extended, long_arguments_are_cut,
        getparam, getparam_pointer, query, query_items, reg_read,
    )
}

fn system<T>(result: Result<T, nix::errno::Errno>) -> Result<T, Error> {
    result.map_err(Error::system("ioctl"))
}

/// DRM: another type than 'd' is ENOTTY; a number that nobody has is EINVAL.
fn numbers_and_types() -> Outcome {
    let device = Device::open()?;
    let of_another_type = 0xc010_6b40;
    let raw = system(call_raw(device.fd(), of_another_type, &mut [0; 16]));
    expect_errno(raw, ENOTTY, "an ioctl of another type")?;
    // 0x3d to 0x3f are the last of the driver's.
    let behind_the_last = with_size(0xc000_6400 | (DRM_COMMAND_BASE + 0x45), 16);
    let raw = system(call_raw(device.fd(), behind_the_last, &mut [0; 16]));
    expect_errno(raw, EINVAL, "a number behind the driver's last")?;
    let behind_drms_last = with_size(0xc000_6400 | 0xff, 16);
    let raw = system(call_raw(device.fd(), behind_drms_last, &mut [0; 16]));
    expect_errno(raw, EINVAL, "a number behind DRM's last")
}

/// DRM: what userspace doesn't pass is 0, so that structures can grow.
fn short_arguments_are_zero_extended() -> Outcome {
    let device = Device::open()?;
    let object = Object::create(&device, PAGE)?;
    // GEM_WAIT without its time-out.
    let mut argument = [0; 8];
    argument[..4].copy_from_slice(&object.handle().to_ne_bytes());
    system(call_raw(
        device.fd(),
        with_size(request::GemWait::CODE, 8),
        &mut argument,
    ))?;
    // Without its flags too.
    let mut argument = object.handle().to_ne_bytes();
    system(call_raw(
        device.fd(),
        with_size(request::GemWait::CODE, 4),
        &mut argument,
    ))?;
    // Nothing at all: handle 0.
    let none = system(call_raw(
        device.fd(),
        with_size(request::GemWait::CODE, 0),
        &mut [0; 1],
    ));
    expect_errno(
        none,
        nix::errno::Errno::ENOENT,
        "GEM_WAIT without an argument",
    )
}

/// DRM: what the driver doesn't know comes back as it was, or as 0.
fn long_arguments_are_cut() -> Outcome {
    let device = Device::open()?;
    let mut argument = [0; 256];
    argument[..8].copy_from_slice(&PAGE.to_ne_bytes());
    system(call_raw(
        device.fd(),
        with_size(request::GemCreate::CODE, 256),
        &mut argument,
    ))?;
    let handle = u32::from_ne_bytes([argument[8], argument[9], argument[10], argument[11]]);
    let object = Object::from_handle(&device, handle, PAGE);
    object.map()?.write_u32(0, 1);
    ensure_eq!(argument[16..], [0; 240], "what lies behind the structure");
    Ok(())
}

/// GETPARAM.
fn getparam() -> Outcome {
    let device = Device::open()?;
    let good = || drm_i915_getparam {
        param: I915_PARAM_CHIPSET_ID.cast_signed(),
        ..Default::default()
    };
    let cases = cases! { drm_i915_getparam;
        "an unknown parameter", EINVAL, "default of the switch", |a| a.param = 999;
        "a negative parameter", EINVAL, "default of the switch", |a| a.param = -1;
        "a parameter of old", ENODEV, "user mode setting is gone", |a| a.param = 1;
        "protected content", ENODEV, "no PXP", |a| a.param = 58;
    };
    let call = |argument: &mut drm_i915_getparam| {
        let mut value = [0; 4];
        device.call_out::<GetParam>(argument, Out::Memory(&mut value))
    };
    let works = || {
        ensure_eq!(device.param(I915_PARAM_HAS_GEM)?, 1, "HAS_GEM");
        Ok(())
    };
    check(good, call, &cases, works)
}

/// GETPARAM with a pointer that can't be written through; an unknown parameter is found
/// first.
fn getparam_pointer() -> Outcome {
    let device = Device::open()?;
    let ask = |param: i32, out| {
        let mut argument = drm_i915_getparam {
            param,
            ..Default::default()
        };
        device.call_out::<GetParam>(&mut argument, out)
    };
    let chipset = I915_PARAM_CHIPSET_ID.cast_signed();
    expect_errno(ask(chipset, Out::Null), EFAULT, "a null pointer")?;
    expect_errno(ask(chipset, Out::Unmapped), EFAULT, "an unmapped pointer")?;
    expect_errno(ask(chipset, Out::Kernel), EFAULT, "a pointer to the kernel")?;
    expect_errno(
        ask(999, Out::Null),
        EINVAL,
        "an unknown parameter and a null pointer",
    )
}

/// QUERY: the call's own errors.
fn query() -> Outcome {
    let device = Device::open()?;
    let item = |id: u64| QueryItem {
        id,
        flags: 0,
        length: 0,
        data: Out::Null,
    };
    let zero = system(request::query(device.fd(), 0, &mut [item(0)]));
    expect_errno(zero, EINVAL, "an item with the id 0")?;
    let flags = system(request::query(device.fd(), 1, &mut [item(2)]));
    expect_errno(flags, EINVAL, "a flag")?;
    for (what, out) in [
        ("null", Out::Null),
        ("unmapped", Out::Unmapped),
        ("kernel", Out::Kernel),
    ] {
        let bad = system(request::query_bad_items(device.fd(), 1, out));
        expect_errno(bad, EFAULT, &format!("items at a bad address ({what})"))?;
    }
    system(request::query_bad_items(device.fd(), 0, Out::Null))?;
    device.engines()?;
    Ok(())
}

/// QUERY: errors that are an item's own.
fn query_items() -> Outcome {
    let device = Device::open()?;
    let engines = i32::try_from(device.query(DRM_I915_QUERY_ENGINE_INFO)?.len()).unwrap_or(0);
    let mut dirty = vec![1u8; 3600];
    let large = || Out::Unmapped;
    let id = |id: u32| u64::from(id);
    let mut items = [
        QueryItem {
            id: id(DRM_I915_QUERY_ENGINE_INFO),
            flags: 0,
            length: engines,
            data: large(),
        },
        QueryItem {
            id: id(DRM_I915_QUERY_ENGINE_INFO),
            flags: 1,
            length: 0,
            data: Out::Null,
        },
        QueryItem {
            id: id(DRM_I915_QUERY_ENGINE_INFO),
            flags: 0,
            length: 3600,
            data: Out::Memory(&mut dirty),
        },
        QueryItem {
            id: id(DRM_I915_QUERY_TOPOLOGY_INFO),
            flags: 1,
            length: 0,
            data: Out::Null,
        },
        QueryItem {
            id: id(DRM_I915_QUERY_TOPOLOGY_INFO),
            flags: 0,
            length: 1,
            data: Out::Null,
        },
        QueryItem {
            id: id(DRM_I915_QUERY_MEMORY_REGIONS),
            flags: 2,
            length: 0,
            data: Out::Null,
        },
        QueryItem {
            id: 1 << 40,
            flags: 0,
            length: 0,
            data: Out::Null,
        },
    ];
    device.query_items(&mut items)?;
    let got = items.map(|item| item.length);
    let (invalid, fault) = (-(EINVAL as i32), -(EFAULT as i32));
    let expected = [fault, invalid, invalid, invalid, invalid, invalid, invalid];
    ensure_eq!(
        got,
        expected,
        "bad pointer; flag; dirty answer; flag; short; flag; unknown"
    );
    Ok(())
}

/// REG_READ: one register is on the list.
fn reg_read() -> Outcome {
    let device = Device::open()?;
    let good = || drm_i915_reg_read {
        offset: 0x2358,
        val: 0,
    };
    let why = "not on the list of registers";
    let cases = cases! { drm_i915_reg_read;
        "another register", EINVAL, why, |a| a.offset = 0x2030;
        "offset 0", EINVAL, why, |a| a.offset = 0;
        "a far offset", EINVAL, why, |a| a.offset = u64::MAX - 7;
        "unknown flags", EINVAL, "only 8B_WA is one", |a| { a.offset |= 2 };
        "the upper half", EINVAL, "it is read as a whole", |a| { a.offset = 0x235c };
    };
    let works = || Ok(device.register(0x2358).map(drop)?);
    check(
        good,
        |argument| device.call::<RegRead>(argument),
        &cases,
        works,
    )
}
