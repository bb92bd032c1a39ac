//! A picture of some commands of a trace, as an SVG: a row for each track that they pass,
//! and their arrows.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};
use plotters::prelude::*;

use super::HOST;
use super::timeline::{Slice, Timeline, Track};

/// Commands that are shown.
const SHOWN: usize = 4;

const WIDTH: u32 = 1200;
/// Where the rows begin, left of which their names stand, and where they end.
const LEFT: f64 = 250.0;
const RIGHT: f64 = 1180.0;
const TOP: i32 = 58;
const ROW: i32 = 46;
const BAR: i32 = 24;

/// What is shown: the ways of some commands, and from when to when.
struct Window<'a> {
    flows: Vec<&'a Vec<(Track, f64)>>,
    begin: f64,
    end: f64,
    rows: Vec<Track>,
}

/// Submissions in a row that are seen whole.
fn window(timeline: &Timeline) -> Option<Window<'_>> {
    // From a call over the host's queue and an engine to the fence.
    let whole = timeline.flows.values().filter(|steps| steps.len() >= 5);
    let mut whole: Vec<_> = whole.collect();
    whole.sort_by(|one, other| one[0].1.total_cmp(&other[0].1));
    // Of each so many in a row, those that took neither very short nor long.
    let mut groups: Vec<_> = whole.windows(SHOWN.min(whole.len()).max(1)).collect();
    let span = |group: &[&Vec<(Track, f64)>]| -> Option<(f64, f64)> {
        let begin = group.first()?.first()?.1;
        let ends = group.iter().filter_map(|steps| steps.last());
        Some((begin, ends.map(|(_, at)| *at).fold(begin, f64::max)))
    };
    let took = |group: &[&Vec<(Track, f64)>]| span(group).map_or(0.0, |(begin, end)| end - begin);
    groups.sort_by(|one, other| took(one).total_cmp(&took(other)));
    let flows = groups.get(groups.len() / 4)?.to_vec();
    let (begin, end) = span(&flows)?;
    let margin = (end - begin).max(1.0) * 0.04;
    let rows: BTreeSet<Track> = flows
        .iter()
        .flat_map(|steps| steps.iter().map(|s| s.0))
        .collect();
    let mut rows: Vec<_> = rows.into_iter().collect();
    // The order in which a command passes them.
    let place = |track: &Track| {
        let way = flows[0].iter().position(|(passed, _)| passed == track);
        (way.unwrap_or(usize::MAX), *track)
    };
    rows.sort_by_key(place);
    Some(Window {
        flows,
        begin: begin - margin,
        end: end + margin,
        rows,
    })
}

fn row_name(timeline: &Timeline, track: Track) -> String {
    let side = if track.0 == HOST { "host" } else { "guest" };
    let name = timeline.tracks.get(&track).map_or("", String::as_str);
    format!("{side}: {name}")
}

/// Draws it. An error if no submission is seen whole.
pub(super) fn draw(timeline: &Timeline, to: &Path) -> Result<()> {
    let window = window(timeline).context("the trace has no submission that is seen whole")?;
    draw_window(timeline, &window, to)
        .map_err(|error| anyhow::anyhow!("{error}"))
        .with_context(|| format!("cannot draw {}", to.display()))
}

