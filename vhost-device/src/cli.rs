// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The daemon's command line. Knows what can be said, not what it leads to.

use std::path::PathBuf;

use clap::Parser;

use virtio_igpu_protocol as protocol;

use crate::executor::GuestMemorySource;
use crate::sandbox;
use crate::session::limits::Limits;

/// Gives QEMU guests a virtual Intel GPU over vhost-user.
///
/// Start it, then start QEMU with guest memory that can be shared and a device that
/// connects to the socket:
///
///   vhost-device-igpu --socket-path /tmp/igpu.sock
///
///   qemu-system-x86_64 ...
///     -object memory-backend-memfd,id=mem,size=2G,share=on
///     -machine q35,memory-backend=mem
///     -chardev socket,id=igpu,path=/tmp/igpu.sock
///     -device vhost-user-igpu-pci,chardev=igpu
///
/// A stock QEMU from 11.1 on has another device that does:
///
///   -device vhost-user-test-device-pci,chardev=igpu,virtio-id=22,num_vqs=4,config_size=160
///
/// One guest is served at a time. When it goes, cleanly or not, the daemon is ready
/// for the next one. SIGTERM and SIGINT end it; the socket goes with it if it was made here.
/// Several guests at a time have a daemon each: systemd's units virtio-igpu@.socket and
/// virtio-igpu@.service start them as guests connect.
#[derive(Clone, Debug, Parser)]
#[command(name = "vhost-device-igpu", version, verbatim_doc_comment)]
pub struct Arguments {
    /// Where to listen: a path for a Unix socket. A socket left behind by a daemon that
    /// is gone is replaced; anything else that is there is an error.
    #[arg(
        long,
        visible_alias = "socket",
        value_name = "PATH",
        conflicts_with = "fd"
    )]
    pub socket_path: Option<PathBuf>,

    /// The number of a Unix socket that the daemon is started with, instead: one that listens,
    /// for guests one after the other, or one that a guest is connected to already, with which
    /// the daemon ends. A socket that systemd listens on for it needs not be named.
    #[arg(long, value_name = "FDNUM", value_parser = clap::value_parser!(i32).range(0..))]
    pub fd: Option<i32>,

    /// Print what kind of back-end this is, as JSON for management software, and end. Nothing
    /// is opened, and whatever else is said counts for nothing.
    #[arg(long)]
    pub print_capabilities: bool,

    /// What executes the guest's work. `softgpu` is a software model that needs no
    /// hardware; `null` is the same, but takes every batch for an empty one: it shows which
    /// tests say nothing of what engines do. `host` is this machine's GPU, at --render-node.
    #[arg(long, value_name = "NAME", default_value = "softgpu")]
    pub executor: String,

    /// The host's GPU, for the executor `host`: a device driven by i915 or xe, such as
    /// /dev/dri/renderD128.
    #[arg(long, value_name = "PATH")]
    pub render_node: Option<PathBuf>,

    /// How the guest's memory gets to the host's GPU, with the executor `host`. No way copies it.
    #[arg(long, value_name = "HOW", value_enum, default_value = "auto")]
    pub guest_memory: GuestMemorySource,

    /// Which GPU the guest sees: `tgl` is Tiger Lake GT2, `icl` Ice Lake GT2. With the executor
    /// `host` it sees that GPU.
    #[arg(long, value_name = "NAME", default_value = "tgl")]
    pub platform: String,

    /// How many execution units the GPU has, in whole subslices: 16, 32, 48, 64, 80 or 96 on `tgl`,
    /// 8 to 64 in eights on `icl`; the most there can be if nothing is said. Programs that measure a
    /// GPU, or fill it, size their work by this, and a software GPU is no faster with more.
    #[arg(long, value_name = "N")]
    pub eus: Option<u32>,

    /// Reset a context that touches an unmapped GPU address, and report where, instead
    /// of giving it the scratch page as hardware does.
    #[arg(long)]
    pub strict: bool,

    /// Record all that the guest has the software GPU do to this file, for igpu-replay;
    /// a later guest's recording replaces it. Costs a look at all bound memory, and a copy
    /// of it, at each submission.
    #[arg(long, value_name = "PATH")]
    pub record: Option<PathBuf>,

    /// Write counters and times as JSON to this file when a guest goes, on SIGUSR1 and
    /// at the end. The file is replaced as a whole: a reader never sees half of it.
    #[arg(long, value_name = "PATH")]
    pub stats_file: Option<PathBuf>,

    /// Tell this daemon's own user what it counts, over HTTP/1.1 on a Unix socket that is
    /// made here, for nobody else to open: GET / lists what there is, igpu-top shows it. What
    /// is there already is treated like at --socket-path.
    #[arg(long, value_name = "PATH")]
    pub management_socket: Option<PathBuf>,

    /// Take what guests and their programs are tested with on the management socket: POST
    /// /faults/gpu-lost has the GPU vanish, as if it had been unplugged.
    #[arg(long, requires = "management_socket")]
    pub fault_injection: bool,

    /// Write what happens to each command, and when, to this file, for Perfetto. It is
    /// replaced. What comes faster than it can be written is left out, and counted.
    #[arg(long, value_name = "PATH")]
    pub trace: Option<PathBuf>,

    /// Contexts a guest may have at a time.
    #[arg(long, value_name = "N", default_value_t = protocol::MAX_CONTEXTS,
        value_parser = clap::value_parser!(u32).range(1..=protocol::MAX_CONTEXTS as i64))]
    pub max_contexts: u32,

    /// Address spaces a guest may have at a time. Each file of the guest's that uses the GPU
    /// has one, at least.
    #[arg(long, value_name = "N", default_value_t = protocol::MAX_ADDRESS_SPACES,
        value_parser = clap::value_parser!(u32).range(1..=protocol::MAX_ADDRESS_SPACES as i64))]
    pub max_address_spaces: u32,

    /// Ranges of GPU addresses a guest may have bound at a time, over all address spaces.
    #[arg(long, value_name = "N", default_value_t = protocol::MAX_BOUND_EXTENTS,
        value_parser = clap::value_parser!(u64).range(1..=protocol::MAX_BOUND_EXTENTS))]
    pub max_mappings: u64,

    /// Memory a guest may have bound at a time, in bytes or with K, M, G or T behind the number
    /// for the powers of 1024. What is bound at several addresses counts as often; on a real GPU
    /// it is pinned in the host's memory. As much as the guest likes if nothing is said.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_bound_memory: Option<u64>,

    /// What the daemon gives up once it is set up, before a guest's first byte: files other than
    /// those named here (Landlock), system calls it does not make (seccomp). The folder of the
    /// stats file can be written to as a whole, and files removed from the sockets': give them
    /// one of their own.
    #[arg(long, value_name = "MODE", value_enum, default_value = "auto")]
    pub sandbox: sandbox::Mode,

    /// Sleep whenever nothing is left to do. Otherwise, where commands come back to back, the
    /// daemon looks on for the next one for up to half a millisecond: that saves the guest
    /// most notifications and interrupts, and costs a core that is idle.
    #[arg(long)]
    pub no_polling: bool,

    /// End after the first guest.
    #[arg(long)]
    pub once: bool,

    /// Say more: -v what happens to guests, -vv every refused command, -vvv every
    /// command. The environment variable RUST_LOG overrides it.
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

