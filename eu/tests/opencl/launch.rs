//! A device of no more than memory and threads: lays out payloads as the runtime and the
//! dispatcher do, and runs one group after the other.

use eu::group::{Group, Progress};
use eu::kernel::Kernel as Code;
use eu::memory::{Memory, MemoryFault};
use eu::shared::{Bases, LocalMemory, SharedFunctions};
use eu::thread::ThreadSetup;

use zebin::{Argument, Kernel, Launch};

/// GPU address of the memory's first byte; code stands at 0 behind an instruction base of its own.
const MEMORY: u64 = 0x1_0000_0000;
/// Instruction base address.
const CODE: u64 = 0x8_0000_0000;
/// More instructions than any of these kernels needs.
const BUDGET: u64 = 100_000_000;

/// Memory by addresses.
#[derive(Default)]
struct Flat {
    bytes: Vec<u8>,
    code: Vec<u8>,
}

impl Flat {
    fn place(&mut self, address: u64, length: usize) -> Option<&mut [u8]> {
        let (base, bytes) = if address >= CODE {
            (CODE, &mut self.code)
        } else {
            (MEMORY, &mut self.bytes)
        };
        let start = usize::try_from(address.checked_sub(base)?).ok()?;
        bytes.get_mut(start..start.checked_add(length)?)
    }
}

impl Memory for Flat {
    fn read(&mut self, address: u64, out: &mut [u8]) -> Result<(), MemoryFault> {
        for (offset, byte) in out.iter_mut().enumerate() {
            let place = self.place(address + offset as u64, 1);
            *byte = place.map_or(0, |place| place[0]);
        }
        Ok(())
    }

    fn write(&mut self, address: u64, data: &[u8]) -> Result<(), MemoryFault> {
        let place = self.place(address, data.len()).ok_or(MemoryFault {
            address,
            write: true,
            read_only: false,
        })?;
        place.copy_from_slice(data);
        Ok(())
    }

    fn update_u32(
        &mut self,
        address: u64,
        change: &mut dyn FnMut(u32) -> u32,
    ) -> Result<u32, MemoryFault> {
        let old = self.read_u32(address)?;
        self.write_u32(address, change(old))?;
        Ok(old)
    }

    fn update_u64(
        &mut self,
        address: u64,
        change: &mut dyn FnMut(u64) -> u64,
    ) -> Result<u64, MemoryFault> {
        let mut bytes = [0; 8];
        self.read(address, &mut bytes)?;
        let old = u64::from_le_bytes(bytes);
        self.write(address, &change(old).to_le_bytes())?;
        Ok(old)
    }
}

/// Memory and shader cores.
pub(crate) struct Device {
    memory: Option<Flat>,
    used: usize,
}

impl Device {
    /// A device with so many bytes of memory.
    pub(crate) fn new(bytes: usize) -> Self {
        let memory = Flat {
            bytes: vec![0; bytes],
            code: Vec::new(),
        };
        Self {
            memory: Some(memory),
            used: 0,
        }
    }

    fn memory(&mut self) -> &mut Flat {
        self.memory.as_mut().expect("no kernel is running")
    }

    /// A buffer with this content.
    pub(crate) fn allocate(&mut self, content: &[u64]) -> u64 {
        let at = self.used;
        let bytes: Vec<u8> = content.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.memory().bytes[at..at + bytes.len()].copy_from_slice(&bytes);
        self.used = (at + bytes.len()).next_multiple_of(256);
        MEMORY + at as u64
    }

    /// A buffer's content.
    pub(crate) fn read(&mut self, buffer: u64, words: usize) -> Vec<u64> {
        let mut bytes = vec![0; words * 8];
        let read = self.memory().read(buffer, &mut bytes);
        read.expect("this memory has no faults");
        let (words, _) = bytes.as_chunks::<8>();
        words.iter().map(|word| u64::from_le_bytes(*word)).collect()
    }

    /// Runs a kernel over work-items: a whole number of groups. Says why it could not end.
    pub(crate) fn launch(
        &mut self,
        kernel: &Kernel,
        arguments: &[Argument],
        global: [u32; 3],
        local: [u32; 3],
    ) -> Result<(), String> {
        let scratch = self.used as u64 + MEMORY;
        let mut memory = self.memory.take().expect("no kernel is running");
        memory.code.clone_from(&kernel.code);
        let code = Code::load(&mut memory, CODE, 0).expect("code that decodes");
        let bases = Bases {
            general: scratch,
            ..Bases::default()
        };
        let mut functions = SharedFunctions::new(bases, memory);
        let groups = [0, 1, 2].map(|axis| global[axis] / local[axis]);
        let launch = Launch {
            kernel,
            arguments,
            local,
            groups,
        };
        let shared = launch.cross_thread();
        for z in 0..groups[2] {
            for y in 0..groups[1] {
                for x in 0..groups[0] {
                    let mut group = group(&launch, &shared, [x, y, z]);
                    let mut budget = BUDGET;
                    let progress = group.run(&code, &mut functions, &mut budget);
                    match progress {
                        Ok(Progress::Finished) => {}
                        Ok(Progress::Paused) => return Err("it does not end".into()),
                        Err(stopped) => return Err(stopped.to_string()),
                    }
                }
            }
        }
        self.memory = Some(std::mem::take(functions.memory()));
        Ok(())
    }
}

/// A group's threads, each with r0, its local ids, and what all have alike.
fn group(launch: &Launch<'_>, shared: &[u8], ids: [u32; 3]) -> Group {
    let kernel = launch.kernel;
    let threads = launch.threads();
    let mut group = Group::new(LocalMemory::new(kernel.local, false));
    for thread in 0..threads {
        let mut payload = vec![0_u8; 32];
        for (dword, value) in [(1, ids[0]), (6, ids[1]), (7, ids[2])] {
            payload[dword * 4..][..4].copy_from_slice(&value.to_le_bytes());
        }
        // Scratch space, in KiB from the general state base, and its size.
        let scratch = thread * kernel.scratch.next_power_of_two().max(1024);
        payload[20..24].copy_from_slice(&scratch.to_le_bytes());
        payload.extend(launch.local_ids(thread));
        payload.extend(shared);
        let (registers, _) = payload.as_chunks::<32>();
        let full = u32::MAX >> (32 - kernel.simd);
        let last = thread + 1 == threads;
        let setup = ThreadSetup {
            mask: if last { launch.last_mask() } else { full },
            ..ThreadSetup::default()
        };
        group.add(setup, registers);
    }
    group
}
