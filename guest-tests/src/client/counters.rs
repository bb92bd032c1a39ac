//! What the driver counts: lines of a name and a number in a debugfs file.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::{Error, Result};

/// A reading of all counters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters(BTreeMap<String, u64>);

impl Counters {
    /// Reads the counters of the first device that has any.
    pub fn read() -> Result<Self> {
        let file = find()?;
        let text = fs::read_to_string(&file).map_err(|source| Error::File {
            what: format!("reading {}", file.display()),
            source,
        })?;
        Self::parse(&text)
    }

    /// Reads `name value` lines.
    pub fn parse(text: &str) -> Result<Self> {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let counters = lines.map(|line| {
            let (name, value) = line.trim().split_once(char::is_whitespace)?;
            Some((
                name.trim_end_matches(':').to_owned(),
                value.trim().parse().ok()?,
            ))
        });
        let all: Option<BTreeMap<String, u64>> = counters.collect();
        all.map(Self)
            .ok_or_else(|| Error::Unexpected(format!("not a list of counters:\n{text}")))
    }

    /// A counter's value; 0 if there is none of that name.
    pub fn get(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// The sum of all counters whose names begin so.
    pub fn sum(&self, prefix: &str) -> u64 {
        let matching = self.0.iter().filter(|(name, _)| name.starts_with(prefix));
        matching.map(|(_, value)| value).sum()
    }

    /// Whether there is a counter of that name.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// How much each counter has grown since an earlier reading.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let grown = self.0.iter();
        Self(
            grown
                .map(|(name, now)| (name.clone(), now.wrapping_sub(earlier.get(name))))
                .collect(),
        )
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
    }
}

fn find() -> Result<PathBuf> {
    let folder = "/sys/kernel/debug/dri";
    let entries = fs::read_dir(folder).map_err(|source| Error::File {
        what: format!("reading {folder}"),
        source,
    })?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path().join("igpu_counters")))
        .filter(|file| file.exists())
        .collect();
    files.sort();
    let missing = || Error::Unexpected(format!("no igpu_counters below {folder}"));
    files.into_iter().next().ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_name_and_value_are_read() {
        let first = Counters::parse("commands_bind 3\ncommands_submit 4\n").unwrap();
        let second = Counters::parse("commands_bind: 5\n\ncommands_submit\t4\n").unwrap();
        let grown = second.since(&first);
        assert_eq!((grown.get("commands_bind"), grown.sum("commands_")), (2, 2));
        assert!(!grown.has("other") && grown.get("other") == 0);
    }

    #[test]
    fn other_text_is_refused() {
        assert!(Counters::parse("commands_bind many").is_err());
    }
}
