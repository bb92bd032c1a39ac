//! A walk in execution. The engine's thread works on it a quantum at a time; others join where
//! there is more than it can do soon, and stay until nothing is left or the job leaves its
//! engine: quanta don't concern them. Groups are handed out in order; each is executed by one
//! host thread at a time, and waits where it is while nobody has it. Groups that have to wait
//! for later ones get as far as they would on hardware with as few places as there are host
//! threads.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use eu::trap::Trap;
use parking_lot::RwLock;

use super::Cores;
use super::floor::{Done, Floor, Guest, Limits, Plan, Standing};
use crate::completion::{HangReason, KernelPlace};
use crate::execute::{Machine, Pause, Stop};
use crate::memory::Memory;
use crate::page_table::{AddressSpace, Tlb};
use crate::platform::Platform;
use crate::view::View;

/// Instructions that stand for a command in a quantum's budget.
const INSTRUCTIONS_EACH: u64 = 128;
/// Instructions that the engine's thread executes before it calls for others: what is over
/// by then is not worth waking them.
const ALONE: u64 = 4096;
/// How long a quantum takes at most: instructions that send messages may take long.
const LONGEST: Duration = Duration::from_millis(2);
/// Instructions after which another thread lets go of guest memory, for its layout to change.
const HOLD: u64 = 65_536;
/// Threads of an execution unit.
const THREADS_OF_EU: u32 = 7;

/// A walk in execution.
#[derive(Debug)]
pub(crate) struct Walk {
    floor: Arc<Floor>,
    /// For how long it has executed since its last sign of life.
    pub(crate) silent: Duration,
}

/// What another host thread reaches memory by.
struct Reach {
    space: Arc<AddressSpace>,
    memory: Arc<RwLock<Memory>>,
    address_mask: u64,
    strict: bool,
}

impl Walk {
    /// A walk that is about to begin. Its shape is not empty.
    pub(crate) fn new(plan: Plan, platform: &Platform) -> Self {
        let threads = platform.topology.eus() * THREADS_OF_EU;
        let places = (threads / plan.shape.threads()).max(1);
        Self {
            floor: Arc::new(Floor::new(plan, places)),
            silent: Duration::ZERO,
        }
    }

    /// Where the first group is that has begun and not ended. None is in execution.
    pub(crate) fn place(&self) -> Option<KernelPlace> {
        self.floor.first_place()
    }

    /// Returns when no group is in execution: whoever has the walk then may report its end, or
    /// go on another time. No lock may be held that host threads at work may wait for.
    pub(crate) fn recall(&self) {
        self.floor.recall();
    }

    /// Waits a moment if there is nothing to do but by others. No lock may be held that these
    /// may wait for.
    pub(crate) fn wait_for_others(&self) {
        self.floor.wait_for_others(LONGEST);
    }

    /// Executes about `allowance` instructions on this thread, and has others join in.
    fn run(
        &self,
        cores: &Cores,
        view: &mut View<'_>,
        reach: impl Fn() -> Reach,
        allowance: u64,
        limits: Limits,
    ) -> Done {
        let floor = &self.floor;
        floor.open();
        let others = cores.pool.limit() - 1;
        if others == 0 {
            return floor.work(view, allowance, limits);
        }
        let alone = allowance.min(ALONE);
        let mut done = floor.work(view, alone, limits);
        if allowance > alone {
            for _ in 0..floor.invite(others) {
                let guest = Guest(Arc::clone(floor));
                let (reach, patience) = (reach(), limits.patience);
                cores
                    .pool
                    .run(Box::new(move || reach.attend(&guest, patience)));
            }
            done += floor.work(view, allowance - alone, limits);
        }
        done
    }
}

impl Drop for Walk {
    fn drop(&mut self) {
        self.floor.close();
    }
}

impl Reach {
    /// Works on a walk until there is nothing left to take.
    fn attend(&self, guest: &Guest, patience: u64) {
        let mut tlb = Tlb::default();
        loop {
            let memory = self.memory.read();
            let (mask, strict) = (self.address_mask, self.strict);
            let mut view = View::new(&self.space, &mut tlb, &memory, mask, strict);
            let limits = Limits {
                until: Instant::now().checked_add(LONGEST),
                patience,
            };
            if !guest.work(&mut view, HOLD, limits) {
                return;
            }
        }
    }
}

impl Machine<'_> {
    /// Goes on with the walk, if there is one. Nothing: it is over.
    pub(crate) fn walk_on(
        &mut self,
        left: &mut u32,
        slice_over: bool,
    ) -> Result<Option<Pause>, Stop> {
        let Some(walk) = self.walk.as_ref() else {
            return Ok(None);
        };
        if self.light {
            return Ok(Some(Pause::Budget));
        }
        let allowance = u64::from(*left) * INSTRUCTIONS_EACH;
        let limits = Limits {
            until: self.around.clock.deadline(LONGEST),
            patience: self.cores.patience,
        };
        let strict = self.view.is_strict();
        let reach = || Reach {
            space: Arc::clone(self.space),
            memory: Arc::clone(self.memory),
            address_mask: self.around.platform.address_mask(),
            strict,
        };
        let mut done = walk.run(self.cores, &mut self.view, reach, allowance, limits);
        let commands = done.instructions / INSTRUCTIONS_EACH;
        let (standing, by_others) = walk.floor.look();
        done += by_others;
        if let Standing::Stopped(_) = standing {
            // What the others have in hand they may need binds for.
            self.view.unlocked(|| walk.recall());
            done += walk.floor.look().1;
        }
        self.tally.groups += done.groups;
        self.tally.eu_threads += done.threads;
        self.tally.instructions += done.instructions;
        self.tally.kernel_faults += done.faults;
        self.tally.alive |= done.alive;
        if done.instructions + done.changes > 0 {
            self.view.note_change();
        }
        match standing {
            Standing::Stopped(fault) => {
                *self.walk = None;
                let fault_address = match fault.trap {
                    Trap::Memory(fault) => Some(fault.address),
                    _ => None,
                };
                return Err(Stop::Hang {
                    reason: HangReason::Kernel(fault),
                    fault_address,
                });
            }
            Standing::Over => {
                *self.walk = None;
                *left = left.saturating_sub(u32::try_from(commands).unwrap_or(u32::MAX));
                return Ok(None);
            }
            Standing::Open | Standing::Others => {}
        }
        if self.program.arbitration {
            // As far as groups end it could be preempted on hardware too, between two of them.
            self.tally.arbitrations += u64::from(done.alive);
            self.program.note_arbitration();
            if slice_over || self.around.urgent.load(Ordering::Relaxed) {
                return Ok(Some(Pause::Arbitration));
            }
        }
        Ok(Some(Pause::Budget))
    }
}
