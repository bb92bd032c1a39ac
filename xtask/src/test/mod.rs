//! `cargo xtask test`: every kind of test in one run, and one count at its end.

mod cycles;
mod eu;
mod host;
mod licences;
mod lifecycle;
mod probing;
mod qemu;
mod self_host;
mod softgpu;
mod traced;
mod wishes;

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};

use crate::cli::{
    Action, Cli, DemoArgs, GuestArgs, IgtArgs, Image, Kernel, QemuChoice, SuiteArgs, TestArgs,
};
use crate::paths::{Cache, checkout};
use crate::records::Records;
use crate::setup::qemu::Device;
use crate::tally::Tally;
use crate::vm::{Lab, pass_on};
use crate::{bench, build, demo, exec, igt, setup, suites};

/// The kinds of tests, in the order they run.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, ValueEnum)]
pub(crate) enum Kind {
    /// Formatting of all Rust sources
    Fmt,
    /// clippy on the workspace, warnings denied
    Clippy,
    /// Licences and sources of the dependencies
    Licences,
    /// Unit, property and frontend tests on this machine
    Host,
    /// The shader cores: listings of their machine code against Intel's assembler's, and random
    /// OpenCL kernels, compiled and run
    Eu,
    /// The software GPU under the fuzzer, for a bounded time
    Fuzz,
    /// The software GPU's memory accessor under Miri, where a nightly toolchain has it
    Miri,
    /// Our own QEMU: built, its patches looked at, and its test of our device run
    Qemu,
    /// The guest's kernel module builds without a warning
    Module,
    /// Our own programs in a guest
    Guest,
    /// The same, and some IGT subtests, in the stock QEMU
    StockQemu,
    /// The module's and the daemon's comings and goings
    Lifecycle,
    /// The same many times over, and what is in use stays flat: see --cycles
    Cycles,
    /// Submissions traced from the ioctl to the fence
    Trace,
    /// Unmodified IGT subtests in a guest
    Igt,
    /// What Ice Lake has and Tiger Lake has not: slices that userspace may choose
    IceLake,
    /// The tests of contexts on the debug kernel, also with allocations failing
    Debug,
    /// libdrm's and Mesa's programs that look at the device
    Probing,
    /// Compute shaders on Mesa's Vulkan driver
    Vulkan,
    /// The conformance suite in a guest that has a daemon of its own
    SelfHost,
    /// Guest instructions of a submission, held against ci/instructions.toml
    Instructions,
    /// The demo's picture, checked pixel for pixel, and its scene, of which some rows are
    Demo,
    /// piglit's OpenCL tests, every fourth, on Intel's driver: only when asked for, as it takes long
    Piglit,
    /// llama.cpp's tests of its operators, on Mesa's Vulkan driver: only when asked for, likewise
    Llama,
}

impl Kind {
    /// Whether it runs with all others.
    fn is_usual(self) -> bool {
        !matches!(self, Self::Piglit | Self::Llama)
    }
}

/// The groups of the guest's tests that run on the debug kernel with every change. (A
/// hundred thousand contexts take minutes there; the stock kernel makes them.)
const DEBUG_GROUPS: [&str; 10] = [
    "contexts::",
    "together::",
    "persistence::",
    "bad_input::context",
    "bad_input::engine_map",
    "userptr::",
    "vm_bind_extensions::",
    "vm_bind_model::random_arrays",
    "vm_bind_stress::",
    "fault_injection::",
];

/// The groups of the guest's tests that run on Ice Lake with every change.
const ICE_LAKE_GROUPS: [&str; 3] = ["contexts::", "together::", "bad_input::slices"];

/// What says how many execution units there are, on an Ice Lake that has half of them.
const ON_A_SMALLER_PART: &str = r#"
status=0
IGPU_EUS=32 igpu-guest-tests identity::topology || status=$?
igpu-guest-tests --test-threads=1 bad_input::slices || status=$?
exit $status
"#;

/// The tests of the debug kernel's that run on Ice Lake too.
const ICE_LAKE_DEBUG_GROUPS: [&str; 1] = ["fault_injection::slices"];

