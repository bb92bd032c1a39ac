//! `cargo xtask perf`: docs/performance.md, made from the figures in the cache.

mod bench;
mod binds;
mod contexts;
mod objects;
mod pocl;
mod softgpu;

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::cli::PerfArgs;
use crate::paths::{Cache, checkout};
use crate::progress::size;
use crate::records::Records;
use crate::vm::{Lab, pass_on};

/// A guest that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(900);

const HEAD: &str = "\
# Performance

Made by `cargo xtask perf` from what was measured on the machine that ran it last (see the
end of this page): do not edit. Counts and ratios hold everywhere; times are of one machine.

";

/// The command.
pub(crate) fn perf(args: &PerfArgs) -> Result<u8> {
    if args.measure {
        let lab = Lab::open(&args.guest)?;
        let contexts = measured(&lab, "contexts")?;
        let binds = measured(&lab, "binds")?;
        let objects = measured(&lab, "objects")?;
        Records::change(&lab.ready.cache, |records| {
            contexts::keep(records, &contexts);
            binds::keep(records, &binds);
            objects::keep(records, &objects);
        })?;
    }
    let cache = Cache::open()?;
    if args.softgpu || args.measure {
        let report = softgpu::measure()?;
        let beside = pocl::measure(&args.guest.setup)?;
        Records::change(&cache, |records| {
            softgpu::keep(records, &report);
            pocl::keep(records, &beside);
        })?;
    }
    let page = page(&Records::read(&cache), &machine());
    bench::draw(&Records::read(&cache), &checkout().join("docs"))?;
    let file = checkout().join("docs/performance.md");
    fs::write(&file, page).with_context(|| format!("cannot write {}", file.display()))?;
    println!("written: {}", file.display());
    Ok(0)
}

/// What `igpu-measure` reports of a subject, in a guest.
fn measured(lab: &Lab, subject: &str) -> Result<Value> {
    let share = tempfile::tempdir().context("cannot create a folder for the figures")?;
    let report = format!("/mnt/share/{subject}.json");
    let finished = lab
        .guest()
        .share(Some(share.path()))
        .command(&["igpu-measure", subject, "--report", &report])
        .timeout(Some(LIMIT))
        .own_core()
        .run(&mut |error, bytes, _| pass_on(error, bytes))?;
    if !finished.good() {
        bail!(
            "igpu-measure {subject} ended with {:?}; {}",
            finished.status,
            finished.problems.join("; ")
        );
    }
    let text = fs::read(share.path().join(format!("{subject}.json")))
        .with_context(|| format!("igpu-measure {subject} has left no figures"))?;
    serde_json::from_slice(&text)
        .with_context(|| format!("the figures of igpu-measure {subject} are not understood"))
}

/// The figures of a subject, to be written.
struct Figures<'a> {
    records: &'a mut Records,
    subject: &'static str,
}

impl<'a> Figures<'a> {
    /// Forgets those that were kept.
    fn renew(records: &'a mut Records, subject: &'static str) -> Self {
        let prefix = format!("{subject}.");
        records.figures.retain(|name, _| !name.starts_with(&prefix));
        Self { records, subject }
    }

    fn keep(&mut self, name: &str, number: f64) {
        let name = format!("{}.{name}", self.subject);
        self.records.figures.insert(name, number);
    }

    /// A value of a report, if it is a number.
    fn keep_value(&mut self, name: &str, value: &Value) {
        if let Some(number) = value.as_f64() {
            self.keep(name, number);
        }
    }

    /// The median and the quartiles, those of them that are numbers.
    fn keep_spread(&mut self, name: &str, value: &Value) {
        for part in ["median", "low", "high"] {
            self.keep_value(&format!("{name}.{part}"), &value[part]);
        }
    }
}

/// The figures of a subject, to be shown.
struct Shown<'a> {
    records: &'a Records,
    subject: &'static str,
}

impl<'a> Shown<'a> {
    fn new(records: &'a Records, subject: &'static str) -> Self {
        Self { records, subject }
    }

