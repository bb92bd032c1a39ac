//! The picture: each operation's time on our GPU beside the other's, on a logarithmic scale.

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use serde_json::Value;

/// Sizes in pixels.
const WIDTH: u32 = 1000;
const LEFT: i32 = 330;
const RIGHT: i32 = 880;
const TOP: i32 = 96;
const ROW: i32 = 46;
const BAR: i32 = 15;

const OURS: RGBColor = RGBColor(0x1f, 0x6f, 0xd6);
const THEIRS: RGBColor = RGBColor(0xb8, 0xbe, 0xc8);
const INK: RGBColor = RGBColor(0x22, 0x26, 0x2e);
const FAINT: RGBColor = RGBColor(0xe6, 0xe8, 0xec);
const QUIET: RGBColor = RGBColor(0x6a, 0x70, 0x7c);

/// The operations that are drawn, with a name short enough to stand beside a bar.
const DRAWN: [(&str, &str); 11] = [
    ("getparam", "GETPARAM, stays in the guest"),
    ("submit_only", "submission: the ioctl alone"),
    ("submit_1", "submission and wait"),
    ("submit_with_object", "with an object, waited for"),
    ("submit_8", "submission, 8 in flight"),
    ("submit_64", "submission, 64 in flight"),
    ("allocate_64", "64 KiB made, written, closed"),
    ("allocate_4096", "4 MiB made, written, closed"),
    ("show_64", "64 KiB made, GPU-visible, closed"),
    ("show_4096", "4 MiB made, GPU-visible, closed"),
    ("copy_out", "16 MiB copied out by the host"),
];

/// Median and quartiles of a GPU's times.
struct Bar {
    median: f64,
    low: f64,
    high: f64,
}

struct Row {
    label: &'static str,
    ours: Bar,
    theirs: Bar,
    ratio: f64,
}

fn rows(report: &Value) -> Vec<Row> {
    let bar = |value: &Value| {
        Some(Bar {
            median: value["median"].as_f64()?,
            low: value["low"].as_f64()?,
            high: value["high"].as_f64()?,
        })
    };
    let row = |(name, label): (&str, &'static str)| {
        let row = super::aims::row(report, "operations", name);
        Some(Row {
            label,
            ours: bar(&row["ours"])?,
            theirs: bar(&row["peer"])?,
            ratio: row["ratio"]["median"].as_f64()?,
        })
    };
    DRAWN.into_iter().filter_map(row).collect()
}

/// The scale: whole powers of ten around all that is shown.
struct Scale {
    least: i32,
    most: i32,
}

impl Scale {
    fn around(rows: &[Row]) -> Self {
        let all = rows
            .iter()
            .flat_map(|row| [row.ours.low, row.theirs.low, row.ours.high, row.theirs.high])
            .filter(|value| *value > 0.0);
        let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in all {
            least = least.min(value);
            most = most.max(value);
        }
        if least > most {
            (least, most) = (1.0, 10.0);
        }
        let (least, most) = (least.log10().floor() as i32, most.log10().ceil() as i32);
        Self {
            least,
            most: most.max(least + 1),
        }
    }

    fn x(&self, microseconds: f64) -> i32 {
        let part =
            (microseconds.log10() - f64::from(self.least)) / f64::from(self.most - self.least);
        LEFT + (part.clamp(0.0, 1.0) * f64::from(RIGHT - LEFT)) as i32
    }
}

/// A time as people say it.
fn time(microseconds: f64) -> String {
    if microseconds >= 1000.0 {
        format!("{} ms", significant(microseconds / 1000.0))
    } else {
        format!("{} µs", significant(microseconds))
    }
}

fn significant(value: f64) -> String {
    let digits = match value {
        value if value >= 100.0 => 0,
        value if value >= 9.95 => 1,
        _ => 2,
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_string()
    } else {
        text
    }
}

