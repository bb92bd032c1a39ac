//! Golden tests: batches of raw dwords and what they leave behind.
//!
//! What a command does is told by its section in volume 2a ("Command Reference:
//! Instructions") of the Tiger Lake programmer's reference manual, which has one for each
//! command under its name. Sections are cited, not pages: the texts used here are those that
//! Intel publishes under the MIT licence beside the same layouts, in its media driver's
//! `mhw_mi_hwcmd_g12_X.h`, and these have no pages. Layouts that are not there are those of
//! Mesa's `src/intel/genxml/gen120.xml`; what i915 relies on is cited by file and function.

mod arithmetic;
mod batches;
mod differential;
mod flow;
mod flush;
mod golden;
mod registers;
mod state;
mod transfer;

use super::program::Program;
use super::testing::{BASE, BATCH, Bench, DATA, split};
use super::{Pause, Stop};
use crate::command;
use crate::completion::HangReason;
use crate::page_table::Backing;
use crate::platform::{EngineClass, Platform};

const LO: u32 = DATA as u32;
const HI: u32 = (DATA >> 32) as u32;

fn render() -> Bench {
    Bench::new(EngineClass::Render)
}

fn reason(pause: Pause) -> HangReason {
    match pause {
        Pause::Stopped(Stop::Hang { reason, .. }) => reason,
        other => panic!("no hang but {other:?}"),
    }
}
