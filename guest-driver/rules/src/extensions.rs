// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Chains of `struct i915_user_extension` (`i915_user_extensions.c:i915_user_extensions`).

use super::errno::{Errno, Result};
use super::uapi_structs::user_extension;
use super::user_memory::{UserMemory, UserStruct};

/// The most links of a chain that are followed; a chain that loops ends there.
pub const MAX_LINKS: u32 = 512;

/// Calls `apply` with the name and the address of each link of a chain, in its order, and
/// ends with the first error. `first` is the address of the first link, 0 for none.
///
/// Of each link: it is counted (`E2BIG` for one too many), its reserved fields are read
/// and must be zero (`EFAULT`, `EINVAL`), its name is read (`EFAULT`), it is applied
/// (`apply` answers `EINVAL` to a name it doesn't know), and only then the next one's
/// address is read (`EFAULT`).
pub fn for_each_link<E: From<Errno>>(
    memory: &impl UserMemory,
    first: u64,
    mut apply: impl FnMut(u32, u64) -> Result<(), E>,
) -> Result<(), E> {
    let mut address = first;
    let mut links = 0;
    while address != 0 {
        if links == MAX_LINKS {
            return Err(Errno::E2BIG.into());
        }
        links += 1;
        let extension = UserStruct::new(memory, address);
        extension.reserved_u32(user_extension::FLAGS)?;
        for word in 0..user_extension::RSVD_WORDS {
            extension.reserved_u32(user_extension::RSVD + 4 * word)?;
        }
        apply(extension.u32(user_extension::NAME)?, address)?;
        address = extension.u64(user_extension::NEXT_EXTENSION)?;
    }
    Ok(())
}
