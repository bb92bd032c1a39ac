// SPDX-License-Identifier: Apache-2.0 OR MIT

//! How long the driver is not interrupted for submissions that have ended.
//!
//! A driver that queues many submissions before it waits for one gains nothing from being
//! interrupted for each, and loses a lot: an interrupt costs it more than a submission. One
//! that waits for each submission loses by every moment that the interrupt comes late. Which
//! of the two it is can only be found out: once in a while the interrupt is held back, and
//! if another submission comes meanwhile the driver does not wait, and goes on to be
//! interrupted for several at once.
//!
//! Only submissions of one timeline are held back, and only while nothing else is under way:
//! nobody waits for somebody else's stream of them.

use std::time::{Duration, Instant};

use crate::executor::Timeline;

/// How long a next submission is looked out for: longer than an emulated guest takes to make
/// one.
const PATIENCE: Duration = Duration::from_micros(120);

/// The longest that an interrupt is held back, however many submissions come.
const LONGEST: Duration = Duration::from_micros(500);

/// Submissions for which one interrupt may be held back.
const MOST: u32 = 32;

/// For how many interrupts nothing is tried after it was in vain, at first; doubled each time
/// up to [`MOST_SKIPPED`].
const SKIPPED: u32 = 16;

/// See [`SKIPPED`].
const MOST_SKIPPED: u32 = 512;

/// After how many times that it paid it may once be in vain without anything being skipped:
/// every stream ends, and the next is likely to be another.
const WORTH_ANOTHER: u32 = 16;

/// Whether to hold an interrupt back.
#[derive(Debug)]
pub(super) struct Hold {
    /// Since when one is held back.
    since: Option<Instant>,
    /// For how many submissions.
    count: u32,
    /// The timeline that these are of; none: of several.
    timeline: Option<Timeline>,
    /// For how many interrupts it is not tried.
    skip: u32,
    /// For how many it will not be when it is in vain the next time.
    next_skip: u32,
    /// How often it has paid since it was in vain.
    paid: u32,
}

impl Default for Hold {
    fn default() -> Self {
        Self {
            since: None,
            count: 0,
            timeline: None,
            skip: 0,
            next_skip: SKIPPED,
            paid: 0,
        }
    }
}

impl Hold {
    /// A submission of that timeline has been given back, or one (`None`) that did not come to
    /// its end.
    pub(super) fn ended(&mut self, timeline: Option<Timeline>) {
        self.timeline = match self.count {
            0 => timeline,
            _ => self.timeline.filter(|known| Some(*known) == timeline),
        };
        self.count += 1;
    }

    /// Until when to look out for a next submission before the interrupt, and of which
    /// timeline all must be that is under way: or nothing, if it is due.
    pub(super) fn until(&mut self, now: Instant) -> Option<(Instant, Timeline)> {
        if self.skip > 0 || self.count >= MOST {
            return None;
        }
        let timeline = self.timeline?;
        let since = *self.since.get_or_insert(now);
        let end = since + LONGEST;
        (now < end).then(|| (end.min(now + PATIENCE), timeline))
    }

    /// A next submission came: it was worth it.
    pub(super) fn paid(&mut self) {
        self.next_skip = SKIPPED;
        self.paid = self.paid.saturating_add(1);
    }

    /// None did.
    pub(super) fn in_vain(&mut self) {
        if std::mem::take(&mut self.paid) >= WORTH_ANOTHER {
            return;
        }
        self.skip = self.next_skip;
        self.next_skip = (2 * self.next_skip).min(MOST_SKIPPED);
    }

    /// The driver is interrupted, or has what there was.
    pub(super) fn interrupted(&mut self) {
        self.skip = self.skip.saturating_sub(1);
        self.since = None;
        self.count = 0;
        self.timeline = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_for_each_submission_is_seldom_kept_waiting() {
        let now = Instant::now();
        let mut hold = Hold::default();
        let mut held = 0;
        for _ in 0..10_000 {
            hold.ended(Some(7));
            if hold.until(now).is_some() {
                held += 1;
                hold.in_vain();
            }
            hold.interrupted();
        }
        assert!(held <= 10_000 / MOST_SKIPPED + 8, "{held} times");
    }

    #[test]
    fn a_stream_is_interrupted_for_many_at_once_and_in_time() {
        let begin = Instant::now();
        let mut hold = Hold::default();
        for number in 1..MOST {
            hold.ended(Some(7));
            let now = begin + number * Duration::from_micros(10);
            let (until, timeline) = hold.until(now).unwrap();
            assert!(until <= begin + Duration::from_micros(10) + LONGEST);
            assert_eq!(timeline, 7);
            hold.paid();
        }
        hold.ended(Some(7));
        assert!(hold.until(begin).is_none(), "enough");
        hold.interrupted();
        hold.ended(Some(7));
        assert!(hold.until(begin).is_some());
        assert!(hold.until(begin + LONGEST).is_none(), "long enough");
    }

    #[test]
    fn a_stream_that_ends_does_not_spoil_the_next() {
        let begin = Instant::now();
        let mut hold = Hold::default();
        let mut interrupts = 0;
        for _ in 0..10 {
            // 64 submissions, then the driver waits for the last.
            for left in (0..64).rev() {
                hold.ended(Some(7));
                if hold.until(begin).is_some() {
                    if left > 0 {
                        hold.paid();
                        continue;
                    }
                    hold.in_vain();
                }
                hold.interrupted();
                interrupts += 1;
            }
        }
        assert!(interrupts <= 10 * 64 / u32::min(MOST, 10), "{interrupts}");
    }

    #[test]
    fn what_is_of_several_timelines_is_not_held_back() {
        let mut hold = Hold::default();
        hold.ended(Some(7));
        hold.ended(Some(8));
        hold.ended(Some(7));
        assert!(hold.until(Instant::now()).is_none());
        hold.interrupted();
        assert!(hold.until(Instant::now()).is_none(), "nothing is");
        hold.ended(Some(7));
        hold.ended(None);
        assert!(hold.until(Instant::now()).is_none(), "one hung");
    }
}
