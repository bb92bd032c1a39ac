//! A GPU with one context, for benches of kernels.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use softgpu::*;

/// GPU virtual address of the memory, whose guest-physical address is 0.
pub(crate) const BASE: u64 = 0x10_0000_0000;
/// MI_BATCH_BUFFER_END.
pub(crate) const END: u32 = 0x0500_0000;

struct Sink(mpsc::Sender<Outcome>);

impl CompletionSink for Sink {
    fn completed(&self, completion: Completion) {
        let _ = self.0.send(completion.outcome);
    }

    fn hung(&self, report: HangReport) {
        panic!("{report}");
    }
}

/// A GPU with a context of its render engine, all of whose memory is at [`BASE`].
pub(crate) struct Engine {
    gpu: Gpu,
    memory: Memory,
    ended: mpsc::Receiver<Outcome>,
    submitted: u64,
}

impl Engine {
    /// One whose kernels run on so many host threads, with so many bytes of memory.
    pub(crate) fn new(threads: usize, bytes: u64) -> Self {
        let memory = Memory::owned(0, bytes).expect("memory");
        let (sender, ended) = mpsc::channel();
        let gpu = Gpu::new(GpuConfig {
            kernel_threads: threads,
            ..GpuConfig::new(Platform::TGL, memory.clone(), Arc::new(Sink(sender)))
        });
        let gpu = gpu.expect("a GPU");
        let (space, binds, timeline) = (AddressSpaceId(1), TimelineId(1), TimelineId(2));
        gpu.create_address_space(space, binds).expect("a space");
        let slot = EngineSlot {
            class: EngineClass::Render,
            instances: 1,
            timeline,
        };
        let description = ContextDescription {
            address_space: space,
            recoverable: true,
            slots: vec![slot],
        };
        gpu.create_context(ContextId(1), description)
            .expect("a context");
        let bind = Bind {
            address_space: space,
            va: BASE,
            length: bytes,
            extents: vec![Extent {
                address: 0,
                length: bytes,
            }],
            read_only: false,
            null: false,
            waits: vec![],
            signal: 1,
        };
        gpu.bind(bind).expect("a bind");
        let engine = Self {
            gpu,
            memory,
            ended,
            submitted: 0,
        };
        engine.wait();
        engine
    }

    fn wait(&self) {
        let outcome = self.ended.recv().expect("the GPU is there");
        assert_eq!(outcome, Outcome::Completed);
    }

    /// Puts dwords into memory, so many bytes from its beginning.
    pub(crate) fn put(&self, at: u64, dwords: &[u32]) {
        for (number, dword) in dwords.iter().enumerate() {
            let written = self.memory.write_u32(at + number as u64 * 4, *dword);
            written.expect("inside");
        }
    }

    /// Puts bytes there.
    pub(crate) fn put_bytes(&self, at: u64, bytes: &[u8]) {
        self.memory.write(at, bytes).expect("inside");
    }

    /// So many bytes of memory from there on.
    pub(crate) fn bytes(&self, at: u64, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.memory.read(at, &mut bytes).expect("inside");
        bytes
    }

    /// Runs the batch at that place in memory: from its submission to its completion.
    pub(crate) fn run(&mut self, batch: u64) -> Duration {
        self.submitted += 1;
        let start = Instant::now();
        let submitted = self.gpu.submit(Submission {
            context: ContextId(1),
            slot: 0,
            batches: vec![BASE + batch],
            waits: vec![],
            signal: self.submitted,
            priority: 0,
            sseu: None,
            cancelled: false,
        });
        submitted.expect("a submission");
        self.wait();
        start.elapsed()
    }
}
