//! Blocks of consecutive bytes.

use super::{DATA, GENERAL, Message, Setup, header};
use crate::isa::SharedFunction::{ConstantCache, DataPort0, DataPort1};
use crate::trap::{StrictFinding, Trap};

/// Sizes by their field, and where in a register they begin.
const SIZES: [(u32, usize, usize); 6] = [
    (0, 16, 0),
    (1, 16, 16),
    (2, 32, 0),
    (3, 64, 0),
    (4, 128, 0),
    (5, 256, 0),
];

fn read(setup: &mut Setup, message: Message, header: [u8; 32]) -> Vec<u8> {
    let message = message.with_header().masked(1);
    let answer = setup.send(&message, &[header], &[], 8).expect("a read");
    answer.as_flattened().to_vec()
}

/// Oword blocks of surfaces, of memory by 32 and 64 bits, and of SLM.
#[test]
fn oword_blocks() {
    let mut setup = Setup::new(false);
    setup.bind_raw(3, 4096);
    let data = setup.data(0).to_vec();
    for (field, bytes, begin) in SIZES {
        let expect = |answer: &[u8], at: usize| {
            assert_eq!(answer[begin..][..bytes], data[at..][..bytes]);
            assert!(answer[..begin].iter().all(|byte| *byte == 0xee));
            assert!(answer[begin + bytes..].iter().all(|byte| *byte == 0xee));
        };
        // Owords from the surface's beginning; bytes; the constant cache the same.
        for function in [DataPort0, ConstantCache] {
            let aligned = Message::data(function, 0, field, 3);
            expect(&read(&mut setup, aligned, header(&[(2, 7)])), 112);
            let unaligned = Message::data(function, 1, field, 3);
            expect(&read(&mut setup, unaligned, header(&[(2, 116)])), 116);
        }
        let stateless = Message::data(DataPort0, 1, field, 255);
        let base = (DATA - GENERAL) as u32;
        let at = header(&[(2, 20), (5, base)]);
        expect(&read(&mut setup, stateless, at), 20);
        for kind in [0, 1] {
            let long = Message::data(DataPort1, 0x14, field | kind << 3, 255);
            let address = DATA + 24;
            let at = header(&[(0, address as u32), (1, (address >> 32) as u32)]);
            expect(&read(&mut setup, long, at), 24);
        }
        let mut local = vec![0; bytes];
        setup.local.read(0, 64, &mut local).expect("lenient");
        let message = Message::data(DataPort0, 0, field, 254);
        let answer = read(&mut setup, message, header(&[(2, 4)]));
        assert_eq!(answer[begin..][..bytes], local);
    }
}

/// Writes, with the data behind the header or apart.
#[test]
fn oword_block_writes() {
    for (field, bytes, begin) in SIZES {
        for split in [false, true] {
            let mut setup = Setup::new(false);
            setup.bind_raw(3, 4096);
            let mut expected = setup.data(0).to_vec();
            let values: [[u8; 32]; 8] =
                std::array::from_fn(|at| std::array::from_fn(|byte| (at * 32 + byte) as u8 ^ 0x55));
            let data = &values[..(begin + bytes).div_ceil(32)];
            let mut first = vec![header(&[(2, 9)])];
            let mut second = data;
            if !split {
                first.extend(data);
                second = &[];
            }
            let message = Message::data(DataPort0, 8, field, 3).with_header();
            setup.send(&message, &first, second, 0).expect("a write");
            expected[144..][..bytes].copy_from_slice(&values.as_flattened()[begin..][..bytes]);
            assert!(setup.data(0) == expected);
        }
    }
}

/// Hwords by 64-bit address, and of scratch space.
#[test]
fn hword_blocks() {
    let mut setup = Setup::new(false);
    let data = setup.data(0).to_vec();
    for log in 0..4 {
        let bytes = 32 << log;
        let long = Message::data(DataPort1, 0x14, log | 3 << 3, 255);
        let answer = read(&mut setup, long, header(&[(0, DATA as u32 + 8)]));
        assert_eq!(answer[..bytes], data[8..][..bytes]);
        let scratch = Message {
            descriptor: 1 << 18 | log << 12 | 5,
            ..Message::data(DataPort0, 0, 0, 0)
        };
        let base = header(&[(5, (DATA - GENERAL) as u32)]);
        let answer = read(&mut setup, scratch, base);
        assert_eq!(answer[..bytes], data[160..][..bytes]);
        let write = Message {
            descriptor: scratch.descriptor | 1 << 17 | 1 << 19,
            ..scratch
        };
        let values = vec![[log as u8; 32]; 1 << log];
        setup.send(&write, &[base], &values, 0).expect("a write");
        assert_eq!(setup.data(160)[..bytes], *values.as_flattened());
        setup.data(0).copy_from_slice(&data);
    }
}

/// What is outside reads as 0 by dwords, and isn't written.
#[test]
fn outside() {
    let mut setup = Setup::new(false);
    setup.bind_raw(3, 4096);
    let data = setup.data(0).to_vec();
    let message = Message::data(DataPort0, 1, 3, 3);
    let answer = read(&mut setup, message, header(&[(2, 4096 - 20)]));
    assert_eq!(answer[..20], data[4096 - 20..][..20]);
    assert_eq!(answer[20..64], [0; 44]);
    let write = Message::data(DataPort0, 8, 3, 3).with_header();
    let values = [[0x77; 32]; 2];
    let at = header(&[(2, 4096 / 16 - 1)]);
    setup.send(&write, &[at], &values, 0).expect("a write");
    assert_eq!(setup.data(4080)[..16], [0x77; 16]);
    assert_eq!(setup.data(4096)[..48], data[4096..][..48]);
    let mut strict = Setup::new(true);
    strict.bind_raw(3, 4096);
    let answer = strict.send(&message.with_header(), &[header(&[(2, 4092)])], &[], 2);
    let finding = StrictFinding::OutsideSurface {
        surface: 3,
        offset: 4096,
        write: false,
    };
    assert_eq!(answer, Err(Trap::Strict(finding)));
}
