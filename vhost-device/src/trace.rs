// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What happened to each command, and when, in a file that Perfetto opens
//! (docs/tracing.md). Whoever does something notes it here; a thread of its own writes.
//!
//! Noting never waits: the records on their way are bounded in number, and those that find
//! no room are counted, not kept. Where nothing is traced there is no tracer, and nothing is
//! looked at.

mod json;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use protocol::Queue;
use virtio_igpu_protocol as protocol;

use crate::executor::Ending;
use crate::session::decode::{self, Request};

/// Records on their way to the writer, at most: some 8 MiB.
const ROOM: usize = 65_536;

/// How long what is written may stay in the writer's buffer.
const FLUSH: Duration = Duration::from_millis(200);

/// Whose command it is, by the guest's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// A submission's.
    Slot {
        /// The context.
        context: u32,
        /// Its engine slot.
        slot: u16,
    },
    /// A page-table update's.
    AddressSpace(u32),
}

/// A command that takes time: whose it is, and the value it signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Label {
    /// Whose.
    pub owner: Owner,
    /// The value on its timeline.
    pub value: u64,
}

impl Label {
    /// The label of a command's bytes, if it is one that takes time.
    pub fn of(queue: Queue, bytes: &[u8]) -> Option<Self> {
        let (owner, value) = match decode::decode(queue, bytes).ok()? {
            Request::Submit(command, ..) => {
                let (context, slot) = (command.context.get(), command.slot.get());
                (Owner::Slot { context, slot }, command.signal.get())
            }
            Request::Bind(command, ..) => {
                let owner = Owner::AddressSpace(command.address_space.get());
                (owner, command.signal.get())
            }
            Request::Unbind(command, ..) => {
                let owner = Owner::AddressSpace(command.address_space.get());
                (owner, command.signal.get())
            }
            _ => return None,
        };
        Some(Self { owner, value })
    }
}

/// Something that happened.
#[derive(Clone, Copy, Debug)]
pub enum Record {
    /// The driver rang.
    Doorbell {
        /// The queue's number.
        queue: usize,
        /// When it was heard.
        at: Instant,
    },
    /// The driver was interrupted.
    Interrupt {
        /// The queue's number.
        queue: usize,
        /// When that had been done.
        at: Instant,
    },
    /// A command was taken off its queue.
    Taken {
        /// The queue's number.
        queue: usize,
        /// The command's name.
        name: &'static str,
        /// What it is, if it takes time.
        label: Option<Label>,
        /// When it was taken.
        begun: Instant,
        /// When it was answered, or the executor had it.
        ended: Instant,
    },
    /// A command that takes time has ended.
    Ended {
        /// The queue's number.
        queue: usize,
        /// What it is.
        label: Label,
        /// The class and the instances of the engines that it may have run on.
        engine: Option<(u16, u16)>,
        /// How it ended.
        ending: Ending,
        /// Nanoseconds on an engine.
        busy_ns: u64,
        /// When it was taken off its queue.
        taken: Instant,
        /// When the executor had accepted it.
        accepted: Instant,
        /// When the executor reported its end.
        reported: Instant,
        /// When its reply was begun.
        replying: Instant,
        /// When its reply was in the used ring.
        used: Instant,
    },
    /// There are no more.
    End,
}

/// Where things are noted.
pub struct Tracer {
    records: SyncSender<Record>,
    dropped: Arc<AtomicU64>,
}

impl Tracer {
    /// Notes something, if there is room.
    pub fn note(&self, record: Record) {
        if self.records.try_send(record).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Records for which there was no room.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// The file and the thread that writes it. Dropped, all that was noted is in the file.
pub struct Writer {
    tracer: Arc<Tracer>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Begins a trace in a file, which is `path`'s.
    pub fn start(file: File, path: &Path) -> io::Result<Self> {
        let shown = path.display().to_string();
        let (sender, receiver) = mpsc::sync_channel(ROOM);
        let dropped = Arc::new(AtomicU64::new(0));
        let tracer = Arc::new(Tracer {
            records: sender,
            dropped: Arc::clone(&dropped),
        });
        let begun = Instant::now();
        let write = move || {
            if let Err(error) = write(file, begun, &receiver, &dropped) {
                log::error!("the trace {shown} can't be written: {error}");
            }
        };
        let thread = std::thread::Builder::new()
            .name("trace".into())
            .spawn(write)?;
        Ok(Self {
            tracer,
            thread: Some(thread),
        })
    }

    /// Where things are noted.
    pub fn tracer(&self) -> Arc<Tracer> {
        Arc::clone(&self.tracer)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Waits for room; fails if the writer has ended.
        let _ = self.tracer.records.send(Record::End);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn write(
    file: File,
    begun: Instant,
    records: &Receiver<Record>,
    dropped: &AtomicU64,
) -> io::Result<()> {
    let mut file = BufWriter::new(file);
    let mut events = json::Events::new(begun);
    file.write_all(events.head().as_bytes())?;
    loop {
        match records.recv_timeout(FLUSH) {
            Ok(Record::End) | Err(RecvTimeoutError::Disconnected) => break,
            Ok(record) => file.write_all(events.of(&record).as_bytes())?,
            Err(RecvTimeoutError::Timeout) => file.flush()?,
        }
    }
    let dropped = dropped.load(Ordering::Relaxed);
    if dropped > 0 {
        log::warn!("the trace lacks {dropped} records, which came faster than they were written");
    }
    file.write_all(events.tail(dropped).as_bytes())?;
    file.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_is_counted_and_nobody_waits() {
        let (sender, receiver) = mpsc::sync_channel(2);
        let tracer = Tracer {
            records: sender,
            dropped: Arc::default(),
        };
        let doorbell = Record::Doorbell {
            queue: 0,
            at: Instant::now(),
        };
        (0..5).for_each(|_| tracer.note(doorbell));
        assert_eq!(tracer.dropped(), 3);
        assert_eq!(receiver.try_iter().count(), 2);
        tracer.note(doorbell);
        assert_eq!(tracer.dropped(), 3);
    }
}
