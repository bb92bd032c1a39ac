//! The command line: what each command is for, for someone who sees it the first time.

use std::convert::Infallible;
use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Set up, build, boot and test a QEMU guest with a virtual Intel GPU.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    version,
    about,
    long_about = "\
Set up, build, boot and test a QEMU guest with a virtual Intel GPU.

Nothing is needed but a Rust toolchain and Debian's package tools: the first command you \
run fetches a stock QEMU, a stock guest kernel and a guest image into one cache folder \
($XDG_CACHE_HOME/virtio-igpu, by default ~/.cache/virtio-igpu) and builds the rest. Start \
with `cargo xtask demo`."
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Action,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Boot a guest and have the virtual GPU make pictures; set up whatever is missing
    Demo(DemoArgs),
    /// Run every test: host, guest, module life cycle, IGT, demo (what CI runs)
    Test(TestArgs),
    /// Boot a guest with the virtual GPU; run a command in it, or give a shell
    Vm(VmArgs),
    /// Run subtests of the unmodified IGT GPU tools in a guest
    Igt(IgtArgs),
    /// Run suites of others on the shader cores: piglit's OpenCL tests, llama.cpp's operators
    Suite(SuiteArgs),
    /// Fetch and prepare everything a guest needs, and stop there
    Setup(SetupArgs),
    /// Build the QEMU that has our device: Debian's source with qemu-patches/ applied
    Qemu(SetupArgs),
    /// Build the host daemon, the guest's programs and the guest's kernel module
    Build(BuildArgs),
    /// Measure what submissions and buffers cost, beside the same on a virtio-gpu and without a guest
    Bench(BenchArgs),
    /// Write docs/performance.md from what was measured on this machine
    Perf(PerfArgs),
    /// Look at an Intel GPU of this machine, test and measure on it, and make a report
    HwCheck(HwCheckArgs),
}

/// Which of our kernels the guest boots.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum Kernel {
    /// Debian's own, as it is
    #[default]
    Stock,
    /// One built from the same source with lockdep, KASAN, kmemleak, fault injection and more
    Debug,
}

/// Which programs the guest has.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum Image {
    /// IGT, and what a shell needs
    #[default]
    Igt,
    /// As well Mesa's Vulkan drivers, vulkaninfo, drm_info and modetest
    Mesa,
    /// As well piglit and llama.cpp's tests
    Suites,
}

/// Which QEMU runs the guest.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum QemuChoice {
    /// The patched one if it has been built, or else the stock one.
    Auto,
    /// Debian's.
    Stock,
    /// The one with our device, built if it isn't there.
    Patched,
    /// A person's own.
    Path(PathBuf),
}

impl FromStr for QemuChoice {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "auto" => Self::Auto,
            "stock" => Self::Stock,
            "patched" => Self::Patched,
            path => Self::Path(path.into()),
        })
    }
}

/// Where the parts come from.
#[derive(Args, Clone, Debug)]
pub(crate) struct SetupArgs {
    /// Which kernel the guest boots; the debug kernel is built when it is first asked for
    #[arg(
        long,
        value_name = "NAME",
        value_enum,
        default_value_t,
        help_heading = "Set-up"
    )]
    pub(crate) kernel: Kernel,
    /// Which programs the guest has; the larger image is made when it is first asked for
    #[arg(
        long,
        value_name = "NAME",
        value_enum,
        default_value_t,
        help_heading = "Set-up"
    )]
    pub(crate) image: Image,
    /// Debian mirror to fetch packages from
    #[arg(
        long,
        value_name = "URL",
        env = "VIRTIO_IGPU_MIRROR",
        default_value = "http://deb.debian.org/debian",
        help_heading = "Set-up"
    )]
    pub(crate) mirror: String,
    /// Look for newer versions in the suites, instead of keeping the ones recorded
    #[arg(long, help_heading = "Set-up")]
    pub(crate) upgrade: bool,
    /// Which QEMU runs the guest: `stock` is Debian's, `patched` has our own device (see `cargo
    /// xtask qemu`), anything else is the path of a qemu-system-x86_64 (11.1 or newer, or one
    /// with our device); `auto` is the patched one once it has been built
    #[arg(
        long,
        value_name = "WHICH",
        default_value = "auto",
        help_heading = "Set-up"
    )]
    pub(crate) qemu: QemuChoice,
    /// Use this built kernel tree (with vmlinux, CONFIG_RUST and everything the guest needs built in)
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with = "kernel",
        help_heading = "Set-up"
    )]
    pub(crate) kernel_tree: Option<PathBuf>,
    /// Use this erofs image as the guest's root file system
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "image",
        help_heading = "Set-up"
    )]
    pub(crate) rootfs: Option<PathBuf>,
    /// Whether a QEMU with virtio-gpu and 3D contexts is wanted too: set by `bench`.
    #[arg(skip)]
    pub(crate) peer: bool,
    /// Whether our own QEMU is to be built, whichever runs the guest: set by `qemu` and `test`.
    #[arg(skip)]
    pub(crate) with_patched_qemu: bool,
}

