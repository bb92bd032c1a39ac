// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Shows what a virtual Intel GPU does, live. On the host it asks the daemon's management
//! socket, in a guest it reads fdinfo.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        reason = "a test says what went wrong by where it fails"
    )
)]

mod fdinfo;
mod host;
mod model;
mod render;

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyModifiers};

use model::Sample;
use render::Screen;

/// Shows what a virtual Intel GPU does: engines, clients, memory, messages.
///
/// On the host, --socket names the management socket of the daemon. Without it, as in a
/// guest, the clients of this machine's DRM driver are shown, as fdinfo tells of them; other
/// users' only to root. q ends it, the arrow keys scroll the clients.
#[derive(Clone, Debug, Parser)]
#[command(name = "igpu-top", version)]
struct Arguments {
    /// The management socket of a vhost-device-igpu.
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,

    /// Without a socket: the driver whose clients are shown.
    #[arg(long, value_name = "NAME", default_value = "i915")]
    driver: String,

    /// From one look to the next, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(50..=60_000))]
    interval: u64,

    /// Look twice, print what went on in between, and end.
    #[arg(long)]
    once: bool,

    /// Print JSON, a line for each look, instead of drawing.
    #[arg(long)]
    json: bool,

    /// Columns to print with --once.
    #[arg(long, value_name = "COLUMNS", default_value_t = 100, value_parser = clap::value_parser!(u16).range(20..=500))]
    width: u16,
}

/// Where samples come from.
struct Source {
    arguments: Arguments,
    begun: Instant,
}

impl Source {
    fn sample(&self) -> Result<Sample> {
        match &self.arguments.socket {
            Some(socket) => host::sample(socket),
            None => Ok(fdinfo::sample(
                &self.arguments.driver,
                self.begun.elapsed().as_secs_f64(),
            )),
        }
    }
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("igpu-top: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<()> {
    let interval = Duration::from_millis(arguments.interval);
    let (once, json, width) = (arguments.once, arguments.json, arguments.width);
    let source = Source {
        arguments,
        begun: Instant::now(),
    };
    let first = source.sample()?;
    if !once && !json {
        let hint = "standard output is no terminal; --once or --json print";
        ensure!(io::stdout().is_terminal(), hint);
        let mut terminal = ratatui::init();
        let shown = show(&mut terminal, &source, first, interval);
        ratatui::restore();
        return shown;
    }
    let mut before = first;
    loop {
        std::thread::sleep(interval);
        let now = source.sample()?;
        let view = model::rates(Some(&before), &now);
        let text = match json {
            true => serde_json::to_string(&view).context("the view as JSON")? + "\n",
            false => render::text(&view, width),
        };
        match io::stdout().write_all(text.as_bytes()) {
            // Whoever read has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            written => written.context("standard output")?,
        }
        if once {
            return Ok(());
        }
        before = now;
    }
}

/// Draws until somebody has seen enough.
fn show(
    terminal: &mut DefaultTerminal,
    source: &Source,
    first: Sample,
    interval: Duration,
) -> Result<()> {
    let mut before = first;
    let mut view = model::rates(None, &before);
    let mut scroll = 0_usize;
    loop {
        let screen = Screen {
            view: &view,
            scroll,
        };
        terminal.draw(|frame| frame.render_widget(screen, frame.area()))?;
        let next = Instant::now() + interval;
        loop {
            let left = next.saturating_duration_since(Instant::now());
            if left.is_zero() || !event::poll(left)? {
                break;
            }
            let last = view.clients.len().saturating_sub(1);
            match event::read()? {
                Event::Key(key) => match key.code {
                    KeyCode::Char('q') | KeyCode::Esc => return Ok(()),
                    KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                        return Ok(());
                    }
                    KeyCode::Down => scroll = (scroll + 1).min(last),
                    KeyCode::Up => scroll = scroll.saturating_sub(1),
                    _ => continue,
                },
                Event::Resize(..) => {}
                _ => continue,
            }
            let screen = Screen {
                view: &view,
                scroll,
            };
            terminal.draw(|frame| frame.render_widget(screen, frame.area()))?;
        }
        let now = source.sample()?;
        view = model::rates(Some(&before), &now);
        scroll = scroll.min(view.clients.len().saturating_sub(1));
        before = now;
    }
}
