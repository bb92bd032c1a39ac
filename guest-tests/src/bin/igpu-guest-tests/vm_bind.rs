//! VM_BIND and VM_UNBIND: what the GPU finds at which address. Every test looks at
//! memory that the GPU has written or read, not at return values alone.

use libtest_mimic::Trial;
use virtio_igpu_guest_tests::client::{
    AddressSpace, Context, Device, Engine, Exec3, Object, Syncobj,
};
use virtio_igpu_guest_tests::gpu::{Rectangle, Surface, canonical};
use virtio_igpu_guest_tests::sys::memory::Mapping;
use virtio_igpu_guest_tests::sys::uapi::{I915_GEM_VM_BIND_CAPTURE, drm_i915_gem_vm_bind};

use crate::rig::{BCS0, Outcome, PAGE, PATIENCE, RCS0, Rig, ensure, ensure_eq, trials};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("vm_bind":
        whole_object, section, alias, replace, replace_part, unbind_splits_a_mapping,
        unbind_over_several_and_holes, unbind_of_nothing_succeeds, timeline_fence,
        binary_fence, fence_of_unbind, bind_is_seen_by_the_next_submission,
        unbind_is_seen_by_the_next_submission, contexts_share_an_address_space,
        address_spaces_are_apart, address_space_lives_with_its_contexts, capture_flag,
        batch_in_the_middle_of_an_object, batch_that_crosses_pages,
        unmapped_reads_are_scratch, unmapped_writes_vanish, fill_and_copy,
        addresses_of_all_48_bits,
    )
}

const AT: u64 = 0x1_0000_0000;
const RESULT: u64 = 0x2_0000_0000;

/// A whole object: the GPU's writes appear in it, its content appears to the GPU.
fn whole_object() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_object, memory) = rig.memory(AT, 4 * PAGE)?;
    memory.write_u32(8, 0xcafe);
    rig.run(RCS0, |batch| {
        batch
            .store_u32(AT, 1)
            .store_u64(AT + 3 * PAGE, 0x1122_3344_5566_7788);
        batch.copy_u32(AT + PAGE, AT + 8);
    })?;
    ensure_eq!(memory.read_u32(0), 1, "the first dword");
    ensure_eq!(
        memory.read_u64(3 * PAGE as usize),
        0x1122_3344_5566_7788,
        "the last page"
    );
    ensure_eq!(
        memory.read_u32(PAGE as usize),
        0xcafe,
        "what the GPU copied"
    );
    Ok(())
}

/// A section: the offset counts from the object's start, the rest stays out of reach.
fn section() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let object = Object::create(&device, 8 * PAGE)?;
    let memory = object.map()?;
    rig.vm.bind_section(&object, AT, 3 * PAGE, 2 * PAGE)?;
    rig.run(RCS0, |batch| {
        batch.store_u32(AT, 1).store_u32(AT + PAGE + 4, 2);
        batch.store_u32(AT - PAGE, 3).store_u32(AT + 2 * PAGE, 4);
    })?;
    let mut expected = vec![0; 8 * PAGE as usize];
    expected[3 * PAGE as usize] = 1;
    expected[4 * PAGE as usize + 4] = 2;
    ensure!(
        memory.to_vec() == expected,
        "the object's memory isn't what it should be"
    );
    Ok(())
}

/// Aliases: the same pages at several addresses are the same memory.
fn alias() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (object, memory) = rig.memory(AT, 2 * PAGE)?;
    let other = 0x7000_0000_0000;
    rig.vm.bind(&object, other)?;
    rig.vm
        .bind_section(&object, other + 0x10_0000, PAGE, PAGE)?;
    rig.run(BCS0, |batch| {
        batch
            .store_u32(other + PAGE, 7)
            .copy_u32(AT, other + 0x10_0000)
            .copy_u32(other + 4, AT);
    })?;
    ensure_eq!(
        (memory.read_u32(0), memory.read_u32(4)),
        (7, 7),
        "what was read by an alias"
    );
    // One alias goes, the others stay.
    rig.vm.unbind(AT, 2 * PAGE)?;
    rig.run(BCS0, |batch| {
        batch.store_u32(AT, 8).store_u32(other + 8, 9);
    })?;
    ensure_eq!(
        (memory.read_u32(0), memory.read_u32(8)),
        (7, 9),
        "after an unbind"
    );
    Ok(())
}

