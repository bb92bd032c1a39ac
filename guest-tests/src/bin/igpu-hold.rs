//! A client that holds on: for tests of what happens to clients when processes die,
//! modules go and devices vanish.

use std::io::Read;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use nix::errno::Errno;
use virtio_igpu_guest_tests::client::{
    AddressSpace, Context, Device, Engine, Error, Exec3, Object, Result, Syncobj,
};
use virtio_igpu_guest_tests::gpu::Spinner;
use virtio_igpu_guest_tests::sys::uapi::I915_PARAM_CHIPSET_ID;

/// Holds a GPU client open: a file, a mapping, and a batch that runs until it is told to
/// end. Prints `ready` when the batch runs, and waits.
///
/// When standard input ends, or a line comes, the batch is ended and waited for, and the
/// program exits with 0, or with 1 if the batch was lost. With --watch it looks at the device all the time instead, and
/// when a call fails it prints what each kind of call fails with, and exits with 0 if
/// that is ENODEV for all of them, with 1 if not.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The engine that runs the batch
    #[arg(long, value_enum, default_value_t = On::Rcs0)]
    engine: On,

    /// Run no batch: only hold the file and the mapping
    #[arg(long)]
    idle: bool,

    /// Wait for the device to go, instead of for input
    #[arg(long)]
    watch: bool,

    /// Wait for the batch to be lost with what the device had, instead of for input; exits
    /// with 0 if it was
    #[arg(long, conflicts_with_all = ["idle", "watch"])]
    until_lost: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum On {
    Rcs0,
    Bcs0,
    Vcs0,
    Vcs1,
    Vecs0,
}

/// Where the batch lies.
const AT: u64 = 0x4000_0000;
/// How long the batch may take to start and to end.
const PATIENCE: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("igpu-hold: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all went as it should.
fn run(arguments: &Arguments) -> Result<bool> {
    let device = Device::open()?;
    let object = Object::create(&device, Spinner::SIZE)?;
    let memory = object.map()?;
    let spinner = Spinner::write(&memory, 0, AT);
    let vm = AddressSpace::create(&device)?;
    vm.bind(&object, AT)?;
    let engine = match arguments.engine {
        On::Rcs0 => Engine::RCS0,
        On::Bcs0 => Engine::BCS0,
        On::Vcs0 => Engine::VCS0,
        On::Vcs1 => Engine::VCS1,
        On::Vecs0 => Engine::VECS0,
    };
    let context = Context::for_vm(&device, &vm, &[engine])?;
    let done = Syncobj::create(&device)?;
    if !arguments.idle {
        Exec3::new(&context, 0, AT)
            .fence(done.signal_fence(0))
            .submit(&device)?;
        let begin = Instant::now();
        while !spinner.has_started(&memory) {
            if begin.elapsed() > PATIENCE {
                return Err(Error::Unexpected("the batch doesn't start".into()));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    println!("ready");
    if arguments.watch {
        return Ok(watch(&device, &object, &vm, &context));
    }
    if arguments.until_lost {
        done.wait(PATIENCE)?;
        return Ok(!succeeded(&done)?);
    }
    let mut byte = [0];
    // Any input and any end of it mean the same.
    let _ = std::io::stdin().read(&mut byte);
    spinner.end(&memory);
    if arguments.idle {
        return Ok(true);
    }
    done.wait(PATIENCE)?;
    succeeded(&done)
}

/// Whether the batch, which has ended, did so well.
fn succeeded(done: &Syncobj<'_>) -> Result<bool> {
    let status = done.status()?;
    if status < 0 {
        println!("the batch ended with {:?}", Errno::from_raw(-status));
    }
    Ok(status > 0)
}

/// Waits until the device is gone, and tells what calls come to then.
fn watch(
    device: &Device,
    object: &Object<'_>,
    vm: &AddressSpace<'_>,
    context: &Context<'_>,
) -> bool {
    while device.param(I915_PARAM_CHIPSET_ID).is_ok() {
        std::thread::sleep(Duration::from_millis(10));
    }
    let calls = [
        ("GETPARAM", device.param(I915_PARAM_CHIPSET_ID).map(drop)),
        ("VERSION", device.version().map(drop)),
        ("GEM_CREATE", Object::create(device, 4096).map(drop)),
        ("GEM_MMAP_OFFSET", object.map().map(drop)),
        ("GEM_WAIT", object.wait(0).map(drop)),
        ("VM_BIND", vm.bind(object, 2 * AT)),
        ("EXECBUFFER3", Exec3::new(context, 0, AT).submit(device)),
        ("SYNCOBJ_CREATE", Syncobj::create(device).map(drop)),
    ];
    let mut all_gone = true;
    for (name, result) in calls {
        let text = result.as_ref().map_or_else(describe, |()| "success".into());
        println!("{name} {text}");
        all_gone &= result.is_err_and(|error| error.errno() == Some(Errno::ENODEV));
    }
    all_gone
}

/// The name of the error number alone, where there is one.
fn describe(error: &Error) -> String {
    error
        .errno()
        .map_or_else(|| error.to_string(), |errno| format!("{errno:?}"))
}
