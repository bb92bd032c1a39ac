//! Operations between marks, for the plugin that counts instructions
//! (`guest-tests/src/sys/mark.rs`): each is a series of samples with a number of its own.

use serde::Serialize;
use virtio_igpu_guest_tests::client::Result;
use virtio_igpu_guest_tests::sys::mark::{END, mark};

use crate::gpu::Gpu;
use crate::operations::Operation;

/// The other GPU's series begin here.
const PEER: usize = 16;
/// Calls before the first sample.
const WARM_UP: u32 = 50;

/// The operations, and how many samples are taken of each. `None` is nothing at all: what
/// the marks themselves add.
const SERIES: [(Option<Operation>, u32); 8] = [
    (None, 50),
    (Some(Operation::GetParam), 200),
    (Some(Operation::SubmitOnly), 400),
    (Some(Operation::Submit(1)), 400),
    (Some(Operation::SubmitWithObject), 200),
    (Some(Operation::Submit(64)), 60),
    (Some(Operation::Allocate(64 << 10)), 60),
    (Some(Operation::Show(64 << 10)), 60),
];

/// A function for the beginning and one for the end of each series.
macro_rules! marks {
    ($($number:literal)*) => {
        [$((mark::<$number> as _, mark::<{ $number | END }> as _)),*]
    };
}

/// What begins a sample and what ends it.
type Pair = (fn(), fn());

const MARKS: [Pair; 2 * PEER] = marks!(
    0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15
    16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
);

/// What a series is of.
#[derive(Debug, Serialize)]
pub(crate) struct Series {
    number: usize,
    name: String,
    what: String,
    /// Whether it is the other GPU's.
    peer: bool,
    /// How many operations a sample has.
    each: u32,
}

/// Makes all samples on a GPU.
pub(crate) fn sample(gpu: &mut dyn Gpu, peer: bool) -> Result<Vec<Series>> {
    let mut all = Vec::new();
    for (place, (operation, samples)) in SERIES.into_iter().enumerate() {
        let number = place + if peer { PEER } else { 0 };
        let (begin, end) = MARKS[number];
        let mut once = |marked: bool| -> Result<()> {
            // Nothing that was queued before is left to be done meanwhile.
            gpu.drain()?;
            if marked {
                begin();
            }
            let result = match operation {
                Some(operation) => operation.call(gpu),
                None => Ok(()),
            };
            if marked {
                end();
            }
            result
        };
        for _ in 0..WARM_UP {
            once(false)?;
        }
        for _ in 0..samples {
            once(true)?;
        }
        let name = operation.map_or("nothing".into(), Operation::name);
        let what = operation.map_or("nothing: the marks alone".into(), Operation::what);
        all.push(Series {
            number,
            name,
            what,
            peer,
            each: operation.map_or(1, Operation::divisor),
        });
    }
    Ok(all)
}
