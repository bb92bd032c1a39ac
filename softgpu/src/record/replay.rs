//! Does again what a recording says, on a GPU without threads.

use std::collections::HashMap;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::image::{Bindings, image_hash};
use super::{Reader, Record, RecordingError, Start};
use crate::completion::{Completion, CompletionSink, HangReport, Outcome};
use crate::deterministic::{DeterministicGpu, Step};
use crate::gpu::Gpu;
use crate::ids::Point;
use crate::memory::{Memory, Region};

/// How long, in virtual time, the replay waits for work that ended in the recording.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a replay may do.
#[derive(Clone, Copy, Debug)]
pub struct ReplayOptions {
    /// The seed; `None`: the recording's if it has one, else 0. With another seed than the
    /// recording's steps mean nothing, and its completions are waited for instead.
    pub seed: Option<u64>,
    /// Most bytes of memory that a recording may want.
    pub memory_limit: u64,
    /// Most virtual time that all of it may take. Spinning takes virtual time and little
    /// else; commands take 50 ns each.
    pub time_limit: Duration,
}

impl Default for ReplayOptions {
    /// The recording's seed, 16 GiB, 10 minutes.
    fn default() -> Self {
        Self {
            seed: None,
            memory_limit: 16 << 30,
            time_limit: Duration::from_secs(600),
        }
    }
}

/// What happens in a replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayEvent {
    /// Work has ended.
    Completed(Completion),
    /// A context hung.
    Hung(Box<HangReport>),
}

/// What came of a replay.
#[derive(Debug)]
pub struct Replay {
    /// [`image_hash`](super::image_hash) of all that was ever bound.
    pub image: u64,
    /// What the recording says it should be, if it was finished.
    pub recorded_image: Option<u64>,
    /// How many records there were.
    pub records: u64,
    /// How many calls were refused.
    pub refused: u64,
    /// What ended otherwise than in the recording, or not at all.
    pub different: Vec<Point>,
    /// The memory as it is now.
    pub memory: Memory,
    /// Virtual time that has passed.
    pub elapsed: Duration,
}

impl Replay {
    /// Whether all came out as recorded, as far as the recording says.
    pub fn agrees(&self) -> bool {
        let image = self.recorded_image.is_none_or(|image| image == self.image);
        image && self.different.is_empty()
    }

    /// Replays a recording; `each` hears what happens.
    pub fn run(
        input: impl Read,
        options: &ReplayOptions,
        each: impl FnMut(&ReplayEvent),
    ) -> Result<Self, RecordingError> {
        let mut reader = Reader::new(input)?;
        let Some((_, Record::Start(start))) = reader.read()? else {
            return Err(RecordingError::OutOfPlace { number: 0 });
        };
        let mut player = Player::new(&start, options, each)?;
        while let Some((number, record)) = reader.read()? {
            player.play(number, record)?;
        }
        // What the recording has no end of may still end.
        player.run(PATIENCE, None);
        Ok(player.finish())
    }
}

/// What the GPU has reported and nobody has heard of yet.
#[derive(Default)]
struct Events(Mutex<Vec<ReplayEvent>>);

impl CompletionSink for Events {
    fn completed(&self, completion: Completion) {
        self.0.lock().push(ReplayEvent::Completed(completion));
    }

    fn hung(&self, report: HangReport) {
        self.0.lock().push(ReplayEvent::Hung(Box::new(report)));
    }
}

/// A replay under way.
struct Player<F> {
    gpu: DeterministicGpu,
    events: Arc<Events>,
    each: F,
    /// Steps are those of the recording.
    stepwise: bool,
    options: ReplayOptions,
    memory: Memory,
    bindings: Bindings,
    /// What has ended here and not yet in the recording.
    early: HashMap<Point, Outcome>,
    /// What has ended in the recording and not yet here.
    late: HashMap<Point, Outcome>,
    different: Vec<Point>,
    recorded_image: Option<u64>,
    records: u64,
    refused: u64,
}

