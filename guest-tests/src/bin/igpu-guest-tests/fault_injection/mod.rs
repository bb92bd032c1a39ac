//! Allocation failures at every site of a call: the kernel's fault injection fails the
//! N-th allocation that the calling thread makes (`/proc/thread-self/fail-nth`), for
//! N = 1, 2, 3 and so on until the call gets by with fewer. However it fails, a call says
//! ENOMEM, changes nothing and leaves nothing behind.
//!
//! Ignored on a kernel without `CONFIG_FAILSLAB`.

mod binds;
mod contexts;
mod parameters;

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;

use libtest_mimic::{Failed, Trial};
use nix::errno::Errno;
use virtio_igpu_guest_tests::client::{Context, Counters, Device, Exec2, Object, Result};
use virtio_igpu_guest_tests::gpu::Batch;

use crate::rig::{Outcome, PAGE, ensure, ensure_eq, settled_counters, wait_until};

pub(crate) fn tests() -> Vec<Trial> {
    let there = is_there();
    contexts::tests()
        .into_iter()
        .chain(parameters::tests())
        .chain(binds::tests())
        .map(|trial| trial.with_ignored_flag(!there))
        .collect()
}

/// Whether the kernel has fault injection.
pub(crate) fn is_there() -> bool {
    Path::new(FAULTS).join("failslab").exists() && nth_file().is_ok()
}

/// Where the kernel's fault injection is set up.
const FAULTS: &str = "/sys/kernel/debug";

/// No allocation is spared, be it one that may sleep or one of a single page; and nothing
/// is logged, since every entry of the log would count as a kernel in trouble.
const SETTINGS: [(&str, &str); 7] = [
    ("failslab/ignore-gfp-wait", "N"),
    ("failslab/cache-filter", "N"),
    ("failslab/verbose", "0"),
    ("fail_page_alloc/ignore-gfp-wait", "N"),
    ("fail_page_alloc/ignore-gfp-highmem", "N"),
    ("fail_page_alloc/min-order", "0"),
    ("fail_page_alloc/verbose", "0"),
];

/// No call of these tests makes more allocations.
const MOST: u32 = 3000;

/// Has the kernel fail whatever allocation a thread asks it to.
pub(crate) fn set_up() -> Outcome {
    for (name, value) in SETTINGS {
        fs::write(Path::new(FAULTS).join(name), value)
            .map_err(|error| format!("{FAULTS}/{name}: {error}"))?;
    }
    Ok(())
}

/// The file that says which of this thread's allocations fails next.
pub(crate) fn nth_file() -> std::io::Result<File> {
    File::options()
        .read(true)
        .write(true)
        .open("/proc/thread-self/fail-nth")
}

/// Does `once` again and again, each time with the next allocation of the one call in it
/// failing, until that call makes no more allocations. Fails if it made fewer than `least`,
/// for then nothing was tried; and if the driver keeps more than before.
fn every_allocation(
    what: &str,
    least: u32,
    mut once: impl FnMut(&mut Attempt<'_>) -> Outcome,
) -> Outcome {
    set_up()?;
    let file = nth_file().map_err(|error| error.to_string())?;
    let before = Held::now()?;
    for nth in 1..=MOST {
        let mut attempt = Attempt {
            file: &file,
            nth,
            failed: None,
        };
        once(&mut attempt).map_err(|failed| {
            let why = failed.message().unwrap_or("it failed").to_string();
            Failed::from(format!("{what}, allocation {nth} failing: {why}"))
        })?;
        match attempt.failed {
            None => return Err(format!("{what}: no call was made").into()),
            Some(true) => {}
            Some(false) => {
                ensure!(nth > least, "{what}: only {} allocations", nth - 1);
                return before.is_back(what);
            }
        }
    }
    Err(format!("{what}: more than {MOST} allocations").into())
}

/// One try, in which one call is made with one of its allocations failing.
struct Attempt<'f> {
    file: &'f File,
    nth: u32,
    /// Whether an allocation did fail; `None` before the call.
    failed: Option<bool>,
}

