//! Operations on dwords: what most of a kernel's instructions are. Those whose operands stand
//! one dword behind the other, or are one for all, are quickest. Written over arrays of 8, 16
//! and 32, which the compiler makes vectors of. All sources are read before anything is written.

use super::compute;
use super::file::{self, RegisterFile};
use super::halves;
use super::mask::{self, predicate};
use super::operand;
use super::products;
use super::rounding::{FloatMode, Rounding};
use crate::isa::{Condition, Opcode};
use crate::kernel::op::{Action, Domain, Half, Lane, Op, Operand, Packed, Target, Where};
use crate::kernel::packed::{extended, is_logical, modified};

/// Executes ops up to the first that is none of these, or that channels may wait for; the first
/// is there already. Returns how many.
#[inline(always)]
pub(super) fn run(file: &mut RegisterFile, mode: FloatMode, ops: &[Op], active: u32) -> usize {
    for (count, op) in ops.iter().enumerate() {
        match op.action {
            Action::Packed(packed) if !op.joins || count == 0 => {
                let enabled = mask::enabled(file, op, active);
                execute(file, mode, op, packed, enabled);
            }
            _ => return count,
        }
    }
    ops.len()
}

/// Executes an op for the channels that are enabled.
#[inline(always)]
pub(super) fn execute(
    file: &mut RegisterFile,
    mode: FloatMode,
    op: &Op,
    packed: Packed,
    enabled: u32,
) {
    match op.exec_size {
        16 => wide::<16>(file, mode, op, packed, enabled),
        32 => wide::<32>(file, mode, op, packed, enabled),
        _ => wide::<8>(file, mode, op, packed, enabled),
    }
}

/// Dwords as they stand in the register file.
pub(super) type Dwords<const N: usize> = [[u8; 4]; N];

/// A bit for each channel.
pub(super) const BITS: [u32; 32] = {
    let mut bits = [0; 32];
    let mut channel = 0;
    while channel < 32 {
        bits[channel] = 1 << channel;
        channel += 1;
    }
    bits
};

/// A source's dwords: where they stand, if they do as they are needed, else in `room`. (Copied
/// in any case they would stay in memory, and an op take twice as long.)
#[inline(always)]
fn source<'a, const N: usize>(
    file: &'a RegisterFile,
    op: &Op,
    packed: Packed,
    number: usize,
    room: &'a mut Dwords<N>,
) -> &'a Dwords<N> {
    match op.lanes[number] {
        Lane::Here(at) => {
            if let Some(dwords) = file.dwords(usize::from(at)) {
                return dwords;
            }
        }
        Lane::Same(at) => *room = [file.read(usize::from(at)); N],
        Lane::Constant(dword) => *room = [dword.to_le_bytes(); N],
        Lane::Accumulator(element) => match file.accumulators_from::<N>(usize::from(element)) {
            Some(elements) => {
                for channel in 0..N {
                    room[channel] = (elements[channel] as u32).to_le_bytes();
                }
            }
            None => gathered(file, &op.sources[number], is_logical(packed), room),
        },
        Lane::Otherwise => gathered(file, &op.sources[number], is_logical(packed), room),
    }
    room
}

/// A source that does not stand one dword behind the other as it is needed.
#[inline(never)]
fn gathered<const N: usize>(
    file: &RegisterFile,
    operand: &Operand,
    logical: bool,
    room: &mut Dwords<N>,
) {
    if stepped(file, operand, room).is_none()
        && let Ok(bits) = operand::bits(file, operand, N)
    {
        // No packed operand is found by an address register, which is all that can be refused.
        for (dword, bits) in room.iter_mut().zip(bits) {
            *dword = extended(bits, operand.kind).to_le_bytes();
        }
    }
    if operand.negate || operand.absolute {
        for dword in room {
            let value = u32::from_le_bytes(*dword);
            *dword = modified(value, operand, logical).to_le_bytes();
        }
    }
}

