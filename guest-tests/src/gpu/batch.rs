//! A batch under construction, and the commands that every engine knows.

/// What a flush does at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// Nothing.
    None,
    /// Writes this u64 to an address that is a multiple of 8.
    Write(u64, u64),
    /// Writes the engine's clock there.
    Timestamp(u64),
}

/// How MI_SEMAPHORE_WAIT compares what is in memory (left) with its number (right).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// Goes on when memory is greater.
    Greater = 0,
    /// Goes on when memory is greater or equal.
    GreaterOrEqual = 1,
    /// Goes on when memory is less.
    Less = 2,
    /// Goes on when memory is less or equal.
    LessOrEqual = 3,
    /// Goes on when they are equal.
    Equal = 4,
    /// Goes on when they differ.
    NotEqual = 5,
}

/// Commands, in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    dwords: Vec<u32>,
}

/// The header of a memory-interface command: opcode, and bits of its own with the
/// length (dwords in all less two).
const fn mi(opcode: u32, low: u32) -> u32 {
    opcode << 23 | low
}

const USE_PPGTT: u32 = 1 << 8;
const STORE_QWORD: u32 = 1 << 21;
const COMPARE_WITH_MEMORY: u32 = 1 << 21;
const POLL: u32 = 1 << 15;
const POST_SYNC_WRITE: u32 = 1 << 14;
const POST_SYNC_TIMESTAMP: u32 = 3 << 14;
const PIPE_CONTROL: u32 = 0x7a00_0004;
const PIPE_CONTROL_CS_STALL: u32 = 1 << 20;

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// What has been added so far.
    pub fn dwords(&self) -> &[u32] {
        &self.dwords
    }

    /// Bytes so far: where the next command will stand.
    pub fn position(&self) -> u64 {
        self.dwords.len() as u64 * 4
    }

    /// Adds dwords as they are.
    pub fn raw(&mut self, dwords: &[u32]) -> &mut Self {
        self.dwords.extend_from_slice(dwords);
        self
    }

    /// Adds MI_NOOPs up to a position in bytes.
    pub fn pad_to(&mut self, position: u64) -> &mut Self {
        while self.position() < position {
            self.dwords.push(mi(0, 0));
        }
        self
    }

    /// MI_ARB_CHECK: the engine may switch to other work here.
    pub fn arbitrate(&mut self) -> &mut Self {
        self.raw(&[mi(0x05, 0)])
    }

    /// MI_USER_INTERRUPT.
    pub fn user_interrupt(&mut self) -> &mut Self {
        self.raw(&[mi(0x02, 0)])
    }

    /// MI_STORE_DATA_IMM of a u32.
    pub fn store_u32(&mut self, address: u64, value: u32) -> &mut Self {
        self.raw(&[mi(0x20, 2), low(address), high(address), value])
    }

    /// MI_STORE_DATA_IMM of a u64.
    pub fn store_u64(&mut self, address: u64, value: u64) -> &mut Self {
        let header = mi(0x20, 3) | STORE_QWORD;
        self.raw(&[header, low(address), high(address), low(value), high(value)])
    }

    /// MI_LOAD_REGISTER_IMM.
    pub fn load_register(&mut self, register: u32, value: u32) -> &mut Self {
        self.raw(&[mi(0x22, 1), register, value])
    }

    /// MI_LOAD_REGISTER_MEM.
    pub fn load_register_from(&mut self, register: u32, address: u64) -> &mut Self {
        self.raw(&[mi(0x29, 2), register, low(address), high(address)])
    }

    /// MI_LOAD_REGISTER_REG.
    pub fn copy_register(&mut self, from: u32, to: u32) -> &mut Self {
        self.raw(&[mi(0x2a, 1), from, to])
    }

    /// MI_STORE_REGISTER_MEM.
    pub fn store_register(&mut self, register: u32, address: u64) -> &mut Self {
        self.raw(&[mi(0x24, 2), register, low(address), high(address)])
    }

    /// MI_COPY_MEM_MEM: one u32.
    pub fn copy_u32(&mut self, to: u64, from: u64) -> &mut Self {
        self.raw(&[mi(0x2e, 3), low(to), high(to), low(from), high(from)])
    }

    /// MI_SEMAPHORE_WAIT, polling memory.
    pub fn wait_until(&mut self, address: u64, compare: Compare, value: u32) -> &mut Self {
        let header = mi(0x1c, 3) | POLL | (compare as u32) << 12;
        self.raw(&[header, value, low(address), high(address), 0])
    }

    /// MI_BATCH_BUFFER_START: goes on at another address.
    pub fn jump(&mut self, address: u64) -> &mut Self {
        self.raw(&[mi(0x31, 1) | USE_PPGTT, low(address), high(address)])
    }

    /// MI_CONDITIONAL_BATCH_BUFFER_END: ends the batch unless the u32 in memory is
    /// greater than `value`.
    pub fn end_unless_greater(&mut self, address: u64, value: u32) -> &mut Self {
        let header = mi(0x36, 2) | COMPARE_WITH_MEMORY;
        self.raw(&[header, value, low(address), high(address)])
    }

    /// MI_FLUSH_DW, for every engine but the render engine.
    pub fn flush(&mut self, tail: Tail) -> &mut Self {
        let (operation, address, value) = post_sync(tail);
        let header = mi(0x26, 3) | operation;
        self.raw(&[header, low(address), high(address), low(value), high(value)])
    }

    /// PIPE_CONTROL with a stall, for the render engine.
    pub fn pipe_control(&mut self, tail: Tail) -> &mut Self {
        let (operation, address, value) = post_sync(tail);
        let flags = PIPE_CONTROL_CS_STALL | operation;
        self.raw(&[
            PIPE_CONTROL,
            flags,
            low(address),
            high(address),
            low(value),
            high(value),
        ])
    }

    /// Ends the batch: MI_BATCH_BUFFER_END, padded to a whole u64.
    #[must_use]
    pub fn end(mut self) -> Vec<u32> {
        self.dwords.push(mi(0x0a, 0));
        if self.dwords.len() % 2 == 1 {
            self.dwords.push(mi(0, 0));
        }
        self.dwords
    }
}

