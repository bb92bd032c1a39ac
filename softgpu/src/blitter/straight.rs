//! Copies straight from one layout to another, in pieces that lie together in both. Nothing
//! here knows commands.

use super::surface::{Block, Surface};
use super::tile::COLUMN;
use crate::memory::{Grid, PIECE, Window, copy_grid};
use crate::view::View;

const _: () = assert!(PIECE == COLUMN as usize);

/// Bytes of a copy from which on what is written first is gone from the nearer caches before
/// the copy has ended.
const PAST_CACHES: usize = 4 << 20;

/// Where a block's pieces lie; kept from block to block for its room.
#[derive(Default)]
struct Side<'a> {
    rows: Vec<Window<'a>>,
    columns: Vec<u32>,
}

impl<'a> Side<'a> {
    /// Finds the pieces of a block. `false`: it does not consist of whole ones, or a row of
    /// it does not lie in one mapping of memory, or may not be written.
    fn find(
        &mut self,
        view: &mut View<'a>,
        surface: &Surface,
        block: Block,
        written: bool,
    ) -> bool {
        self.rows.clear();
        if !surface.columns(block, &mut self.columns) {
            return false;
        }
        let length = self.columns.last().map_or(0, |&last| last + COLUMN);
        for row in 0..block.height {
            let (address, _) = surface.locate(block.x, block.y + row);
            let Some(window) = view.range(address, length.into(), written) else {
                return false;
            };
            self.rows.push(window);
        }
        true
    }

    fn grid(&self) -> Grid<'_> {
        Grid {
            rows: &self.rows,
            columns: &self.columns,
        }
    }
}

/// Copies blocks that don't overlap.
pub(super) struct Straight<'a> {
    from: Side<'a>,
    to: Side<'a>,
    past_caches: bool,
}

impl<'a> Straight<'a> {
    /// For the blocks of a copy of so many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            from: Side::default(),
            to: Side::default(),
            past_caches: bytes >= PAST_CACHES,
        }
    }

    /// Copies a block. `false`: it can't be copied in this way, and nothing was done.
    pub(super) fn copy(
        &mut self,
        view: &mut View<'a>,
        (from, from_block): (&Surface, Block),
        (to, to_block): (&Surface, Block),
    ) -> bool {
        self.from.find(view, from, from_block, false)
            && self.to.find(view, to, to_block, true)
            && copy_grid(self.from.grid(), self.to.grid(), self.past_caches)
    }
}
