//! The registers a batch can reach, as data: which there are, on which engines, and
//! how they behave. One set per context and engine, as in the context image; the
//! list is that of i915's non-privileged registers (`gt/intel_workarounds.c`,
//! `i915_cmd_parser.c`) and of what Mesa and compute-runtime load at their start.
//! A write to any other register is dropped, as hardware drops it, and a read of one
//! gives 0.

use super::{Machine, Surroundings};
use crate::blitter::setup::Setup;
use crate::platform::{EngineClass, EngineSet, Platform};

/// First of the sixteen 64-bit general purpose registers, from the engine's base.
pub(crate) const GPR: u32 = 0x600;
/// TIMESTAMP, 64 bits.
pub(crate) const TIMESTAMP: u32 = 0x358;
/// CTX_TIMESTAMP, 32 bits.
const CTX_TIMESTAMP: u32 = 0x3a8;
/// INSTPM: modes of the render engine's command parser.
const INSTPM: u32 = 0x20c0;
/// NOPID: the number of the last MI_NOOP that had one.
const NOPID: u32 = 0x94;
/// Bytes of register space that an engine has from its base on.
const ENGINE_REGISTERS: u32 = 0x4000;
const PREDICATE_RESULT_2: u32 = 0x3bc;
const PREDICATE_SRC0: u32 = 0x400;
const PREDICATE_SRC1: u32 = 0x408;
const PREDICATE_DATA: u32 = 0x410;
const PREDICATE_RESULT: u32 = 0x418;
const PREDICATE_RESULT_1: u32 = 0x41c;
/// Which tile format XY_SRC_COPY_BLT and the like mean by "tiled".
pub(crate) const BCS_SWCTRL: u32 = 0x2_2200;

/// R_PWR_CLK_STATE: which slices, subslices and EUs a context has powered.
const POWER_CLOCK_STATE: u32 = 0x20c8;
/// PS_DEPTH_COUNT of all slices, 64 bits.
const PS_DEPTH_COUNT: u32 = 0x2350;
const CS_CHICKEN1: u32 = 0x2580;
const FF_MODE2: u32 = 0x6604;
const HIZ_CHICKEN: u32 = 0x7018;
const COMMON_SLICE_CHICKEN4: u32 = 0x7300;
const COMMON_SLICE_CHICKEN3: u32 = 0x7304;
const SAMPLER_MODE: u32 = 0xe18c;

/// What a new context's registers hold if not 0, by graphics version: i915's context
/// workarounds (`gt/intel_workarounds.c`: `gen12_ctx_workarounds_init`,
/// `icl_ctx_workarounds_init`).
const DEFAULTS: &[(u8, u32, u32)] = &[
    // GPGPU preemption at thread groups.
    (12, CS_CHICKEN1, 1 << 1),
    // No CPS-aware colour pipe.
    (12, COMMON_SLICE_CHICKEN3, 1 << 9),
    // GS timer 224, TDS timer 128.
    (12, FF_MODE2, 224 << 24 | 4 << 16),
    // No HZ depth test optimisation of less-equal and greater-equal.
    (12, HIZ_CHICKEN, 1 << 13),
    // No TDC load balancing.
    (12, COMMON_SLICE_CHICKEN4, 1 << 6),
    (11, CS_CHICKEN1, 1 << 1),
    // Headerless sampler messages.
    (11, SAMPLER_MODE, 1 << 5),
];

/// Where a register is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    /// From its engine's base.
    Engine,
    /// From 0.
    Global,
}

/// How a register behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Behaviour {
    /// Keeps what is written.
    Plain,
    /// The upper half of what is written says which bits of the lower half count.
    Masked,
    /// Keeps these bits of what is written; the others are not there.
    Bits(u32),
    /// Can be read only: its value comes with the context, or is 0.
    ReadOnly,
    /// Done with at once: reads 0.
    SelfClearing,
}

/// Which graphics versions have a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Versions {
    /// All that the model knows.
    All,
    /// Gen11 alone.
    Eleven,
}

impl Versions {
    const fn contain(self, major: u8) -> bool {
        match self {
            Self::All => true,
            Self::Eleven => major == 11,
        }
    }
}

/// `count` registers of 32 bits, one behind the other.
#[derive(Clone, Copy, Debug)]
struct Stored {
    offset: u32,
    count: u32,
    base: Base,
    engines: EngineSet,
    behaviour: Behaviour,
    versions: Versions,
}