/// Gathers elements that stand in equal steps, as far as these are whole words.
#[inline(always)]
fn stepped<const N: usize>(
    file: &RegisterFile,
    operand: &Operand,
    room: &mut Dwords<N>,
) -> Option<()> {
    let size = operand.kind.size();
    let (at, step) = match operand.place {
        Where::Unit(at) => (at, size),
        Where::Strided(rows) if rows.vertical == rows.horizontal << rows.width => {
            (rows.at, u32::from(rows.horizontal))
        }
        _ => return None,
    };
    let at = usize::from(at);
    match step {
        2 => {
            let words = file.words::<N>(at)?;
            for channel in 0..N {
                room[channel] = u32::from(u16::from_le_bytes(words[channel])).to_le_bytes();
            }
        }
        4 => *room = *file.dwords(at)?,
        _ => return None,
    }
    if size < 4 {
        // What stands beside the element is shifted out.
        let unused = 32 - 8 * size;
        if operand.kind.is_signed() {
            *room = each(*room, |dword| {
                ((i32::from_le_bytes(dword) << unused) >> unused).to_le_bytes()
            });
        } else {
            *room = each(*room, |dword| {
                ((u32::from_le_bytes(dword) << unused) >> unused).to_le_bytes()
            });
        }
    }
    Some(())
}

#[inline(always)]
pub(super) fn flushed(bits: u32) -> u32 {
    if bits & 0x7f80_0000 == 0 {
        bits & 0x8000_0000
    } else {
        bits
    }
}

/// Puts dwords, or what the target's type has of them, where the results go.
#[inline(always)]
pub(super) fn put<const N: usize>(file: &mut RegisterFile, op: &Op, lanes: [u32; N], enabled: u32) {
    if let Some(at) = op.whole
        && let Some(dwords) = file.dwords_mut::<N>(usize::from(at))
    {
        if enabled == u32::MAX >> (32 - N) {
            for channel in 0..N {
                dwords[channel] = lanes[channel].to_le_bytes();
            }
            return;
        }
        for channel in 0..N {
            let old = u32::from_le_bytes(dwords[channel]);
            let new = if enabled & BITS[channel] != 0 {
                lanes[channel]
            } else {
                old
            };
            dwords[channel] = new.to_le_bytes();
        }
        return;
    }
    scatter(file, op, lanes, enabled);
}

/// [`put`] where results do not stand one dword behind the other. By [`operand::put_target`],
/// whose elements are twice as wide, it would take half as long again.
#[inline(never)]
fn scatter<const N: usize>(file: &mut RegisterFile, op: &Op, lanes: [u32; N], enabled: u32) {
    if let Target::Accumulator {
        element,
        step: 1,
        kind,
    } = op.target
        && enabled == u32::MAX >> (32 - N)
        && let Some(elements) = file.accumulators_from_mut::<N>(usize::from(element))
    {
        if kind.is_signed() {
            *elements = each(lanes, |lane| i64::from(lane as i32));
        } else {
            *elements = each(lanes, i64::from);
        }
        return;
    }
    if put_stepped(file, op, &lanes, enabled).is_some() {
        return;
    }
    let count = usize::from(op.exec_size);
    let channels = lanes[..count.min(N)]
        .iter()
        .enumerate()
        .filter(|(channel, _)| enabled >> channel & 1 != 0);
    match op.target {
        Target::Register { at, step, kind } => {
            for (channel, lane) in channels {
                let at = usize::from(at) + channel * usize::from(step);
                match kind.size() {
                    1 => file.write(at, [*lane as u8]),
                    2 => file.write(at, (*lane as u16).to_le_bytes()),
                    _ => file.set_dword(at, *lane),
                }
            }
        }
        Target::Accumulator {
            element,
            step,
            kind,
        } => {
            for (channel, lane) in channels {
                let element = usize::from(element) + channel * usize::from(step);
                let value = if kind.is_signed() {
                    i64::from(*lane as i32)
                } else {
                    i64::from(*lane)
                };
                file.accumulators[element % file::ACCUMULATORS] = value;
            }
        }
        Target::None | Target::Indirect { .. } => {}
    }
}

