// SPDX-License-Identifier: Apache-2.0 OR MIT

//! A view as it is drawn: engines on top, then messages and stages, then clients.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Row, Table, Widget};

use crate::model::{Load, View};

/// A view, and the first client shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen<'a> {
    /// What is drawn.
    pub(crate) view: &'a View,
    /// How many clients are scrolled past.
    pub(crate) scroll: usize,
}

/// A number of bytes for people.
pub(crate) fn bytes(number: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = number as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    match unit {
        0 => format!("{number} B"),
        _ => format!("{value:.1} {}", units[unit]),
    }
}

/// A duration for people.
pub(crate) fn duration(ns: u64) -> String {
    match ns {
        0..10_000 => format!("{ns} ns"),
        10_000..1_000_000 => format!("{:.1} us", ns as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} ms", ns as f64 / 1e6),
        _ => format!("{:.1} s", ns as f64 / 1e9),
    }
}

/// A rate for people.
fn rate(per_second: f64) -> String {
    if per_second >= 1e6 {
        format!("{:.1} M/s", per_second / 1e6)
    } else if per_second >= 1e4 {
        format!("{:.1} k/s", per_second / 1e3)
    } else {
        format!("{per_second:.1} /s")
    }
}

/// `width` cells of which `share` (0 to 1) are full, to an eighth of one.
fn bar(share: f64, width: usize) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (share.clamp(0.0, 1.0) * width as f64 * 8.0).round() as usize;
    let mut bar = "█".repeat(eighths / 8);
    bar.push_str(PARTS[eighths % 8]);
    bar
}

fn share(load: &Load) -> f64 {
    load.busy / load.capacity.max(1) as f64
}

fn percent(busy: f64) -> String {
    format!("{:.1}%", busy * 100.0)
}

fn heading(words: &'static str) -> Block<'static> {
    Block::bordered().title(Span::styled(words, Modifier::BOLD))
}

fn faint() -> Style {
    Style::new().fg(Color::DarkGray)
}

impl Screen<'_> {
    /// Lines that show everything, `clients` and all.
    pub(crate) fn height(view: &View) -> u16 {
        let engines = view.engines.len().max(1) + 2;
        let clients = view.clients.len().max(1) + 3;
        let lines = 1 + engines + Self::middle(view) + clients;
        u16::try_from(lines).unwrap_or(u16::MAX)
    }

    fn middle(view: &View) -> usize {
        match view.rates.len().max(view.latencies.len()) {
            0 => 0,
            lines => lines + 3,
        }
    }

    fn engines(self, area: Rect, buffer: &mut Buffer) {
        let block = heading("Engines");
        let inner = block.inner(area);
        block.render(area, buffer);
        let names = self.view.engines.iter().map(|load| load.name.len());
        let name_width = names.max().unwrap_or(0);
        let width = usize::from(inner.width).saturating_sub(name_width + 12);
        let line = |load: &Load| {
            let bar = bar(share(load), width);
            let rest = width.saturating_sub(bar.chars().count());
            let color = match share(load) {
                ..0.5 => Color::Green,
                0.5..0.9 => Color::Yellow,
                _ => Color::Red,
            };
            Line::from(vec![
                Span::raw(format!("{:name_width$} ", load.name)),
                Span::styled(bar, color),
                Span::styled("·".repeat(rest), faint()),
                Span::raw(format!(" {:>7}", percent(share(load)))),
            ])
        };
        let lines: Vec<_> = self.view.engines.iter().map(line).collect();
        let text = match lines.is_empty() {
            true => vec![Line::styled("none known", faint())],
            false => lines,
        };
        Paragraph::new(text).render(inner, buffer);
    }

    fn rates(self, area: Rect, buffer: &mut Buffer) {
        let rows = self.view.rates.iter().map(|told| {
            let of_bytes = told.name.starts_with("bytes");
            let (now, total) = match of_bytes {
                true => (
                    format!("{}/s", bytes(told.per_second as u64)),
                    bytes(told.total),
                ),
                false => (rate(told.per_second), told.total.to_string()),
            };
            Row::new([told.name.clone(), now, total])
        });
        let widths = [
            Constraint::Length(12),
            Constraint::Length(14),
            Constraint::Min(8),
        ];
        let header = Row::new(["", "now", "in all"]).style(faint());
        let table = Table::new(rows, widths).header(header);
        Widget::render(table.block(heading("Messages")), area, buffer);
    }

    fn latencies(self, area: Rect, buffer: &mut Buffer) {
        let rows = self.view.latencies.iter().map(|stage| {
            let [p50, p99, max] = [stage.p50_ns, stage.p99_ns, stage.max_ns].map(duration);
            Row::new([stage.stage.clone(), p50, p99, max])
        });
        let widths = [
            Constraint::Min(16),
            Constraint::Length(9),
            Constraint::Length(9),
            Constraint::Length(9),
        ];
        let header = Row::new(["", "half", "99%", "longest"]).style(faint());
        let table = Table::new(rows, widths).header(header);
        Widget::render(table.block(heading("Stages, at most")), area, buffer);
    }

    fn clients(self, area: Rect, buffer: &mut Buffer) {
        let classes: Vec<&str> = self
            .view
            .clients
            .first()
            .into_iter()
            .flat_map(|client| &client.engines)
            .map(|load| load.name.as_str())
            .collect();
        let counted = self.view.clients.iter().any(|c| c.submissions.is_some());
        let mut widths = vec![
            Constraint::Min(16),
            Constraint::Length(11),
            Constraint::Length(11),
        ];
        let mut header = vec!["client", "memory", "resident"];
        if counted {
            header.push("submits");
            widths.push(Constraint::Length(11));
        }
        for class in &classes {
            header.push(class);
            widths.push(Constraint::Length(class.len().max(7) as u16));
        }
        let rows = self.view.clients.iter().skip(self.scroll).map(|client| {
            let mut cells = vec![
                client.name.clone(),
                bytes(client.memory.total),
                bytes(client.memory.resident),
            ];
            if counted {
                cells.push(client.submissions.map(rate).unwrap_or_default());
            }
            for class in &classes {
                let load = client.engines.iter().find(|load| load.name == *class);
                cells.push(load.map(|load| percent(load.busy)).unwrap_or_default());
            }
            Row::new(cells)
        });
        let header = Row::new(header).style(faint());
        let table = Table::new(rows, widths).header(header);
        Widget::render(table.block(heading("Clients")), area, buffer);
    }
}

