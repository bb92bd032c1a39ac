// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The error state's text: what readers take apart, and that it is the same however it is
//! read.

#![allow(clippy::unwrap_used)] // A helper that fails is a test that fails.

use std::fmt::Write;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use virtio_igpu_rules::error_state::{
    ascii85, BufferKind, FixedText, Head, HungEngine, Registers, Section, Tail,
};

/// As `include/linux/ascii85.h` says how it is read.
fn decode(digits: &[u8]) -> u32 {
    let dword = digits
        .iter()
        .fold(0_u64, |dword, digit| dword * 85 + u64::from(digit - b'!'));
    u32::try_from(dword).unwrap()
}

#[test]
fn ascii85_of_known_dwords() {
    assert_eq!(&ascii85(0), b"!!!!!");
    assert_eq!(&ascii85(1), b"!!!!\"");
    assert_eq!(&ascii85(84), b"!!!!u");
    assert_eq!(&ascii85(85), b"!!!\"!");
    assert_eq!(&ascii85(u32::MAX), b"s8W-!");
}

/// Reads a section's text in pieces of `step` bytes.
fn text(section: &Section<'_>, dwords: &[u32], step: usize) -> String {
    let mut text = Vec::new();
    let mut piece = vec![0; step];
    loop {
        let read = section.read(text.len() as u64, &mut piece, |index| {
            dwords[usize::try_from(index).unwrap()]
        });
        if read == 0 {
            break;
        }
        text.extend_from_slice(&piece[..read]);
    }
    assert_eq!(text.len() as u64, section.text_length());
    String::from_utf8(text).unwrap()
}

#[test]
fn a_section_is_two_lines() {
    let section = Section {
        engine: "vecs0",
        kind: BufferKind::User,
        address: 0x1234_5678_9000,
        compressed: true,
        dwords: 2,
    };
    assert_eq!(
        text(&section, &[0, 1], 7),
        "vecs0 --- user = 0x00001234 56789000\n:!!!!!!!!!\"\n"
    );
    let section = Section {
        kind: BufferKind::Batch,
        address: 0x1000,
        compressed: false,
        dwords: 0,
        ..section
    };
    assert_eq!(
        text(&section, &[], 100),
        "vecs0 --- batch = 0x00000000 00001000\n~\n"
    );
}

proptest! {
    #[test]
    fn every_dword_is_read_back(dword in any::<u32>()) {
        let digits = ascii85(dword);
        prop_assert!(digits.iter().all(|digit| (b'!'..=b'u').contains(digit)));
        prop_assert_eq!(decode(&digits), dword);
    }

    #[test]
    fn a_section_is_the_same_in_pieces(
        dwords in vec(any::<u32>(), 0..200),
        address in any::<u64>(),
        compressed in any::<bool>(),
        step in 1..64_usize,
    ) {
        let section = Section {
            engine: "rcs0",
            kind: BufferKind::User,
            address,
            compressed,
            dwords: dwords.len() as u64,
        };
        let whole = text(&section, &dwords, 1 << 16);
        prop_assert_eq!(&text(&section, &dwords, step), &whole);
        let digits = &whole.lines().nth(1).unwrap().as_bytes()[1..];
        let read: Vec<u32> = digits.chunks(5).map(decode).collect();
        prop_assert_eq!(read, dwords);
    }
}

fn head(engine: Option<HungEngine<'_>>) -> Head<'_> {
    Head {
        kernel: ("7.2", "x86_64"),
        time: Duration::from_micros(12_000_034),
        boottime: Duration::from_secs(5),
        uptime: Duration::from_millis(1500),
        reset_count: 3,
        chipset_id: 0x9a49,
        revision: 3,
        graphics_version: 12,
        timestamp_frequency: 19_200_000,
        engine,
    }
}

#[test]
fn the_head_of_a_hang() {
    let engine = HungEngine {
        name: "vcs1",
        class: 2,
        registers: Some(Registers {
            command_address: 0x12_3456_7890,
            command: 0x5fc0_0000,
            fault_address: 0x9abc_def0_1234,
            error: 1,
            done: 0xffff_ffff,
            batch_address: 0x12_3456_0000,
            batch_state: 0x20,
            parser_mode: 0x80,
            nop_id: 0x12_3456,
        }),
        process: "some name",
        pid: 77,
        priority: -5,
        guilty: 1,
        active: 2,
        batch: Some((0x1_0000_0000, 0x2000)),
    };
    let expected = "\
GPU HANG: ecode 12:4:5fc00000, in some name [77]
Kernel: 7.2 x86_64
Time: 12 s 34 us
Boottime: 5 s 0 us
Uptime: 1 s 500000 us
Active process (on ring vcs1): some name [77]
Reset count: 3
PCI ID: 0x9a49
PCI Revision: 0x03
GT awake: yes
CS timestamp frequency: 19200000 Hz, 53 ns
FAULT_TLB_DATA: 0x00000009 0xabcdef01
vcs1 command stream:
  ACTHD: 0x00000012 34567890
  IPEHR: 0x5fc00000
  ESR:   0x00000001
  INSTDONE: 0xffffffff
  batch: [0x00000001_00000000, 0x00000001_00002000]
  BBADDR: 0x00000012_34560000
  BB_STATE: 0x00000020
  INSTPM: 0x00000080
  FADDR: 0x00000012 34567890
  NOPID: 0x00123456
  hung: 1
  Active context: some name[77] prio -5, guilty 1 active 2
";
    assert_eq!(head(Some(engine)).to_string(), expected);

    // What isn't known has no line.
    let engine = HungEngine {
        registers: None,
        batch: None,
        ..engine
    };
    let text = head(Some(engine)).to_string();
    assert!(text.starts_with("GPU HANG: ecode 12:4:00000000, in some name [77]\n"));
    for name in ["ACTHD", "IPEHR", "ESR", "BBADDR", "batch", "FAULT"] {
        assert!(!text.contains(name), "{name}");
    }
}

#[test]
fn the_head_of_nothing() {
    let text = head(None).to_string();
    assert!(text.starts_with("GPU HANG: ecode 12:0:00000000\nKernel: "));
    assert!(!text.contains("command stream"));
    let tail = Tail {
        reset: 2,
        enable_hangcheck: false,
    };
    assert_eq!(tail.to_string(), "i915.reset=2\ni915.enable_hangcheck=no\n");
}

#[test]
fn text_that_does_not_fit_is_cut_off() {
    let mut room = [0; 4];
    let mut text = FixedText::new(&mut room);
    text.write_str("ab").unwrap();
    assert!(text.write_str("cde").is_err());
    assert!(text.write_str("f").is_err());
    assert_eq!(text.length(), 4);
    assert_eq!(&room, b"abcd");
}
