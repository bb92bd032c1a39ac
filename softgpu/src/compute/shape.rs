//! Which thread groups a walk has, and in which order.

/// Which groups there are, and which channels of their threads execute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// The first group, in X, Y and Z.
    pub(crate) first: [u32; 3],
    /// Those behind the last.
    pub(crate) end: [u32; 3],
    /// A group's threads in X, Y and Z.
    pub(crate) size: [u32; 3],
    /// Channels of all threads, as a mask.
    pub(crate) channels: u32,
    /// Channels of the last thread in X.
    pub(crate) right: u32,
    /// Channels of the last thread in Y.
    pub(crate) bottom: u32,
}

impl Shape {
    /// Whether there are no groups.
    pub(crate) fn is_empty(&self) -> bool {
        (0..3).any(|axis| self.first[axis] >= self.end[axis])
    }

    /// Threads of a group.
    pub(crate) fn threads(&self) -> u32 {
        self.size.iter().product()
    }

    /// The group after this one.
    pub(crate) fn after(&self, group: [u32; 3]) -> Option<[u32; 3]> {
        let mut next = group;
        for axis in 0..3 {
            next[axis] += 1;
            if next[axis] < self.end[axis] {
                return Some(next);
            }
            next[axis] = self.first[axis];
        }
        None
    }

    /// How many groups there are from this one on, as far as they can be counted.
    pub(crate) fn from(&self, group: [u32; 3]) -> u64 {
        let count = |axis: usize| u64::from(self.end[axis] - self.first[axis]);
        let behind = |axis: usize| u64::from(self.end[axis] - 1 - group[axis]);
        let planes = behind(2).saturating_mul(count(1)).saturating_mul(count(0));
        let rows = behind(1).saturating_mul(count(0));
        planes.saturating_add(rows).saturating_add(behind(0) + 1)
    }

    /// The channels of a thread that execute.
    pub(crate) fn mask(&self, thread: u32) -> u32 {
        let x = thread % self.size[0];
        let y = thread / self.size[0] % self.size[1];
        let mut mask = self.channels;
        if x + 1 == self.size[0] {
            mask &= self.right;
        }
        if y + 1 == self.size[1] {
            mask &= self.bottom;
        }
        mask
    }
}