const fn stored(
    base: Base,
    engines: EngineSet,
    behaviour: Behaviour,
    offset: u32,
    count: u32,
) -> Stored {
    Stored {
        offset,
        count,
        base,
        engines,
        behaviour,
        versions: Versions::All,
    }
}

/// A register of the render engine that Gen11 has and Gen12 has not.
const fn stored_on_11(behaviour: Behaviour, offset: u32, count: u32) -> Stored {
    Stored {
        versions: Versions::Eleven,
        ..stored(Global, RENDER, behaviour, offset, count)
    }
}

use Base::{Engine, Global};
use Behaviour::{Bits, Masked, Plain, ReadOnly, SelfClearing};
const ALL: EngineSet = EngineSet::ALL;
const RENDER: EngineSet = EngineSet::RENDER;

/// The registers that keep, or swallow, what is written to them.
static STORED: &[Stored] = &[
    stored(Engine, ALL, Plain, GPR, 32),
    stored(Engine, ALL, Plain, PREDICATE_RESULT_2, 1),
    stored(Engine, ALL, Plain, PREDICATE_SRC0, 6),
    stored(Engine, ALL, Bits(1), PREDICATE_RESULT, 1),
    stored(Engine, ALL, Plain, PREDICATE_RESULT_1, 1),
    stored(Engine, ALL, Plain, NOPID, 1),
    stored(Global, RENDER, Masked, INSTPM, 1),
    stored(Global, RENDER, ReadOnly, POWER_CLOCK_STATE, 1),
    // BB_OFFSET.
    stored(Global, RENDER, Plain, 0x2158, 1),
    // Pipeline statistics: CS; PS and depth by slice, PS counts being multiples of 4.
    stored(Global, RENDER, Plain, 0x2290, 2),
    stored(Global, RENDER, Bits(!3), 0x22c8, 1),
    stored(Global, RENDER, Plain, 0x22cc, 1),
    stored(Global, RENDER, Plain, 0x22d8, 2),
    stored(Global, RENDER, Bits(!3), 0x22f0, 1),
    stored(Global, RENDER, Plain, 0x22f4, 1),
    stored(Global, RENDER, Plain, 0x22f8, 2),
    stored(Global, RENDER, Bits(!3), 0x2448, 1),
    stored(Global, RENDER, Plain, 0x244c, 1),
    stored(Global, RENDER, Plain, 0x2450, 2),
    // HS, DS, IA, VS, GS, CL; then PS and depth of all slices, for reading.
    stored(Global, RENDER, Plain, 0x2300, 18),
    stored(Global, RENDER, ReadOnly, 0x2348, 4),
    // OA_CTX_CONTROL, OACTXID.
    stored(Global, RENDER, Plain, 0x2360, 2),
    // Indirect draw: vertices, instances, start, base.
    stored(Global, RENDER, Plain, 0x2420, 9),
    // Indirect draw: its extended parameters.
    stored(Global, RENDER, Plain, 0x2690, 3),
    // Indirect walker: groups in X, Y, Z.
    stored(Global, RENDER, Plain, 0x2500, 3),
    // CS_CHICKEN1, CS_DEBUG_MODE1 and 2, FF_SLICE chicken, FF_MODE.
    stored(Global, RENDER, Masked, 0x2580, 1),
    stored(Global, RENDER, Masked, 0x2090, 1),
    stored(Global, RENDER, Masked, 0x20d8, 1),
    stored(Global, RENDER, Masked, 0x20e4, 1),
    stored(Global, RENDER, Masked, 0x20ec, 1),
    stored(Global, RENDER, Plain, 0x6604, 1),
    // Auxiliary table bases of each engine, and the registers that invalidate the tables.
    stored(Global, RENDER, Plain, 0x4200, 2),
    stored(Global, EngineSet::VIDEO, Plain, 0x4210, 2),
    stored(Global, EngineSet::VIDEO_ENHANCE, Plain, 0x4230, 2),
    stored(Global, EngineSet::COPY, Plain, 0x4240, 2),
    stored(Global, EngineSet::VIDEO, Plain, 0x4290, 2),
    stored(Global, ALL, SelfClearing, 0x4208, 1),
    stored(Global, ALL, SelfClearing, 0x4218, 1),
    stored(Global, ALL, SelfClearing, 0x4228, 1),
    stored(Global, ALL, SelfClearing, 0x4238, 1),
    stored(Global, ALL, SelfClearing, 0x4248, 1),
    stored(Global, ALL, SelfClearing, 0x4298, 1),
    // Stream output: primitives written and needed, offsets.
    stored(Global, RENDER, Plain, 0x5200, 8),
    stored(Global, RENDER, Plain, 0x5240, 8),
    stored(Global, RENDER, Bits(!3), 0x5280, 4),
    // Cache modes, GT_MODE, and chickens of the common slice.
    stored(Global, RENDER, Masked, 0x7000, 3),
    stored(Global, RENDER, Masked, 0x7010, 1),
    stored(Global, RENDER, Masked, 0x7014, 1),
    stored(Global, RENDER, Masked, 0x7018, 1),
    stored(Global, RENDER, Masked, 0x7300, 2),
    stored(Global, RENDER, Plain, 0xb134, 1),
    stored(Global, RENDER, Plain, 0x0668, 2),
    // SLICE_COMMON_ECO_CHICKEN1, L3_CONFIG, SAMPLER_MODE, HALF_SLICE_CHICKEN7, TD_CTL
    // and TD_CTL2.
    stored_on_11(Masked, 0x731c, 1),
    stored_on_11(Plain, 0x7034, 1),
    stored_on_11(Masked, SAMPLER_MODE, 1),
    stored_on_11(Masked, 0xe194, 1),
    stored_on_11(Bits(0xffff), 0xe400, 1),
    stored_on_11(Plain, 0xe404, 1),
    stored(Global, RENDER, Masked, 0xe420, 1),
    stored(Global, EngineSet::COPY, Masked, BCS_SWCTRL, 1),
    stored(Global, EngineSet::COPY, Plain, 0x2_2204, 1),
];