/// A bind replaces what its range holds.
fn replace() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_old, old) = rig.memory(AT, PAGE)?;
    rig.run(RCS0, |batch| {
        batch.store_u32(AT, 1);
    })?;
    let (_new, new) = rig.memory(AT, PAGE)?;
    rig.run(RCS0, |batch| {
        batch.store_u32(AT, 2);
    })?;
    ensure_eq!(
        (old.read_u32(0), new.read_u32(0)),
        (1, 2),
        "the old and the new object"
    );
    Ok(())
}

/// A bind over the middle of a mapping leaves both its ends.
fn replace_part() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_old, old) = rig.memory(AT, 4 * PAGE)?;
    let (_new, new) = rig.memory(AT + PAGE, 2 * PAGE)?;
    rig.run(RCS0, |batch| {
        for page in 0..4 {
            batch.store_u32(AT + page * PAGE, 10 + page as u32);
        }
    })?;
    ensure_eq!(firsts(&old), [10, 0, 0, 13], "the old object");
    ensure_eq!(firsts(&new), [11, 12], "the new object");
    Ok(())
}

/// An unbind in the middle of a mapping splits it in two.
fn unbind_splits_a_mapping() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_object, memory) = rig.memory(AT, 5 * PAGE)?;
    rig.vm.unbind(AT + 2 * PAGE, PAGE)?;
    rig.run(RCS0, |batch| {
        for page in 0..5 {
            batch.store_u32(AT + page * PAGE, 20 + page as u32);
        }
    })?;
    ensure_eq!(
        firsts(&memory),
        [20, 21, 0, 23, 24],
        "after the middle page went"
    );
    rig.vm.unbind(AT, PAGE)?;
    rig.vm.unbind(AT + 4 * PAGE, PAGE)?;
    rig.run(RCS0, |batch| {
        for page in 0..5 {
            batch.store_u32(AT + page * PAGE, 30 + page as u32);
        }
    })?;
    ensure_eq!(firsts(&memory), [20, 31, 0, 33, 24], "after both ends went");
    Ok(())
}

/// An unbind takes away all it covers: whole mappings, parts and holes.
fn unbind_over_several_and_holes() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_first, first) = rig.memory(AT, 2 * PAGE)?;
    let (_second, second) = rig.memory(AT + 4 * PAGE, PAGE)?;
    let (_third, third) = rig.memory(AT + 6 * PAGE, 2 * PAGE)?;
    rig.vm.unbind(AT + PAGE, 6 * PAGE)?;
    rig.run(RCS0, |batch| {
        for page in 0..8 {
            batch.store_u32(AT + page * PAGE, 40 + page as u32);
        }
    })?;
    ensure_eq!(firsts(&first), [40, 0], "the first: its end is gone");
    ensure_eq!(firsts(&second), [0], "the second: all is gone");
    ensure_eq!(firsts(&third), [0, 47], "the third: its begin is gone");
    Ok(())
}

/// "If the specified mapping is not found, the ioctl will simply return without any
/// error."
fn unbind_of_nothing_succeeds() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    rig.vm.unbind(AT, PAGE)?;
    rig.vm.unbind(0x10_0000_0000, 1 << 40)?;
    let (_object, memory) = rig.memory(AT, PAGE)?;
    rig.vm.unbind(AT + PAGE, PAGE)?;
    rig.run(RCS0, |batch| {
        batch.store_u32(AT, 1);
    })?;
    ensure_eq!(memory.read_u32(0), 1, "the neighbour of what was unbound");
    Ok(())
}