impl<F: FnMut(&ReplayEvent)> Player<F> {
    fn new(start: &Start, options: &ReplayOptions, each: F) -> Result<Self, RecordingError> {
        let events = Arc::new(Events::default());
        let sink: Arc<dyn CompletionSink> = Arc::clone(&events) as _;
        let chosen = options.seed.or(start.seed).unwrap_or(0);
        Ok(Self {
            gpu: Gpu::deterministic(start.config(sink)?, chosen),
            events,
            each,
            stepwise: start.seed == Some(chosen),
            options: *options,
            memory: Memory::default(),
            bindings: Bindings::default(),
            early: HashMap::new(),
            late: HashMap::new(),
            different: Vec::new(),
            recorded_image: None,
            records: 1,
            refused: 0,
        })
    }

    fn play(&mut self, number: u64, record: Record) -> Result<(), RecordingError> {
        self.records += 1;
        if self.is_out_of_time() {
            return Err(RecordingError::TimeLimit { number });
        }
        match record {
            Record::Start(_) => return Err(RecordingError::OutOfPlace { number }),
            Record::Memory(ranges) => {
                self.memory = self.make_memory(&ranges)?;
                self.gpu.set_memory(self.memory.clone());
            }
            Record::Write { address, data } => self
                .memory
                .write(address, &data)
                .map_err(|error| RecordingError::Memory(error.to_string()))?,
            Record::Call(call) => {
                let mask = self.gpu.platform().address_mask();
                self.bindings.note(&call, mask, &self.memory);
                self.refused += u64::from(self.gpu.call(call).is_err());
            }
            Record::Steps(steps) if self.stepwise => {
                for _ in 0..steps {
                    if self.is_out_of_time() {
                        return Err(RecordingError::TimeLimit { number });
                    }
                    if self.step() == Step::Idle {
                        break;
                    }
                }
            }
            Record::Steps(_) => {}
            Record::Completed { point, outcome } => {
                if !self.stepwise && !self.early.contains_key(&point) {
                    self.run(PATIENCE, Some(point));
                }
                match self.early.remove(&point) {
                    Some(here) if here == outcome => {}
                    Some(_) => self.different.push(point),
                    None => {
                        self.late.insert(point, outcome);
                    }
                }
            }
            Record::End { image } => self.recorded_image = Some(image),
        }
        Ok(())
    }

    fn is_out_of_time(&self) -> bool {
        self.gpu.elapsed() >= self.options.time_limit
    }

    fn make_memory(&self, ranges: &[(u64, u64)]) -> Result<Memory, RecordingError> {
        let total = ranges
            .iter()
            .try_fold(0_u64, |sum, &(_, length)| sum.checked_add(length));
        let limit = self.options.memory_limit;
        if total.is_none_or(|total| total > limit) {
            let what = format!("more than the {limit} bytes that it may have");
            return Err(RecordingError::Memory(what));
        }
        let regions = ranges
            .iter()
            .map(|&(base, length)| Region::owned(base, length));
        let made = regions.collect::<Result<_, _>>().and_then(Memory::new);
        made.map_err(|error| RecordingError::Memory(error.to_string()))
    }

    /// Steps until there is nothing to do, this point has come, or for so long.
    fn run(&mut self, time: Duration, until: Option<Point>) {
        let end = (self.gpu.elapsed() + time).min(self.options.time_limit);
        while self.gpu.elapsed() < end
            && self.step() != Step::Idle
            && until.is_none_or(|point| !self.early.contains_key(&point))
        {}
    }

    fn step(&mut self) -> Step {
        let step = self.gpu.step();
        for event in std::mem::take(&mut *self.events.0.lock()) {
            if let ReplayEvent::Completed(Completion { point, outcome, .. }) = event {
                match self.late.remove(&point) {
                    Some(recorded) if recorded == outcome => {}
                    Some(_) => self.different.push(point),
                    None => {
                        self.early.insert(point, outcome);
                    }
                }
            }
            (self.each)(&event);
        }
        step
    }

    fn finish(mut self) -> Replay {
        let mut late: Vec<_> = self.late.into_keys().collect();
        late.sort_unstable();
        self.different.append(&mut late);
        Replay {
            image: image_hash(&self.memory, self.bindings.ever()),
            recorded_image: self.recorded_image,
            records: self.records,
            refused: self.refused,
            different: self.different,
            memory: self.memory,
            elapsed: self.gpu.elapsed(),
        }
    }
}
