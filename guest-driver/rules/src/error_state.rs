// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The error state's text, as `i915_gpu_error.c` writes it and its readers (IGT,
//! `intel_error_decode`, Mesa's `aubinator_error_decode`) take it apart: a head of
//! `name: value` lines, what is known of the engine that hung, then the contents of
//! memory, a section for each buffer. Registers that the device doesn't report have no
//! line.

use core::fmt;
use core::time::Duration;

/// Characters of a dword in ASCII85. The short form `z` of a zero isn't used: so the place
/// of every dword in the text is known.
pub const ASCII85_BYTES: usize = 5;

/// A dword in ASCII85 (`ascii85_encode`): base 85, most significant digit first, from `!`.
pub fn ascii85(dword: u32) -> [u8; ASCII85_BYTES] {
    let mut digits = [0; ASCII85_BYTES];
    let mut rest = dword;
    for digit in digits.iter_mut().rev() {
        *digit = b'!' + (rest % 85) as u8;
        rest /= 85;
    }
    digits
}

/// What is known of an engine that hung, from the device's report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registers {
    /// GPU address of the command it stopped at (ACTHD).
    pub command_address: u64,
    /// That command's first dword (IPEHR).
    pub command: u32,
    /// The GPU address whose access failed, or zero.
    pub fault_address: u64,
    /// What the command parser reports (ESR).
    pub error: u32,
    /// The units that have nothing to do (INSTDONE).
    pub done: u32,
    /// GPU address where the first-level batch is (BBADDR).
    pub batch_address: u64,
    /// Which address space the batch lies in (BB_STATE).
    pub batch_state: u32,
    /// The command parser's modes (INSTPM).
    pub parser_mode: u32,
    /// The number of the last MI_NOOP that had one (NOPID).
    pub nop_id: u32,
}

/// The engine that hung, and whose work it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HungEngine<'a> {
    /// As i915 names it: `rcs0`.
    pub name: &'a str,
    /// `enum drm_i915_gem_engine_class`.
    pub class: u16,
    /// What the device has reported; none if its report was lost.
    pub registers: Option<Registers>,
    /// The name of the process that made the context.
    pub process: &'a str,
    /// Its number.
    pub pid: i32,
    /// The context's scheduling priority.
    pub priority: i32,
    /// The context's hangs before this one.
    pub guilty: u32,
    /// Submissions it has lost to others' resets.
    pub active: u32,
    /// The first batch's mapping, if it was captured: its address and bytes.
    pub batch: Option<(u64, u64)>,
}

/// The text in front of the buffers (`__err_print_to_sgl`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head<'a> {
    /// The kernel's release and machine.
    pub kernel: (&'a str, &'a str),
    /// Since 1970.
    pub time: Duration,
    /// Since the machine was started.
    pub boottime: Duration,
    /// Since the driver was.
    pub uptime: Duration,
    /// Resets of the whole device.
    pub reset_count: u32,
    /// PCI device id that the platform stands for.
    pub chipset_id: u16,
    /// Its revision.
    pub revision: u8,
    /// 12 for Tiger Lake.
    pub graphics_version: u16,
    /// Of the command streamer, in Hz.
    pub timestamp_frequency: u32,
    /// What hung; none when the state was asked for (`i915_wedged`) with nothing running.
    pub engine: Option<HungEngine<'a>>,
}

struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s {} us", self.0.as_secs(), self.0.subsec_micros())
    }
}

/// 64 bits as i915 writes addresses: the halves, with this between them.
struct Halves(u64, char);

impl fmt::Display for Halves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(value, between) = self;
        write!(f, "0x{:08x}{between}{:08x}", value >> 32, *value as u32)
    }
}

impl fmt::Display for Head<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `error_msg`, `generate_ecode`: the engine's class as a mask, and IPEHR.
        let classes = self.engine.map_or(0, |engine| 1u32 << (engine.class & 31));
        let registers = self.engine.and_then(|engine| engine.registers);
        let code = registers.map_or(0, |registers| registers.command);
        let version = self.graphics_version;
        write!(f, "GPU HANG: ecode {version}:{classes:x}:{code:08x}")?;
        if let Some(engine) = &self.engine {
            write!(f, ", in {} [{}]", engine.process, engine.pid)?;
        }
        writeln!(f, "\nKernel: {} {}", self.kernel.0, self.kernel.1)?;
        writeln!(f, "Time: {}", Seconds(self.time))?;
        writeln!(f, "Boottime: {}", Seconds(self.boottime))?;
        writeln!(f, "Uptime: {}", Seconds(self.uptime))?;
        if let Some(engine) = &self.engine {
            let HungEngine {
                name, process, pid, ..
            } = engine;
            writeln!(f, "Active process (on ring {name}): {process} [{pid}]")?;
        }
        writeln!(f, "Reset count: {}", self.reset_count)?;
        writeln!(f, "PCI ID: 0x{:04x}", self.chipset_id)?;
        writeln!(f, "PCI Revision: 0x{:02x}", self.revision)?;
        writeln!(f, "GT awake: yes")?;
        let frequency = self.timestamp_frequency;
        let period = 1_000_000_000u32.div_ceil(frequency.max(1));
        writeln!(f, "CS timestamp frequency: {frequency} Hz, {period} ns")?;
        if let Some(fault) = registers.map(|registers| registers.fault_address) {
            if fault != 0 {
                // GEN12_FAULT_TLB_DATA1 and 0: bits 47 to 44 and 43 to 12.
                let (high, low) = ((fault >> 44) & 0xf, (fault >> 12) as u32);
                writeln!(f, "FAULT_TLB_DATA: 0x{high:08x} 0x{low:08x}")?;
            }
        }
        match &self.engine {
            Some(engine) => engine.fmt(f),
            None => Ok(()),
        }
    }
}

