//! GEM_MADVISE, and memory that is given back when the machine is short of it. That it is
//! short is said by the file `i915_gem_drop_caches`: then all goes that can.

use libtest_mimic::Trial;
use nix::errno::Errno;
use virtio_igpu_guest_tests::client::setting::{debug_folder, write};
use virtio_igpu_guest_tests::client::{Device, Error, Exec2, Object, Result};
use virtio_igpu_guest_tests::gpu::Spinner;
use virtio_igpu_guest_tests::sys::memory::Mapping;
use virtio_igpu_guest_tests::sys::request;
use virtio_igpu_guest_tests::sys::uapi::*;

use crate::exec2::{BATCH, TARGET, program};
use crate::rig::{
    Outcome, PAGE, Rig, ensure, ensure_eq, expect_errno, trials, vm_bind_trials, wait_until,
};

pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = trials!("purging":
        advice_alone_takes_nothing, what_has_no_pages_goes_at_once, what_is_gone_stays_gone,
        what_is_not_needed_goes_when_memory_is_short, what_was_used_is_unbound_first,
        what_is_busy_stays, memory_of_others_stays, short_memory_is_found,
    );
    tests.extend(vm_bind_trials!("purging": what_is_bound_stays));
    tests
}

/// Bits of `i915_gem_drop_caches` (`i915_debugfs.c`): objects that are not bound; all that
/// are not busy.
const UNBOUND: &str = "0x1";
const BOUND: &str = "0x2";

fn drop_caches(bits: &str) -> Result<()> {
    let file = debug_folder()?.join("i915_gem_drop_caches");
    write(&file, bits).map_err(|source| Error::File {
        what: format!("writing {bits} to {}", file.display()),
        source,
    })
}

/// Gives an advice; whether the memory is still there.
pub(crate) fn advise(object: &Object<'_>, madv: u32) -> Result<bool> {
    let mut argument = drm_i915_gem_madvise {
        handle: object.handle(),
        madv,
        retained: 77,
    };
    object.device().call::<request::GemMadvise>(&mut argument)?;
    Ok(argument.retained != 0)
}

/// An object with a page of its own that begins with `value`.
fn filled(device: &Device, value: u32) -> Result<(Object<'_>, Mapping)> {
    let object = Object::create(device, PAGE)?;
    let memory = object.map()?;
    memory.write_u32(0, value);
    Ok((object, memory))
}

/// Whether the mapping's first page can be touched, as the kernel finds when it copies from
/// there: a process that touches it itself gets SIGBUS.
fn can_be_touched(memory: &Mapping, device: &Device) -> Result<bool> {
    let other = Object::create(device, PAGE)?;
    let mut argument = drm_i915_gem_pwrite {
        handle: other.handle(),
        offset: 0,
        size: 4,
        data_ptr: memory.address(),
        ..Default::default()
    };
    match device.call::<request::GemPwrite>(&mut argument) {
        Ok(()) => Ok(true),
        Err(error) if error.errno() == Some(Errno::EFAULT) => Ok(false),
        Err(error) => Err(error),
    }
}

/// DONTNEED only marks an object that holds pages: it is as it was if it is needed again.
fn advice_alone_takes_nothing() -> Outcome {
    let device = Device::open()?;
    let (object, memory) = filled(&device, 5)?;
    ensure!(advise(&object, I915_MADV_DONTNEED)?, "retained");
    ensure_eq!(memory.read_u32(0), 5, "not needed, still there");
    ensure!(advise(&object, I915_MADV_WILLNEED)?, "retained");
    drop_caches(BOUND)?;
    ensure!(advise(&object, I915_MADV_WILLNEED)?, "needed, retained");
    ensure_eq!(memory.read_u32(0), 5, "the content");
    Ok(())
}

/// DONTNEED of an object without pages drops it at once (`i915_gem_object_truncate`).
fn what_has_no_pages_goes_at_once() -> Outcome {
    let device = Device::open()?;
    let object = Object::create(&device, PAGE)?;
    let memory = object.map()?;
    ensure!(!advise(&object, I915_MADV_DONTNEED)?, "not retained");
    ensure!(!can_be_touched(&memory, &device)?, "SIGBUS");
    // PWRITE takes no pages (`shmem_pwrite`).
    let object = Object::create(&device, 40 * PAGE)?;
    let bytes: Vec<u8> = (0..30 * PAGE).map(|byte| (byte % 251) as u8).collect();
    object.pwrite(5 * PAGE + 7, &bytes)?;
    ensure!(advise(&object, I915_MADV_WILLNEED)?, "needed");
    object.pwrite(1, &[1, 2, 3])?;
    ensure!(!advise(&object, I915_MADV_DONTNEED)?, "not retained");
    // What was written so is there when the pages are.
    let object = Object::create(&device, 40 * PAGE)?;
    object.pwrite(5 * PAGE + 7, &bytes)?;
    let memory = object.map()?.to_vec();
    let (start, end) = (5 * PAGE as usize + 7, 35 * PAGE as usize + 7);
    ensure!(memory[start..end] == bytes[..], "what was written");
    let others = memory[..start].iter().chain(&memory[end..]);
    ensure!(others.into_iter().all(|byte| *byte == 0), "what was not");
    ensure!(advise(&object, I915_MADV_DONTNEED)?, "retained");
    Ok(())
}

