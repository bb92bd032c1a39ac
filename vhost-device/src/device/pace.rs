// SPDX-License-Identifier: Apache-2.0 OR MIT

//! How fast a guest may ask for what is over at once.
//!
//! Submissions and updates hold a guest back by themselves: it may have only so many under
//! way ([`virtio_igpu_protocol::MAX_PENDING_COMMANDS`]). What the device answers on the spot,
//! refuses, or is woken for without need would cost the host as much of a processor as the
//! guest likes. So each of these costs a guest time, of which it has [`ALLOWANCE`] in advance;
//! one that has none left is left alone for a moment, again and again, until it has. No driver
//! that does something useful comes near that.

use std::time::{Duration, Instant};

/// How much a guest may spend in advance: some 16,000 commands that are answered at once.
const ALLOWANCE: Duration = Duration::from_micros(163_840);

/// For how long a guest is left alone that has spent it.
const REST: Duration = Duration::from_millis(1);

/// A doorbell without work, which costs the host a thread's waking: some 3,000 a second.
const DOORBELL: Duration = Duration::from_micros(320);

/// Doorbells that may still be underway for commands that were found without them: one of
/// each queue.
const MAX_OWED: u8 = virtio_igpu_protocol::QUEUE_COUNT as u8;

/// What a command costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cost {
    /// It was accepted, and other limits hold.
    Nothing,
    /// It was answered, or refused: 100,000 a second.
    AtOnce,
    /// It was no command, which no driver would have sent: 12,500 a second.
    Nonsense,
}

impl Cost {
    fn time(self) -> Duration {
        Duration::from_micros(match self {
            Self::Nothing => 0,
            Self::AtOnce => 10,
            Self::Nonsense => 80,
        })
    }
}

/// What a guest has spent.
#[derive(Debug)]
pub(super) struct Pace {
    /// Up to when it has paid with the time that passed, and will have.
    paid: Instant,
    /// Doorbells that the commands taken lately account for.
    owed: u8,
}

impl Pace {
    /// Of a guest that has spent nothing.
    pub(super) fn new(now: Instant) -> Self {
        Self { paid: now, owed: 0 }
    }

    fn spend(&mut self, now: Instant, time: Duration) {
        self.paid = self.paid.max(now) + time;
    }

    /// A command was taken.
    pub(super) fn take(&mut self, now: Instant, cost: Cost) {
        self.owed = (self.owed + 1).min(MAX_OWED);
        if cost != Cost::Nothing {
            self.spend(now, cost.time());
        }
    }

    /// The worker was woken by a doorbell, and has taken what was there. Returns whether that
    /// was for anything: a command taken now, or one that it had found before it was told.
    pub(super) fn doorbell(&mut self, now: Instant) -> bool {
        let for_something = self.owed > 0;
        if for_something {
            self.owed -= 1;
        } else {
            self.spend(now, DOORBELL);
        }
        for_something
    }

    /// Whether the guest has spent what it may.
    pub(super) fn is_spent(&self, now: Instant) -> bool {
        self.paid > now + ALLOWANCE
    }

    /// For how long it is to be left alone.
    pub(super) fn rest(&self, now: Instant) -> Option<Duration> {
        self.is_spent(now).then_some(REST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many are served in `length` if the guest does nothing but this.
    fn served(length: Duration, mut one: impl FnMut(&mut Pace, Instant)) -> u32 {
        let begin = Instant::now();
        let mut pace = Pace::new(begin);
        let (mut now, mut count) = (begin, 0);
        while now < begin + length {
            match pace.rest(now) {
                Some(rest) => now += rest,
                None => {
                    one(&mut pace, now);
                    count += 1;
                    now += Duration::from_micros(1);
                }
            }
        }
        count
    }

    #[test]
    fn what_is_over_at_once_is_served_at_its_rate_once_the_allowance_is_spent() {
        let second = Duration::from_secs(1);
        for (cost, rate) in [(Cost::AtOnce, 100_000), (Cost::Nonsense, 12_500)] {
            let advance = ALLOWANCE.as_micros() as u32 / cost.time().as_micros() as u32;
            let count = served(second, |pace, now| pace.take(now, cost));
            let most = advance + rate;
            assert!(
                (most * 9 / 10..most + 200).contains(&count),
                "{cost:?}: {count}"
            );
        }
        let count = served(second, |pace, now| assert!(!pace.doorbell(now)));
        assert!((3000..4000).contains(&count), "{count}");
        let million = served(second, |pace, now| pace.take(now, Cost::Nothing));
        assert_eq!(million, 1_000_000);
    }

    #[test]
    fn a_doorbell_for_a_command_that_was_found_before_is_not_in_vain() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        assert!(!pace.doorbell(now));
        for _ in 0..1000 {
            pace.take(now, Cost::Nothing);
            assert!(pace.doorbell(now));
        }
        assert!(!pace.doorbell(now));
        // One for each queue, however many commands there were.
        for _ in 0..1000 {
            pace.take(now, Cost::Nothing);
        }
        let heeded = (0..10).filter(|_| pace.doorbell(now)).count();
        assert_eq!(heeded, usize::from(MAX_OWED));
    }

    #[test]
    fn who_waits_a_while_has_the_whole_allowance_again() {
        let begin = Instant::now();
        let mut pace = Pace::new(begin);
        while !pace.is_spent(begin) {
            pace.take(begin, Cost::AtOnce);
        }
        assert_eq!(pace.rest(begin), Some(REST));
        let later = begin + REST;
        assert!(pace.rest(later).is_none());
        let much_later = begin + 2 * ALLOWANCE;
        let mut count = 0;
        while !pace.is_spent(much_later) {
            pace.take(much_later, Cost::AtOnce);
            count += 1;
        }
        assert!(count > 16_000, "{count}");
    }
}
