//! Objects: their memory and the ways to it.

use libtest_mimic::Trial;
use nix::errno::Errno;
use virtio_igpu_guest_tests::client::{Device, Error, MmapMode, Object};
use virtio_igpu_guest_tests::sys::memory::Mapping;
use virtio_igpu_guest_tests::sys::request;
use virtio_igpu_guest_tests::sys::uapi::*;

use crate::rig::{Outcome, PAGE, RCS0, Rig, ensure, ensure_eq, expect_errno, trials};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("objects":
        sizes_round_up_to_pages, new_memory_is_zero, every_way_sees_the_same_memory,
        there_is_no_aperture, mapping_outlives_handle, mmap_needs_the_handle,
        pread_of_nothing_succeeds, closed_handle_is_gone, create_ext_in_system_memory,
        export_and_import_in_one_file, export_to_another_client,
        shared_object_lives_as_long_as_anyone_holds_it, userptr_is_the_process_own_memory,
        set_domain_and_sw_finish, caching_and_tiling, madvise,
    )
}

/// GEM_CREATE: the size is rounded up to pages and returned.
fn sizes_round_up_to_pages() -> Outcome {
    let device = Device::open()?;
    for (asked, expected) in [
        (1, PAGE),
        (PAGE, PAGE),
        (PAGE + 1, 2 * PAGE),
        (1 << 20, 1 << 20),
    ] {
        ensure_eq!(
            Object::create(&device, asked)?.size(),
            expected,
            "size for {asked} bytes"
        );
    }
    Ok(())
}

/// GEM_CREATE: nobody sees what was in the memory before.
fn new_memory_is_zero() -> Outcome {
    let device = Device::open()?;
    for round in 0..3 {
        let object = Object::create(&device, 16 * PAGE)?;
        let memory = object.map()?;
        ensure!(
            memory.to_vec().iter().all(|byte| *byte == 0),
            "round {round}: not zero"
        );
        memory.fill_u32(0xdead_beef);
    }
    Ok(())
}

/// MMAP_OFFSET (WB, WC, UC), GEM_MMAP, PREAD and PWRITE are ways to the same bytes.
fn every_way_sees_the_same_memory() -> Outcome {
    let device = Device::open()?;
    let object = Object::create(&device, 3 * PAGE)?;
    let pattern: Vec<u8> = (0..3 * PAGE).map(|byte| (byte * 7 % 251) as u8).collect();
    object.pwrite(0, &pattern)?;
    for mode in [
        MmapMode::WriteBack,
        MmapMode::WriteCombined,
        MmapMode::Uncached,
    ] {
        ensure_eq!(
            object.map_as(mode)?.to_vec(),
            pattern,
            "what a {mode:?} mapping shows"
        );
    }
    ensure!(
        object.map_legacy(0)?.to_vec() == pattern,
        "what GEM_MMAP shows differs"
    );
    ensure!(
        object.map_legacy(I915_MMAP_WC)?.to_vec() == pattern,
        "GEM_MMAP WC differs"
    );

    object
        .map_as(MmapMode::WriteCombined)?
        .write_u32(8, 0x1234_5678);
    object
        .map_legacy(0)?
        .write_u32(PAGE as usize + 4, 0x9abc_def0);
    let mut dword = [0; 4];
    object.pread(8, &mut dword)?;
    ensure_eq!(
        u32::from_le_bytes(dword),
        0x1234_5678,
        "what was written by WC"
    );
    object.pread(PAGE + 4, &mut dword)?;
    ensure_eq!(
        u32::from_le_bytes(dword),
        0x9abc_def0,
        "what was written by GEM_MMAP"
    );

    // Over the border between two pages, at odd places.
    object.pwrite(PAGE - 3, &[1, 2, 3, 4, 5, 6, 7])?;
    let mut seven = [0; 7];
    object.pread(PAGE - 3, &mut seven)?;
    ensure_eq!(seven, [1, 2, 3, 4, 5, 6, 7], "seven bytes over a border");
    Ok(())
}