/// What was dropped is gone for good: every use is EFAULT
/// (`____i915_gem_object_get_pages`), a mapping's SIGBUS, whatever is said of it later.
fn what_is_gone_stays_gone() -> Outcome {
    let device = Device::open()?;
    let (object, memory) = filled(&device, 5)?;
    advise(&object, I915_MADV_DONTNEED)?;
    drop_caches(UNBOUND)?;
    for advice in [I915_MADV_WILLNEED, I915_MADV_DONTNEED, I915_MADV_WILLNEED] {
        ensure!(!advise(&object, advice)?, "not retained");
    }
    ensure!(!can_be_touched(&memory, &device)?, "the old mapping");
    let memory = object.map()?;
    ensure!(!can_be_touched(&memory, &device)?, "a new mapping");
    expect_errno(object.pread(0, &mut [0; 4]), Errno::EFAULT, "PREAD")?;
    expect_errno(object.pwrite(0, &[1; 4]), Errno::EFAULT, "PWRITE")?;
    let domain = object.set_domain(I915_GEM_DOMAIN_CPU, 0);
    expect_errno(domain, Errno::EFAULT, "SET_DOMAIN")?;
    let batch = program(&device, |_| {})?;
    let list = vec![object.written_at(TARGET), batch.pinned_at(BATCH)];
    let submitted = Exec2::new(list).submit(&device);
    expect_errno(submitted, Errno::EFAULT, "EXECBUFFER2")?;
    ensure_eq!(object.busy()?, 0, "BUSY");
    object.wait(-1)?;
    Ok(())
}

/// Among objects that hold pages, those that aren't needed go, the others stay.
fn what_is_not_needed_goes_when_memory_is_short() -> Outcome {
    let device = Device::open()?;
    let (needed, needed_memory) = filled(&device, 6)?;
    let (object, memory) = filled(&device, 7)?;
    let (again, again_memory) = filled(&device, 8)?;
    for object in [&object, &again] {
        ensure!(advise(object, I915_MADV_DONTNEED)?, "retained");
    }
    ensure!(advise(&again, I915_MADV_WILLNEED)?, "needed again");
    drop_caches(UNBOUND)?;
    ensure!(!can_be_touched(&memory, &device)?, "what is gone");
    ensure!(!advise(&object, I915_MADV_WILLNEED)?, "not retained");
    for (object, memory, value) in [(&needed, &needed_memory, 6), (&again, &again_memory, 8)] {
        ensure_eq!(memory.read_u32(0), value, "what is needed");
        ensure!(advise(object, I915_MADV_WILLNEED)?, "retained");
    }
    Ok(())
}

/// EXECBUFFER2's objects stay bound after their use: they go with BOUND, not with UNBOUND. One
/// that is needed can be used again afterwards.
fn what_was_used_is_unbound_first() -> Outcome {
    let device = Device::open()?;
    let (target, _memory) = filled(&device, 0)?;
    let (needed, needed_memory) = filled(&device, 0)?;
    let other = TARGET + 0x10_0000;
    let batch = program(&device, |batch| {
        batch.store_u32(TARGET + 4, 3).store_u32(other + 4, 4);
    })?;
    let list = vec![
        target.written_at(TARGET),
        needed.written_at(other),
        batch.pinned_at(BATCH),
    ];
    Exec2::new(list).submit(&device)?;
    target.wait(-1)?;
    ensure!(advise(&target, I915_MADV_DONTNEED)?, "retained");
    drop_caches(UNBOUND)?;
    ensure!(advise(&target, I915_MADV_DONTNEED)?, "bound: retained");
    drop_caches(BOUND)?;
    ensure!(!advise(&target, I915_MADV_WILLNEED)?, "not retained");
    ensure_eq!(needed_memory.read_u32(4), 4, "what the batch has written");
    let batch = program(&device, |batch| {
        batch.store_u32(other + 8, 5);
    })?;
    let list = vec![needed.written_at(other), batch.pinned_at(BATCH)];
    Exec2::new(list).submit(&device)?;
    needed.wait(-1)?;
    ensure_eq!(needed_memory.read_u32(4), 4, "from before");
    ensure_eq!(needed_memory.read_u32(8), 5, "from after");
    Ok(())
}

