//! Compute dispatch: GPGPU_WALKER and MEDIA_OBJECT start threads on the shader cores, whose
//! model is the crate `eu`. May know the context's state, address spaces and `eu`; it knows
//! nothing of contexts' turns on their engine.
//!
//! - [`command`]: the two commands: what is to be walked.
//! - [`state`]: what a walk finds in the context's state and in memory.
//! - [`payload`]: what a thread's first registers hold.
//! - [`shape`]: which groups there are.
//! - [`floor`]: what the host threads of a walk share, and how each works on it.
//! - [`walk`]: a walk in execution: an engine's quanta, and threads that join it.
//! - [`pool`]: these host threads.
//! - [`cache`]: kernels that were decoded before.
//! - [`report`]: a kernel's code as text, for whoever looks at a hang.
//! - [`memory`]: an address space as kernels reach it.
//!
//! Glossary. *Walk*: the execution of one command's thread groups. *Place*: what a thread group
//! occupies of the shader cores while it executes: with the place come its threads' numbers,
//! which are also those of their scratch space.

pub(crate) mod cache;
pub(crate) mod command;
pub(crate) mod floor;
pub(crate) mod memory;
pub(crate) mod payload;
pub(crate) mod pool;
pub(crate) mod report;
pub(crate) mod shape;
pub(crate) mod state;
#[cfg(test)]
mod tests;
pub(crate) mod walk;

use parking_lot::Mutex;

use cache::Cache;
use pool::Pool;

/// The shader cores of a GPU.
#[derive(Debug)]
pub(crate) struct Cores {
    pool: Pool,
    cache: Mutex<Cache>,
    /// Instructions that a group may execute between two signs of life.
    patience: u64,
}

impl Cores {
    /// Cores that groups execute on with up to so many host threads at once, the engine's
    /// among them.
    pub(crate) fn new(threads: usize, patience: u64) -> Self {
        Self {
            pool: Pool::new(threads),
            cache: Mutex::default(),
            patience,
        }
    }
}
