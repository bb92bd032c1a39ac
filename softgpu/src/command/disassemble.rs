//! Printing of batches, made from the command table.

use std::fmt;

use super::{Command, Field, FieldKind, arithmetic, bits, lookup};
use crate::platform::EngineClass;

/// One command of a batch, or one dword that begins none.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    /// Where it stands.
    pub address: u64,
    /// Its dwords, as many of them as there are.
    pub dwords: &'a [u32],
    /// Which command it is.
    pub command: Option<&'static Command>,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = self.dwords.first().copied().unwrap_or(0);
        write!(f, "{:#014x}: {header:08x}  {}", self.address, self.text())
    }
}

/// A [`Line`] without its address and first dword.
struct Text<'a>(&'a Line<'a>);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(line) = self;
        let header = line.dwords.first().copied().unwrap_or(0);
        let Some(command) = line.command else {
            return f.write_str("unknown command");
        };
        f.write_str(command.name)?;
        let stated = command.dwords(header);
        if !command.length_is_valid(stated) {
            write!(f, " (bad length: {stated} dwords)")?;
        } else if stated > line.dwords.len() {
            write!(f, " (cut off: {} of {stated} dwords)", line.dwords.len())?;
        }
        if !command.privilege.allows(line.dwords) {
            f.write_str(" (privileged)")?;
        }
        for field in command.fields {
            line.print(f, field)?;
        }
        Ok(())
    }
}

impl Line<'_> {
    /// The command's name and fields alone.
    pub fn text(&self) -> impl fmt::Display + '_ {
        Text(self)
    }

    fn print(&self, f: &mut fmt::Formatter<'_>, field: &Field) -> fmt::Result {
        let number = usize::from(field.dword);
        let Some(&dword) = self.dwords.get(number) else {
            return Ok(());
        };
        let value = field.extract(dword);
        let name = field.name;
        match field.kind {
            FieldKind::Number => write!(f, ", {name} {value}"),
            FieldKind::Hex => write!(f, ", {name} {value:#x}"),
            FieldKind::Offset => write!(f, ", {name} {:#x}", value << field.low),
            FieldKind::Signed => {
                let unused = 31 - (field.high - field.low);
                write!(f, ", {name} {}", (value << unused) as i32 >> unused)
            }
            FieldKind::Flag | FieldKind::HexIfSet if value == 0 => Ok(()),
            FieldKind::HexIfSet => write!(f, ", {name} {value:#x}"),
            FieldKind::Flag => write!(f, ", {name}"),
            FieldKind::Choice(names) => {
                write!(f, ", {name} {}", names.get(value as usize).unwrap_or(&"?"))
            }
            FieldKind::Address => {
                let low = bits(dword, 31, field.low) << field.low;
                let high = self.dwords.get(number + 1).copied().unwrap_or(0);
                write!(f, ", {name} {:#x}", u64::from(high) << 32 | u64::from(low))
            }
            FieldKind::Rest => {
                write!(f, ", {name}")?;
                self.dwords[number..]
                    .iter()
                    .try_for_each(|dword| write!(f, " {dword:08x}"))
            }
            FieldKind::Registers => self.dwords[number..].chunks(2).try_for_each(|pair| {
                write!(f, ", {name} {:#x}", bits(pair[0], 22, 2) << 2)?;
                pair[1..]
                    .iter()
                    .try_for_each(|value| write!(f, " = {value:08x}"))
            }),
            FieldKind::Arithmetic => {
                write!(f, ",")?;
                self.dwords[number..]
                    .iter()
                    .try_for_each(|&dword| write!(f, " {};", arithmetic::Instruction(dword)))
            }
        }
    }
}

/// The command that begins `dwords`, which stand at `address`. `None`: no dwords.
pub fn line_at(dwords: &[u32], address: u64, class: EngineClass) -> Option<Line<'_>> {
    let &header = dwords.first()?;
    let command = lookup(header, class);
    let length = command.map_or(1, |command| {
        let stated = command.dwords(header);
        // A wrong length leads nowhere: go on with the next dword.
        if command.length_is_valid(stated) {
            stated
        } else {
            1
        }
    });
    Some(Line {
        address,
        dwords: &dwords[..length.clamp(1, dwords.len())],
        command,
    })
}