/// What a register address leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Register {
    /// A word of the file.
    Stored { index: usize, behaviour: Behaviour },
    /// Half of the timestamp counter.
    Timestamp { high: bool },
    /// The context's running time.
    ContextTimestamp,
    /// Nothing a batch may reach.
    None,
}

/// One context's registers on one engine.
#[derive(Clone, Debug)]
pub(crate) struct RegisterFile {
    words: Box<[u32]>,
    changes: u64,
    /// MI_SET_PREDICATE's mode.
    predicate_mode: u8,
    /// What the blitter's setup commands loaded.
    blitter_setup: Setup,
}

impl RegisterFile {
    /// A new context's registers.
    pub(crate) fn new(platform: &Platform) -> Self {
        let words = STORED.iter().map(|stored| stored.count as usize).sum();
        let mut file = Self {
            words: vec![0; words].into_boxed_slice(),
            changes: 0,
            predicate_mode: 0,
            blitter_setup: Setup::default(),
        };
        let version = platform.graphics_version.major;
        for &(of, offset, value) in DEFAULTS {
            if of == version {
                file.set_render(version, offset, value);
            }
        }
        file
    }

    /// Sets a register of the render engine as the context image does.
    fn set_render(&mut self, version: u8, offset: u32, value: u32) {
        if let Some((index, _)) = index_of(Global, offset, EngineClass::Render, version) {
            self.words[index] = value;
        }
    }

    /// Sets what the render engine's R_PWR_CLK_STATE reads.
    pub(crate) fn set_power(&mut self, platform: &Platform, value: u32) {
        self.set_render(platform.graphics_version.major, POWER_CLOCK_STATE, value);
    }

    /// How many writes have changed a register since [`RegisterFile::begin`].
    pub(crate) fn changes(&self) -> u64 {
        self.changes
    }

    /// Starts to count changes anew.
    pub(crate) fn begin(&mut self) {
        self.changes = 0;
    }

    /// One of the sixteen general purpose registers.
    pub(crate) fn gpr(&self, number: usize) -> u64 {
        let low = (number % 16) * 2;
        u64::from(self.words[low]) | u64::from(self.words[low + 1]) << 32
    }

    /// Sets a general purpose register.
    pub(crate) fn set_gpr(&mut self, number: usize, value: u64) {
        self.changes += u64::from(self.gpr(number) != value);
        let low = (number % 16) * 2;
        self.words[low] = value as u32;
        self.words[low + 1] = (value >> 32) as u32;
    }

    /// An engine register that every engine has, by its offset from the base.
    fn common(&mut self, offset: u32) -> &mut u32 {
        let found = index_of(Engine, offset, EngineClass::Render, ANY_VERSION);
        &mut self.words[found.map_or(0, |(index, _)| index)]
    }

