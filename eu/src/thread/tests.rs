//! Operations against plain references, and the fast way against the general one.

use proptest::prelude::*;

use super::compute;
use super::file::{self, RegisterFile};
use super::packed;
use super::rounding::FloatMode;
use crate::isa::*;
use crate::kernel::lower_for_tests as lower;
use crate::kernel::op::{Action, Domain, Op};

fn register(number: u8, byte: u8, region: Region, kind: DataType) -> Source {
    Source::Register {
        place: Place::Direct {
            register: Register::General(number),
            byte,
        },
        region,
        kind,
        negate: false,
        absolute: false,
    }
}

const UNIT: Region = Region::Strided {
    vertical: 8,
    width: 8,
    horizontal: 1,
};

fn destination(number: u8, kind: DataType) -> Destination {
    Destination {
        place: Place::Direct {
            register: Register::General(number),
            byte: 0,
        },
        stride: 1,
        kind,
    }
}

fn instruction(opcode: Opcode, exec_size: u8, to: Destination, sources: &[Source]) -> Instruction {
    let mut all = [None; 3];
    for (slot, source) in all.iter_mut().zip(sources) {
        *slot = Some(*source);
    }
    Instruction {
        opcode,
        compacted: false,
        exec_size,
        channel_offset: 0,
        mask_disabled: false,
        predicate: None,
        flag: Flag::default(),
        condition: None,
        saturate: false,
        writes_accumulator: false,
        branch_control: false,
        atomic: false,
        breakpoint: false,
        scoreboard: 0,
        destination: Some(to),
        sources: all,
        math: None,
        sync: None,
        jip: None,
        uip: None,
        message: None,
    }
}

/// A register file with something in it.
fn filled(seed: &[u8]) -> Box<RegisterFile> {
    let mut file = RegisterFile::zeroed();
    for (byte, value) in file.bytes.iter_mut().zip(seed.iter().cycle()) {
        *byte = *value;
    }
    file
}

fn execute(file: &mut RegisterFile, mode: FloatMode, op: &Op, enabled: u32) {
    match op.action {
        Action::Packed(fast) => packed::execute(file, mode, op, fast, enabled),
        Action::Compute(opcode, domain) => {
            compute::execute(file, mode, op, opcode, domain, enabled).unwrap();
        }
        ref action => panic!("{action:?}"),
    }
}

fn dwords(file: &RegisterFile, number: usize) -> Vec<u32> {
    (0..8)
        .map(|channel| file.dword(number * 32 + channel * 4))
        .collect()
}

/// Runs an instruction whose sources hold these dwords, and gives the result's.
fn result(one: &Instruction, sources: &[[u32; 8]]) -> Vec<u32> {
    let mut file = RegisterFile::zeroed();
    for (number, source) in sources.iter().enumerate() {
        for (channel, value) in source.iter().enumerate() {
            file.set_dword((number + 1) * 32 + channel * 4, *value);
        }
    }
    let op = lower(one, 0);
    let mode = FloatMode::of(0x4c0);
    execute(&mut file, mode, &op, op.channels());
    dwords(&file, 10)
}

/// Runs an operation on whole registers of one type.
fn simple(opcode: Opcode, kind: DataType, sources: &[[u32; 8]]) -> Vec<u32> {
    let operands: Vec<Source> = (0..sources.len() as u8)
        .map(|number| register(number + 1, 0, UNIT, kind))
        .collect();
    result(
        &instruction(opcode, 8, destination(10, kind), &operands),
        sources,
    )
}

#[test]
fn bits_are_counted_and_found() {
    let values = [
        0,
        1,
        0x8000_0000,
        0xffff_ffff,
        0x00ff_0000,
        7,
        0x4000_0000,
        2,
    ];
    let all = |f: fn(u32) -> u32| values.map(f).to_vec();
    assert_eq!(
        simple(Opcode::Cbit, DataType::UD, &[values]),
        all(u32::count_ones)
    );
    assert_eq!(
        simple(Opcode::Lzd, DataType::UD, &[values]),
        all(u32::leading_zeros)
    );
    assert_eq!(
        simple(Opcode::Bfrev, DataType::UD, &[values]),
        all(u32::reverse_bits)
    );
    let first = |value: u32| {
        if value == 0 {
            u32::MAX
        } else {
            value.trailing_zeros()
        }
    };
    assert_eq!(simple(Opcode::Fbl, DataType::UD, &[values]), all(first));
    // Of a signed number, the first bit that differs from the sign; of 0 and -1 none does.
    let high = |value: u32| match (
        value,
        (value ^ ((value as i32) >> 31) as u32).leading_zeros(),
    ) {
        (0 | u32::MAX, _) => u32::MAX,
        (_, zeros) => zeros,
    };
    assert_eq!(simple(Opcode::Fbh, DataType::D, &[values]), all(high));
}

