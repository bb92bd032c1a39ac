//! What a person sees while something long runs: a step's name, a bar where the size is
//! known, and the time it took. Without a terminal: one plain line when a step ends.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

/// One named step being run.
pub(crate) struct Step {
    name: String,
    bar: ProgressBar,
    begun: Instant,
    terminal: bool,
}

impl Step {
    /// Begins a step of unknown length.
    pub(crate) fn begin(name: &str) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar = if terminal {
            ProgressBar::new_spinner()
        } else {
            ProgressBar::hidden()
        };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {wide_msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.set_prefix(name.to_string());
        bar.enable_steady_tick(Duration::from_millis(120));
        if !terminal {
            eprintln!("... {name}");
        }
        Self {
            name: name.to_string(),
            bar,
            begun: Instant::now(),
            terminal,
        }
    }

    /// From now on the step has a size in bytes, shown as a bar.
    pub(crate) fn bytes(&self, total: u64) {
        self.bar.set_length(total);
        if let Ok(style) = ProgressStyle::with_template(
            "{spinner} {prefix} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} eta {eta}",
        ) {
            self.bar.set_style(style);
        }
    }

    /// From now on the step has a number of parts, shown as a bar.
    pub(crate) fn parts(&self, total: u64) {
        self.bar.set_length(total);
        if let Ok(style) =
            ProgressStyle::with_template("{spinner} {prefix} {wide_bar} {pos}/{len} {elapsed}")
        {
            self.bar.set_style(style);
        }
    }

    /// How far the step has come.
    pub(crate) fn at(&self, position: u64) {
        self.bar.set_position(position);
    }

    /// What the step is doing just now.
    pub(crate) fn doing(&self, what: &str) {
        self.bar.set_message(what.to_string());
    }

    /// Ends the step well and returns the seconds it took.
    pub(crate) fn done(self, note: &str) -> f64 {
        let seconds = self.begun.elapsed().as_secs_f64();
        self.bar.finish_and_clear();
        let mark = if self.terminal { "\u{2713}" } else { "ok " };
        let note = if note.is_empty() {
            String::new()
        } else {
            format!(", {note}")
        };
        eprintln!("{mark} {} ({seconds:.1} s{note})", self.name);
        seconds
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Runs one step of unknown length; returns its result and its seconds.
pub(crate) fn step<T>(name: &str, run: impl FnOnce(&Step) -> Result<T>) -> Result<(T, f64)> {
    let step = Step::begin(name);
    let value = run(&step)?;
    Ok((value, step.done("")))
}

/// A size for people.
pub(crate) fn size(bytes: u64) -> String {
    indicatif::HumanBytes(bytes).to_string()
}