impl SetupArgs {
    /// Whether our own QEMU is built if it isn't there.
    pub(crate) fn builds_qemu(&self) -> bool {
        self.with_patched_qemu || self.qemu == QemuChoice::Patched
    }
}

/// What to build.
#[derive(Args, Clone, Debug)]
pub(crate) struct BuildArgs {
    /// Where the parts come from.
    #[command(flatten)]
    pub(crate) setup: SetupArgs,
    /// Build only the guest's kernel module
    #[arg(long)]
    pub(crate) module_only: bool,
}

/// How the guest is made.
#[derive(Args, Clone, Debug)]
pub(crate) struct GuestArgs {
    /// Where the parts come from.
    #[command(flatten)]
    pub(crate) setup: SetupArgs,
    /// What executes the guest's GPU work on the host
    #[arg(
        long,
        value_name = "NAME",
        default_value = "softgpu",
        help_heading = "Guest"
    )]
    pub(crate) executor: String,
    /// The GPU of this machine that the executor `host` is to use
    #[arg(long, value_name = "NODE", help_heading = "Guest")]
    pub(crate) render_node: Option<PathBuf>,
    /// Which GPU the guest sees: tgl (Tiger Lake) or icl (Ice Lake)
    #[arg(
        long,
        value_name = "NAME",
        default_value = "tgl",
        help_heading = "Guest"
    )]
    pub(crate) platform: String,
    /// Execution units of that GPU, in whole subslices (16 to 96 on tgl): all it can have if not
    /// given. Programs that fill a GPU take less time with fewer
    #[arg(long, value_name = "N", help_heading = "Guest")]
    pub(crate) eus: Option<u32>,
    /// Number of virtual processors
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=64), help_heading = "Guest")]
    pub(crate) smp: u32,
    /// Memory of the guest, as QEMU writes sizes (512M): 2G, or 6G for IGT, if not given
    #[arg(long, value_name = "SIZE", help_heading = "Guest")]
    pub(crate) mem: Option<String>,
    /// Extra word for the kernel's command line; may be given several times
    #[arg(long = "kernel-arg", value_name = "WORD", help_heading = "Guest")]
    pub(crate) kernel_args: Vec<String>,
    /// Extra parameter for the module virtio_igpu; may be given several times
    #[arg(long = "module-arg", value_name = "NAME=VALUE", help_heading = "Guest")]
    pub(crate) module_args: Vec<String>,
    /// Neither start the daemon nor give the guest the device
    #[arg(long, help_heading = "Guest")]
    pub(crate) no_device: bool,
    /// Use what was built last, without looking whether sources have changed
    #[arg(long, help_heading = "Guest")]
    pub(crate) no_build: bool,
    /// Do not try KVM even where it works
    #[arg(long, help_heading = "Guest")]
    pub(crate) no_kvm: bool,
    /// Leave the module loaded at the end instead of unloading it (which is a test of its own)
    #[arg(long, help_heading = "Guest")]
    pub(crate) keep_loaded: bool,
    /// Keep the run's files (console log, kernel log, counters, daemon log) in this folder
    #[arg(long, value_name = "DIR", help_heading = "Guest")]
    pub(crate) keep_logs: Option<PathBuf>,
}

/// Boot a guest.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask vm                             an interactive shell in the guest; Ctrl-A x or `exit` leaves it
  cargo xtask vm -- ls -l /dev/dri           run one command as root; its output and exit status become ours
  cargo xtask vm --share . -- cp /proc/config.gz /mnt/share/
  cargo xtask vm --trace t.json -- CMD       where its submissions' time goes, for ui.perfetto.dev
")]
pub(crate) struct VmArgs {
    /// How the guest is made.
    #[command(flatten)]
    pub(crate) guest: GuestArgs,
    /// Folder of this machine that appears read-write in the guest at /mnt/share
    #[arg(long, value_name = "DIR")]
    pub(crate) share: Option<PathBuf>,
    /// Seconds after which a guest with a command is taken to hang (0: no limit; a shell has none)
    #[arg(long, value_name = "SECS", default_value_t = 600)]
    pub(crate) timeout: u64,
    /// Print the daemon's counters and the times of the run to standard error at the end
    #[arg(long)]
    pub(crate) stats: bool,
    /// Write where submissions' time goes, guest and host on one time axis, for Perfetto
    #[arg(
        long,
        value_name = "FILE",
        requires = "command",
        conflicts_with = "no_device"
    )]
    pub(crate) trace: Option<PathBuf>,
    /// Draw some submissions of the trace, as SVG
    #[arg(long, value_name = "FILE", requires = "trace")]
    pub(crate) trace_picture: Option<PathBuf>,
    /// Have the daemon listen here for igpu-top and others: see docs/observing.md
    #[arg(long, value_name = "PATH", conflicts_with = "no_device")]
    pub(crate) management_socket: Option<PathBuf>,
    /// Command to run as root in the guest, with its arguments; without it: a shell
    #[arg(last = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
}

