//! Kernels in OpenCL C, compiled by Intel's own compiler and run by the model on the host:
//! random ones against what Rust computes of the same program.
//!
//! The compiler is named by `VIRTIO_IGPU_OCLOC` (words of a command line, separated by spaces);
//! where that is not set nothing is run. `VIRTIO_IGPU_KERNELS` says how many random kernels,
//! `VIRTIO_IGPU_SEED` with which seed.

mod launch;
mod random;
mod shrink;

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use launch::Device;
use zebin::{Argument, Program};

/// Kernels in one source file.
const BATCH: usize = 50;
/// Work-items of a random kernel: more than one thread, and a last one that is not full.
const ITEMS: usize = 40;

/// Compiles a source; none where there is no compiler.
fn compile(name: &str, source: &str, options: &str) -> Option<Program> {
    let compiler = env::var("VIRTIO_IGPU_OCLOC").ok()?;
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("opencl-{name}"));
    fs::create_dir_all(&folder).expect("a folder for the kernels");
    fs::write(folder.join("kernels.cl"), source).expect("a file for the kernels");
    let mut words = compiler.split_whitespace();
    let output = Command::new(words.next().expect("VIRTIO_IGPU_OCLOC names a program"))
        .args(words)
        .args([
            "compile",
            "-q",
            "-file",
            "kernels.cl",
            "-device",
            "tgllp",
            "-options",
        ])
        .arg(options)
        .current_dir(&folder)
        .output()
        .expect("the compiler starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{} does not compile: {text}",
        folder.display()
    );
    let binary = fs::read(folder.join("kernels_tgllp.bin")).expect("the compiler's output");
    Some(Program::parse(&binary))
}

/// Pointers in registers, and floats computed as they are written.
const OPTIONS: &str = "-cl-intel-greater-than-4GB-buffer-required -cl-std=CL2.0";

fn number(variable: &str, otherwise: u64) -> u64 {
    env::var(variable)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(otherwise)
}

/// Random programs: integers of all widths, exact float operations, divergent control flow.
#[test]
fn random_kernels_compute_what_their_source_says() {
    let count = number("VIRTIO_IGPU_KERNELS", 200) as usize;
    let seed = number("VIRTIO_IGPU_SEED", 1);
    let mut done = 0;
    while done < count {
        let kernels: Vec<random::Kernel> = (0..BATCH.min(count - done))
            .map(|number| random::Kernel::new(seed << 32 | (done + number) as u64))
            .collect();
        let mut source = random::PRELUDE.to_owned();
        for (number, kernel) in kernels.iter().enumerate() {
            source += &kernel.source(&format!("k{number}"));
        }
        let mut wrong = Vec::new();
        let Some(program) = compile(&format!("random-{done}"), &source, OPTIONS) else {
            println!("no VIRTIO_IGPU_OCLOC: nothing run");
            return;
        };
        for (number, kernel) in kernels.iter().enumerate() {
            if let Err(difference) = check(kernel, &program, number) {
                wrong.push((kernel, done + number, difference));
            }
        }
        done += kernels.len();
        println!("{done} of {count} random kernels");
        wrong.sort_by_key(|(kernel, ..)| kernel.source("").len());
        for (_, index, difference) in &wrong {
            println!("kernel {index} of seed {seed}: {difference}");
        }
        if let Some((kernel, ..)) = wrong.first() {
            let (smallest, difference) = shrunk((*kernel).clone());
            panic!(
                "{} are wrong; the shortest, made smaller: {difference}\n{}",
                wrong.len(),
                smallest.source("wrong")
            );
        }
    }
}

/// Runs a kernel and compares what it wrote; says where it differs.
fn check(kernel: &random::Kernel, program: &Program, number: usize) -> Result<(), String> {
    let inputs = kernel.inputs(ITEMS);
    let mut device = Device::new(1 << 20);
    let input = device.allocate(&inputs);
    let output = device.allocate(&vec![0; ITEMS * random::OUTPUTS]);
    device.launch(
        program.kernel(&format!("k{number}")),
        &[(output, ITEMS * random::OUTPUTS), (input, inputs.len())].map(|(address, words)| {
            Argument::Buffer {
                address,
                length: words as u64 * 8,
            }
        }),
        [ITEMS as u32, 1, 1],
        [ITEMS as u32, 1, 1],
    )?;
    let results = device.read(output, ITEMS * random::OUTPUTS);
    let expected = kernel.evaluate(ITEMS, &inputs);
    for item in 0..ITEMS {
        let words = item * random::OUTPUTS..(item + 1) * random::OUTPUTS;
        let (expected, got) = (&expected[words.clone()], &results[words]);
        if !random::alike(expected, got) {
            return Err(format!(
                "work-item {item}: expected {expected:x?}, got {got:x?}"
            ));
        }
    }
    Ok(())
}

/// Steps in which a wrong kernel is made smaller.
const STEPS: usize = 60;

/// The smallest kernel that is still wrong, and how.
fn shrunk(mut kernel: random::Kernel) -> (random::Kernel, String) {
    let mut difference = String::from("not found again");
    for _ in 0..STEPS {
        let mut candidates = shrink::simpler(&kernel);
        candidates.sort_by_key(|candidate| candidate.source("").len());
        let mut found = None;
        for some in candidates.chunks(BATCH) {
            let mut source = random::PRELUDE.to_owned();
            for (number, candidate) in some.iter().enumerate() {
                source += &candidate.source(&format!("k{number}"));
            }
            let Some(program) = compile("shrinking", &source, OPTIONS) else {
                break;
            };
            found = some.iter().enumerate().find_map(|(number, candidate)| {
                let difference = check(candidate, &program, number).err()?;
                Some((candidate.clone(), difference))
            });
            if found.is_some() {
                break;
            }
        }
        let Some((smaller, how)) = found else {
            break;
        };
        (kernel, difference) = (smaller, how);
    }
    (kernel, difference)
}
