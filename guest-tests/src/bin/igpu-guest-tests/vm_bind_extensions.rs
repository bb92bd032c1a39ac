//! What VM_BIND offers beyond the RFC: null and read-only mappings, an array of operations
//! in one call, fences to wait for. Every test looks at memory that the GPU has used.

use libtest_mimic::Trial;
use nix::errno::Errno;
use virtio_igpu_guest_tests::client::{BindCall, Counters, Device, Exec3, Object, Syncobj};
use virtio_igpu_guest_tests::gpu::{Rectangle, Surface, Tail};
use virtio_igpu_guest_tests::sys::uapi::*;

use crate::rig::{
    A_WHILE, BCS0, Outcome, PAGE, PATIENCE, RCS0, Rig, ensure, ensure_eq, expect_errno,
    settled_counters, trials, wait_until,
};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("vm_bind_extensions":
        they_are_announced, null_reads_as_zero, null_over_memory_and_back,
        read_only_memory, read_only_pieces, array_in_order, array_with_one_fence,
        array_is_all_or_nothing, largest_array, bind_waits_for_a_batch,
        bind_waits_for_several, unbind_waits_for_a_batch, submission_behind_a_waiting_bind,
        ends_are_told_in_their_order, points_not_submitted_yet_are_refused, unbind_of_nothing_follows_its_fences,
    )
}

const AT: u64 = 0x1_0000_0000;
const RESULT: u64 = 0x2_0000_0000;

/// The parameter says what there is; version 1 would say 0.
fn they_are_announced() -> Outcome {
    let device = Device::open()?;
    let all = I915_VM_BIND_HAS_READONLY
        | I915_VM_BIND_HAS_NULL
        | I915_VM_BIND_HAS_FENCES
        | I915_VM_BIND_HAS_OPS;
    let got = device.param(I915_PARAM_VM_BIND_EXTENSIONS)?;
    ensure_eq!(got, all as i32, "I915_PARAM_VM_BIND_EXTENSIONS");
    Ok(())
}

/// A null mapping reads as zeroes, also after a write, by the command streamer and by the
/// blitter.
fn null_reads_as_zero() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_result, result) = rig.memory(RESULT, 4 * PAGE)?;
    result.fill_u32(0xffff_ffff);
    let at = 0x100_0000_0000;
    BindCall::new().null(at, 1 << 40).submit(&rig.vm)?;
    let far = at + (1 << 39);
    rig.run(RCS0, |batch| {
        batch
            .store_u32(far, 0xbad)
            .copy_u32(RESULT, far)
            .copy_u32(RESULT + 4, at);
    })?;
    ensure_eq!(result.read_u64(0), 0, "what was read behind a write");
    let (from, to) = (Surface::linear(far, 4096), Surface::linear(RESULT, 4096));
    rig.run(BCS0, |batch| {
        batch.fill(from, Rectangle::whole(1024, 2), 0xbad);
        batch.flush(Tail::None);
        batch.copy(to, Rectangle::whole(1024, 2), from, 0, 0);
    })?;
    let expected = [vec![0; 2 * PAGE as usize], vec![0xff; 2 * PAGE as usize]].concat();
    ensure!(result.to_vec() == expected, "what the blitter has copied");
    Ok(())
}

/// A null mapping over the middle of memory hides it; memory over the middle of that shows
/// again; an unbind takes the null pieces away as well.
fn null_over_memory_and_back() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (object, memory) = rig.memory(AT, 8 * PAGE)?;
    let (_result, result) = rig.memory(RESULT, PAGE)?;
    for page in 0..8 {
        memory.write_u32((page * PAGE) as usize, 100 + page as u32);
    }
    let look = |expected: [u32; 8], what: &str| -> Outcome {
        rig.run(RCS0, |batch| {
            for page in 0..8 {
                batch.copy_u32(RESULT + 4 * page, AT + page * PAGE);
            }
        })?;
        let got: Vec<u32> = (0..8).map(|page| result.read_u32(4 * page)).collect();
        ensure_eq!(got, expected, "{what}");
        Ok(())
    };
    BindCall::new().null(AT + PAGE, 6 * PAGE).submit(&rig.vm)?;
    look([100, 0, 0, 0, 0, 0, 0, 107], "with six null pages")?;
    rig.vm
        .bind_section(&object, AT + 3 * PAGE, 3 * PAGE, 2 * PAGE)?;
    look(
        [100, 0, 0, 103, 104, 0, 0, 107],
        "with memory in the middle",
    )?;
    rig.vm.unbind(AT + PAGE, 3 * PAGE)?;
    look([100, 0, 0, 0, 104, 0, 0, 107], "with a part unbound")?;
    // What is left of the null mapping still swallows; nothing is written through it.
    rig.run(RCS0, |batch| {
        for page in 0..8 {
            batch.store_u32(AT + page * PAGE + 8, 1);
        }
    })?;
    let got: Vec<u32> = (0..8)
        .map(|page| memory.read_u32((page * PAGE + 8) as usize))
        .collect();
    ensure_eq!(got, [1, 0, 0, 0, 1, 0, 0, 1], "what was written");
    Ok(())
}