/// Puts words and bytes that go where whole words or dwords begin.
#[inline(always)]
fn put_stepped<const N: usize>(
    file: &mut RegisterFile,
    op: &Op,
    lanes: &[u32; N],
    enabled: u32,
) -> Option<()> {
    let Target::Register { at, step, kind } = op.target else {
        return None;
    };
    let at = usize::from(at);
    // What stands beside the element stays.
    let used = u32::MAX >> (32 - 8 * kind.size().min(4));
    match step {
        2 => {
            let words = file.words_mut::<N>(at)?;
            for channel in 0..N {
                let old = u16::from_le_bytes(words[channel]);
                let chosen = if enabled & BITS[channel] != 0 {
                    used as u16
                } else {
                    0
                };
                let new = lanes[channel] as u16 & chosen | old & !chosen;
                words[channel] = new.to_le_bytes();
            }
        }
        4 => {
            let dwords = file.dwords_mut::<N>(at)?;
            for channel in 0..N {
                let old = u32::from_le_bytes(dwords[channel]);
                let chosen = if enabled & BITS[channel] != 0 {
                    used
                } else {
                    0
                };
                dwords[channel] = (lanes[channel] & chosen | old & !chosen).to_le_bytes();
            }
        }
        _ => return None,
    }
    Some(())
}

/// Puts floats where the results go.
#[inline(always)]
pub(super) fn put_floats<const N: usize>(
    file: &mut RegisterFile,
    op: &Op,
    lanes: [f32; N],
    enabled: u32,
    keep: bool,
) {
    if op.saturate {
        return put(file, op, clamped(lanes, keep), enabled);
    }
    if keep {
        return put(file, op, each(lanes, f32::to_bits), enabled);
    }
    let bits = each(lanes, |lane: f32| flushed(lane.to_bits()));
    put(file, op, bits, enabled);
}

/// [`clamp`] of each, denormals kept or not.
#[inline(never)]
fn clamped<const N: usize>(lanes: [f32; N], keep: bool) -> [u32; N] {
    each(lanes, |lane| {
        let bits = clamp(lane).to_bits();
        if keep { bits } else { flushed(bits) }
    })
}

/// A float between 0 and 1; what is not a number becomes 0.
#[inline(always)]
pub(super) fn clamp(lane: f32) -> f32 {
    if lane > 0.0 { lane.min(1.0) } else { 0.0 }
}

/// `f` of each lane. A loop, as `map` may stay a call that is not compiled for the processor's
/// vectors.
#[inline(always)]
pub(super) fn each<T: Copy, U: Copy + Default, const N: usize>(
    a: [T; N],
    f: impl Fn(T) -> U,
) -> [U; N] {
    let mut lanes = [U::default(); N];
    for channel in 0..N {
        lanes[channel] = f(a[channel]);
    }
    lanes
}

/// `f` of each two lanes.
#[inline(always)]
pub(super) fn zip<T: Copy, U: Copy + Default, const N: usize>(
    a: [T; N],
    b: [T; N],
    f: impl Fn(T, T) -> U,
) -> [U; N] {
    let mut lanes = [U::default(); N];
    for channel in 0..N {
        lanes[channel] = f(a[channel], b[channel]);
    }
    lanes
}

/// `f` of each dword.
#[inline(always)]
fn one<T: Copy + Default, const N: usize>(a: &Dwords<N>, f: impl Fn(u32) -> T) -> [T; N] {
    let mut lanes = [T::default(); N];
    for channel in 0..N {
        lanes[channel] = f(u32::from_le_bytes(a[channel]));
    }
    lanes
}

/// `f` of each two dwords.
#[inline(always)]
fn two<T: Copy + Default, const N: usize>(
    a: &Dwords<N>,
    b: &Dwords<N>,
    f: impl Fn(u32, u32) -> T,
) -> [T; N] {
    let mut lanes = [T::default(); N];
    for channel in 0..N {
        let (a, b) = (
            u32::from_le_bytes(a[channel]),
            u32::from_le_bytes(b[channel]),
        );
        lanes[channel] = f(a, b);
    }
    lanes
}

