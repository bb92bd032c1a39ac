// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The caller's memory, as far as a rule reads it itself.
//!
//! i915 reads a structure whose fields depend on each other field by field, judging each
//! before it reads the next. Where a field can't be read, the fields before it decide
//! what the caller is told; so the rules that read such structures have the reading too.

use super::errno::{Errno, Result};
use super::platform::ClassInstance;

/// Reads the caller's memory.
pub trait UserMemory {
    /// Fills `bytes` with what stands at `address` and behind it: `EFAULT` if not all of
    /// it is the caller's to read.
    fn read(&self, address: u64, bytes: &mut [u8]) -> Result;
}

/// A structure of the caller's, whose fields are read when they are asked for. All fields
/// are in the byte order of the CPU; offsets are in bytes.
#[derive(Debug)]
pub struct UserStruct<'a, M> {
    memory: &'a M,
    address: u64,
}

impl<'a, M: UserMemory> UserStruct<'a, M> {
    /// The structure at `address`, of which nothing is read yet.
    pub const fn new(memory: &'a M, address: u64) -> Self {
        Self { memory, address }
    }

    fn bytes<const N: usize>(&self, offset: u64) -> Result<[u8; N]> {
        // What wraps around is nobody's memory.
        let address = self.address.checked_add(offset).ok_or(Errno::EFAULT)?;
        let mut bytes = [0; N];
        self.memory.read(address, &mut bytes)?;
        Ok(bytes)
    }

    /// The field of two bytes at `offset`. `EFAULT`.
    pub fn u16(&self, offset: u64) -> Result<u16> {
        Ok(u16::from_ne_bytes(self.bytes(offset)?))
    }

    /// The field of four bytes at `offset`. `EFAULT`.
    pub fn u32(&self, offset: u64) -> Result<u32> {
        Ok(u32::from_ne_bytes(self.bytes(offset)?))
    }

    /// The field of eight bytes at `offset`. `EFAULT`.
    pub fn u64(&self, offset: u64) -> Result<u64> {
        Ok(u64::from_ne_bytes(self.bytes(offset)?))
    }

    /// The `struct i915_engine_class_instance` at `offset`. `EFAULT`.
    pub fn engine(&self, offset: u64) -> Result<ClassInstance> {
        let [class_low, class_high, instance_low, instance_high] = self.bytes(offset)?;
        Ok(ClassInstance {
            class: u16::from_ne_bytes([class_low, class_high]),
            instance: u16::from_ne_bytes([instance_low, instance_high]),
        })
    }

    /// The four reserved bytes at `offset` (`check_user_mbz`): `EFAULT`, and `EINVAL`
    /// unless they are zero.
    pub fn reserved_u32(&self, offset: u64) -> Result {
        zero(self.u32(offset)?.into())
    }

    /// The eight reserved bytes at `offset` (`check_user_mbz`): `EFAULT`, and `EINVAL`
    /// unless they are zero.
    pub fn reserved_u64(&self, offset: u64) -> Result {
        zero(self.u64(offset)?)
    }
}

/// `EINVAL` unless a reserved field is zero.
const fn zero(value: u64) -> Result {
    if value == 0 {
        Ok(())
    } else {
        Err(Errno::EINVAL)
    }
}
