//! Cases of the shader cores: any bytes as machine code, and any walk of a kernel.

use eu::group::Group;
use eu::kernel::Kernel;
use eu::memory::{Memory, MemoryFault};
use eu::shared::{Bases, LocalMemory, SharedFunctions};
use eu::thread::ThreadSetup;

/// Bytes of the memory that kernels work on.
const SIZE: usize = 0x1_0000;
/// Where code begins in it, what it may only read, and where surface states and samplers are.
const CODE: usize = 0x4000;
const READ_ONLY: std::ops::Range<usize> = CODE..0x8000;
const SURFACES: usize = 0x8000;
const TABLE: u32 = 0x1000;
const DYNAMIC: usize = 0xa000;
/// Most bytes of code.
const MOST_CODE: usize = 0x2000;
/// Instructions that a group may execute.
const BUDGET: u64 = 5000;
/// Bytes before the code: options, mask, control, and how long the code is.
const HEADER: usize = 16;

/// A small memory that is asked for nothing outside without noticing.
struct Small {
    bytes: Vec<u8>,
    strict: bool,
}

impl Small {
    fn at(&self, address: u64, length: usize) -> Option<std::ops::Range<usize>> {
        let begin = usize::try_from(address).ok()?;
        let end = begin.checked_add(length)?;
        (end <= SIZE).then_some(begin..end)
    }

    fn fault(&self, address: u64, write: bool) -> Result<(), MemoryFault> {
        let read_only = write && usize::try_from(address).is_ok_and(|it| READ_ONLY.contains(&it));
        let fault = MemoryFault {
            address,
            write,
            read_only,
        };
        if self.strict { Err(fault) } else { Ok(()) }
    }
}

impl Memory for Small {
    fn read(&mut self, address: u64, out: &mut [u8]) -> Result<(), MemoryFault> {
        // No message reads more than the longest answer, no kernel more than a chunk.
        assert!(out.len() <= 0x1000, "a read of {} bytes", out.len());
        out.fill(0);
        match self.at(address, out.len()) {
            Some(range) => {
                out.copy_from_slice(&self.bytes[range]);
                Ok(())
            }
            None => self.fault(address, false),
        }
    }

    fn write(&mut self, address: u64, data: &[u8]) -> Result<(), MemoryFault> {
        assert!(data.len() <= 0x1000, "a write of {} bytes", data.len());
        match self.at(address, data.len()) {
            Some(range) if range.end <= READ_ONLY.start || range.start >= READ_ONLY.end => {
                self.bytes[range].copy_from_slice(data);
                Ok(())
            }
            _ => self.fault(address, true),
        }
    }

    fn update_u32(
        &mut self,
        address: u64,
        change: &mut dyn FnMut(u32) -> u32,
    ) -> Result<u32, MemoryFault> {
        assert!(address.is_multiple_of(4));
        let old = self.read_u32(address)?;
        self.write_u32(address, change(old))?;
        Ok(old)
    }

    fn update_u64(
        &mut self,
        address: u64,
        change: &mut dyn FnMut(u64) -> u64,
    ) -> Result<u64, MemoryFault> {
        assert!(address.is_multiple_of(8));
        let mut bytes = [0; 8];
        self.read(address, &mut bytes)?;
        let old = u64::from_le_bytes(bytes);
        self.write(address, &change(old).to_le_bytes())?;
        Ok(old)
    }
}

/// Any bytes are executed as a kernel by a group of threads, with any payload, surfaces and
/// samplers: it ends, traps or has used up its budget, and does not change what it may not.
pub fn kernel(data: &[u8]) {
    let Some((header, data)) = data.split_first_chunk::<HEADER>() else {
        return;
    };
    let dword = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|byte| header[at + byte]));
    let options = header[0];
    let strict = options & 1 != 0;
    let threads = 1 + u32::from(options >> 1 & 3);
    let code = usize::from(u16::from_le_bytes([header[2], header[3]]));
    let code = code.min(MOST_CODE).min(data.len());
    let (code, state) = data.split_at(code);
    let mut bytes = vec![0; SIZE];
    bytes[CODE..CODE + code.len()].copy_from_slice(code);
    // What is left: surface states, the binding table, samplers, payload.
    for (place, pieces) in [(0, SURFACES), (1, SURFACES + TABLE as usize), (2, DYNAMIC)] {
        let piece = state.chunks(0x100).nth(place).unwrap_or_default();
        bytes[pieces..pieces + piece.len()].copy_from_slice(piece);
    }
    let payload: Vec<[u8; 32]> = state
        .chunks_exact(32)
        .skip(24)
        .take(130)
        .map(|chunk| {
            let mut register = [0; 32];
            register.copy_from_slice(chunk);
            register
        })
        .collect();
    let before = bytes[READ_ONLY].to_vec();
    let mut memory = Small { bytes, strict };
    let Ok(kernel) = Kernel::load(&mut memory, CODE as u64, u32::from(header[1]) & !7) else {
        return;
    };
    let bases = Bases {
        general: 0,
        surface: SURFACES as u64,
        dynamic: DYNAMIC as u64,
        bindless_surface: SURFACES as u64,
        bindless_sampler: DYNAMIC as u64,
        binding_table: TABLE,
        samplers: 0,
        strict,
    };
    let mut functions = SharedFunctions::new(bases, memory);
    let mut group = Group::new(LocalMemory::new(u32::from(options >> 3) << 9, strict));
    for number in 0..threads {
        let setup = ThreadSetup {
            mask: if options & 0x80 != 0 {
                dword(4)
            } else {
                u32::MAX
            },
            control: dword(8),
            state: [number; 4],
        };
        group.add(setup, &payload);
    }
    let mut budget = BUDGET;
    if let Err(stopped) = group.run(&kernel, &mut functions, &mut budget) {
        let _ = stopped.to_string();
    }
    let _ = (group.events(), group.position(&kernel));
    assert!(
        functions.memory().bytes[READ_ONLY] == before,
        "read-only memory was written"
    );
}