/// The GPU reads through a read-only mapping, and what it writes there vanishes; an alias
/// that may be written is not affected.
fn read_only_memory() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let object = Object::create(&device, 2 * PAGE)?;
    let memory = object.map()?;
    let (_result, result) = rig.memory(RESULT, PAGE)?;
    memory.write_u32(0, 7);
    let read_only = |at| drm_i915_gem_vm_bind {
        flags: I915_GEM_VM_BIND_READONLY,
        ..rig.vm.bind_argument(&object, at, 0, 2 * PAGE)
    };
    device.call::<virtio_igpu_guest_tests::sys::request::VmBind>(&mut read_only(AT))?;
    rig.run(RCS0, |batch| {
        batch
            .store_u32(AT, 8)
            .store_u64(AT + PAGE, 9)
            .copy_u32(RESULT, AT);
    })?;
    let target = Surface::linear(AT, 4096);
    rig.run(BCS0, |batch| {
        batch.fill(target, Rectangle::whole(1024, 2), 0xbad);
    })?;
    ensure_eq!(
        (
            memory.read_u32(0),
            memory.read_u64(PAGE as usize),
            result.read_u32(0)
        ),
        (7, 0, 7),
        "memory, memory, and what was read"
    );
    let alias = AT + 0x10_0000;
    rig.vm.bind(&object, alias)?;
    rig.run(RCS0, |batch| {
        batch.store_u32(alias + 4, 10).copy_u32(RESULT + 4, AT + 4);
    })?;
    ensure_eq!(
        (memory.read_u32(4), result.read_u32(4)),
        (10, 10),
        "by an alias"
    );
    Ok(())
}

/// The pieces of a read-only mapping stay so, and what replaces it is not.
fn read_only_pieces() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let object = Object::create(&device, 5 * PAGE)?;
    let memory = object.map()?;
    let section = (0, 5 * PAGE);
    BindCall::new()
        .bind_section(&object, AT, section, I915_GEM_VM_BIND_READONLY)
        .bind_section(&object, AT + 2 * PAGE, (2 * PAGE, PAGE), 0)
        .unbind(AT + 4 * PAGE, PAGE)
        .submit(&rig.vm)?;
    rig.run(RCS0, |batch| {
        for page in 0..5 {
            batch.store_u32(AT + page * PAGE, 1);
        }
    })?;
    let got: Vec<u32> = (0..5)
        .map(|page| memory.read_u32((page * PAGE) as usize))
        .collect();
    ensure_eq!(got, [0, 0, 1, 0, 0], "what was written");
    Ok(())
}