/// A guest that takes longer over our own tests hangs.
const GUEST_LIMIT: Duration = Duration::from_secs(900);

/// The command.
pub(crate) fn test(args: &TestArgs) -> Result<u8> {
    let begun = Instant::now();
    let kinds: Vec<Kind> = match args.only.as_slice() {
        [] => usual_kinds(),
        only => only.to_vec(),
    };
    let mut lab = None;
    let mut total = Tally::default();
    let mut summary = Vec::new();
    for kind in &kinds {
        let name = kind
            .to_possible_value()
            .map_or(String::new(), |v| v.get_name().to_string());
        println!("=== {name}");
        let since = Instant::now();
        let tally = match one(*kind, args, &mut lab) {
            Ok(tally) => tally,
            Err(_) if exec::interrupted() => return Ok(130),
            Err(error) => {
                println!("{name}: FAILED: {error:#}");
                Tally::one(false)
            }
        };
        let line = format!(
            "{name:<10} {tally} ({:.0} s)",
            since.elapsed().as_secs_f64()
        );
        println!("=== {line}");
        summary.push(line);
        total.merge(tally);
        let _ = std::io::stdout().flush();
    }
    println!();
    for line in summary {
        println!("{line}");
    }
    if args.only.is_empty() && total.failed == 0 {
        Records::figure(
            &Cache::open()?,
            "test_seconds",
            begun.elapsed().as_secs_f64(),
        )?;
    }
    println!("{total}");
    Ok(total.exit())
}

fn usual_kinds() -> Vec<Kind> {
    let all = Kind::value_variants().iter().copied();
    all.filter(|kind| kind.is_usual()).collect()
}

fn one(kind: Kind, args: &TestArgs, lab: &mut Option<Lab>) -> Result<Tally> {
    match kind {
        Kind::Fmt => host::fmt(),
        Kind::Clippy => host::clippy(&setup::run(&args.guest.setup)?),
        Kind::Licences => licences::check(),
        Kind::Host => host::tests(&setup::run(&args.guest.setup)?),
        Kind::Eu => eu::all(&setup::shader_tools(&args.guest.setup)?),
        Kind::Fuzz => softgpu::fuzz(),
        Kind::Miri => softgpu::miri(),
        Kind::Qemu => own_qemu(args),
        Kind::StockQemu => stock_qemu(args),
        Kind::Module => module(args),
        Kind::Guest => guest(opened(args, lab)?),
        Kind::Lifecycle => lifecycle::all(opened(args, lab)?, &args.scenario),
        Kind::Cycles => cycles::all(opened(args, lab)?, args.cycles, &args.scenario),
        Kind::Trace => trace(args),
        Kind::Igt => igt::with(opened(args, lab)?, &igt_args(args)?),
        Kind::IceLake => ice_lake(args),
        Kind::Debug => debug_kernel(args),
        Kind::Probing => probed(args),
        Kind::Vulkan => vulkan(args),
        Kind::SelfHost => self_host::all(opened(args, lab)?),
        Kind::Instructions => instructions(args),
        Kind::Demo => demonstrated(opened(args, lab)?, &demo_args(args)?),
        Kind::Piglit => suites::run(&suite_args(args, "piglit")?),
        Kind::Llama => suites::run(&suite_args(args, "llama")?),
    }
}

/// Builds it, so that the guests that come after run in it.
fn own_qemu(args: &TestArgs) -> Result<Tally> {
    let mut setup = args.guest.setup.clone();
    setup.with_patched_qemu = true;
    qemu::all(&setup::run(&setup)?)
}

/// In Debian's QEMU, whichever the other guests run in.
fn stock_qemu(args: &TestArgs) -> Result<Tally> {
    if args.guest.setup.qemu != QemuChoice::Auto {
        println!("--qemu was given: no guest is run in another one");
        return Ok(Tally::skip());
    }
    let mut args = args.clone();
    args.guest.setup.qemu = QemuChoice::Stock;
    let lab = Lab::open(&args.guest)?;
    let mut tally = guest(&lab)?;
    tally.merge(igt_list(&lab, &args, "ci/igt/first-light.list")?);
    Ok(tally)
}

