// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 OR MIT

//! The wire ABI between the guest driver and the device: commands, replies, events,
//! the device's configuration space and the limits both sides keep to.
//!
//! This crate is plain data. It knows no kernel, no vhost and no GPU model, allocates
//! nothing and decides nothing: who may send what when is said in each item's text and,
//! as a whole, in `docs/protocol.md`. The guest's kernel compiles the same files into
//! the module that cargo compiles for the host, so the two can't drift apart.
//!
//! # Shape of a command
//!
//! One command is one descriptor chain: device-readable bytes first, a [`CommandHeader`]
//! with its payload behind it, then device-writable bytes for the reply, which begins
//! with a [`ReplyHeader`]. All integers are little-endian; every structure has alignment
//! 1 and no implicit padding. The chain's used length is the number of reply bytes
//! written. A chain that has no room for a [`ReplyHeader`] comes back with length 0.
//!
//! # Queues
//!
//! [`Queue`] names the four virtqueues. The device takes commands in the order
//! control, bind, submit: a command made available on an earlier one of these queues
//! before another on a later one is taken first. Within a queue they are taken in order.
//! What must wait for what beyond that is said with [`Point`]s.

// Under cargo this is a crate of its own and needs no std; in the kernel it is a module
// of the driver's crate, where the attribute below has no meaning.
#![cfg_attr(not(CONFIG_RUST), no_std)]

mod bind;
mod config;
mod control;
mod event;
mod header;
mod limits;
mod platform;
mod submit;
mod timeline;

pub use bind::{Bind, BindFlags, Extent, Unbind};
pub use config::{DeviceConfig, CONFIG_SPACE_SIZE, DEVICE_CONFIG_SIZE, MAGIC};
pub use control::{
    CancelContext, CloseContext, ContextEngine, ContextFlags, ContextRuntimeReply,
    CreateAddressSpace, CreateContext, DestroyAddressSpace, DestroyContext, EngineFlags, Hello,
    HelloFlags, HelloReply, LimitsReply, QueryContextRuntime, QueryLimits, QueryPlatform,
    ReadRegister, ReadRegisterReply, ResetActive, ResetEngines, ResetEnginesReply, SetContextFlags,
    SetEngineProperties, Suspend,
};
pub use event::{EngineRegisters, Event, EventKind};
pub use header::{Command, CommandHeader, Opcode, Queue, ReplyHeader, Status, QUEUE_COUNT};
pub use limits::*;
pub use platform::{EngineInfo, PlatformFeatures, PlatformReply};
pub use submit::{Batch, Sseu, Submit, SubmitFlags, SubmitReply};
pub use timeline::{Point, PointFlags};

/// The newest version of this protocol, and the oldest that is still spoken.
///
/// The device offers its range in [`DeviceConfig`]; the driver chooses the newest version
/// that both speak and says so with [`Hello`].
pub const VERSION: u16 = 4;

/// The virtio device id of QEMU's `vhost-user-igpu-pci`, our own device. The specification has
/// not given one to this device; it is one of the highest that a PCI device id can tell.
pub const VIRTIO_ID: u32 = 62;

/// The virtio device id under which stock QEMU's `vhost-user-test-device-pci` carries the
/// device: 22, pstore, a name QEMU knows and for which Linux has no driver.
pub const VIRTIO_ID_STOCK_QEMU: u32 = 22;
