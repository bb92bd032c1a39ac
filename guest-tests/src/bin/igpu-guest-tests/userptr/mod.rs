//! Memory of a process as an object (userptr), which the process changes while the GPU has
//! it: unmapped, moved, forked, given up. The rules are those of i915's
//! `gem/i915_gem_userptr.c`: changing memory waits for nobody and corrupts nothing, the next
//! submission finds what the process has then, or is EFAULT.

mod calls;
mod exec2;
mod under_load;

use libtest_mimic::{Failed, Trial};
use nix::errno::Errno;
use virtio_igpu_guest_tests::client::{Counters, Device, Exec3, Object, Param, Result, Syncobj};
use virtio_igpu_guest_tests::gpu::Compare;
use virtio_igpu_guest_tests::sys::memory::{Mapping, userptr};
use virtio_igpu_guest_tests::sys::remap::{Access, Forked};

use crate::rig::{
    A_WHILE, BCS0, Outcome, PAGE, PATIENCE, RCS0, Rig, ensure, ensure_eq, expect_errno,
    vm_bind_trials, wait_until,
};

pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = vm_bind_trials!("userptr":
        vma_merge, renewed_memory_is_rebound, discarded_memory_is_rebound,
        moved_memory_is_rebound, part_of_an_object_is_renewed, every_mapping_is_rebound,
        memory_that_stays_the_same_costs_no_update, memory_that_has_gone_is_efault,
        memory_that_has_gone_is_unpinned, memory_of_a_dead_process_is_unpinned,
        another_process_is_refused, bind_of_memory_that_has_gone,
    );
    tests.extend(under_load::tests());
    tests.extend(exec2::tests());
    tests.extend(calls::tests());
    tests
}

const PAGE_BYTES: usize = PAGE as usize;
const AT: u64 = 0x9000_0000;
/// Where an object lies with whose help a batch waits for the CPU.
const GATE_AT: u64 = 0xa000_0000;

/// The driver's counter of that name.
fn counter(name: &str) -> std::result::Result<u64, Failed> {
    let counters = Counters::read()?;
    ensure!(counters.has(name), "there is no counter {name}");
    Ok(counters.get(name))
}

/// Waits until no memory of processes is pinned: what earlier tests had is gone.
fn nothing_is_pinned() -> Outcome {
    wait_until("no memory of processes is pinned", || {
        counter("userptr_bytes_pinned").is_ok_and(|bytes| bytes == 0)
    })
}

/// What a step of a test comes to.
type Step<T> = std::result::Result<T, Failed>;

/// A client with an object of `pages` pages of its own, bound at [`AT`].
struct Bound<'d> {
    rig: Rig<'d>,
    object: Object<'d>,
}

impl<'d> Bound<'d> {
    fn new(device: &'d Device, memory: &'d Mapping) -> Step<Self> {
        let rig = Rig::new(device)?;
        let object = Object::userptr(device, memory)?;
        rig.vm.bind(&object, AT)?;
        Ok(Self { rig, object })
    }

    /// Has the GPU write `value` to the beginning of a page.
    fn store(&self, page: usize, value: u32) -> Result<()> {
        let address = AT + page as u64 * PAGE;
        self.rig.run(RCS0, |batch| {
            batch.store_u32(address, value);
        })
    }

    /// Starts a batch that writes `value` to the beginning of page 0 when it is let through
    /// [`Gate`]; gives what signals its end.
    fn store_behind(&self, gate: &Gate<'d>, place: u64, value: u32) -> Step<Syncobj<'d>> {
        let address = self.rig.write(place, |batch| {
            batch.store_u32(GATE_AT + 4, 1);
            batch.wait_until(GATE_AT, Compare::Equal, 1);
            batch.store_u32(AT, value);
        });
        let done = Syncobj::create(self.rig.device)?;
        Exec3::new(&self.rig.context, RCS0, address)
            .fence(done.signal_fence(0))
            .submit(self.rig.device)?;
        wait_until("the batch has begun", || gate.memory.read_u32(4) == 1)?;
        Ok(done)
    }
}

/// Where batches wait for the CPU.
struct Gate<'d> {
    _object: Object<'d>,
    memory: Mapping,
}

impl<'d> Gate<'d> {
    fn new(rig: &Rig<'d>) -> Step<Self> {
        let (object, memory) = rig.memory(GATE_AT, PAGE)?;
        Ok(Self {
            _object: object,
            memory,
        })
    }