/// What is counted is of the stock kernel.
fn instructions(args: &TestArgs) -> Result<Tally> {
    let mut guest = args.guest.clone();
    guest.setup.kernel = Kernel::Stock;
    bench::instructions::guard(&guest)
}

/// The stock kernel has all that is traced.
fn trace(args: &TestArgs) -> Result<Tally> {
    let mut guest = args.guest.clone();
    guest.setup.kernel = Kernel::Stock;
    traced::check(&Lab::open(&guest)?)
}

/// The lab that all guest tests share, opened by the first of them.
fn opened<'a>(args: &TestArgs, lab: &'a mut Option<Lab>) -> Result<&'a Lab> {
    if lab.is_none() {
        *lab = Some(Lab::open(&args.guest)?);
    }
    lab.as_ref().context("the lab is open")
}

fn module(args: &TestArgs) -> Result<Tally> {
    let ready = setup::run(&args.guest.setup)?;
    build::run(&ready, true)?;
    let warnings = build::last_module_warnings(&ready);
    for warning in &warnings {
        println!("    {warning}");
    }
    let mut tally = Tally::one(warnings.is_empty());
    tally.merge(host::fmt_module()?);
    Ok(tally)
}

fn guest(lab: &Lab) -> Result<Tally> {
    guest_programs(lab, &["igpu-guest-tests", "--test-threads=1"])
}

/// The part of the tests that is about contexts, in a guest with the debug kernel.
fn debug_kernel(args: &TestArgs) -> Result<Tally> {
    if args.guest.setup.kernel_tree.is_some() {
        println!("a kernel tree of your own was given: the debug kernel is not run");
        return Ok(Tally::skip());
    }
    let mut guest_args = args.guest.clone();
    guest_args.setup.kernel = Kernel::Debug;
    let lab = Lab::open(&guest_args)?;
    let mut tally = groups(&lab, &DEBUG_GROUPS)?;
    guest_args.platform = ICE_LAKE.into();
    let ice_lake = Lab::open(&guest_args)?;
    tally.merge(groups(&ice_lake, &ICE_LAKE_DEBUG_GROUPS)?);
    tally.merge(igt_list(&lab, args, "ci/igt/debug.list")?);
    Ok(tally)
}

/// The platform `icl`, in a guest with the kernel that the others have; whole, and as a smaller
/// part, which shows that what is said of execution units is of those there are.
fn ice_lake(args: &TestArgs) -> Result<Tally> {
    let mut args = args.clone();
    args.guest.platform = ICE_LAKE.into();
    let smaller = GuestArgs {
        eus: Some(32),
        ..args.guest.clone()
    };
    let mut tally = guest_programs(&Lab::open(&smaller)?, &["sh", "-c", ON_A_SMALLER_PART])?;
    let lab = Lab::open(&args.guest)?;
    tally.merge(groups(&lab, &ICE_LAKE_GROUPS)?);
    tally.merge(igt_list(&lab, &args, "ci/igt/icl.list")?);
    Ok(tally)
}

/// In a guest with the image that has the programs.
fn probed(args: &TestArgs) -> Result<Tally> {
    let mut guest_args = args.guest.clone();
    if guest_args.setup.rootfs.is_some() {
        println!("an image of your own was given: it is not looked for Mesa's programs in it");
        return Ok(Tally::skip());
    }
    guest_args.setup.image = Image::Mesa;
    probing::all(&Lab::open(&guest_args)?)
}

/// In a guest with the image that has Mesa's driver, on the device that it takes for Intel's.
fn vulkan(args: &TestArgs) -> Result<Tally> {
    let mut guest = args.guest.clone();
    if guest.setup.rootfs.is_some() {
        println!("an image of your own was given: it is not looked for Mesa's Vulkan driver in it");
        return Ok(Tally::skip());
    }
    guest.setup.image = Image::Mesa;
    guest.setup.with_patched_qemu = true;
    let lab = Lab::open(&guest)?;
    if lab.ready.qemu.device != Device::Igpu {
        println!(
            "this QEMU has no device with Intel's identity: Mesa's Vulkan driver takes no other"
        );
        return Ok(Tally::skip());
    }
    guest_programs(&lab, &["sh", "-c", ON_EACH_QUEUE])
}

