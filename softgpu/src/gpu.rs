//! The GPU as its user sees it: what it can be told, and nothing of how it does it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::{Mutex, ReentrantMutexGuard, RwLock};
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::clock::Clock;
use crate::completion::CompletionSink;
use crate::compute::Cores;
use crate::counters::{Counters, LiveCounters};
use crate::engine::Shared;
use crate::error::GpuError;
use crate::execute::registers::TIMESTAMP;
use crate::ids::{AddressSpaceId, ContextId, Point, TimelineId, Wait};
use crate::limits;
use crate::memory::Memory;
use crate::page_table::{Backing, PAGE_SIZE};
use crate::platform::{EngineClass, EngineId, EngineTiming, Platform};
use crate::record::Recorder;
use crate::scheduler::{EngineSignals, State, TableChange};
use crate::sseu::Sseu;

/// What a GPU is made from.
#[derive(Clone)]
pub struct GpuConfig {
    /// Which GPU.
    pub platform: Platform,
    /// Guest-physical memory.
    pub memory: Memory,
    /// Strict mode: an access to an unmapped address, or a write to a read-only
    /// page, hangs the context with a report instead of reaching the scratch page.
    pub strict: bool,
    /// Engines take every batch for an empty one. What passes its tests all the same says
    /// nothing about engines: for finding such tests.
    pub null: bool,
    /// Where completions and hangs are reported.
    pub sink: Arc<dyn CompletionSink>,
    /// For how long an engine that has nothing to do looks out for work before it goes
    /// to sleep: saves the time of a wake-up where work comes back to back, and costs a
    /// processor each for as long.
    pub idle_spin: Duration,
    /// How many host threads may execute one kernel's thread groups at once, the engine's
    /// own among them; 0: as many as the host has processors. Without threads it is one.
    pub kernel_threads: usize,
    /// How many instructions a thread group may execute between two signs of life, which are the
    /// end of one of its threads and a barrier that it passes, before it counts as silent; a
    /// kernel that is silent for too long hangs.
    pub kernel_patience: u64,
    /// What makes a recording of it, if anything does.
    pub recorder: Option<Arc<Recorder>>,
}

impl GpuConfig {
    /// What [`GpuConfig::kernel_patience`] usually is: about as many instructions as a thread of
    /// the hardware that has a core to itself executes in the ten seconds and more that an
    /// engine's heartbeats give it, at ten cycles for each that waits for the one before.
    pub const KERNEL_PATIENCE: u64 = 1 << 30;

    /// A GPU that is not strict and whose engines sleep as soon as they can.
    pub fn new(platform: Platform, memory: Memory, sink: Arc<dyn CompletionSink>) -> Self {
        Self {
            platform,
            memory,
            strict: false,
            null: false,
            sink,
            idle_spin: Duration::ZERO,
            kernel_threads: 0,
            kernel_patience: Self::KERNEL_PATIENCE,
            recorder: None,
        }
    }
}

/// One way of a context to submit work: a timeline, served by any one engine of a
/// class out of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineSlot {
    /// Class of the engines.
    pub class: EngineClass,
    /// Which of the class, bit n for instance n: one bit for a plain engine, several
    /// for a virtual one. Bits of engines that don't exist are ignored, as long as
    /// one is left.
    pub instances: u16,
    /// The timeline its submissions signal. New; starts at 0.
    pub timeline: TimelineId,
}

/// What a context is made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextDescription {
    /// Whose mappings its batches see.
    pub address_space: AddressSpaceId,
    /// Whether submissions after a hang are still executed (with registers reset);
    /// otherwise the first hang bans the context from that slot.
    pub recoverable: bool,
    /// Its engines; a submission names one by its index.
    pub slots: Vec<EngineSlot>,
}

/// A piece of guest-physical memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// Guest-physical address, a multiple of 4 KiB.
    pub address: u64,
    /// Bytes, a multiple of 4 KiB, not 0.
    pub length: u64,
}

