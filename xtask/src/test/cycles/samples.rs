//! What is in use after each round, in the guest and in the daemon, and whether that is flat.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The first rounds fill caches: what is in use after this one is what later ones are held to.
pub(super) const WARM_UP: u64 = 10;

/// How much a figure may differ from what it was after [`WARM_UP`] rounds.
#[derive(Clone, Copy)]
enum Tolerance {
    /// Not at all.
    Exact,
    /// It may be lower, and so much higher.
    Grows(i64),
    /// It may be higher, and so much lower.
    Shrinks(i64),
}

/// What is looked at: its name, how it is called in the table, and what it may differ by.
///
/// The memory of a whole kernel is never quite still: a slab keeps a page for one object, and
/// addresses of mappings that are gone (six of a function's) are given back some thousand at a
/// time. What it may differ by is less than 200 rounds come to that leak 6 KiB of slab or six
/// pages each.
const FIGURES: [(&str, &str, Tolerance); 11] = [
    ("contexts", "guest: contexts", Tolerance::Exact),
    ("address_spaces", "guest: address spaces", Tolerance::Exact),
    ("objects", "guest: objects", Tolerance::Exact),
    (
        "userptr_bytes_pinned",
        "guest: bytes pinned",
        Tolerance::Exact,
    ),
    (
        "module_references",
        "guest: module's references",
        Tolerance::Exact,
    ),
    ("files", "guest: open files", Tolerance::Grows(96)),
    (
        "slab",
        "guest: unreclaimable slab, KiB",
        Tolerance::Grows(1024),
    ),
    (
        "available",
        "guest: available memory, KiB",
        Tolerance::Shrinks(4096),
    ),
    (
        "daemon_resident",
        "daemon: resident, KiB",
        Tolerance::Grows(1024),
    ),
    ("daemon_threads", "daemon: threads", Tolerance::Exact),
    ("daemon_files", "daemon: open files", Tolerance::Exact),
];

/// The figures after one round.
type Sample = BTreeMap<String, i64>;

/// The figures after each round.
#[derive(Default)]
pub(super) struct Samples(BTreeMap<u64, Sample>);

impl Samples {
    /// Takes a line of the guest's, `SAMPLE ROUND NAME=NUMBER ...`, and looks at the daemon.
    /// Gives the round; `None`: the line is something else.
    pub(super) fn take(&mut self, line: &str, daemon: Option<u32>) -> Option<u64> {
        let mut words = line.strip_prefix("SAMPLE ")?.split_whitespace();
        let round = words.next()?.parse().ok()?;
        let pairs = words.filter_map(|word| word.split_once('='));
        let mut sample: Sample = pairs
            .filter_map(|(name, number)| Some((name.to_string(), number.parse().ok()?)))
            .collect();
        if let Some(daemon) = daemon {
            let status = fs::read_to_string(format!("/proc/{daemon}/status"));
            sample.extend(process(&status.unwrap_or_default()));
            if let Ok(files) = fs::read_dir(Path::new("/proc").join(daemon.to_string()).join("fd"))
            {
                let count = i64::try_from(files.count()).unwrap_or(i64::MAX);
                sample.insert("daemon_files".to_string(), count);
            }
        }
        self.0.insert(round, sample);
        Some(round)
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// What is not flat.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (name, title, tolerance) in FIGURES {
            let Some(before) = self.figure(WARM_UP, name) else {
                if self.0.contains_key(&WARM_UP) {
                    problems.push(format!("{title}: nobody told it"));
                }
                continue;
            };
            let later = self.0.range(WARM_UP + 1..);
            let mut after = later.filter_map(|(round, sample)| Some((round, *sample.get(name)?)));
            let bad = after.rfind(|(_, after)| !tolerance.allows(before, *after));
            // Once is a moment's noise, unless it stays to the end.
            let last = self.0.keys().next_back();
            if let Some((round, after)) = bad
                && (matches!(tolerance, Tolerance::Exact) || Some(round) == last)
            {
                problems.push(format!(
                    "{title}: {before} after {WARM_UP} rounds, {after} after {round}"
                ));
            }
        }
        problems
    }

    /// The figures at the beginning, in the middle and at the end.
    pub(super) fn table(&self) -> String {
        let Some((&last, _)) = self.0.last_key_value() else {
            return String::new();
        };
        let mut rounds = vec![1, WARM_UP, WARM_UP.midpoint(last), last];
        rounds.dedup();
        let mut table = format!("    {:<34}", "after rounds");
        for round in &rounds {
            table.push_str(&format!("{round:>11}"));
        }
        for (name, title, _) in FIGURES {
            table.push_str(&format!("\n    {title:<34}"));
            for round in &rounds {
                let shown = self.figure(*round, name);
                let shown = shown.map_or("-".to_string(), |number| number.to_string());
                table.push_str(&format!("{shown:>11}"));
            }
        }
        table.push('\n');
        table
    }

    fn figure(&self, round: u64, name: &str) -> Option<i64> {
        self.0.get(&round)?.get(name).copied()
    }
}

