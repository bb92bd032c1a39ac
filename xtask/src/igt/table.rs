//! docs/igt.md: how many subtests of Intel's lists pass, made from the lists and the file of
//! expected outcomes, which every run is held against.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result};

use super::expected::{Expectation, Expected};
use super::run::Outcome;
use crate::paths::checkout;
use crate::setup::Flavour;

/// The lists that the page is about, and what it calls them.
const LISTS: [(&str, &str); 2] = [
    ("ci/igt/bat.list", "The acceptance list"),
    ("ci/igt/full.list", "The full list"),
];

const HEAD: &str = "\
<!-- Made by `cargo xtask igt --table`. To change it, change ci/igt/ or xtask/src/igt/table.rs. -->

# What passes of IGT

IGT is the test suite that Intel's driver CI accepts a change to i915 by: a short list first
(`bat`), then a long one. The guest runs its programs as Debian packages them, unmodified. The
lists here are those of IGT 2.5 for i915 without what is about displays, power and
performance counters.

What each subtest is expected to do, and why, stands in `ci/igt/expected.toml`. A run that
differs from it fails, also where a subtest does better. The numbers below are that file's:

- *pass*: passes on Debian's kernel;
- *pass, debug kernel*: passes on the debug kernel; it needs something that Debian's kernel
  lacks, in most cases `sw_sync`;
- *executes*: of those that pass, how many do not on engines that take every batch for an
  empty one (`--executor null`). The others say nothing of what engines do;
- *skip*, *fail*: found out, each with its reason;
- *open*: not run yet.

Run them by

    cargo xtask igt --list ci/igt/bat.list --expected ci/igt/expected.toml
    cargo xtask igt --list ci/igt/full.list --expected ci/igt/expected.toml --timeout 400
    cargo xtask igt --list ci/igt/full-debug.list --expected ci/igt/expected.toml --kernel debug

The first runs with every change, with some others (`ci/igt/*.list`); the others take long.
";

/// What is expected of a subtest where it passes, if it does on one of the kernels.
fn passing<'a>(
    stock: Option<&'a Expectation>,
    debug: Option<&'a Expectation>,
) -> Option<&'a Expectation> {
    let mut entries = [stock, debug].into_iter().flatten();
    entries.find(|entry| entry.expect == Outcome::Pass)
}

/// What came of some subtests.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Count {
    all: usize,
    pass: usize,
    debug: usize,
    executes: usize,
    skip: usize,
    fail: usize,
    open: usize,
}

impl Count {
    fn add(&mut self, stock: Option<&Expectation>, debug: Option<&Expectation>) {
        self.all += 1;
        let passing = passing(stock, debug);
        self.executes += usize::from(passing.is_some_and(|entry| entry.proves_execution));
        match (stock.map(|entry| entry.expect), passing) {
            (Some(Outcome::Pass), _) => self.pass += 1,
            (_, Some(_)) => self.debug += 1,
            (Some(Outcome::Skip), None) => self.skip += 1,
            (Some(_), None) => self.fail += 1,
            (None, None) => self.open += 1,
        }
    }

    fn row(&self, title: &str) -> String {
        let Self {
            all,
            pass,
            debug,
            executes,
            skip,
            fail,
            open,
        } = self;
        format!("| {title} | {all} | {pass} | {debug} | {executes} | {skip} | {fail} | {open} |\n")
    }
}

/// The group that a program belongs to.
fn group(program: &str) -> &'static str {
    const GROUPS: [(&str, &str); 16] = [
        ("gem_ctx_", "contexts"),
        ("gem_vm_", "contexts"),
        ("gem_exec_", "execution"),
        ("gem_spin_", "execution"),
        ("gem_sync", "execution"),
        ("gem_mmap", "mappings and transfers"),
        ("gem_pread", "mappings and transfers"),
        ("gem_pwrite", "mappings and transfers"),
        ("gem_partial_", "mappings and transfers"),
        ("gem_userptr_", "memory of processes"),
        ("gem_render_", "rendering"),
        ("gem_", "other GEM"),
        ("prime_", "sharing"),
        ("syncobj_", "synchronisation"),
        ("sw_sync", "synchronisation"),
        ("api_intel_", "libraries"),
    ];
    let found = GROUPS.iter().find(|(start, _)| program.starts_with(start));
    found.map_or("queries, sysfs, the device", |(_, group)| group)
}