/// MMAP_OFFSET: the virtual Tiger Lake has no aperture and no memory of its own.
fn there_is_no_aperture() -> Outcome {
    let device = Device::open()?;
    let object = Object::create(&device, PAGE)?;
    expect_errno(
        object.mmap_offset(MmapMode::Aperture),
        Errno::ENODEV,
        "an aperture mapping",
    )?;
    expect_errno(
        object.mmap_offset(MmapMode::Fixed),
        Errno::ENODEV,
        "a fixed mapping",
    )
}

/// A mapping holds the memory, not the handle.
fn mapping_outlives_handle() -> Outcome {
    let device = Device::open()?;
    let object = Object::create(&device, PAGE)?;
    let (new, legacy) = (object.map()?, object.map_legacy(0)?);
    new.write_u32(0, 42);
    object.close()?;
    ensure_eq!(
        legacy.read_u32(0),
        42,
        "the memory after the handle was closed"
    );
    legacy.write_u32(4, 43);
    ensure_eq!(
        new.read_u32(4),
        43,
        "the memory after the handle was closed"
    );
    Ok(())
}

/// mmap: an offset is good only in files that hold a handle of the object.
fn mmap_needs_the_handle() -> Outcome {
    let device = Device::open()?;
    let stranger = device.reopen()?;
    let object = Object::create(&device, PAGE)?;
    let offset = object.mmap_offset(MmapMode::WriteBack)?;
    let mapping = Mapping::of_file(stranger.fd(), offset, PAGE as usize)
        .map_err(Error::system("mmap by another client"));
    expect_errno(mapping, Errno::EACCES, "mmap by another client")
}

/// PREAD, PWRITE: a size of 0 succeeds before anything is looked at.
fn pread_of_nothing_succeeds() -> Outcome {
    let device = Device::open()?;
    let object = Object::from_handle(&device, 0xdead, PAGE);
    object.pread(1 << 40, &mut [])?;
    object.pwrite(1 << 40, &[])?;
    std::mem::forget(object);
    Ok(())
}

/// GEM_CLOSE: the handle is free, and closing it again is EINVAL.
fn closed_handle_is_gone() -> Outcome {
    let device = Device::open()?;
    let object = Object::create(&device, PAGE)?;
    let handle = object.handle();
    object.close()?;
    let mut again = drm_gem_close { handle, pad: 0 };
    expect_errno(
        device.call::<request::GemClose>(&mut again),
        Errno::EINVAL,
        "a second close",
    )?;
    let mut busy = drm_i915_gem_busy { handle, busy: 0 };
    expect_errno(
        device.call::<request::GemBusy>(&mut busy),
        Errno::ENOENT,
        "BUSY after close",
    )
}

/// GEM_CREATE_EXT: without extensions, and with system memory as the only placement.
fn create_ext_in_system_memory() -> Outcome {
    let device = Device::open()?;
    ensure_eq!(
        Object::create_ext(&device, 5000, 0)?.size(),
        2 * PAGE,
        "size"
    );
    let region = drm_i915_gem_memory_class_instance {
        memory_class: 0,
        memory_instance: 0,
    };
    let name = I915_GEM_CREATE_EXT_MEMORY_REGIONS;
    let extension = drm_i915_gem_create_ext_memory_regions {
        base: i915_user_extension {
            name,
            ..Default::default()
        },
        num_regions: 1,
        regions: virtio_igpu_guest_tests::sys::address_of(&region),
        ..Default::default()
    };
    let address = virtio_igpu_guest_tests::sys::address_of(&extension);
    let object = Object::create_ext(&device, PAGE, address)?;
    object.map()?.write_u32(0, 1);
    Ok(())
}

/// PRIME: an object that comes back to its own file has its own handle again.
fn export_and_import_in_one_file() -> Outcome {
    let device = Device::open()?;
    let object = Object::create(&device, PAGE)?;
    let dma_buf = object.export()?;
    let again = Object::import(&device, &dma_buf, PAGE)?;
    ensure_eq!(again.handle(), object.handle(), "the handle after import");
    std::mem::forget(again);
    Ok(())
}

/// PRIME: another client gets a handle to the same memory.
fn export_to_another_client() -> Outcome {
    let (giver, taker) = (Device::open()?, Device::open()?);
    let object = Object::create(&giver, 2 * PAGE)?;
    let memory = object.map()?;
    memory.write_u32(4, 17);
    let imported = Object::import(&taker, object.export()?, 2 * PAGE)?;
    let there = imported.map()?;
    ensure_eq!(there.read_u32(4), 17, "what the other client reads");
    there.write_u32(8, 18);
    ensure_eq!(memory.read_u32(8), 18, "what the other client has written");
    Ok(())
}

