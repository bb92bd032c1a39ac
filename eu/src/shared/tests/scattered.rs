//! Reads and writes of each channel.

use super::{DATA, GENERAL, Message, Setup, dword, dwords, header, qwords};
use crate::isa::SharedFunction::{ConstantCache, DataPort0, DataPort1};
use crate::trap::{StrictFinding, Trap};
use proptest::prelude::*;

/// A message of this kind, with what a reference needs to know of it.
#[derive(Clone, Debug)]
struct Case {
    message: Message,
    write: Message,
    lanes: usize,
    bytes: usize,
    /// Bytes from the address to each element.
    elements: Vec<usize>,
    /// Bytes that an address of 1 stands for.
    unit: u64,
    long: bool,
}

/// Bytes of the buffer at binding table index 3.
const SIZE: u32 = 5000;

/// All kinds of scattered accesses.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for lanes in [8usize, 16] {
        let sixteen = u32::from(lanes == 16);
        let targets = [3, 254, 255, 252];
        for bytes in [1usize, 2, 4] {
            for index in targets {
                let control = sixteen | bytes.ilog2() << 2;
                cases.push(Case {
                    message: Message::data(DataPort0, 4, control, index),
                    write: Message::data(DataPort0, 12, control, index),
                    lanes,
                    bytes,
                    elements: vec![0],
                    unit: 1,
                    long: false,
                });
            }
        }
        for index in targets {
            let control = sixteen | 2;
            let case = Case {
                message: Message::data(DataPort0, 3, control, index),
                write: Message::data(DataPort0, 11, control, index),
                lanes,
                bytes: 4,
                elements: vec![0],
                unit: 4,
                long: false,
            };
            let constant = Message::data(ConstantCache, 3, control, index);
            cases.push(Case {
                message: constant,
                ..case.clone()
            });
            cases.push(case);
        }
        for mask in 1..16u32 {
            let elements = (0..4).filter(|at| mask >> at & 1 != 0).map(|at| at * 4);
            let elements: Vec<usize> = elements.collect();
            let control = !mask & 15 | (2 - sixteen) << 4;
            for index in targets {
                cases.push(Case {
                    message: Message::data(DataPort1, 1, control, index),
                    write: Message::data(DataPort1, 9, control, index),
                    lanes,
                    bytes: 4,
                    elements: elements.clone(),
                    unit: 1,
                    long: false,
                });
            }
            cases.push(Case {
                message: Message::data(DataPort1, 0x11, control, 255),
                write: Message::data(DataPort1, 0x19, control, 255),
                lanes,
                bytes: 4,
                elements,
                unit: 1,
                long: true,
            });
        }
        for (kind, bytes, log) in [
            (0, 1, 0),
            (0, 2, 1),
            (0, 4, 2),
            (1, 4, 0),
            (1, 4, 1),
            (1, 4, 2),
            (2, 8, 0),
            (2, 8, 1),
        ] {
            let control = kind | log << 2 | sixteen << 4;
            let count = if kind == 0 { 1 } else { 1 << log };
            cases.push(Case {
                message: Message::data(DataPort1, 0x10, control, 255),
                write: Message::data(DataPort1, 0x1a, control, 255),
                lanes,
                bytes,
                elements: (0..count).map(|at| at * bytes).collect(),
                unit: 1,
                long: true,
            });
        }
    }
    cases
}

impl Case {
    fn index(&self) -> u32 {
        self.message.descriptor & 0xff
    }

    /// Where a channel's element is in memory or SLM; none outside.
    fn place(&self, address: u64, element: usize) -> Option<usize> {
        let offset = address * self.unit + element as u64;
        let limit = match self.index() {
            3 | 252 => u64::from(SIZE),
            254 => 4096,
            _ => u64::MAX,
        };
        (offset + self.bytes as u64 <= limit).then_some(offset as usize)
    }

    fn cell(&self) -> usize {
        self.bytes.max(4)
    }

    fn run(
        &self,
        setup: &mut Setup,
        message: Message,
        addresses: &[u64],
        data: &[[u8; 32]],
    ) -> Vec<[u8; 32]> {
        let message = Message {
            extended: if self.index() == 252 { 3 << 12 } else { 0 },
            ..message
        };
        // Memory without binding begins below the data.
        let begin = match (self.long, self.index()) {
            (true, _) => DATA,
            (false, 255) => (DATA - GENERAL) / self.unit,
            _ => 0,
        };
        let addresses: Vec<u64> = addresses[..self.lanes]
            .iter()
            .map(|at| at + begin)
            .collect();
        let short: Vec<u32> = addresses.iter().map(|at| *at as u32).collect();
        let first = if self.long {
            qwords(&addresses)
        } else {
            dwords(&short)
        };
        let registers = self.elements.len() * self.lanes * self.cell() / 32;
        let answer = if data.is_empty() { registers } else { 0 };
        setup
            .send(&message, &first, data, answer)
            .expect("a good message")
    }