fn draw_window(
    timeline: &Timeline,
    window: &Window<'_>,
    to: &Path,
) -> Result<(), Box<dyn std::error::Error>> {
    let rows = window.rows.len() as i32;
    let height = TOP + rows * ROW + 30;
    let root = SVGBackend::new(to, (WIDTH, height as u32)).into_drawing_area();
    root.fill(&WHITE)?;
    let x = |at: f64| {
        let share = (at - window.begin) / (window.end - window.begin);
        (LEFT + share.clamp(0.0, 1.0) * (RIGHT - LEFT)) as i32
    };
    let y = |row: i32| TOP + row * ROW;
    let row_of = |track: Track| window.rows.iter().position(|row| *row == track);
    let words = |size: i32| ("sans-serif", size).into_font();
    let title = format!(
        "{} submissions from ioctl to fence; microseconds; guest and host to within {}",
        window.flows.len(),
        timeline
            .facts
            .iter()
            .find(|(name, _)| name.starts_with("clock error"))
            .map_or("?", |(_, value)| value)
    );
    root.draw(&Text::new(title, (10, 10), words(16)))?;
    // The axis.
    let span = window.end - window.begin;
    let step = 10_f64.powf((span / 8.0).log10().ceil());
    let step = if span / step < 4.0 { step / 5.0 } else { step };
    for tick in 0..=(span / step) as i32 {
        let at = x(window.begin + f64::from(tick) * step);
        let grey = RGBColor(225, 225, 225);
        root.draw(&PathElement::new(vec![(at, TOP - 6), (at, y(rows))], grey))?;
        let label = format!("{:.0}", f64::from(tick) * step);
        root.draw(&Text::new(label, (at - 8, y(rows) + 6), words(13)))?;
    }
    let colors = |track: Track| match track.0 {
        HOST if track.1 >= 100 => RGBColor(120, 190, 120),
        HOST => RGBColor(240, 180, 110),
        _ => RGBColor(140, 175, 230),
    };
    for (row, track) in window.rows.iter().enumerate() {
        let row = row as i32;
        root.draw(&Text::new(
            row_name(timeline, *track),
            (10, y(row) + 6),
            words(14),
        ))?;
        let seen = |slice: &&Slice| {
            slice.track == *track && slice.end >= window.begin && slice.begin <= window.end
        };
        for slice in timeline.slices.iter().filter(seen) {
            let (left, right) = (x(slice.begin), x(slice.end).max(x(slice.begin) + 1));
            let corners = [(left, y(row)), (right, y(row) + BAR)];
            root.draw(&Rectangle::new(corners, colors(*track).filled()))?;
            root.draw(&Rectangle::new(corners, RGBColor(90, 90, 90)))?;
            if right - left > 7 * slice.name.len() as i32 {
                let at = (left + 3, y(row) + 6);
                root.draw(&Text::new(slice.name.clone(), at, words(12)))?;
            }
        }
        for mark in timeline.marks.iter().filter(|mark| mark.track == *track) {
            if (window.begin..window.end).contains(&mark.at) {
                let at = x(mark.at);
                let line = vec![(at, y(row) - 4), (at, y(row) + BAR + 4)];
                root.draw(&PathElement::new(line, RGBColor(60, 60, 60)))?;
            }
        }
    }
    for steps in &window.flows {
        for pair in steps.windows(2) {
            let [(from, begin), (to, end)] = [pair[0], pair[1]];
            let (Some(above), Some(below)) = (row_of(from), row_of(to)) else {
                continue;
            };
            let middle = |row: usize| y(row as i32) + BAR / 2;
            let (tail, head) = ((x(begin), middle(above)), (x(end), middle(below)));
            let red = RGBColor(200, 60, 60);
            root.draw(&PathElement::new(vec![tail, head], red.stroke_width(1)))?;
            root.draw(&Circle::new(head, 3, red.filled()))?;
        }
    }
    root.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::merge;
    use super::*;

    #[test]
    fn a_picture_shows_each_track_that_a_submission_passes() {
        let (host, recorded) = merge::tests::run(50);
        let (mut timeline, _) = merge::merge(&host, &recorded).expect("a trace");
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("trace.svg");
        // None has been on an engine: nothing is seen whole.
        assert!(draw(&timeline, &file).is_err());
        for steps in timeline.flows.values_mut() {
            let at = steps[1].1 + 5.0;
            steps.insert(2, ((HOST, 100), at));
            timeline.slices.push(Slice {
                track: (HOST, 100),
                begin: at,
                end: at + 10.0,
                name: "context 3".into(),
                args: serde_json::Value::Null,
            });
        }
        timeline.tracks.insert((HOST, 100), "rcs0".into());
        draw(&timeline, &file).expect("a picture");
        let svg = std::fs::read_to_string(&file).expect("the picture");
        for words in [
            "host: rcs0",
            "host: submit queue",
            "guest: painter",
            "guest: cpu 1",
        ] {
            assert!(svg.contains(words), "{words}");
        }
        assert!(svg.matches("<circle").count() >= 4 * SHOWN, "arrows");
    }
}
