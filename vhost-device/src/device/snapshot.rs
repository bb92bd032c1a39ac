// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What can be told of a guest while it is served. The guest's lock is held for as long as
//! copying some numbers takes: contexts, of which there may be many, are looked at a few at
//! a time, and the queue worker may come in between.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Device;
use crate::executor::engine_class_name;
use crate::metrics::Metrics;
use crate::session::clients::{AddressSpaceState, ContextState};

/// Contexts and address spaces looked at under one hold of the lock.
const AT_ONCE: usize = 32;

/// Address spaces, and contexts, of which details are told.
pub const MAX_TOLD: usize = 1024;

/// One guest's numbers at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Which guest it is, from 1.
    pub guest: u64,
    /// What is counted of it.
    pub metrics: Metrics,
    /// What its executor counts.
    pub executor: serde_json::Value,
    /// The platform's name.
    pub platform: std::borrow::Cow<'static, str>,
    /// The engines.
    pub engines: Vec<EngineState>,
}

/// An engine at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EngineState {
    /// i915's name for it.
    pub name: String,
    /// Its class, in i915's numbers.
    pub class: u16,
    /// Its instance, as userspace counts.
    pub instance: u16,
    /// For how many nanoseconds a batch has been on it.
    pub busy_ns: u64,
}

/// Who uses the device: address spaces, with the contexts that run in them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Clients {
    /// Address spaces there are.
    pub address_spaces: usize,
    /// Contexts there are.
    pub contexts: usize,
    /// The first [`MAX_TOLD`] of both, by number.
    pub clients: Vec<Client>,
}

/// An address space and its contexts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Client {
    /// The address space.
    #[serde(flatten)]
    pub address_space: AddressSpaceState,
    /// Its contexts.
    pub contexts: Vec<ContextState>,
}

/// i915's name for an engine.
fn engine_name(class: u16, instance: u16) -> String {
    let class = engine_class_name(class).unwrap_or("other");
    format!("{class}{instance}")
}

/// The first [`MAX_TOLD`] by number.
fn first(mut ids: Vec<u32>) -> Vec<u32> {
    ids.sort_unstable();
    ids.truncate(MAX_TOLD);
    ids
}

impl Device {
    /// The guest's numbers as of now.
    pub fn snapshot(&self) -> Snapshot {
        let mut guest = self.guest();
        let executor = guest.executor_counters();
        let metrics = guest.metrics().clone();
        let busy = guest.engine_busy_ns();
        drop(guest);
        let platform = self.platform();
        let busy = busy.into_iter().chain(std::iter::repeat(0));
        let engines = platform.engines.iter().zip(busy);
        Snapshot {
            guest: self.number,
            metrics,
            executor,
            platform: platform.name.clone(),
            engines: engines
                .map(|(engine, busy_ns)| EngineState {
                    name: engine_name(engine.class, engine.instance),
                    class: engine.class,
                    instance: engine.instance,
                    busy_ns,
                })
                .collect(),
        }
    }

    /// Who uses the device, as of now; what goes meanwhile is left out.
    pub fn clients(&self) -> Clients {
        let (address_spaces, contexts) = {
            let mut guest = self.guest();
            let Some(session) = guest.session.as_mut() else {
                return Clients::default();
            };
            (session.address_space_ids(), session.context_ids())
        };
        let mut clients = Clients {
            address_spaces: address_spaces.len(),
            contexts: contexts.len(),
            clients: Vec::new(),
        };
        let mut by_address_space = BTreeMap::new();
        for ids in first(address_spaces).chunks(AT_ONCE) {
            let mut guest = self.guest();
            let Some(session) = guest.session.as_mut() else {
                break;
            };
            let states = ids.iter().filter_map(|&id| session.address_space_state(id));
            by_address_space.extend(states.map(|state| (state.address_space, (state, Vec::new()))));
        }
        for ids in first(contexts).chunks(AT_ONCE) {
            let mut guest = self.guest();
            let Some(session) = guest.session.as_mut() else {
                break;
            };
            for state in ids.iter().filter_map(|&id| session.context_state(id)) {
                if let Some((_, contexts)) = by_address_space.get_mut(&state.address_space) {
                    contexts.push(state);
                }
            }
        }
        clients.clients = by_address_space
            .into_values()
            .map(|(address_space, contexts)| Client {
                address_space,
                contexts,
            })
            .collect();
        clients
    }
}
