//! What the driver says about itself and its GPU.

use libtest_mimic::Trial;
use nix::errno::Errno;
use virtio_igpu_guest_tests::client::{Device, Engine};
use virtio_igpu_guest_tests::sys::request::{Out, QueryItem};
use virtio_igpu_guest_tests::sys::uapi::*;

use crate::rig::{Outcome, ensure, ensure_eq, expect_errno, trials};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("identity":
        version, capabilities, parameters_of_tiger_lake, parameters_that_are_always_there,
        old_parameters_are_refused, vm_bind_version, huc_is_not_there, engines, topology,
        memory_regions, query_length_protocol, query_answers_each_item, timestamp_moves,
    )
}

/// VERSION: the name by which userspace finds its driver, and i915's version.
fn version() -> Outcome {
    let (name, version) = Device::open()?.version()?;
    ensure_eq!(
        (name.as_str(), version.as_str()),
        ("i915", "1.6.0"),
        "name and version"
    );
    Ok(())
}

/// GET_CAP: syncobjs, timelines and PRIME in both directions.
fn capabilities() -> Outcome {
    let device = Device::open()?;
    ensure_eq!(device.capability(DRM_CAP_SYNCOBJ)?, 1, "syncobjs");
    ensure_eq!(
        device.capability(DRM_CAP_SYNCOBJ_TIMELINE)?,
        1,
        "timeline syncobjs"
    );
    let both = u64::from(DRM_PRIME_CAP_IMPORT | DRM_PRIME_CAP_EXPORT);
    ensure_eq!(device.capability(DRM_CAP_PRIME)?, both, "PRIME");
    Ok(())
}

/// GETPARAM: the virtual Tiger Lake's own values.
fn parameters_of_tiger_lake() -> Outcome {
    let device = Device::open()?;
    let expected = [
        (I915_PARAM_CHIPSET_ID, 0x9a49),
        (I915_PARAM_NUM_FENCES_AVAIL, 0),
        (I915_PARAM_HAS_BSD, 1),
        (I915_PARAM_HAS_BLT, 1),
        (I915_PARAM_HAS_VEBOX, 1),
        (I915_PARAM_HAS_BSD2, 1),
        (I915_PARAM_HAS_LLC, 1),
        (I915_PARAM_HAS_WT, 0),
        (I915_PARAM_HAS_ALIASING_PPGTT, 2),
        (I915_PARAM_HAS_SECURE_BATCHES, 0),
        (I915_PARAM_HAS_RESOURCE_STREAMER, 0),
        (I915_PARAM_CS_TIMESTAMP_FREQUENCY, 19_200_000),
        (I915_PARAM_MMAP_GTT_VERSION, 5),
        (I915_PARAM_SLICE_MASK, 1),
    ];
    for (param, value) in expected {
        ensure_eq!(device.param(param)?, value, "parameter {param}");
    }
    // Stepping A0 is revision 0, and userspace has workarounds for it.
    ensure!(
        device.param(I915_PARAM_REVISION)? > 0,
        "the revision is A0's"
    );
    ensure!(device.param(I915_PARAM_EU_TOTAL)? > 0, "there are no EUs");
    ensure!(
        device.param(I915_PARAM_SUBSLICE_TOTAL)? > 0,
        "there are no subslices"
    );
    ensure!(
        device.param(I915_PARAM_SUBSLICE_MASK)? > 0,
        "there are no subslices in the mask"
    );
    ensure!(
        device.param(I915_PARAM_HAS_GPU_RESET)? > 0,
        "hung work can't be reset"
    );
    let scheduler = device.param(I915_PARAM_HAS_SCHEDULER)?.cast_unsigned();
    let wanted =
        I915_SCHEDULER_CAP_ENABLED | I915_SCHEDULER_CAP_PRIORITY | I915_SCHEDULER_CAP_PREEMPTION;
    ensure_eq!(scheduler & wanted, wanted, "what the scheduler can do");
    Ok(())
}

