// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What an executor adds to its driver's calls: batches that do nothing, submitted and waited
//! for by the executor and by a plain sequence of the same calls, in turn.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use rustix::event::{EventfdFlags, eventfd};
use virtio_igpu_executor::{
    Backing, Completion, Context, ContextFlags, Ending, Executor, Extent, Factory, GuestMemory,
    Hang, Sink, Slot, Submission, Timeline, Update,
};
use virtio_igpu_host_gpu::syncobj::{Sync, Syncobj};
use virtio_igpu_host_gpu::{Driver, DrmNode, RenderNode, i915, xe};
use vm_memory::{Bytes, GuestAddress};

/// The blitter, in i915's numbers and xe's.
const COPY: u16 = 1;
const BASE: u64 = 0x10_0000;
const LENGTH: u64 = 0x1000;
const SPACE: Timeline = 1;
const SLOT: Timeline = 2;
/// MI_BATCH_BUFFER_END.
const END: u64 = 0x0500_0000;
const PATIENCE: Duration = Duration::from_secs(30);
const ROUNDS: usize = 41;

/// The calls of a driver without an executor.
enum Queue {
    I915 {
        context: i915::Context,
        objects: i915::Objects,
        _object: i915::Object,
        _vm: i915::Vm,
    },
    Xe {
        queue: xe::Queue,
        _vm: xe::Vm,
    },
}

struct Plain {
    queue: Queue,
    syncobj: Syncobj,
    eventfd: OwnedFd,
    value: u64,
}

impl Plain {
    fn new(node: &RenderNode, memory: &Arc<GuestMemory>) -> io::Result<Self> {
        let file = node.open()?;
        let syncobj = Syncobj::new(&file)?;
        let extent = Extent {
            address: 0,
            length: LENGTH,
        };
        let mut value = 0;
        let queue = match node.driver() {
            Driver::I915 => {
                let vm = i915::Vm::new(&file)?;
                let object = i915::Object::of_guest(&file, memory, extent, false)?;
                let mut objects = i915::Objects::default();
                objects.push(&object, BASE);
                Queue::I915 {
                    context: i915::Context::new(&vm, COPY, 1, true)?,
                    objects,
                    _object: object,
                    _vm: vm,
                }
            }
            Driver::Xe => {
                let config = xe::config(&*file)?;
                let mut vm = xe::Vm::new(&file, config.address_bits)?;
                let bind = xe::Bind::Memory {
                    address: BASE,
                    extent,
                    read_only: false,
                };
                value = 1;
                let bound = Sync {
                    handle: syncobj.handle(),
                    value,
                    signal: true,
                };
                vm.bind(memory, &[bind], &[bound])?;
                let engines = xe::engines(&*file)?;
                let one = engines
                    .into_iter()
                    .find(|engine| engine.engine_class == COPY)
                    .ok_or_else(|| io::Error::other("there is no blitter"))?;
                let queue = xe::Queue::new(&vm, &[one], xe::PRIORITY_NORMAL)?;
                Queue::Xe { queue, _vm: vm }
            }
        };
        Ok(Self {
            queue,
            syncobj,
            eventfd: eventfd(0, EventfdFlags::CLOEXEC)?,
            value,
        })
    }

    /// So many batches, then the wait for the last, and the question whether it hung.
    fn round(&mut self, count: u64) -> io::Result<()> {
        for _ in 0..count {
            self.value += 1;
            let done = Sync {
                handle: self.syncobj.handle(),
                value: self.value,
                signal: true,
            };
            match &mut self.queue {
                Queue::I915 {
                    context, objects, ..
                } => context.exec(objects, 0, &[done])?,
                Queue::Xe { queue, .. } => queue.exec(BASE, &[done])?,
            }
        }
        self.syncobj
            .tell_eventfd(self.value, self.eventfd.as_fd())?;
        rustix::io::read(&self.eventfd, &mut [0; 8])?;
        match &self.queue {
            Queue::I915 { context, .. } => context.hangs().map(|_| ()),
            Queue::Xe { queue, .. } => queue.is_banned().map(|_| ()),
        }
    }
}

/// Counts ends, and wakes who waits for the last of them.
struct Ears {
    ended: AtomicU64,
    /// How many there are to be.
    wanted: AtomicU64,
    /// Nanoseconds from `start` to the last of them.
    told: AtomicU64,
    start: Instant,
    listener: Thread,
}

