//! A kernel: machine code decoded once, as the interpreter runs it. May know instructions and
//! how memory is read, and nothing of threads but where registers stand.

mod lower;
pub(crate) mod op;
pub(crate) mod packed;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::isa::{self, Instruction, Opcode};
use crate::memory::Memory;
use crate::trap::Trap;

pub(crate) use lower::NOWHERE;
#[cfg(test)]
pub(crate) use lower::lower as lower_for_tests;
use op::{Action, Op};

/// Most bytes of a kernel that are decoded.
const MOST: u32 = 8 << 20;
/// Bytes that are read at once.
const CHUNK: u32 = 4096;

/// A decoded kernel.
#[derive(Debug)]
pub struct Kernel {
    base: u64,
    start: u32,
    /// In the order of their addresses.
    ops: Vec<Op>,
    /// Index of the op at `start`.
    entry: u32,
    /// The code that was decoded: where each piece begins, from `base`, and its bytes.
    code: Vec<(u32, Vec<u8>)>,
}

impl Kernel {
    /// Decodes all that can be reached from the instruction at `start` bytes behind the
    /// instruction base address `base`. What is no instruction becomes a trap for the thread that
    /// gets there.
    ///
    /// # Errors
    ///
    /// Memory refuses to be read, or there are more than 8 MiB of code.
    pub fn load(memory: &mut impl Memory, base: u64, start: u32) -> Result<Self, Trap> {
        let mut loader = Loader {
            memory,
            base,
            decoded: BTreeMap::new(),
            pages: BTreeMap::new(),
        };
        let mut open = vec![start];
        while let Some(offset) = open.pop() {
            loader.follow(offset, &mut open)?;
        }
        let Loader { decoded, pages, .. } = loader;
        Ok(Self::assemble(base, start, &decoded, &pages))
    }

    /// A kernel of these instructions, one behind the other.
    #[cfg(test)]
    pub(crate) fn of(instructions: &[Instruction]) -> Self {
        let mut offset = 0;
        let mut decoded = BTreeMap::new();
        for instruction in instructions {
            decoded.insert(offset, Some(*instruction));
            offset += instruction.length();
        }
        Self::assemble(0, 0, &decoded, &BTreeMap::new())
    }

    fn assemble(
        base: u64,
        start: u32,
        decoded: &BTreeMap<u32, Option<Instruction>>,
        pages: &BTreeMap<u32, Vec<u8>>,
    ) -> Self {
        let mut ops: Vec<Op> = Vec::with_capacity(decoded.len() + 1);
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for (&offset, instruction) in decoded {
            if let Some(last) = ops.last()
                && last.end != offset
            {
                let end = last.end;
                ops.push(lower::trap(
                    end,
                    end,
                    Trap::OutsideKernel(base.wrapping_add(u64::from(end))),
                ));
            }
            let op = match instruction {
                Some(instruction) => lower::lower(instruction, offset),
                None => lower::trap(
                    offset,
                    offset.saturating_add(isa::NATIVE),
                    Trap::IllegalInstruction,
                ),
            };
            match runs.last_mut() {
                Some((_, end)) if *end == offset => *end = op.end,
                _ => runs.push((offset, op.end)),
            }
            ops.push(op);
        }
        let end = ops.last().map_or(start, |op| op.end);
        ops.push(lower::trap(
            end,
            end,
            Trap::OutsideKernel(base.wrapping_add(u64::from(end))),
        ));
        let mut kernel = Self {
            base,
            start,
            ops,
            entry: 0,
            code: runs
                .iter()
                .map(|&(begin, end)| (begin, read_back(pages, begin, end)))
                .collect(),
        };
        kernel.entry = kernel.index(start).unwrap_or(0);
        kernel.connect(decoded);
        kernel
    }

    /// Finds the ops that branches lead to.
    fn connect(&mut self, decoded: &BTreeMap<u32, Option<Instruction>>) {
        for (&offset, instruction) in decoded {
            let Some(instruction) = instruction else {
                continue;
            };
            let Some(index) = self.index(offset) else {
                continue;
            };
            let target = |distance: Option<i32>| self.index(named(instruction, offset, distance?));
            let jip = target(instruction.jip);
            let mut uip = target(instruction.uip);
            let is_while = |index: u32| {
                let op = self.ops.get(index as usize);
                op.is_some_and(|op| matches!(op.action, Action::Branch(Opcode::While, _)))
            };
            if instruction.opcode == Opcode::Break && uip.is_some_and(is_while) {
                // The loop's end is named; what has left the loop goes on behind it.
                uip = uip.map(|index| index + 1);
            }
            let joins = [jip, uip, Some(index + 1)];
            let op = &mut self.ops[index as usize];
            op.jip = jip.unwrap_or(NOWHERE);
            op.uip = uip.unwrap_or(NOWHERE);
            if matches!(op.action, Action::Branch(..)) {
                for index in joins.into_iter().flatten() {
                    if let Some(op) = self.ops.get_mut(index as usize) {
                        op.joins = true;
                    }
                }
            }
        }
    }

    /// Index of the op at `offset` bytes from the instruction base address.
    pub(crate) fn index(&self, offset: u32) -> Option<u32> {
        let found = self.ops.binary_search_by_key(&offset, |op| op.offset);
        let mut index = found.ok()?;
        // The mark behind a run stands where nothing was decoded.
        while index > 0 && self.ops[index - 1].offset == offset {
            index -= 1;
        }
        Some(index as u32)
    }

