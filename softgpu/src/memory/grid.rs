//! Copies of what lies in rows and columns of pieces of 16 bytes, in one order here and in
//! another there: straight from one to the other, so that memory is read once and written
//! once.

use super::{Window, holds};

/// Bytes of a piece.
pub(crate) const PIECE: usize = 16;
/// Pieces of a line of the processor's caches.
const LINE: usize = 4;
/// Columns after which the next rows are copied, before the columns behind: a part of the
/// rows that stays in the nearest cache.
const ACROSS: usize = 32;

/// A piece, as the processor moves it: in one access or in several.
type Piece = [u8; PIECE];

/// Pieces in rows and columns: those of a column lie as many bytes into the rows' windows
/// as `columns` says. Offsets need no alignment and may come more than once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid<'a> {
    /// The memory of each row.
    pub(crate) rows: &'a [Window<'a>],
    /// Offset of each column, in bytes.
    pub(crate) columns: &'a [u32],
}

impl Grid<'_> {
    /// Whether every piece lies inside its row's window.
    fn is_sound(&self) -> bool {
        let Some(&last) = self.columns.iter().max() else {
            return true;
        };
        let inside = |row: &Window<'_>| holds(row.length, last as usize, PIECE);
        self.rows.iter().all(inside)
    }

    /// Whether a line of the processor's caches is a part of a column, not of a row.
    fn goes_down(&self) -> bool {
        match *self.columns {
            [first, second, ..] => second != first.wrapping_add(PIECE as u32),
            _ => true,
        }
    }

    /// Whether all pieces are aligned, and the rows to lines.
    fn is_aligned(&self) -> bool {
        let line = |row: &Window<'_>| row.pointer.addr().is_multiple_of(LINE * PIECE);
        let piece = |row: &Window<'_>| row.pointer.addr().is_multiple_of(PIECE);
        let offset = |&column: &u32| (column as usize).is_multiple_of(PIECE);
        let step = if self.goes_down() { LINE } else { 1 };
        self.rows.iter().all(piece)
            && self.rows.iter().step_by(step).all(line)
            && self.columns.iter().all(offset)
    }
}

/// Copies each piece of `from` to the piece of `to` in the same row and column. In which
/// order, where they overlap, is nobody's business. `past_caches`: what is written will not
/// be read soon. `false`: they have not the same rows and columns, or pieces lie outside
/// their windows, and nothing was done.
#[must_use]
pub(crate) fn copy(from: Grid<'_>, to: Grid<'_>, past_caches: bool) -> bool {
    let same = from.rows.len() == to.rows.len() && from.columns.len() == to.columns.len();
    if !same || !from.is_sound() || !to.is_sound() {
        return false;
    }
    let copy_all = match (to.goes_down(), past_caches && to.is_aligned()) {
        (false, false) => copy_all::<false, false>,
        (false, true) => copy_all::<false, true>,
        (true, false) => copy_all::<true, false>,
        (true, true) => copy_all::<true, true>,
    };
    // SAFETY: the grids have the same rows and columns, every piece lies inside its row's
    // window, as `is_sound` says, and those of `to` are aligned where `is_aligned` says so.
    unsafe { copy_all(from, to) };
    true
}

/// Copies all pieces; line by line, if `DOWN` says whether lines are parts of columns.
///
/// # Safety
/// The grids must have as many rows and columns as each other, and every piece must lie
/// inside its row's window; if `PAST`, those of `to` must be aligned.
unsafe fn copy_all<const DOWN: bool, const PAST: bool>(from: Grid<'_>, to: Grid<'_>) {
    let columns = from.columns.chunks(ACROSS).zip(to.columns.chunks(ACROSS));
    let together = if DOWN { LINE } else { 1 };
    for (from_columns, to_columns) in columns {
        let rows = from.rows.chunks(together).zip(to.rows.chunks(together));
        for (from_rows, to_rows) in rows {
            for column in from_columns.iter().zip(to_columns) {
                for row in from_rows.iter().zip(to_rows) {
                    // SAFETY: the caller vouches for all pieces.
                    unsafe { copy_piece::<PAST>(row, column) };
                }
            }
        }
    }
    if PAST {
        settle();
    }
}

/// Copies a piece.
///
/// # Safety
/// It must lie inside both windows, and be aligned there if `PAST`.
#[inline(always)]
unsafe fn copy_piece<const PAST: bool>(
    (from, to): (&Window<'_>, &Window<'_>),
    (&from_column, &to_column): (&u32, &u32),
) {
    let from = from.pointer.wrapping_add(from_column as usize);
    let to = to.pointer.wrapping_add(to_column as usize);
    // SAFETY: these bytes lie inside a window, which `locate` vouched for and whose memory
    // outlives it; an array of bytes has no alignment.
    let piece = unsafe { from.cast::<Piece>().read() };
    if PAST {
        // SAFETY: as above, and the caller vouches for the alignment.
        unsafe { store_past_caches(to, piece) };
    } else {
        // SAFETY: as above.
        unsafe { to.cast::<Piece>().write(piece) };
    }
}

/// Stores a piece so that the processor need not read the line that it is a part of, if the
/// line's others follow.
///
/// # Safety
/// `to` must be aligned to a piece and valid for writes of one, to which no reference is.
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[inline(always)]
unsafe fn store_past_caches(to: *mut u8, piece: Piece) {
    use std::arch::x86_64::{__m128i, _mm_stream_si128};
    // SAFETY: any 16 bytes are such a value.
    let piece = unsafe { std::mem::transmute::<Piece, __m128i>(piece) };
    // SAFETY: the caller vouches for the bytes and their alignment. Who reads them before
    // `settle` sees the bytes before or after, as with all writes here.
    unsafe {
        _mm_stream_si128(to.cast(), piece);
    }
}