/// GETPARAM: what i915 answers with 1 on every GPU.
fn parameters_that_are_always_there() -> Outcome {
    let device = Device::open()?;
    let always = [
        I915_PARAM_HAS_GEM,
        I915_PARAM_HAS_PAGEFLIPPING,
        I915_PARAM_HAS_EXECBUF2,
        I915_PARAM_HAS_RELAXED_FENCING,
        I915_PARAM_HAS_COHERENT_RINGS,
        I915_PARAM_HAS_RELAXED_DELTA,
        I915_PARAM_HAS_GEN7_SOL_RESET,
        I915_PARAM_HAS_WAIT_TIMEOUT,
        I915_PARAM_HAS_PRIME_VMAP_FLUSH,
        I915_PARAM_HAS_PINNED_BATCHES,
        I915_PARAM_HAS_EXEC_NO_RELOC,
        I915_PARAM_HAS_EXEC_HANDLE_LUT,
        I915_PARAM_HAS_COHERENT_PHYS_GTT,
        I915_PARAM_MMAP_VERSION,
        I915_PARAM_HAS_EXEC_SOFTPIN,
        I915_PARAM_HAS_EXEC_ASYNC,
        I915_PARAM_HAS_EXEC_FENCE,
        I915_PARAM_HAS_EXEC_CAPTURE,
        I915_PARAM_HAS_EXEC_BATCH_FIRST,
        I915_PARAM_HAS_EXEC_FENCE_ARRAY,
        I915_PARAM_HAS_EXEC_SUBMIT_FENCE,
        I915_PARAM_HAS_EXEC_TIMELINE_FENCES,
        I915_PARAM_HAS_USERPTR_PROBE,
    ];
    for param in always {
        ensure_eq!(device.param(param)?, 1, "parameter {param}");
    }
    Ok(())
}

/// GETPARAM: parameters of times before GEM are ENODEV.
fn old_parameters_are_refused() -> Outcome {
    let device = Device::open()?;
    let old = [
        I915_PARAM_IRQ_ACTIVE,
        I915_PARAM_ALLOW_BATCHBUFFER,
        I915_PARAM_LAST_DISPATCH,
        I915_PARAM_HAS_EXEC_CONSTANTS,
    ];
    for param in old {
        expect_errno(
            device.param(param),
            Errno::ENODEV,
            &format!("parameter {param}"),
        )?;
    }
    Ok(())
}

/// GETPARAM: VM_BIND is there, with replacing binds and partial unbinds.
fn vm_bind_version() -> Outcome {
    ensure_eq!(
        Device::open()?.param(I915_PARAM_VM_BIND_VERSION)?,
        2,
        "VM_BIND's version"
    );
    Ok(())
}

/// GETPARAM HUC_STATUS: ENODEV says "no such firmware here" (EINVAL would say "unknown").
fn huc_is_not_there() -> Outcome {
    expect_errno(
        Device::open()?.param(I915_PARAM_HUC_STATUS),
        Errno::ENODEV,
        "HUC_STATUS",
    )
}

/// QUERY engine info: the five engines, in i915's order of classes.
fn engines() -> Outcome {
    let engines = Device::open()?.engines()?;
    let mut names: Vec<String> = engines.iter().map(|info| info.engine.name()).collect();
    names.sort();
    let mut expected = Engine::TIGER_LAKE.map(Engine::name).to_vec();
    expected.sort();
    ensure_eq!(names, expected, "the engines");
    for info in &engines {
        let has_logical = info.flags & u64::from(I915_ENGINE_INFO_HAS_LOGICAL_INSTANCE);
        ensure!(
            has_logical != 0,
            "{}: no logical instance",
            info.engine.name()
        );
        ensure_eq!(
            info.logical_instance,
            info.engine.instance,
            "{}",
            info.engine.name()
        );
    }
    Ok(())
}

/// QUERY topology: masks of the size that their header says, with as many EUs set as
/// GETPARAM counts, and as the environment's `IGPU_EUS` says if it is there.
fn topology() -> Outcome {
    let device = Device::open()?;
    let answer = device.query(DRM_I915_QUERY_TOPOLOGY_INFO)?;
    let header = size_of::<drm_i915_query_topology_info>();
    ensure!(
        answer.len() > header,
        "the answer has {} bytes",
        answer.len()
    );
    let field = |index: usize| {
        usize::from(u16::from_ne_bytes([
            answer[index * 2],
            answer[index * 2 + 1],
        ]))
    };
    let (slices, subslices, eus) = (field(1), field(2), field(3));
    let (subslice_offset, subslice_stride) = (field(4), field(5));
    let (eu_offset, eu_stride) = (field(6), field(7));
    ensure_eq!(subslice_offset, slices.div_ceil(8), "the subslices' offset");
    ensure_eq!(
        subslice_stride,
        subslices.div_ceil(8),
        "the subslices' stride"
    );
    ensure_eq!(
        eu_offset,
        subslice_offset + slices * subslice_stride,
        "the EUs' offset"
    );
    ensure_eq!(eu_stride, eus.div_ceil(8), "the EUs' stride");
    ensure_eq!(
        answer.len(),
        header + eu_offset + slices * subslices * eu_stride,
        "the length"
    );
    let ones = |bytes: &[u8]| bytes.iter().map(|byte| byte.count_ones()).sum::<u32>();
    let masks = &answer[header..];
    let total = |param| device.param(param).map(i32::cast_unsigned);
    let subslices = ones(&masks[subslice_offset..eu_offset]);
    ensure_eq!(subslices, total(I915_PARAM_SUBSLICE_TOTAL)?, "subslices");
    let eus = total(I915_PARAM_EU_TOTAL)?;
    ensure_eq!(ones(&masks[eu_offset..]), eus, "EUs");
    if let Ok(wanted) = std::env::var("IGPU_EUS") {
        ensure_eq!(eus.to_string(), wanted, "EUs");
    }
    Ok(())
}

