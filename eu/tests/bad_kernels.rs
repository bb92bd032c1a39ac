//! Kernels that do what they must not, and what becomes of each, normally and in strict mode: the
//! table of `docs/softgpu.md`, row by row.

use eu::group::{Group, Progress};
use eu::kernel::Kernel;
use eu::memory::{Memory, MemoryFault};
use eu::shared::{Bases, LocalMemory, SharedFunctions};
use eu::thread::ThreadSetup;
use eu::trap::{StrictFinding, Trap};

/// Mapped memory: code, surface states that are all 0 but the first, and data.
const SIZE: usize = 0x1_0000;
const CODE: u64 = 0x4000;
const SURFACES: u64 = 0x8000;
const READ_ONLY: u64 = 0x9000;
const DATA: u64 = 0xa000;
/// The general state base: scratch lies from there on.
const GENERAL: u64 = 0xf000;

/// Memory as the GPU model's address spaces are: what is not mapped reads as 0 and swallows
/// writes, and is a fault in strict mode.
struct Space {
    bytes: Vec<u8>,
    strict: bool,
}

impl Space {
    fn place(
        &mut self,
        address: u64,
        length: usize,
        write: bool,
    ) -> Result<&mut [u8], MemoryFault> {
        let read_only = write && (READ_ONLY..DATA).contains(&address);
        let fault = MemoryFault {
            address,
            write,
            read_only,
        };
        let begin = usize::try_from(address).map_err(|_| fault)?;
        let end = begin.checked_add(length).ok_or(fault)?;
        let bytes = self.bytes.get_mut(begin..end).ok_or(fault)?;
        if read_only { Err(fault) } else { Ok(bytes) }
    }
}

impl Memory for Space {
    fn read(&mut self, address: u64, out: &mut [u8]) -> Result<(), MemoryFault> {
        let strict = self.strict;
        out.fill(0);
        match self.place(address, out.len(), false) {
            Ok(bytes) => out.copy_from_slice(bytes),
            Err(fault) if strict => return Err(fault),
            Err(_) => {}
        }
        Ok(())
    }