/// Orders what was stored past the caches before what is stored next.
#[cfg(all(target_arch = "x86_64", not(miri)))]
fn settle() {
    // SAFETY: every such processor has the instruction, which does nothing else.
    unsafe { std::arch::x86_64::_mm_sfence() };
}

/// The same for other processors, and for Miri, which knows no instructions.
///
/// # Safety
/// As above.
#[cfg(not(all(target_arch = "x86_64", not(miri))))]
unsafe fn store_past_caches(to: *mut u8, piece: Piece) {
    // SAFETY: the caller vouches for the bytes; an array of bytes has no alignment.
    unsafe { to.cast::<Piece>().write(piece) };
}

/// The same for other processors: stores are in order as it is.
#[cfg(not(all(target_arch = "x86_64", not(miri))))]
fn settle() {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Memory;

    const BASE: u64 = 0x10_000;
    const LENGTH: u64 = 0x8000;

    fn bytes() -> Vec<u8> {
        (0..LENGTH).map(|at| (at * 7 % 251) as u8).collect()
    }

    fn memory(bytes: &[u8]) -> Memory {
        let memory = Memory::owned(BASE, LENGTH).unwrap();
        memory.write(BASE, bytes).unwrap();
        memory
    }

    fn contents(memory: &Memory) -> Vec<u8> {
        let mut out = vec![0; LENGTH as usize];
        memory.read(BASE, &mut out).unwrap();
        out
    }

    /// Places of rows and columns, in bytes.
    struct Places {
        rows: Vec<u64>,
        columns: Vec<u32>,
    }

    impl Places {
        fn new(start: u64, rows: (u64, u64), columns: (u32, u32)) -> Self {
            Self {
                rows: (0..rows.0).map(|row| start + row * rows.1).collect(),
                columns: (0..columns.0).map(|column| column * columns.1).collect(),
            }
        }

        /// Windows that hold the columns, less so many bytes.
        fn windows<'a>(&self, memory: &'a Memory, less: u64) -> Vec<Window<'a>> {
            let last = self.columns.iter().max().map_or(0, |&last| last + 16);
            let window = |&row| memory.window(BASE + row, u64::from(last) - less).unwrap();
            self.rows.iter().map(window).collect()
        }
    }

    #[test]
    fn every_piece_comes_where_it_belongs() {
        let (bytes, far) = (bytes(), 0x4000);
        for (rows, columns) in [(1, 1), (3, 5), (4, 4), (8, 8), (9, 33), (0, 3), (3, 0)] {
            // Side by side, one below the other, and the first two off every alignment.
            let along = |start| Places::new(start, (rows, 1024), (columns, 16));
            let down = |start| Places::new(start, (rows, 16), (columns, 256));
            for (from, to) in [
                (along(0), down(far)),
                (down(0), along(far)),
                (along(3), down(far + 48)),
                (down(32), along(far + 5)),
                (along(16), along(far)),
                (down(0), down(far + 16)),
            ] {
                for past_caches in [false, true] {
                    let (memory, mut expected) = (memory(&bytes), bytes.clone());
                    for (from_row, to_row) in from.rows.iter().zip(&to.rows) {
                        for (from_column, to_column) in from.columns.iter().zip(&to.columns) {
                            let at = (from_row + u64::from(*from_column)) as usize;
                            let to = (to_row + u64::from(*to_column)) as usize;
                            expected.copy_within(at..at + PIECE, to);
                        }
                    }
                    let [from_rows, to_rows] = [&from, &to].map(|side| side.windows(&memory, 0));
                    let from = Grid {
                        rows: &from_rows,
                        columns: &from.columns,
                    };
                    let to = Grid {
                        rows: &to_rows,
                        columns: &to.columns,
                    };
                    assert!(copy(from, to, past_caches));
                    assert!(contents(&memory) == expected, "{from:?} to {to:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_outside_a_window_is_not_touched() {
        let bytes = bytes();
        let memory = memory(&bytes);
        let places = Places::new(0, (4, 512), (4, 64));
        let there = Places::new(0x4000, (4, 16), (4, 256));
        let (whole, short) = (places.windows(&memory, 0), places.windows(&memory, 1));
        let (to_whole, to_short) = (there.windows(&memory, 0), there.windows(&memory, 1));
        let mut last_short = to_whole.clone();
        last_short[3] = to_short[3];
        for (from, to) in [
            (&short, &to_whole),
            (&whole, &to_short),
            (&whole, &last_short),
        ] {
            let from = Grid {
                rows: from,
                columns: &places.columns,
            };
            let to = Grid {
                rows: to,
                columns: &there.columns,
            };
            assert!(!copy(from, to, false) && !copy(from, to, true));
        }
        let grid = |rows, columns| Grid { rows, columns };
        let from = grid(&whole, &places.columns);
        for to in [
            grid(&to_whole[..3], &there.columns),
            grid(&to_whole, &there.columns[..3]),
            grid(&to_whole, &[0, 256, u32::MAX, 512]),
        ] {
            assert!(!copy(from, to, false));
        }
        assert!(contents(&memory) == bytes);
    }
}
