// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The caller's memory: structures in, structures out, chains of extensions.

pub(crate) use crate::drm::nofault::read_if_there;
use crate::rules::user_memory::UserMemory;
use crate::rules::{extensions, Errno};
use kernel::prelude::*;
use kernel::uaccess::{UserPtr, UserSlice};
use zerocopy::{FromBytes, IntoBytes};

/// Reads the structure at `address`. EFAULT.
pub(crate) fn read<T: FromBytes + IntoBytes>(address: u64) -> Result<T> {
    let mut value = T::new_zeroed();
    let slice = UserSlice::new(pointer(address)?, size_of::<T>());
    slice.reader().read_slice(value.as_mut_bytes())?;
    Ok(value)
}

/// Writes `value` to `address`. EFAULT.
pub(crate) fn write<T: IntoBytes + zerocopy::Immutable>(address: u64, value: &T) -> Result {
    write_bytes(address, value.as_bytes())
}

/// Writes `bytes` to `address`. EFAULT.
pub(crate) fn write_bytes(address: u64, bytes: &[u8]) -> Result {
    UserSlice::new(pointer(address)?, bytes.len())
        .writer()
        .write_slice(bytes)
}

/// Reads as many bytes as `bytes` has room for. EFAULT.
pub(crate) fn read_bytes(address: u64, bytes: &mut [u8]) -> Result {
    UserSlice::new(pointer(address)?, bytes.len())
        .reader()
        .read_slice(bytes)
}

/// The `index`-th of the structures that stand in a row at `address`. EFAULT.
pub(crate) fn read_element<T: FromBytes + IntoBytes>(address: u64, index: usize) -> Result<T> {
    let offset = (index as u64)
        .checked_mul(size_of::<T>() as u64)
        .ok_or(EFAULT)?;
    read(address.checked_add(offset).ok_or(EFAULT)?)
}

/// The `count` structures that stand in a row at `address`, read in pieces, so that a
/// count that is not backed by memory is refused before much is allocated. EFAULT, ENOMEM.
pub(crate) fn read_array<T: FromBytes + IntoBytes>(address: u64, count: usize) -> Result<KVVec<T>> {
    let mut array = KVVec::new();
    for index in 0..count {
        array.push(read_element(address, index)?, GFP_KERNEL)?;
    }
    Ok(array)
}

/// Userspace's pointer: `EFAULT` if it isn't one.
pub(crate) fn pointer(address: u64) -> Result<UserPtr> {
    Ok(UserPtr::from_addr(
        usize::try_from(address).map_err(|_| EFAULT)?,
    ))
}

/// The calling process's memory, for the rules that read it themselves.
pub(crate) struct Caller;

impl UserMemory for Caller {
    fn read(&self, address: u64, bytes: &mut [u8]) -> core::result::Result<(), Errno> {
        // Nothing else can be wrong with it.
        read_bytes(address, bytes).map_err(|_| Errno::EFAULT)
    }
}

/// Calls `apply` with the name and the address of each link of a chain of extensions, in
/// its order; an unknown name is for `apply` to refuse with EINVAL. EFAULT, EINVAL, E2BIG;
/// see [`extensions::for_each_link`].
pub(crate) fn for_each_extension(first: u64, apply: impl FnMut(u32, u64) -> Result) -> Result {
    extensions::for_each_link(&Caller, first, apply)
}
