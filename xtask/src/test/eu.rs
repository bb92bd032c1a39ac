//! The shader cores with Intel's tools. Their machine code: kernels in OpenCL C are compiled by
//! Intel's compiler, and our listing of each is held against that of Intel's assembler, line by
//! line; and so are random instructions, of which compilers use but some. Their results: random
//! kernels are compiled and run by the model, against what Rust computes of the same program.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use eu::isa;
use object::{Object, ObjectSection};

use crate::paths::checkout;
use crate::tally::Tally;
use crate::{exec, ocloc, setup, vm};

/// Fewer kernels than that, and something is wrong with the corpus.
const KERNELS_LEAST: u64 = 200;
/// Lines that are shown of those that differ in a kernel.
const SHOWN: usize = 5;
/// Random instructions that are compared.
const RANDOM: usize = 20_000;
/// Random kernels that are run, unless the environment says how many.
const RUN: &str = "400";
/// The environment's word for that.
const RUN_VARIABLE: &str = "VIRTIO_IGPU_KERNELS";
/// What a line of a source begins with that gives options to compile it with.
const OPTIONS: &str = "// options:";

/// What was compared.
#[derive(Default)]
struct Count {
    kernels: u64,
    instructions: u64,
    compacted: u64,
    opcodes: BTreeSet<&'static str>,
}

/// All of it, with the tools' folder.
pub(super) fn all(root: &Path) -> Result<Tally> {
    let mut tally = listings(root)?;
    tally.merge(random_kernels(root)?);
    Ok(tally)
}

/// Has `eu/tests/opencl` compile random kernels and run them; a test is one kernel.
fn random_kernels(root: &Path) -> Result<Tally> {
    let mut tools = vm::with_libraries(root);
    tools.arg(ocloc::program(root)?);
    let words: Vec<_> = std::iter::once(tools.get_program())
        .chain(tools.get_args())
        .map(|word| word.to_string_lossy())
        .collect();
    let mut cargo = setup::cargo(None);
    cargo
        .args(["test", "-p", "eu", "--release", "--test", "opencl"])
        .args(["--", "--nocapture"])
        .env("VIRTIO_IGPU_OCLOC", words.join(" "));
    if std::env::var_os(RUN_VARIABLE).is_none() {
        cargo.env(RUN_VARIABLE, RUN);
    }
    let (mut tally, output) = super::host::libtest(&mut cargo)?;
    let kernels = kernels_run(&output);
    println!(
        "test random kernels ... {}, {kernels} compiled and run",
        if tally.failed == 0 && kernels > 0 {
            "ok"
        } else {
            "FAILED"
        }
    );
    if kernels == 0 {
        tally.failed += 1;
    }
    tally.passed += kernels;
    Ok(tally)
}

/// How many kernels were run, as the test prints it: `N of M random kernels`.
fn kernels_run(output: &str) -> u64 {
    let count = |line: &str| {
        let line = line.strip_suffix(" random kernels")?;
        let (done, _) = line.rsplit_once(" of ")?;
        done.rsplit(' ').next()?.parse::<u64>().ok()
    };
    output.lines().filter_map(count).max().unwrap_or(0)
}

/// Compiles the corpus and compares the listings; a test is one kernel.
fn listings(root: &Path) -> Result<Tally> {
    let scratch = tempfile::tempdir().context("cannot create a folder for the kernels")?;
    let tools = Tools {
        root,
        scratch: scratch.path(),
    };
    let mut count = Count::default();
    let mut tally = Tally::default();
    for source in sources()? {
        let text = fs::read_to_string(&source)
            .with_context(|| format!("cannot read {}", source.display()))?;
        let name = source.file_name().unwrap_or_default().to_string_lossy();
        for options in text.lines().filter_map(|line| line.strip_prefix(OPTIONS)) {
            let before = (count.kernels, count.instructions);
            let of_file = tools.compare(&source, options.trim(), &mut count);
            let of_file = of_file.with_context(|| format!("{name}{options}"))?;
            println!(
                "test {name}{options} ... {}, {} kernels, {} instructions",
                if of_file.failed == 0 { "ok" } else { "FAILED" },
                count.kernels - before.0,
                count.instructions - before.1,
            );
            tally.merge(of_file);
        }
    }
    println!(
        "{} kernels, {} instructions, {} of them compacted, {} opcodes; {} kernels are listed differently",
        count.kernels,
        count.instructions,
        count.compacted,
        count.opcodes.len(),
        tally.failed
    );
    tally.merge(Tally::one(count.kernels >= KERNELS_LEAST));
    tally.merge(tools.random()?);
    Ok(tally)
}