    fn write(&mut self, address: u64, data: &[u8]) -> Result<(), MemoryFault> {
        let strict = self.strict;
        match self.place(address, data.len(), true) {
            Ok(bytes) => bytes.copy_from_slice(data),
            Err(fault) if strict => return Err(fault),
            Err(_) => {}
        }
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

    fn update_u64(&mut self, _: u64, _: &mut dyn FnMut(u64) -> u64) -> Result<u64, MemoryFault> {
        Ok(0)
    }
}

/// What became of a kernel, and the memory that it left.
type Ended = (Result<Progress, Trap>, Vec<u8>);

/// Runs a kernel by one thread: r4 and r5 hold `address` for each channel, r30 ones. It ends behind
/// its last instruction.
fn run(code: &[u32], address: u64, strict: bool) -> Ended {
    let mut bytes = vec![0; SIZE];
    let code = code.iter().chain(END).flat_map(|dword| dword.to_le_bytes());
    for (place, byte) in bytes[CODE as usize..].iter_mut().zip(code) {
        *place = byte;
    }
    let mut payload = vec![[0; 32]; 128];
    for channel in 0..8 {
        payload[4 + channel / 4][channel % 4 * 8..][..8].copy_from_slice(&address.to_le_bytes());
    }
    payload[30] = [1; 32];
    let mut memory = Space { bytes, strict };
    let kernel = match Kernel::load(&mut memory, CODE, 0) {
        Ok(kernel) => kernel,
        Err(trap) => return (Err(trap), memory.bytes),
    };
    let bases = Bases {
        general: GENERAL,
        surface: SURFACES,
        binding_table: 0x800,
        strict,
        ..Bases::default()
    };
    let mut functions = SharedFunctions::new(bases, memory);
    let mut group = Group::new(LocalMemory::new(1024, strict));
    let setup = ThreadSetup {
        mask: u32::MAX,
        ..ThreadSetup::default()
    };
    group.add(setup, &payload);
    let mut budget = 10_000;
    let result = group.run(&kernel, &mut functions, &mut budget);
    (
        result.map_err(|stopped| stopped.trap),
        functions.memory().bytes.clone(),
    )
}

/// Runs a kernel in both modes; what it left is asked of the first.
fn both(code: &[u32], address: u64) -> [Result<Progress, Trap>; 2] {
    [false, true].map(|strict| run(code, address, strict).0)
}

const FINISHED: Result<Progress, Trap> = Ok(Progress::Finished);

fn bad_message(result: &Result<Progress, Trap>) -> bool {
    matches!(result, Err(Trap::BadMessage(_)))
}

fn illegal(result: &Result<Progress, Trap>) -> bool {
    matches!(
        result,
        Err(Trap::IllegalInstruction | Trap::IllegalOperand(_))
    )
}

/// ```text
/// (W) mov (8|M0) r127.0<1>:ud r0.0<8;8,1>:ud
/// (W) send.ts (1|M0) null r127 null 0x0 0x02000010 {EOT}
/// ```
#[rustfmt::skip]
const END: &[u32] = &[
    0x8003_0061, 0x7f05_0220, 0x0046_0005, 0x0000_0000, 0x8000_9031, 0x0000_0004, 0x7020_7f0c, 0x0000_0000,
];

/// ```text
/// L0:
/// (W) add (1|M0) r10.0<1>:ud r10.0<0;1,0>:ud 1:uw
/// (W) jmpi L0
/// ```
#[rustfmt::skip]
const ENDLESS: &[u32] = &[
    0x8000_0040, 0x0a05_8220, 0x0100_0a04, 0x0001_0001, 0x8000_0020, 0x0000_4000, 0x0000_0000, 0xffff_fff0,
    0x8000_0101, 0x0001_0000, 0x0000_0000, 0x0000_0000,
];

/// ```text
/// sync.bar null
/// ```
#[rustfmt::skip]
const BARRIER: &[u32] = &[0x0000_0001, 0x0001_0000, 0xe000_0000, 0x0000_0000];

/// ```text
/// mov (8|M0) r127.0<1>:ud r1.0<8;8,1>:ud
/// ```
#[rustfmt::skip]
const LAST: &[u32] = &[0x0003_0061, 0x7f05_0220, 0x0046_0105, 0x0000_0000];

/// ```text
/// mov (16|M0) r127.0<1>:ud r1.0<8;8,1>:ud
/// ```
#[rustfmt::skip]
const BEHIND: &[u32] = &[0x0004_0061, 0x7f05_0220, 0x0046_0105, 0x0000_0000];

/// ```text
/// (W) mov (1|M0) a0.0<1>:uw 0xFFF0:uw
/// (W) mov (1|M0) r1.0<1>:ud r[a0.0]<0;1,0>:ud
/// ```
#[rustfmt::skip]
const INDIRECT: &[u32] = &[
    0x8000_0061, 0x1001_4110, 0x0000_0000, 0xfff0_fff0, 0x8000_0161, 0x0105_0220, 0x0001_0000, 0x0000_0000,
];

/// ```text
/// send.vme (8|M0) null r4 null 0x0 0x02000000
/// ```
#[rustfmt::skip]
const UNIT: &[u32] = &[0x0003_4031, 0x0000_0000, 0x8000_040c, 0x0000_0000];

/// ```text
/// send.dc1 (8|M0) r20 r4 null 0x0 0x021FC000
/// ```
#[rustfmt::skip]
const RESERVED: &[u32] = &[0x0003_4031, 0x140c_0000, 0xc000_040c, 0x03f0_0000];

/// ```text
/// send.dc1 (16|M0) r20 r4 null 0x0 0x02205E00
/// ```
#[rustfmt::skip]
const SHORT: &[u32] = &[0x0004_4031, 0x1414_0000, 0xcc00_040c, 0x0016_0000];

/// ```text
/// send.dc1 (8|M0) r20 r4 null 0x0 0x02106EC8
/// mov (8|M0) r30.0<1>:ud r20.0<8;8,1>:ud
/// send.dc1 (8|M0) null r4 r30 0x40 0x02026EC8
/// ```
#[rustfmt::skip]
const NOSURFACE: &[u32] = &[
    0x0003_4031, 0x140c_0000, 0xcd90_040c, 0x001a_0000, 0x0003_2061, 0x1e05_0220, 0x0046_1405, 0x0000_0000,
    0x0003_9031, 0x0000_0000, 0xcd90_040c, 0x009a_1e0c,
];

/// ```text
/// send.dc1 (8|M0) r20 r127 null 0x0 0x04106E00
/// ```
#[rustfmt::skip]
const PAYLOAD: &[u32] = &[0x0003_4031, 0x140c_0000, 0xcc00_7f14, 0x001a_0000];

/// ```text
/// send.dc1 (16|M0) r126 r4 null 0x0 0x04405E00
/// ```
#[rustfmt::skip]
const ANSWER: &[u32] = &[0x0004_4031, 0x7e24_0000, 0xcc00_0414, 0x0016_0000];

/// ```text
/// send.dc1 (8|M0) null r4 r30 0x40 0x04066EFF
/// ```
#[rustfmt::skip]
const LONG: &[u32] = &[0x0003_4031, 0x0000_0000, 0xcdfe_0414, 0x019a_1e0c];

/// ```text
/// send.dc1 (8|M0) r20 r4 null 0x0 0x02106EFE
/// send.dc1 (8|M0) null r4 r20 0x40 0x02026EFE
/// ```
#[rustfmt::skip]
const LOCAL: &[u32] = &[
    0x0003_4031, 0x140c_0000, 0xcdfc_040c, 0x001a_0000, 0x0003_4031, 0x0000_0000, 0xcdfc_040c, 0x009a_140c,
];

/// ```text
/// (W) send.dc0 (8|M0) null r0 r30 0x40 0x020F0FFF
/// ```
#[rustfmt::skip]
const SCRATCH: &[u32] = &[0x8003_4031, 0x0000_0000, 0xaffe_000c, 0x03c2_1e0c];

#[test]
fn code_that_ends_or_jumps_out_is_illegal() {
    // What is behind code is 0, and 0 is no instruction.
    assert!(both(&[0; 4], 0).iter().all(illegal));
    // A jump by 1 MiB: nothing is mapped there.
    let [normal, strict] = both(&[0x8000_0020, 0x0000_4000, 0, 0x10_0000], 0);
    assert!(illegal(&normal), "{normal:?}");
    assert!(matches!(strict, Err(Trap::Memory(_))), "{strict:?}");
    // Into the middle of an instruction whose second half is none.
    let jump = [
        0x8000_0020,
        0x0000_4000,
        0,
        24,
        0x0003_0061,
        0x7f05_0220,
        0,
        0,
    ];
    assert!(both(&jump, 0).iter().all(illegal));
}

#[test]
fn endless_kernels_use_up_their_budget() {
    assert_eq!(both(ENDLESS, 0), [Ok(Progress::Paused); 2]);
}

#[test]
fn a_barrier_without_a_message_is_found() {
    assert_eq!(both(BARRIER, 0), [Err(Trap::EndlessBarrier); 2]);
}

#[test]
fn registers_end_with_r127() {
    assert_eq!(both(LAST, 0), [FINISHED; 2]);
    assert!(both(BEHIND, 0).iter().all(illegal));
    assert!(both(INDIRECT, 0).iter().all(illegal));
    assert!(both(PAYLOAD, 0).iter().all(bad_message));
    assert!(both(ANSWER, 0).iter().all(bad_message));
}

#[test]
fn messages_that_nobody_understands() {
    assert!(both(UNIT, 0).iter().all(bad_message));
    assert!(both(RESERVED, 0).iter().all(bad_message));
    assert!(both(SHORT, 0).iter().all(bad_message));
}

/// Entry 200 of a table whose entries and surface states are 0: a surface of one element, which
/// stands at address 0.
#[test]
fn surfaces_that_nobody_has_described() {
    let (normal, memory) = run(NOSURFACE, DATA, false);
    assert_eq!(normal, FINISHED);
    assert!(memory[DATA as usize..].iter().all(|&byte| byte == 0));
    let outside = |result| {
        matches!(
            result,
            Err(Trap::Strict(StrictFinding::OutsideSurface {
                surface: 200,
                write: false,
                ..
            }))
        )
    };
    assert!(outside(run(NOSURFACE, DATA, true).0));
}

#[test]
fn addresses_without_memory() {
    let far = 0x1234_5678_9000;
    let [normal, strict] = both(LONG, far);
    assert_eq!(normal, FINISHED);
    let fault = MemoryFault {
        address: far,
        write: true,
        read_only: false,
    };
    assert_eq!(strict, Err(Trap::Memory(fault)));
}

#[test]
fn memory_that_may_only_be_read() {
    let (normal, memory) = run(LONG, READ_ONLY, false);
    assert_eq!(normal, FINISHED);
    assert!(memory[READ_ONLY as usize..].iter().all(|&byte| byte == 0));
    let fault = MemoryFault {
        address: READ_ONLY,
        write: true,
        read_only: true,
    };
    assert_eq!(run(LONG, READ_ONLY, true).0, Err(Trap::Memory(fault)));
    // What is to be written is.
    let (normal, memory) = run(LONG, DATA, true);
    assert_eq!(normal, FINISHED);
    assert_eq!(memory[DATA as usize..][..5], [1, 1, 1, 1, 0]);
}

/// Scratch has no end of its own: what is behind is what is mapped there.
#[test]
fn scratch_behind_its_end() {
    let [normal, strict] = both(SCRATCH, 0);
    assert_eq!(normal, FINISHED);
    assert!(matches!(strict, Err(Trap::Memory(_))), "{strict:?}");
}

/// 1 KiB of shared local memory: behind it there are zeros, and writes vanish.
#[test]
fn shared_local_memory_behind_its_end() {
    let [normal, strict] = both(LOCAL, 2048);
    assert_eq!(normal, FINISHED);
    assert!(matches!(strict, Err(Trap::Strict(_))), "{strict:?}");
    // Inside, strict mode finds that nobody has written what is read.
    let [normal, strict] = both(LOCAL, 0);
    assert_eq!(normal, FINISHED);
    let uninitialised = StrictFinding::UninitialisedSlm(0);
    assert_eq!(strict, Err(Trap::Strict(uninitialised)));
}