/// `f` of each three dwords.
#[inline(always)]
fn three<T: Copy + Default, const N: usize>(
    a: &Dwords<N>,
    b: &Dwords<N>,
    c: &Dwords<N>,
    f: impl Fn(u32, u32, u32) -> T,
) -> [T; N] {
    let mut lanes = [T::default(); N];
    for channel in 0..N {
        let (a, b) = (
            u32::from_le_bytes(a[channel]),
            u32::from_le_bytes(b[channel]),
        );
        lanes[channel] = f(a, b, u32::from_le_bytes(c[channel]));
    }
    lanes
}

/// Floats as they are computed with, denormals kept or not, as one loop for each.
macro_rules! with_floats {
    ($keep:expr, |$float:ident| $body:expr) => {
        if $keep {
            let $float = f32::from_bits;
            $body
        } else {
            let $float = |bits| f32::from_bits(flushed(bits));
            $body
        }
    };
}

#[inline(always)]
fn to_mask<const N: usize>(holds: [bool; N]) -> u32 {
    let mut mask = 0;
    for channel in 0..N {
        mask |= if holds[channel] { BITS[channel] } else { 0 };
    }
    mask
}

/// Where what two sources compare to holds.
#[inline(always)]
pub(super) fn ordered<T: Copy + PartialOrd, const N: usize>(
    op: &Op,
    a: &Dwords<N>,
    b: &Dwords<N>,
    value: impl Fn(u32) -> T,
) -> u32 {
    match op.condition {
        Some(Condition::Equal) => to_mask(two(a, b, |a, b| value(a) == value(b))),
        Some(Condition::Greater) => to_mask(two(a, b, |a, b| value(a) > value(b))),
        Some(Condition::GreaterOrEqual) => to_mask(two(a, b, |a, b| value(a) >= value(b))),
        Some(Condition::Less) => to_mask(two(a, b, |a, b| value(a) < value(b))),
        Some(Condition::LessOrEqual) => to_mask(two(a, b, |a, b| value(a) <= value(b))),
        _ => to_mask(two(a, b, |a, b| value(a) != value(b))),
    }
}

/// The result of a comparison: flags, and all ones where it holds.
#[inline(always)]
pub(super) fn put_comparison<const N: usize>(
    file: &mut RegisterFile,
    op: &Op,
    holds: u32,
    enabled: u32,
) {
    operand::put_flags(file, op, holds, enabled);
    if op.target != Target::None {
        let mut lanes = [0; N];
        for channel in 0..N {
            lanes[channel] = if holds & BITS[channel] != 0 {
                u32::MAX
            } else {
                0
            };
        }
        put(file, op, lanes, enabled);
    }
}

/// The first where it is chosen, the second elsewhere.
#[inline(always)]
fn chosen<const N: usize>(first: u32, a: &Dwords<N>, b: &Dwords<N>) -> [u32; N] {
    let mut lanes = [0; N];
    for channel in 0..N {
        let (a, b) = (
            u32::from_le_bytes(a[channel]),
            u32::from_le_bytes(b[channel]),
        );
        lanes[channel] = if first & BITS[channel] != 0 { a } else { b };
    }
    lanes
}

/// A result of logic, whose flags say whether it is 0.
#[inline(always)]
fn put_logical<const N: usize>(file: &mut RegisterFile, op: &Op, lanes: [u32; N], enabled: u32) {
    if let Some(condition) = op.condition {
        let zero = condition == Condition::Equal;
        let holds = to_mask(each(lanes, |lane| (lane == 0) == zero));
        operand::put_flags(file, op, holds, enabled);
    }
    put(file, op, lanes, enabled);
}

