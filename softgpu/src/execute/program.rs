//! Where a batch is: addresses, levels, arbitration, and whether it goes round in
//! circles. Knows no commands.

use super::Stop;
use crate::completion::HangReason;

/// Jumps after which a new place is watched for the batch to come back to.
const FIRST_WATCH: u32 = 4;
/// Most jumps between two changes of the watched place: longer loops aren't noticed.
const LONGEST_WATCH: u32 = 1024;

/// Progress of one batch. Default: none.
#[derive(Debug, Default)]
pub(crate) struct Program {
    /// The command being executed.
    pub(crate) current: u64,
    /// The command after it.
    pub(crate) next: u64,
    /// Where a second-level batch returns to.
    return_to: Option<u64>,
    running: bool,
    /// MI_ARB_ON_OFF: whether arbitration points count.
    pub(crate) arbitration: bool,
    /// The command streamer has come upon a command that it never gets past.
    pub(crate) stuck: bool,
    watch: Watch,
}

/// What has to be as it was for a loop to have changed nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    address: u64,
    return_to: Option<u64>,
    arbitration: bool,
}

/// Looks out for the batch coming back to where it was (Brent's cycle search).
#[derive(Debug, Default)]
struct Watch {
    place: Option<Place>,
    jumps: u32,
    limit: u32,
    /// An arbitration point was passed since the batch was last at the place.
    arbitrated: bool,
}

/// Whether a jump closes a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loop {
    /// It doesn't, or the loop has done something.
    Progress,
    /// The batch is where it was, and has changed neither memory nor registers: it
    /// goes on like this until memory changes from outside.
    ChangesNothing {
        /// An arbitration point lies in the loop.
        arbitrated: bool,
    },
}

impl Program {
    /// The beginning of the batch at `address`.
    pub(crate) fn start(address: u64) -> Self {
        Self {
            current: address,
            next: address,
            running: true,
            arbitration: true,
            ..Self::default()
        }
    }

    /// Whether there is something to execute.
    pub(crate) fn running(&self) -> bool {
        self.running
    }

    /// Whether execution is in a second-level batch.
    pub(crate) fn in_second_level(&self) -> bool {
        self.return_to.is_some()
    }

    /// Where the first-level batch is: at the command being executed, or behind the call of
    /// a second-level one.
    pub(crate) fn first_level(&self) -> u64 {
        self.return_to.unwrap_or(self.current)
    }

    /// Starts a second-level batch.
    pub(crate) fn call(&mut self, target: u64, behind: u64) -> Result<(), Stop> {
        if self.return_to.is_some() {
            return Err(HangReason::TooManyLevels.into());
        }
        self.return_to = Some(behind);
        self.next = target;
        Ok(())
    }

    /// Goes back one level.
    pub(crate) fn finish_level(&mut self) {
        match self.return_to.take() {
            Some(behind) => self.next = behind,
            None => self.running = false,
        }
    }

    /// Ends the batch on all levels.
    pub(crate) fn finish(&mut self) {
        self.return_to = None;
        self.running = false;
    }

    /// To be called after each jump with a count of all changes made in the quantum
    /// so far; a quantum that ends otherwise than by spinning must call
    /// [`Program::note_changes`].
    pub(crate) fn note_jump(&mut self, changes: u64) -> Loop {
        if changes != 0 {
            self.note_changes();
            return Loop::Progress;
        }
        let place = Place {
            address: self.next,
            return_to: self.return_to,
            arbitration: self.arbitration,
        };
        if self.watch.place == Some(place) {
            self.watch.jumps = 0;
            let arbitrated = std::mem::take(&mut self.watch.arbitrated);
            return Loop::ChangesNothing { arbitrated };
        }
        self.watch.jumps += 1;
        if self.watch.place.is_none() || self.watch.jumps >= self.watch.limit {
            self.watch.place = Some(place);
            self.watch.jumps = 0;
            self.watch.arbitrated = false;
            self.watch.limit = (self.watch.limit * 2).clamp(FIRST_WATCH, LONGEST_WATCH);
        }
        Loop::Progress
    }

    /// An arbitration point was passed.
    pub(crate) fn note_arbitration(&mut self) {
        self.watch.arbitrated = true;
    }

    /// Something was changed: whatever loop there was has done something.
    pub(crate) fn note_changes(&mut self) {
        self.watch = Watch::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_of_several_jumps_is_noticed() {
        let mut program = Program::start(0);
        let mut noticed = false;
        for round in 0..20 {
            for target in [0x100, 0x200, 0x300, 0x400, 0x500] {
                program.next = target;
                noticed |= program.note_jump(0) != Loop::Progress;
            }
            assert!(!noticed || round > 0);
        }
        assert!(noticed);
    }

    #[test]
    fn a_loop_that_changes_something_is_not() {
        let mut program = Program::start(0);
        for _ in 0..100 {
            assert_eq!(program.note_jump(0), Loop::Progress);
            assert_eq!(program.note_jump(1), Loop::Progress);
        }
    }
}
