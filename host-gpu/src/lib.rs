// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The host's GPU drivers, as executors call them.
//!
//! This crate is the room for the host's system calls: the only one on the way from a guest's
//! command to a real GPU that holds `unsafe`. What is unsafe about them is of two kinds, and
//! both end here. The kernel reads and writes through pointers that stand in a call's structure:
//! [`syncobj`], [`i915`] and [`xe`] make those structures from slices that live until the call
//! returns. And a GPU that was given an address of this process goes on using it after the call:
//! an [`xe::Vm`] and an [`i915::Object`] keep the guest's memory mapped for as long as anything of
//! it may be bound.
//!
//! A driver's file is a [`DrmFile`]. The real one is a [`RenderNode`]'s; tests put a simulated
//! driver behind the same trait, which sees the calls as the kernel does.

pub mod errno;
mod file;
pub mod i915;
pub mod memory;
mod node;
pub mod syncobj;
pub mod uapi;
pub mod udmabuf;
pub mod xe;

pub use file::{DrmFile, DrmNode};
pub use node::{Driver, Missing, RenderNode, check};