/// A result and what it carries, which goes to the accumulator.
#[inline(always)]
fn put_carry<const N: usize>(
    file: &mut RegisterFile,
    op: &Op,
    lanes: [u32; N],
    carries: u32,
    enabled: u32,
) {
    for (channel, bit) in BITS[..usize::from(op.exec_size).min(N)].iter().enumerate() {
        if enabled & bit != 0 {
            let carry = i64::from(carries >> channel & 1);
            file.accumulators[operand::accumulator(channel)] = carry;
        }
    }
    put(file, op, lanes, enabled);
}

#[inline(always)]
fn wide<const N: usize>(
    file: &mut RegisterFile,
    mode: FloatMode,
    op: &Op,
    packed: Packed,
    enabled: u32,
) {
    let keep = mode.keep_single;
    let (mut x, mut y, mut z) = ([[0; 4]; N], [[0; 4]; N], [[0; 4]; N]);
    let a = source(file, op, packed, 0, &mut x);
    let b = source(file, op, packed, 1, &mut y);
    let c = source(file, op, packed, 2, &mut z);
    match packed {
        Packed::Move | Packed::MoveFloat => put(file, op, one(a, |a| a), enabled),
        Packed::Not => put_logical(file, op, one(a, |a| !a), enabled),
        Packed::And => put_logical(file, op, two(a, b, |a, b| a & b), enabled),
        Packed::Or => put_logical(file, op, two(a, b, |a, b| a | b), enabled),
        Packed::Xor => put_logical(file, op, two(a, b, |a, b| a ^ b), enabled),
        Packed::Shl => put(file, op, two(a, b, |a, b| a << (b & 31)), enabled),
        Packed::Shr => put(file, op, two(a, b, |a, b| a >> (b & 31)), enabled),
        Packed::Asr => {
            let lanes = two(a, b, |a, b| ((a as i32) >> (b & 31)) as u32);
            put(file, op, lanes, enabled);
        }
        Packed::AddInteger => put(file, op, two(a, b, u32::wrapping_add), enabled),
        Packed::MultiplyInteger => put(file, op, two(a, b, u32::wrapping_mul), enabled),
        Packed::MadInteger => {
            let lanes = three(a, b, c, |a, b, c| a.wrapping_add(b.wrapping_mul(c)));
            put(file, op, lanes, enabled);
        }
        Packed::MultiplyWhole => {
            let whole = products::multiply_whole(a, b, op);
            products::put_whole(file, op, whole, enabled);
        }
        Packed::MultiplyHigh => {
            let whole = products::multiply_high(file, a, b, op);
            products::put_high(file, op, whole, enabled);
        }
        Packed::AddCarry => {
            let carries = to_mask(two(a, b, |a, b| a.wrapping_add(b) < a));
            put_carry(file, op, two(a, b, u32::wrapping_add), carries, enabled);
        }
        Packed::SubtractBorrow => {
            let borrows = to_mask(two(a, b, |a, b| a < b));
            put_carry(file, op, two(a, b, u32::wrapping_sub), borrows, enabled);
        }
        // Bits are moved: nothing is flushed.
        Packed::Select | Packed::SelectFloat => {
            let mask = match op.predicate {
                Some(control) => predicate(file.flags(), op, control),
                None => u32::MAX,
            };
            put(file, op, chosen(mask, a, b), enabled);
        }
        Packed::ChooseInteger => {
            let mask = ordered(op, a, b, |lane| lane as i32);
            put(file, op, chosen(mask, a, b), enabled);
        }
        Packed::ChooseUnsigned => {
            let mask = ordered(op, a, b, |lane| lane);
            put(file, op, chosen(mask, a, b), enabled);
        }
        Packed::ChooseFloat => {
            // Of a number and what is none, the number.
            let nan = to_mask(one(b, |lane| f32::from_bits(lane).is_nan()));
            let mask = with_floats!(keep, |float| ordered(op, a, b, float));
            let mut lanes = chosen(mask | nan, a, b);
            if !keep {
                lanes = each(lanes, flushed);
            }
            put(file, op, lanes, enabled);
        }
        Packed::CompareInteger => {
            let holds = ordered(op, a, b, |lane| lane as i32);
            put_comparison::<N>(file, op, holds, enabled);
        }
        Packed::CompareUnsigned => {
            let holds = ordered(op, a, b, |lane| lane);
            put_comparison::<N>(file, op, holds, enabled);
        }
        Packed::CompareFloat => {
            let holds = with_floats!(keep, |float| ordered(op, a, b, float));
            put_comparison::<N>(file, op, holds, enabled);
        }
        Packed::FloatToInteger => {
            put(
                file,
                op,
                one(a, |a| f32::from_bits(a) as i32 as u32),
                enabled,
            );
        }
        Packed::FloatToUnsigned => {
            put(file, op, one(a, |a| f32::from_bits(a) as u32), enabled);
        }
        Packed::Floor => put_floats(file, op, rounded(a, keep, f32::floor), enabled, keep),
        Packed::Ceil => put_floats(file, op, rounded(a, keep, f32::ceil), enabled, keep),
        Packed::RoundEven => put_floats(
            file,
            op,
            rounded(a, keep, f32::round_ties_even),
            enabled,
            keep,
        ),
        Packed::Truncate => put_floats(file, op, rounded(a, keep, f32::trunc), enabled, keep),
        Packed::Half(Half::Compare) => halves::wide::<N>(file, mode, op, Half::Compare, enabled),
        _ if mode.rounding != Rounding::Nearest => general(file, mode, op, packed, enabled),
        Packed::Half(half) => halves::wide::<N>(file, mode, op, half, enabled),
        Packed::Fraction => {
            let lanes = rounded(a, keep, |lane| {
                if lane.is_finite() {
                    lane - lane.floor()
                } else {
                    f32::NAN
                }
            });
            put_floats(file, op, lanes, enabled, keep);
        }
        Packed::AddFloat => with_floats!(keep, |float| {
            let lanes = two(a, b, |a, b| float(a) + float(b));
            put_floats(file, op, lanes, enabled, keep);
        }),
        Packed::MultiplyFloat => with_floats!(keep, |float| {
            let lanes = two(a, b, |a, b| float(a) * float(b));
            put_floats(file, op, lanes, enabled, keep);
        }),
        Packed::MadFloat => with_floats!(keep, |float| {
            let lanes = three(a, b, c, |a, b, c| float(b).mul_add(float(c), float(a)));
            put_floats(file, op, lanes, enabled, keep);
        }),
        Packed::IntegerToFloat => {
            put_floats(file, op, one(a, |a| a as i32 as f32), enabled, true);
        }
        Packed::UnsignedToFloat => {
            put_floats(file, op, one(a, |a| a as f32), enabled, true);
        }
    }
}

