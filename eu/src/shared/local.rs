//! Shared local memory of a thread group.

use crate::trap::{StrictFinding, Trap};

/// The most bytes.
const LIMIT: u32 = 64 << 10;

/// The shared local memory (SLM) of one thread group. All threads of a group run on one host
/// thread, so that its accesses need no atomics.
#[derive(Clone, Debug, Default)]
pub struct LocalMemory {
    bytes: Vec<u8>,
    watch: Option<Watch>,
}

/// What strict mode remembers of accesses.
#[derive(Clone, Debug)]
struct Watch {
    /// Of each byte.
    shadows: Vec<Shadow>,
    /// Barriers passed, of shadows that were written since.
    epoch: u16,
}

/// Who has accessed a byte since the last barrier.
#[derive(Clone, Copy, Debug, Default)]
struct Shadow {
    /// The barriers that had been passed then.
    epoch: u16,
    writer: Who,
    reader: Who,
    atomic: Who,
    /// Someone has ever written it.
    initialised: bool,
}

/// No thread, one, or several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Who(u16);

impl Who {
    const NOBODY: Self = Self(0);
    const SEVERAL: u16 = u16::MAX;

    fn thread(number: u32) -> Self {
        Self((number.min(u32::from(Self::SEVERAL) - 2) + 1) as u16)
    }

    fn add(&mut self, who: Self) {
        if *self == Self::NOBODY {
            *self = who;
        } else if *self != who {
            *self = Self(Self::SEVERAL);
        }
    }