/// The commands of a batch, one after the other, to the last of its dwords. It follows
/// no jumps.
pub fn disassemble(
    dwords: &[u32],
    address: u64,
    class: EngineClass,
) -> impl Iterator<Item = Line<'_>> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let line = line_at(
            &dwords[done..],
            address.wrapping_add(done as u64 * 4),
            class,
        )?;
        done += line.dwords.len();
        Some(line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(dwords: &[u32], class: EngineClass) -> Vec<String> {
        disassemble(dwords, 0x1000, class)
            .map(|line| line.to_string())
            .collect()
    }

    #[test]
    fn a_batch_is_printed_with_its_fields() {
        let batch = [
            0x1000_0002,
            0x5000,
            0x1,
            42,
            0x1880_0101,
            0x40,
            0,
            0x0500_0000,
        ];
        assert_eq!(
            text(&batch, EngineClass::Render),
            [
                "0x000000001000: 10000002  MI_STORE_DATA_IMM, address 0x100005000, data 0000002a",
                "0x000000001010: 18800101  MI_BATCH_BUFFER_START, space per process, address 0x40",
                "0x00000000101c: 05000000  MI_BATCH_BUFFER_END",
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(
            text(&[0xdead_beef], EngineClass::Copy),
            ["0x000000001000: deadbeef  unknown command"]
        );
        let cut = text(&[0x1000_0002, 0x5000], EngineClass::Copy);
        assert!(cut[0].contains("cut off: 2 of 4 dwords"), "{cut:?}");
        let short = text(&[0x1000_0000, 0x5000], EngineClass::Copy);
        assert!(short[0].contains("bad length: 2 dwords"), "{short:?}");
        // Blits are commands of the copy engine alone.
        assert!(text(&[0x5400_0005], EngineClass::Render)[0].contains("unknown"));
    }

    #[test]
    fn registers_arithmetic_and_privilege_are_told() {
        let batch = [
            0x1108_0003,
            0x600,
            8,
            0x604,
            1, // MI_LOAD_REGISTER_IMM
            0x0d00_0004,
            0x0800_8000,
            0x4810_8400,
            0x1000_0000,
            0x1800_0431,
            0x7ff0_0000, // MI_MATH
            0x1180_0001,
            0x1000,
            5, // MI_UPDATE_GTT
            0x1048_0002,
            0x5000,
            0,
            42, // MI_STORE_DATA_IMM
        ];
        let lines = text(&batch, EngineClass::VideoEnhance);
        let texts: Vec<_> = lines.iter().map(|line| &line[26..]).collect();
        assert_eq!(
            texts,
            [
                "MI_LOAD_REGISTER_IMM, add engine base, write 0x600 = 00000008, write 0x604 = 00000001",
                "MI_MATH, a = r0; b = !0; add; r1 = accumulator; unknown 7ff00000;",
                "MI_UPDATE_GTT (privileged), entry's address 0x1000, entries 00000005",
                "MI_STORE_DATA_IMM (privileged), global, cacheability 0x40, address 0x5000, data 0000002a",
            ]
        );
    }

    #[test]
    fn a_dispatch_as_a_driver_sends_it_is_told() {
        // From a submission of compute-runtime.
        let batch = [
            0x6904_1312,
            0x7004_0000,
            0,
            0x7002_0002,
            0,
            32,
            0,
            0x7105_000d,
            0,
            896,
            0xffbe_f000,
            0x8000_0003,
            0,
            0,
            8,
            0,
            0,
            1,
            0,
            1,
            u32::MAX,
            u32::MAX,
        ];
        let lines = text(&batch, EngineClass::Render);
        let texts: Vec<_> = lines.iter().map(|line| &line[26..]).collect();
        assert_eq!(
            texts[..3],
            [
                "PIPELINE_SELECT, pipeline compute, mask 0x13",
                "MEDIA_STATE_FLUSH, descriptor 0",
                "MEDIA_INTERFACE_DESCRIPTOR_LOAD, bytes 32, offset 0x0",
            ]
        );
        for field in [
            "indirect bytes 896",
            "SIMD 32",
            "last thread X 3",
            "groups X 8",
            "groups Z 1",
        ] {
            assert!(texts[3].contains(field), "{}", texts[3]);
        }
    }

    #[test]
    fn coordinates_have_a_sign() {
        let fill = [0x5430_0005, 0x03f0_0400, 0xfffe_ffff, 0, 0, 0, 7];
        let line = &text(&fill, EngineClass::Copy)[0];
        assert!(line.contains("x1 -1, y1 -2"), "{line}");
        assert!(line.contains("colour 0x7"), "{line}");
    }

    #[test]
    fn any_dwords_can_be_printed() {
        let mut seed = 1_u64;
        let mut next = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 32) as u32
        };
        let classes = [
            EngineClass::Render,
            EngineClass::Copy,
            EngineClass::Video,
            EngineClass::VideoEnhance,
        ];
        for round in 0..1000 {
            let dwords: Vec<u32> = (0..1000).map(|_| next()).collect();
            let printed: usize = disassemble(&dwords, u64::MAX - 100, classes[round % 4])
                .map(|line| {
                    assert!(!line.to_string().is_empty());
                    line.dwords.len()
                })
                .sum();
            assert_eq!(printed, dwords.len());
        }
    }
}
