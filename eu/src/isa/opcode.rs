//! The opcodes: one table that says for each its number, name, shape and what it does.

/// How an instruction's operands are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// No operands at all.
    Bare,
    /// A destination and one or two sources.
    Basic,
    /// As [`Format::Basic`], with a [`MathFunction`](super::MathFunction) in place of the
    /// condition.
    Math,
    /// A destination and three sources.
    Ternary,
    /// A message.
    Send,
    /// A synchronisation, with a [`SyncFunction`](super::SyncFunction) in place of the condition.
    Sync,
    /// A jump with one target: JIP, or where the opcode allows it a register.
    Jump,
    /// A jump with two targets, JIP and UIP, or where the opcode allows it a register pair.
    JumpTwo,
}

/// What an opcode allows besides its operands. What it doesn't allow is ignored in an encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allows {
    /// A predicate.
    pub predicate: bool,
    /// A condition modifier.
    pub condition: bool,
    /// A clamped result.
    pub saturate: bool,
    /// Negation and absolute value of sources.
    pub modifiers: bool,
    /// Branch control, `.b`.
    pub branch_control: bool,
}

/// What is known of an opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpcodeInfo {
    /// Which.
    pub opcode: Opcode,
    /// Its number: bits 6:0 of an instruction.
    pub number: u8,
    /// Its name in assembly.
    pub name: &'static str,
    /// Its operands' layout.
    pub format: Format,
    /// Its number of sources; for `math` the most that a function has.
    pub sources: u8,
    /// What else it allows.
    pub allows: Allows,
    /// What it does.
    pub does: &'static str,
}

/// Makes [`Opcode`], its table, and the documentation of its variants out of one list. The flags
/// are those of [`Allows`]: `p`redicate, `c`ondition, `s`aturate, source `m`odifiers, `b`ranch
/// control; `-` fills.
macro_rules! opcodes {
    ($($variant:ident $number:literal $name:literal $format:ident $sources:literal $flags:literal
       $does:literal;)*) => {
        /// What an instruction does; the names are the assembler's.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Opcode {
            $(#[doc = $does] $variant,)*
        }

        /// All opcodes of this generation.
        pub const OPCODES: &[OpcodeInfo] = &[
            $(OpcodeInfo {
                opcode: Opcode::$variant,
                number: $number,
                name: $name,
                format: Format::$format,
                sources: $sources,
                allows: allows($flags),
                does: $does,
            },)*
        ];
    };
}

const fn allows(flags: &[u8; 5]) -> Allows {
    Allows {
        predicate: flags[0] == b'p',
        condition: flags[1] == b'c',
        saturate: flags[2] == b's',
        modifiers: flags[3] == b'm',
        branch_control: flags[4] == b'b',
    }
}