/// Operations of an array are applied one after the other, binds and unbinds mixed.
fn array_in_order() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let objects = [
        Object::create(&device, 8 * PAGE)?,
        Object::create(&device, 8 * PAGE)?,
        Object::create_private(&device, 8 * PAGE, &rig.vm)?,
    ];
    let memories = [objects[0].map()?, objects[1].map()?, objects[2].map()?];
    BindCall::new()
        .bind(&objects[0], AT)
        .unbind(AT + PAGE, 2 * PAGE)
        .bind_section(&objects[1], AT + 2 * PAGE, (5 * PAGE, 3 * PAGE), 0)
        .unbind(AT + 4 * PAGE, PAGE)
        .bind_section(&objects[2], AT + 7 * PAGE, (0, PAGE), 0)
        .bind(&objects[1], AT + 0x10_0000)
        .unbind(AT + 0x10_0000, 8 * PAGE)
        .unbind(AT + 0x20_0000, 8 * PAGE)
        .submit(&rig.vm)?;
    rig.run(RCS0, |batch| {
        for page in 0..8 {
            batch.store_u32(AT + page * PAGE, 10 + page as u32);
            batch.store_u32(AT + 0x10_0000 + page * PAGE, 1);
        }
    })?;
    let firsts = memories.each_ref().map(|memory| {
        (0..8)
            .map(|page| memory.read_u32((page * PAGE) as usize))
            .collect::<Vec<_>>()
    });
    ensure_eq!(firsts[0], [10, 0, 0, 0, 0, 15, 16, 0], "the first object");
    ensure_eq!(firsts[1], [0, 0, 0, 0, 0, 12, 13, 0], "the second object");
    ensure_eq!(firsts[2], [17, 0, 0, 0, 0, 0, 0, 0], "the private object");
    Ok(())
}

/// One message for each operation, none waited for, and one set of fences, of all kinds.
fn array_with_one_fence() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let object = Object::create(&device, PAGE)?;
    let (timeline, binary) = (Syncobj::create(&device)?, Syncobj::create(&device)?);
    let mut call = BindCall::new()
        .fence(timeline.signal_fence(5))
        .fence(binary.signal_fence(0));
    for page in 0..64 {
        call = call.bind(&object, AT + 2 * page * PAGE);
    }
    let before: Counters = settled_counters()?;
    call.submit(&rig.vm)?;
    timeline.wait_point(5, PATIENCE)?;
    binary.wait(PATIENCE)?;
    let sent = settled_counters()?.sum("commands_") - before.sum("commands_");
    ensure_eq!(sent, 64, "messages for 64 operations");
    ensure_eq!(
        (timeline.reached()?, binary.status()?),
        (5, 1),
        "the fences"
    );
    rig.run(RCS0, |batch| {
        batch.store_u32(AT + 126 * PAGE, 3);
    })?;
    ensure_eq!(object.map()?.read_u32(0), 3, "by the last of the mappings");
    Ok(())
}

/// An error of the last operation leaves everything as it was.
fn array_is_all_or_nothing() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_old, old) = rig.memory(AT, 4 * PAGE)?;
    let (new, done) = (
        Object::create(&device, 4 * PAGE)?,
        Syncobj::create(&device)?,
    );
    let good = BindCall::new()
        .bind(&new, AT)
        .unbind(AT, PAGE)
        .bind(&new, RESULT)
        .fence(done.signal_fence(1));
    for (bad, errno) in [
        (good.clone().null(AT, 0), Errno::EINVAL),
        (good.clone().unbind(1 << 47, PAGE), Errno::EINVAL),
        (
            good.clone().bind_section(&new, AT, (PAGE, 4 * PAGE), 0),
            Errno::EINVAL,
        ),
        (
            good.clone().fence(drm_i915_gem_timeline_fence {
                handle: 0xbeef00,
                flags: I915_TIMELINE_FENCE_SIGNAL,
                value: 1,
            }),
            Errno::ENOENT,
        ),
    ] {
        expect_errno(bad.submit(&rig.vm), errno, "an array with a bad end")?;
    }
    rig.run(RCS0, |batch| {
        for page in 0..4 {
            batch.store_u32(AT + page * PAGE, 20 + page as u32);
            batch.store_u32(RESULT + page * PAGE, 1);
        }
    })?;
    let got: Vec<u32> = (0..4)
        .map(|page| old.read_u32((page * PAGE) as usize))
        .collect();
    ensure_eq!(got, [20, 21, 22, 23], "what was bound before");
    let new = new.map()?.to_vec();
    ensure!(new.iter().all(|byte| *byte == 0), "the new object is bound");
    Ok(())
}

/// As many operations as there may be; one more is E2BIG.
fn largest_array() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let object = Object::create(&device, PAGE)?;
    let mut call = BindCall::new();
    let most = u64::from(I915_GEM_VM_BIND_MAX_OPS);
    for page in 0..most {
        call = call.bind(&object, AT + page * PAGE);
    }
    call.submit(&rig.vm)?;
    rig.run(RCS0, |batch| {
        batch
            .store_u32(AT + (most - 1) * PAGE, 5)
            .store_u32(AT + most * PAGE, 6);
    })?;
    ensure_eq!(object.map()?.read_u32(0), 5, "by the last mapping");
    let more = call.bind(&object, AT);
    expect_errno(more.submit(&rig.vm), Errno::E2BIG, "an operation more")
}