/// PRIME: memory stays as long as a client, a dma-buf or a mapping holds it.
fn shared_object_lives_as_long_as_anyone_holds_it() -> Outcome {
    let giver = Device::open()?;
    let taker = giver.reopen()?;
    let object = Object::create(&giver, PAGE)?;
    object.map()?.write_u32(0, 99);
    let dma_buf = object.export()?;
    object.close()?;
    drop(giver);
    let imported = Object::import(&taker, dma_buf, PAGE)?;
    ensure_eq!(imported.map()?.read_u32(0), 99, "after the giver has gone");
    Ok(())
}

/// USERPTR: the GPU writes to the pages of the process.
fn userptr_is_the_process_own_memory() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let pages = Mapping::anonymous(2 * PAGE as usize)?;
    pages.write_u32(0, 5);
    let object = Object::userptr(&device, &pages)?;
    let at = 0x9000_0000;
    rig.vm.bind(&object, at)?;
    rig.run(RCS0, |batch| {
        batch.copy_u32(at + 8, at).store_u32(at + PAGE, 6);
    })?;
    ensure_eq!(
        (pages.read_u32(8), pages.read_u32(PAGE as usize)),
        (5, 6),
        "the pages"
    );
    rig.vm.unbind(at, 2 * PAGE)?;
    Ok(())
}

/// SET_DOMAIN, SW_FINISH: accepted for what the CPU uses; no domain at all is a no-op.
fn set_domain_and_sw_finish() -> Outcome {
    let device = Device::open()?;
    let object = Object::create(&device, PAGE)?;
    object.set_domain(I915_GEM_DOMAIN_CPU, 0)?;
    object.set_domain(I915_GEM_DOMAIN_CPU, I915_GEM_DOMAIN_CPU)?;
    object.set_domain(I915_GEM_DOMAIN_GTT, I915_GEM_DOMAIN_GTT)?;
    object.set_domain(I915_GEM_DOMAIN_WC, 0)?;
    object.set_domain(0, 0)?;
    let mut finish = drm_i915_gem_sw_finish {
        handle: object.handle(),
    };
    device.call::<request::GemSwFinish>(&mut finish)?;
    Ok(())
}

/// GET/SET_CACHING: cached is what a Tiger Lake's objects are. GET/SET_TILING: without
/// fence registers there is none.
fn caching_and_tiling() -> Outcome {
    let device = Device::open()?;
    let object = Object::create(&device, PAGE)?;
    let mut caching = drm_i915_gem_caching {
        handle: object.handle(),
        caching: 77,
    };
    device.call::<request::GemGetCaching>(&mut caching)?;
    ensure_eq!(
        caching.caching,
        I915_CACHING_CACHED,
        "caching of a new object"
    );
    let (handle, tiling_mode) = (object.handle(), I915_TILING_X);
    let mut set = drm_i915_gem_set_tiling {
        handle,
        tiling_mode,
        stride: 512,
        ..Default::default()
    };
    let result = device.call::<request::GemSetTiling>(&mut set);
    expect_errno(result, Errno::EOPNOTSUPP, "SET_TILING")?;
    let mut get = drm_i915_gem_get_tiling {
        handle,
        ..Default::default()
    };
    expect_errno(
        device.call::<request::GemGetTiling>(&mut get),
        Errno::EOPNOTSUPP,
        "GET_TILING",
    )
}

/// MADVISE: memory that is still needed is retained.
fn madvise() -> Outcome {
    let device = Device::open()?;
    let object = Object::create(&device, PAGE)?;
    object.map()?.write_u32(0, 3);
    let handle = object.handle();
    let mut advice = drm_i915_gem_madvise {
        handle,
        madv: I915_MADV_WILLNEED,
        retained: 0,
    };
    device.call::<request::GemMadvise>(&mut advice)?;
    ensure_eq!(advice.retained, 1, "retained");
    ensure_eq!(object.map()?.read_u32(0), 3, "the content");
    Ok(())
}