/// Put memory, or nothing, at a range of GPU virtual addresses, in place of whatever
/// was there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bind {
    /// Where.
    pub address_space: AddressSpaceId,
    /// First GPU virtual address, a multiple of 4 KiB; bits above the platform's
    /// address width are cut off (canonical form).
    pub va: u64,
    /// Bytes, a multiple of 4 KiB, not 0.
    pub length: u64,
    /// The memory, in order; lengths add up to `length`. Empty for `null`.
    pub extents: Vec<Extent>,
    /// Writes vanish (strict mode: fault).
    pub read_only: bool,
    /// No memory: reads give 0, writes vanish, in strict mode too.
    pub null: bool,
    /// What has to be reached first.
    pub waits: Vec<Point>,
    /// The value of the address space's bind timeline when done.
    pub signal: u64,
}

/// Take away whatever is mapped in a range of GPU virtual addresses. When the point
/// is signalled, no engine uses the memory through this range any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unbind {
    /// Where.
    pub address_space: AddressSpaceId,
    /// First GPU virtual address, as in [`Bind::va`].
    pub va: u64,
    /// Bytes, a multiple of 4 KiB, not 0.
    pub length: u64,
    /// What has to be reached first.
    pub waits: Vec<Point>,
    /// The value of the address space's bind timeline when done.
    pub signal: u64,
}

/// Execute a batch, or several that start together: a gang. None of a gang's batches is
/// preempted before it has ended; when one hangs or is cancelled, all end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// Whose.
    pub context: ContextId,
    /// On which of its slots the first batch executes.
    pub slot: u16,
    /// GPU virtual address of each batch's first command. The second executes on the slot
    /// behind the first's, and so on; for several each slot has one engine, another each.
    pub batches: Vec<u64>,
    /// What has to be reached first.
    pub waits: Vec<Wait>,
    /// The value of the first slot's timeline when all are done.
    pub signal: u64,
    /// -1023..=1023, higher first. Raises what the slot has queued before to as much.
    pub priority: i32,
    /// The units to be powered; `None`: the whole device.
    pub sseu: Option<Sseu>,
    /// It is not to be executed: it ends as cancelled behind the slot's earlier submissions,
    /// whatever it waits for.
    pub cancelled: bool,
}

/// A software GPU with its engine threads, or, from [`Gpu::deterministic`], without.
/// Dropping it stops the threads promptly, endless batches included, and reports nothing
/// more.
pub struct Gpu {
    pub(crate) shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl fmt::Debug for Gpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gpu")
            .field("platform", &self.platform().name)
            .field("counters", &self.counters())
            .finish_non_exhaustive()
    }
}

impl Gpu {
    /// The GPU without threads.
    pub(crate) fn stopped(config: GpuConfig, clock: Clock, seed: Option<u64>) -> Self {
        if let Some(recorder) = &config.recorder {
            recorder.start(&config, seed);
        }
        let engines = config.platform.engines;
        let timings: Vec<_> = engines.iter().map(|engine| engine.timing).collect();
        let signals: Arc<[EngineSignals]> =
            engines.iter().map(|_| EngineSignals::default()).collect();
        let state = State::new(&timings, Arc::clone(&signals), clock.clone());
        let shared = Arc::new(Shared {
            clock,
            memory: Arc::new(RwLock::new(config.memory.clone())),
            state: Mutex::new(state),
            signals,
            counters: engines.iter().map(|_| LiveCounters::default()).collect(),
            cores: Cores::new(
                if seed.is_some() {
                    1
                } else {
                    config.kernel_threads
                },
                config.kernel_patience,
            ),
            stop: AtomicBool::new(false),
            stepped: seed.is_some(),
            config,
        });
        Self {
            shared,
            threads: Vec::new(),
        }
    }

    /// Makes the GPU and starts a thread for each engine.
    pub fn new(config: GpuConfig) -> Result<Self, GpuError> {
        let engines = config.platform.engines;
        let clock = Clock::new(config.platform.timestamp_frequency_hz);
        // Made first, so that threads that did start are stopped if one does not.
        let mut gpu = Self::stopped(config, clock, None);
        for (index, engine) in engines.iter().enumerate() {
            let shared = Arc::clone(&gpu.shared);
            let thread = thread::Builder::new()
                .name(engine.id.to_string())
                .spawn(move || shared.engine_main(index))
                .map_err(|_| GpuError::NoThread)?;
            gpu.threads.push(thread);
        }
        Ok(gpu)
    }