    /// Another thread than this one, if there is any.
    fn other(self, than: Self) -> Option<u32> {
        match self {
            Self::NOBODY => None,
            it if it == than => None,
            // Of several, one is named that surely isn't the one that asks.
            Self(Self::SEVERAL) => Some(u32::from(than.0 == 1)),
            Self(number) => Some(u32::from(number) - 1),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Read,
    Write,
    Atomic,
}

impl LocalMemory {
    /// Shared local memory of so many bytes, at most 64 KiB; zeroed. With `strict` accesses are
    /// watched.
    pub fn new(bytes: u32, strict: bool) -> Self {
        let bytes = bytes.min(LIMIT) as usize;
        Self {
            bytes: vec![0; bytes],
            watch: strict.then(|| Watch {
                shadows: vec![Shadow::default(); bytes],
                epoch: 0,
            }),
        }
    }

    /// All threads have passed a barrier: what they did before is no race with what comes.
    pub fn barrier_passed(&mut self) {
        let Some(watch) = &mut self.watch else {
            return;
        };
        watch.epoch = watch.epoch.wrapping_add(1);
        if watch.epoch == 0 {
            // The count starts again: what is left of the last time must not look new.
            for shadow in &mut watch.shadows {
                *shadow = Shadow {
                    initialised: shadow.initialised,
                    ..Shadow::default()
                };
            }
        }
    }

    /// Bytes.
    #[inline]
    pub fn size(&self) -> u32 {
        self.bytes.len() as u32
    }

    /// Reads bytes that are inside; those outside are 0.
    #[inline]
    pub(super) fn read(&mut self, thread: u32, offset: u32, out: &mut [u8]) -> Result<(), Trap> {
        self.watch(thread, offset, out.len(), Access::Read)?;
        match self.inside(offset, out.len()) {
            Some(bytes) => out.copy_from_slice(bytes),
            None => out.fill(0),
        }
        Ok(())
    }

    /// Writes bytes, if they are inside.
    #[inline]
    pub(super) fn write(&mut self, thread: u32, offset: u32, data: &[u8]) -> Result<(), Trap> {
        self.watch(thread, offset, data.len(), Access::Write)?;
        if let Some(bytes) = self.inside(offset, data.len()) {
            bytes.copy_from_slice(data);
        }
        Ok(())
    }

    /// Replaces a value by a change of it, if it is inside; `old` is what it was.
    pub(super) fn update<const BYTES: usize>(
        &mut self,
        thread: u32,
        offset: u32,
        old: &mut [u8; BYTES],
        change: impl FnOnce(&[u8; BYTES]) -> [u8; BYTES],
    ) -> Result<(), Trap> {
        self.watch(thread, offset, BYTES, Access::Atomic)?;
        if let Some(bytes) = self.inside(offset, BYTES) {
            old.copy_from_slice(bytes);
            bytes.copy_from_slice(&change(old));
        }
        Ok(())
    }

    #[inline]
    fn inside(&mut self, offset: u32, length: usize) -> Option<&mut [u8]> {
        let begin = offset as usize;
        self.bytes.get_mut(begin..begin.checked_add(length)?)
    }

    /// Notes an access and finds what is wrong with it.
    #[inline]
    fn watch(
        &mut self,
        thread: u32,
        offset: u32,
        length: usize,
        access: Access,
    ) -> Result<(), Trap> {
        let Some(watch) = &mut self.watch else {
            return Ok(());
        };
        let begin = offset as usize;
        let Some(shadows) = begin
            .checked_add(length)
            .and_then(|end| watch.shadows.get_mut(begin..end))
        else {
            return Ok(());
        };
        let who = Who::thread(thread);
        for (shadow, address) in shadows.iter_mut().zip(offset..) {
            if shadow.epoch != watch.epoch {
                *shadow = Shadow {
                    epoch: watch.epoch,
                    initialised: shadow.initialised,
                    ..Shadow::default()
                };
            }
            if access != Access::Write && !shadow.initialised {
                return Err(Trap::Strict(StrictFinding::UninitialisedSlm(address)));
            }
            let other = match access {
                Access::Read => shadow.writer.other(who).or(shadow.atomic.other(who)),
                Access::Write => shadow
                    .writer
                    .other(who)
                    .or(shadow.reader.other(who))
                    .or(shadow.atomic.other(who)),
                Access::Atomic => shadow.writer.other(who).or(shadow.reader.other(who)),
            };
            if let Some(other) = other {
                return Err(Trap::Strict(StrictFinding::SlmRace { address, other }));
            }
            match access {
                Access::Read => shadow.reader.add(who),
                Access::Write => {
                    shadow.writer.add(who);
                    shadow.initialised = true;
                }
                Access::Atomic => shadow.atomic.add(who),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RACE: fn(u32, u32) -> Result<(), Trap> =
        |address, other| Err(Trap::Strict(StrictFinding::SlmRace { address, other }));

    fn add(local: &mut LocalMemory, thread: u32, offset: u32) -> Result<u32, Trap> {
        let mut old = [0; 4];
        local.update(thread, offset, &mut old, |old| {
            u32::from_le_bytes(*old).wrapping_add(1).to_le_bytes()
        })?;
        Ok(u32::from_le_bytes(old))
    }

    /// What no thread has written is found, byte by byte; atomics read too.
    #[test]
    fn uninitialised_reads() {
        let mut local = LocalMemory::new(64, true);
        let uninitialised = |at| Err(Trap::Strict(StrictFinding::UninitialisedSlm(at)));
        assert_eq!(local.read(0, 8, &mut [0; 4]), uninitialised(8));
        local.write(0, 8, &[1, 2]).expect("first write");
        assert_eq!(local.read(0, 8, &mut [0; 4]), uninitialised(10));
        assert_eq!(local.read(0, 8, &mut [0; 2]), Ok(()));
        assert_eq!(add(&mut local, 0, 16).err(), uninitialised(16).err());
    }

    /// Accesses of two threads race if one writes, until a barrier.
    #[test]
    fn races_end_at_barriers() {
        let mut local = LocalMemory::new(64, true);
        local.write(3, 0, &[1; 8]).expect("alone");
        assert_eq!(local.read(3, 0, &mut [0; 8]), Ok(()));
        assert_eq!(local.read(4, 4, &mut [0; 4]), RACE(4, 3));
        assert_eq!(local.write(4, 7, &[1]), RACE(7, 3));
        local.barrier_passed();
        assert_eq!(local.read(4, 4, &mut [0; 4]), Ok(()));
        assert_eq!(local.read(5, 4, &mut [0; 4]), Ok(()));
        assert_eq!(local.write(4, 4, &[1]), RACE(4, 0));
        assert_eq!(local.write(6, 8, &[0; 4]), Ok(()));
        // Neighbouring bytes are no race.
        assert_eq!(local.write(7, 12, &[0]), Ok(()));
        assert_eq!(local.write(8, 13, &[0]), Ok(()));
    }

    /// Atomics race with reads and writes of others, not with each other.
    #[test]
    fn atomics() {
        let mut local = LocalMemory::new(64, true);
        local.write(0, 0, &[0; 16]).expect("alone");
        local.barrier_passed();
        assert_eq!(add(&mut local, 1, 0), Ok(0));
        assert_eq!(add(&mut local, 2, 0), Ok(1));
        assert_eq!(local.read(1, 0, &mut [0; 4]), RACE(0, 0));
        local.write(1, 4, &[0; 4]).expect("nobody else");
        assert_eq!(add(&mut local, 2, 4).err(), RACE(4, 1).err());
        // Barriers by the ten thousands end them all.
        for _ in 0..0x1_0001 {
            local.barrier_passed();
        }
        assert_eq!(add(&mut local, 2, 4), Ok(0));
    }

    /// Without strict mode nothing is found, and outside is 0.
    #[test]
    fn lenient() {
        let mut local = LocalMemory::new(u32::MAX, false);
        assert_eq!(local.size(), 64 << 10);
        let mut out = [1; 4];
        assert_eq!(local.read(0, 0xffff_fffe, &mut out), Ok(()));
        assert_eq!(out, [0; 4]);
        assert_eq!(local.write(0, 0xfffe, &[1; 4]), Ok(()));
        local.write(1, 4, &[7; 4]).expect("lenient");
        assert_eq!(local.read(2, 4, &mut out), Ok(()));
        assert_eq!(out, [7; 4]);
    }
}