    /// Lets batches through, and waits for the end of one.
    fn open(&self, done: &Syncobj<'_>) -> Result<()> {
        self.memory.write_u32(0, 1);
        done.wait(PATIENCE)
    }

    fn close(&self) {
        self.memory.write_u64(0, 0);
    }
}

/// As IGT's gem_userptr_blits@vma-merge, over EXECBUFFER3: mappings of the process that
/// merge with that of the object are no change to the object's memory, and don't wait for
/// the batch that uses it.
fn vma_merge() -> Outcome {
    let device = Device::open()?;
    let pages = Mapping::anonymous(32 * PAGE_BYTES)?;
    let rig = Rig::new(&device)?;
    let handle = userptr(device.fd(), &pages, 16 * PAGE_BYTES, 16 * PAGE, 0)?;
    let object = Object::from_handle(&device, handle, 16 * PAGE);
    rig.vm.bind(&object, AT)?;
    let before = counter("userptr_invalidated")?;
    let gate = Gate::new(&rig)?;
    let bound = Bound { rig, object };
    let done = bound.store_behind(&gate, 0, 7)?;
    for page in 0..16 {
        pages.renew(page * PAGE_BYTES, PAGE_BYTES)?;
        pages.write_u32(page * PAGE_BYTES, 1);
    }
    ensure_eq!(done.status()?, 0, "the batch that holds the memory");
    ensure_eq!(
        counter("userptr_invalidated")?,
        before,
        "changes of the object's memory that were seen"
    );
    gate.open(&done)?;
    ensure_eq!(
        pages.read_u32(16 * PAGE_BYTES),
        7,
        "what the batch wrote beside the merged mappings"
    );
    Ok(())
}

/// Changes memory in some way that puts zeroes in the place of the first page; the next
/// submission writes to what is there then.
fn is_rebound(change: impl Fn(&Mapping) -> std::result::Result<(), Errno>) -> Outcome {
    let device = Device::open()?;
    let pages = Mapping::anonymous(4 * PAGE_BYTES)?;
    let bound = Bound::new(&device, &pages)?;
    for round in 1..=3 {
        bound.store(0, round)?;
        bound.store(3, round)?;
        ensure_eq!(
            (pages.read_u32(0), pages.read_u32(3 * PAGE_BYTES)),
            (round, round),
            "what the GPU wrote in round {round}"
        );
        let before = counter("userptr_invalidated")?;
        change(&pages)?;
        ensure_eq!(pages.read_u32(0), 0, "the first page after the change");
        ensure!(
            counter("userptr_invalidated")? > before,
            "nobody saw the change in round {round}"
        );
    }
    bound.store(0, 99)?;
    ensure_eq!(pages.read_u32(0), 99, "what the GPU wrote after the last");
    Ok(())
}

fn renewed_memory_is_rebound() -> Outcome {
    is_rebound(|pages| pages.renew(0, 4 * PAGE_BYTES))
}

fn discarded_memory_is_rebound() -> Outcome {
    is_rebound(|pages| pages.discard(0, 4 * PAGE_BYTES))
}

/// mremap(2): other pages come to lie where the object's were.
fn moved_memory_is_rebound() -> Outcome {
    is_rebound(|pages| {
        let others = Mapping::anonymous(4 * PAGE_BYTES)?;
        others.write_u32(8, 5);
        pages.move_in(0, others)?;
        if pages.read_u32(8) == 5 {
            Ok(())
        } else {
            Err(Errno::EIO)
        }
    })
}

/// A change of one page of many: that one is the new one, the others keep their content.
fn part_of_an_object_is_renewed() -> Outcome {
    let device = Device::open()?;
    let pages = Mapping::anonymous(16 * PAGE_BYTES)?;
    let bound = Bound::new(&device, &pages)?;
    for page in 0..16 {
        bound.store(page, 100 + page as u32)?;
    }
    pages.renew(5 * PAGE_BYTES, PAGE_BYTES)?;
    bound.rig.run(BCS0, |batch| {
        // What the GPU sees of the new page and of an old one.
        batch.copy_u32(AT + 8, AT + 5 * PAGE);
        batch.copy_u32(AT + 5 * PAGE + 8, AT + 6 * PAGE);
    })?;
    for page in 0..16 {
        let expected = if page == 5 { 0 } else { 100 + page as u32 };
        ensure_eq!(pages.read_u32(page * PAGE_BYTES), expected, "page {page}");
    }
    ensure_eq!(pages.read_u32(8), 0, "what the GPU read of the new page");
    ensure_eq!(
        pages.read_u32(5 * PAGE_BYTES + 8),
        106,
        "what the GPU wrote to the new page"
    );
    Ok(())
}