impl Attempt<'_> {
    /// Makes the call; returns what it came to, `None` for ENOMEM. Any other error fails
    /// the test, as does ENOMEM while all allocations went well. The call itself has to
    /// get by without memory of this process's own.
    fn call<T>(
        &mut self,
        call: impl FnOnce() -> Result<T>,
    ) -> std::result::Result<Option<T>, Failed> {
        match self.strike(call)? {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.errno() != Some(Errno::ENOMEM) => {
                Err(format!("expected ENOMEM, got {error}").into())
            }
            Err(_) if self.failed == Some(false) => Err("ENOMEM for no reason".into()),
            Err(_) => Ok(None),
        }
    }

    /// Makes a call that must go well, whatever fails.
    fn call_that_cannot_fail(&mut self, call: impl FnOnce() -> Result<()>) -> Outcome {
        Ok(self.strike(call)??)
    }

    fn strike<T>(&mut self, call: impl FnOnce() -> T) -> std::result::Result<T, Failed> {
        ensure!(self.failed.is_none(), "a second call in one try");
        let number = self.nth.to_string();
        let mut left = [0; 16];
        let written = self.file.write_at(number.as_bytes(), 0);
        let result = call();
        let read = self.file.read_at(&mut left, 0);
        let ended = self.file.write_at(b"0", 0);
        let length = written
            .and(ended)
            .and(read)
            .map_err(|error| format!("fail-nth: {error}"))?;
        let left = String::from_utf8_lossy(&left[..length]);
        let left: u32 = left
            .trim()
            .parse()
            .map_err(|error| format!("fail-nth says {left:?}: {error}"))?;
        // It counts down, and has struck when it comes to 0.
        self.failed = Some(left == 0);
        Ok(result)
    }
}

/// What the driver holds, by its own counters.
#[derive(Debug, PartialEq)]
struct Held([(&'static str, u64); 4]);

impl Held {
    fn read() -> std::result::Result<Self, Failed> {
        let counters = Counters::read()?;
        let names = [
            "contexts",
            "address_spaces",
            "objects",
            "submissions_unfinished",
        ];
        for name in names {
            ensure!(counters.has(name), "no counter {name}");
        }
        Ok(Self(names.map(|name| (name, counters.get(name)))))
    }

    /// What is held when earlier tests' leavings are cleaned up.
    fn now() -> std::result::Result<Self, Failed> {
        settled_counters()?;
        Self::read()
    }

    /// Waits until no more is held than then.
    fn is_back(&self, what: &str) -> Outcome {
        let same = wait_until("everything is given back", || {
            Self::read().is_ok_and(|now| now == *self)
        });
        if same.is_err() {
            let now = Self::read()?;
            return Err(format!("{what}: before it {self:?}, after it {now:?}").into());
        }
        Ok(())
    }
}

/// A batch that writes a number, with an object for the number.
struct Probe<'d> {
    target: Object<'d>,
    batch: Object<'d>,
}

/// Where the number is written.
const TARGET_AT: u64 = 0x30_0000_0000;
const BATCH_AT: u64 = 0x4000_0000;
const NUMBER: u32 = 0x600d_f00d;

impl<'d> Probe<'d> {
    fn new(device: &'d Device) -> std::result::Result<Self, Failed> {
        let (target, batch) = (Object::create(device, PAGE)?, Object::create(device, PAGE)?);
        let mut commands = Batch::new();
        commands.store_u32(TARGET_AT, NUMBER);
        batch.map()?.write_dwords(0, &commands.end());
        Ok(Self { target, batch })
    }

    /// The submission, to be made by the caller.
    fn submission(&self, context: &Context<'_>, engine: u32) -> Exec2 {
        let list = vec![
            self.target.written_at(TARGET_AT),
            self.batch.pinned_at(BATCH_AT),
        ];
        Exec2::new(list).context(context).engine(engine)
    }

    /// Submits, and sees that it was executed.
    fn runs(&self, device: &Device, context: &Context<'_>, engine: u32) -> Outcome {
        self.submission(context, engine).submit(device)?;
        self.has_run()
    }

    /// The number has been written.
    fn has_run(&self) -> Outcome {
        self.target.wait(-1)?;
        ensure_eq!(
            self.target.map()?.read_u32(0),
            NUMBER,
            "what the batch writes"
        );
        Ok(())
    }
}
