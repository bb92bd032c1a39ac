// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The platforms the property tests run on, and the userspace they read from.

#![allow(dead_code, clippy::unwrap_used)] // Not every test uses all of it.

use virtio_igpu_rules::errno::Errno;
use virtio_igpu_rules::platform::MAX_ENGINES;
use virtio_igpu_rules::platform::{ClassInstance, Engine, PlatformFacts, ResetSupport};
use virtio_igpu_rules::user_memory::UserMemory;

/// The engines, by name, in the platform's order.
pub(crate) const ENGINES: [(u16, u16); 5] = [(0, 0), (1, 0), (2, 0), (2, 1), (3, 0)];

/// A platform of Gen12 like Tiger Lake, or of Gen11 like Ice Lake.
pub(crate) fn platform(graphics_version: u16) -> PlatformFacts {
    let gen12 = graphics_version == 12;
    let mut engines = [Engine::default(); MAX_ENGINES];
    for (engine, (class, instance)) in engines.iter_mut().zip(ENGINES) {
        engine.name = ClassInstance { class, instance };
    }
    let facts = PlatformFacts {
        chipset_id: 0x9a49,
        revision: 3,
        graphics_version,
        address_bits: 48,
        relocations: !gen12,
        vm_bind_version: if gen12 { 2 } else { 0 },
        timestamp_frequency: 19_200_000,
        slice_mask: 1,
        subslice_mask: if gen12 { 0x3f } else { 0xff },
        eu_mask: if gen12 { 0xffff } else { 0xff },
        max_slices: 1,
        max_subslices: if gen12 { 6 } else { 8 },
        max_eus_per_subslice: if gen12 { 16 } else { 8 },
        scheduler: 0x1f,
        reset: ResetSupport::Engine,
        memory_size: 1 << 30,
        engine_count: ENGINES.len(),
        engines,
    };
    facts.check().unwrap();
    facts
}

/// Userspace as a rule may read it: pieces of memory, some bytes of which can't be read.
/// What is not in a piece can't be read either.
#[derive(Clone, Debug, Default)]
pub(crate) struct Userspace {
    pieces: Vec<(u64, Vec<u8>)>,
    hole: Option<std::ops::Range<u64>>,
}

impl Userspace {
    /// Puts a piece at an address where there is none.
    pub(crate) fn put(&mut self, address: u64, bytes: Vec<u8>) {
        self.pieces.push((address, bytes));
    }

    /// Makes these bytes unreadable, and all others readable again.
    pub(crate) fn set_hole(&mut self, hole: std::ops::Range<u64>) {
        self.hole = Some(hole);
    }

    fn byte(&self, address: u64) -> Option<u8> {
        if self
            .hole
            .as_ref()
            .is_some_and(|hole| hole.contains(&address))
        {
            return None;
        }
        self.pieces.iter().find_map(|(start, bytes)| {
            let offset = usize::try_from(address.checked_sub(*start)?).ok()?;
            bytes.get(offset).copied()
        })
    }
}

impl UserMemory for Userspace {
    fn read(&self, address: u64, bytes: &mut [u8]) -> Result<(), Errno> {
        for (offset, byte) in bytes.iter_mut().enumerate() {
            let address = address.checked_add(offset as u64).ok_or(Errno::EFAULT)?;
            *byte = self.byte(address).ok_or(Errno::EFAULT)?;
        }
        Ok(())
    }
}

/// Bytes of a structure, written field by field.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Bytes {
    pub(crate) fn u16(mut self, value: u16) -> Self {
        self.0.extend(value.to_ne_bytes());
        self
    }

    pub(crate) fn u32(mut self, value: u32) -> Self {
        self.0.extend(value.to_ne_bytes());
        self
    }

    pub(crate) fn u64(mut self, value: u64) -> Self {
        self.0.extend(value.to_ne_bytes());
        self
    }

    /// `struct i915_user_extension` with the given reserved word, of 0 to 4: `flags` and
    /// `rsvd`.
    pub(crate) fn link(self, next: u64, name: u32, reserved: Option<usize>) -> Self {
        let mut bytes = self.u64(next).u32(name);
        for word in 0..5 {
            bytes = bytes.u32(u32::from(reserved == Some(word)));
        }
        bytes
    }

    /// Engines, by class and instance.
    pub(crate) fn engines(self, names: &[(u16, u16)]) -> Self {
        names.iter().fold(self, |bytes, &(class, instance)| {
            bytes.u16(class).u16(instance)
        })
    }
}
