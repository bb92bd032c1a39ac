//! Messages: registers leave, registers come back.

use super::{Barrier, Thread, file};
use crate::kernel::op::{Message, Op, Operand, Target, Where};
use crate::memory::Memory;
use crate::shared::operation::Operation;
use crate::shared::{Answer, LocalMemory, REGISTER, Registers, Request, Sender, SharedFunctions};
use crate::trap::Trap;

/// Most registers of an answer.
const MOST: usize = 32;
/// Most registers of a first and of a second payload.
const FIRST: usize = 15;
const SECOND: usize = 31;
/// Registers that most payloads have no more than.
const FEW: usize = 4;

impl Thread {
    /// Sends a message and puts what it answers into registers.
    pub(super) fn send<M: Memory>(
        &mut self,
        op: &Op,
        message: &Message,
        enabled: u32,
        sender: Sender,
        functions: &mut SharedFunctions<M>,
        local: &mut LocalMemory,
    ) -> Result<(), Trap> {
        let descriptor = message
            .descriptor
            .unwrap_or_else(|| self.file.dword(file::ADDRESS));
        let extended = match message.extended {
            Ok(bits) => bits,
            Err(number) => self.file.dword(file::ADDRESS + usize::from(number & 7) * 4),
        };
        let lengths = [
            (descriptor >> 25 & 15) as usize,
            (extended >> 6 & 31) as usize,
        ];
        // Copies, as the answer may go where they come from.
        let (mut few, mut many);
        let (first, second): (&mut Registers, &mut Registers) =
            if lengths.iter().all(|it| *it <= FEW) {
                few = [[[0; REGISTER]; FEW]; 2];
                let [first, second] = &mut few;
                (first, second)
            } else {
                many = ([[0; REGISTER]; FIRST], [[0; REGISTER]; SECOND]);
                (&mut many.0, &mut many.1)
            };
        let (first, second) = (&mut first[..lengths[0]], &mut second[..lengths[1]]);
        self.copy_payload(&op.sources[0], first)?;
        self.copy_payload(&op.sources[1], second)?;
        let operation = match message.operation {
            Some(ref operation) => operation,
            None => &Operation::decode(message.function, descriptor)?,
        };
        let request = Request {
            operation,
            descriptor,
            extended,
            exec_size: op.exec_size,
            mask: enabled,
            first,
            second,
        };
        let wanted = (descriptor >> 20 & 31) as usize;
        let (registers, _) = self.file.bytes.as_chunks_mut::<REGISTER>();
        let registers = match op.target {
            Target::Register { at, .. } => {
                let first = usize::from(at) / REGISTER;
                let end = first + wanted;
                registers
                    .get_mut(first..end)
                    .filter(|_| end <= file::GENERAL)
                    .ok_or(Trap::BadMessage("an answer behind r127"))?
            }
            _ => {
                // Nobody wants the answer.
                let mut ignored = [[0; REGISTER]; MOST];
                let answer = functions.send(sender, &request, local, &mut ignored[..wanted])?;
                self.note(answer);
                return Ok(());
            }
        };
        let answer = functions.send(sender, &request, local, registers)?;
        self.note(answer);
        Ok(())
    }

    /// Copies a payload of as many registers as there is room for.
    #[inline(always)]
    fn copy_payload(&self, source: &Operand, payload: &mut Registers) -> Result<(), Trap> {
        if payload.is_empty() {
            return Ok(());
        }
        let (Where::Scalar(at) | Where::Unit(at)) = source.place else {
            return Err(Trap::BadMessage("a payload that is not in registers"));
        };
        let first = usize::from(at);
        let registers = self.file.bytes[..file::GENERAL_BYTES]
            .get(first..)
            .map(|rest| rest.as_chunks::<REGISTER>().0)
            .and_then(|rest| rest.get(..payload.len()))
            .ok_or(Trap::BadMessage("a payload behind r127"))?;
        for (to, from) in payload.iter_mut().zip(registers) {
            *to = *from;
        }
        Ok(())
    }

    fn note(&mut self, answer: Answer) {
        match answer {
            Answer::Done => {}
            Answer::BarrierReached => self.barrier = Barrier::Reached,
            Answer::EndOfThread => self.ended = true,
        }
    }
}