/// Both parts of the demo.
fn demonstrated(lab: &Lab, args: &DemoArgs) -> Result<Tally> {
    let mut tally = Tally::one(demo::with(lab, args)?);
    tally.merge(demo::scene(args)?.map_or_else(Tally::skip, Tally::one));
    Ok(tally)
}

/// The daemon's name for an Ice Lake.
const ICE_LAKE: &str = "icl";

/// The guest's tests whose names begin with one of these.
fn groups(lab: &Lab, groups: &[&str]) -> Result<Tally> {
    let mut words = vec!["sh", "-c", EACH_GROUP, "groups"];
    words.extend(groups);
    guest_programs(lab, &words)
}

/// The subtests of a list, held against what is expected of them.
fn igt_list(lab: &Lab, args: &TestArgs, list: &str) -> Result<Tally> {
    let mut igt = igt_args(args)?;
    igt.list = Some(checkout().join(list));
    igt.expected = Some(igt::expected_outcomes());
    igt::with(lab, &igt)
}

/// Runs the guest's tests whose names begin with one of the arguments; the harness takes
/// one filter at a time.
const EACH_GROUP: &str = r#"
status=0
for group; do igpu-guest-tests --test-threads=1 "$group" --skip many_contexts || status=$?; done
exit $status
"#;

/// Runs our compute shaders on the queue that Mesa's driver offers, which draws to copy and to
/// fill; and what copies and fills on one that it offers if it is asked to, which has shaders
/// compute the same.
const ON_EACH_QUEUE: &str = r#"
status=0
igpu-vulkan-tests || status=$?
ANV_QUEUE_OVERRIDE=gc=0,c=1 igpu-vulkan-tests transfers || status=$?
exit $status
"#;

/// Runs the guest's tests by this command.
fn guest_programs(lab: &Lab, words: &[&str]) -> Result<Tally> {
    let mut output = Vec::new();
    let finished = lab
        .guest()
        .command(words)
        .timeout(Some(lab.patience(GUEST_LIMIT)))
        .run(&mut |error, bytes, _| {
            pass_on(error, bytes);
            if !error {
                output.extend_from_slice(bytes);
            }
        })?;
    let mut tally = Tally::of_libtest(&String::from_utf8_lossy(&output));
    if tally.all() == 0 || (finished.status != Some(0) && tally.failed == 0) {
        println!(
            "{} ended with {:?} after {} tests",
            words[0],
            finished.status,
            tally.all()
        );
        tally.failed += 1;
    }
    for problem in &finished.problems {
        println!("    {problem}");
    }
    tally.merge(Tally::one(finished.problems.is_empty()));
    Ok(tally)
}

/// What `cargo xtask igt` would be called with.
fn igt_args(args: &TestArgs) -> Result<IgtArgs> {
    match Cli::try_parse_from(["xtask", "igt", "--verbose"])?.command {
        Action::Igt(mut igt) => {
            igt.guest = args.guest.clone();
            Ok(igt)
        }
        _ => anyhow::bail!("the command line is not understood"),
    }
}

/// What `cargo xtask suite` would be called with.
fn suite_args(args: &TestArgs, name: &str) -> Result<SuiteArgs> {
    match Cli::try_parse_from(["xtask", "suite", name])?.command {
        Action::Suite(mut suite) => {
            suite.guest = args.guest.clone();
            Ok(suite)
        }
        _ => anyhow::bail!("the command line is not understood"),
    }
}

/// What `cargo xtask demo` would be called with.
fn demo_args(args: &TestArgs) -> Result<DemoArgs> {
    match Cli::try_parse_from(["xtask", "demo"])?.command {
        Action::Demo(mut demo) => {
            demo.guest = args.guest.clone();
            demo.out = checkout().join("target/demo");
            Ok(demo)
        }
        _ => anyhow::bail!("the command line is not understood"),
    }
}