#[test]
fn fields_are_extracted_and_inserted() {
    let widths = [4, 8, 0, 31, 16, 1, 32, 5];
    let offsets = [4, 24, 3, 1, 20, 31, 0, 30];
    let values = [0x1234_5678_u32; 8];
    let expected: Vec<u32> = (0..8)
        .map(|channel| {
            let (width, offset) = (widths[channel] & 31, offsets[channel] & 31);
            let wide = u64::from(values[channel]) >> offset;
            (wide & ((1 << width) - 1)) as u32
        })
        .collect();
    assert_eq!(
        simple(Opcode::Bfe, DataType::UD, &[widths, offsets, values]),
        expected
    );
    let mask = simple(Opcode::Bfi1, DataType::UD, &[[8; 8], [12; 8]]);
    assert_eq!(mask, [0x000f_f000; 8]);
    let merged = simple(
        Opcode::Bfi2,
        DataType::UD,
        &[[0xff00; 8], [0x1111_1111; 8], values],
    );
    assert_eq!(merged, [0x1234_1178; 8]);
}

/// A 32-bit multiplication is three steps: the low half into the accumulator, then `mach` for the
/// high dword, which leaves the low one in the accumulator, or without writing that the low dword.
#[test]
fn a_multiplication_in_steps_gives_both_halves() {
    for (a, b, kind) in [
        (0xffff_fffe_u32, 0xffff_fff1_u32, DataType::UD),
        (0xffff_fffe, 0x7fff_fff1, DataType::D),
        (12345, 0x8000_0001, DataType::D),
    ] {
        let product = if kind == DataType::UD {
            u64::from(a) * u64::from(b)
        } else {
            (i64::from(a as i32) * i64::from(b as i32)) as u64
        };
        for high in [true, false] {
            let mut file = RegisterFile::zeroed();
            for channel in 0..8 {
                file.set_dword(32 + channel * 4, a);
                file.set_dword(64 + channel * 4, b);
            }
            let accumulator = Destination {
                place: Place::Direct {
                    register: Register::Architecture(ArchitectureRegister::Accumulator(0)),
                    byte: 0,
                },
                stride: 1,
                kind,
            };
            let low_words = Region::Strided {
                vertical: 16,
                width: 8,
                horizontal: 2,
            };
            let sources = [
                register(1, 0, UNIT, kind),
                register(2, 0, low_words, DataType::UW),
            ];
            let mut steps = vec![instruction(Opcode::Mul, 8, accumulator, &sources)];
            let sources = [register(1, 0, UNIT, kind), register(2, 0, UNIT, kind)];
            let mut mach = instruction(Opcode::Mach, 8, destination(10, kind), &sources);
            mach.writes_accumulator = high;
            steps.push(mach);
            for step in &steps {
                execute(&mut file, FloatMode::of(0x4c0), &lower(step, 0), 0xff);
            }
            let expected = if high { product >> 32 } else { product } as u32;
            assert_eq!(dwords(&file, 10), [expected; 8], "{a:x} * {b:x} {kind:?}");
            if high {
                assert_eq!(file.accumulators[3] as u32, product as u32);
            }
        }
    }
}

/// Conversions to integers cut off the fraction and stop at the type's ends; what is no number
/// becomes 0.
#[test]
fn floats_become_integers() {
    let values = [1.9_f32, -1.9, 3e9, -3e9, f32::NAN, 0.5, -0.5, 1e20].map(f32::to_bits);
    let source = [register(1, 0, UNIT, DataType::F)];
    let signed = instruction(Opcode::Mov, 8, destination(10, DataType::D), &source);
    let expected = [1, -1, i32::MAX, i32::MIN, 0, 0, 0, i32::MAX].map(|value| value as u32);
    assert_eq!(result(&signed, &[values]), expected);
    let unsigned = instruction(Opcode::Mov, 8, destination(10, DataType::UD), &source);
    assert_eq!(
        result(&unsigned, &[values]),
        [1, 0, 3_000_000_000, 0, 0, 0, 0, u32::MAX]
    );
}

#[test]
fn additions_saturate() {
    let sources = [
        register(1, 0, UNIT, DataType::D),
        register(2, 0, UNIT, DataType::D),
    ];
    let mut add = instruction(Opcode::Add, 8, destination(10, DataType::D), &sources);
    add.saturate = true;
    let (a, b) = ([i32::MAX as u32; 8], [5; 8]);
    assert_eq!(result(&add, &[a, b]), [i32::MAX as u32; 8]);
    assert_eq!(simple(Opcode::Add, DataType::D, &[a, b]), [0x8000_0004; 8]);
}