    /// The ops.
    #[inline(always)]
    pub(crate) fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// Index of the first op.
    pub(crate) fn entry(&self) -> u32 {
        self.entry
    }

    /// Whether memory still holds the code that was decoded.
    pub fn is_current(&self, memory: &mut impl Memory) -> bool {
        let mut buffer = [0; CHUNK as usize];
        self.code.iter().all(|(begin, bytes)| {
            bytes
                .chunks(CHUNK as usize)
                .enumerate()
                .all(|(number, old)| {
                    let offset = u64::from(*begin) + number as u64 * u64::from(CHUNK);
                    let now = &mut buffer[..old.len()];
                    memory.read(self.base.wrapping_add(offset), now).is_ok() && now == old
                })
        })
    }

    /// Bytes from the instruction base address to the first instruction.
    pub fn start(&self) -> u32 {
        self.start
    }

    /// The instruction base address.
    pub fn base(&self) -> u64 {
        self.base
    }

    /// How many instructions were decoded.
    pub fn len(&self) -> usize {
        self.ops.len()
    }

    /// Whether nothing was decoded.
    pub fn is_empty(&self) -> bool {
        self.code.is_empty()
    }

    /// The code that was decoded: bytes from the instruction base address to each piece, and the
    /// piece.
    pub fn code(&self) -> impl Iterator<Item = (u32, &[u8])> {
        self.code.iter().map(|(begin, bytes)| (*begin, &**bytes))
    }
}

/// The bytes between two offsets, of the pages that were read.
fn read_back(pages: &BTreeMap<u32, Vec<u8>>, begin: u32, end: u32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity((end - begin) as usize);
    let mut at = begin;
    while at < end {
        let page = at / CHUNK;
        let from = (at % CHUNK) as usize;
        let until = if end / CHUNK == page {
            (end % CHUNK) as usize
        } else {
            CHUNK as usize
        };
        match pages.get(&page) {
            Some(page) => bytes.extend_from_slice(&page[from..until]),
            None => break,
        }
        at += (until - from) as u32;
    }
    bytes
}

/// What decodes as far as control flow leads.
struct Loader<'a, M> {
    memory: &'a mut M,
    base: u64,
    /// By offset; none: no instruction.
    decoded: BTreeMap<u32, Option<Instruction>>,
    pages: BTreeMap<u32, Vec<u8>>,
}

impl<M: Memory> Loader<'_, M> {
    /// Decodes from `offset` to where control does not go on; what branches name is added to
    /// `open`.
    fn follow(&mut self, mut offset: u32, open: &mut Vec<u32>) -> Result<(), Trap> {
        loop {
            if self.decoded.contains_key(&offset) {
                return Ok(());
            }
            if self.decoded.len() as u32 >= MOST / isa::NATIVE {
                return Err(Trap::IllegalOperand("a kernel of more than 8 MiB"));
            }
            let bytes = self.fetch(offset)?;
            let Ok(instruction) = isa::decode(&bytes) else {
                self.decoded.insert(offset, None);
                return Ok(());
            };
            self.decoded.insert(offset, Some(instruction));
            for distance in [instruction.jip, instruction.uip].into_iter().flatten() {
                open.push(named(&instruction, offset, distance));
            }
            if ends(&instruction) {
                return Ok(());
            }
            let Some(next) = offset.checked_add(instruction.length()) else {
                return Ok(());
            };
            offset = next;
        }
    }

    /// The sixteen bytes at an offset.
    fn fetch(&mut self, offset: u32) -> Result<[u8; isa::NATIVE as usize], Trap> {
        let mut bytes = [0; isa::NATIVE as usize];
        let mut done = 0;
        while done < bytes.len() {
            let at = offset.wrapping_add(done as u32);
            let rest = &self.page(at / CHUNK)?[(at % CHUNK) as usize..];
            let here = rest.len().min(bytes.len() - done);
            bytes[done..done + here].copy_from_slice(&rest[..here]);
            done += here;
        }
        Ok(bytes)
    }

    /// A page of code, read once.
    fn page(&mut self, number: u32) -> Result<&[u8], Trap> {
        match self.pages.entry(number) {
            Entry::Occupied(page) => Ok(page.into_mut()),
            Entry::Vacant(page) => {
                let mut content = vec![0; CHUNK as usize];
                let address = self.base.wrapping_add(u64::from(number) * u64::from(CHUNK));
                self.memory.read(address, &mut content)?;
                Ok(page.insert(content))
            }
        }
    }
}

/// Where a branch at `offset` leads that names this distance.
fn named(instruction: &Instruction, offset: u32, distance: i32) -> u32 {
    if instruction.opcode == Opcode::Calla {
        distance as u32
    } else {
        offset.wrapping_add_signed(distance)
    }
}

/// Whether control never goes on behind an instruction.
fn ends(instruction: &Instruction) -> bool {
    match instruction.opcode {
        Opcode::Illegal => true,
        Opcode::Send | Opcode::Sendc => instruction
            .message
            .is_some_and(|message| message.end_of_thread),
        Opcode::Jmpi | Opcode::Ret => instruction.predicate.is_none(),
        _ => false,
    }
}
