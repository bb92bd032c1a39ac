//! The shader cores beside PoCL, which compiles kernels for the host's processor: the same
//! OpenCL C, run in turn by both, each with two threads, and every result checked.
//!
//! `cargo xtask perf --softgpu` runs this where PoCL is found, with the file that Intel's compiler
//! has made of `kernels.cl`: `opencl --kernels FILE`. It prints JSON.

#[path = "../common/mod.rs"]
mod common;
mod model;
mod pocl;

use std::fs;
use std::time::Duration;

use clap::Parser;
use common::rounds::{in_turn, median_of_many, ratios, spread};
use model::Model;
use pocl::Pocl;
use serde_json::{Value, json};
use zebin::{Argument, Launch, Program};

/// Rounds in which both are measured.
const ROUNDS: usize = 20;
/// Host threads of the model; PoCL is told by its environment.
const THREADS: usize = 2;

/// Rows and columns of the matrices.
const SIDE: u32 = 256;
/// Rows and columns of a tile, as in the source.
const TILE: u32 = 16;
/// Values that are summed.
const VALUES: u32 = 4 << 20;
/// Items of a group that sums, and what each of them begins with, as in the source.
const ITEMS: u32 = 256;
const EACH: u32 = 16;

/// The shader cores beside PoCL.
#[derive(Parser)]
struct Arguments {
    /// What Intel's compiler has made of kernels.cl; without it nothing is measured.
    #[arg(long)]
    kernels: Option<std::path::PathBuf>,
    /// Only the model runs, that of the kernel with this name, and nothing is compared.
    #[arg(long)]
    alone: Option<String>,
    /// As `cargo bench` passes it.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Small whole numbers, whose sums of products floats hold exactly.
fn matrix(seed: u32) -> Vec<f32> {
    let mut generator = fastrand::Rng::with_seed(seed.into());
    let count = SIDE * SIDE;
    (0..count).map(|_| generator.i8(-8..=8).into()).collect()
}

fn multiplied(a: &[f32], b: &[f32]) -> Vec<u32> {
    let side = SIDE as usize;
    let mut c = vec![0.0_f32; side * side];
    for (row, sums) in a.chunks(side).zip(c.chunks_mut(side)) {
        for (factor, others) in row.iter().zip(b.chunks(side)) {
            for (sum, other) in sums.iter_mut().zip(others) {
                *sum += factor * other;
            }
        }
    }
    bits(&c)
}

fn bits(floats: &[f32]) -> Vec<u32> {
    floats.iter().map(|float| float.to_bits()).collect()
}

/// What is run: a kernel's name, its group's items, and how many groups.
type Call = (&'static str, [u32; 3], [u32; 3]);
const PRODUCT: Call = ("product", [TILE, TILE, 1], [SIDE / TILE, SIDE / TILE, 1]);
const REDUCTION: Call = ("reduction", [ITEMS, 1, 1], [VALUES / (ITEMS * EACH), 1, 1]);
const NOTHING: Call = ("nothing", [ITEMS, 1, 1], [1, 1, 1]);

fn prepare(
    model: &mut Model,
    program: &Program,
    call: Call,
    arguments: &[Argument],
) -> model::Ready {
    let (name, local, groups) = call;
    model.prepare(&Launch {
        kernel: program.kernel(name),
        arguments,
        local,
        groups,
    })
}

/// Two times that belong together: the model's and PoCL's, round by round.
struct Both {
    model: Vec<f64>,
    pocl: Vec<f64>,
}

impl Both {
    fn of([model, pocl]: [Vec<f64>; 2]) -> Self {
        Self { model, pocl }
    }

    /// Rates of both for so much work, and the model's share of PoCL's.
    fn rates(&self, work: f64) -> [Value; 3] {
        let rates = |times: &[f64]| spread(times.iter().map(|time| work / time).collect());
        [
            rates(&self.model),
            rates(&self.pocl),
            spread(ratios(&self.pocl, &self.model)),
        ]
    }
}

fn product(model: &mut Model, program: &Program, pocl: &Pocl) -> Both {
    let (a, b) = (matrix(1), matrix(2));
    let expected = multiplied(&a, &b);
    let (a, b) = (bits(&a), bits(&b));
    let empty = vec![0; expected.len()];
    let [ours_a, ours_b, ours_c] = [&a, &b, &empty].map(|words| model.buffer(words));
    let arguments = [ours_a, ours_b, ours_c, Argument::Number(SIDE)];
    let ours = prepare(model, program, PRODUCT, &arguments);
    let (a, b, mut c) = (pocl.buffer(&a), pocl.buffer(&b), pocl.buffer(&empty));
    let (name, local, groups) = PRODUCT;
    let theirs = [&a, &b, &c].map(pocl::Argument::Buffer);
    let theirs = theirs.into_iter().chain([pocl::Argument::Number(SIDE)]);
    let theirs = pocl.prepare(name, &theirs.collect::<Vec<_>>(), local, groups);
    // PoCL compiles when a kernel is first run.
    pocl.run(&theirs);
    Both::of(in_turn(
        ROUNDS,
        [
            &mut || {
                model.write(ours_c, &empty);
                let time = model.run(ours);
                assert!(
                    model.read(ours_c) == expected,
                    "the model's product is wrong"
                );
                time
            },
            &mut || {
                pocl.write(&mut c, &empty);
                let time = pocl.run(&theirs);
                assert!(pocl.read(&c) == expected, "PoCL's product is wrong");
                time
            },
        ],
    ))
}

fn values() -> Vec<u32> {
    let mut generator = fastrand::Rng::with_seed(3);
    (0..VALUES).map(|_| generator.u32(..)).collect()
}

fn reduction(model: &mut Model, program: &Program, pocl: &Pocl) -> Both {
    let values = values();
    let expected = values
        .iter()
        .fold(0, |sum: u32, value| sum.wrapping_add(*value));
    let ours_total = model.buffer(&[0]);
    let arguments = [model.buffer(&values), ours_total];
    let ours = prepare(model, program, REDUCTION, &arguments);
    let (theirs, mut total) = (pocl.buffer(&values), pocl.buffer(&[0]));
    let (name, local, groups) = REDUCTION;
    let arguments = [&theirs, &total].map(pocl::Argument::Buffer);
    let theirs = pocl.prepare(name, &arguments, local, groups);
    pocl.run(&theirs);
    Both::of(in_turn(
        ROUNDS,
        [
            &mut || {
                model.write(ours_total, &[0]);
                let time = model.run(ours);
                assert_eq!(model.read(ours_total), [expected], "the model's sum");
                time
            },
            &mut || {
                pocl.write(&mut total, &[0]);
                let time = pocl.run(&theirs);
                assert_eq!(pocl.read(&total), [expected], "PoCL's sum");
                time
            },
        ],
    ))
}

fn launch(model: &mut Model, program: &Program, pocl: &Pocl) -> Both {
    let ours = prepare(model, program, NOTHING, &[]);
    let (name, local, groups) = NOTHING;
    let theirs = pocl.prepare(name, &[], local, groups);
    pocl.run(&theirs);
    Both::of(in_turn(
        ROUNDS,
        [&mut || median_of_many(&mut || model.run(ours)), &mut || {
            median_of_many(&mut || pocl.run(&theirs))
        }],
    ))
}

/// For a profile: the model runs one of the kernels for some seconds.
fn alone(program: &Program, name: &str) {
    let mut model = Model::new(THREADS);
    let one = bits(&matrix(1));
    let (call, arguments) = match name {
        "product" => {
            let [a, b, c] = [(); 3].map(|()| model.buffer(&one));
            (PRODUCT, vec![a, b, c, Argument::Number(SIDE)])
        }
        "reduction" => {
            let total = model.buffer(&[0]);
            (REDUCTION, vec![model.buffer(&values()), total])
        }
        _ => (NOTHING, Vec::new()),
    };
    let ready = prepare(&mut model, program, call, &arguments);
    let mut times = Duration::ZERO;
    let mut runs = 0;
    while times < Duration::from_secs(5) {
        times += model.run(ready);
        runs += 1;
    }
    println!("{name}: {runs} runs, {:?} each", times / runs);
}

fn main() {
    let arguments = Arguments::parse();
    let Some(file) = arguments.kernels else {
        eprintln!("nothing measured: `cargo xtask perf --softgpu` runs this with compiled kernels");
        return;
    };
    let binary = fs::read(&file).expect("the file with the kernels");
    let program = Program::parse(&binary);
    if let Some(name) = arguments.alone {
        return alone(&program, &name);
    }
    let pocl = Pocl::new(include_str!("kernels.cl"));
    let mut model = Model::new(THREADS);
    let operations = 2.0 * f64::from(SIDE).powi(3);
    let both = product(&mut model, &program, &pocl);
    let [gflops, gflops_pocl, product] = both.rates(operations / 1e9);
    let both = reduction(&mut model, &program, &pocl);
    let [sums, sums_pocl, reduction] = both.rates(f64::from(VALUES) / 1e6);
    let both = launch(&mut model, &program, &pocl);
    let micros = |times: &[f64]| spread(times.iter().map(|time| time * 1e6).collect());
    let figures = json!({
        "pocl": pocl.name(),
        "product_gflops": gflops,
        "product_gflops_pocl": gflops_pocl,
        "product": product,
        "reduction_millions": sums,
        "reduction_millions_pocl": sums_pocl,
        "reduction": reduction,
        "launch_us": micros(&both.model),
        "launch_us_pocl": micros(&both.pocl),
        "launch": spread(ratios(&both.model, &both.pocl)),
    });
    println!("{figures:#}");
}