/// Instructions of every opcode, their other bits random, that decode; always the same.
fn random_instructions() -> (Vec<u8>, Vec<isa::Instruction>) {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    // xorshift64*.
    let mut next = || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_F491_4F6C_DD1D)
    };
    let (mut code, mut instructions) = (Vec::new(), Vec::new());
    for number in 0.. {
        if instructions.len() == RANDOM {
            break;
        }
        let mut bytes = [next().to_le_bytes(), next().to_le_bytes()].concat();
        bytes[0] = isa::opcode::OPCODES[number % isa::opcode::OPCODES.len()].number;
        if let Ok(instruction) = isa::decode(&bytes)
            && !is_doubtful(&instruction)
        {
            code.extend_from_slice(&bytes[..instruction.length() as usize]);
            instructions.push(instruction);
        }
    }
    (code, instructions)
}

/// What the assembler prints as one of our lines does not say, or prints as raw bytes.
fn is_doubtful(instruction: &isa::Instruction) -> bool {
    instruction
        .sources
        .iter()
        .flatten()
        .any(|source| match source {
            isa::Source::Immediate { kind, .. } => kind.size() == 1 || instruction.sync.is_some(),
            isa::Source::Register { .. } => false,
        })
}

/// A line without its comment, which for messages of other generations differs.
fn without_comment(line: &str) -> &str {
    line.split(" // ").next().unwrap_or(line)
}

fn sources() -> Result<Vec<PathBuf>> {
    let folder = checkout().join("eu/tests/corpus");
    let entries =
        fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.context("cannot list the corpus")?.path();
        if path.extension().is_some_and(|extension| extension == "cl") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

struct Tools<'a> {
    /// With the tools' libraries.
    root: &'a Path,
    scratch: &'a Path,
}

impl Tools<'_> {
    fn command(&self, program: &Path) -> Command {
        let mut command = vm::with_libraries(self.root);
        command.arg(program).current_dir(self.scratch);
        command
    }

    /// Compiles a source and compares all of its kernels.
    fn compare(&self, source: &Path, options: &str, count: &mut Count) -> Result<Tally> {
        let image = ocloc::compile(self.root, source, options, self.scratch)?;
        let mut tally = Tally::default();
        for (name, code) in kernels(&image).context("what ocloc wrote is no ELF file")? {
            tally.merge(Tally::one(self.same(&name, code)?));
            count.kernels += 1;
            for line in isa::listing(code) {
                count.instructions += 1;
                if let Ok(instruction) = line.instruction {
                    count.compacted += u64::from(instruction.compacted);
                    count.opcodes.insert(instruction.opcode.name());
                }
            }
        }
        Ok(tally)
    }

    /// Compares random instructions, those that the assembler finds fault with aside.
    fn random(&self) -> Result<Tally> {
        let (code, instructions) = random_instructions();
        let (file, listing) = (
            self.scratch.join("random.bin"),
            self.scratch.join("random.asm"),
        );
        fs::write(&file, code).with_context(|| format!("cannot write {}", file.display()))?;
        let mut iga = self.command(&self.root.join("usr/bin/iga64"));
        iga.args(["-d", "-p=12p1", "-n", "--output-on-fail", "-o"]);
        let said = iga.arg(&listing).arg(&file).output();
        let said = said.context("cannot start iga64")?;
        let faults = [said.stdout, said.stderr].concat();
        let faults: BTreeSet<u64> = String::from_utf8_lossy(&faults)
            .lines()
            .filter(|line| line.contains(": error: "))
            .filter_map(|line| line.strip_prefix("byte offset 0x")?.split(':').next())
            .filter_map(|offset| u64::from_str_radix(offset, 16).ok())
            .collect();
        let text = fs::read(&listing).context("iga64 wrote no listing")?;
        let text = String::from_utf8_lossy(&text);
        let (mut compared, mut different, mut position) = (0, 0, 0);
        let mut opcodes = BTreeSet::new();
        for (instruction, theirs) in instructions.iter().zip(text.split('\n')) {
            let at = position;
            position += u64::from(instruction.length());
            if faults.contains(&at) {
                continue;
            }
            let ours = isa::disassemble(instruction, isa::Targets::Relative);
            compared += 1;
            opcodes.insert(instruction.opcode.name());
            if without_comment(&ours) != without_comment(theirs) {
                different += 1;
                if different <= SHOWN {
                    println!("    at {at:#x}\n    - {theirs}\n    + {ours}");
                }
            }
        }
        let all = opcodes.len() == isa::opcode::OPCODES.len();
        println!(
            "test random instructions ... {}, {compared} compared, of {} opcodes; {different} are listed differently",
            if different == 0 && all {
                "ok"
            } else {
                "FAILED"
            },
            opcodes.len(),
        );
        Ok(Tally::one(different == 0 && all))
    }

    /// Whether a kernel is listed the same by the assembler and by us.
    fn same(&self, name: &str, code: &[u8]) -> Result<bool> {
        let file = self.scratch.join("kernel.bin");
        fs::write(&file, code).with_context(|| format!("cannot write {}", file.display()))?;
        let mut iga = self.command(&self.root.join("usr/bin/iga64"));
        iga.args(["-d", "-p=12p1"]).arg(&file);
        let theirs = exec::output("iga64", &mut iga)?;
        let ours = isa::disassemble_kernel(code);
        if ours == theirs {
            return Ok(true);
        }
        let (ours, theirs): (Vec<_>, Vec<_>) = (ours.lines().collect(), theirs.lines().collect());
        println!(
            "test {name} ... FAILED: {} lines, the assembler has {}",
            ours.len(),
            theirs.len()
        );
        let pairs = ours.iter().zip(&theirs).enumerate();
        for (number, (ours, theirs)) in pairs.filter(|(_, (a, b))| a != b).take(SHOWN) {
            println!("    line {}\n    - {theirs}\n    + {ours}", number + 1);
        }
        Ok(false)
    }
}