    /// The qword at an engine register that every engine has.
    fn common_qword(&mut self, offset: u32) -> u64 {
        u64::from(*self.common(offset)) | u64::from(*self.common(offset + 4)) << 32
    }

    /// MI_PREDICATE's operands: first and second source, and its data register.
    pub(crate) fn predicate_sources(&mut self) -> (u64, u64, u64) {
        (
            self.common_qword(PREDICATE_SRC0),
            self.common_qword(PREDICATE_SRC1),
            self.common_qword(PREDICATE_DATA),
        )
    }

    /// MI_PREDICATE_RESULT's bit.
    pub(crate) fn predicate_result(&mut self) -> bool {
        *self.common(PREDICATE_RESULT) & 1 != 0
    }

    /// Sets MI_PREDICATE_RESULT.
    pub(crate) fn set_predicate_result(&mut self, result: bool) {
        let changed = self.predicate_result() != result;
        self.changes += u64::from(changed);
        *self.common(PREDICATE_RESULT) = u32::from(result);
        *self.common(PREDICATE_RESULT_1) = u32::from(result);
    }

    /// What the render engine's INSTPM holds.
    pub(crate) fn parser_mode(&self) -> u32 {
        index_of(Global, INSTPM, EngineClass::Render, ANY_VERSION)
            .map_or(0, |(index, _)| self.words[index])
    }

    /// What NOPID holds.
    pub(crate) fn nop_id(&mut self) -> u32 {
        *self.common(NOPID)
    }

    /// Sets NOPID.
    pub(crate) fn set_nop_id(&mut self, number: u32) {
        let changed = self.nop_id() != number;
        self.changes += u64::from(changed);
        *self.common(NOPID) = number;
    }

    /// Sets MI_SET_PREDICATE's mode.
    pub(crate) fn set_predicate_mode(&mut self, mode: u8) {
        self.changes += u64::from(self.predicate_mode != mode);
        self.predicate_mode = mode;
    }

    /// Whether commands are now to be skipped.
    #[inline]
    pub(crate) fn predicated_off(&mut self) -> bool {
        self.predicate_mode != 0 && self.evaluate_predicate_mode()
    }

    fn evaluate_predicate_mode(&mut self) -> bool {
        match self.predicate_mode {
            1 => *self.common(PREDICATE_RESULT_2) & 1 == 0,
            2 => *self.common(PREDICATE_RESULT_2) & 1 != 0,
            3 => !self.predicate_result(),
            4 => self.predicate_result(),
            15 => true,
            _ => false,
        }
    }

    /// What the blitter's setup commands loaded.
    pub(crate) fn blitter_setup(&self) -> &Setup {
        &self.blitter_setup
    }

    /// Loads the blitter's state.
    pub(crate) fn set_blitter_setup(&mut self, setup: Setup) {
        self.changes += u64::from(self.blitter_setup != setup);
        self.blitter_setup = setup;
    }

    /// The Y-tiling bits of BCS_SWCTRL.
    pub(crate) fn blitter_control(&self) -> u32 {
        index_of(Global, BCS_SWCTRL, EngineClass::Copy, ANY_VERSION)
            .map_or(0, |(index, _)| self.words[index])
    }
}

/// A graphics version for registers that all have.
const ANY_VERSION: u8 = 12;

/// The word at `offset` from that kind of base, if such an engine has it on a platform of
/// that graphics version.
fn index_of(
    base: Base,
    offset: u32,
    class: EngineClass,
    version: u8,
) -> Option<(usize, Behaviour)> {
    let mut index = 0;
    for stored in STORED {
        let first = stored.offset;
        if stored.base == base
            && stored.engines.contains(class)
            && stored.versions.contain(version)
            && (first..first + stored.count * 4).contains(&offset)
        {
            return Some((index + ((offset - first) / 4) as usize, stored.behaviour));
        }
        index += stored.count as usize;
    }
    None
}

impl Surroundings<'_> {
    /// A register of the class's first engine, moved to this one; any other as it is.
    pub(crate) fn remapped(&self, offset: u32) -> u32 {
        let class = self.engine.id.class;
        let mut engines = self.platform.engines.iter();
        let first = engines.find(|engine| engine.id.class == class);
        match first.and_then(|first| offset.checked_sub(first.mmio_base)) {
            Some(relative) if relative < ENGINE_REGISTERS => self.engine.mmio_base + relative,
            _ => offset,
        }
    }
}