    /// The platform it models.
    pub fn platform(&self) -> &Platform {
        &self.shared.config.platform
    }

    /// Does something to the scheduler's state, and what follows from it.
    fn with_state<T>(
        &self,
        act: impl FnOnce(&mut State) -> Result<T, GpuError>,
    ) -> Result<T, GpuError> {
        let mut state = self.shared.state.lock();
        let result = act(&mut state);
        drop(self.shared.do_chores(state));
        result
    }

    /// Has a call recorded, if there is a recorder. No other call is made while the guard
    /// lives.
    fn record(&self, call: impl FnOnce() -> Call) -> Option<ReentrantMutexGuard<'_, ()>> {
        let recorder = self.shared.config.recorder.as_ref()?;
        let order = recorder.order();
        let memory = self.shared.memory.read().clone();
        recorder.call(call(), &memory);
        Some(order)
    }

    /// Replaces guest-physical memory. Returns when no engine uses the old one. What is
    /// bound stays bound, at the same guest-physical addresses.
    pub fn set_memory(&self, memory: Memory) {
        let recorder = self.shared.config.recorder.as_ref();
        let _order = recorder.map(|recorder| {
            let order = recorder.order();
            recorder.memory(&memory);
            order
        });
        *self.shared.memory.write() = memory;
    }

    /// Makes an empty address space whose binds signal `bind_timeline`, which is new
    /// and starts at 0.
    pub fn create_address_space(
        &self,
        id: AddressSpaceId,
        bind_timeline: TimelineId,
    ) -> Result<(), GpuError> {
        let _order = self.record(|| Call::CreateAddressSpace { id, bind_timeline });
        self.with_state(|state| state.create_space(id, bind_timeline))
    }

    /// Unmaps everything, ends pending binds as cancelled and forgets the id and its
    /// timeline. When this returns no engine uses the memory through the address space
    /// any more. Contexts on it live on and see nothing mapped.
    pub fn destroy_address_space(&self, id: AddressSpaceId) -> Result<(), GpuError> {
        let _order = self.record(|| Call::DestroyAddressSpace { id });
        let tables = self.with_state(|state| state.destroy_space(id))?;
        tables.update(crate::page_table::PageTable::close);
        Ok(())
    }

    /// Makes a context. Its registers are at their defaults on each of its slots.
    pub fn create_context(
        &self,
        id: ContextId,
        description: ContextDescription,
    ) -> Result<(), GpuError> {
        let _order = self.record(|| Call::CreateContext {
            id,
            description: description.clone(),
        });
        let platform = self.shared.config.platform;
        let now = self.shared.clock.now();
        self.with_state(|state| state.create_context(&platform, id, &description, now))
    }

    /// Cancels what the context has submitted and forgets its id and its timelines'
    /// numbers at once. What was cancelled is still reported, by these numbers: who
    /// uses them anew should have waited for that.
    pub fn destroy_context(&self, id: ContextId) -> Result<(), GpuError> {
        let _order = self.record(|| Call::DestroyContext { id });
        self.with_state(|state| state.destroy_context(id))
    }

    /// Changes whether submissions after a hang are executed, from the next hang on.
    pub fn set_recoverable(&self, id: ContextId, recoverable: bool) -> Result<(), GpuError> {
        let _order = self.record(|| Call::SetRecoverable { id, recoverable });
        self.with_state(|state| state.set_recoverable(id, recoverable))
    }

    /// Bans a context: what it has submitted, running or not, and whatever it will
    /// submit ends as cancelled.
    pub fn cancel_context(&self, id: ContextId) -> Result<(), GpuError> {
        let _order = self.record(|| Call::CancelContext { id });
        self.with_state(|state| state.cancel_context(id))
    }

    /// Notes that nobody owns a context any more: what it has submitted runs out, but where
    /// no heartbeat would end it if it hangs, it ends as cancelled. What is on an engine
    /// now has to reach an arbitration point within the preemption time-out.
    pub fn close_context(&self, id: ContextId) -> Result<(), GpuError> {
        let _order = self.record(|| Call::CloseContext { id });
        self.with_state(|state| state.close_context(id))
    }

    /// Resets engines, by their place in the platform's list, a bit each; bits of engines
    /// that don't exist are ignored. The batch that each of them executes hangs. Returns how
    /// many there were; they are reported soon.
    pub fn reset_engines(&self, engines: u32) -> u32 {
        let _order = self.record(|| Call::ResetEngines { engines });
        let all = 0..self.platform().engines.len().min(32);
        // Never refused.
        self.with_state(|state| {
            Ok(state.reset_engines(all.filter(|engine| engines >> engine & 1 != 0)))
        })
        .unwrap_or(0)
    }

    /// Ends every unfinished submission as cancelled, running or not. Contexts are not
    /// banned; what is submitted from here on is executed.
    pub fn reset_active(&self) {
        let _order = self.record(|| Call::ResetActive);
        // Never refused.
        let _ = self.with_state(|state| {
            state.reset_active();
            Ok(())
        });
    }

    /// Checks a range of GPU virtual addresses; its start, without canonical bits.
    fn check_range(&self, va: u64, length: u64) -> Result<u64, GpuError> {
        let mask = self.platform().address_mask();
        let address = va & mask;
        if length == 0 || !length.is_multiple_of(PAGE_SIZE) || !va.is_multiple_of(PAGE_SIZE) {
            return Err(GpuError::BadRange {
                address: va,
                length,
            });
        }
        if address.checked_add(length).is_none_or(|end| end > mask + 1) {
            return Err(GpuError::RangeTooHigh { address, length });
        }
        Ok(address)
    }

    /// Queues a mapping. Binds of one address space are applied in order.
    pub fn bind(&self, bind: Bind) -> Result<(), GpuError> {
        let _order = self.record(|| Call::Bind(bind.clone()));
        let start = self.check_range(bind.va, bind.length)?;
        let bad = GpuError::BadRange {
            address: bind.va,
            length: bind.length,
        };
        if bind.extents.len() > limits::MAX_EXTENTS {
            let limit = limits::MAX_EXTENTS;
            return Err(GpuError::Limit {
                what: "extents of a bind",
                limit,
            });
        }
        let backings = if bind.null {
            if !bind.extents.is_empty() {
                return Err(bad);
            }
            vec![(bind.length, Backing::Null)]
        } else {
            let memory = self.shared.memory.read();
            let mut backings = Vec::with_capacity(bind.extents.len());
            let mut total = 0_u64;
            for &Extent { address, length } in &bind.extents {
                let aligned = (address | length).is_multiple_of(PAGE_SIZE);
                if length == 0 || !aligned {
                    return Err(GpuError::BadRange { address, length });
                }
                if !memory.contains(address, length) {
                    return Err(GpuError::ExtentOutsideMemory { address, length });
                }
                total = total.checked_add(length).ok_or(bad)?;
                backings.push((
                    length,
                    Backing::Memory {
                        address,
                        read_only: bind.read_only,
                    },
                ));
            }
            if total != bind.length {
                return Err(bad);
            }
            backings
        };
        let change = TableChange {
            start,
            length: bind.length,
            backings,
        };
        self.with_state(|state| state.bind(bind.address_space, change, bind.waits, bind.signal))
    }

    /// Queues an unmapping, in order with the address space's binds.
    pub fn unbind(&self, unbind: Unbind) -> Result<(), GpuError> {
        let _order = self.record(|| Call::Unbind(unbind.clone()));
        let start = self.check_range(unbind.va, unbind.length)?;
        let change = TableChange {
            start,
            length: unbind.length,
            backings: Vec::new(),
        };
        self.with_state(|state| {
            state.bind(unbind.address_space, change, unbind.waits, unbind.signal)
        })
    }

    /// Queues a submission. Those of one slot are executed in order.
    ///
    /// What an engine can take at once begins on the caller's thread, which saves waking the
    /// engine's for what is soon over: it executes some tens of commands, no blits among
    /// them, and leaves the rest to the engine's.
    pub fn submit(&self, submission: Submission) -> Result<(), GpuError> {
        let _order = self.record(|| Call::Submit(submission.clone()));
        let platform = self.platform();
        let sseu = match submission.sseu {
            Some(sseu) => {
                sseu.check(platform)?;
                sseu
            }
            None => Sseu::whole_device(platform),
        };
        let power = sseu.power_clock_state(platform);
        let shared = &*self.shared;
        if shared.stepped {
            return self.with_state(|state| state.submit(submission, power));
        }
        let mut state = shared.state.lock();
        state.hold_bells();
        let result = state.submit(submission, power);
        let engines = state.release_bells();
        state = shared.attend(state, engines);
        drop(shared.do_chores(state));
        result
    }

    /// For how many nanoseconds batches of each of the context's slots have had an engine
    /// since the context was made. What spins and is left alone for it counts as executed,
    /// as on hardware; several that do share the time.
    pub fn context_runtime_ns(&self, id: ContextId) -> Result<Vec<u64>, GpuError> {
        let mut state = self.shared.state.lock();
        state.runtime_ns(id, self.shared.clock.now())
    }

    /// For each engine, in the platform's order, for how many nanoseconds a batch has
    /// been on it, executing, waiting or spinning.
    pub fn engines_occupied_ns(&self) -> Vec<u64> {
        self.shared
            .state
            .lock()
            .occupied_ns(self.shared.clock.now())
    }

    /// The 36-bit count of every TIMESTAMP register, in ticks of the platform's
    /// frequency since the GPU was made.
    pub fn read_timestamp(&self) -> u64 {
        self.shared.clock.read_timestamp()
    }

    /// What the driver would read from a register outside any context: TIMESTAMP
    /// (0x358, all of it, and 0x35c, its upper half). `offset` is relative to the
    /// engine's base. `None`: no such engine or register.
    pub fn read_register(&self, engine: EngineId, offset: u32) -> Option<u64> {
        self.platform().engine_index(engine)?;
        let timestamp = self.read_timestamp();
        match offset {
            TIMESTAMP => Some(timestamp),
            0x35c => Some(timestamp >> 32),
            _ => None,
        }
    }

    /// Changes how an engine shares its time, at once. If the heartbeat has changed, what
    /// is on the engine has to reach an arbitration point within the preemption time-out;
    /// if it is off, contexts that were closed end there as cancelled.
    pub fn set_engine_timing(
        &self,
        engine: EngineId,
        timing: EngineTiming,
    ) -> Result<(), GpuError> {
        let _order = self.record(|| Call::SetEngineTiming { engine, timing });
        let (class, instance) = (engine.class, u32::from(engine.instance));
        let instances = 1_u16.checked_shl(instance).unwrap_or(0);
        let index = self.platform().engine_index(engine);
        let index = index.ok_or(GpuError::UnknownEngine { class, instances })?;
        self.with_state(|state| {
            state.set_timing(index, timing);
            Ok(())
        })
    }

    /// What has been counted so far.
    pub fn counters(&self) -> Counters {
        let engines = self.shared.counters.iter();
        let engines = engines.map(LiveCounters::read).collect();
        self.shared.state.lock().counters(engines)
    }
}

impl Drop for Gpu {
    fn drop(&mut self) {
        {
            let state = self.shared.state.lock();
            self.shared.stop.store(true, Ordering::Relaxed);
            state.abort_all();
            for signals in self.shared.signals.iter() {
                signals.bell.ring();
            }
        }
        for thread in self.threads.drain(..) {
            // A sink may drop the GPU from inside one of its threads.
            if thread.thread().id() != thread::current().id() {
                // A panic of an engine thread has been printed; there is nothing to add.
                let _ = thread.join();
            }
        }
    }
}
