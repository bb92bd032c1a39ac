//! Which subtests to run: patterns from the command line or a list file, laid over what
//! the programs in the guest's image offer.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use globset::{Glob, GlobMatcher};

/// One thing to run.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Subtest {
    /// The program.
    pub(crate) program: String,
    /// The subtest; empty for a program that has none.
    pub(crate) name: String,
}

impl Subtest {
    /// As people write it: `program@subtest`.
    pub(crate) fn full(&self) -> String {
        if self.name.is_empty() {
            self.program.clone()
        } else {
            format!("{}@{}", self.program, self.name)
        }
    }
}

/// A pattern for programs and their subtests.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    text: String,
    program: GlobMatcher,
    subtest: Option<GlobMatcher>,
}

impl Pattern {
    /// Reads `PROGRAM` or `PROGRAM@SUBTEST`, with or without `igt@` before it.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let plain = text.strip_prefix("igt@").unwrap_or(text);
        let mut parts = plain.splitn(2, '@');
        let matcher = |glob: &str| {
            Glob::new(glob)
                .map(|g| g.compile_matcher())
                .with_context(|| format!("the pattern {text:?} is no shell pattern"))
        };
        let program = matcher(parts.next().unwrap_or_default())?;
        let subtest = parts.next().map(matcher).transpose()?;
        Ok(Self {
            text: text.to_string(),
            program,
            subtest,
        })
    }

    /// Whether the pattern is about this program.
    pub(crate) fn wants_program(&self, program: &str) -> bool {
        self.program.is_match(program)
    }

    fn wants(&self, subtest: &Subtest) -> bool {
        self.wants_program(&subtest.program)
            && self
                .subtest
                .as_ref()
                .is_none_or(|s| s.is_match(&subtest.name))
    }
}

/// The patterns of a list file: one a line, `#` begins a comment.
pub(crate) fn read(file: &Path) -> Result<Vec<Pattern>> {
    let text = fs::read_to_string(file)
        .with_context(|| format!("cannot read the list {}", file.display()))?;
    parse(&text).with_context(|| format!("in the list {}", file.display()))
}

fn parse(text: &str) -> Result<Vec<Pattern>> {
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim());
    lines
        .filter(|line| !line.is_empty())
        .map(Pattern::parse)
        .collect()
}

/// The subtests that the patterns name, in the patterns' order, each once.
pub(crate) fn choose(patterns: &[Pattern], offered: &[Subtest]) -> Result<Vec<Subtest>> {
    let mut chosen: Vec<Subtest> = Vec::new();
    for pattern in patterns {
        let mut matched = false;
        for subtest in offered.iter().filter(|s| pattern.wants(s)) {
            matched = true;
            if !chosen.contains(subtest) {
                chosen.push(subtest.clone());
            }
        }
        if !matched {
            bail!("no subtest of the guest's IGT matches {:?}", pattern.text);
        }
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::{Subtest, choose, parse};

    fn offered() -> Vec<Subtest> {
        let of = |program: &str, name: &str| Subtest {
            program: program.into(),
            name: name.into(),
        };
        vec![
            of("gem_basic", "bad-close"),
            of("gem_basic", "create-close"),
            of("gem_busy", "busy"),
            of("i915_getparams_basic", ""),
        ]
    }

    fn chosen(list: &str) -> Vec<String> {
        let patterns = parse(list).expect("patterns");
        choose(&patterns, &offered())
            .expect("a choice")
            .iter()
            .map(Subtest::full)
            .collect()
    }

    #[test]
    fn a_program_means_all_its_subtests_each_once() {
        assert_eq!(
            chosen("gem_basic@create* # why\n\nigt@gem_basic\n"),
            ["gem_basic@create-close", "gem_basic@bad-close"]
        );
        assert_eq!(chosen("i915_getparams_basic"), ["i915_getparams_basic"]);
    }

    #[test]
    fn what_matches_nothing_is_an_error() {
        assert!(choose(&parse("gem_nothing").expect("pattern"), &offered()).is_err());
    }
}
