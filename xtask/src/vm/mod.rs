//! A guest from power-on to power-off: the daemon, QEMU, the ports, the time limit, and at
//! the end the kernel log's verdict. `vm`, `igt`, `demo` and `test` all run guests by it.

mod command;
mod console;
mod cores;
mod daemon;
mod guest;
mod host;
mod initramfs;
mod kvm;
mod monitor;
mod ports;
mod qemu;
mod run;

use std::io::Write;
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

pub(crate) use command::vm;
pub(crate) use guest::Guest;
pub(crate) use host::Orders;
pub(crate) use initramfs::shell_quoted;
pub(crate) use qemu::{LIBRARIES, program as qemu_program, with_libraries, with_libraries_of};

use crate::build::{self, Built};
use crate::cli::GuestArgs;
use crate::setup::{self, Flavour, PEER_MODULES, PEER_NEEDED, Ready};

/// Exit status when the time limit passed.
pub(crate) const STATUS_TIMEOUT: u8 = 124;
/// Exit status when the command went well but the run did not.
pub(crate) const STATUS_RUN_FAILED: u8 = 125;

/// How many times longer the debug kernel may take over something.
const DEBUG_PATIENCE: u32 = 4;

/// The shell commands by which a guest that was given a virtio-gpu loads its modules.
pub(crate) fn load_peer() -> String {
    let plain = PEER_NEEDED.map(|name| format!("/usr/sbin/modprobe {name}"));
    let own = PEER_MODULES.map(|name| format!("/usr/sbin/insmod /opt/virtio-igpu/peer/{name}.ko"));
    let here = format!(
        "[ ! -d /opt/virtio-igpu/peer ] || {{ {}; }}",
        own.join(" && ")
    );
    format!("{} && {here}", plain.join(" && "))
}

/// Everything that guests of one kind share.
pub(crate) struct Lab {
    /// The set-up's products.
    pub(crate) ready: Ready,
    /// The builds' products; `None` for guests without the device.
    pub(crate) built: Option<Built>,
    /// How guests are made.
    pub(crate) args: GuestArgs,
    kvm: bool,
}

impl Lab {
    /// Sets up and builds what guests of this kind need.
    pub(crate) fn open(args: &GuestArgs) -> Result<Self> {
        let ready = setup::run(&args.setup)?;
        let built = match (args.no_device, args.no_build) {
            (true, _) => None,
            (false, true) => Some(build::latest(&ready)),
            (false, false) => {
                let built = build::run(&ready, false)?;
                build::remember(&ready, &built)?;
                Some(built)
            }
        };
        let kvm = !args.no_kvm && kvm::usable(&ready)?;
        Ok(Self {
            ready,
            built,
            args: args.clone(),
            kvm,
        })
    }

    /// How long to wait for what takes at most `limit` on the stock kernel.
    pub(crate) fn patience(&self, limit: Duration) -> Duration {
        match self.ready.flavour {
            Flavour::Debug => limit * DEBUG_PATIENCE,
            Flavour::Stock | Flavour::Own => limit,
        }
    }

    /// Whether guests run on KVM, not emulated.
    pub(crate) fn kvm(&self) -> bool {
        self.kvm
    }

    /// A guest that is still to be run.
    pub(crate) fn guest(&self) -> Guest<'_> {
        Guest::new(self)
    }
}

/// What a run left behind.
pub(crate) struct Finished {
    /// The command's exit status; `None` if it never came to its end.
    pub(crate) status: Option<u8>,
    /// Whether the time limit ended the run.
    pub(crate) timed_out: bool,
    /// Everything that makes the run a failure, whatever the command's status.
    pub(crate) problems: Vec<String>,
    /// The daemon's counters.
    pub(crate) stats: Option<Value>,
    /// What the emulator's plugin has written.
    pub(crate) instructions: Option<Value>,
    /// From the call to the command's first output.
    pub(crate) first_output: Option<f64>,
    /// From the call to QEMU's end.
    pub(crate) seconds: f64,
}

impl Finished {
    /// Whether the command and the run both went well.
    pub(crate) fn good(&self) -> bool {
        self.status == Some(0) && self.problems.is_empty()
    }

    /// Our own exit status.
    pub(crate) fn exit(&self) -> u8 {
        match self.status {
            _ if self.timed_out => STATUS_TIMEOUT,
            Some(status) if status != 0 || self.problems.is_empty() => status,
            _ => STATUS_RUN_FAILED,
        }
    }
}

/// Sees the command's output as it comes: (is standard error, bytes). Called about fifty
/// times a second with no bytes as well.
pub(crate) type Onlooker<'a> = dyn FnMut(bool, &[u8], &mut Orders) + 'a;

/// Passes the command's output on to people, as an [`Onlooker`] does who wants nothing else.
pub(crate) fn pass_on(error: bool, bytes: &[u8]) {
    // A closed terminal is no reason to stop.
    let _ = if error {
        std::io::stderr().write_all(bytes)
    } else {
        std::io::stdout().write_all(bytes)
    };
}