    fn check(&self, addresses: &[u64; 16], mask: u32) -> Result<(), TestCaseError> {
        let mut setup = Setup::new(false);
        setup.bind_raw(3, SIZE);
        let memory = setup.data(0).to_vec();
        let mut local = vec![0; 4096];
        setup.local.read(0, 0, &mut local).expect("lenient");
        let source = if self.index() == 254 { &local } else { &memory };
        // A read.
        let read = self.run(&mut setup, self.message.masked(mask), addresses, &[]);
        let mut expected = vec![[0xee; 32]; read.len()];
        for lane in (0..self.lanes).filter(|lane| mask >> lane & 1 != 0) {
            for (number, element) in self.elements.iter().enumerate() {
                let at = (number * self.lanes + lane) * self.cell();
                let cell = &mut expected.as_flattened_mut()[at..][..self.cell()];
                cell.fill(0);
                if let Some(place) = self.place(addresses[lane], *element) {
                    cell[..self.bytes].copy_from_slice(&source[place..][..self.bytes]);
                }
            }
        }
        prop_assert_eq!(&read, &expected, "read {:?}", self);
        // A write of other values.
        let data: Vec<[u8; 32]> = (0..read.len())
            .map(|register| std::array::from_fn(|byte| (register * 37 + byte * 5 + 1) as u8))
            .collect();
        self.run(&mut setup, self.write.masked(mask), addresses, &data);
        let mut expected = source.clone();
        for lane in (0..self.lanes).filter(|lane| mask >> lane & 1 != 0) {
            for (number, element) in self.elements.iter().enumerate() {
                let at = (number * self.lanes + lane) * self.cell();
                if let Some(place) = self.place(addresses[lane], *element) {
                    expected[place..][..self.bytes]
                        .copy_from_slice(&data.as_flattened()[at..][..self.bytes]);
                }
            }
        }
        let written = if self.index() == 254 {
            setup.local.read(0, 0, &mut local).expect("lenient");
            local
        } else {
            setup.data(0).to_vec()
        };
        prop_assert!(written == expected, "write {self:?}");
        Ok(())
    }
}

