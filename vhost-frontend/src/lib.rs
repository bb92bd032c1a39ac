// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The driver's side of the daemon's socket, as an executor: [`Remote`] is a
//! [`Factory`](virtio_igpu_executor::Factory) whose executors drive a daemon's process through
//! virtqueues. So whatever is written over the trait runs through the whole daemon.
//!
//! It plays QEMU and the guest's driver at once: guest memory is the caller's, with a region of
//! its own behind it for rings and commands. It is made for tests: where the device does what no
//! device may do, or does nothing, calls panic.

mod commands;
mod connection;
mod daemon;
mod remote;
mod ring;
mod state;
mod timelines;

pub use daemon::Daemon;
pub use remote::{Failed, Remote};