/// The picture of a report.
pub(crate) fn svg(report: &Value) -> Result<String> {
    let rows = rows(report);
    let height = TOP + ROW * rows.len() as i32 + 40;
    let mut text = String::new();
    {
        let size = (WIDTH, height.unsigned_abs());
        let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
        draw(&area, &rows, height).map_err(|error| anyhow!("{error}"))?;
        area.present().map_err(|error| anyhow!("{error}"))?;
    }
    Ok(text)
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = std::result::Result<(), Box<dyn std::error::Error>>;

fn words(
    area: &Area<'_>,
    text: &str,
    at: (i32, i32),
    size: i32,
    color: RGBColor,
    side: HPos,
) -> Drawn {
    // The backend takes a size for more than its letters' height.
    let style = ("sans-serif", f64::from(size) * 1.24)
        .into_font()
        .color(&color)
        .pos(Pos::new(side, VPos::Center));
    area.draw(&Text::new(text.to_string(), at, style))
        .map_err(|error| error.to_string().into())
}

fn bar(area: &Area<'_>, scale: &Scale, bar: &Bar, top: i32, color: RGBColor) -> Drawn {
    let (from, to) = (
        scale.x(0.0_f64.max(10f64.powi(scale.least))),
        scale.x(bar.median),
    );
    area.draw(&Rectangle::new(
        [(from, top), (to, top + BAR)],
        color.filled(),
    ))?;
    let middle = top + BAR / 2;
    let (low, high) = (scale.x(bar.low), scale.x(bar.high));
    area.draw(&PathElement::new(
        vec![(low, middle), (high, middle)],
        INK.stroke_width(1),
    ))?;
    for x in [low, high] {
        let ends = vec![(x, middle - 3), (x, middle + 3)];
        area.draw(&PathElement::new(ends, INK.stroke_width(1)))?;
    }
    words(
        area,
        &time(bar.median),
        (high.max(to) + 6, middle),
        12,
        INK,
        HPos::Left,
    )
}

fn draw(area: &Area<'_>, rows: &[Row], height: i32) -> Drawn {
    area.fill(&WHITE)?;
    let scale = Scale::around(rows);
    words(
        area,
        "What it costs: virtio-igpu beside virtio-gpu",
        (24, 26),
        20,
        INK,
        HPos::Left,
    )?;
    let under =
        "one guest, operations in turn; median and quartiles; shorter is better; logarithmic";
    words(area, under, (24, 50), 13, QUIET, HPos::Left)?;
    for (name, color, x) in [
        ("virtio-igpu", OURS, 640),
        ("virtio-gpu (virgl)", THEIRS, 760),
    ] {
        area.draw(&Rectangle::new([(x, 20), (x + 14, 32)], color.filled()))?;
        words(area, name, (x + 20, 26), 13, INK, HPos::Left)?;
    }
    words(
        area,
        "ours / its",
        (WIDTH as i32 - 24, TOP - 22),
        12,
        QUIET,
        HPos::Right,
    )?;
    for power in scale.least..=scale.most {
        let (value, bottom) = (10f64.powi(power), height - 36);
        let x = scale.x(value);
        let line = vec![(x, TOP - 10), (x, bottom)];
        area.draw(&PathElement::new(line, FAINT.stroke_width(1)))?;
        words(
            area,
            &time(value),
            (x, bottom + 14),
            12,
            QUIET,
            HPos::Center,
        )?;
    }
    for (place, row) in rows.iter().enumerate() {
        let top = TOP + ROW * place as i32;
        words(
            area,
            row.label,
            (LEFT - 12, top + BAR),
            13,
            INK,
            HPos::Right,
        )?;
        bar(area, &scale, &row.ours, top, OURS)?;
        bar(area, &scale, &row.theirs, top + BAR + 1, THEIRS)?;
        let ratio = format!("{:.2}×", row.ratio);
        let color = if row.ratio < 1.0 { OURS } else { INK };
        words(
            area,
            &ratio,
            (WIDTH as i32 - 24, top + BAR),
            15,
            color,
            HPos::Right,
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{significant, svg, time};

    #[test]
    fn the_picture_names_each_operation_that_both_were_measured_on() {
        let spread = |median: f64| serde_json::json!({"median": median, "low": median / 2.0, "high": median * 2.0});
        let report = serde_json::json!({"operations": [
            {"name": "submit_1", "ours": spread(120.0), "peer": spread(150.0), "ratio": spread(0.8)},
            {"name": "round_trip", "ours": spread(90.0), "peer": null, "ratio": null},
        ]});
        let text = svg(&report).expect("a picture");
        for part in ["<svg", "submission and wait", "120 µs", "0.80×"] {
            assert!(text.contains(part), "{part}");
        }
        assert!(!text.contains("GETPARAM"));
    }

    #[test]
    fn times_are_said_as_people_say_them() {
        assert_eq!(time(1.7), "1.7 µs");
        assert_eq!(time(17086.0), "17.1 ms");
        assert_eq!(significant(300.0), "300");
    }
}
