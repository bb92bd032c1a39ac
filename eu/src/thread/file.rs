//! The registers of a thread, as one array of bytes: general registers first, then those
//! architecture registers that are plain storage. Accumulators, which are wider than what is
//! read of them, stand beside it.

use crate::isa::{ArchitectureRegister, Register};
use crate::shared::REGISTER;

/// General registers of a thread.
pub(crate) const GENERAL: usize = 128;
/// Bytes of the general registers.
pub(crate) const GENERAL_BYTES: usize = GENERAL * REGISTER;

/// a0: 16 words.
pub(crate) const ADDRESS: usize = GENERAL_BYTES;
/// f0 and f1, a dword each.
pub(crate) const FLAGS: usize = ADDRESS + REGISTER;
/// ce0.
pub(crate) const CHANNEL_ENABLE: usize = FLAGS + REGISTER;
/// sr0 and sr1.
pub(crate) const STATE: usize = CHANNEL_ENABLE + REGISTER;
/// cr0.
pub(crate) const CONTROL: usize = STATE + 2 * REGISTER;
/// n0 and n1.
const NOTIFICATION: usize = CONTROL + REGISTER;
/// ip.
pub(crate) const INSTRUCTION_POINTER: usize = NOTIFICATION + 2 * REGISTER;
/// tdr0.
const DEPENDENCY: usize = INSTRUCTION_POINTER + REGISTER;
/// tm0 to tm4.
pub(crate) const TIMESTAMP: usize = DEPENDENCY + REGISTER;
/// fc0 to fc4.
const FLOW_CONTROL: usize = TIMESTAMP + 5 * REGISTER;
/// dbg0.
const DEBUG: usize = FLOW_CONTROL + 5 * REGISTER;
/// sp.
const STACK: usize = DEBUG + REGISTER;
/// null, as a source: zeros, as many as any region spans.
const NULL: usize = STACK + REGISTER;
/// Bytes that a region may span.
const SPAN: usize = 16 * REGISTER;
/// Bytes of the array: behind the last register there is room for a whole vector that begins
/// in it.
pub(crate) const SIZE: usize = NULL + SPAN;

/// The byte at which a register stands; none for accumulators and for what is no register.
pub(crate) fn position(register: Register) -> Option<usize> {
    let (base, number, count) = match register {
        Register::General(number) => (0, number, GENERAL),
        Register::Architecture(register) => match register {
            ArchitectureRegister::Null => (NULL, 0, 1),
            ArchitectureRegister::Address => (ADDRESS, 0, 1),
            ArchitectureRegister::Flag(number @ 0..=1) => {
                return Some(FLAGS + usize::from(number) * 4);
            }
            ArchitectureRegister::ChannelEnable => (CHANNEL_ENABLE, 0, 1),
            ArchitectureRegister::State(number) => (STATE, number, 2),
            ArchitectureRegister::Control(number) => (CONTROL, number, 1),
            ArchitectureRegister::Notification(number) => (NOTIFICATION, number, 2),
            ArchitectureRegister::InstructionPointer => (INSTRUCTION_POINTER, 0, 1),
            ArchitectureRegister::ThreadDependency => (DEPENDENCY, 0, 1),
            ArchitectureRegister::Timestamp(number) => (TIMESTAMP, number, 5),
            ArchitectureRegister::FlowControl(number) => (FLOW_CONTROL, number, 5),
            ArchitectureRegister::Debug(number) => (DEBUG, number, 1),
            ArchitectureRegister::StackPointer => (STACK, 0, 1),
            ArchitectureRegister::Accumulator(_)
            | ArchitectureRegister::Flag(_)
            | ArchitectureRegister::MessageControl(_)
            | ArchitectureRegister::Reserved(_) => return None,
        },
    };
    (usize::from(number) < count).then(|| base + usize::from(number) * REGISTER)
}

/// Elements of the accumulators: ten registers of up to 16 elements.
pub(crate) const ACCUMULATORS: usize = 160;

/// A thread's registers.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(crate) struct RegisterFile {
    /// All but the accumulators.
    pub(crate) bytes: [u8; SIZE],
    /// The accumulators' elements: an integer whole, a float's bits in the low half.
    pub(crate) accumulators: [i64; ACCUMULATORS],
}

impl RegisterFile {
    /// Registers that hold 0.
    pub(crate) fn zeroed() -> Box<Self> {
        Box::new(Self {
            bytes: [0; SIZE],
            accumulators: [0; ACCUMULATORS],
        })
    }

    /// `N` bytes from `at` on; 0 outside, where a checked operand does not reach.
    #[inline(always)]
    pub(crate) fn read<const N: usize>(&self, at: usize) -> [u8; N] {
        match self.bytes.get(at..).and_then(|rest| rest.first_chunk()) {
            Some(bytes) => *bytes,
            None => [0; N],
        }
    }

    /// Sets `N` bytes from `at` on.
    #[inline(always)]
    pub(crate) fn write<const N: usize>(&mut self, at: usize, value: [u8; N]) {
        if let Some(bytes) = self
            .bytes
            .get_mut(at..)
            .and_then(|rest| rest.first_chunk_mut())
        {
            *bytes = value;
        }
    }

    /// `N` dwords from `at` on; none where a checked operand does not reach.
    #[inline(always)]
    pub(crate) fn dwords<const N: usize>(&self, at: usize) -> Option<&[[u8; 4]; N]> {
        self.bytes.get(at..)?.as_chunks().0.first_chunk()
    }

    /// As [`RegisterFile::dwords`], of words.
    #[inline(always)]
    pub(crate) fn words<const N: usize>(&self, at: usize) -> Option<&[[u8; 2]; N]> {
        self.bytes.get(at..)?.as_chunks().0.first_chunk()
    }

    /// [`RegisterFile::words`] to be written.
    #[inline(always)]
    pub(crate) fn words_mut<const N: usize>(&mut self, at: usize) -> Option<&mut [[u8; 2]; N]> {
        self.bytes
            .get_mut(at..)?
            .as_chunks_mut()
            .0
            .first_chunk_mut()
    }

    /// [`RegisterFile::dwords`] to be written.
    #[inline(always)]
    pub(crate) fn dwords_mut<const N: usize>(&mut self, at: usize) -> Option<&mut [[u8; 4]; N]> {
        self.bytes
            .get_mut(at..)?
            .as_chunks_mut()
            .0
            .first_chunk_mut()
    }

    /// `N` elements of the accumulators; none where there are not as many.
    #[inline(always)]
    pub(crate) fn accumulators_from<const N: usize>(&self, element: usize) -> Option<&[i64; N]> {
        self.accumulators.get(element..)?.first_chunk()
    }

    /// The same, to be written.
    #[inline(always)]
    pub(crate) fn accumulators_from_mut<const N: usize>(
        &mut self,
        element: usize,
    ) -> Option<&mut [i64; N]> {
        self.accumulators.get_mut(element..)?.first_chunk_mut()
    }

    /// A dword.
    #[inline(always)]
    pub(crate) fn dword(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.read(at))
    }

    /// Sets a dword.
    #[inline(always)]
    pub(crate) fn set_dword(&mut self, at: usize, value: u32) {
        self.write(at, value.to_le_bytes());
    }

    /// f0 and f1, f0 in the low half.
    #[inline(always)]
    pub(crate) fn flags(&self) -> u64 {
        u64::from_le_bytes(self.read(FLAGS))
    }

    /// Sets f0 and f1.
    #[inline(always)]
    pub(crate) fn set_flags(&mut self, flags: u64) {
        self.write(FLAGS, flags.to_le_bytes());
    }
}