/// The kernels in an ELF file of the compiler's, with their names: its sections `.text.NAME`.
fn kernels(image: &[u8]) -> object::Result<Vec<(String, &[u8])>> {
    let file = object::File::parse(image)?;
    let mut found = Vec::new();
    for section in file.sections() {
        if let Some(name) = section.name()?.strip_prefix(".text.") {
            found.push((name.to_owned(), section.data()?));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::{kernels, kernels_run};

    /// The last count counts; where nothing was run there is none.
    #[test]
    fn random_kernels_are_counted() {
        let output = "test random_kernels ... 50 of 120 random kernels\n\
                      100 of 120 random kernels\n120 of 120 random kernels\nok\n";
        assert_eq!(kernels_run(output), 120);
        assert_eq!(kernels_run("no VIRTIO_IGPU_OCLOC: nothing run\n"), 0);
    }

    /// A file with a kernel of four bytes gives its name and them; a torn one gives nothing.
    #[test]
    fn sections_of_an_elf_file() {
        let mut image = vec![0; 0x40];
        // 64 bits, little-endian, version 1.
        image[..7].copy_from_slice(b"\x7FELF\x02\x01\x01");
        image[0x28] = 0x50;
        image[0x3A] = 0x40;
        image[0x3C] = 3;
        image[0x3E] = 2;
        image.extend_from_slice(b"\0.text.k\0\x01\x02\x03\x04\0\0\0");
        let header = |name: u8, kind: u8, offset: u8, length: u8| {
            let mut header = [0u8; 0x40];
            (header[0], header[4]) = (name, kind);
            (header[0x18], header[0x20]) = (offset, length);
            header
        };
        // The first section is none; the names are a table of strings.
        image.extend_from_slice(&header(0, 0, 0, 0));
        image.extend_from_slice(&header(1, 1, 0x49, 4));
        image.extend_from_slice(&header(0, 3, 0x40, 9));
        let found = kernels(&image).expect("an ELF file");
        assert_eq!(found, [("k".to_owned(), &[1, 2, 3, 4][..])]);
        assert!(kernels(&image[..0x90]).is_err());
        assert!(kernels(b"MZ").is_err());
    }
}