impl Tolerance {
    fn allows(self, before: i64, after: i64) -> bool {
        match self {
            Self::Exact => after == before,
            Self::Grows(by) => after <= before.saturating_add(by),
            Self::Shrinks(by) => after >= before.saturating_sub(by),
        }
    }
}

/// Threads and resident size of a process, from its `status` in /proc. Shared memory is left
/// out: it is the guest's.
fn process(status: &str) -> Vec<(String, i64)> {
    let number = |name: &str| -> Option<i64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    let resident = number("RssAnon:")
        .zip(number("RssFile:"))
        .map(|(anonymous, files)| anonymous + files);
    [
        ("daemon_resident", resident),
        ("daemon_threads", number("Threads:")),
    ]
    .into_iter()
    .filter_map(|(name, number)| Some((name.to_string(), number?)))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::{FIGURES, Samples, process};

    fn samples(objects: impl Fn(u64) -> i64, slab: impl Fn(u64) -> i64, rounds: u64) -> Samples {
        let mut samples = Samples::default();
        for round in 1..=rounds {
            let rest: String = FIGURES
                .iter()
                .filter(|(name, ..)| !["objects", "slab"].contains(name))
                .map(|(name, ..)| format!(" {name}=7"))
                .collect();
            let (objects, slab) = (objects(round), slab(round));
            let line = format!("SAMPLE {round} objects={objects} slab={slab}{rest}");
            assert_eq!(samples.take(&line, None), Some(round));
        }
        samples
    }

    #[test]
    fn a_leak_is_told_and_noise_is_not() {
        let flat = samples(|_| 3, |round| 5000 + (round as i64 % 3) * 100, 30);
        assert_eq!(flat.problems(), Vec::<String>::new());
        let spike = samples(|_| 3, |round| if round == 20 { 9000 } else { 5000 }, 30);
        assert_eq!(spike.problems(), Vec::<String>::new());
        let objects = samples(|round| i64::from(round >= 12), |_| 5000, 12);
        assert_eq!(
            objects.problems(),
            ["guest: objects: 0 after 10 rounds, 1 after 12"]
        );
        let slab = samples(|_| 3, |round| 5000 + 8 * round as i64, 200);
        assert_eq!(slab.problems().len(), 1);
    }

    #[test]
    fn a_figure_that_is_missing_is_told() {
        let mut samples = Samples::default();
        for round in 1..=11 {
            samples.take(&format!("SAMPLE {round} objects=1"), None);
        }
        assert_eq!(samples.problems().len(), FIGURES.len() - 1);
        assert_eq!(samples.take("SAMPLES 1 objects=1", None), None);
    }

    #[test]
    fn a_process_is_read_without_the_guests_memory() {
        let status = "Name:\tx\nVmRSS:\t 900 kB\nRssAnon:\t 100 kB\nRssFile:\t 50 kB\nRssShmem:\t 750 kB\nThreads:\t4\n";
        let found = process(status);
        assert_eq!(
            found,
            [
                ("daemon_resident".to_string(), 150),
                ("daemon_threads".to_string(), 4)
            ]
        );
    }
}