/// Run IGT subtests.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
A PATTERN is PROGRAM or PROGRAM@SUBTEST, with shell wildcards: gem_basic, gem_ctx_create@basic*,
syncobj_*. Dynamic subtests count within their subtest. A list file holds one pattern a line; # begins a comment.

Without a pattern or list, ci/igt/first-light.list, contexts.list, error-state.list and
engines.list are run against ci/igt/expected.toml.")]
pub(crate) struct IgtArgs {
    /// How the guest is made.
    #[command(flatten)]
    pub(crate) guest: GuestArgs,
    /// File with patterns, one a line
    #[arg(long, value_name = "FILE")]
    pub(crate) list: Option<PathBuf>,
    /// Write the results here, in piglit's JSON form
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// File with expected outcomes: a deviation fails, be it a pass
    #[arg(long, value_name = "FILE")]
    pub(crate) expected: Option<PathBuf>,
    /// Write docs/igt.md from the lists and the file of expected outcomes, and run nothing
    #[arg(long)]
    pub(crate) table: bool,
    /// Seconds for one subtest
    #[arg(long, value_name = "SECS", default_value_t = 120)]
    pub(crate) timeout: u64,
    /// Show what failing subtests printed
    #[arg(long, short)]
    pub(crate) verbose: bool,
    /// Which subtests to run
    #[arg(value_name = "PATTERN")]
    pub(crate) patterns: Vec<String>,
}

/// Run tests of others.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask suite piglit                   what PoCL passes of every fourth test
  cargo xtask suite piglit vload -v          those with this in their name, and what failing ones print
  cargo xtask suite piglit --pocl --every 1  all of them on the host's processor, by PoCL: writes
                                             ci/piglit/pocl.list, of which the passing are run in guests
  cargo xtask suite llama SOFT_MAX           llama.cpp's tests of an operator
")]
pub(crate) struct SuiteArgs {
    /// How the guest is made; its image is always `suites`.
    #[command(flatten)]
    pub(crate) guest: GuestArgs,
    /// Which suite
    #[arg(value_enum)]
    pub(crate) suite: crate::suites::Suite,
    /// Run piglit's tests on PoCL instead, without a guest, and keep what came of each
    #[arg(long)]
    pub(crate) pocl: bool,
    /// Choose anew which cases of llama.cpp's operators are run, and keep the list
    #[arg(long, conflicts_with = "pocl")]
    pub(crate) choose: bool,
    /// With --pocl: every Nth of piglit's sorted list is run, and so in the guest later
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) every: u32,
    /// How many tests run at once
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) at_once: u32,
    /// Seconds for one test of piglit's, or one operator of llama.cpp's: 600, or 900, if not given
    #[arg(long, value_name = "SECS")]
    pub(crate) timeout: Option<u64>,
    /// Show what failing tests printed
    #[arg(long, short)]
    pub(crate) verbose: bool,
    /// Run only those with one of these in their names
    #[arg(value_name = "TEXT")]
    pub(crate) names: Vec<String>,
}

/// Make the pictures.
#[derive(Args, Clone, Debug)]
pub(crate) struct DemoArgs {
    /// How the guest is made.
    #[command(flatten)]
    pub(crate) guest: GuestArgs,
    /// Picture (PNG) that the GPU works on; by default one that comes with the project
    #[arg(long, value_name = "FILE")]
    pub(crate) picture: Option<PathBuf>,
    /// Folder for the new pictures and the reports
    #[arg(long, value_name = "DIR", default_value = "target/demo")]
    pub(crate) out: PathBuf,
    /// Leave out the scene that an OpenCL kernel computes, and with it the larger guest image
    /// that has Intel's OpenCL driver
    #[arg(long)]
    pub(crate) no_scene: bool,
}

/// Run the tests.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask test                                      all of it
  cargo xtask test --only guest --only igt              two kinds
  cargo xtask test --only lifecycle --scenario reset    what has `reset` in its name
  cargo xtask test --only cycles --cycles 200           unbinding, unplugging, killing, rebooting: docs/lifecycle.md