/// Aliases, sections, and a mapping that an unbind has split: all see the new pages.
fn every_mapping_is_rebound() -> Outcome {
    let device = Device::open()?;
    let pages = Mapping::anonymous(8 * PAGE_BYTES)?;
    let bound = Bound::new(&device, &pages)?;
    let (alias, section) = (AT + 0x1000_0000, AT + 0x2000_0000);
    bound.rig.vm.bind(&bound.object, alias)?;
    bound
        .rig
        .vm
        .bind_section(&bound.object, section, 2 * PAGE, PAGE)?;
    bound.rig.vm.unbind(alias + 3 * PAGE, PAGE)?;
    pages.renew(0, 8 * PAGE_BYTES)?;
    bound.rig.run(RCS0, |batch| {
        batch
            .store_u32(AT, 1)
            .store_u32(alias + PAGE, 2)
            .store_u32(alias + 3 * PAGE, 9)
            .store_u32(alias + 7 * PAGE, 3)
            .store_u32(section, 4);
    })?;
    let seen = [0, 1, 3, 7, 2].map(|page| pages.read_u32(page * PAGE_BYTES));
    ensure_eq!(seen, [1, 2, 0, 3, 4], "what was written by all mappings");
    Ok(())
}

/// A fork and a change of protection leave the process its pages: they are found to be the
/// same, and the device is told nothing.
fn memory_that_stays_the_same_costs_no_update() -> Outcome {
    let device = Device::open()?;
    let pages = Mapping::anonymous(4 * PAGE_BYTES)?;
    let bound = Bound::new(&device, &pages)?;
    bound.store(0, 1)?;
    let before = Counters::read()?;
    for _ in 0..3 {
        ensure_eq!(Forked::run(|| 0)?.wait()?, 0, "a child");
        bound.store(0, 2)?;
        pages.set_access(0, 4 * PAGE_BYTES, Access::Read)?;
        pages.set_access(0, 4 * PAGE_BYTES, Access::ReadWrite)?;
        bound.store(1, 3)?;
    }
    let grown = Counters::read()?.since(&before);
    ensure!(
        grown.get("userptr_invalidated") >= 6,
        "only {} changes were seen",
        grown.get("userptr_invalidated")
    );
    ensure_eq!(grown.get("commands_bind"), 0, "updates of page tables");
    ensure_eq!(
        (pages.read_u32(0), pages.read_u32(PAGE_BYTES)),
        (2, 3),
        "what the GPU wrote"
    );
    Ok(())
}

/// EXECBUFFER3 while memory that is bound isn't there: EFAULT, until there is memory again
/// or the range is unbound. What is read of the range meanwhile is nobody's.
fn memory_that_has_gone_is_efault() -> Outcome {
    let device = Device::open()?;
    let pages = Mapping::anonymous(4 * PAGE_BYTES)?;
    let bound = Bound::new(&device, &pages)?;
    let (_result, result) = bound.rig.memory(GATE_AT, PAGE)?;
    bound.store(1, 1)?;
    // A part is enough.
    pages.withdraw(PAGE_BYTES, PAGE_BYTES)?;
    for _ in 0..2 {
        expect_errno(bound.store(0, 2), Errno::EFAULT, "with a page missing")?;
    }
    pages.renew(PAGE_BYTES, PAGE_BYTES)?;
    bound.store(1, 3)?;
    ensure_eq!(pages.read_u32(PAGE_BYTES), 3, "with all pages again");

    pages.withdraw(0, 4 * PAGE_BYTES)?;
    expect_errno(bound.store(0, 4), Errno::EFAULT, "without any page")?;
    bound.rig.vm.unbind(AT, 4 * PAGE)?;
    bound.rig.run(RCS0, |batch| {
        batch.store_u32(AT, 5).store_u32(GATE_AT, 5);
    })?;
    ensure_eq!(result.read_u32(0), 5, "without the mapping");
    Ok(())
}

