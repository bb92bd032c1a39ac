//! What commands say, and what threads get of it; descriptors and walkers of recorded
//! submissions (`softgpu/tests/captures`) among them.

use std::sync::Arc;

use eu::isa::NATIVE;
use eu::memory::{Memory, MemoryFault};

use super::cache::Cache;
use super::payload::{BUFFER, Data, Payload};
use super::shape::Shape;
use super::state::{Descriptor, Scratch, group_threads};
use crate::page_table::AddressSpace;

/// Those of compute-runtime's tree reduction and of Mesa's shader.
const REDUCTION: [u32; 8] = [0xfffe_f000, 0, 0, 0, 0xc0, 0x6_0000, 0x21_0004, 3];
const VULKAN: [u32; 8] = [0, 0, 0x10_0000, 0, 3, 0x1_0000, 0x21_0004, 0x13];

#[test]
fn descriptors_are_taken_apart() {
    let descriptor = Descriptor::decode(&REDUCTION).unwrap();
    let expected = Descriptor {
        kernel: 0xfffe_f000,
        control: 0,
        samplers: 0,
        binding_table: 0xc0,
        data_offset: 0,
        thread_registers: 6,
        cross_thread_registers: 3,
        threads: 4,
        barrier: true,
        local_memory: 1024,
    };
    assert_eq!(descriptor, expected);
    // Three entries of the binding table, which are not part of its pointer.
    let descriptor = Descriptor::decode(&VULKAN).unwrap();
    assert_eq!(descriptor.binding_table, 0);
    assert_eq!(descriptor.cross_thread_registers, 19);
    // Alternate floats, single program flow, towards zero; 64 KiB.
    let mut dwords = VULKAN;
    dwords[2] = 1 << 16 | 1 << 18;
    dwords[6] = 3 << 22 | 7 << 16;
    let descriptor = Descriptor::decode(&dwords).unwrap();
    assert_eq!(descriptor.control, 0b11_0101);
    assert_eq!(descriptor.local_memory, 0x1_0000);
    dwords[6] = 8 << 16;
    assert!(Descriptor::decode(&dwords).is_err());
}

#[test]
fn every_thread_has_scratch_space_of_its_own() {
    let scratch = Scratch {
        base: 0x1000,
        size: 3,
    };
    assert_eq!(scratch.pointer(0), 0x1000);
    assert_eq!(scratch.pointer(5), 0x1000 + 5 * 8192);
    assert_eq!(Scratch::default().pointer(5), 0);
    // Pointers have 32 bits, of which ten say who it is.
    let scratch = Scratch {
        base: 0xffff_ffff_f400,
        size: 15,
    };
    assert_eq!(scratch.pointer(671) & 0x3ff, 0);
}

/// Registers of bytes that say which it is.
fn registers(count: u8) -> Vec<u8> {
    (0..count).flat_map(|number| [number; 32]).collect()
}

fn first_bytes(payload: &Payload, thread: u32) -> Vec<u8> {
    let mut buffer = BUFFER;
    payload.registers([1, 2, 3], thread, thread, 0, &mut buffer)[1..]
        .iter()
        .map(|register| register[0])
        .collect()
}

/// In memory what is for all comes first; in registers it does with constants alone.
#[test]
fn data_is_laid_out_as_kernels_want_it() {
    let descriptor = Descriptor {
        thread_registers: 2,
        cross_thread_registers: 3,
        ..Descriptor::default()
    };
    let payload = |data| Payload::new(&descriptor, Scratch::default(), data, Vec::new()).unwrap();
    let indirect = payload(Data::Indirect(registers(7)));
    assert_eq!(first_bytes(&indirect, 0), [3, 4, 0, 1, 2]);
    assert_eq!(first_bytes(&indirect, 1), [5, 6, 0, 1, 2]);
    // What there is not enough of is 0.
    assert_eq!(first_bytes(&indirect, 2), [0, 0, 0, 1, 2]);
    let constants = payload(Data::Constants(registers(7)));
    assert_eq!(first_bytes(&constants, 0), [0, 1, 2, 3, 4]);
    assert_eq!(first_bytes(&constants, 1), [0, 1, 2, 5, 6]);
}

/// An object's constants, then its own data in whole registers.
#[test]
fn inline_data_comes_last() {
    let descriptor = Descriptor {
        thread_registers: 1,
        data_offset: 1,
        ..Descriptor::default()
    };
    let data = Data::Constants(registers(3));
    let inline = vec![9; 40];
    let payload = Payload::new(&descriptor, Scratch::default(), data, inline).unwrap();
    let mut buffer = BUFFER;
    let registers = payload.registers([0; 3], 0, 0, 0, &mut buffer);
    assert_eq!(registers[1], [1; 32]);
    assert_eq!(registers[2], [9; 32]);
    assert_eq!(registers[3][..8], [9; 8]);
    assert_eq!(registers[3][8..], [0; 24]);
    assert_eq!(registers.len(), 4);
}