/// A function of one float whose result is exact, or nearly.
#[inline(always)]
fn rounded<const N: usize>(a: &Dwords<N>, keep: bool, f: impl Fn(f32) -> f32) -> [f32; N] {
    one(a, |bits| {
        let bits = if keep { bits } else { flushed(bits) };
        f(f32::from_bits(bits))
    })
}

/// The same op, element by element: in the rounding modes that processors are slow to change.
#[cold]
fn general(file: &mut RegisterFile, mode: FloatMode, op: &Op, packed: Packed, enabled: u32) {
    let (opcode, domain) = match packed {
        Packed::AddFloat | Packed::Half(Half::Add) => (Opcode::Add, Domain::Float),
        Packed::MultiplyFloat | Packed::Half(Half::Multiply) => (Opcode::Mul, Domain::Float),
        Packed::MadFloat | Packed::Half(Half::Mad) => (Opcode::Mad, Domain::Float),
        Packed::Half(Half::Convert) => (Opcode::Mov, Domain::Float),
        Packed::Fraction => (Opcode::Frc, Domain::Float),
        _ => (Opcode::Mov, Domain::Integer),
    };
    // These operands lie inside the register file: nothing to trap for.
    let done = compute::execute(file, mode, op, opcode, domain, enabled);
    debug_assert!(done.is_ok());
}
