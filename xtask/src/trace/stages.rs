//! How long each stage of a submission takes that its client waits for, by a trace.

use serde_json::{Value, json};

use super::guest::{Event, What};
use crate::bench::table::spread_of;

/// A submission's stages, in their order.
const STAGES: [&str; 7] = [
    "the call, up to where the submission is made",
    "fence and command made, up to the ring",
    "the device notified, up to its worker taking the command",
    "executed, up to the executor's report",
    "the reply put into the ring",
    "the driver interrupted, up to the fence being signalled",
    "the client woken, up to its wait's return",
];

/// When what happened to a submission, in microseconds on the host's clock, but for its call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passed {
    /// The process that made it.
    pub(super) process: u32,
    /// When the driver made it, as the guest's clock has it.
    pub(super) made_in_guest: f64,
    pub(super) made: f64,
    pub(super) sent: f64,
    pub(super) taken: f64,
    pub(super) reported: f64,
    pub(super) used: f64,
    pub(super) signalled: f64,
}

/// The beginning of the ioctl that made it and the end of the next, which waits for it, on the
/// guest's clock.
fn calls(events: &[Event], process: u32, made: f64) -> Option<(f64, f64)> {
    let after = events.partition_point(|event| event.at < made);
    let own = |event: &&Event| event.process == process;
    let begins = |event: &&Event| matches!(event.what, What::IoctlBegin(_));
    let ends = |event: &&Event| event.what == What::IoctlEnd;
    let begin = events[..after].iter().rev().filter(own).find(begins)?;
    let end = events[after..].iter().filter(own).filter(ends).nth(1)?;
    Some((begin.at, end.at))
}

/// The stages of those submissions, if there were any: `host` has a guest's time on the host's
/// clock; `error` is how wrong it may be.
pub(super) fn of(
    passed: &[Passed],
    events: &[Event],
    host: impl Fn(f64) -> f64,
    error: f64,
) -> Option<Value> {
    let mut times: [Vec<f64>; STAGES.len()] = Default::default();
    let mut totals = Vec::new();
    for one in passed {
        let Some((begin, end)) = calls(events, one.process, one.made_in_guest) else {
            continue;
        };
        let at = [
            host(begin),
            one.made,
            one.sent,
            one.taken,
            one.reported,
            one.used,
            one.signalled,
            host(end),
        ];
        for (times, pair) in times.iter_mut().zip(at.windows(2)) {
            times.push((pair[1] - pair[0]).max(0.0));
        }
        totals.push(at[STAGES.len()] - at[0]);
    }
    if totals.is_empty() {
        return None;
    }
    let count = totals.len();
    let stages = STAGES.into_iter().zip(times);
    let stages: Vec<Value> = stages
        .map(|(what, times)| json!({ "what": what, "us": spread_of(times) }))
        .collect();
    Some(json!({ "count": count, "error_us": error, "stages": stages, "us": spread_of(totals) }))
}

#[cfg(test)]
mod tests {
    use super::super::merge;
    use super::super::merge::tests::run;

    #[test]
    fn each_stage_is_as_long_as_the_trace_says() {
        let (host, recorded) = run(50);
        let (_, summary) = merge::merge(&host, &recorded).expect("a trace");
        let stages = summary.stages.expect("stages");
        // Each submission's second call is the next one's, which ends 1,030 us after its own.
        assert_eq!(stages["count"], 49);
        let median = |index: usize| stages["stages"][index]["us"]["median"].as_f64();
        let near = |index: usize, wanted: f64, error: f64| {
            let median = median(index).expect("a stage");
            assert!((median - wanted).abs() <= error, "{index}: {median}");
        };
        // Within the guest or the host to a microsecond, between them to the clocks' error.
        near(0, 10.0, 1.0);
        near(1, 10.0, 1.0);
        near(2, 20.0, summary.fit.error + 1.0);
        near(3, 20.0, 0.1);
        near(4, 20.0, 0.1);
        near(5, 15.0, summary.fit.error + 1.0);
        near(6, 935.0, 1.0);
        let total = stages["us"]["median"].as_f64().expect("a total");
        assert!((total - 1030.0).abs() <= 1.0, "{total}");
    }
}