")]
pub(crate) struct TestArgs {
    /// How the guest is made.
    #[command(flatten)]
    pub(crate) guest: GuestArgs,
    /// Run only this kind; may be given several times
    #[arg(long, value_name = "KIND", value_enum)]
    pub(crate) only: Vec<crate::test::Kind>,
    /// Of the kinds `lifecycle` and `cycles`, run only what has this in its name
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) scenario: String,
    /// How many times each of the kind `cycles` is done; what it compares begins with the tenth
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(11..))]
    pub(crate) cycles: u32,
}

/// What the virtual GPU is measured beside.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Peer {
    /// QEMU's virtio-gpu with 3D contexts (virgl), drawing in software
    VirtioGpu,
}

/// Measure submissions and buffers.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  cargo xtask bench                          our GPU in a guest, and the device without one: some minutes
  cargo xtask bench --no-guest               the device without a guest, beside an eventfd ping-pong
  cargo xtask bench --compare virtio-gpu     both GPUs in one guest, operations in turn: the honest figures
  cargo xtask bench --compare virtio-gpu --json /tmp/bench.json
  cargo xtask bench --instructions --compare virtio-gpu
                                             guest instructions of each, counted by a plugin of the emulator
  cargo xtask bench --stages                 where the time of a submission goes, by a trace of both sides
  cargo xtask bench --qemus                  a submission in the stock QEMU and in ours, in turn
  cargo xtask perf                           write what was measured last to docs/performance.md

How to read it: each round makes every operation some times on one GPU, then on the other, and keeps
the median. Shown are the median over the rounds and, in brackets, the quartiles. Times are of this
machine and of its emulated processor; only ratios, which are taken within a round, say anything
elsewhere. The guest's first processor has a core of its own, on which the program runs; whatever else
uses this machine meanwhile widens the quartiles.

--compare needs a QEMU with OpenGL: some 150 MiB more are fetched when it is first asked for, and root is
needed, since that QEMU runs in a root of its own with an X server that shows nothing.")]
pub(crate) struct BenchArgs {
    /// How the guest is made.
    #[command(flatten)]
    pub(crate) guest: GuestArgs,
    /// Write all figures here, as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Do the same operations on this GPU too, in the same guest, in turn
    #[arg(long, value_name = "GPU", value_enum)]
    pub(crate) compare: Option<Peer>,
    /// How many rounds in the guest
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(4..))]
    pub(crate) rounds: u32,
    /// Measure only the device by itself: the daemon, driven by a program on this machine
    #[arg(long, conflicts_with = "compare")]
    pub(crate) no_guest: bool,
    /// Count instead of measuring: guest instructions and device notifications of each operation
    #[arg(long, conflicts_with = "no_guest")]
    pub(crate) instructions: bool,
    /// Show too in which of the guest kernel's functions the instructions of this operation are
    /// executed (getparam, submit_only, submit_1, submit_64, submit_with_object, allocate_64,
    /// show_64)
    #[arg(long, value_name = "OPERATION", requires = "instructions")]
    pub(crate) profile: Option<String>,
    /// Measure a submission in the stock QEMU and in our own, in guests that follow each other
    #[arg(long, conflicts_with_all = ["no_guest", "instructions", "compare", "stages"])]
    pub(crate) qemus: bool,
    /// Trace instead of measuring: how long each stage of a submission takes, guest and host,
    /// from its ioctl to the return of the wait for it
    #[arg(long, conflicts_with_all = ["no_guest", "instructions", "compare"])]
    pub(crate) stages: bool,
}

/// Check a GPU.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Example:
  cargo xtask hw-check --render-node /dev/dri/renderD128

Batches that hang are part of it: whatever else uses that GPU may be hit. See docs/hardware.md.")]
pub(crate) struct HwCheckArgs {
    /// How the demo's guest is made; --render-node says which GPU is checked.
    #[command(flatten)]
    pub(crate) guest: GuestArgs,
    /// Write the report here too
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Leave out the demo
    #[arg(long)]
    pub(crate) no_guest: bool,
    /// Leave out the bench
    #[arg(long)]
    pub(crate) no_bench: bool,
    /// Check the software GPU, to see that the check works
    #[arg(long, hide = true, conflicts_with = "render_node")]
    pub(crate) software: bool,
}

/// Write the performance page.
#[derive(Args, Clone, Debug)]
pub(crate) struct PerfArgs {
    /// How the guest is made.
    #[command(flatten)]
    pub(crate) guest: GuestArgs,
    /// Measure first what contexts cost, in a guest whose first processor has a core of its own,
    /// and the software GPU (about two minutes; the other figures come from runs of `vm`, `demo`
    /// and `test`)
    #[arg(long)]
    pub(crate) measure: bool,
    /// Measure first what the software GPU does by itself, without a guest, and its shader cores
    /// beside PoCL, OpenCL on this machine's processor (which is fetched if it is missing: some
    /// 110 MiB, and 120 MiB for Intel's compiler)
    #[arg(long)]
    pub(crate) softgpu: bool,
}