/// `csel` compares its third source and leaves the flags alone.
#[test]
fn a_conditional_selection_leaves_the_flags() {
    let operands: Vec<Source> = (1..4)
        .map(|number| register(number, 0, UNIT, DataType::D))
        .collect();
    let mut csel = instruction(Opcode::Csel, 8, destination(10, DataType::D), &operands);
    csel.condition = Some(Condition::Equal);
    let mut file = RegisterFile::zeroed();
    file.set_flags(0x1234);
    for channel in 0..8 {
        file.set_dword(32 + channel * 4, 1);
        file.set_dword(64 + channel * 4, 2);
        file.set_dword(96 + channel * 4, channel as u32 & 1);
    }
    execute(&mut file, FloatMode::default(), &lower(&csel, 0), 0xff);
    assert_eq!(dwords(&file, 10), [1, 2, 1, 2, 1, 2, 1, 2]);
    assert_eq!(file.flags(), 0x1234);
}

fn integer_kind() -> impl Strategy<Value = DataType> {
    prop::sample::select(vec![
        DataType::D,
        DataType::UD,
        DataType::D,
        DataType::UD,
        DataType::W,
        DataType::UW,
        DataType::B,
        DataType::UB,
    ])
}

fn region() -> impl Strategy<Value = Region> {
    let strided = |vertical, width, horizontal| Region::Strided {
        vertical,
        width,
        horizontal,
    };
    prop::sample::select(vec![
        UNIT,
        UNIT,
        Region::SCALAR,
        strided(16, 8, 2),
        strided(2, 1, 0),
        strided(4, 4, 1),
        strided(0, 4, 1),
    ])
}

fn source(kind: DataType) -> impl Strategy<Value = Source> {
    let place = (1_u8..20, region(), 0_u8..10, any::<bool>(), any::<bool>());
    let of_register = place.prop_map(move |(number, region, which, negate, absolute)| {
        let accumulator = which == 0 && kind.size() == 4;
        Source::Register {
            place: Place::Direct {
                register: if accumulator {
                    Register::Architecture(ArchitectureRegister::Accumulator(0))
                } else {
                    Register::General(number)
                },
                byte: if region == Region::SCALAR && !accumulator {
                    4 * (number % 8)
                } else {
                    0
                },
            },
            region: if accumulator { UNIT } else { region },
            kind,
            negate,
            absolute: absolute && kind.is_float(),
        }
    });
    let constant = any::<u32>().prop_map(move |bits| Source::Immediate {
        bits: if kind.size() == 4 {
            bits.into()
        } else {
            (bits as u16).into()
        },
        kind: match kind {
            DataType::B => DataType::W,
            DataType::UB => DataType::UW,
            kind => kind,
        },
    });
    prop_oneof![3 => of_register, 1 => constant]
}

fn packed_instruction() -> impl Strategy<Value = Instruction> {
    let opcode = prop::sample::select(vec![
        Opcode::Mov,
        Opcode::Sel,
        Opcode::Not,
        Opcode::And,
        Opcode::Or,
        Opcode::Xor,
        Opcode::Shl,
        Opcode::Shr,
        Opcode::Asr,
        Opcode::Add,
        Opcode::Mul,
        Opcode::Mad,
        Opcode::Cmp,
        Opcode::Addc,
        Opcode::Subb,
        Opcode::Rndd,
        Opcode::Rndu,
        Opcode::Rnde,
        Opcode::Rndz,
        Opcode::Frc,
    ]);
    let size = prop::sample::select(vec![1_u8, 2, 4, 8, 16, 32]);
    let condition = prop::sample::select(vec![
        Condition::Equal,
        Condition::NotEqual,
        Condition::Greater,
        Condition::GreaterOrEqual,
        Condition::Less,
        Condition::LessOrEqual,
    ]);
    let kinds = (
        any::<bool>(),
        [
            integer_kind(),
            integer_kind(),
            integer_kind(),
            integer_kind(),
        ],
    );
    let flags = any::<[bool; 4]>();
    let step = prop::sample::select(vec![1_u8, 1, 2]);
    (opcode, size, kinds, condition, flags, step).prop_flat_map(
        |(opcode, size, (float, kinds), condition, flags, step)| {
            let [saturate, inverted, conditional, converts] = flags;
            let of = move |number: usize| if float { DataType::F } else { kinds[number] };
            (source(of(0)), source(of(1)), source(of(2))).prop_map(move |(a, b, c)| {
                let count = match opcode {
                    Opcode::Mov
                    | Opcode::Not
                    | Opcode::Rndd
                    | Opcode::Rndu
                    | Opcode::Rnde
                    | Opcode::Rndz
                    | Opcode::Frc => 1,
                    Opcode::Mad => 3,
                    _ => 2,
                };
                let to = match (float, converts && opcode == Opcode::Mov) {
                    (true, true) => kinds[3],
                    (true, false) | (false, true) => DataType::F,
                    (false, false) => kinds[3],
                };
                let mut to = destination(30, to);
                to.stride = step;
                let mut one = instruction(opcode, size, to, &[a, b, c][..count]);
                one.saturate = saturate && float;
                let chooses = opcode == Opcode::Sel && conditional;
                let tests = matches!(opcode, Opcode::And | Opcode::Or) && conditional;
                let compares = opcode == Opcode::Cmp;
                one.condition = (compares || chooses || tests).then_some(condition);
                one.predicate = (opcode == Opcode::Sel && !chooses).then_some(Predicate {
                    control: PredicateControl::Sequential,
                    inverted,
                });
                one.writes_accumulator = matches!(opcode, Opcode::Addc | Opcode::Subb);
                one
            })
        },
    )
}

