//! The machine code of Gen12.0: what an instruction says ([`instruction`]), by one table of
//! opcodes ([`opcode`]); from bits ([`decode()`]) and
//! as text ([`disassemble()`]). May know bits, and nothing of what executing
//! them does.
//!
//! Sources of numbers and layouts: Mesa's `brw_eu_inst.h` and `brw_eu_compact.c`, and IGC's
//! `visa/iga/IGALibrary`, both under the MIT licence.

mod bits;
mod codes;
mod compaction;
mod decode;
mod disassemble;
pub mod instruction;
mod layout;
pub mod opcode;

pub use decode::{DecodeError, decode};
pub use disassemble::{Listed, Targets, disassemble, disassemble_kernel, listing};
pub use instruction::*;
pub use opcode::Opcode;
