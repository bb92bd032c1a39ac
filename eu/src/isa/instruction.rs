//! What an instruction says, with nothing left of how it is encoded.

use super::opcode::Opcode;

/// Bytes of a native instruction; a compacted one has half as many.
pub const NATIVE: u32 = 16;
/// Bytes of a compacted instruction.
pub const COMPACTED: u32 = 8;

/// A decoded instruction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Instruction {
    /// What it does.
    pub opcode: Opcode,
    /// It was encoded in 8 bytes instead of 16.
    pub compacted: bool,
    /// Channels: 1, 2, 4, 8, 16 or 32.
    pub exec_size: u8,
    /// The first channel: a multiple of 4 below 32.
    pub channel_offset: u8,
    /// `(W)`: all channels execute, whatever the execution mask.
    pub mask_disabled: bool,
    /// Which channels execute, by a flag register.
    pub predicate: Option<Predicate>,
    /// The flag register that predicate and condition speak of.
    pub flag: Flag,
    /// Which comparison of the result with 0, or of the sources, goes to the flag register; for
    /// `sel` which of the two is chosen.
    pub condition: Option<Condition>,
    /// The result is clamped: a float to 0..1, an integer to its type's range.
    pub saturate: bool,
    /// `{AccWrEn}`: the result also goes to the accumulator. Not for branches, which have
    /// [`Instruction::branch_control`] at that bit.
    pub writes_accumulator: bool,
    /// `{BranchCtrl}` of `goto` and its like: how threads may fall through.
    pub branch_control: bool,
    /// `{Atomic}`.
    pub atomic: bool,
    /// `{Breakpoint}`.
    pub breakpoint: bool,
    /// The scoreboard byte (bits 15:8): what to wait for, for cores that execute out of order.
    pub scoreboard: u8,
    /// Where the result goes; none for those that have no result.
    pub destination: Option<Destination>,
    /// As many as the opcode has; the others are none.
    pub sources: [Option<Source>; 3],
    /// The function of `math`.
    pub math: Option<MathFunction>,
    /// The function of `sync`.
    pub sync: Option<SyncFunction>,
    /// Jump targets, in bytes from this instruction's beginning; none where the opcode has none
    /// or the target comes from a register.
    pub jip: Option<i32>,
    /// The outer target, as [`Instruction::jip`].
    pub uip: Option<i32>,
    /// What a `send` or `sendc` sends.
    pub message: Option<Message>,
}

impl Instruction {
    /// Bytes of its encoding.
    pub fn length(&self) -> u32 {
        if self.compacted { COMPACTED } else { NATIVE }
    }
}

/// A subregister of the flag register: f0.0, f0.1, f1.0, f1.1, of 16 bits each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flag {
    /// 0 or 1.
    pub register: u8,
    /// 0 or 1.
    pub subregister: u8,
}

/// A predicate, of a channel by itself or with its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Predicate {
    /// How a channel's predicate is made of the flag's bits.
    pub control: PredicateControl,
    /// `~`: channels execute where it does not hold.
    pub inverted: bool,
}

/// How a channel's predicate is made of the flag's bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PredicateControl {
    /// The channel's bit.
    Sequential,
    /// The channel's bits in f0 and f1, any of them.
    AnyVertical,
    /// The channel's bits in f0 and f1, both.
    AllVertical,
    /// Any bit of the group of that many channels that this one is in: 2, 4, 8, 16 or 32.
    AnyHorizontal(u8),
    /// All bits of that group.
    AllHorizontal(u8),
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// `.eq`, `.ze`.
    Equal,
    /// `.ne`, `.nz`.
    NotEqual,
    /// `.gt`.
    Greater,
    /// `.ge`.
    GreaterOrEqual,
    /// `.lt`.
    Less,
    /// `.le`.
    LessOrEqual,
    /// `.ov`: the result overflowed.
    Overflow,
    /// `.un`: the result is not a number.
    Unordered,
    /// `.eo` of `math` macros: the result needs no more iterations.
    EarlyOut,
}

