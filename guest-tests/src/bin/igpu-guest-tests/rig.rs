//! What many tests need: a client in VM_BIND mode that is ready to run batches, and
//! words for what a test expects.

use std::fmt::Debug;
use std::time::{Duration, Instant};

use libtest_mimic::{Completion, Failed};
use nix::errno::Errno;
use virtio_igpu_guest_tests::client::{
    AddressSpace, Context, Counters, Device, Engine, Error, Exec3, Object, Result, Syncobj,
};
use virtio_igpu_guest_tests::gpu::{Batch, Spinner, Tail};
use virtio_igpu_guest_tests::sys::memory::Mapping;
use virtio_igpu_guest_tests::sys::uapi::I915_PARAM_VM_BIND_VERSION;

/// What a test comes to.
pub(crate) type Outcome = std::result::Result<(), Failed>;

/// Makes trials named `group::function` of test functions.
macro_rules! trials {
    ($group:literal: $($test:ident),* $(,)?) => {
        vec![$(libtest_mimic::Trial::test(concat!($group, "::", stringify!($test)), $test)),*]
    };
}
pub(crate) use trials;

/// As [`trials`], for what needs VM_BIND: on a platform without it they are ignored.
macro_rules! vm_bind_trials {
    ($group:literal: $($test:ident),* $(,)?) => {
        vec![$(libtest_mimic::Trial::ignorable_test(
            concat!($group, "::", stringify!($test)),
            || crate::rig::with_vm_bind($test),
        )),*]
    };
}
pub(crate) use vm_bind_trials;

/// Runs a test if the platform has VM_BIND.
pub(crate) fn with_vm_bind(test: fn() -> Outcome) -> std::result::Result<Completion, Failed> {
    if Device::open()?.param(I915_PARAM_VM_BIND_VERSION)? == 0 {
        return Ok(Completion::ignored_with("the platform has no VM_BIND"));
    }
    test().map(|()| Completion::Completed)
}

/// Fails the test with a text unless something holds.
macro_rules! ensure {
    ($condition:expr, $($text:tt)+) => {
        if !$condition {
            return Err(libtest_mimic::Failed::from(format!($($text)+)));
        }
    };
}
pub(crate) use ensure;

/// Fails the test unless two values are equal.
macro_rules! ensure_eq {
    ($left:expr, $right:expr, $($text:tt)+) => {{
        let (left, right) = (&$left, &$right);
        if left != right {
            let text = format!($($text)+);
            return Err(libtest_mimic::Failed::from(format!(
                "{text}: got {left:?}, expected {right:?}"
            )));
        }
    }};
}
pub(crate) use ensure_eq;

/// Longer than any batch of these tests takes, also on a slow emulated machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Long enough to see that something does not happen.
pub(crate) const A_WHILE: Duration = Duration::from_millis(100);

/// A page, the GPU's and the guest's.
pub(crate) const PAGE: u64 = 4096;

/// A 2D command that no blitter has ever had, at which every engine hangs: on other engines it
/// is unknown too.
pub(crate) const NONSENSE: u32 = 2 << 29 | 0x7f << 22;

/// Where a [`Rig`] keeps its batches.
const BATCH_AT: u64 = 0x4000_0000;
/// Bytes of the object with the batches.
const BATCH_BYTES: u64 = 64 * 1024;

/// Fails unless the call failed with this error.
pub(crate) fn expect_errno<T: Debug>(result: Result<T>, errno: Errno, what: &str) -> Outcome {
    match result {
        Err(error) if error.errno() == Some(errno) => Ok(()),
        Err(error) => Err(format!("{what}: expected {errno}, got {error}").into()),
        Ok(value) => Err(format!("{what}: expected {errno}, got success ({value:?})").into()),
    }
}