/// Memory that the process unmaps goes back to the system with no further call, once the
/// device has confirmed that it can't reach it: not before a batch that uses it has ended.
fn memory_that_has_gone_is_unpinned() -> Outcome {
    let device = Device::open()?;
    nothing_is_pinned()?;
    let pages = Mapping::anonymous(64 * PAGE_BYTES)?;
    let bound = Bound::new(&device, &pages)?;
    let gate = Gate::new(&bound.rig)?;
    ensure_eq!(
        counter("userptr_bytes_pinned")?,
        64 * PAGE,
        "bytes pinned by the bind"
    );
    let done = bound.store_behind(&gate, 0, 7)?;
    pages.withdraw(0, 64 * PAGE_BYTES)?;
    std::thread::sleep(A_WHILE);
    ensure_eq!(
        counter("userptr_bytes_pinned")?,
        64 * PAGE,
        "bytes pinned while a batch runs"
    );
    gate.open(&done)?;
    nothing_is_pinned()
}

/// What is bound by a process that dies, with a batch of its own under way.
fn memory_of_a_dead_process_is_unpinned() -> Outcome {
    let device = Device::open()?;
    let before = Counters::read()?;
    let child = Forked::run(|| {
        let run = || -> Step<()> {
            let device = Device::open()?;
            let pages = Mapping::anonymous(16 * PAGE_BYTES)?;
            let bound = Bound::new(&device, &pages)?;
            let gate = Gate::new(&bound.rig)?;
            // Nobody would ever let a persistent one through.
            bound.rig.context.set(&Param::Persistence(false))?;
            bound.store_behind(&gate, 0, 7)?;
            // The kernel takes it all down, with the batch still waiting.
            std::process::abort()
        };
        run().is_err().into()
    })?;
    ensure_eq!(child.wait(), Err(Errno::EINTR), "the child's end");
    drop(device);
    let held = [
        "userptr_bytes_pinned",
        "objects",
        "address_spaces",
        "contexts",
    ];
    for name in held {
        wait_until("what the child had is gone", || {
            counter(name).is_ok_and(|now| now <= before.get(name))
        })?;
    }
    Ok(())
}

/// A child that has the parent's file can't have the parent's memory pinned anew: EFAULT.
/// The parent can.
fn another_process_is_refused() -> Outcome {
    let device = Device::open()?;
    let pages = Mapping::anonymous(PAGE_BYTES)?;
    let bound = Bound::new(&device, &pages)?;
    bound.store(0, 1)?;
    pages.renew(0, PAGE_BYTES)?;
    let address = bound.rig.write(0, |batch| {
        batch.store_u32(AT, 2);
    });
    let submission = Exec3::new(&bound.rig.context, RCS0, address);
    let child = Forked::run(|| match submission.submit(&device) {
        Err(error) if error.errno() == Some(Errno::EFAULT) => 0,
        _ => 1,
    })?;
    ensure_eq!(child.wait()?, 0, "whether the child was refused");
    bound.store(0, 3)?;
    ensure_eq!(pages.read_u32(0), 3, "what the parent's batch wrote");
    Ok(())
}

/// VM_BIND takes the pages: EFAULT if they aren't there, and nothing is bound.
fn bind_of_memory_that_has_gone() -> Outcome {
    let device = Device::open()?;
    let pages = Mapping::anonymous(2 * PAGE_BYTES)?;
    let rig = Rig::new(&device)?;
    let (_shown, shown) = rig.memory(AT, 2 * PAGE)?;
    let object = Object::userptr(&device, &pages)?;
    pages.withdraw(PAGE_BYTES, PAGE_BYTES)?;
    expect_errno(rig.vm.bind(&object, AT), Errno::EFAULT, "the bind")?;
    rig.run(RCS0, |batch| {
        batch.store_u32(AT, 4);
    })?;
    ensure_eq!(shown.read_u32(0), 4, "what was bound before");
    pages.renew(PAGE_BYTES, PAGE_BYTES)?;
    rig.vm.bind(&object, AT)?;
    rig.run(RCS0, |batch| {
        batch.store_u32(AT, 5);
    })?;
    ensure_eq!(
        (shown.read_u32(0), pages.read_u32(0)),
        (4, 5),
        "what is bound after"
    );
    Ok(())
}
