// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The host side of virtio-igpu: a vhost-user daemon that takes a guest's commands from
//! virtqueues and has an [`executor::Executor`] carry them out.
//!
//! The way of a command: [`queue`] takes its bytes from the guest's memory, once;
//! [`session`] decodes and checks them and calls the executor; the executor reports the
//! end to a [`mailbox`]; [`device`] writes the reply and gives the descriptor chain back.
//! [`server`] owns the socket and serves one guest after the other.
//!
//! This crate knows the wire (`virtio-igpu-protocol`), vhost-user and the GPU model, and
//! nothing of what runs in the guest.

pub mod capabilities;
pub mod cli;
pub mod device;
pub mod executor;
pub mod logging;
pub mod mailbox;
pub mod management;
pub mod metrics;
pub mod queue;
pub mod sandbox;
pub mod server;
pub mod service;
pub mod session;
pub mod trace;

pub use virtio_igpu_executor::GuestMemory;