/// Addresses of channels: anywhere, one behind the other, all one, with or without the end in
/// sight.
fn addresses() -> impl Strategy<Value = [u64; 16]> {
    let any = proptest::array::uniform16(0..1280u64);
    let line = (0..1300u64, 0..20u64);
    prop_oneof![
        any.prop_map(|it| it.map(|at| at * 4)),
        line.prop_map(|(begin, step)| std::array::from_fn(|at| begin * 4 + step * 4 * at as u64)),
        (0..1300u64).prop_map(|begin| std::array::from_fn(|at| (begin + at as u64) * 4)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// All kinds read and write what a plain loop does, outside 0 and nothing, and leave alone
    /// what belongs to channels that don't execute.
    #[test]
    fn reads_and_writes(addresses in addresses(), mask in prop_oneof![Just(0xffff), any::<u32>()]) {
        for case in cases() {
            // Addresses in units of the message, aligned as it wants them.
            let unit = case.unit.max(if case.bytes < 4 { 4 / case.bytes as u64 } else { 1 });
            let addresses = addresses.map(|at| at / unit);
            case.check(&addresses, mask)?;
        }
    }
}

/// Neighbouring channels' elements side by side are one access of memory, and so is one address
/// for all.
#[test]
fn neighbours_are_one_access() {
    let mut setup = Setup::new(false);
    setup.bind_raw(3, SIZE);
    let sequence: [u32; 16] = std::array::from_fn(|lane| 64 + lane as u32 * 4);
    let read = Message::data(DataPort1, 1, 0x1e, 3);
    let write = Message::data(DataPort1, 9, 0x1e, 3);
    setup.send(&read, &dwords(&sequence), &[], 2).expect("warm");
    let mut calls = |message: &Message, addresses: &[u32], data: usize| {
        setup.functions.memory().calls = 0;
        let data = vec![[0; 32]; data];
        let answer = if data.is_empty() { 2 } else { 0 };
        setup
            .send(message, &dwords(addresses), &data, answer)
            .expect("a good message");
        setup.functions.memory().calls
    };
    assert_eq!(calls(&read, &sequence, 0), 1);
    assert_eq!(calls(&read, &[64; 16], 0), 1);
    assert_eq!(calls(&write, &sequence, 2), 1);
    assert_eq!(calls(&read.masked(0xff0), &sequence, 0), 1);
    assert_eq!(calls(&write.masked(0xff0), &sequence, 2), 1);
    let vectors = Message::data(DataPort1, 9, 0x10, 3);
    let strided = sequence.map(|at| at * 4);
    assert_eq!(calls(&vectors, &strided, 8), 1);
}

/// A header's sample mask also says which channels of an untyped access execute.
#[test]
fn sample_mask() {
    let mut setup = Setup::new(false);
    setup.bind_raw(3, SIZE);
    let message = Message::data(DataPort1, 1, 0x2e, 3).with_header();
    let mut payload = vec![header(&[(7, 0x0f)])];
    payload.extend(dwords(&[0; 8]));
    let answer = setup.send(&message, &payload, &[], 1).expect("a read");
    assert_ne!(dword(&answer, 3), 0xeeee_eeee);
    assert_eq!(dword(&answer, 4), 0xeeee_eeee);
}

/// A header's dword 5 moves scratch accesses of each channel.
#[test]
fn scratch_header() {
    let mut setup = Setup::new(false);
    let message = Message::data(DataPort0, 3, 2, 253).with_header();
    let mut payload = vec![header(&[(5, (DATA - GENERAL) as u32 | 0x3ff)])];
    payload.extend(dwords(&[5; 8]));
    let answer = setup.send(&message, &payload, &[], 1).expect("a read");
    let expected = u32::from_le_bytes(setup.data(20)[..4].try_into().expect("four"));
    assert_eq!(dword(&answer, 7), expected);
}

/// In strict mode an access behind the end of a surface is found.
#[test]
fn strict_bounds() {
    let mut setup = Setup::new(true);
    setup.bind_raw(3, 64);
    let finding = |surface, write| {
        Trap::Strict(StrictFinding::OutsideSurface {
            surface,
            offset: 64,
            write,
        })
    };
    let inside = dwords(&[0, 4, 8, 12, 16, 20, 24, 60]);
    let outside = dwords(&[0, 4, 8, 12, 16, 20, 24, 64]);
    let read = Message::data(DataPort1, 1, 0x2e, 3);
    let write = Message::data(DataPort1, 9, 0x2e, 3);
    assert!(setup.send(&read, &inside, &[], 1).is_ok());
    assert_eq!(setup.send(&read, &outside, &[], 1), Err(finding(3, false)));
    assert_eq!(
        setup.send(&write, &outside, &[[0; 32]], 0),
        Err(finding(3, true))
    );
    // The channel that would be outside doesn't execute.
    assert!(setup.send(&read.masked(0x7f), &outside, &[], 1).is_ok());
}

/// Intel's compiler sets bit 28 of pointers to shared local memory, so that none is a null pointer.
#[test]
fn bits_above_a_local_offset() {
    let mut setup = Setup::new(false);
    let tagged: [u32; 8] = std::array::from_fn(|lane| 0x1000_0000 + lane as u32 * 4);
    let values: [u32; 8] = std::array::from_fn(|lane| 7 + lane as u32);
    let write = Message::data(DataPort0, 12, 2 << 2, 254);
    setup
        .send(&write, &dwords(&tagged), &dwords(&values), 0)
        .expect("a write");
    let add = Message::data(DataPort1, 2, 0x37, 254);
    setup
        .send(&add, &dwords(&tagged), &dwords(&values), 1)
        .expect("an atomic");
    let read = Message::data(DataPort0, 4, 2 << 2, 254);
    for begin in [0x1000_0000, 0] {
        let addresses: [u32; 8] = std::array::from_fn(|lane| begin + lane as u32 * 4);
        let answer = setup
            .send(&read, &dwords(&addresses), &[], 1)
            .expect("a read");
        assert_eq!(answer, dwords(&values.map(|value| value * 2)));
    }
    let behind = [0x1fff_fffc; 8];
    let answer = setup.send(&read, &dwords(&behind), &[], 1).expect("0");
    assert_eq!(answer, [[0; 32]]);
}

/// A null surface reads as 0.
#[test]
fn null_surface() {
    let mut setup = Setup::new(true);
    setup.bind(3, &crate::shared::surface::tests::state(&[(0, 7 << 29)]));
    let read = Message::data(DataPort1, 1, 0x2e, 3);
    let answer = setup.send(&read, &dwords(&[0; 8]), &[], 1).expect("0");
    assert_eq!(answer, [[0; 32]]);
}