impl Widget for Screen<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let engines = self.view.engines.len().max(1) as u16 + 2;
        let [title, top, middle, bottom] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(engines),
            Constraint::Length(Self::middle(self.view) as u16),
            Constraint::Min(4),
        ])
        .areas(area);
        let words = Line::from(vec![
            Span::styled("igpu-top  ", Modifier::BOLD),
            Span::raw(self.view.title.as_str()),
        ]);
        words.render(title, buffer);
        self.engines(top, buffer);
        if middle.height > 0 {
            let halves = [Constraint::Percentage(42), Constraint::Percentage(58)];
            let [left, right] = Layout::horizontal(halves).areas(middle);
            self.rates(left, buffer);
            self.latencies(right, buffer);
        }
        self.clients(bottom, buffer);
    }
}

/// A view as plain text, whole.
pub(crate) fn text(view: &View, width: u16) -> String {
    let area = Rect::new(0, 0, width, Screen::height(view));
    let mut buffer = Buffer::empty(area);
    Screen { view, scroll: 0 }.render(area, &mut buffer);
    let mut text = String::new();
    for y in 0..area.height {
        let line: String = (0..width).map(|x| buffer[(x, y)].symbol()).collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ClientLoad, Latency, Memory, Rate};
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    fn load(name: &str, capacity: u64, busy: f64) -> Load {
        Load {
            name: name.into(),
            capacity,
            busy,
        }
    }

    fn view(clients: usize) -> View {
        let client = |number: usize| ClientLoad {
            id: number.to_string(),
            name: format!("{number} painter"),
            engines: vec![load("render", 1, 0.5), load("video", 2, 1.5)],
            busy: 2.0,
            memory: Memory {
                total: 3 << 20,
                resident: 1536,
            },
            submissions: Some(12_345.0),
        };
        View {
            title: "guest 1, tgl".into(),
            seconds: 1.0,
            engines: vec![load("rcs0", 1, 0.5), load("vcs", 2, 2.0)],
            clients: (0..clients).map(client).collect(),
            rates: vec![Rate {
                name: "messages".into(),
                per_second: 2.0,
                total: 40,
            }],
            latencies: vec![Latency {
                stage: "submit whole".into(),
                count: 11,
                p50_ns: 900,
                p99_ns: 18_000,
                max_ns: 20_000_000,
            }],
        }
    }

    /// What a terminal of that size shows.
    fn drawn(view: &View, scroll: usize, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let screen = Screen { view, scroll };
        let frame = terminal.draw(|frame| frame.render_widget(screen, frame.area()));
        let buffer = frame.unwrap().buffer.clone();
        let row = |y| {
            (0..width)
                .map(|x| buffer[(x, y)].symbol())
                .collect::<String>()
        };
        (0..height).map(row).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_terminal_shows_engines_messages_stages_and_clients() {
        let shown = drawn(&view(2), 0, 100, 30);
        let line = |words: &str| shown.lines().find(|line| line.contains(words)).unwrap();
        assert!(shown.starts_with("igpu-top  guest 1, tgl"), "{shown}");
        let half = line("rcs0");
        assert!(half.contains("50.0%"), "{half}");
        let cells = |cell: char| half.chars().filter(|&c| c == cell).count();
        assert!(cells('█').abs_diff(cells('·')) <= 1, "{half}");
        assert!(line("vcs").contains("100.0%") && !line("vcs").contains('·'));
        assert!(line("messages").contains("2.0 /s"), "{shown}");
        assert!(line("submit whole").contains("18.0 us"), "{shown}");
        let client = line("1 painter");
        for word in ["3.0 MiB", "1.5 KiB", "12.3 k/s", "50.0%", "150.0%"] {
            assert!(client.contains(word), "{word}: {client}");
        }
    }

    #[test]
    fn scrolling_passes_clients_and_any_size_can_be_drawn() {
        let many = view(50);
        assert!(drawn(&many, 40, 100, 30).contains("40 painter"));
        assert!(!drawn(&many, 40, 100, 30).contains("39 painter"));
        for (width, height) in [(1, 1), (10, 3), (40, 8), (300, 100)] {
            drawn(&many, 0, width, height);
            drawn(&View::default(), 5, width, height);
        }
        assert!(drawn(&View::default(), 0, 80, 20).contains("none known"));
    }

    #[test]
    fn as_text_nothing_is_cut_off() {
        let text = text(&view(50), 100);
        assert!(
            text.contains("49 painter") && text.contains("Stages"),
            "{text}"
        );
        assert_eq!(text.lines().count(), usize::from(Screen::height(&view(50))));
    }

    #[test]
    fn numbers_are_for_people() {
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(16 << 20), "16.0 MiB");
        assert_eq!(bytes(u64::MAX), "16777216.0 TiB");
        assert_eq!(duration(9_999), "9999 ns");
        assert_eq!(duration(12_000_000), "12.0 ms");
        assert_eq!(bar(0.5, 3), "█▌");
        assert_eq!(bar(7.0, 2), "██");
        assert_eq!(bar(f64::NAN, 2), "");
    }
}