/// Waits until something holds.
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) -> Outcome {
    let begin = Instant::now();
    while !holds() {
        ensure!(
            begin.elapsed() < PATIENCE,
            "waited {PATIENCE:?} in vain until {what}"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// The driver's counters when nothing moves them any more: what earlier tests left to
/// be cleaned up is over.
pub(crate) fn settled_counters() -> std::result::Result<Counters, Failed> {
    let mut last = Counters::read()?;
    let begin = Instant::now();
    loop {
        std::thread::sleep(Duration::from_millis(30));
        let now = Counters::read()?;
        if now.sum("commands_") == last.sum("commands_") {
            return Ok(now);
        }
        ensure!(
            begin.elapsed() < PATIENCE,
            "the driver's counters don't come to rest"
        );
        last = now;
    }
}

/// A client in VM_BIND mode: an address space, a context on it with all engines, and an
/// object for its batches.
pub(crate) struct Rig<'d> {
    pub(crate) device: &'d Device,
    pub(crate) vm: AddressSpace<'d>,
    pub(crate) context: Context<'d>,
    _batch: Object<'d>,
    batch_memory: Mapping,
}

impl<'d> Rig<'d> {
    /// A client with the engines of a Tiger Lake, by their place in [`Engine::TIGER_LAKE`].
    pub(crate) fn new(device: &'d Device) -> Result<Self> {
        let vm = AddressSpace::create(device)?;
        let context = Context::for_vm(device, &vm, &Engine::TIGER_LAKE)?;
        let batch = Object::create(device, BATCH_BYTES)?;
        vm.bind(&batch, BATCH_AT)?;
        let batch_memory = batch.map()?;
        Ok(Self {
            device,
            vm,
            context,
            _batch: batch,
            batch_memory,
        })
    }

    /// An object that is bound at an address, with its mapping, all zero.
    pub(crate) fn memory(&self, address: u64, size: u64) -> Result<(Object<'d>, Mapping)> {
        let object = Object::create(self.device, size)?;
        self.vm.bind(&object, address)?;
        let memory = object.map()?;
        Ok((object, memory))
    }

    /// Runs commands on the engine at this place and waits for them.
    pub(crate) fn run(&self, engine: u32, commands: impl FnOnce(&mut Batch)) -> Result<()> {
        let done = Syncobj::create(self.device)?;
        let address = self.write(0, commands);
        let submission = Exec3::new(&self.context, engine, address).fence(done.signal_fence(0));
        submission.submit(self.device)?;
        done.wait(PATIENCE)?;
        match done.status()? {
            1 => Ok(()),
            status => Err(Error::Unexpected(format!(
                "the batch's fence has the status {status}"
            ))),
        }
    }

    /// Writes a batch to one of 16 places in the batches' object; returns its address.
    /// The batch ends with a flush, so that its fence covers its writes.
    pub(crate) fn write(&self, place: u64, commands: impl FnOnce(&mut Batch)) -> u64 {
        let mut batch = Batch::new();
        commands(&mut batch);
        let offset = place * PAGE;
        self.batch_memory
            .write_dwords(offset as usize, &batch.end());
        BATCH_AT + offset
    }

    /// Puts a spinner at one of the 16 places.
    pub(crate) fn spinner(&self, place: u64) -> Spinner {
        Spinner::write(&self.batch_memory, (place * PAGE) as usize, BATCH_AT)
    }

    /// Whether a spinner of this rig runs.
    pub(crate) fn has_started(&self, spinner: &Spinner) -> bool {
        spinner.has_started(&self.batch_memory)
    }

    /// Ends a spinner of this rig.
    pub(crate) fn end(&self, spinner: &Spinner) {
        spinner.end(&self.batch_memory);
    }
}

/// The flush that fits the engine at this place of [`Engine::TIGER_LAKE`].
pub(crate) fn flush(batch: &mut Batch, engine: u32, tail: Tail) {
    match engine {
        RCS0 => batch.pipe_control(tail),
        _ => batch.flush(tail),
    };
}

/// The render engine's place.
pub(crate) const RCS0: u32 = 0;
/// The blitter's place.
pub(crate) const BCS0: u32 = 1;
