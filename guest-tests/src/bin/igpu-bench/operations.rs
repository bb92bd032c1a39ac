//! What is timed, on each GPU in turn.

use std::fmt;

use serde::Serialize;
use virtio_igpu_guest_tests::client::Result;
use virtio_igpu_guest_tests::spread::Spread;

use crate::gpu::Gpu;
use crate::ours::Ours;
use crate::samples::{settle, time_us};

/// How many are in flight at once.
const IN_FLIGHT: [u32; 3] = [1, 8, 64];
/// The small and the large object, in bytes.
const SMALL: u64 = 64 << 10;
const LARGE: u64 = 4 << 20;

/// The operations, in the order of a round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Operation {
    GetParam,
    RoundTrip,
    Submit(u32),
    SubmitOnly,
    SubmitWithObject,
    Allocate(u64),
    Show(u64),
    CopyOut,
    CopyIn,
}

const OPERATIONS: [Operation; 13] = [
    Operation::GetParam,
    Operation::RoundTrip,
    Operation::SubmitOnly,
    Operation::Submit(IN_FLIGHT[0]),
    Operation::SubmitWithObject,
    Operation::Submit(IN_FLIGHT[1]),
    Operation::Submit(IN_FLIGHT[2]),
    Operation::Allocate(SMALL),
    Operation::Allocate(LARGE),
    Operation::Show(SMALL),
    Operation::Show(LARGE),
    Operation::CopyOut,
    Operation::CopyIn,
];

impl Operation {
    /// All of them.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        OPERATIONS.into_iter()
    }

    /// The one that reports call so.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::all().find(|operation| operation.name() == name)
    }

    /// Makes it so many times. Microseconds, the median.
    pub(crate) fn repeat(self, times: u32, gpu: &mut dyn Gpu) -> Result<f64> {
        let median = time_us(times, 1, || self.call(gpu))?.median;
        Ok(median / f64::from(self.divisor()))
    }

    /// What reports call it.
    pub(crate) fn name(self) -> String {
        match self {
            Self::GetParam => "getparam".into(),
            Self::RoundTrip => "round_trip".into(),
            Self::Submit(count) => format!("submit_{count}"),
            Self::SubmitOnly => "submit_only".into(),
            Self::SubmitWithObject => "submit_with_object".into(),
            Self::Allocate(bytes) => format!("allocate_{}", bytes >> 10),
            Self::Show(bytes) => format!("show_{}", bytes >> 10),
            Self::CopyOut => "copy_out".into(),
            Self::CopyIn => "copy_in".into(),
        }
    }

    /// What it is, for people.
    pub(crate) fn what(self) -> String {
        match self {
            Self::GetParam => "an ioctl that stays in the guest (GETPARAM)".into(),
            Self::RoundTrip => "a bare round trip on the control queue (REG_READ)".into(),
            Self::Submit(1) => {
                "a submission that does nothing, with an out-fence, and the wait for it".into()
            }
            Self::Submit(count) => format!("each of {count} that are queued and then waited for"),
            Self::SubmitOnly => "the ioctl of such a submission alone, not waited for".into(),
            Self::SubmitWithObject => {
                "one that lists an object, and the wait for the object".into()
            }
            Self::Allocate(bytes) => {
                format!(
                    "an object of {} KiB made, each page written, closed",
                    bytes >> 10
                )
            }
            Self::Show(bytes) => format!(
                "an object of {} KiB made, each page visible to the GPU, closed",
                bytes >> 10
            ),
            Self::CopyOut => "16 MiB copied by the host out of the guest's buffer".into(),
            Self::CopyIn => "16 MiB copied by the host into the guest's buffer".into(),
        }
    }

    /// Samples of a round, and calls that make a sample.
    fn repeats(self) -> (u32, u32) {
        match self {
            Self::GetParam => (20, 10),
            Self::RoundTrip | Self::Submit(1) | Self::SubmitWithObject => (60, 1),
            Self::SubmitOnly => (10, 16),
            Self::Submit(_) => (12, 1),
            Self::Allocate(SMALL) | Self::Show(SMALL) => (12, 1),
            Self::Allocate(_) | Self::Show(_) | Self::CopyOut | Self::CopyIn => (4, 1),
        }
    }

    /// Microseconds; `None` for what this GPU does not have.
    fn time(self, gpu: &mut dyn Gpu) -> Result<Option<f64>> {
        let (samples, burst) = self.repeats();
        if self == Self::RoundTrip && gpu.round_trip().is_none() {
            return Ok(None);
        }
        settle();
        // What is not warm yet is no measure.
        self.call(gpu)?;
        let mut times = Vec::new();
        match self {
            // The device must not fall behind by more than a ring takes.
            Self::SubmitOnly => {
                for _ in 0..samples {
                    gpu.drain()?;
                    times.push(time_us(1, burst, || self.call(gpu))?.median);
                }
            }
            _ => times.push(time_us(samples, burst, || self.call(gpu))?.median),
        }
        gpu.drain()?;
        let each = f64::from(self.divisor());
        Ok(Some(Spread::of(times).median / each))
    }

    /// Of how many a call is made.
    pub(crate) fn divisor(self) -> u32 {
        match self {
            Self::Submit(count) => count,
            _ => 1,
        }
    }

    /// Makes it once.
    pub(crate) fn call(self, gpu: &mut dyn Gpu) -> Result<()> {
        match self {
            Self::GetParam => gpu.getparam(),
            Self::RoundTrip => gpu.round_trip().unwrap_or(Ok(())),
            Self::Submit(count) => gpu.submit(count),
            Self::SubmitOnly => gpu.submit_only(),
            Self::SubmitWithObject => gpu.submit_with_object(),
            Self::Allocate(bytes) => gpu.allocate(bytes),
            Self::Show(bytes) => gpu.show(bytes),
            Self::CopyOut => gpu.copy(false),
            Self::CopyIn => gpu.copy(true),
        }
    }
}