impl Sink for Ears {
    fn completed(&self, completion: Completion) {
        if completion.ending != Ending::Done {
            return;
        }
        let told = self.start.elapsed().as_nanos() as u64;
        self.told.store(told, Ordering::Relaxed);
        let ended = 1 + self.ended.fetch_add(1, Ordering::Release);
        if ended == self.wanted.load(Ordering::Relaxed) {
            self.listener.unpark();
        }
    }

    fn hung(&self, _: Hang) {}
}

struct Executed {
    executor: Box<dyn Executor>,
    ears: Arc<Ears>,
    sent: u64,
    value: u64,
}

impl Executed {
    fn new(factory: &dyn Factory, memory: &Arc<GuestMemory>) -> anyhow::Result<Self> {
        let ears = Arc::new(Ears {
            ended: AtomicU64::new(0),
            wanted: AtomicU64::new(1),
            told: AtomicU64::new(0),
            start: Instant::now(),
            listener: std::thread::current(),
        });
        let mut executor = factory.start(Arc::clone(memory), Arc::clone(&ears) as _)?;
        executor.create_address_space(1, SPACE)?;
        let slot = Slot {
            class: COPY,
            instances: 1,
            timeline: SLOT,
        };
        let flags = ContextFlags {
            recoverable: true,
            no_error_capture: false,
        };
        let context = Context {
            address_space: 1,
            flags,
            slots: vec![slot],
        };
        executor.create_context(1, context)?;
        let extents = vec![Extent {
            address: 0,
            length: LENGTH,
        }];
        let update = Update {
            address_space: 1,
            address: BASE,
            length: LENGTH,
            backing: Backing::Memory {
                extents,
                read_only: false,
            },
            waits: vec![],
            signal: 1,
        };
        executor.update(update)?;
        let mut executed = Self {
            executor,
            ears,
            sent: 1,
            value: 0,
        };
        executed.wait()?;
        Ok(executed)
    }

    fn wait(&mut self) -> anyhow::Result<()> {
        self.executor.flush();
        let begun = Instant::now();
        while self.ears.ended.load(Ordering::Acquire) < self.sent {
            ensure!(begun.elapsed() < PATIENCE, "a batch does not end");
            std::thread::park_timeout(PATIENCE);
        }
        Ok(())
    }

    /// So many batches: the time until the end of the last was told. That this thread hears of it
    /// is not the executor's.
    fn round(&mut self, count: u64) -> anyhow::Result<Duration> {
        let begun = self.ears.start.elapsed();
        self.ears.wanted.store(self.sent + count, Ordering::Relaxed);
        for _ in 0..count {
            self.value += 1;
            let submission = Submission {
                context: 1,
                slot: 0,
                batches: vec![BASE].into(),
                waits: vec![].into(),
                signal: self.value,
                priority: 0,
                sseu: None,
                cancelled: false,
            };
            self.executor.submit(submission)?;
            self.sent += 1;
        }
        self.wait()?;
        let told = Duration::from_nanos(self.ears.told.load(Ordering::Relaxed));
        Ok(told.saturating_sub(begun))
    }
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Measures, and says the figures as JSON: microseconds of each batch, and the median of the
/// rounds' ratios, with as many batches at once as the key says.
pub(crate) fn measure(
    node: &RenderNode,
    factory: &dyn Factory,
) -> anyhow::Result<serde_json::Value> {
    let memory = GuestMemory::from_ranges(&[(GuestAddress(0), LENGTH as usize)]);
    let memory = Arc::new(memory.context("memory for a batch")?);
    memory.write_obj(END, GuestAddress(0))?;
    let mut plain = Plain::new(node, &memory).context("the driver's calls")?;
    let mut executed = Executed::new(factory, &memory)?;
    let mut figures = serde_json::Map::new();
    for at_once in [1, 64] {
        let (mut raw, mut ours, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        // As many batches in each round, and one round more, that is not counted.
        let times = 64 / at_once;
        for round in 0..=ROUNDS {
            let begun = Instant::now();
            for _ in 0..times {
                plain.round(at_once)?;
            }
            let calls = begun.elapsed();
            let mut told = Duration::ZERO;
            for _ in 0..times {
                told += executed.round(at_once)?;
            }
            if round > 0 {
                let each = |time: Duration| time.as_secs_f64() * 1e6 / 64.0;
                raw.push(each(calls));
                ours.push(each(told));
                ratios.push(told.as_secs_f64() / calls.as_secs_f64());
            }
        }
        let figure = serde_json::json!({
            "calls_us": median(&mut raw),
            "executor_us": median(&mut ours),
            "ratio": median(&mut ratios),
        });
        figures.insert(format!("at_once_{at_once}"), figure);
    }
    Ok(figures.into())
}
