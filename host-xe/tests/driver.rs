// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The executor and its driver: what its calls cost, and what becomes of a guest's work when
//! they fail.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod simulated;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use simulated::Node;
use virtio_igpu_executor::*;
use virtio_igpu_host_gpu::uapi;
use virtio_igpu_host_xe::XeFactory;
use vm_memory::{Bytes, GuestAddress};

const BASE: u64 = 0x10_0000;
const LENGTH: u64 = 0x10_0000;
const SPACE: Timeline = 1;
const SLOT: Timeline = 2;
const PATIENCE: Duration = Duration::from_secs(10);
const END: u32 = 0x0500_0000;
/// MI_ARB_ON_OFF, then a jump to the jump.
const ENDLESS: [u32; 4] = [0x0400_0000, 0x1880_0101, BASE as u32 + 0x1004, 0];

struct Ears(Mutex<Sender<Completion>>, Arc<Mutex<Vec<String>>>);

impl Sink for Ears {
    fn completed(&self, completion: Completion) {
        let _ = self.0.lock().unwrap().send(completion);
    }
    fn hung(&self, _: Hang) {}
    fn lost(&self, reason: String) {
        self.1.lock().unwrap().push(reason);
    }
}

struct Rig {
    node: Arc<Node>,
    executor: Box<dyn Executor>,
    memory: Arc<GuestMemory>,
    ended: Receiver<Completion>,
    /// Why the device was lost, each time that it was told.
    lost: Arc<Mutex<Vec<String>>>,
    bound: u64,
    submitted: u64,
}

impl Rig {
    /// With all memory bound at its start, an endless batch at 0x1000 and an empty one behind.
    fn new() -> Self {
        let node = Arc::new(Node::default());
        let factory = XeFactory::new(Arc::clone(&node) as _).unwrap();
        let memory = GuestMemory::from_ranges(&[(GuestAddress(0), LENGTH as usize)]).unwrap();
        let memory = Arc::new(memory);
        let (sender, ended) = channel();
        let lost = Arc::default();
        let ears = Arc::new(Ears(Mutex::new(sender), Arc::clone(&lost)));
        let executor = factory.start(Arc::clone(&memory), ears).unwrap();
        let mut rig = Self {
            node,
            executor,
            memory,
            ended,
            lost,
            bound: 0,
            submitted: 0,
        };
        rig.put(0x1000, &ENDLESS);
        rig.put(0x2000, &[END, 0]);
        rig.executor.create_address_space(1, SPACE).unwrap();
        let flags = ContextFlags {
            recoverable: false,
            no_error_capture: false,
        };
        let slots = vec![Slot {
            class: 1,
            instances: 1,
            timeline: SLOT,
        }];
        let context = Context {
            address_space: 1,
            flags,
            slots,
        };
        rig.executor.create_context(1, context).unwrap();
        rig.bind(BASE, 0, LENGTH);
        rig.executor.flush();
        assert_eq!(rig.ending(SPACE, 1), Ending::Done);
        rig
    }

    fn put(&self, address: u64, dwords: &[u32]) {
        for (number, &dword) in dwords.iter().enumerate() {
            let address = GuestAddress(address + number as u64 * 4);
            self.memory.write_obj(dword, address).unwrap();
        }
    }

    fn bind(&mut self, address: u64, physical: u64, length: u64) {
        self.bound += 1;
        let extents = vec![Extent {
            address: physical,
            length,
        }];
        let update = Update {
            address_space: 1,
            address,
            length,
            backing: Backing::Memory {
                extents,
                read_only: false,
            },
            waits: vec![],
            signal: self.bound,
        };
        self.executor.update(update).unwrap();
    }

    fn submit(&mut self, batch: u64, waits: &[Point]) {
        self.submitted += 1;
        let wait = |&point: &Point| Wait {
            point,
            start: false,
        };
        let submission = Submission {
            context: 1,
            slot: 0,
            batches: vec![BASE + batch].into(),
            waits: waits.iter().map(wait).collect(),
            signal: self.submitted,
            priority: 0,
            sseu: None,
            cancelled: false,
        };
        self.executor.submit(submission).unwrap();
    }

