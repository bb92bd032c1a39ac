//! Threads on one address space, none of which knows what the others are doing.

use libtest_mimic::Failed;
use nix::errno::Errno;
use virtio_igpu_context_model::Random;
use virtio_igpu_guest_tests::client::{Device, Exec3, Object, Syncobj};
use virtio_igpu_guest_tests::sys::memory::Mapping;
use virtio_igpu_guest_tests::sys::remap::Forked;

use super::faults::Caller;
use super::{Clock, Done};
use crate::rig::{Outcome, PAGE, PATIENCE, Rig, ensure_eq};

/// Where the binder binds.
const AREA: u64 = 0x2_0000_0000;
const AREA_PAGES: u64 = 256;
/// Where memory of the process is.
const OWN: u64 = 0x3_0000_0000;
const OWN_PAGES: u64 = 16;
/// Where each submitter has a page for what it has done.
const RESULTS: u64 = 0x4_0000_0000;
const SUBMITTERS: u64 = 2;

/// All on one address space, until it is over.
pub(super) fn run(clock: &Clock, done: &Done) -> Outcome {
    let device = Device::open()?;
    let pages = Mapping::anonymous((OWN_PAGES * PAGE) as usize)?;
    let rig = Rig::new(&device)?;
    let (_results, results) = rig.memory(RESULTS, SUBMITTERS * PAGE)?;
    let own = Object::userptr(&device, &pages)?;
    rig.vm.bind(&own, OWN)?;
    let (rig, results, pages, own) = (&rig, &results, &pages, &own);
    std::thread::scope(|scope| {
        let mut threads = Vec::new();
        for number in 0..SUBMITTERS {
            threads.push(
                scope.spawn(move || clock.watch(|| submit(clock, done, rig, results, number))),
            );
        }
        threads.push(scope.spawn(move || clock.watch(|| bind(clock, done, rig))));
        threads.push(scope.spawn(move || clock.watch(|| change(clock, done, rig, pages, own))));
        for thread in threads {
            thread.join().map_err(|_| "a thread panicked")??;
        }
        Ok::<(), Failed>(())
    })?;
    Ok(())
}

/// Submits batches that write all over, and to a page of their own where it is checked.
fn submit(clock: &Clock, done: &Done, rig: &Rig<'_>, results: &Mapping, number: u64) -> Outcome {
    let mut random = Random::new(number);
    let mut caller = Caller::new(100 + number, done)?;
    let mut sequence = 0;
    while !clock.is_over() {
        sequence += 1;
        let address = rig.write(number, |batch| {
            for _ in 0..4 {
                batch.store_u32(AREA + random.below(AREA_PAGES) * PAGE, sequence);
                batch.store_u32(OWN + random.below(OWN_PAGES) * PAGE + 64, sequence);
            }
            batch.store_u32(RESULTS + number * PAGE, sequence);
        });
        let fence = Syncobj::create(rig.device)?;
        let engine = random.below(5) as u32;
        let submission = Exec3::new(&rig.context, engine, address).fence(fence.signal_fence(0));
        let submitted = caller.call(|| match submission.submit(rig.device) {
            // Memory is missing at this moment.
            Err(error) if error.errno() == Some(Errno::EFAULT) => Ok(false),
            other => other.map(|()| true),
        })?;
        if submitted == Some(true) {
            fence.wait(PATIENCE)?;
            ensure_eq!(fence.status()?, 1, "the status of a batch's fence");
            let result = results.read_u32((number * PAGE) as usize);
            ensure_eq!(result, sequence, "what submitter {number} wrote");
            Done::add(&done.submissions);
        }
    }
    Ok(())
}

/// Binds objects that come and go, and unbinds ranges.
fn bind(clock: &Clock, done: &Done, rig: &Rig<'_>) -> Outcome {
    let mut random = Random::new(7);
    let mut caller = Caller::new(200, done)?;
    while !clock.is_over() {
        let size = 1 + random.below(32);
        let start = AREA + random.below(AREA_PAGES - size) * PAGE;
        if random.once_in(3) {
            let fence = Syncobj::create(rig.device)?;
            let fence = fence.signal_fence(0);
            let unbound = caller.call(|| rig.vm.unbind_async(start, size * PAGE, fence))?;
            if unbound.is_some() {
                Done::add(&done.unbinds);
            }
            continue;
        }
        let object = caller.call(|| Object::create(rig.device, size * PAGE))?;
        let Some(object) = object else {
            continue;
        };
        let fence = Syncobj::create(rig.device)?;
        let fence = fence.signal_fence(0);
        if caller
            .call(|| rig.vm.bind_async(&object, start, fence))?
            .is_some()
        {
            Done::add(&done.binds);
        }
        // Its mapping stays.
    }
    Ok(())
}

/// Changes memory that is bound, and binds it anew at times.
fn change(clock: &Clock, done: &Done, rig: &Rig<'_>, pages: &Mapping, own: &Object<'_>) -> Outcome {
    let mut random = Random::new(8);
    let mut caller = Caller::new(300, done)?;
    while !clock.is_over() {
        let count = 1 + random.below(OWN_PAGES);
        let first = random.below(OWN_PAGES - count + 1);
        let (offset, length) = ((first * PAGE) as usize, (count * PAGE) as usize);
        match random.below(6) {
            0 => pages.renew(offset, length)?,
            1 => pages.discard(offset, length)?,
            2 => pages.move_in(offset, Mapping::anonymous(length)?)?,
            3 => {
                pages.withdraw(offset, length)?;
                std::thread::yield_now();
                pages.renew(offset, length)?;
            }
            4 => {
                let child = Forked::run(|| {
                    pages.write_u32(offset, 0xbad);
                    0
                })?;
                ensure_eq!(child.wait()?, 0, "a forked child");
            }
            _ => {
                let fence = Syncobj::create(rig.device)?;
                let fence = fence.signal_fence(0);
                caller.call(|| rig.vm.unbind_async(OWN, OWN_PAGES * PAGE, fence))?;
                caller.call(|| rig.vm.bind(own, OWN))?;
            }
        }
        Done::add(&done.changes);
    }
    Ok(())
}