/// The lower half of an address or value.
pub(super) const fn low(value: u64) -> u32 {
    (value & 0xffff_ffff) as u32
}

/// The upper half.
pub(super) const fn high(value: u64) -> u32 {
    (value >> 32) as u32
}

/// MI_FLUSH_DW and PIPE_CONTROL name what they write in the same bits.
const fn post_sync(tail: Tail) -> (u32, u64, u64) {
    match tail {
        Tail::None => (0, 0, 0),
        Tail::Write(address, value) => (POST_SYNC_WRITE, address, value),
        Tail::Timestamp(address) => (POST_SYNC_TIMESTAMP, address, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_those_of_the_manual() {
        let mut batch = Batch::new();
        batch
            .store_u32(0x1_2345_6788, 7)
            .jump(0x1000)
            .end_unless_greater(0x2000, 0);
        batch
            .flush(Tail::Write(0x3000, 9))
            .pipe_control(Tail::Timestamp(0x4000));
        let expected: [u32; 22] = [
            0x1000_0002,
            0x2345_6788,
            1,
            7, //
            0x1880_0101,
            0x1000,
            0, //
            0x1b20_0002,
            0,
            0x2000,
            0, //
            0x1300_4003,
            0x3000,
            0,
            9,
            0, //
            0x7a00_0004,
            0x0010_c000,
            0x4000,
            0,
            0,
            0,
        ];
        assert_eq!(batch.dwords(), expected);
    }

    #[test]
    fn a_batch_ends_on_a_whole_qword() {
        assert_eq!(Batch::new().end(), [0x0500_0000, 0]);
    }
}
