// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What a session can tell of who uses it. The wire knows no process of the guest: what can
//! be told apart are address spaces and the contexts whose batches run in them.

use serde::Serialize;

use super::Session;

/// A context, as far as it can be told from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContextState {
    /// The guest's number for it.
    pub context: u32,
    /// Its address space's.
    #[serde(skip)]
    pub address_space: u32,
    /// Submissions accepted.
    pub submissions: u64,
    /// Its engine slots.
    pub slots: Vec<SlotState>,
}

/// An engine slot of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SlotState {
    /// Engine class, in i915's numbers.
    pub class: u16,
    /// The instances it may run on, a bit each.
    pub instances: u16,
    /// For how many nanoseconds batches have had an engine.
    pub busy_ns: u64,
}

/// An address space, as far as it can be told from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AddressSpaceState {
    /// The guest's number for it.
    pub address_space: u32,
    /// Bytes of guest memory bound in it, as often as they are.
    pub bytes_bound: u64,
    /// Extents that hold them, at most.
    pub extents: u64,
}

impl Session {
    /// The address spaces there are, in no order.
    pub fn address_space_ids(&self) -> Vec<u32> {
        self.address_spaces.keys().copied().collect()
    }

    /// The contexts there are, in no order.
    pub fn context_ids(&self) -> Vec<u32> {
        self.contexts.keys().copied().collect()
    }

    /// The class and the instances of a context's slot.
    pub fn slot_engines(&self, context: u32, slot: u16) -> Option<(u16, u16)> {
        let slot = self.contexts.get(&context)?.slots.get(usize::from(slot))?;
        Some((slot.class, slot.instances))
    }

    /// The state of an address space, if it is still there.
    pub fn address_space_state(&self, id: u32) -> Option<AddressSpaceState> {
        let known = self.address_spaces.get(&id)?;
        Some(AddressSpaceState {
            address_space: id,
            bytes_bound: known.ranges.bytes(),
            extents: known.ranges.extents(),
        })
    }

    /// The state of a context, if it is still there.
    pub fn context_state(&mut self, id: u32) -> Option<ContextState> {
        let known = self.contexts.get(&id)?;
        // Only a context that the executor does not know has none.
        let runtimes = self.executor.context_runtime_ns(id).unwrap_or_default();
        let runtimes = runtimes.into_iter().chain(std::iter::repeat(0));
        let slots = known.slots.iter().zip(runtimes);
        Some(ContextState {
            context: id,
            address_space: known.address_space,
            submissions: known.submissions,
            slots: slots
                .map(|(slot, busy_ns)| SlotState {
                    class: slot.class,
                    instances: slot.instances,
                    busy_ns,
                })
                .collect(),
        })
    }
}