/// With SIGNAL and a point: the timeline reaches the point when the mapping is there.
fn timeline_fence() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let bound = Syncobj::create(&device)?;
    let objects = [(); 4].map(|()| Object::create(&device, PAGE));
    for (index, object) in objects.iter().enumerate() {
        let object = object.as_ref().map_err(ToString::to_string)?;
        let point = 10 * (index as u64 + 1);
        rig.vm
            .bind_async(object, AT + index as u64 * PAGE, bound.signal_fence(point))?;
    }
    bound.wait_point(40, PATIENCE)?;
    ensure_eq!(bound.reached()?, 40, "the timeline");
    rig.run(RCS0, |batch| {
        batch.store_u32(AT + 3 * PAGE, 1);
    })?;
    let last = objects[3].as_ref().map_err(ToString::to_string)?;
    ensure_eq!(last.map()?.read_u32(0), 1, "the last object");
    Ok(())
}

/// With SIGNAL and the value 0: the syncobj is a binary one.
fn binary_fence() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let bound = Syncobj::create(&device)?;
    let object = Object::create(&device, PAGE)?;
    rig.vm.bind_async(&object, AT, bound.signal_fence(0))?;
    bound.wait(PATIENCE)?;
    ensure_eq!(bound.status()?, 1, "the fence");
    Ok(())
}

/// An unbind's fence signals too, also when there was nothing to unbind.
fn fence_of_unbind() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_object, memory) = rig.memory(AT, PAGE)?;
    let unbound = Syncobj::create(&device)?;
    rig.vm.unbind_async(AT, PAGE, unbound.signal_fence(1))?;
    rig.vm.unbind_async(AT, PAGE, unbound.signal_fence(2))?;
    unbound.wait_point(2, PATIENCE)?;
    rig.run(RCS0, |batch| {
        batch.store_u32(AT, 1);
    })?;
    ensure_eq!(memory.read_u32(0), 0, "the object after the unbind");
    Ok(())
}

/// A bind that was queued before a submission is seen by it, with nobody waiting.
fn bind_is_seen_by_the_next_submission() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (bound, done) = (Syncobj::create(&device)?, Syncobj::create(&device)?);
    for round in 1..=20u32 {
        let object = Object::create(&device, PAGE)?;
        let batch = rig.write(u64::from(round % 16), |batch| {
            batch.store_u32(AT, round);
        });
        let point = u64::from(round);
        rig.vm.bind_async(&object, AT, bound.signal_fence(point))?;
        Exec3::new(&rig.context, RCS0, batch)
            .fence(done.signal_fence(point))
            .submit(&device)?;
        done.wait_point(point, PATIENCE)?;
        ensure_eq!(object.map()?.read_u32(0), round, "round {round}");
    }
    Ok(())
}

/// An unbind that was queued before a submission is seen by it, with nobody waiting.
fn unbind_is_seen_by_the_next_submission() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_object, memory) = rig.memory(AT, PAGE)?;
    let (unbound, done) = (Syncobj::create(&device)?, Syncobj::create(&device)?);
    let batch = rig.write(0, |batch| {
        batch.store_u32(AT, 1);
    });
    rig.vm.unbind_async(AT, PAGE, unbound.signal_fence(1))?;
    Exec3::new(&rig.context, RCS0, batch)
        .fence(done.signal_fence(1))
        .submit(&device)?;
    done.wait_point(1, PATIENCE)?;
    ensure_eq!(memory.read_u32(0), 0, "the object after the unbind");
    Ok(())
}

/// Contexts on one address space see the same mappings.
fn contexts_share_an_address_space() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_object, memory) = rig.memory(AT, PAGE)?;
    let contexts = [Engine::RCS0, Engine::BCS0, Engine::VCS0, Engine::VECS0]
        .map(|engine| Context::for_vm(&device, &rig.vm, &[engine]));
    let done = Syncobj::create(&device)?;
    for (index, context) in contexts.iter().enumerate() {
        let context = context.as_ref().map_err(ToString::to_string)?;
        let batch = rig.write(index as u64, |batch| {
            batch.store_u32(AT + 4 * index as u64, 50 + index as u32);
        });
        let point = index as u64 + 1;
        let mut submission = Exec3::new(context, 0, batch);
        if point > 1 {
            submission = submission.fence(done.wait_fence(point - 1));
        }
        submission.fence(done.signal_fence(point)).submit(&device)?;
    }
    done.wait_point(4, PATIENCE)?;
    let dwords = [0, 4, 8, 12].map(|offset| memory.read_u32(offset));
    ensure_eq!(dwords, [50, 51, 52, 53], "what four contexts have written");
    Ok(())
}

