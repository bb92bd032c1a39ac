//! Which core runs what of a guest, for measurements. Left to the scheduler, times of the
//! same thing differ threefold from run to run.

use std::fs;

use anyhow::{Context, Result, bail};
use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Puts the thread of the guest's first processor on the first core there is, and what
/// else QEMU and the daemon do on the others. With one core there is nothing to choose.
pub(super) fn place(qemu: u32, daemon: Option<u32>) -> Result<()> {
    let all = sched_getaffinity(None).context("cannot ask for the cores")?;
    let Some((first, others)) = split(&all) else {
        return Ok(());
    };
    let mut found = false;
    let companions = children(qemu);
    for process in [Some(qemu), daemon].into_iter().flatten().chain(companions) {
        for thread in threads(process)? {
            let name = fs::read_to_string(format!("/proc/{process}/task/{thread}/comm"));
            let processor = name.is_ok_and(|name| is_first_processor(&name));
            found |= processor;
            let cores = if processor { &first } else { &others };
            // A thread that has ended by now needs no core.
            if let Some(thread) = Pid::from_raw(thread) {
                let _ = sched_setaffinity(Some(thread), cores);
            }
        }
    }
    if !found {
        bail!("no thread of QEMU says that it is the guest's first processor");
    }
    Ok(())
}

/// What a process has started: QEMU's X server, if it has one.
fn children(process: u32) -> Vec<u32> {
    let file = format!("/proc/{process}/task/{process}/children");
    let text = fs::read_to_string(file).unwrap_or_default();
    text.split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect()
}

/// QEMU's names: "CPU 0/TCG", "CPU 0/KVM".
fn is_first_processor(name: &str) -> bool {
    name.starts_with("CPU 0/")
}

fn threads(process: u32) -> Result<Vec<i32>> {
    let folder = format!("/proc/{process}/task");
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot list {folder}"))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    Ok(names.collect())
}

/// The first core, and the rest; nothing if there is no rest.
fn split(all: &CpuSet) -> Option<(CpuSet, CpuSet)> {
    let mut cores = (0..CpuSet::MAX_CPU).filter(|core| all.is_set(*core));
    let (mut first, mut others) = (CpuSet::new(), CpuSet::new());
    first.set(cores.next()?);
    cores.for_each(|core| others.set(core));
    (others.count() > 0).then_some((first, others))
}

#[cfg(test)]
mod tests {
    use super::{is_first_processor, split};
    use rustix::thread::CpuSet;

    #[test]
    fn the_first_core_is_kept_for_the_processor() {
        let mut all = CpuSet::new();
        all.set(3);
        assert!(split(&all).is_none());
        all.set(5);
        all.set(7);
        let (first, others) = split(&all).unwrap();
        assert!(first.count() == 1 && first.is_set(3));
        assert!(others.count() == 2 && others.is_set(5) && others.is_set(7));
    }

    #[test]
    fn the_first_processor_is_known_by_its_name() {
        assert!(is_first_processor("CPU 0/TCG\n"));
        assert!(!is_first_processor("CPU 10/TCG\n"));
        assert!(!is_first_processor("qemu-system-x86\n"));
    }
}
