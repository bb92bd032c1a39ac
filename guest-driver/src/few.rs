// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Lists that are short nearly always.

use kernel::prelude::*;

/// A list whose first `N` elements lie in itself: a short one allocates nothing.
pub(crate) struct Few<T: Copy, const N: usize> {
    short: [T; N],
    /// How many of `short` there are, while all fit.
    length: usize,
    /// All elements, once they don't.
    long: KVec<T>,
}

impl<T: Copy, const N: usize> Few<T, N> {
    /// An empty list. `any` fills the room that nothing is in.
    pub(crate) fn new(any: T) -> Self {
        Self {
            short: [any; N],
            length: 0,
            long: KVec::new(),
        }
    }

    /// Puts an element at the end. ENOMEM.
    pub(crate) fn push(&mut self, element: T) -> Result {
        if self.long.is_empty() {
            if let Some(place) = self.short.get_mut(self.length) {
                *place = element;
                self.length += 1;
                return Ok(());
            }
            self.long.reserve(2 * N, GFP_KERNEL)?;
            self.long.extend_from_slice(&self.short, GFP_KERNEL)?;
        }
        Ok(self.long.push(element, GFP_KERNEL)?)
    }

    /// All elements, in order.
    pub(crate) fn as_slice(&self) -> &[T] {
        if self.long.is_empty() {
            &self.short[..self.length]
        } else {
            &self.long
        }
    }

    /// Takes all out.
    pub(crate) fn clear(&mut self) {
        self.length = 0;
        self.long.clear();
    }
}
