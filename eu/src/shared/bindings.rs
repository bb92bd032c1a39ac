//! The surfaces of a walk, read from memory when a message first names them.

use crate::memory::Memory;
use crate::shared::Bases;
use crate::shared::surface::{STATE, Surface};
use crate::shared::target::virtual_address;
use crate::trap::Trap;

/// Bindless surfaces that are kept.
const BINDLESS: usize = 64;

/// The surfaces that messages have named.
#[derive(Debug)]
pub(super) struct Bindings {
    surfaces: Vec<Surface>,
    /// For each entry of the binding table, one more than its number among the surfaces, or 0.
    table: [u8; 256],
    /// Bindless ones, by bytes from the base.
    bindless: Vec<(u32, Surface)>,
}

impl Bindings {
    pub(super) fn new() -> Self {
        Self {
            surfaces: Vec::new(),
            table: [0; 256],
            bindless: Vec::new(),
        }
    }

    /// The surface of an entry of the binding table.
    pub(super) fn table<M: Memory>(
        &mut self,
        bases: &Bases,
        memory: &mut M,
        index: u8,
    ) -> Result<&Surface, Trap> {
        let slot = &mut self.table[usize::from(index)];
        if *slot == 0 {
            let entry = bases
                .surface
                .wrapping_add(u64::from(bases.binding_table))
                .wrapping_add(u64::from(index) * 4);
            let state = memory.read_u32(virtual_address(entry) & !3)? & !63;
            let surface = load(memory, bases.surface, state)?;
            self.surfaces.push(surface);
            // There are at most 240 entries.
            *slot = self.surfaces.len() as u8;
        }
        self.surfaces
            .get(usize::from(*slot).wrapping_sub(1))
            .ok_or(Trap::BadMessage("reserved binding table index"))
    }

    /// The surface that an extended descriptor names.
    pub(super) fn bindless<M: Memory>(
        &mut self,
        bases: &Bases,
        memory: &mut M,
        extended: u32,
    ) -> Result<&Surface, Trap> {
        let offset = extended >> 12 << 6;
        let known = self.bindless.iter().position(|(at, _)| *at == offset);
        let number = match known {
            Some(number) => number,
            None => {
                let surface = load(memory, bases.bindless_surface, offset)?;
                if self.bindless.len() >= BINDLESS {
                    self.bindless.clear();
                }
                self.bindless.push((offset, surface));
                self.bindless.len() - 1
            }
        };
        match self.bindless.get(number) {
            Some((_, surface)) => Ok(surface),
            None => Err(Trap::BadMessage("no such surface")),
        }
    }
}

fn load<M: Memory>(memory: &mut M, base: u64, offset: u32) -> Result<Surface, Trap> {
    let mut state = [0; STATE];
    let address = virtual_address(base.wrapping_add(u64::from(offset)));
    memory.read(address, &mut state)?;
    Surface::decode(&state)
}
