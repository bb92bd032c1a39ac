//! A bench for tests: one context on one engine, memory, and no threads.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::{Execution, Machine, Pause, Surroundings, Tally};
use parking_lot::RwLock;

use crate::clock::Clock;
use crate::compute::Cores;
use crate::execute::program::Program;
use crate::gpu::GpuConfig;
use crate::memory::Memory;
use crate::page_table::{AddressSpace, Backing};
use crate::platform::{EngineClass, Platform};
use crate::view::View;

/// GPU virtual address of the memory, whose guest-physical address is 0.
pub(crate) const BASE: u64 = 0x7f_0000_0000;
/// Where batches are put.
pub(crate) const BATCH: u64 = BASE + 0x1000;
/// Where tests keep data.
pub(crate) const DATA: u64 = BASE + 0x10_000;

pub(crate) struct Bench {
    pub(crate) memory: Memory,
    pub(crate) space: Arc<AddressSpace>,
    pub(crate) cores: Cores,
    pub(crate) execution: Execution,
    pub(crate) strict: bool,
    pub(crate) urgent: AtomicBool,
    pub(crate) class: EngineClass,
    pub(crate) instance: u16,
    pub(crate) tally: Tally,
    shared_memory: Arc<RwLock<Memory>>,
    clock: Clock,
}

impl Bench {
    pub(crate) fn new(class: EngineClass) -> Self {
        Self::with_memory(class, 0x20_0000)
    }

    pub(crate) fn with_memory(class: EngineClass, length: u64) -> Self {
        let space = Arc::new(AddressSpace::default());
        let backing = Backing::Memory {
            address: 0,
            read_only: false,
        };
        space.update(|table| table.map(BASE, [(length, backing)].into_iter()).unwrap());
        let memory = Memory::owned(0, length).unwrap();
        Self {
            shared_memory: Arc::new(RwLock::new(memory.clone())),
            memory,
            space,
            cores: Cores::new(1, GpuConfig::KERNEL_PATIENCE),
            execution: Execution::new(&Platform::TGL),
            strict: true,
            urgent: AtomicBool::new(false),
            class,
            instance: 0,
            tally: Tally::default(),
            clock: Clock::new(Platform::TGL.timestamp_frequency_hz),
        }
    }

    /// Puts dwords at a GPU virtual address.
    pub(crate) fn put(&self, address: u64, dwords: &[u32]) {
        for (number, &dword) in dwords.iter().enumerate() {
            self.memory
                .write_u32(address - BASE + number as u64 * 4, dword)
                .unwrap();
        }
    }

    pub(crate) fn dword(&self, address: u64) -> u32 {
        self.memory.read_u32(address - BASE).unwrap()
    }

    pub(crate) fn qword(&self, address: u64) -> u64 {
        self.memory.read_u64(address - BASE).unwrap()
    }

    /// Executes up to about `budget` commands of what was begun.
    pub(crate) fn go_on(&mut self, budget: u32) -> Pause {
        let platform = Platform::TGL;
        let engine = platform
            .engines
            .iter()
            .find(|engine| engine.id.class == self.class && engine.id.instance == self.instance)
            .unwrap();
        let abort = AtomicBool::new(false);
        let execution = &mut self.execution;
        let mask = platform.address_mask();
        let view = View::new(
            &self.space,
            &mut execution.tlb,
            &self.memory,
            mask,
            self.strict,
        );
        let mut machine = Machine {
            view,
            space: &self.space,
            memory: &self.shared_memory,
            cores: &self.cores,
            walk: &mut execution.walk,
            registers: &mut execution.registers,
            state: &mut execution.state,
            program: &mut execution.program,
            around: Surroundings {
                platform: &platform,
                engine,
                clock: &self.clock,
                urgent: &self.urgent,
                abort: &abort,
            },
            tally: Tally::default(),
            context_ticks: 0,
            light: false,
        };
        let pause = machine.run(budget, false);
        self.tally = machine.tally;
        pause
    }

    /// Executes a batch, with MI_BATCH_BUFFER_END behind it.
    pub(crate) fn run(&mut self, dwords: &[u32]) -> Pause {
        self.put(BATCH, dwords);
        self.put(BATCH + dwords.len() as u64 * 4, &[0x0500_0000]);
        self.execution.program = Program::start(BATCH);
        loop {
            let pause = self.go_on(100_000);
            if pause != Pause::Signalled {
                return pause;
            }
        }
    }

    /// Executes a batch that must finish.
    pub(crate) fn finish(&mut self, dwords: &[u32]) {
        assert_eq!(self.run(dwords), Pause::Finished);
    }
}

/// Low and high dword.
pub(crate) fn split(address: u64) -> [u32; 2] {
    [address as u32, (address >> 32) as u32]
}
