//! What the model counts, for metrics and tests. Written by the engines, one set
//! each, without locks; read by whoever asks.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// One engine's counts.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
        pub struct EngineCounters {
            $($(#[$doc])* pub $name: u64,)*
        }

        /// The same, being counted.
        #[derive(Debug, Default)]
        pub(crate) struct LiveCounters {
            $(pub(crate) $name: AtomicU64,)*
        }

        impl LiveCounters {
            pub(crate) fn read(&self) -> EngineCounters {
                EngineCounters { $($name: self.$name.load(Ordering::Relaxed),)* }
            }
        }

        impl std::ops::Add for EngineCounters {
            type Output = Self;

            fn add(self, other: Self) -> Self {
                Self { $($name: self.$name.wrapping_add(other.$name),)* }
            }
        }
    };
}

counters! {
    /// Nanoseconds in which a batch was on the engine and not merely polled for.
    busy_ns,
    /// Submissions that ended, however they did.
    submissions,
    /// Commands executed.
    commands,
    /// Times a batch made room for another before its end.
    preemptions,
    /// Polls of a spinning or waiting batch.
    polls,
    /// Register writes that were dropped: privileged, unknown or read-only registers.
    dropped_register_writes,
    /// Commands that became no-ops, and writes that were dropped, because only a privileged
    /// batch may have them.
    privilege_violations,
    /// Accesses that met no mapping, a read-only page or missing memory.
    faults,
    /// Submissions that ended as hung.
    hangs,
    /// Submissions that ended as cancelled.
    cancelled,
    /// Bytes written by blitter commands.
    bytes_blitted,
    /// Kernels started: GPGPU_WALKERs and MEDIA_OBJECTs that were not empty.
    kernels,
    /// Thread groups of kernels that ended.
    thread_groups,
    /// Threads of these groups.
    eu_threads,
    /// Instructions that kernels' threads executed.
    eu_instructions,
    /// MI_USER_INTERRUPTs, and flushes with their notify bit set.
    interrupts,
}

/// All counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Each engine's, in the platform's order.
    pub engines: Vec<EngineCounters>,
    /// Binds and unbinds applied.
    pub binds: u64,
    /// Extents mapped by them.
    pub extents_bound: u64,
    /// Submissions and binds that wait or run now.
    pub pending: u64,
    /// Points that they wait for now.
    pub waits: u64,
    /// Address spaces that are kept now.
    pub address_spaces: u64,
    /// Contexts that exist now.
    pub contexts: u64,
    /// Slots that are kept now.
    pub slots: u64,
    /// Timelines that are kept now.
    pub timelines: u64,
}

impl Counters {
    /// The engines' counts added up.
    pub fn total(&self) -> EngineCounters {
        self.engines
            .iter()
            .fold(EngineCounters::default(), |sum, &engine| sum + engine)
    }
}

/// Adds to a counter.
pub(crate) fn count(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Ordering::Relaxed);
}
