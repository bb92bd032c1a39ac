// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What the executor allocates for a submission: nothing, once it has had as many before. The
//! driver's own allocations, which are the kernel's where it is real, don't count.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod simulated;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant};

use virtio_igpu_executor::*;
use virtio_igpu_host_xe::XeFactory;
use vm_memory::{Bytes, GuestAddress};

const BASE: u64 = 0x10_0000;
const LENGTH: usize = 0x1_0000;
const SPACE: Timeline = 1;
const SLOTS: [Timeline; 2] = [2, 3];
const END: u32 = 0x0500_0000;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// It is a thread of the executor's, or calls it.
    static COUNTED: Cell<bool> = const { Cell::new(false) };
}

struct Counting;

fn count() {
    let counted = COUNTED.try_with(Cell::get).unwrap_or(false);
    if counted && !simulated::is_inside() {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: all is the system's allocator's, which is one.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: what the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: what the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: what the caller promises.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Counts ends, and wakes who waits for them.
struct Ears {
    ended: AtomicU64,
    listener: Thread,
}

impl Sink for Ears {
    fn completed(&self, completion: Completion) {
        COUNTED.set(true);
        assert_eq!(completion.ending, Ending::Done);
        self.ended.fetch_add(1, Ordering::Release);
        self.listener.unpark();
    }

    fn hung(&self, hang: Hang) {
        panic!("{hang:?}");
    }
}

impl Ears {
    fn wait_for(&self, count: u64) {
        let start = Instant::now();
        while self.ended.load(Ordering::Acquire) < count {
            assert!(start.elapsed() < Duration::from_secs(20), "nothing ends");
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }
}

/// Submissions to two slots in turn, each of which waits for the one before it.
fn submissions(values: std::ops::Range<u64>) -> Vec<Submission> {
    let one = |value: u64| {
        let slot = value % 2;
        let before = Point {
            timeline: SLOTS[1 - slot as usize],
            value: value - 1,
        };
        let wait = Wait {
            point: before,
            start: false,
        };
        Submission {
            context: 1,
            slot: slot as u16,
            batches: vec![BASE].into(),
            waits: vec![wait].into(),
            signal: value,
            priority: 0,
            sseu: None,
            cancelled: false,
        }
    };
    values.map(one).collect()
}

#[test]
fn a_submission_allocates_nothing() {
    let node: Arc<simulated::Node> = Arc::default();
    let factory = XeFactory::new(node).unwrap();
    let memory = Arc::new(GuestMemory::from_ranges(&[(GuestAddress(0), LENGTH)]).unwrap());
    memory.write_obj(END, GuestAddress(0)).unwrap();
    let ears = Arc::new(Ears {
        ended: AtomicU64::new(0),
        listener: std::thread::current(),
    });
    let mut executor = factory.start(memory, Arc::clone(&ears) as _).unwrap();
    executor.create_address_space(1, SPACE).unwrap();
    let slot = |timeline| Slot {
        class: 1,
        instances: 1,
        timeline,
    };
    let context = Context {
        address_space: 1,
        flags: ContextFlags {
            recoverable: true,
            no_error_capture: false,
        },
        slots: SLOTS.map(slot).to_vec(),
    };
    executor.create_context(1, context).unwrap();
    let extents = vec![Extent {
        address: 0,
        length: LENGTH as u64,
    }];
    let update = Update {
        address_space: 1,
        address: BASE,
        length: LENGTH as u64,
        backing: Backing::Memory {
            extents,
            read_only: false,
        },
        waits: vec![],
        signal: 1,
    };
    executor.update(update).unwrap();
    executor.flush();
    ears.wait_for(1);
    let mut total = 1;
    // As many at once as later on, and one by one.
    let mut run = |submissions: Vec<Submission>, at_once: u64| {
        COUNTED.set(true);
        for submission in submissions {
            executor.submit(submission).unwrap();
            total += 1;
            if total % at_once == 0 {
                executor.flush();
                ears.wait_for(total);
            }
        }
        executor.flush();
        ears.wait_for(total);
        COUNTED.set(false);
    };
    run(submissions(1..1025), 256);
    let measured = submissions(1025..1537);
    let by_one = submissions(1537..1793);
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    run(measured, 64);
    run(by_one, 1);
    let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
    assert_eq!(allocations, 0, "for 768 submissions");
}
