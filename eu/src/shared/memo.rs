//! What descriptors have been found to ask for: a kernel sends the same few messages again and
//! again.

use crate::isa::SharedFunction;
use crate::shared::operation::Operation;
use crate::trap::Trap;

/// Places for messages; those of one place take turns in it.
const PLACES: usize = 32;

/// Messages that were decoded.
#[derive(Clone, Debug)]
pub(super) struct Memo([Entry; PLACES]);

#[derive(Clone, Copy, Debug)]
struct Entry {
    function: SharedFunction,
    descriptor: u32,
    operation: Operation,
}

impl Default for Memo {
    fn default() -> Self {
        // What is decoded the same anywhere: a barrier.
        let entry = Entry {
            function: SharedFunction::Gateway,
            descriptor: 4,
            operation: Operation::Barrier,
        };
        Self([entry; PLACES])
    }
}

impl Memo {
    /// What a message with this descriptor to that shared function asks for.
    #[inline(always)]
    pub(super) fn operation(
        &mut self,
        function: SharedFunction,
        descriptor: u32,
    ) -> Result<Operation, Trap> {
        // The upper bits of a product depend on all of its factor's.
        let place = (descriptor ^ function as u32).wrapping_mul(0x9E37_79B1) >> 27;
        let entry = &mut self.0[place as usize % PLACES];
        if entry.descriptor != descriptor || entry.function != function {
            *entry = decoded(function, descriptor)?;
        }
        Ok(entry.operation)
    }
}

#[inline(never)]
fn decoded(function: SharedFunction, descriptor: u32) -> Result<Entry, Trap> {
    Ok(Entry {
        function,
        descriptor,
        operation: Operation::decode(function, descriptor)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever was asked before, the answer is the decoder's.
    #[test]
    fn answers_are_the_decoders() {
        let mut memo = Memo::default();
        let functions = [
            SharedFunction::DataPort0,
            SharedFunction::DataPort1,
            SharedFunction::Gateway,
            SharedFunction::ConstantCache,
            SharedFunction::ThreadSpawner,
        ];
        for round in 0..20_000_u32 {
            let descriptor = (round % 700).wrapping_mul(0x0001_9d4b) & 0x7_ffff;
            let function = functions[round as usize % functions.len()];
            assert_eq!(
                memo.operation(function, descriptor),
                Operation::decode(function, descriptor)
            );
        }
        assert_eq!(
            memo.operation(SharedFunction::Gateway, 4),
            Ok(Operation::Barrier)
        );
    }
}