/// The same value, or both not a number.
fn alike(a: u32, b: u32, float: bool) -> bool {
    let nan = |bits: u32| f32::from_bits(bits).is_nan();
    a == b || float && nan(a) && nan(b)
}

/// Intel's compiler makes `0x400:uv` of the dwords 0 and 4, and `0x40:uv` of the words.
#[test]
fn constant_vectors_stand_for_words() {
    let sums = |bits: u64, kind: DataType, stride: u8| -> Vec<u32> {
        let mut to = destination(4, DataType::UD);
        to.stride = stride;
        let constant = Source::Immediate { bits, kind };
        let one = instruction(
            Opcode::Add,
            4,
            to,
            &[register(2, 0, UNIT, DataType::UD), constant],
        );
        let mut file = RegisterFile::zeroed();
        execute(&mut file, FloatMode::of(0), &lower(&one, 0), 0xf);
        (0..4)
            .map(|channel| file.dword(4 * 32 + channel * 4 * usize::from(stride)))
            .collect()
    };
    assert_eq!(sums(0x0C08_0400, DataType::UV, 1), [0, 4, 8, 12]);
    assert_eq!(sums(0x0F08_0400, DataType::V, 1), [0, 4, !7, !0]);
    assert_eq!(sums(0x0005_0004, DataType::UV, 2), [4, 5, 4, 5]);
    let mut file = RegisterFile::zeroed();
    let constant = Source::Immediate {
        bits: 0x7654_3210,
        kind: DataType::UV,
    };
    let one = instruction(Opcode::Mov, 8, destination(4, DataType::UW), &[constant]);
    execute(&mut file, FloatMode::of(0), &lower(&one, 0), 0xff);
    assert_eq!(file.dword(4 * 32), 0x0001_0000);
    assert_eq!(file.dword(4 * 32 + 12), 0x0007_0006);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    /// What is executed as vectors gives what is executed element by element.
    #[test]
    fn packed_operations_agree_with_general_ones(
        one in packed_instruction(),
        seed in prop::collection::vec(any::<u8>(), 997),
        enabled: u32,
        control: u32,
        floats: bool,
    ) {
        let op = lower(&one, 0);
        if !matches!(op.action, Action::Packed(_)) {
            return Ok(());
        }
        let float = one.sources[0].is_some_and(|source| match source {
            Source::Register { kind, .. } | Source::Immediate { kind, .. } => kind.is_float(),
        });
        let domain = if float { Domain::Float } else { Domain::Integer };
        let mut fast = filled(&seed);
        if floats {
            // Numbers near each other, so that something is left of sums.
            for at in (0..file::GENERAL_BYTES).step_by(4) {
                let value = (fast.dword(at) as i32 as f32) / 1e6;
                fast.set_dword(at, value.to_bits());
            }
        }
        for (number, accumulator) in fast.accumulators.iter_mut().enumerate() {
            *accumulator = i64::from(seed[number]) * 0x1234_5678;
        }
        let mut slow = fast.clone();
        let mode = FloatMode::of(control);
        let enabled = enabled & op.channels();
        execute(&mut fast, mode, &op, enabled);
        compute::execute(&mut slow, mode, &op, one.opcode, domain, enabled).unwrap();
        prop_assert_eq!(fast.flags(), slow.flags());
        for (fast, slow) in fast.accumulators.iter().zip(&slow.accumulators) {
            prop_assert_eq!(*fast as u32, *slow as u32);
        }
        for at in (0..file::SIZE).step_by(4) {
            let (fast, slow) = (fast.dword(at), slow.dword(at));
            prop_assert!(alike(fast, slow, float), "at {:#x}: {:#x} and {:#x}", at, fast, slow);
        }
    }
}