#[test]
fn there_are_128_registers() {
    let of = |each, cross| {
        let descriptor = Descriptor {
            thread_registers: each,
            cross_thread_registers: cross,
            ..Descriptor::default()
        };
        let data = Data::Constants(Vec::new());
        Payload::new(&descriptor, Scratch::default(), data, Vec::new()).is_ok()
    };
    assert!(of(100, 27));
    assert!(!of(100, 28));
    assert!(!of(0xffff, 0xff));
}

fn shape(first: [u32; 3], end: [u32; 3]) -> Shape {
    Shape {
        first,
        end,
        size: [2, 3, 1],
        channels: 0xffff,
        right: 0x00ff,
        bottom: 0x0f0f,
    }
}

#[test]
fn groups_go_from_the_start_x_first() {
    let shape = shape([1, 5, 0], [3, 7, 2]);
    let mut groups = vec![shape.first];
    while let Some(next) = shape.after(groups[groups.len() - 1]) {
        assert_eq!(shape.from(next) as usize, 8 - groups.len());
        groups.push(next);
    }
    assert_eq!(shape.from(shape.first), 8);
    assert_eq!(groups[..3], [[1, 5, 0], [2, 5, 0], [1, 6, 0]]);
    assert_eq!(groups[7], [2, 6, 1]);
    assert_eq!(groups.len(), 8);
    // The most that there can be are not counted to the end.
    let most = self::shape([0; 3], [u32::MAX; 3]);
    assert_eq!(most.from([0; 3]), u64::MAX);
    assert!(self::shape([3, 0, 0], [3, 1, 1]).is_empty());
    assert!(self::shape([4, 0, 0], [3, 1, 1]).is_empty());
}

/// The right mask is for the last threads in X, the bottom mask for the last in Y.
#[test]
fn the_last_threads_have_fewer_channels() {
    let shape = shape([0; 3], [1; 3]);
    let masks: Vec<_> = (0..6).map(|thread| shape.mask(thread)).collect();
    assert_eq!(masks, [0xffff, 0xff, 0xffff, 0xff, 0x0f0f, 0x0f]);
    assert_eq!(group_threads([64, 1, 1]), Ok(64));
    assert!(group_threads([64, 2, 1]).is_err());
    assert!(group_threads([64, 64, 64]).is_err());
}

/// Code, and how often it was read.
struct Code {
    bytes: Vec<u8>,
}

impl Memory for Code {
    fn read(&mut self, address: u64, out: &mut [u8]) -> Result<(), MemoryFault> {
        for (number, byte) in out.iter_mut().enumerate() {
            let at = address as usize + number;
            *byte = self.bytes.get(at).copied().unwrap_or(0);
        }
        Ok(())
    }

    fn write(&mut self, address: u64, data: &[u8]) -> Result<(), MemoryFault> {
        self.bytes[address as usize..][..data.len()].copy_from_slice(data);
        Ok(())
    }

    fn update_u32(&mut self, _: u64, _: &mut dyn FnMut(u32) -> u32) -> Result<u32, MemoryFault> {
        Ok(0)
    }

    fn update_u64(&mut self, _: u64, _: &mut dyn FnMut(u64) -> u64) -> Result<u64, MemoryFault> {
        Ok(0)
    }
}

/// An instruction that ends a thread.
const END: [u32; 4] = [0x8000_0031, 0x0000_0004, 0x7020_7f0c, 0x0000_0000];

#[test]
fn kernels_are_decoded_once() {
    let end: Vec<u8> = END.iter().flat_map(|dword| dword.to_le_bytes()).collect();
    let mut code = Code {
        bytes: end.repeat(400),
    };
    let space = Arc::new(AddressSpace::default());
    let mut cache = Cache::default();
    let first = cache.kernel(&space, &mut code, 0, 0).unwrap();
    let again = cache.kernel(&space, &mut code, 0, 0).unwrap();
    assert!(Arc::ptr_eq(&first, &again));
    // Other code, another address space, and another base are others.
    let other = Arc::new(AddressSpace::default());
    let elsewhere = cache.kernel(&other, &mut code, 0, 0).unwrap();
    assert!(!Arc::ptr_eq(&first, &elsewhere));
    code.write(12, &[1]).unwrap();
    let changed = cache.kernel(&space, &mut code, 0, 0).unwrap();
    assert!(!Arc::ptr_eq(&first, &changed));
    // The one that was not used for longest is forgotten.
    for number in 1..300 {
        let start = number * NATIVE;
        cache.kernel(&space, &mut code, 0, start).unwrap();
        let kept = cache.kernel(&space, &mut code, 0, 0).unwrap();
        assert!(Arc::ptr_eq(&changed, &kept));
    }
    assert_eq!(cache.len(), 256);
    // What belongs to an address space that is gone makes room first.
    drop(other);
    drop(space);
    let space = Arc::new(AddressSpace::default());
    cache.kernel(&space, &mut code, 0, 0).unwrap();
    assert_eq!(cache.len(), 1);
}