opcodes! {
    Illegal  0x00 "illegal" Bare    0 b"-----" "Ends the thread's context with an exception.";
    Sync     0x01 "sync"    Sync    1 b"-----" "Waits, for the scoreboard or a barrier.";
    Jmpi     0x20 "jmpi"    Jump    1 b"p----" "Moves the instruction pointer of all channels, by bytes from its own address.";
    Brd      0x21 "brd"     Jump    1 b"p----" "Jumps with the channels of the predicate; they may meet at JIP.";
    If       0x22 "if"      JumpTwo 2 b"p---b" "Channels without the predicate jump, to JIP behind `else` or to `endif`.";
    Brc      0x23 "brc"     JumpTwo 2 b"p----" "Jumps with the channels of the predicate; they meet at UIP.";
    Else     0x24 "else"    JumpTwo 2 b"----b" "Channels that executed the `if` branch wait at JIP, the others go on here.";
    Endif    0x25 "endif"   Jump    1 b"-----" "Channels that waited go on here; if none does, all jump to JIP.";
    While    0x27 "while"   Jump    1 b"p----" "Channels with the predicate go back to JIP.";
    Break    0x28 "break"   JumpTwo 2 b"p----" "Channels with the predicate leave the loop: they wait at UIP.";
    Cont     0x29 "cont"    JumpTwo 2 b"p----" "Channels with the predicate wait at UIP, the loop's `while`.";
    Halt     0x2A "halt"    JumpTwo 2 b"p----" "Channels with the predicate wait at UIP, the end of the program.";
    Calla    0x2B "calla"   Jump    1 b"p----" "As `call`, to an address in bytes from the instruction base.";
    Call     0x2C "call"    Jump    1 b"p----" "Writes the next instruction's address and the mask to the destination and jumps.";
    Ret      0x2D "ret"     Jump    1 b"p----" "Goes back to the address and mask that `call` has written.";
    Goto     0x2E "goto"    JumpTwo 2 b"p---b" "Channels with the predicate wait at UIP; if none is left, all jump to JIP.";
    Join     0x2F "join"    Jump    1 b"p----" "Channels that waited here go on; if none does, all jump to JIP.";
    Send     0x31 "send"    Send    2 b"p----" "Sends a message to a shared function.";
    Sendc    0x32 "sendc"   Send    2 b"p----" "Sends a message once earlier threads for the same pixels are done.";
    Math     0x38 "math"    Math    2 b"p-sm-" "A function of the shared math unit.";
    Add      0x40 "add"     Basic   2 b"pcsm-" "source 0 + source 1.";
    Mul      0x41 "mul"     Basic   2 b"pcsm-" "source 0 * source 1; of dwords by the low words of source 1.";
    Avg      0x42 "avg"     Basic   2 b"pcsm-" "(source 0 + source 1 + 1) / 2, of integers.";
    Frc      0x43 "frc"     Basic   1 b"pc-m-" "source 0 - its floor.";
    Rndu     0x44 "rndu"    Basic   1 b"pcsm-" "source 0 rounded up.";
    Rndd     0x45 "rndd"    Basic   1 b"pcsm-" "source 0 rounded down.";
    Rnde     0x46 "rnde"    Basic   1 b"pcsm-" "source 0 rounded to the nearest, ties to even.";
    Rndz     0x47 "rndz"    Basic   1 b"pcsm-" "source 0 rounded towards zero.";
    Mac      0x48 "mac"     Basic   2 b"pcsm-" "accumulator + source 0 * source 1.";
    Mach     0x49 "mach"    Basic   2 b"p--m-" "The upper dword of a product begun by `mul`; without AccWrEn the lower one.";
    Lzd      0x4A "lzd"     Basic   1 b"pc-m-" "The number of leading zeros.";
    Fbh      0x4B "fbh"     Basic   1 b"p----" "The first bit from the top that is set, or differs from the sign; -1 if none.";
    Fbl      0x4C "fbl"     Basic   1 b"p----" "The first bit from the bottom that is set; -1 if none.";
    Cbit     0x4D "cbit"    Basic   1 b"p----" "The number of set bits.";
    Addc     0x4E "addc"    Basic   2 b"pc---" "source 0 + source 1, the carry goes to the accumulator.";
    Subb     0x4F "subb"    Basic   2 b"pcs--" "source 0 - source 1, the borrow goes to the accumulator.";
    Dp4a     0x58 "dp4a"    Ternary 3 b"pcs--" "source 0 + the dot product of source 1's and source 2's four bytes.";
    Mad      0x5B "mad"     Ternary 3 b"pcsm-" "source 0 + source 1 * source 2, rounded once.";
    Nop      0x60 "nop"     Bare    0 b"-----" "Nothing.";
    Mov      0x61 "mov"     Basic   1 b"pcsm-" "source 0, converted.";
    Sel      0x62 "sel"     Basic   2 b"pcsm-" "source 0 where the predicate holds, else source 1; with a condition their minimum or maximum.";
    Movi     0x63 "movi"    Basic   2 b"p-sm-" "source 0, each element by an address register of its own.";
    Not      0x64 "not"     Basic   1 b"pc-m-" "The complement.";
    And      0x65 "and"     Basic   2 b"pc-m-" "Bits that both have.";
    Or       0x66 "or"      Basic   2 b"pc-m-" "Bits that either has.";
    Xor      0x67 "xor"     Basic   2 b"pc-m-" "Bits that one of them has.";
    Shr      0x68 "shr"     Basic   2 b"pcsm-" "source 0 shifted right, zeros come in.";
    Shl      0x69 "shl"     Basic   2 b"pcsm-" "source 0 shifted left.";
    Asr      0x6C "asr"     Basic   2 b"pcsm-" "source 0 shifted right, copies of the sign come in.";
    Ror      0x6E "ror"     Basic   2 b"pc---" "source 0 rotated right.";
    Rol      0x6F "rol"     Basic   2 b"pc---" "source 0 rotated left.";
    Cmp      0x70 "cmp"     Basic   2 b"pc-m-" "Compares; the flag register and the destination get the result.";
    Cmpn     0x71 "cmpn"    Basic   2 b"pc-m-" "As `cmp`, with a NaN in source 1 the result is true.";
    Csel     0x72 "csel"    Ternary 3 b"-csm-" "source 0 if the condition holds of source 2, else source 1.";
    Bfrev    0x77 "bfrev"   Basic   1 b"p----" "The bits in reverse order.";
    Bfe      0x78 "bfe"     Ternary 3 b"p----" "source 0 bits of source 2 from bit source 1 on, extended.";
    Bfi1     0x79 "bfi1"    Basic   2 b"p----" "A mask of source 0 bits from bit source 1 on.";
    Bfi2     0x7A "bfi2"    Ternary 3 b"p----" "source 1, moved up to the lowest bit of source 0, a mask, where that is set, else source 2.";
}

/// For each number of seven bits its place in [`OPCODES`], or 0xff.
const BY_NUMBER: [u8; 128] = {
    let mut places = [0xff; 128];
    let mut place = 0;
    while place < OPCODES.len() {
        places[OPCODES[place].number as usize] = place as u8;
        place += 1;
    }
    places
};

impl Opcode {
    /// The opcode with a number, if there is one.
    pub fn from_number(number: u8) -> Option<Self> {
        let place = *BY_NUMBER.get(usize::from(number))?;
        Some(OPCODES.get(usize::from(place))?.opcode)
    }

    /// What is known of it.
    pub fn info(self) -> &'static OpcodeInfo {
        // The enum and the table come from one list, so that their orders are the same.
        &OPCODES[self as usize]
    }

    /// Its name in assembly.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// Whether it is one of the flow control instructions.
    pub fn is_jump(self) -> bool {
        matches!(self.info().format, Format::Jump | Format::JumpTwo)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table finds each opcode by its number, and no number has two.
    #[test]
    fn numbers_are_unique() {
        assert_eq!(OPCODES.len(), 58);
        for info in OPCODES {
            assert_eq!(Opcode::from_number(info.number), Some(info.opcode));
            assert_eq!(info.opcode.info(), info);
        }
        assert_eq!(Opcode::from_number(0x7F), None);
        assert_eq!(Opcode::from_number(0xFF), None);
    }
}