/// Element types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DataType {
    /// Unsigned byte.
    UB,
    /// Signed byte.
    B,
    /// Unsigned word.
    UW,
    /// Signed word.
    W,
    /// Unsigned dword.
    UD,
    /// Signed dword.
    D,
    /// Unsigned qword.
    UQ,
    /// Signed qword.
    Q,
    /// Half float, 16 bits.
    HF,
    /// Brain float, 16 bits; not on this generation, but its encoding is known.
    BF,
    /// Float, 32 bits.
    F,
    /// Double float, 64 bits.
    DF,
    /// The accumulator's native float, 66 bits.
    NF,
    /// Immediate: eight unsigned 4-bit integers, read as words.
    UV,
    /// Immediate: eight signed 4-bit integers, read as words.
    V,
    /// Immediate: four 8-bit floats.
    VF,
}

impl DataType {
    /// Bytes of an element in a register; of an immediate vector, of the elements that it is read as.
    pub const fn size(self) -> u32 {
        match self {
            Self::UB | Self::B => 1,
            Self::UW | Self::W | Self::HF | Self::BF | Self::UV | Self::V => 2,
            Self::UD | Self::D | Self::F | Self::VF => 4,
            Self::UQ | Self::Q | Self::DF | Self::NF => 8,
        }
    }

    /// Whether its values are floats.
    pub const fn is_float(self) -> bool {
        matches!(
            self,
            Self::HF | Self::BF | Self::F | Self::DF | Self::NF | Self::VF
        )
    }

    /// Whether its values are signed integers.
    pub const fn is_signed(self) -> bool {
        matches!(self, Self::B | Self::W | Self::D | Self::Q | Self::V)
    }
}

/// A register by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Register {
    /// r0 to r127.
    General(u8),
    /// An architecture register.
    Architecture(ArchitectureRegister),
}

/// The architecture registers, with their number where there are several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchitectureRegister {
    /// null: reads as anything, swallows what is written.
    Null,
    /// a0: 16 words.
    Address,
    /// acc0 to acc15; those from 8 on are the extra ones of math macros (mme0 to mme7).
    Accumulator(u8),
    /// f0, f1.
    Flag(u8),
    /// ce0: which channels execute.
    ChannelEnable,
    /// msg0 to msg7.
    MessageControl(u8),
    /// sp.
    StackPointer,
    /// sr0: state.
    State(u8),
    /// cr0: control.
    Control(u8),
    /// n0: notifications.
    Notification(u8),
    /// ip.
    InstructionPointer,
    /// tdr0.
    ThreadDependency,
    /// tm0: timestamps.
    Timestamp(u8),
    /// fc0 to fc3: flow control.
    FlowControl(u8),
    /// dbg0.
    Debug(u8),
    /// An encoding that no register has; executing it is illegal.
    Reserved(u8),
}

/// Where an operand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In this register, at this byte.
    Direct {
        /// Which.
        register: Register,
        /// Byte in it.
        byte: u8,
    },
    /// In the general registers, at the byte that an address register and an offset add up to.
    Indirect {
        /// Subregister of a0: a word, 0 to 15. With regions whose rows have addresses of their
        /// own, the first of several.
        address: u8,
        /// Bytes, -512 to 511.
        offset: i16,
    },
}

/// Which elements the channels of a source are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    /// `<vertical;width,horizontal>`, in elements.
    Strided {
        /// From one row to the next.
        vertical: u8,
        /// Elements of a row: 1, 2, 4, 8 or 16.
        width: u8,
        /// From one element to the next in a row.
        horizontal: u8,
    },
    /// `<width,horizontal>` of an indirect source: each row has an address register of its own
    /// (with a width of 1, each channel).
    RowAddresses {
        /// Elements of a row.
        width: u8,
        /// From one element to the next in a row.
        horizontal: u8,
    },
}

impl Region {
    /// One element for all channels.
    pub const SCALAR: Self = Self::Strided {
        vertical: 0,
        width: 1,
        horizontal: 0,
    };

    /// One element after the other.
    pub const PACKED: Self = Self::Strided {
        vertical: 1,
        width: 1,
        horizontal: 0,
    };
}

