//! Makes a recording of a GPU: notes each call, what memory it works on, and what ended.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use parking_lot::{Mutex, ReentrantMutex, ReentrantMutexGuard};

use super::image::{Bindings, Shadow, image_hash};
use super::{Record, Start, write_beginning, write_record};
use crate::call::Call;
use crate::completion::Completion;
use crate::gpu::GpuConfig;
use crate::memory::Memory;

/// Makes a recording of the GPU in whose [`GpuConfig`](crate::GpuConfig) it stands; one
/// recorder is for one GPU.
///
/// At each submission it looks at all memory that the submission's context has bound, and
/// notes what has changed since it last did: that is what the processor has written, and
/// what batches have. So a recording is slow where much is bound, and keeps a copy of it.
///
/// The replay works on the same memory if, at each submission, what is bound and written
/// by unfinished batches doesn't depend on what was there before. Whoever writes memory
/// that a batch already waits for, or between the last submission and the end, says so by
/// [`Recorder::note`].
///
/// A recording that can't be written any further ends there; [`Recorder::finish`] says so.
pub struct Recorder {
    /// Keeps calls in the order in which they are made. A sink may make calls from inside
    /// one.
    order: ReentrantMutex<()>,
    tape: Mutex<Tape>,
}

struct Tape {
    output: Box<dyn Write + Send>,
    failed: Option<io::Error>,
    bindings: Bindings,
    shadow: Shadow,
    address_mask: u64,
    /// Steps not yet written.
    steps: u64,
    finished: bool,
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder")
    }
}

impl Recorder {
    /// Records into this.
    pub fn new(output: impl Write + Send + 'static) -> Self {
        let tape = Tape {
            output: Box::new(output),
            failed: None,
            bindings: Bindings::default(),
            shadow: Shadow::default(),
            address_mask: u64::MAX,
            steps: 0,
            finished: false,
        };
        Self {
            order: ReentrantMutex::new(()),
            tape: Mutex::new(tape),
        }
    }

    /// Records into a new file, in place of whatever was there.
    pub fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        Ok(Self::new(BufWriter::new(File::create(path)?)))
    }

    /// The GPU has been made.
    pub(crate) fn start(&self, config: &GpuConfig, seed: Option<u64>) {
        let tape = &mut *self.tape.lock();
        tape.address_mask = config.platform.address_mask();
        if let Err(error) = write_beginning(&mut tape.output) {
            tape.failed = Some(error);
        }
        tape.write(&Record::Start(Start::of(config, seed)));
        tape.write(&Record::Memory(config.memory.ranges().collect()));
    }

    /// No other call is made before the guard is dropped.
    pub(crate) fn order(&self) -> ReentrantMutexGuard<'_, ()> {
        self.order.lock()
    }

    /// A call is about to be made.
    pub(crate) fn call(&self, call: Call, memory: &Memory) {
        let tape = &mut *self.tape.lock();
        if tape.is_over() {
            return;
        }
        if let Call::Submit(submission) = &call {
            let seen = tape.bindings.seen_by(submission.context);
            tape.note(memory, &seen);
        }
        tape.bindings.note(&call, tape.address_mask, memory);
        tape.write(&Record::Call(call));
    }

    /// Memory is about to be replaced.
    pub(crate) fn memory(&self, memory: &Memory) {
        let tape = &mut *self.tape.lock();
        tape.shadow = Shadow::default();
        tape.write(&Record::Memory(memory.ranges().collect()));
    }

    /// A GPU without threads is about to be stepped.
    pub(crate) fn step(&self) {
        self.tape.lock().steps += 1;
    }

    /// Work has ended and is about to be reported.
    pub(crate) fn completed(&self, completion: &Completion) {
        self.tape.lock().write(&Record::Completed {
            point: completion.point,
            outcome: completion.outcome,
        });
    }

    /// Notes what has changed in all memory that was ever bound. The GPU should be idle.
    pub fn note(&self, memory: &Memory) {
        let tape = &mut *self.tape.lock();
        let ever: Vec<_> = tape.bindings.ever().collect();
        tape.note(memory, &ever);
    }

    /// Ends the recording with the hash of all that was ever bound, which it returns. The GPU
    /// should be idle. What it is told later isn't recorded.
    pub fn finish(&self, memory: &Memory) -> io::Result<u64> {
        let tape = &mut *self.tape.lock();
        let image = image_hash(memory, tape.bindings.ever());
        tape.write(&Record::End { image });
        tape.finished = true;
        if let Some(error) = tape.failed.take() {
            return Err(error);
        }
        tape.output.flush()?;
        Ok(image)
    }
}

impl Tape {
    fn is_over(&self) -> bool {
        self.finished || self.failed.is_some()
    }

    fn note(&mut self, memory: &Memory, ranges: &[(u64, u64)]) {
        let mut writes = Vec::new();
        for &range in ranges {
            self.shadow.changes(memory, range, |address, data| {
                let data = data.to_vec();
                writes.push(Record::Write { address, data });
            });
        }
        for record in &writes {
            self.write(record);
        }
    }

    fn write(&mut self, record: &Record) {
        if self.is_over() {
            return;
        }
        let steps = std::mem::take(&mut self.steps);
        let mut result = Ok(());
        if steps > 0 {
            result = write_record(&mut self.output, &Record::Steps(steps));
        }
        let result = result.and_then(|()| write_record(&mut self.output, record));
        self.failed = result.err();
    }
}
