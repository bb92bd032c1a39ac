//! Bad input: a table for each ioctl. An entry says what is wrong, which error it must
//! be, and by which rule of i915's; after each one the same thing is tried again rightly,
//! and the driver must not have told the device anything.

mod context_ids;
mod contexts;
mod device;
mod engine_maps;
mod exec2;
mod exec3;
mod memory;
mod objects;
mod slices;
mod vm_bind;

use std::fmt::Debug;

use libtest_mimic::Trial;
use nix::errno::Errno;
use virtio_igpu_guest_tests::client::{Counters, Result};

use crate::rig::{Outcome, settled_counters};

pub(crate) fn tests() -> Vec<Trial> {
    [
        device::tests(),
        objects::tests(),
        memory::tests(),
        contexts::tests(),
        context_ids::tests(),
        engine_maps::tests(),
        slices::tests(),
        vm_bind::tests(),
        exec3::tests(),
        exec2::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// An address that no process can map.
const UNMAPPED: u64 = virtio_igpu_guest_tests::sys::request::UNMAPPED;
/// An address of the kernel's.
const KERNEL: u64 = virtio_igpu_guest_tests::sys::request::KERNEL;
/// A handle or id that nobody has been given.
const NOBODY: u32 = 0x00be_ef00;

/// One way to get an argument wrong.
struct Case<'a, A> {
    what: &'static str,
    errno: Errno,
    why: &'static str,
    change: Box<dyn Fn(&mut A) + 'a>,
}

/// An entry: what is wrong, the error, the rule, and the change to a good argument.
fn case<'a, A>(
    what: &'static str,
    errno: Errno,
    why: &'static str,
    change: impl Fn(&mut A) + 'a,
) -> Case<'a, A> {
    Case {
        what,
        errno,
        why,
        change: Box::new(change),
    }
}

/// A table: a line for each entry, of an argument's type.
macro_rules! cases {
    ($argument:ty; $($what:literal, $errno:ident, $why:expr, $change:expr;)*) => {
        vec![$($crate::bad_input::case::<$argument>($what, $errno, $why, $change)),*]
    };
}
use cases;

/// Makes the call with each entry's change to a good argument. After each one
/// `still_works` is asked.
fn check<A, T: Debug>(
    good: impl Fn() -> A,
    mut call: impl FnMut(&mut A) -> Result<T>,
    cases: &[Case<'_, A>],
    mut still_works: impl FnMut() -> Outcome,
) -> Outcome {
    let mut wrong = Vec::new();
    settled_counters()?;
    for Case {
        what,
        errno,
        why,
        change,
    } in cases
    {
        let mut argument = good();
        change(&mut argument);
        let before = messages()?;
        let result = call(&mut argument);
        let told = messages()? - before;
        match result {
            Err(error) if error.errno() == Some(*errno) => {}
            Err(error) => wrong.push(format!("{what}: {error}, expected {errno:?} ({why})")),
            Ok(value) => {
                wrong.push(format!(
                    "{what}: success ({value:?}), expected {errno:?} ({why})"
                ));
            }
        }
        if told != 0 {
            wrong.push(format!(
                "{what}: the device was told something ({told} messages)"
            ));
        }
        if let Err(failed) = still_works() {
            let text = failed.message().unwrap_or("no reason given").to_owned();
            wrong.push(format!(
                "{what}: afterwards it doesn't work any more: {text}"
            ));
        }
        settled_counters()?;
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("\n").into())
    }
}

fn messages() -> Result<u64> {
    Ok(Counters::read()?.sum("commands_"))
}