/// Where a result goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The first element.
    pub place: Place,
    /// From one element to the next: 1, 2 or 4 elements.
    pub stride: u8,
    /// Of the elements.
    pub kind: DataType,
}

/// What an operation reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Source {
    /// Registers.
    Register {
        /// The first element.
        place: Place,
        /// The others.
        region: Region,
        /// Of the elements.
        kind: DataType,
        /// `-`; of a logic operation, `~`.
        negate: bool,
        /// `(abs)`.
        absolute: bool,
    },
    /// A constant; words and bytes stand in the low bits.
    Immediate {
        /// As encoded: sign-extended for nothing.
        bits: u64,
        /// How to read it.
        kind: DataType,
    },
}

/// Functions of `math`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MathFunction {
    /// 1 / x.
    Inverse,
    /// Base 2.
    Logarithm,
    /// 2 to the power of x.
    Exponential,
    /// Square root.
    SquareRoot,
    /// Its inverse.
    InverseSquareRoot,
    /// Sine, of radians.
    Sine,
    /// Cosine.
    Cosine,
    /// x / y of floats.
    FloatDivide,
    /// x to the power of y.
    Power,
    /// Quotient and remainder.
    IntegerDivide,
    /// Quotient.
    IntegerQuotient,
    /// Remainder.
    IntegerRemainder,
    /// Macro step. The bytes of its operands' places are the numbers of mme registers instead,
    /// 8 for none.
    InverseMacro,
    /// Macro step, as [`MathFunction::InverseMacro`].
    InverseSquareRootMacro,
}

impl MathFunction {
    /// Its number of sources.
    pub const fn sources(self) -> u8 {
        match self {
            Self::FloatDivide
            | Self::Power
            | Self::IntegerDivide
            | Self::IntegerQuotient
            | Self::IntegerRemainder
            | Self::InverseMacro => 2,
            Self::Inverse
            | Self::Logarithm
            | Self::Exponential
            | Self::SquareRoot
            | Self::InverseSquareRoot
            | Self::Sine
            | Self::Cosine
            | Self::InverseSquareRootMacro => 1,
        }
    }

    /// Whether it is a step of a macro, with more accurate operands.
    pub const fn is_macro(self) -> bool {
        matches!(self, Self::InverseMacro | Self::InverseSquareRootMacro)
    }
}

/// Functions of `sync`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncFunction {
    /// Waits for what its scoreboard byte says.
    Nop,
    /// Waits for reads of the scoreboard tokens in its operand.
    AllReads,
    /// Waits for writes of the scoreboard tokens in its operand.
    AllWrites,
    /// Waits for the barrier.
    Barrier,
    /// Waits for the host.
    Host,
}

/// The units that messages go to, by their encoding (SFID).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum SharedFunction {
    /// None.
    Null = 0,
    /// Sampler.
    Sampler = 2,
    /// Message gateway: barriers.
    Gateway = 3,
    /// Data cache, second agent.
    DataPort2 = 4,
    /// Render cache.
    RenderCache = 5,
    /// Unified return buffer.
    Urb = 6,
    /// Thread spawner: end of thread.
    ThreadSpawner = 7,
    /// Video motion estimation.
    MotionEstimation = 8,
    /// Constant cache, read only.
    ConstantCache = 9,
    /// Data cache.
    DataPort0 = 10,
    /// Pixel interpolator.
    PixelInterpolator = 11,
    /// Data cache, first agent.
    DataPort1 = 12,
    /// Check and refinement engine.
    Refinement = 13,
}

/// What a `send` sends, and where the answer goes (the destination).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its receiver.
    pub function: SharedFunction,
    /// The message descriptor, or none for the one in a0.0.
    pub descriptor: Option<u32>,
    /// The extended message descriptor.
    pub extended: ExtendedDescriptor,
    /// The thread ends with it.
    pub end_of_thread: bool,
    /// `{Serialize}`, formerly fusion control.
    pub fusion: bool,
}

/// The extended message descriptor: surface or sampler state of bindless accesses (31:12), and the
/// length of the second payload in registers (10:6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtendedDescriptor {
    /// As encoded.
    Immediate(u32),
    /// From this dword of a0.
    Register(u8),
}
