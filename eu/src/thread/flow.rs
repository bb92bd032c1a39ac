//! Control flow. Each channel that does not execute waits for an op of its own: a branch
//! sends channels there, and they execute again when the thread gets to it. The rules are those
//! of the branches' JIP (where to go when no channel is left) and UIP (where channels that
//! branch go on).

use super::{Thread, file};
use crate::isa::Opcode;
use crate::kernel::op::{Action, Op, Rows, Target, Where};
use crate::kernel::{Kernel, NOWHERE};
use crate::trap::Trap;

/// Which channels execute, and what the others wait for.
#[derive(Clone, Debug)]
pub(super) struct Channels {
    active: u32,
    waiting: u32,
    /// For each channel that waits, the index of the op.
    targets: [u32; 32],
}

impl Channels {
    pub(super) fn new(active: u32) -> Self {
        Self {
            active,
            waiting: 0,
            targets: [NOWHERE; 32],
        }
    }

    /// The channels that execute.
    #[inline(always)]
    pub(super) fn active(&self) -> u32 {
        self.active
    }

    /// The thread has got to an op: who waits for it executes again.
    #[inline(always)]
    pub(super) fn arrive(&mut self, at: u32) {
        if self.waiting != 0 {
            self.wake(at);
        }
    }

    fn wake(&mut self, at: u32) {
        for channel in bits(self.waiting) {
            if self.targets[channel as usize] == at {
                self.waiting &= !(1 << channel);
                self.active |= 1 << channel;
            }
        }
    }

    /// Sends channels to an op, to wait for the thread there.
    fn depart(&mut self, channels: u32, target: u32) {
        for channel in bits(channels) {
            self.targets[channel as usize] = target;
        }
        self.active &= !channels;
        self.waiting |= channels;
    }

    /// Whether a channel waits for this op.
    fn awaited(&self, at: u32) -> bool {
        bits(self.waiting).any(|channel| self.targets[channel as usize] == at)
    }
}

/// The numbers of the bits that are set.
fn bits(mut mask: u32) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let bit = mask.trailing_zeros();
        mask &= mask.wrapping_sub(1);
        (bit < 32).then_some(bit)
    })
}

const NO_TARGET: Trap = Trap::IllegalOperand("a branch to where no instruction begins");

/// The op of that index, if it is one.
fn known(target: u32) -> Result<u32, Trap> {
    if target == NOWHERE {
        Err(NO_TARGET)
    } else {
        Ok(target)
    }
}

impl Thread {
    /// Executes a branch; returns the index of the op that comes next.
    pub(super) fn branch(
        &mut self,
        kernel: &Kernel,
        op: &Op,
        here: u32,
        opcode: Opcode,
        control: bool,
        enabled: u32,
    ) -> Result<u32, Trap> {
        let next = here + 1;
        // The channels that execute and, where there is a predicate, for which it holds.
        let taken = enabled << op.channel_offset;
        let reached = op.channels() << op.channel_offset & self.channels.active();
        let channels = &mut self.channels;
        let past = |channels: &Channels, jip: u32| {
            if channels.active == 0 {
                known(jip)
            } else {
                Ok(next)
            }
        };
        match opcode {
            Opcode::Jmpi => {
                if enabled == 0 {
                    return Ok(next);
                }
                self.target(kernel, op)
            }
            Opcode::If => {
                channels.depart(reached & !taken, known(op.jip)?);
                past(channels, op.jip)
            }
            Opcode::Else => {
                channels.depart(reached, known(op.jip)?);
                if channels.active == 0 && !channels.awaited(next) {
                    known(op.jip)
                } else {
                    Ok(next)
                }
            }
            Opcode::Endif | Opcode::Join => {
                if op.jip == NOWHERE {
                    return Ok(next);
                }
                past(channels, op.jip)
            }
            Opcode::While => {
                if taken == 0 {
                    return Ok(next);
                }
                channels.depart(reached & !taken, next);
                known(op.jip)
            }
            Opcode::Break | Opcode::Cont | Opcode::Halt | Opcode::Brc => {
                channels.depart(taken, known(op.uip)?);
                past(channels, op.jip)
            }
            Opcode::Goto if control => {
                // Backwards: who goes, goes now.
                if taken == 0 {
                    return past(channels, op.jip);
                }
                channels.depart(reached & !taken, next);
                known(op.uip)
            }
            Opcode::Goto => {
                channels.depart(taken, known(op.uip)?);
                past(channels, op.jip)
            }
            Opcode::Brd => {
                if taken == 0 {
                    return Ok(next);
                }
                channels.depart(reached & !taken, next);
                self.target(kernel, op)
            }
            Opcode::Call | Opcode::Calla => {
                if taken == 0 && !op.mask_disabled {
                    return Ok(next);
                }
                let mask = self.channels.active();
                let target = self.target(kernel, op)?;
                self.channels.depart(reached & !taken, next);
                self.put_return(op, mask)?;
                Ok(target)
            }
            Opcode::Ret => {
                if enabled == 0 {
                    return Ok(next);
                }
                let target = self.target(kernel, op)?;
                let left = reached & !taken;
                if left == 0 {
                    return Ok(target);
                }
                self.channels.depart(taken, target);
                Ok(next)
            }
            _ => Err(Trap::IllegalInstruction),
        }
    }

    /// Where a branch leads: where a register says, in bytes from the instruction base address for
    /// `ret` and from the branch for the others, or to its JIP.
    fn target(&self, kernel: &Kernel, op: &Op) -> Result<u32, Trap> {
        let (Where::Scalar(at) | Where::Unit(at) | Where::Strided(Rows { at, .. })) =
            op.sources[0].place
        else {
            return known(op.jip);
        };
        let value = self.file.dword(usize::from(at));
        let offset = match op.action {
            Action::Branch(Opcode::Ret | Opcode::Calla, _) => value,
            _ => op.offset.wrapping_add(value),
        };
        let outside = Trap::OutsideKernel(kernel.base().wrapping_add(u64::from(offset)));
        kernel.index(offset).ok_or(outside)
    }

    /// Notes where a call returns to, and who called.
    fn put_return(&mut self, op: &Op, mask: u32) -> Result<(), Trap> {
        match op.target {
            Target::Register { at, .. } if usize::from(at) + 8 <= file::GENERAL_BYTES => {
                self.file.set_dword(usize::from(at), op.end);
                self.file.set_dword(usize::from(at) + 4, mask);
                Ok(())
            }
            _ => Err(Trap::IllegalOperand("a call that keeps no return address")),
        }
    }
}
