//! Counts of what passed, failed and was skipped, and the closing line made of them.

use std::fmt;

use crate::igt::expected::Verdict;

/// The counts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Tally {
    /// How many passed.
    pub(crate) passed: u64,
    /// How many failed.
    pub(crate) failed: u64,
    /// How many were skipped.
    pub(crate) skipped: u64,
}

impl Tally {
    /// One test that is not run here.
    pub(crate) fn skip() -> Self {
        Self {
            skipped: 1,
            ..Self::default()
        }
    }

    /// One check that passed or failed.
    pub(crate) fn one(good: bool) -> Self {
        Self {
            passed: u64::from(good),
            failed: u64::from(!good),
            skipped: 0,
        }
    }

    /// Counts one verdict.
    pub(crate) fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Passed => self.passed += 1,
            Verdict::Failed => self.failed += 1,
            Verdict::Skipped => self.skipped += 1,
        }
    }

    /// Counts another tally's.
    pub(crate) fn merge(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// How many were counted.
    pub(crate) fn all(&self) -> u64 {
        self.passed + self.failed + self.skipped
    }

    /// The exit status: bad if anything failed, or nothing was run.
    pub(crate) fn exit(&self) -> u8 {
        u8::from(self.failed > 0 || self.all() == 0)
    }

    /// Sums up the `test result:` lines of Rust's test programs.
    pub(crate) fn of_libtest(output: &str) -> Self {
        let mut tally = Self::default();
        for line in output
            .lines()
            .filter(|line| line.starts_with("test result: "))
        {
            let number = |what: &str| {
                let at = line.find(what)?;
                line[..at]
                    .trim_end()
                    .rsplit([' ', '.'])
                    .next()?
                    .parse::<u64>()
                    .ok()
            };
            tally.passed += number(" passed").unwrap_or(0);
            tally.failed += number(" failed").unwrap_or(0);
            tally.skipped += number(" ignored").unwrap_or(0);
        }
        tally
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn libtest_lines_are_summed() {
        let output = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
                      test result: FAILED. 2 passed; 4 failed; 0 ignored; 0 measured; 0 filtered out\n";
        assert_eq!(
            Tally::of_libtest(output),
            Tally {
                passed: 5,
                failed: 4,
                skipped: 1
            }
        );
        assert_eq!(
            Tally::of_libtest(output).to_string(),
            "5 passed, 4 failed, 1 skipped"
        );
    }

    #[test]
    fn a_run_of_nothing_is_no_success() {
        assert_eq!(Tally::default().exit(), 1);
    }
}