/// What an operation was measured to take.
#[derive(Debug, Serialize)]
pub(crate) struct Timed {
    name: String,
    what: String,
    /// Microseconds on our GPU.
    ours: Spread,
    /// Microseconds on the other.
    peer: Option<Spread>,
    /// Ours in the other's of the same round.
    ratio: Option<Spread>,
    /// Ours in bare round trips of the same round.
    round_trips: Spread,
}

impl fmt::Display for Timed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |spread: &Option<Spread>| spread.map_or(String::new(), |s| s.to_string());
        write!(
            f,
            "{:>24} {:>24} {:>20}  {}",
            self.ours.to_string(),
            text(&self.peer),
            text(&self.ratio),
            self.what
        )
    }
}

/// An operation's time of a round in microseconds, ours and the other GPU's.
type Pair = (f64, Option<f64>);

/// Measures all of them.
pub(crate) fn measure(
    rounds: u32,
    ours: &mut Ours,
    mut peer: Option<&mut dyn Gpu>,
) -> Result<Vec<Timed>> {
    let mut times: Vec<Vec<Pair>> = Vec::new();
    for _ in 0..rounds {
        let mut round = Vec::new();
        for operation in OPERATIONS {
            let mine = operation.time(ours)?.unwrap_or(f64::NAN);
            let other = match &mut peer {
                Some(peer) => operation.time(*peer)?,
                None => None,
            };
            round.push((mine, other));
        }
        times.push(round);
    }
    let floor = OPERATIONS
        .iter()
        .position(|operation| *operation == Operation::RoundTrip)
        .unwrap_or(0);
    let spread = |value: &dyn Fn(&Vec<Pair>) -> Option<f64>| {
        let values: Vec<f64> = times.iter().filter_map(value).collect();
        (!values.is_empty()).then(|| Spread::of(values))
    };
    let timed = OPERATIONS
        .into_iter()
        .enumerate()
        .filter_map(|(place, operation)| {
            Some(Timed {
                name: operation.name(),
                what: operation.what(),
                ours: spread(&|round| Some(round[place].0))?,
                peer: spread(&|round| round[place].1),
                ratio: spread(&|round| Some(round[place].0 / round[place].1?)),
                round_trips: spread(&|round| Some(round[place].0 / round[floor].0))?,
            })
        });
    Ok(timed.collect())
}
