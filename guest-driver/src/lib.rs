// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The guest side of virtio-igpu: a DRM driver with i915's uAPI whose GPU is a virtio
//! device.
//!
//! `virtio/` carries commands, `drm/` makes DRM safe to use; unsafe code lives in these
//! two alone. The rest of the driver is safe Rust on top of them.

use kernel::prelude::*;

#[path = "raw/kernel_generated.rs"]
#[allow(missing_docs, dead_code, non_snake_case, non_upper_case_globals)]
#[allow(non_camel_case_types, unsafe_op_in_unsafe_fn, unreachable_pub, clippy::all)]
#[allow(improper_ctypes)]
#[rustfmt::skip]
mod raw;

#[path = "../../protocol/src/lib.rs"]
#[allow(dead_code, unused_imports, unreachable_pub)]
pub(crate) mod protocol;

#[path = "../rules/src/lib.rs"]
pub(crate) mod rules;

mod context;
mod debug;
mod driver;
pub(crate) mod drm;
mod engine;
mod error_state;
mod exec;
mod fence;
mod few;
mod gem;
mod link;
mod quota;
mod reset;
mod uapi;
pub(crate) mod virtio;
mod vm;

/// Lent to `rules`, which knows no kernel.
pub(crate) use drm::process::index_nospec;
pub(crate) use drm::uapi_types;
pub(crate) use virtio::new_irq_lock;

module! {
    type: Module,
    name: "virtio_igpu",
    authors: ["The virtio-igpu authors"],
    description: "Virtual Intel GPU over virtio",
    license: "GPL",
    alias: [
        "virtio:d00000016v*",
        "virtio:d0000003Ev*",
        "pci:v00008086d00009A49sv*sd*bc*sc*i*",
        "pci:v00008086d00008A52sv*sd*bc*sc*i*",
    ],
    imports_ns: ["DMA_BUF"],
    params: {
        vm_bind_version: u32 {
            default: 2,
            description: "Version of VM_BIND to offer: 2; 1, for userspace written to it; 0, none",
        },
    },
}

/// The latest version of VM_BIND there is.
const MAX_VM_BIND_VERSION: u32 = 2;

/// The version of VM_BIND that is to be offered where the device has it.
pub(crate) fn vm_bind_version() -> u32 {
    *module_parameters::vm_bind_version.value()
}

/// The loaded module. Its parts are dropped in this order.
struct Module {
    /// Takes the virtio devices of PCI functions away.
    _pci: virtio::pci::Registration,
    /// Unbinds all devices.
    _driver: virtio::Registration,
    /// Runs what is still queued, then ends.
    _work: virtio::work::WorkQueues,
}

impl kernel::Module for Module {
    fn init(module: &'static ThisModule) -> Result<Self> {
        if !drm::sync::check_errno() {
            return Err(EINVAL);
        }
        if *module_parameters::vm_bind_version.value() > MAX_VM_BIND_VERSION {
            pr_err!("vm_bind_version must be 0, 1 or 2\n");
            return Err(EINVAL);
        }
        let work = virtio::work::WorkQueues::new()?;
        let driver = virtio::Registration::new::<drm::registration::Registration>(module)?;
        Ok(Self {
            _pci: virtio::pci::Registration::new(module)?,
            _driver: driver,
            _work: work,
        })
    }
}

impl From<rules::Errno> for Error {
    fn from(errno: rules::Errno) -> Self {
        Self::from_errno(errno.code())
    }
}
