// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Batches, in Gen12's encodings from Intel's public reference manuals. Only commands that
//! unprivileged batches may use on hardware.

/// Commands, in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    dwords: Vec<u32>,
}

/// The header of a memory-interface command.
const fn mi(opcode: u32, low: u32) -> u32 {
    opcode << 23 | low
}

const fn split(value: u64) -> [u32; 2] {
    [value as u32, (value >> 32) as u32]
}

/// Comparison of MI_SEMAPHORE_WAIT: memory is greater than or equal to the number.
const GREATER_OR_EQUAL: u32 = 1 << 12;
const POLL: u32 = 1 << 15;
const PPGTT: u32 = 1 << 8;
const POST_SYNC_WRITE: u32 = 1 << 14;
const CS_STALL: u32 = 1 << 20;
const XY_FAST_COPY_BLT: u32 = 2 << 29 | 0x42 << 22 | 8;
const XY_COLOR_BLT: u32 = 2 << 29 | 0x50 << 22 | 5;
const WRITE_RGBA: u32 = 3 << 20;
const DEPTH_32: u32 = 3 << 24;
const ROP_COLOR: u32 = 0xf0 << 16;

impl Batch {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    fn raw(mut self, dwords: &[u32]) -> Self {
        self.dwords.extend_from_slice(dwords);
        self
    }

    /// MI_STORE_DATA_IMM of a u32.
    pub(crate) fn store(self, address: u64, value: u32) -> Self {
        let [low, high] = split(address);
        self.raw(&[mi(0x20, 2), low, high, value])
    }

    /// MI_COPY_MEM_MEM of a u32.
    pub(crate) fn copy(self, to: u64, from: u64) -> Self {
        let ([to_low, to_high], [low, high]) = (split(to), split(from));
        self.raw(&[mi(0x2e, 3), to_low, to_high, low, high])
    }

    /// MI_SEMAPHORE_WAIT, polling until the u32 in memory is at least `value`. The engine may
    /// go on with other work meanwhile.
    pub(crate) fn wait_until(self, address: u64, value: u32) -> Self {
        let [low, high] = split(address);
        self.raw(&[mi(0x1c, 3) | POLL | GREATER_OR_EQUAL, value, low, high, 0])
    }

    /// MI_ARB_ON_OFF: from here on the engine goes on with nothing else.
    pub(crate) fn no_arbitration(self) -> Self {
        self.raw(&[mi(0x08, 0)])
    }

    /// MI_ARB_CHECK: the engine may go on with other work here.
    pub(crate) fn arbitrate(self) -> Self {
        self.raw(&[mi(0x05, 0)])
    }

    /// MI_BATCH_BUFFER_START: goes on at another address.
    pub(crate) fn jump(self, address: u64) -> Self {
        let [low, high] = split(address);
        self.raw(&[mi(0x31, 1) | PPGTT, low, high])
    }

    /// MI_FLUSH_DW that writes a u64, for every engine but the render engine.
    pub(crate) fn flush_and_write(self, address: u64, value: u64) -> Self {
        let ([low, high], [value, above]) = (split(address), split(value));
        self.raw(&[mi(0x26, 3) | POST_SYNC_WRITE, low, high, value, above])
    }

    /// PIPE_CONTROL with a stall that writes a u64, for the render engine.
    pub(crate) fn pipe_control(self, address: u64, value: u64) -> Self {
        let ([low, high], [value, above]) = (split(address), split(value));
        let flags = CS_STALL | POST_SYNC_WRITE;
        self.raw(&[0x7a00_0004, flags, low, high, value, above])
    }

    /// XY_FAST_COPY_BLT of `rows` rows of 1,024 32-bit pixels, one row a page.
    pub(crate) fn blit(self, to: u64, from: u64, rows: u32) -> Self {
        let ([to_low, to_high], [low, high]) = (split(to), split(from));
        let corner = rows << 16 | 1024;
        self.raw(&[
            XY_FAST_COPY_BLT,
            DEPTH_32 | 4096,
            0,
            corner,
            to_low,
            to_high,
            0,
            4096,
            low,
            high,
        ])
    }

    /// XY_COLOR_BLT over `rows` rows of 1,024 32-bit pixels, one row a page.
    pub(crate) fn fill(self, to: u64, rows: u32, color: u32) -> Self {
        let [low, high] = split(to);
        self.raw(&[
            XY_COLOR_BLT | WRITE_RGBA,
            DEPTH_32 | ROP_COLOR | 4096,
            0,
            rows << 16 | 1024,
            low,
            high,
            color,
        ])
    }

    /// MI_BATCH_BUFFER_END, padded to a whole u64.
    pub(crate) fn end(mut self) -> Vec<u32> {
        self.dwords.push(mi(0x0a, 0));
        if self.dwords.len() % 2 == 1 {
            self.dwords.push(0);
        }
        self.dwords
    }

    /// The dwords as they are, without an end.
    pub(crate) fn endless(self) -> Vec<u32> {
        self.dwords
    }
}
