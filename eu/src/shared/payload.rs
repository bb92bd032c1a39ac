//! Payloads as operands of channels.

use crate::shared::message::{REGISTER, Request};
use crate::trap::Trap;

/// The most channels that a message has.
pub(super) const LANES: usize = 16;

/// The rest of a message's payload: the first one's registers, then the second one's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Payload<'a> {
    first: &'a [u8],
    second: &'a [u8],
}

impl<'a> Payload<'a> {
    #[inline]
    pub(super) fn new(request: &Request<'a>) -> Self {
        Self {
            first: request.first.as_flattened(),
            second: request.second.as_flattened(),
        }
    }

    /// Registers that are left.
    #[inline]
    pub(super) fn registers(&self) -> usize {
        (self.first.len() + self.second.len()) / REGISTER
    }

    /// Takes so many bytes, rounded up to registers.
    #[inline]
    pub(super) fn take(&mut self, bytes: usize) -> Result<&'a [u8], Trap> {
        let whole = bytes.next_multiple_of(REGISTER);
        if self.first.is_empty() {
            std::mem::swap(&mut self.first, &mut self.second);
        }
        let Some((taken, rest)) = self.first.split_at_checked(whole) else {
            return Err(Trap::BadMessage("payload too short"));
        };
        self.first = rest;
        Ok(&taken[..bytes])
    }

    /// Takes an operand of 32 bits for each of so many channels.
    #[inline]
    pub(super) fn dwords(&mut self, lanes: usize) -> Result<[u32; LANES], Trap> {
        let bytes = self.take(lanes * 4)?;
        let mut values = [0; LANES];
        for (value, bytes) in values.iter_mut().zip(bytes.as_chunks().0) {
            *value = u32::from_le_bytes(*bytes);
        }
        Ok(values)
    }

    /// Takes an operand of 64 bits for each of so many channels.
    #[inline]
    pub(super) fn qwords(&mut self, lanes: usize) -> Result<[u64; LANES], Trap> {
        let bytes = self.take(lanes * 8)?;
        let mut values = [0; LANES];
        for (value, bytes) in values.iter_mut().zip(bytes.as_chunks().0) {
            *value = u64::from_le_bytes(*bytes);
        }
        Ok(values)
    }
}

/// A message's header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header<'a>(&'a [u8]);

impl<'a> Header<'a> {
    /// Takes the header, if the message has one.
    #[inline]
    pub(super) fn take(
        request: &Request<'_>,
        payload: &mut Payload<'a>,
    ) -> Result<Option<Self>, Trap> {
        if request.descriptor >> 19 & 1 == 0 {
            return Ok(None);
        }
        Ok(Some(Self(payload.take(REGISTER)?)))
    }

    /// One of its eight dwords.
    #[inline]
    pub(super) fn dword(&self, number: usize) -> u32 {
        let (dwords, _) = self.0.as_chunks();
        dwords
            .get(number)
            .map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }

    /// The first two dwords as one.
    #[inline]
    pub(super) fn qword(&self) -> u64 {
        u64::from(self.dword(0)) | u64::from(self.dword(1)) << 32
    }
}