/// QUERY memory regions: system memory alone.
fn memory_regions() -> Outcome {
    let regions = Device::open()?.memory_regions()?;
    ensure_eq!(regions.len(), 1, "kinds of memory");
    let region = regions[0];
    ensure_eq!(
        (region.class, region.instance),
        (0, 0),
        "class and instance"
    );
    ensure!(region.probed_size > 0, "there is no memory");
    ensure!(
        region.unallocated_size <= region.probed_size,
        "more is free than there is"
    );
    Ok(())
}

/// QUERY: length 0 asks for the length; a longer buffer than needed is fine and the
/// answer's length comes back; a shorter one is EINVAL in the item, not of the ioctl.
fn query_length_protocol() -> Outcome {
    let device = Device::open()?;
    let exact = device.query(DRM_I915_QUERY_ENGINE_INFO)?;
    let id = u64::from(DRM_I915_QUERY_ENGINE_INFO);
    let length = i32::try_from(exact.len()).unwrap_or(0);

    let mut long = vec![0; 3600];
    let mut items = [QueryItem {
        id,
        flags: 0,
        length: 3600,
        data: Out::Memory(&mut long),
    }];
    device.query_items(&mut items)?;
    ensure_eq!(items[0].length, length, "the length that comes back");
    ensure_eq!(
        long[..exact.len()],
        exact[..],
        "the answer in a longer buffer"
    );

    let mut short = vec![0; exact.len() - 1];
    let data = Out::Memory(&mut short);
    let mut items = [QueryItem {
        id,
        flags: 0,
        length: length - 1,
        data,
    }];
    device.query_items(&mut items)?;
    ensure_eq!(
        items[0].length,
        -(Errno::EINVAL as i32),
        "the item with a short buffer"
    );
    ensure!(
        short.iter().all(|byte| *byte == 0),
        "the short buffer was written to"
    );
    Ok(())
}

/// QUERY: one item's error is no other's.
fn query_answers_each_item() -> Outcome {
    let device = Device::open()?;
    let item = |id: u64, flags| QueryItem {
        id,
        flags,
        length: 0,
        data: Out::Null,
    };
    let mut items = [
        item(DRM_I915_QUERY_ENGINE_INFO.into(), 0),
        item(99, 0),
        item(DRM_I915_QUERY_MEMORY_REGIONS.into(), 1),
        item(DRM_I915_QUERY_TOPOLOGY_INFO.into(), 0),
        item(DRM_I915_QUERY_GEOMETRY_SUBSLICES.into(), 0),
        item(DRM_I915_QUERY_HWCONFIG_BLOB.into(), 0),
    ];
    device.query_items(&mut items)?;
    let lengths: Vec<i32> = items.iter().map(|item| item.length).collect();
    let (invalid, absent) = (-(Errno::EINVAL as i32), -(Errno::ENODEV as i32));
    ensure!(
        lengths[0] > 0 && lengths[3] > 0,
        "the good items: {lengths:?}"
    );
    ensure_eq!(
        lengths[1..3],
        [invalid, invalid],
        "the unknown one, the one with a flag"
    );
    ensure_eq!(
        lengths[4..],
        [absent, absent],
        "what a Tiger Lake doesn't have"
    );
    Ok(())
}

/// REG_READ: the render engine's clock runs.
fn timestamp_moves() -> Outcome {
    let device = Device::open()?;
    let timestamp = 0x2358 | u64::from(I915_REG_READ_8B_WA);
    let first = device.register(timestamp)?;
    std::thread::sleep(std::time::Duration::from_millis(5));
    let second = device.register(timestamp)?;
    ensure!(second > first, "from {first} to {second} in 5 ms");
    Ok(())
}