    /// The next end is this point's.
    fn ending(&self, timeline: Timeline, value: u64) -> Ending {
        let completion = self.ended.recv_timeout(PATIENCE).unwrap();
        assert_eq!(completion.point, Point { timeline, value });
        completion.ending
    }

    fn faults(&self, change: impl FnOnce(&mut simulated::Faults)) {
        change(&mut self.node.common.faults.lock().unwrap());
    }
}

#[test]
fn a_submission_is_one_call_and_a_few_for_many_ends() {
    let mut rig = Rig::new();
    rig.submit(0x2000, &[]);
    rig.executor.flush();
    assert_eq!(rig.ending(SLOT, 1), Ending::Done);
    let (calls, execs) = (rig.node.all_calls(), rig.node.calls(uapi::IOCTL_XE_EXEC));
    const COUNT: u64 = 640;
    for round in 0..COUNT / 64 {
        for _ in 0..64 {
            rig.submit(0x2000, &[]);
        }
        rig.executor.flush();
        for value in 0..64 {
            assert_eq!(rig.ending(SLOT, 2 + round * 64 + value), Ending::Done);
        }
    }
    let calls = rig.node.all_calls() - calls;
    assert_eq!(rig.node.calls(uapi::IOCTL_XE_EXEC) - execs, COUNT);
    eprintln!(
        "64 at once: {:.3} calls a submission",
        calls as f64 / COUNT as f64
    );
    // Each end that is waited for by itself costs two: eventfd, ban; sometimes a query.
    assert!(calls <= 4 * COUNT, "{calls} calls");
}

#[test]
fn a_submission_that_is_waited_for_is_three_calls() {
    let mut rig = Rig::new();
    rig.submit(0x2000, &[]);
    rig.executor.flush();
    assert_eq!(rig.ending(SLOT, 1), Ending::Done);
    let before = rig.node.all_calls();
    for value in 2..=101 {
        rig.submit(0x2000, &[]);
        rig.executor.flush();
        assert_eq!(rig.ending(SLOT, value), Ending::Done);
    }
    let calls = rig.node.all_calls() - before;
    eprintln!("one by one: {:.3} calls a submission", calls as f64 / 100.0);
    assert!(calls <= 300, "{calls} calls");
}

#[test]
fn binds_that_come_together_go_together() {
    let mut rig = Rig::new();
    let before = rig.node.calls(uapi::IOCTL_XE_VM_BIND);
    for page in 0..64 {
        rig.bind(0x1000_0000 + page * 0x10_0000, page * 0x1000, 0x1000);
    }
    rig.executor.flush();
    for value in 2..=65 {
        assert_eq!(rig.ending(SPACE, value), Ending::Done);
    }
    assert_eq!(rig.node.calls(uapi::IOCTL_XE_VM_BIND) - before, 1);
    // What changes a range twice, or waits for more, does not go with what came before.
    rig.bind(0x1000_0000, 0, 0x1000);
    rig.bind(0x1000_0000, 0x1000, 0x1000);
    rig.executor.flush();
    assert_eq!(rig.ending(SPACE, 66), Ending::Done);
    assert_eq!(rig.ending(SPACE, 67), Ending::Done);
    assert_eq!(rig.node.calls(uapi::IOCTL_XE_VM_BIND) - before, 3);
}

