//! Our listings beside those of Intel's assembler, of machine code that is kept in
//! `tests/listings`; what its tools make of many more kernels is compared by
//! `cargo xtask test --only eu`.

use std::path::Path;

use eu::isa::{self, Targets};

/// Bytes and the assembler's text of one of the files.
fn kept(name: &str) -> (Vec<u8>, String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/listings");
    let code = std::fs::read(folder.join(format!("{name}.bin"))).expect("the file is there");
    let text =
        std::fs::read_to_string(folder.join(format!("{name}.asm"))).expect("the file is there");
    (code, text)
}

/// Line by line, spaces at their ends included.
fn same(name: &str, ours: &str, theirs: &str) {
    for (number, (ours, theirs)) in ours.lines().zip(theirs.lines()).enumerate() {
        assert_eq!(ours, theirs, "{name}, line {}", number + 1);
    }
    assert_eq!(ours.lines().count(), theirs.lines().count(), "{name}");
}

/// Kernels of Mesa's compiler and of Intel's, with labels.
#[test]
fn kernels() {
    for name in [
        "vulkan_reduction",
        "opencl_add",
        "opencl_copy",
        "opencl_fill",
        "opencl_image",
        "opencl_reduction",
    ] {
        let (code, text) = kept(name);
        same(name, &isa::disassemble_kernel(&code), &text);
    }
}

/// Random instructions of every opcode.
#[test]
fn encodings() {
    let (code, text) = kept("encodings");
    let mut ours = String::new();
    let mut opcodes = std::collections::HashSet::new();
    for line in isa::listing(&code) {
        let instruction = line.instruction.expect("the assembler knows it");
        opcodes.insert(instruction.opcode);
        ours += &isa::disassemble(&instruction, Targets::Relative);
        ours.push('\n');
    }
    assert_eq!(opcodes.len(), isa::opcode::OPCODES.len());
    same("encodings", &ours, &text);
}
