// SPDX-License-Identifier: Apache-2.0 OR MIT

//! One conformance suite for all executors: what the seam promises, as cases that are written
//! once and that every implementation runs.
//!
//! An executor's crate has a test target without the standard harness, and in it
//!
//! ```ignore
//! fn main() -> std::process::ExitCode {
//!     virtio_igpu_executor_conformance::main(MyExecutorUnderTest)
//! }
//! ```
//!
//! The cases know the trait [`Executor`](virtio_igpu_executor::Executor) and what a Gen12
//! command streamer takes, and nothing of who executes: batches use no command, and no
//! behaviour, that only the software GPU has. While a case runs, every report of the executor
//! is held against what holds always: one end for each accepted point, in each timeline's
//! order, and no hung submission without a hang reported before.

mod batch;
mod cases;
mod rig;

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::{Arguments, Trial};
use virtio_igpu_executor::Factory;

pub use rig::Rig;

/// What an executor may lack. Where it does, it has to say so: the cases then expect the call
/// to be refused as [`Unsupported`](virtio_igpu_executor::Refused::Unsupported), without effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Feature {
    /// Several batches of one submission.
    Gangs,
    /// Waits for a submission's start.
    Starts,
    /// Timing of engines can be changed.
    EngineProperties,
    /// Busy times of engines and run times of contexts are known.
    BusyTimes,
    /// The render engine's timestamp can be read.
    Timestamp,
    /// Memory can be mapped without being written to.
    ReadOnly,
    /// Ranges can be mapped that read as zero and take no writes.
    Null,
}

/// An executor, as the suite makes it.
pub trait UnderTest: Send + Sync + 'static {
    /// What makes it. Called once for each case, maybe from several threads.
    fn factory(&self) -> Arc<dyn Factory>;
    /// Whether it has a feature.
    fn offers(&self, feature: Feature) -> bool;
    /// Nothing takes this long unless it is broken; detection of hangs included.
    fn patience(&self) -> Duration {
        Duration::from_secs(20) * slowness()
    }
}

/// The environment variable that says how many times slower than usual this machine is.
pub const PATIENCE: &str = "VIRTIO_IGPU_PATIENCE";

/// How many times slower than usual this machine is, by [`PATIENCE`]: 1 to 100.
pub fn slowness() -> u32 {
    let said = std::env::var(PATIENCE).ok();
    let said = said.and_then(|said| said.parse().ok());
    said.unwrap_or(1).clamp(1, 100)
}

/// A case: its name, and what it does with a fresh executor.
pub type Case = (&'static str, fn(&mut Rig));

/// All cases, under the subject they belong to.
pub fn cases() -> impl Iterator<Item = (&'static str, Case)> {
    cases::SUBJECTS
        .iter()
        .flat_map(|&(subject, cases)| cases.iter().map(move |&case| (subject, case)))
}

/// Runs one case.
pub fn run(under_test: &dyn UnderTest, case: Case) {
    let mut rig = Rig::new(under_test);
    (case.1)(&mut rig);
    rig.finish();
}

/// Runs the cases that the command line of a test target asks for.
pub fn main(under_test: impl UnderTest) -> ExitCode {
    run_all(under_test, &Arguments::from_args())
}

/// Runs the cases that these words of a command line ask for.
pub fn main_with<W: Into<OsString> + Clone>(
    under_test: impl UnderTest,
    words: impl IntoIterator<Item = W>,
) -> ExitCode {
    run_all(under_test, &Arguments::from_iter(words))
}

fn run_all(under_test: impl UnderTest, arguments: &Arguments) -> ExitCode {
    let under_test = Arc::new(under_test);
    let trials = cases()
        .map(|(subject, case)| {
            let under_test = Arc::clone(&under_test);
            Trial::test(format!("{subject}::{}", case.0), move || {
                run(&*under_test, case);
                Ok(())
            })
        })
        .collect();
    libtest_mimic::run(arguments, trials).exit_code()
}