#[test]
fn a_bind_without_room_ends_so_and_holds_up_nobody() {
    let mut rig = Rig::new();
    // Together, then one by one, of which the first has room.
    rig.faults(|faults| faults.binds_left = Some(0));
    for page in 0..3 {
        rig.bind(0x1000_0000 + page * 0x1000, page * 0x1000, 0x1000);
    }
    let last = Point {
        timeline: SPACE,
        value: 4,
    };
    rig.submit(0x2000, &[last]);
    rig.executor.flush();
    let endings = [2, 3, 4].map(|value| {
        let completion = rig.ended.recv_timeout(PATIENCE).unwrap();
        assert_eq!(
            completion.point,
            Point {
                timeline: SPACE,
                value
            }
        );
        completion.ending
    });
    assert_eq!(endings, [Ending::OutOfMemory; 3]);
    assert_eq!(rig.ending(SLOT, 1), Ending::Done);
    rig.faults(|faults| faults.binds_left = None);
    rig.bind(0x1000_0000, 0, 0x1000);
    rig.executor.flush();
    assert_eq!(rig.ending(SPACE, 5), Ending::Done);
}

/// The batch under way ends when xe gives it up, and nobody can be asked why.
#[test]
fn a_device_that_is_wedged_ends_everything() {
    let mut rig = Rig::new();
    rig.submit(0x1000, &[]);
    rig.submit(0x2000, &[]);
    rig.executor.flush();
    rig.faults(|faults| faults.wedged = true);
    for value in 1..=2 {
        assert_eq!(rig.ending(SLOT, value), Ending::Cancelled);
    }
    assert_eq!(rig.lost.lock().unwrap().len(), 1);
}

#[test]
fn a_device_that_is_gone_ends_everything() {
    let mut rig = Rig::new();
    rig.submit(0x1000, &[]);
    rig.submit(0x2000, &[]);
    let never = Point {
        timeline: SPACE,
        value: 1000,
    };
    rig.submit(0x2000, &[never]);
    rig.executor.flush();
    rig.faults(|faults| faults.unplugged = true);
    rig.submit(0x2000, &[]);
    rig.executor.reset_active();
    for value in 1..=4 {
        assert_eq!(rig.ending(SLOT, value), Ending::Cancelled);
    }
    // And whatever comes, at once.
    rig.submit(0x2000, &[]);
    assert_eq!(rig.ending(SLOT, 5), Ending::Cancelled);
    rig.bind(BASE, 0, 0x1000);
    assert_eq!(rig.ending(SPACE, 2), Ending::Cancelled);
    let refused = rig.executor.create_address_space(2, 9).unwrap_err();
    assert!(matches!(refused, Refused::OutOfMemory(_)), "{refused:?}");
    let told = rig.lost.lock().unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("the host's GPU is lost: "), "{told:?}");
}

#[test]
fn guests_see_what_the_driver_tells_of_the_device() {
    let factory = XeFactory::new(Arc::new(Node::default())).unwrap();
    let platform = factory.platform();
    assert_eq!(platform.device_id, 0x9a49);
    assert_eq!(platform.timestamp_frequency, 19_200_000);
    let topology = platform.topology;
    assert_eq!((topology.subslices, topology.eus), (0b11_0111, 0xffff));
    assert_eq!((topology.slices, topology.max), (1, [1, 6, 16]));
}

fn unfit(change: impl FnOnce(&mut simulated::Faults)) -> String {
    let node = Node::default();
    change(&mut node.common.faults.lock().unwrap());
    match XeFactory::new(Arc::new(node)) {
        Ok(_) => panic!("the device is taken"),
        Err(unfit) => unfit.to_string(),
    }
}

#[test]
fn a_device_that_will_not_do_is_told_in_a_sentence() {
    let text = unfit(|faults| faults.no_userptr = true);
    assert!(
        text.starts_with("this kernel's xe binds no memory of a process: "),
        "{text}"
    );
    let text = unfit(|faults| faults.device_id = Some(0x64a0));
    assert!(
        text.starts_with("the GPU 8086:64a0 is none that a guest can be shown"),
        "{text}"
    );
    let text = unfit(|faults| faults.unplugged = true);
    assert!(
        text.starts_with("xe does not tell what the GPU is: "),
        "{text}"
    );
}
