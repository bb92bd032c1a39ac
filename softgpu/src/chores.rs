//! What the scheduler wants done without its lock: binds applied, cancelled work reported.
//! Any thread does it that is at hand, or, without threads, whoever steps the GPU.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use parking_lot::MutexGuard;

use crate::completion::{Completion, Outcome};
use crate::engine::Shared;
use crate::page_table::{AddressSpace, TableFull};
use crate::scheduler::{Chore, SlotKey, SpaceKey, State, TableChange};

/// A queue that nobody else works on until this is done with.
#[derive(Debug)]
pub(crate) enum Claim {
    /// A slot's, whose batches are to be cancelled.
    Slot(SlotKey),
    /// An address space's, whose binds are to be applied.
    Space(SpaceKey, Arc<AddressSpace>),
}

/// Begins a chore, if there is something left to do.
pub(crate) fn claim(state: &mut State, chore: Chore) -> Option<Claim> {
    match chore {
        Chore::Cancel(slot) => state.claim_slot(slot).then_some(Claim::Slot(slot)),
        Chore::Bind(space) => {
            let tables = state.claim_space(space)?;
            Some(Claim::Space(space, tables))
        }
    }
}

impl Shared {
    /// Does what the scheduler wants done without its lock, until there is nothing.
    /// Without threads that is left to the next steps.
    pub(crate) fn do_chores<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
    ) -> MutexGuard<'a, State> {
        while !self.stepped
            && !self.stop.load(Ordering::Relaxed)
            && let Some(chore) = state.next_chore()
        {
            if let Some(claim) = claim(&mut state, chore) {
                while self.go_on_with(&mut state, &claim) {}
            }
        }
        state
    }

    /// Does the next piece of a chore. Whether there was one: if not, the claim has ended.
    pub(crate) fn go_on_with(&self, state: &mut MutexGuard<'_, State>, claim: &Claim) -> bool {
        match claim {
            Claim::Slot(slot) => {
                let platform = &self.config.platform;
                let Some((completion, reported)) = state.next_cancelled(platform, *slot) else {
                    return false;
                };
                MutexGuard::unlocked(state, || self.completed(completion));
                state.reported_cancelled(reported);
            }
            Claim::Space(space, tables) => {
                let Some((point, moment, change)) = state.next_bind(*space) else {
                    return false;
                };
                let extents = change.as_ref().map_or(0, |change| change.backings.len());
                let applied = change.is_some();
                MutexGuard::unlocked(state, || {
                    let outcome = apply(tables, change);
                    let completion = Completion::without_engine(point, outcome);
                    self.completed(completion);
                });
                state.binds += u64::from(applied);
                state.extents_bound += extents as u64;
                state.reported(moment);
            }
        }
        true
    }
}

/// Does what a bind says; none: it was cancelled.
fn apply(tables: &AddressSpace, change: Option<TableChange>) -> Outcome {
    let Some(TableChange {
        start,
        length,
        backings,
    }) = change
    else {
        return Outcome::Cancelled;
    };
    let result = tables.update(|table| {
        if backings.is_empty() {
            table.unmap(start, start + length)
        } else {
            table.map(start, backings.into_iter())
        }
    });
    match result {
        Ok(()) => Outcome::Completed,
        Err(TableFull) => Outcome::OutOfSpace,
    }
}