    fn figure(&self, name: &str) -> Option<f64> {
        let name = format!("{}.{name}", self.subject);
        self.records.figures.get(&name).copied()
    }

    fn number(&self, name: &str, digits: usize) -> String {
        self.figure(name)
            .map_or("not measured".to_string(), |value| {
                format!("{value:.digits$}")
            })
    }

    fn spread(&self, name: &str) -> String {
        self.spread_to(name, 2)
    }

    /// With so many digits behind the point.
    fn spread_to(&self, name: &str, digits: usize) -> String {
        let part = |part: &str| self.figure(&format!("{name}.{part}"));
        match (part("median"), part("low"), part("high")) {
            (Some(median), Some(low), Some(high)) => {
                format!("{median:.digits$} ({low:.digits$} to {high:.digits$})")
            }
            _ => "not measured".to_string(),
        }
    }
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib: u64 = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0);
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!(
        "{cores} cores, {} of memory, host kernel {}",
        size(kib * 1024),
        release.trim()
    )
}

fn page(records: &Records, machine: &str) -> String {
    let mut page = HEAD.to_string();
    page.push_str(
        "## Messages to the host\n\n| for each | messages | wanted |\n| --- | --- | --- |\n",
    );
    for (call, figure, wanted) in [
        ("GEM_CREATE", "messages_per_gem_create", "0"),
        ("VM_BIND", "bind_messages_per_vm_bind", "1"),
        ("EXECBUFFER3", "submit_messages_per_execbuffer3", "1"),
    ] {
        page.push_str(&format!(
            "| {call} | {} | {wanted} |\n",
            figure_text(records, figure, "")
        ));
    }
    page.push_str(&bench::section(records));
    page.push_str(&contexts::section(records));
    page.push_str(&binds::section(records));
    page.push_str(&objects::section(records));
    page.push_str(&softgpu::section(records));
    page.push_str(&pocl::section(records));
    page.push_str("\n## Times\n\n| what | measured | aim |\n| --- | --- | --- |\n");
    for (what, figure, aim) in [
        (
            "`vm` to its command's first output, all cached",
            "vm_first_output_seconds",
            "under 8 s under TCG on two cores",
        ),
        (
            "the demo's guest, power-on to power-off",
            "demo_guest_seconds",
            "",
        ),
        (
            "`test`, all kinds",
            "test_seconds",
            "under 1800 s from an empty cache",
        ),
    ] {
        page.push_str(&format!(
            "| {what} | {} | {aim} |\n",
            figure_text(records, figure, " s")
        ));
    }
    page.push_str("\n## Set-up\n\n| step | seconds | downloaded |\n| --- | --- | --- |\n");
    for (name, cost) in &records.steps {
        let fetched = if cost.downloaded > 0 {
            size(cost.downloaded)
        } else {
            String::new()
        };
        page.push_str(&format!("| {name} | {:.1} | {fetched} |\n", cost.seconds));
    }
    page.push_str(&format!("\n## The machine\n\n{machine}\n"));
    page
}

fn figure_text(records: &Records, name: &str, unit: &str) -> String {
    records
        .figures
        .get(name)
        .map_or("not measured".to_string(), |value| {
            let text = format!("{value:.2}");
            format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
        })
}

#[cfg(test)]
mod tests {
    use super::page;
    use crate::records::{Cost, Records};

    #[test]
    fn the_page_holds_what_was_measured_and_admits_what_was_not() {
        let mut records = Records::default();
        records
            .figures
            .insert("messages_per_gem_create".into(), 0.0);
        records.steps.insert(
            "unpack".into(),
            Cost {
                seconds: 1.25,
                downloaded: 2048,
            },
        );
        let page = page(&records, "2 cores");
        assert!(page.contains("| GEM_CREATE | 0 | 0 |"), "{page}");
        assert!(page.contains("| VM_BIND | not measured | 1 |"), "{page}");
        assert!(
            page.contains("| unpack | 1.2 | 2.00 KiB |")
                || page.contains("| unpack | 1.3 | 2.00 KiB |"),
            "{page}"
        );
    }
}
