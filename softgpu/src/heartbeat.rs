//! When a batch that shows no sign of life counts as hung. The rule is i915's
//! (`gt/intel_engine_heartbeat.c`): an engine gets a request of its own every interval, the
//! heartbeat. One that finds the last not executed raises its priority, so that first the
//! unimportant, then everybody has to make room for it, and what doesn't is reset: after
//! the preemption time-out, or when the heartbeat has reached the top and still waits.

use std::time::Duration;

use crate::platform::EngineTiming;

/// How long a batch of this priority may go without a sign of life; none: for ever.
/// A `priority` of `None` is above all heartbeats: nothing preempts the batch. `usual` is the heartbeat's interval that the engine had at first.
pub(crate) fn patience(
    timing: EngineTiming,
    usual: Duration,
    priority: Option<i32>,
) -> Option<Duration> {
    let EngineTiming {
        timeslice,
        preempt_timeout,
        heartbeat,
        hang_detection,
    } = timing;
    if heartbeat.is_zero() || !hang_detection {
        return None;
    }
    // The first beat is below everybody, the second at the default priority, where it
    // takes turns with its likes, the third above all of users, the fourth above all.
    let preempting = priority.map(|priority| match priority {
        ..0 => heartbeat * 2,
        0 if !timeslice.is_zero() => heartbeat * 2 + timeslice,
        _ => heartbeat * 3,
    });
    // The fourth gets time for a preemption, unless somebody has set the interval.
    let last = if heartbeat == usual {
        heartbeat.max(preempt_timeout * 2)
    } else {
        heartbeat
    };
    let end = heartbeat * 4 + last;
    match preempting {
        Some(preempting) if !preempt_timeout.is_zero() => {
            Some(end.min(preempting + preempt_timeout))
        }
        _ => Some(end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Platform;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    const TIMING: EngineTiming = EngineTiming {
        timeslice: ms(1),
        preempt_timeout: ms(640),
        heartbeat: ms(2500),
        hang_detection: true,
    };

    #[test]
    fn a_heartbeat_preempts_when_it_is_more_important() {
        let after = |priority| patience(TIMING, ms(2500), Some(priority)).unwrap_or_default();
        assert_eq!(after(-1), ms(2 * 2500 + 640));
        assert_eq!(after(0), ms(2 * 2500 + 1 + 640));
        assert_eq!(after(1), ms(3 * 2500 + 640));
        assert_eq!(after(1023), ms(3 * 2500 + 640));
        let slices = EngineTiming {
            timeslice: ms(0),
            ..TIMING
        };
        assert_eq!(
            patience(slices, ms(2500), Some(0)),
            Some(ms(3 * 2500 + 640))
        );
    }

    #[test]
    fn without_preemption_time_out_the_fifth_beat_resets() {
        let timing = EngineTiming {
            preempt_timeout: ms(0),
            ..TIMING
        };
        assert_eq!(patience(timing, ms(2500), Some(0)), Some(ms(5 * 2500)));
        // So it does if the time-out is longer than all beats.
        let timing = EngineTiming {
            preempt_timeout: ms(5000),
            heartbeat: ms(100),
            ..TIMING
        };
        assert_eq!(patience(timing, ms(2500), Some(0)), Some(ms(500)));
        // With the interval it had at first, the last beat waits for a preemption.
        assert_eq!(patience(timing, ms(100), Some(1)), Some(ms(3 * 100 + 5000)));
    }

    #[test]
    fn no_interval_or_no_detection_means_no_end() {
        let mut timing = TIMING;
        timing.heartbeat = ms(0);
        assert_eq!(patience(timing, ms(2500), Some(0)), None);
        let mut timing = TIMING;
        timing.hang_detection = false;
        assert_eq!(patience(timing, ms(2500), Some(0)), None);
    }

    #[test]
    fn tiger_lakes_render_engine_takes_longer_for_compute() {
        let rcs0 = Platform::TGL.engines[0].timing;
        assert_eq!(
            patience(rcs0, rcs0.heartbeat, Some(0)),
            Some(ms(2 * 2500 + 1 + 7500))
        );
    }
}