/// A bind that waits for a batch is applied after it, with nobody waiting in between.
fn bind_waits_for_a_batch() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let spinner = rig.spinner(0);
    let (ran, bound) = (Syncobj::create(&device)?, Syncobj::create(&device)?);
    Exec3::new(&rig.context, BCS0, spinner.address())
        .fence(ran.signal_fence(1))
        .submit(&device)?;
    wait_until("the spinner has started", || rig.has_started(&spinner))?;
    let object = Object::create(&device, PAGE)?;
    BindCall::new()
        .bind(&object, AT)
        .fence(ran.wait_fence(1))
        .fence(bound.signal_fence(1))
        .submit(&rig.vm)?;
    std::thread::sleep(A_WHILE);
    ensure_eq!(bound.reached()?, 0, "the bind, while the batch runs");
    rig.end(&spinner);
    bound.wait_point(1, PATIENCE)?;
    ensure_eq!(ran.reached()?, 1, "the batch, when the bind is done");
    rig.run(RCS0, |batch| {
        batch.store_u32(AT, 1);
    })?;
    ensure_eq!(object.map()?.read_u32(0), 1, "the object");
    Ok(())
}

/// Several fences: two batches of another address space, and a syncobj that is past.
fn bind_waits_for_several() -> Outcome {
    let device = Device::open()?;
    let (rig, other) = (Rig::new(&device)?, Rig::new(&device)?);
    let past = Syncobj::create_signaled(&device)?;
    let (ran, bound) = (Syncobj::create(&device)?, Syncobj::create(&device)?);
    let spinners = [other.spinner(0), other.spinner(1)];
    for (engine, spinner) in (0..).zip(&spinners) {
        Exec3::new(&other.context, engine, spinner.address())
            .fence(ran.signal_fence(u64::from(engine) + 1))
            .submit(&device)?;
    }
    let object = Object::create(&device, PAGE)?;
    BindCall::new()
        .bind(&object, AT)
        .fence(past.wait_fence(0))
        .fence(ran.wait_fence(1))
        .fence(ran.wait_fence(2))
        .fence(bound.signal_fence(3))
        .submit(&rig.vm)?;
    other.end(&spinners[0]);
    ran.wait_point(1, PATIENCE)?;
    std::thread::sleep(A_WHILE);
    ensure_eq!(bound.reached()?, 0, "the bind, while the second runs");
    other.end(&spinners[1]);
    bound.wait_point(3, PATIENCE)?;
    rig.run(RCS0, |batch| {
        batch.store_u32(AT, 1);
    })?;
    ensure_eq!(object.map()?.read_u32(0), 1, "the object");
    Ok(())
}

/// An unbind that waits for a batch of another address space leaves the range until then.
fn unbind_waits_for_a_batch() -> Outcome {
    let device = Device::open()?;
    let (rig, other) = (Rig::new(&device)?, Rig::new(&device)?);
    let (_object, memory) = rig.memory(AT, PAGE)?;
    let spinner = other.spinner(0);
    let (ran, unbound) = (Syncobj::create(&device)?, Syncobj::create(&device)?);
    Exec3::new(&other.context, RCS0, spinner.address())
        .fence(ran.signal_fence(0))
        .submit(&device)?;
    BindCall::new()
        .fence(ran.wait_fence(0))
        .fence(unbound.signal_fence(1))
        .submit_unbind(&rig.vm, AT, PAGE)?;
    std::thread::sleep(A_WHILE);
    ensure_eq!(unbound.reached()?, 0, "the unbind, while the batch runs");
    other.end(&spinner);
    unbound.wait_point(1, PATIENCE)?;
    rig.run(RCS0, |batch| {
        batch.store_u32(AT, 1);
    })?;
    ensure_eq!(memory.read_u32(0), 0, "the object after the unbind");
    Ok(())
}

