//! What a kernel's threads are given: arguments and sizes that all have alike, and each one's
//! local ids.

use crate::program::Kernel;

/// Bytes of a register.
const REGISTER: usize = 32;

/// An argument of a kernel.
#[derive(Clone, Copy, Debug)]
pub enum Argument {
    /// A buffer.
    Buffer {
        /// Its GPU address.
        address: u64,
        /// Its bytes.
        length: u64,
    },
    /// A number of 32 bits, passed by value.
    Number(u32),
}

/// A call of a kernel.
#[derive(Clone, Copy, Debug)]
pub struct Launch<'a> {
    /// The kernel.
    pub kernel: &'a Kernel,
    /// What it is given, in the order of its parameters.
    pub arguments: &'a [Argument],
    /// Work-items of a group.
    pub local: [u32; 3],
    /// Groups.
    pub groups: [u32; 3],
}

impl Launch<'_> {
    /// Work-items of a group.
    pub fn items(&self) -> u32 {
        self.local.iter().product()
    }

    /// Threads of a group.
    pub fn threads(&self) -> u32 {
        self.items().div_ceil(self.kernel.simd)
    }

    /// Which channels of a group's last thread have a work-item.
    pub fn last_mask(&self) -> u32 {
        let left = self.items() - (self.threads() - 1) * self.kernel.simd;
        u32::MAX >> (32 - left)
    }

    /// The payload that all threads have alike: whole registers.
    ///
    /// # Panics
    ///
    /// If there are fewer arguments than the kernel has parameters.
    pub fn cross_thread(&self) -> Vec<u8> {
        let pieces = &self.kernel.arguments;
        let end = pieces.iter().map(|it| it.offset + it.size).max();
        let mut bytes = vec![0_u8; end.unwrap_or(0).next_multiple_of(REGISTER)];
        let three = |values: [u32; 3]| values.iter().flat_map(|it| it.to_le_bytes()).collect();
        for piece in pieces {
            let value: Vec<u8> = match piece.kind.as_str() {
                "local_size" | "enqueued_local_size" => three(self.local),
                "group_count" => three(self.groups),
                "global_size" => three([0, 1, 2].map(|axis| self.local[axis] * self.groups[axis])),
                "arg_bypointer" | "arg_byvalue" | "buffer_address" => {
                    match self.arguments[piece.index] {
                        Argument::Buffer { address, .. } => address.to_le_bytes().to_vec(),
                        Argument::Number(number) => number.to_le_bytes().to_vec(),
                    }
                }
                _ => vec![0; piece.size],
            };
            let from = piece.source_offset.min(value.len());
            let value = &value[from..value.len().min(from + piece.size)];
            bytes[piece.offset..piece.offset + value.len()].copy_from_slice(value);
        }
        bytes
    }

    /// A thread's own payload, its local ids: for each axis a row of words.
    pub fn local_ids(&self, thread: u32) -> Vec<u8> {
        let mut ids = vec![0_u8; self.kernel.each_thread as usize];
        let row = (self.kernel.simd.max(16) * 2) as usize;
        let [width, height, _] = self.local;
        for channel in 0..self.kernel.simd {
            let item = thread * self.kernel.simd + channel;
            let position = [item % width, item / width % height, item / width / height];
            for (axis, value) in position.into_iter().enumerate() {
                let at = axis * row + channel as usize * 2;
                if let Some(place) = ids.get_mut(at..at + 2) {
                    place.copy_from_slice(&(value as u16).to_le_bytes());
                }
            }
        }
        ids
    }
}