/// Another address space sees nothing of a mapping, and may use the address itself.
fn address_spaces_are_apart() -> Outcome {
    let device = Device::open()?;
    let (one, two) = (Rig::new(&device)?, Rig::new(&device)?);
    let (_first, first) = one.memory(AT, PAGE)?;
    let (_second, second) = two.memory(AT, PAGE)?;
    let (_only, only) = one.memory(RESULT, PAGE)?;
    one.run(RCS0, |batch| {
        batch.store_u32(AT, 1);
    })?;
    two.run(RCS0, |batch| {
        batch.store_u32(AT, 2).store_u32(RESULT, 3);
    })?;
    ensure_eq!(
        (first.read_u32(0), second.read_u32(0)),
        (1, 2),
        "the same address in two"
    );
    ensure_eq!(
        only.read_u32(0),
        0,
        "an address that only the other has mapped"
    );
    Ok(())
}

/// VM_DESTROY drops the id; mappings go with the last context.
fn address_space_lives_with_its_contexts() -> Outcome {
    let device = Device::open()?;
    let vm = AddressSpace::create(&device)?;
    let context = Context::for_vm(&device, &vm, &[Engine::RCS0])?;
    let (batches, target) = (
        Object::create(&device, PAGE)?,
        Object::create(&device, PAGE)?,
    );
    vm.bind(&batches, RESULT)?;
    vm.bind(&target, AT)?;
    vm.destroy()?;
    let mut batch = virtio_igpu_guest_tests::gpu::Batch::new();
    batch.store_u32(AT, 1);
    batches.map()?.write_dwords(0, &batch.end());
    let done = Syncobj::create(&device)?;
    Exec3::new(&context, 0, RESULT)
        .fence(done.signal_fence(1))
        .submit(&device)?;
    done.wait_point(1, PATIENCE)?;
    ensure_eq!(target.map()?.read_u32(0), 1, "the object");
    Ok(())
}

/// CAPTURE is accepted, and makes no difference as long as nothing hangs.
fn capture_flag() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let object = Object::create(&device, PAGE)?;
    let argument = rig.vm.bind_argument(&object, AT, 0, PAGE);
    let mut argument = drm_i915_gem_vm_bind {
        flags: I915_GEM_VM_BIND_CAPTURE.into(),
        ..argument
    };
    device.call::<virtio_igpu_guest_tests::sys::request::VmBind>(&mut argument)?;
    rig.run(RCS0, |batch| {
        batch.store_u32(AT, 1);
    })?;
    ensure_eq!(object.map()?.read_u32(0), 1, "the object");
    Ok(())
}

/// EXECBUFFER3 begins at the address it was given, not where the mapping begins.
fn batch_in_the_middle_of_an_object() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_object, memory) = rig.memory(AT, PAGE)?;
    let (_code, code) = rig.memory(RESULT, PAGE)?;
    // Two batches in one page; the first would write 1, the second writes 2.
    for (offset, value) in [(0, 1), (0x508, 2)] {
        let mut batch = virtio_igpu_guest_tests::gpu::Batch::new();
        batch.store_u32(AT, value);
        code.write_dwords(offset, &batch.end());
    }
    let done = Syncobj::create(&device)?;
    let middle = Exec3::new(&rig.context, RCS0, RESULT + 0x508);
    middle.fence(done.signal_fence(1)).submit(&device)?;
    done.wait_point(1, PATIENCE)?;
    ensure_eq!(memory.read_u32(0), 2, "what the batch in the middle writes");
    Ok(())
}