/// What a submission uses stays until it has ended.
fn what_is_busy_stays() -> Outcome {
    let device = Device::open()?;
    let object = Object::create(&device, Spinner::SIZE)?;
    let memory = object.map()?;
    let spinner = Spinner::write(&memory, 0, BATCH);
    Exec2::new(vec![object.pinned_at(BATCH)]).submit(&device)?;
    wait_until("the spinner starts", || spinner.has_started(&memory))?;
    ensure!(advise(&object, I915_MADV_DONTNEED)?, "retained");
    drop_caches(BOUND)?;
    ensure!(advise(&object, I915_MADV_DONTNEED)?, "busy: retained");
    spinner.end(&memory);
    object.wait(-1)?;
    drop_caches(BOUND)?;
    ensure!(!advise(&object, I915_MADV_DONTNEED)?, "not retained");
    Ok(())
}

/// A process's memory is not dropped, nor what another device may have
/// (`i915_gem_object_is_shrinkable`). What VM_BIND has bound is pinned.
fn memory_of_others_stays() -> Outcome {
    let device = Device::open()?;
    let pages = Mapping::anonymous(PAGE as usize).map_err(Error::system("mmap"))?;
    let object = Object::userptr(&device, &pages)?;
    object.set_domain(I915_GEM_DOMAIN_CPU, 0)?;
    pages.write_u32(0, 9);
    ensure!(advise(&object, I915_MADV_DONTNEED)?, "userptr");
    let client = Device::open()?;
    let (exported, memory) = filled(&device, 10)?;
    let imported = Object::import(&client, exported.export()?, PAGE)?;
    ensure!(advise(&imported, I915_MADV_DONTNEED)?, "an import");
    drop_caches(BOUND)?;
    ensure!(advise(&object, I915_MADV_WILLNEED)?, "userptr");
    ensure_eq!(pages.read_u32(0), 9, "the process's memory");
    ensure!(advise(&imported, I915_MADV_WILLNEED)?, "an import");
    ensure_eq!(memory.read_u32(0), 10, "the shared memory");
    Ok(())
}

/// What VM_BIND has bound stays, until it is unbound.
fn what_is_bound_stays() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (object, memory) = rig.memory(TARGET, PAGE)?;
    memory.write_u32(0, 11);
    ensure!(advise(&object, I915_MADV_DONTNEED)?, "retained");
    drop_caches(BOUND)?;
    ensure!(advise(&object, I915_MADV_DONTNEED)?, "bound: retained");
    ensure_eq!(memory.read_u32(0), 11, "the content");
    rig.vm.unbind(TARGET, PAGE)?;
    drop_caches(UNBOUND)?;
    ensure!(!advise(&object, I915_MADV_DONTNEED)?, "not retained");
    Ok(())
}

/// With nobody saying so: objects that aren't needed, together more than there is memory, half
/// of them bound on the GPU, make room for each other.
fn short_memory_is_found() -> Outcome {
    const EACH: u64 = 32 << 20;
    let memory = std::fs::read_to_string("/proc/meminfo")?;
    let total = memory.lines().find_map(|line| {
        let kib = line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?;
        kib.parse::<u64>().ok()
    });
    let total = total.ok_or("no MemTotal")? * 1024;
    let count = total / EACH + 4;
    let device = Device::open()?;
    let batch = program(&device, |_| {})?;
    let mut objects = Vec::new();
    for index in 0..count {
        let object = Object::create(&device, EACH)?;
        if index % 2 == 0 {
            let list = vec![
                object.written_at(TARGET + index * EACH),
                batch.pinned_at(BATCH),
            ];
            Exec2::new(list).submit(&device)?;
            object.wait(-1)?;
        } else {
            object.set_domain(I915_GEM_DOMAIN_CPU, 0)?;
        }
        advise(&object, I915_MADV_DONTNEED)?;
        objects.push(object);
    }
    let mut gone = 0;
    for object in &objects {
        gone += u64::from(!advise(object, I915_MADV_WILLNEED)?);
    }
    ensure!(gone >= 4, "{gone} of {count} are gone");
    let (last, memory) = filled(&device, 12)?;
    ensure_eq!(memory.read_u32(0), 12, "memory goes on");
    drop(last);
    Ok(())
}