/// The names of a list's subtests: one a line, no patterns.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The page.
fn page(lists: &[(&str, String)], stock: &Expected, debug: &Expected) -> String {
    let mut page = HEAD.to_string();
    let mut reasons: BTreeMap<(&str, Outcome), Vec<&str>> = BTreeMap::new();
    for (title, text) in lists {
        let mut groups: BTreeMap<&str, Count> = BTreeMap::new();
        let mut total = Count::default();
        for name in names(text) {
            let (stock, debug) = (stock.get(name), debug.get(name));
            let program = name.split('@').next().unwrap_or_default();
            groups.entry(group(program)).or_default().add(stock, debug);
            total.add(stock, debug);
            if let (Some(entry), None) = (stock, passing(stock, debug)) {
                let names = reasons.entry((&entry.reason, entry.expect)).or_default();
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        let _ = write!(
            page,
            "\n## {title}\n\n\
             | group | subtests | pass | pass, debug kernel | executes | skip | fail | open |\n\
             | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        );
        for (title, count) in &groups {
            page += &count.row(title);
        }
        page += &total.row("**all**");
    }
    page += "\n## Why the others do not pass\n\n\
             | reason | | subtests | which |\n| --- | --- | ---: | --- |\n";
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, names)| std::cmp::Reverse(names.len()));
    for ((reason, outcome), names) in reasons {
        let count = names.len();
        let mut which: Vec<&str> = names;
        if count > 1 {
            for name in &mut which {
                *name = name.split('@').next().unwrap_or_default();
            }
            which.dedup();
        }
        let _ = writeln!(
            page,
            "| {reason} | {outcome} | {count} | {} |",
            which.join(", ")
        );
    }
    page
}

/// The page as the files of this checkout have it.
fn current() -> Result<String> {
    let read = |file: &str| {
        let path = checkout().join(file);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let mut lists = Vec::new();
    for (file, title) in LISTS {
        lists.push((title, read(file)?));
    }
    let outcomes = super::expected_outcomes();
    let on = |kernel| Expected::read(&outcomes, kernel, "tgl");
    Ok(page(&lists, &on(Flavour::Stock)?, &on(Flavour::Debug)?))
}

fn place() -> std::path::PathBuf {
    checkout().join("docs/igt.md")
}

/// Writes the page.
pub(crate) fn write() -> Result<()> {
    let place = place();
    fs::write(&place, current()?).with_context(|| format!("cannot write {}", place.display()))?;
    println!("wrote {}", place.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Expected, current, page, place};

    #[test]
    fn subtests_are_counted_by_group_and_reasons_are_named() {
        let stock = "[subtests]\n\
                     \"gem_ctx_a@x\" = { expect = \"pass\", proves_execution = false }\n\
                     \"gem_ctx_a@y\" = { expect = \"pass\" }\n\
                     \"sw_sync@z\" = { expect = \"skip\", reason = \"no sw_sync\" }\n\
                     \"gem_ctx_b@s\" = { expect = \"skip\", reason = \"no aperture\" }\n\
                     \"gem_ctx_b@t\" = { expect = \"skip\", reason = \"no aperture\" }\n";
        let debug = format!("{stock}\"other\" = {{ expect = \"pass\" }}\n")
            .replace("\"skip\", reason = \"no sw_sync\"", "\"pass\"");
        let parse = |text: &str| Expected::parse(text).expect("a file");
        let list =
            "# a list\ngem_ctx_a@x\ngem_ctx_a@y\ngem_ctx_b@s\ngem_ctx_b@t\nsw_sync@z\ngem_c@d\n";
        let page = page(&[("List", list.into())], &parse(stock), &parse(&debug));
        for row in [
            "| contexts | 4 | 2 | 0 | 1 | 2 | 0 | 0 |",
            "| synchronisation | 1 | 0 | 1 | 1 | 0 | 0 | 0 |",
            "| other GEM | 1 | 0 | 0 | 0 | 0 | 0 | 1 |",
            "| **all** | 6 | 2 | 1 | 2 | 2 | 0 | 1 |",
            "| no aperture | skip | 2 | gem_ctx_b |",
        ] {
            assert!(page.contains(row), "{row}\n{page}");
        }
        assert!(!page.contains("no sw_sync"));
    }

    #[test]
    fn the_page_in_docs_is_what_the_lists_say() {
        let found = std::fs::read_to_string(place()).expect("docs/igt.md");
        assert!(
            found == current().expect("the lists"),
            "docs/igt.md is not what ci/igt says; `cargo xtask igt --table` makes it anew"
        );
    }
}