/// A batch runs on over the border between pages, also when they are two objects'.
fn batch_that_crosses_pages() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_object, memory) = rig.memory(AT, PAGE)?;
    let (_first, first) = rig.memory(RESULT, PAGE)?;
    let (_second, second) = rig.memory(RESULT + PAGE, PAGE)?;
    let mut batch = virtio_igpu_guest_tests::gpu::Batch::new();
    // The border lies within the second command.
    batch
        .pad_to(PAGE - 24)
        .store_u32(AT, 1)
        .store_u32(AT + 4, 2)
        .store_u32(AT + 8, 3);
    let commands = batch.end();
    let (head, tail) = commands.split_at(PAGE as usize / 4);
    first.write_dwords(0, head);
    second.write_dwords(0, tail);
    let done = Syncobj::create(&device)?;
    Exec3::new(&rig.context, RCS0, RESULT)
        .fence(done.signal_fence(1))
        .submit(&device)?;
    done.wait_point(1, PATIENCE)?;
    let dwords = [0, 4, 8].map(|offset| memory.read_u32(offset));
    ensure_eq!(dwords, [1, 2, 3], "what the batch writes");
    Ok(())
}

/// A read from where nothing is mapped is no fault.
fn unmapped_reads_are_scratch() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_object, memory) = rig.memory(AT, PAGE)?;
    memory.fill_u32(0xffff_ffff);
    rig.run(RCS0, |batch| {
        batch.copy_u32(AT, 0x5555_5555_5000).store_u32(AT + 4, 1);
    })?;
    ensure_eq!(memory.read_u32(4), 1, "the command after the read");
    Ok(())
}

/// A write to where nothing is mapped changes nobody's memory and is no fault.
fn unmapped_writes_vanish() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_object, memory) = rig.memory(AT, PAGE)?;
    rig.run(BCS0, |batch| {
        for page in [AT - PAGE, AT + PAGE, 0, 0x5555_5555_5000] {
            batch.store_u32(page, 0xbad);
        }
        batch.store_u32(AT + 4, 1);
    })?;
    let mut expected = vec![0; PAGE as usize];
    expected[4] = 1;
    ensure!(
        memory.to_vec() == expected,
        "the neighbouring object has changed"
    );
    Ok(())
}

/// The blitter fills a rectangle and copies it to another mapping.
fn fill_and_copy() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_from, _) = rig.memory(AT, 16 * PAGE)?;
    let (_to, to) = rig.memory(RESULT, 16 * PAGE)?;
    let (source, target) = (Surface::linear(AT, 512), Surface::linear(RESULT, 512));
    let area = Rectangle {
        x: 16,
        y: 8,
        width: 64,
        height: 32,
    };
    rig.run(BCS0, |batch| {
        batch.fill(source, Rectangle::whole(128, 128), 0x1111_1111);
        batch.fill(source, area, 0xff80_4020);
        batch.flush(virtio_igpu_guest_tests::gpu::Tail::None);
        batch.copy(target, Rectangle::whole(128, 128), source, 0, 0);
    })?;
    for y in 0..128u32 {
        for x in 0..128u32 {
            let inside = (16..80).contains(&x) && (8..40).contains(&y);
            let expected = if inside { 0xff80_4020 } else { 0x1111_1111 };
            let got = to.read_u32((y * 512 + x * 4) as usize);
            ensure!(
                got == expected,
                "({x}, {y}): {got:#x}, expected {expected:#x}"
            );
        }
    }
    Ok(())
}

/// Mappings at both ends of the address space and on both sides of its middle.
fn addresses_of_all_48_bits() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let places = [
        0,
        0xffff_f000,
        0x1_0000_0000,
        0x7fff_ffff_f000,
        canonical(0x8000_0000_0000),
        canonical(0xffff_ffff_f000),
    ];
    let memories: Vec<_> = places
        .iter()
        .map(|at| rig.memory(*at, PAGE))
        .collect::<Result<_, _>>()?;
    rig.run(RCS0, |batch| {
        for (index, at) in places.iter().enumerate() {
            batch.store_u32(*at + 16, 60 + index as u32);
        }
    })?;
    for (index, (_, memory)) in memories.iter().enumerate() {
        ensure_eq!(
            memory.read_u32(16),
            60 + index as u32,
            "at {:#x}",
            places[index]
        );
    }
    Ok(())
}

/// The first dword of each page.
fn firsts(memory: &Mapping) -> Vec<u32> {
    (0..memory.len())
        .step_by(PAGE as usize)
        .map(|offset| memory.read_u32(offset))
        .collect()
}
