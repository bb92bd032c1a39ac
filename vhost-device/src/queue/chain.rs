// SPDX-License-Identifier: Apache-2.0 OR MIT

//! One descriptor chain, taken into owned data.
//!
//! The guest may change its memory at any moment: descriptors and command bytes are read
//! here, once, and nobody looks at them in guest memory again. Knows virtio's rules for
//! chains and nothing of what the bytes mean.

use std::ops::Deref;

use smallvec::SmallVec;
use virtio_queue::DescriptorChain;
use virtio_queue::desc::split::Descriptor;
use vm_memory::{Bytes, GuestAddress, GuestMemory as _, Permissions};

use super::BrokenRing;
use crate::GuestMemory;

/// A descriptor chain: a command's bytes and the room for its reply.
#[derive(Debug, Default)]
pub struct Chain {
    /// The first descriptor's index, by which the chain is given back.
    pub head: u16,
    /// How many descriptors it has.
    pub descriptors: u16,
    /// The device-readable bytes, or the first of them if there are more than asked for.
    pub command: Vec<u8>,
    /// What is wrong with the chain, if it can't carry a command.
    pub fault: Option<&'static str>,
    /// The device-writable pieces.
    reply: SmallVec<[(GuestAddress, u32); 2]>,
}

impl Chain {
    /// Takes a chain of at most `queue_size` descriptors, and at most `limit` readable
    /// bytes of it.
    pub fn take<M>(
        chain: DescriptorChain<M>,
        memory: &GuestMemory,
        queue_size: u16,
        limit: usize,
    ) -> Result<Self, BrokenRing>
    where
        M: Deref<Target = GuestMemory> + Clone,
    {
        let mut taken = Self {
            head: chain.head_index(),
            ..Self::default()
        };
        let mut last: Option<Descriptor> = None;
        let mut readable: SmallVec<[(GuestAddress, u32); 8]> = SmallVec::new();
        for descriptor in chain {
            if taken.descriptors == queue_size {
                return Err(BrokenRing("a chain is longer than its queue"));
            }
            taken.descriptors += 1;
            last = Some(descriptor);
            let piece = (descriptor.addr(), descriptor.len());
            if descriptor.is_write_only() {
                taken.reply.push(piece);
            } else if taken.reply.is_empty() {
                readable.push(piece);
            } else {
                taken.fault = Some("a readable descriptor behind a writable one");
            }
        }
        // The iterator stops without a word at what it can't follow.
        match last {
            None => return Err(BrokenRing("a chain has no descriptor that can be read")),
            Some(last) if last.has_next() => {
                return Err(BrokenRing("a chain loops or leads nowhere"));
            }
            Some(_) => {}
        }
        for &(address, length) in &taken.reply {
            if !memory.check_range(address, length as usize, Permissions::Write) {
                taken.fault = Some("a writable descriptor outside the guest's memory");
                taken.reply.clear();
                break;
            }
        }
        for (address, length) in readable {
            let length = (length as usize).min(limit - taken.command.len());
            if length == 0 {
                continue;
            }
            let start = taken.command.len();
            taken.command.resize(start + length, 0);
            if memory
                .read_slice(&mut taken.command[start..], address)
                .is_err()
            {
                taken.fault = Some("a readable descriptor outside the guest's memory");
                taken.command.clear();
                break;
            }
        }
        Ok(taken)
    }

    /// Bytes of room for a reply.
    pub fn room(&self) -> usize {
        self.reply.iter().fold(0, |room: usize, &(_, length)| {
            room.saturating_add(length as usize)
        })
    }

    /// Lets go of the command's bytes and of room that no reply needs: nobody asks for them
    /// any more, and the chain may be kept for long.
    pub fn forget_command(&mut self, reply: usize) {
        self.command = Vec::new();
        self.reply.retain(|&mut (_, length)| length > 0);
        let mut room = 0;
        let needed = self.reply.iter().position(|&(_, length)| {
            room += length as usize;
            room >= reply
        });
        self.reply
            .truncate(needed.map_or(self.reply.len(), |last| last + 1));
        self.reply.shrink_to_fit();
    }

    /// Writes a reply, or as much of it as there is room for. Returns how many bytes
    /// were written: none if the memory behind the chain is gone.
    pub fn write(&self, memory: &GuestMemory, mut bytes: &[u8]) -> u32 {
        let mut written = 0;
        for &(address, length) in &self.reply {
            let (now, later) = bytes.split_at(bytes.len().min(length as usize));
            if memory.write_slice(now, address).is_err() {
                return 0;
            }
            written += now.len() as u32;
            bytes = later;
            if bytes.is_empty() {
                break;
            }
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_a_chain_is_room_for_the_reply() {
        let memory: GuestMemory = GuestMemory::from_ranges(&[(GuestAddress(0), 0x1000)]).unwrap();
        for (lengths, kept) in [
            (vec![24], 1),
            (vec![1; 100], 24),
            (vec![0, 20, 0, 8, 50], 2),
            (vec![8], 1),
            (vec![], 0),
        ] {
            let mut chain = Chain {
                command: vec![0; 5000],
                ..Chain::default()
            };
            let pieces = lengths.iter().zip(0_u64..);
            chain.reply = pieces
                .map(|(&length, at)| (GuestAddress(64 * at % 0x1000), length))
                .collect();
            let before = chain.write(&memory, &[7; 24]);
            chain.forget_command(24);
            assert_eq!(chain.reply.len(), kept, "{lengths:?}");
            assert_eq!(chain.command.capacity(), 0);
            assert_eq!(chain.write(&memory, &[7; 24]), before, "{lengths:?}");
        }
    }
}
