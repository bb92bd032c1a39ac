//! Messages: registers leave, registers come back.

use super::{Barrier, Thread, file};
use crate::isa::SharedFunction;
use crate::kernel::op::{Op, Target, Where};
use crate::memory::Memory;
use crate::shared::{Answer, LocalMemory, REGISTER, Request, Sender, SharedFunctions};
use crate::trap::Trap;

/// Most registers of a payload, and of an answer.
const MOST: usize = 32;

/// What a `send` says of its message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outgoing {
    pub(super) function: SharedFunction,
    /// None: in a0.0.
    pub(super) descriptor: Option<u32>,
    /// Or the dword of a0 that holds it.
    pub(super) extended: Result<u32, u8>,
}

impl Thread {
    /// Sends a message and puts what it answers into registers.
    pub(super) fn send<M: Memory>(
        &mut self,
        op: &Op,
        message: Outgoing,
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
        let mut payloads = [[[0; REGISTER]; MOST]; 2];
        for (number, length) in lengths.into_iter().enumerate() {
            if length == 0 {
                continue;
            }
            let (Where::Scalar(at) | Where::Unit(at)) = op.sources[number].place else {
                return Err(Trap::BadMessage("a payload that is not in registers"));
            };
            let first = usize::from(at);
            let registers = self
                .file
                .bytes
                .get(first..first + length * REGISTER)
                .filter(|_| first + length * REGISTER <= file::GENERAL_BYTES)
                .ok_or(Trap::BadMessage("a payload behind r127"))?;
            payloads[number]
                .as_flattened_mut()
                .get_mut(..registers.len())
                .ok_or(Trap::BadMessage("a payload of more than 32 registers"))?
                .copy_from_slice(registers);
        }
        let request = Request {
            function: message.function,
            descriptor,
            extended,
            exec_size: op.exec_size,
            mask: enabled,
            first: &payloads[0][..lengths[0]],
            second: &payloads[1][..lengths[1]],
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

    fn note(&mut self, answer: Answer) {
        match answer {
            Answer::Done => {}
            Answer::BarrierReached => self.barrier = Barrier::Reached,
            Answer::EndOfThread => self.ended = true,
        }
    }
}
