// SPDX-License-Identifier: GPL-2.0 OR MIT

//! For how long a file's work has had engines, by class: what has ended, as the device has
//! told of each submission, and what hasn't, which the device is asked for.
//!
//! The device tells of a context for how long it has had engines in all. So whoever reads
//! notes first what has ended of the contexts with unfinished work, then asks, and counts
//! what is over that: a submission that ends in between is in the answer.

use crate::new_irq_lock;
use crate::protocol::QueryContextRuntime;
use crate::rules::PlatformFacts;
use crate::virtio::{IrqLock, Transport};
use core::fmt;
use kernel::prelude::*;
use kernel::rbtree::{RBTree, RBTreeNode, RBTreeNodeReservation};
use kernel::sync::{Arc, LockedBy};

/// What drm-usage-stats calls the engine classes, by their numbers
/// (`enum drm_i915_gem_engine_class`).
const CLASS_NAMES: [&str; 5] = ["render", "copy", "video", "video-enhance", "compute"];

/// Nanoseconds for each class.
type Times = [u64; CLASS_NAMES.len()];

/// A file's times.
#[pin_data]
pub(super) struct ClientUsage {
    /// Interrupts off: submissions end at any time.
    #[pin]
    state: IrqLock<State>,
}

/// What the lock guards.
struct State {
    /// Of submissions that have ended.
    ended: Times,
    /// What was told last: it never gets less.
    told: Times,
    /// The contexts that have unfinished submissions, by their numbers on the device.
    running: RBTree<u32, Arc<ContextUsage>>,
    /// How many.
    running_count: usize,
}

/// A context's times.
pub(crate) struct ContextUsage {
    client: Arc<ClientUsage>,
    /// The context's number on the device.
    number: u32,
    /// The class of each of its slots on the device.
    classes: KVec<u16>,
    own: LockedBy<Own, State>,
}

/// What the client's lock guards of a context's.
struct Own {
    /// Of its submissions that have ended.
    ended: Times,
    /// Its unfinished submissions.
    unfinished: usize,
    /// Its place in the tree, while it isn't there.
    place: Option<RBTreeNodeReservation<u32, Arc<ContextUsage>>>,
}

/// An unfinished submission. Any context.
pub(crate) struct RunningUsage {
    context: Arc<ContextUsage>,
    class: u16,
}

impl ClientUsage {
    /// Of a file that was just opened. ENOMEM.
    pub(super) fn new() -> Result<Arc<Self>> {
        let state = State {
            ended: Times::default(),
            told: Times::default(),
            running: RBTree::new(),
            running_count: 0,
        };
        Arc::pin_init(
            pin_init!(Self {
                state <- new_irq_lock!(state, "ClientUsage::state"),
            }),
            GFP_KERNEL,
        )
    }

    /// The times until now. Waits for the device's answers; what it doesn't answer, since it
    /// is lost, say, counts with what has ended. ENOMEM. Process context.
    fn times(&self, transport: &Transport) -> Result<Times> {
        let mut running: KVec<(Arc<ContextUsage>, Times)> = KVec::new();
        let mut times = loop {
            let count = self.state.lock().running_count;
            running.reserve(count, GFP_KERNEL)?;
            let state = self.state.lock();
            if state.running_count > running.capacity() {
                continue;
            }
            for context in state.running.values() {
                let ended = context.own.access(&state).ended;
                // There is room for all.
                let _ = running.push_within_capacity((context.clone(), ended));
            }
            break state.ended;
        };
        for (context, ended) in &running {
            let command = QueryContextRuntime {
                context: context.number.into(),
                reserved: 0.into(),
            };
            let Ok(reply) = transport.call(&command, &[]) else {
                continue;
            };
            let mut until_now = Times::default();
            for (class, runtime) in context.classes.iter().zip(&reply.runtime_ns) {
                if let Some(time) = until_now.get_mut(usize::from(*class)) {
                    *time = time.saturating_add(runtime.get());
                }
            }
            for ((time, until_now), ended) in times.iter_mut().zip(until_now).zip(ended) {
                *time = time.saturating_add(until_now.saturating_sub(*ended));
            }
        }
        let mut state = self.state.lock();
        for (told, time) in state.told.iter_mut().zip(times) {
            *told = time.max(*told);
        }
        Ok(state.told)
    }

    /// Writes them as i915 does (`show_client_class`): for each class that there is its time,
    /// and of how many engines if there are several. ENOMEM.
    pub(super) fn write(
        &self,
        transport: &Transport,
        facts: &PlatformFacts,
        out: &mut dyn fmt::Write,
    ) -> Result {
        let times = self.times(transport)?;
        for (class, (name, time)) in CLASS_NAMES.iter().zip(times).enumerate() {
            let capacity = facts
                .engines()
                .iter()
                .filter(|engine| usize::from(engine.name.class) == class)
                .count();
            if capacity > 0 {
                writeln!(out, "drm-engine-{name}:\t{time} ns").map_err(|_| ENOMEM)?;
            }
            if capacity > 1 {
                writeln!(out, "drm-engine-capacity-{name}:\t{capacity}").map_err(|_| ENOMEM)?;
            }
        }
        Ok(())
    }
}

impl ContextUsage {
    /// Of the context with that number on the device, with slots of these classes there.
    /// ENOMEM.
    pub(super) fn new(
        client: &Arc<ClientUsage>,
        number: u32,
        classes: KVec<u16>,
    ) -> Result<Arc<Self>> {
        let own = Own {
            ended: Times::default(),
            unfinished: 0,
            place: Some(RBTreeNodeReservation::new(GFP_KERNEL)?),
        };
        let own = LockedBy::new(&client.state, own);
        let client = client.clone();
        Ok(Arc::new(
            Self {
                client,
                number,
                classes,
                own,
            },
            GFP_KERNEL,
        )?)
    }

    /// A submission is made to a slot of that class. Any context.
    pub(crate) fn submitted(self: &Arc<Self>, class: u16) -> RunningUsage {
        let mut state = self.client.state.lock();
        let own = self.own.access_mut(&mut state);
        own.unfinished += 1;
        let place = own.place.take();
        if let Some(place) = place {
            state
                .running
                .insert(place.into_node(self.number, self.clone()));
            state.running_count += 1;
        }
        RunningUsage {
            context: self.clone(),
            class,
        }
    }
}

impl RunningUsage {
    /// It has ended, and had engines for so long. Any context.
    pub(crate) fn ended(self, time_ns: u64) {
        let mut state = self.context.client.state.lock();
        let class = usize::from(self.class);
        if let Some(time) = state.ended.get_mut(class) {
            *time = time.saturating_add(time_ns);
        }
        if let Some(time) = self.context.own.access_mut(&mut state).ended.get_mut(class) {
            *time = time.saturating_add(time_ns);
        }
    }
}

impl Drop for RunningUsage {
    fn drop(&mut self) {
        let context = &self.context;
        let mut state = context.client.state.lock();
        let own = context.own.access_mut(&mut state);
        own.unfinished -= 1;
        if own.unfinished != 0 {
            return;
        }
        if let Some(node) = state.running.remove_node(&context.number) {
            state.running_count -= 1;
            // The reference it had isn't the last: this has one.
            let place = RBTreeNode::into_reservation(node);
            context.own.access_mut(&mut state).place = Some(place);
        }
    }
}
