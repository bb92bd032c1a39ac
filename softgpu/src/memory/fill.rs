//! Filling memory with a pattern.

use super::{Memory, MemoryError};

/// Bytes from which on the processor's string instruction is worth its start.
const LONG: u64 = 512;
/// Bytes of a stretch that holds a pattern many times.
const STRETCH: usize = 1024;

impl Memory {
    /// Sets `length` bytes to `pattern`, over and over from its first byte on. An empty
    /// pattern changes nothing.
    pub fn fill_pattern(
        &self,
        address: u64,
        length: u64,
        pattern: &[u8],
    ) -> Result<(), MemoryError> {
        match pattern {
            [] => return Ok(()),
            [value, rest @ ..] if rest.iter().all(|byte| byte == value) => {
                return self.fill(address, length, *value);
            }
            _ => {}
        }
        if length >= LONG
            && let Some(word) = repeating_dword(pattern)
            && let Ok(to) = self.locate(address, length)
        {
            let whole = length / 4;
            // SAFETY: `locate` vouches for `length` bytes at `to`, of which these are at
            // most all.
            unsafe { store_dwords(to, word, whole as usize) };
            let rest = &word.to_le_bytes()[..(length % 4) as usize];
            return self.write(address + whole * 4, rest);
        }
        // From a stretch that holds the pattern many times, no longer than it takes.
        let mut stretch = [0; STRETCH];
        let room = (length.min(STRETCH as u64) as usize).next_multiple_of(pattern.len());
        let stretch = &mut stretch[..room.min(STRETCH)];
        for turn in stretch.chunks_exact_mut(pattern.len()) {
            turn.copy_from_slice(pattern);
        }
        let from = match stretch.len() / pattern.len() {
            0 => pattern,
            turns => &stretch[..turns * pattern.len()],
        };
        self.fill_from(address, length, from)
    }

    /// Sets `length` bytes to `from`, over and over, by copies of it.
    fn fill_from(&self, address: u64, length: u64, from: &[u8]) -> Result<(), MemoryError> {
        let Ok(to) = self.locate(address, length) else {
            self.check(address, length)?;
            for done in (0..length).step_by(from.len()) {
                let here = (length - done).min(from.len() as u64);
                self.write(address + done, &from[..here as usize])?;
            }
            return Ok(());
        };
        let mut done = 0;
        while done < length as usize {
            let piece = from.len().min(length as usize - done);
            let to = to.wrapping_add(done);
            // SAFETY: `locate` vouches for `length` bytes at what `to` was at first, of
            // which these `piece` begin at `done`; `from` is ours alone and, by the
            // contract of Region::new, no part of guest memory.
            unsafe { std::ptr::copy_nonoverlapping(from.as_ptr(), to, piece) };
            done += piece;
        }
        Ok(())
    }
}

/// The dword that a pattern of 2 or 4 bytes is, over and over.
fn repeating_dword(pattern: &[u8]) -> Option<u32> {
    match *pattern {
        [a, b] => Some(u32::from_le_bytes([a, b, a, b])),
        [a, b, c, d] => Some(u32::from_le_bytes([a, b, c, d])),
        _ => None,
    }
}

/// Stores `count` little-endian dwords, at any alignment: as fast as the processor can
/// store, since it need not read what it overwrites.
///
/// # Safety
/// `to` must be valid for writes of `count * 4` bytes, which no reference is to.
#[cfg(all(target_arch = "x86_64", not(miri)))]
unsafe fn store_dwords(to: *mut u8, word: u32, count: usize) {
    // SAFETY: the instruction stores `count` dwords from `to` upwards, since the direction
    // flag is clear wherever Rust code runs; the caller vouches for them. It changes no
    // registers but those named, no flags, and doesn't use the stack.
    unsafe {
        std::arch::asm!(
            "rep stosd",
            inout("rcx") count => _,
            inout("rdi") to => _,
            in("eax") word,
            options(nostack, preserves_flags),
        );
    }
}

/// The same for other processors, and for Miri, which knows no instructions.
///
/// # Safety
/// As above.
#[cfg(not(all(target_arch = "x86_64", not(miri))))]
unsafe fn store_dwords(to: *mut u8, word: u32, count: usize) {
    for number in 0..count {
        let to = to.wrapping_add(number * 4).cast::<[u8; 4]>();
        // SAFETY: the caller vouches for these bytes; an array of bytes has no alignment.
        unsafe { to.write(word.to_le_bytes()) };
    }
}
