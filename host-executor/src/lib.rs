// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What executors on the host's GPU have in common, whatever kernel driver it has.
//!
//! An address space of the guest's is a client of the driver's by itself: a file, and in it an
//! address space. So what hangs, is banned or leaks in one is that one's alone. A timeline is a
//! timeline sync object, so that whatever a submission waits for stays on the host's GPU; where
//! it is waited for from another address space, both files know it. Completions come through an
//! eventfd of each file to one thread.
//!
//! What is particular to a driver stands behind [`Driver`]. There is no unsafe code here: system
//! calls and their pointers are `host-gpu`'s.

#![forbid(unsafe_code)]

mod completion;
mod driver;
mod executor;
mod homes;
mod jobs;
pub mod platform;
mod send;
mod state;
mod updates;

pub use driver::{Binds, Change, Driver, Effect, Queue, Space, Verdict};
pub use executor::HostExecutor;
