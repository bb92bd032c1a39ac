// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Chains of `struct i915_user_extension` (`i915_user_extensions.c:i915_user_extensions`).
//!
//! The driver walks: for each link, [`Walk::step`] first, then it reads the header, has it
//! judged by [`check_header`], picks the handler by name (an unknown name is `EINVAL`,
//! after the header's checks), and reads the address of the next link last.

use super::errno::{valid_if, Errno, Result};

/// The most links of a chain that are followed; a chain that loops ends there.
pub const MAX_LINKS: u32 = 512;

/// How far a walk has come.
#[derive(Clone, Copy, Debug, Default)]
pub struct Walk {
    links: u32,
}

impl Walk {
    /// A walk that has seen no link.
    pub const fn new() -> Self {
        Self { links: 0 }
    }

    /// Counts a link before anything of it is read: `E2BIG` for one too many.
    pub fn step(&mut self) -> Result {
        if self.links == MAX_LINKS {
            return Err(Errno::E2BIG);
        }
        self.links += 1;
        Ok(())
    }
}

/// The reserved parts of a link's header must be zero: `EINVAL`.
pub fn check_header(flags: u32, reserved: &[u32; 4]) -> Result {
    valid_if(flags == 0 && reserved.iter().all(|&word| word == 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_513th_link_is_too_many() {
        let mut walk = Walk::new();
        for _ in 0..512 {
            assert_eq!(walk.step(), Ok(()));
        }
        assert_eq!(walk.step(), Err(Errno::E2BIG));
        assert_eq!(walk.step(), Err(Errno::E2BIG));
    }

    #[test]
    fn reserved_words_must_be_zero() {
        assert_eq!(check_header(0, &[0; 4]), Ok(()));
        assert_eq!(check_header(1, &[0; 4]), Err(Errno::EINVAL));
        assert_eq!(check_header(0, &[0, 0, 0, 1]), Err(Errno::EINVAL));
    }
}