/// A submission behind a bind that waits sees it: it waits as well.
fn submission_behind_a_waiting_bind() -> Outcome {
    let device = Device::open()?;
    let (rig, other) = (Rig::new(&device)?, Rig::new(&device)?);
    let spinner = other.spinner(0);
    let (ran, done) = (Syncobj::create(&device)?, Syncobj::create(&device)?);
    Exec3::new(&other.context, RCS0, spinner.address())
        .fence(ran.signal_fence(1))
        .submit(&device)?;
    let (object, bound) = (Object::create(&device, PAGE)?, Syncobj::create(&device)?);
    BindCall::new()
        .bind(&object, AT)
        .fence(ran.wait_fence(1))
        .fence(bound.signal_fence(1))
        .submit(&rig.vm)?;
    let batch = rig.write(0, |batch| {
        batch.store_u32(AT, 1);
    });
    Exec3::new(&rig.context, RCS0, batch)
        .fence(done.signal_fence(1))
        .submit(&device)?;
    std::thread::sleep(A_WHILE);
    ensure_eq!(done.reached()?, 0, "the submission behind the bind");
    other.end(&spinner);
    done.wait_point(1, PATIENCE)?;
    ensure_eq!(object.map()?.read_u32(0), 1, "the object");
    Ok(())
}

/// A batch, a bind that waits for it, a batch that waits for the bind: whoever has seen one end
/// finds those before it ended, though batches and binds are told of by interrupts of their own.
fn ends_are_told_in_their_order() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let empty = rig.write(0, |_| ());
    let object = Object::create(&device, PAGE)?;
    let (first, bound, last) = (
        Syncobj::create(&device)?,
        Syncobj::create(&device)?,
        Syncobj::create(&device)?,
    );
    for point in 1..=500 {
        Exec3::new(&rig.context, BCS0, empty)
            .fence(first.signal_fence(point))
            .submit(&device)?;
        BindCall::new()
            .bind(&object, AT)
            .fence(first.wait_fence(point))
            .fence(bound.signal_fence(point))
            .submit(&rig.vm)?;
        Exec3::new(&rig.context, BCS0, empty)
            .fence(bound.wait_fence(point))
            .fence(last.signal_fence(point))
            .submit(&device)?;
        if point % 2 == 0 {
            bound.wait_point(point, PATIENCE)?;
            ensure_eq!(first.reached()?, point, "the batch, when the bind is done");
        }
        last.wait_point(point, PATIENCE)?;
        ensure_eq!(
            bound.reached()?,
            point,
            "the bind, when what waited is done"
        );
    }
    Ok(())
}

/// As with EXECBUFFER3 and with xe: what is waited for has to exist.
fn points_not_submitted_yet_are_refused() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (object, timeline) = (Object::create(&device, PAGE)?, Syncobj::create(&device)?);
    let bind = |point| {
        let call = BindCall::new().bind(&object, AT);
        call.fence(timeline.wait_fence(point)).submit(&rig.vm)
    };
    expect_errno(bind(0), Errno::EINVAL, "an empty syncobj")?;
    expect_errno(bind(1), Errno::EINVAL, "a point of an empty syncobj")?;
    timeline.signal_point(1)?;
    bind(1)?;
    expect_errno(bind(2), Errno::EINVAL, "a later point")?;
    rig.run(RCS0, |batch| {
        batch.store_u32(AT, 1);
    })?;
    ensure_eq!(object.map()?.read_u32(0), 1, "the object");
    Ok(())
}

/// An unbind that finds nothing does not signal before what it was to wait for.
fn unbind_of_nothing_follows_its_fences() -> Outcome {
    let device = Device::open()?;
    let (rig, other) = (Rig::new(&device)?, Rig::new(&device)?);
    let spinner = other.spinner(0);
    let (ran, unbound) = (Syncobj::create(&device)?, Syncobj::create(&device)?);
    Exec3::new(&other.context, RCS0, spinner.address())
        .fence(ran.signal_fence(1))
        .submit(&device)?;
    BindCall::new()
        .fence(ran.wait_fence(1))
        .fence(unbound.signal_fence(1))
        .submit_unbind(&rig.vm, AT, PAGE)?;
    std::thread::sleep(A_WHILE);
    ensure_eq!(unbound.reached()?, 0, "the unbind of nothing");
    other.end(&spinner);
    unbound.wait_point(1, PATIENCE)?;
    Ok(())
}
