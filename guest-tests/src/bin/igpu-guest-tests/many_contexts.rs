//! A hundred thousand contexts that nobody uses: nothing goes to the device, and nothing
//! is left of them.

use std::collections::BTreeMap;
use std::fs;

use libtest_mimic::{Failed, Trial};
use virtio_igpu_guest_tests::client::{Context, Device, Engine, Param};

use crate::rig::{Outcome, ensure, ensure_eq, settled_counters, trials};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("many_contexts": destroyed_unused, closed_with_their_file)
}

const MANY: usize = 100_000;

/// What a context that nobody has used may leave in any slab cache: less than one object
/// for every hundred contexts. Whatever is leaked is leaked for each, so a leak shows as
/// 100,000; what other parts of the kernel do meanwhile is some hundreds.
const SLACK: u64 = MANY as u64 / 100;

/// Objects in use of each slab cache.
struct Slabs(BTreeMap<String, u64>);

impl Slabs {
    /// Reads the counts when caches hold back no free objects, as far as can be asked.
    fn read() -> Result<Self, Failed> {
        // Memory that is freed a grace period later: let that pass.
        std::thread::sleep(std::time::Duration::from_millis(200));
        for cache in fs::read_dir("/sys/kernel/slab")? {
            // Aliases and caches that can't shrink are no matter.
            let _ = fs::write(cache?.path().join("shrink"), "1");
        }
        let text = fs::read_to_string("/proc/slabinfo")?;
        let counts = text.lines().skip(2).map(|line| {
            let mut words = line.split_whitespace();
            let name = words.next()?;
            Some((name.to_owned(), words.next()?.parse().ok()?))
        });
        let counts: Option<BTreeMap<_, _>> = counts.collect();
        let counts = counts.ok_or("/proc/slabinfo is not understood")?;
        ensure_slabs(&counts)?;
        Ok(Self(counts))
    }

    /// The caches that have grown beyond the slack.
    fn grown(&self, earlier: &Self) -> Vec<String> {
        let grown = self.0.iter().filter_map(|(name, now)| {
            let growth = now.saturating_sub(earlier.0.get(name).copied().unwrap_or(0));
            (growth > SLACK).then(|| format!("{name} by {growth}"))
        });
        grown.collect()
    }
}

fn ensure_slabs(counts: &BTreeMap<String, u64>) -> Outcome {
    ensure!(
        counts.keys().any(|name| name.starts_with("kmalloc-")),
        "/proc/slabinfo counts no kmalloc caches"
    );
    Ok(())
}

/// A context with an engine map, and so more than one allocation.
fn create<'d>(device: &'d Device, param: &Param) -> Result<Context<'d>, Failed> {
    Ok(Context::with_params(device, std::slice::from_ref(param))?)
}

/// Creates a hundred thousand contexts, lets `end` have them, and looks at what is left.
fn leave_nothing(end: impl Fn(Vec<Context<'_>>) -> Outcome) -> Outcome {
    let engines = Param::engines(&[Engine::RCS0, Engine::BCS0]);
    // The first round leaves what is cached for good.
    let rounds = [1000, MANY];
    let mut before = None;
    for count in rounds {
        let slabs = Slabs::read()?;
        let counters = settled_counters()?;
        before = Some((slabs, counters));
        let device = Device::open()?;
        let contexts: Result<Vec<_>, _> = (0..count).map(|_| create(&device, &engines)).collect();
        let contexts = contexts?;
        if count == MANY {
            // So that the count of slab objects is seen to count these.
            let (slabs, _) = before.as_ref().ok_or("no count")?;
            let there = Slabs::read()?.grown(slabs);
            ensure!(!there.is_empty(), "{MANY} contexts are in no slab cache");
        }
        end(contexts)?;
    }
    let (slabs, counters) = before.ok_or("no count")?;
    let grown = settled_counters()?.since(&counters);
    for prefix in ["commands_", "kicks_", "interrupts_", "bytes_"] {
        ensure_eq!(grown.sum(prefix), 0, "{prefix} for unused contexts");
    }
    let grown = Slabs::read()?.grown(&slabs);
    ensure!(grown.is_empty(), "slab caches have grown: {grown:?}");
    Ok(())
}

/// CONTEXT_CREATE and CONTEXT_DESTROY.
fn destroyed_unused() -> Outcome {
    leave_nothing(|contexts| {
        for context in contexts {
            context.destroy()?;
        }
        Ok(())
    })
}

/// CONTEXT_CREATE, and the file is closed.
fn closed_with_their_file() -> Outcome {
    leave_nothing(|contexts| {
        // Their ids are not given back one by one.
        contexts.into_iter().for_each(std::mem::forget);
        Ok(())
    })
}