impl fmt::Display for HungEngine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} command stream:", self.name)?;
        if let Some(registers) = &self.registers {
            writeln!(f, "  ACTHD: {}", Halves(registers.command_address, ' '))?;
            writeln!(f, "  IPEHR: 0x{:08x}", registers.command)?;
            writeln!(f, "  ESR:   0x{:08x}", registers.error)?;
            writeln!(f, "  INSTDONE: 0x{:08x}", registers.done)?;
        }
        if let Some((start, length)) = self.batch {
            let end = start.saturating_add(length);
            writeln!(f, "  batch: [{}, {}]", Halves(start, '_'), Halves(end, '_'))?;
        }
        if let Some(registers) = &self.registers {
            writeln!(f, "  BBADDR: {}", Halves(registers.batch_address, '_'))?;
            writeln!(f, "  BB_STATE: 0x{:08x}", registers.batch_state)?;
            writeln!(f, "  INSTPM: 0x{:08x}", registers.parser_mode)?;
            // What was being fetched: the command it stopped at.
            writeln!(f, "  FADDR: {}", Halves(registers.command_address, ' '))?;
            writeln!(f, "  NOPID: 0x{:08x}", registers.nop_id)?;
        }
        writeln!(f, "  hung: 1")?;
        writeln!(
            f,
            "  Active context: {}[{}] prio {}, guilty {} active {}",
            self.process, self.pid, self.priority, self.guilty, self.active
        )
    }
}

/// The text behind the buffers: i915's parameters (`i915_params_dump`), those that are here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tail {
    /// `reset`.
    pub reset: u32,
    /// `enable_hangcheck`.
    pub enable_hangcheck: bool,
}

impl fmt::Display for Tail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hangcheck = if self.enable_hangcheck { "yes" } else { "no" };
        writeln!(f, "i915.reset={}", self.reset)?;
        writeln!(f, "i915.enable_hangcheck={hangcheck}")
    }
}

/// What a buffer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BufferKind {
    /// Userspace asked for it.
    User,
    /// The submission's batch lies in it.
    Batch,
}

impl BufferKind {
    /// As readers know it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Batch => "batch",
        }
    }
}

/// A buffer's section (`intel_gpu_error_print_vma`): a line that says what it is, and one
/// with its contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section<'a> {
    /// The engine's name.
    pub engine: &'a str,
    /// What the buffer is.
    pub kind: BufferKind,
    /// Its GPU address.
    pub address: u64,
    /// Whether the dwords are a zlib stream, or the contents themselves.
    pub compressed: bool,
    /// Dwords of contents.
    pub dwords: u64,
}

/// Most bytes of a section's text in front of the dwords.
const SECTION_HEAD: usize = 96;

impl Section<'_> {
    /// The text in front of the dwords.
    fn head(&self) -> ([u8; SECTION_HEAD], usize) {
        let mut head = [0; SECTION_HEAD];
        let mut text = FixedText::new(&mut head);
        let marker = if self.compressed { ':' } else { '~' };
        // Engines' names have no more than a few letters: it fits.
        let _ = fmt::write(
            &mut text,
            format_args!(
                "{} --- {} = {}\n{marker}",
                self.engine,
                self.kind.name(),
                Halves(self.address, ' ')
            ),
        );
        let length = text.length();
        (head, length)
    }

    /// Bytes of text.
    pub fn text_length(&self) -> u64 {
        let (_, head) = self.head();
        head as u64 + self.dwords * ASCII85_BYTES as u64 + 1
    }

    /// Writes the text from its byte `from` on into `out`, as much as there is room for,
    /// and says how much that was. `dword` gives a dword of the contents.
    pub fn read(&self, from: u64, out: &mut [u8], mut dword: impl FnMut(u64) -> u32) -> usize {
        let (head, head_length) = self.head();
        let head_length = head_length as u64;
        let digits_end = head_length + self.dwords * ASCII85_BYTES as u64;
        let mut at = from;
        let mut done = 0;
        while let Some(rest) = out.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let mut part = |text: &[u8], skip: u64| {
                let text = text.get(skip as usize..).unwrap_or(&[]);
                let length = text.len().min(rest.len());
                rest[..length].copy_from_slice(&text[..length]);
                length
            };
            let length = if at < head_length {
                part(&head[..head_length as usize], at)
            } else if at < digits_end {
                let index = (at - head_length) / ASCII85_BYTES as u64;
                let skip = (at - head_length) % ASCII85_BYTES as u64;
                part(&ascii85(dword(index)), skip)
            } else if at == digits_end {
                part(b"\n", 0)
            } else {
                break;
            };
            at += length as u64;
            done += length;
        }
        done
    }
}

/// Text in room that was there before. What doesn't fit is an error and cut off.
pub struct FixedText<'a> {
    room: &'a mut [u8],
    length: usize,
}

impl<'a> FixedText<'a> {
    /// Nothing yet.
    pub fn new(room: &'a mut [u8]) -> Self {
        Self { room, length: 0 }
    }

    /// Bytes written.
    pub fn length(&self) -> usize {
        self.length
    }
}

impl fmt::Write for FixedText<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.room.get_mut(self.length..).unwrap_or(&mut []);
        let length = text.len().min(room.len());
        room[..length].copy_from_slice(&text.as_bytes()[..length]);
        self.length += length;
        if length == text.len() {
            Ok(())
        } else {
            Err(fmt::Error)
        }
    }
}