impl Arguments {
    /// How much a guest may have.
    pub fn limits(&self) -> Limits {
        Limits {
            contexts: self.max_contexts,
            address_spaces: self.max_address_spaces,
            mappings: self.max_mappings,
            bound_memory: self.max_bound_memory,
        }
    }

    /// How much the log says.
    pub fn log_level(&self) -> log::LevelFilter {
        match self.verbose {
            0 => log::LevelFilter::Warn,
            1 => log::LevelFilter::Info,
            2 => log::LevelFilter::Debug,
            _ => log::LevelFilter::Trace,
        }
    }
}

/// A size: a number of bytes, or of a power of 1024 named by a letter.
fn size(text: &str) -> Result<u64, String> {
    let letters = ["K", "M", "G", "T"];
    let suffix = letters.iter().position(|letter| text.ends_with(letter));
    let (number, shift) = match suffix {
        Some(index) => (&text[..text.len() - 1], 10 * (index as u32 + 1)),
        None => (text, 0),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| "a number is expected, with K, M, G or T behind it if need be")?;
    let bytes = number.checked_mul(1 << shift);
    bytes.ok_or_else(|| "there is no memory of that size".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn sizes_are_bytes_or_powers_of_1024() {
        for (text, bytes) in [("0", 0), ("4096", 4096), ("3K", 3072), ("2T", 2 << 40)] {
            assert_eq!(size(text), Ok(bytes));
        }
        for text in ["", "K", "-1", "1k", "1.5G", "20000000T", "1 M"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn help_and_pages_name_the_config_size_that_the_device_has() {
        Arguments::command().debug_assert();
        let help = Arguments::command().render_long_help().to_string();
        let pages = [
            include_str!("../../docs/guest.md"),
            include_str!("../../docs/libvirt.md"),
        ];
        for text in [&help].into_iter().map(String::as_str).chain(pages) {
            let sizes = text.split("config_size=").skip(1).map(|rest| {
                let digits = rest.split(|letter: char| !letter.is_ascii_digit());
                digits.take(1).collect::<String>()
            });
            let sizes: Vec<_> = sizes.collect();
            assert_eq!(sizes, [protocol::DEVICE_CONFIG_SIZE.to_string()]);
        }
    }
}