impl Machine<'_> {
    fn register(&self, offset: u32) -> Register {
        let engine = self.around.engine;
        let class = engine.id.class;
        let version = self.around.platform.graphics_version.major;
        // Timestamps of every engine can be read from every engine.
        for other in self.around.platform.engines {
            match offset.wrapping_sub(other.mmio_base) {
                TIMESTAMP => return Register::Timestamp { high: false },
                off if off == TIMESTAMP + 4 => return Register::Timestamp { high: true },
                _ => {}
            }
        }
        if let Some(relative) = offset.checked_sub(engine.mmio_base)
            && relative < 0x1000
        {
            if relative == CTX_TIMESTAMP {
                return Register::ContextTimestamp;
            }
            if let Some((index, behaviour)) = index_of(Engine, relative, class, version) {
                return Register::Stored { index, behaviour };
            }
        }
        index_of(Global, offset, class, version).map_or(Register::None, |(index, behaviour)| {
            Register::Stored { index, behaviour }
        })
    }

    /// Reads 32 bits of register space. The general purpose registers come first in
    /// the file, so that they are found fast.
    pub(crate) fn read_register(&mut self, offset: u32) -> u32 {
        match self.register(offset & !3) {
            Register::Stored {
                index,
                behaviour: Plain | Masked | Bits(_) | ReadOnly,
            } => self.registers.words[index],
            Register::Timestamp { high: false } => self.around.clock.timestamp() as u32,
            Register::Timestamp { high: true } => (self.around.clock.timestamp() >> 32) as u32,
            Register::ContextTimestamp => self.context_timestamp(),
            Register::Stored {
                behaviour: SelfClearing,
                ..
            }
            | Register::None => 0,
        }
    }

    /// Writes 32 bits of register space; what can't be written is dropped and counted.
    pub(crate) fn write_register(&mut self, offset: u32, value: u32) {
        self.write_register_bytes(offset, value, 0);
    }

    /// Writes 32 bits of register space but the bytes whose bits are set in `without`. A
    /// masked register's mask is part of what is written.
    pub(crate) fn write_register_bytes(&mut self, offset: u32, value: u32, without: u32) {
        let written = (0..4)
            .filter(|byte| without >> byte & 1 == 0)
            .fold(0, |mask, byte| mask | 0xff << (byte * 8));
        let Register::Stored { index, behaviour } = self.register(offset & !3) else {
            self.tally.dropped_register_writes += 1;
            return;
        };
        let old = self.registers.words[index];
        let new = match behaviour {
            Plain => old & !written | value & written,
            Bits(bits) => old & !written | value & written & bits,
            ReadOnly => {
                self.tally.dropped_register_writes += 1;
                return;
            }
            Masked => {
                let mask = (value & written) >> 16 & written;
                (old & !mask | value & mask) & 0xffff
            }
            SelfClearing => 0,
        };
        self.registers.words[index] = new;
        self.registers.changes += u64::from(old != new);
    }

    /// A register field with the engine's base added where `add_base` says so.
    pub(crate) fn register_offset(&self, field: u32, add_base: bool) -> u32 {
        let offset = field & 0x007f_fffc;
        if add_base {
            offset.wrapping_add(self.around.engine.mmio_base)
        } else {
            offset
        }
    }

    /// PS_DEPTH_COUNT: pixels that passed the depth test.
    pub(crate) fn depth_count(&mut self) -> u64 {
        let low = self.read_register(PS_DEPTH_COUNT);
        u64::from(self.read_register(PS_DEPTH_COUNT + 4)) << 32 | u64::from(low)
    }
}

/// How many bytes of host memory one set of registers takes.
#[cfg(test)]
pub(crate) fn bytes() -> usize {
    STORED.iter().map(|stored| stored.count as usize * 4).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_do_not_overlap_and_stay_small() {
        for (number, one) in STORED.iter().enumerate() {
            for other in &STORED[number + 1..] {
                if one.base == other.base {
                    let end = |stored: &Stored| stored.offset + stored.count * 4;
                    assert!(
                        end(one) <= other.offset || end(other) <= one.offset,
                        "{other:?}"
                    );
                }
            }
        }
        assert!(bytes() < 1024);
    }

    #[test]
    fn the_general_purpose_registers_stand_first() {
        assert_eq!(
            index_of(Engine, GPR, EngineClass::VideoEnhance, 12)
                .unwrap()
                .0,
            0
        );
    }
}
