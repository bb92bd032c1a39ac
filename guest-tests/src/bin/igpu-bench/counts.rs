//! Messages, doorbells and interrupts of submissions and of objects.

use std::fmt;

use serde::Serialize;
use virtio_igpu_guest_tests::client::{Counters, Result};

use crate::gpu::Gpu;
use crate::ours::Ours;
use crate::samples::settle;

/// Submissions over which is counted.
const COUNTED: u32 = 640;
/// Objects over which is counted.
const OBJECTS: u32 = 50;

/// Of each submission or object.
#[derive(Debug, Serialize)]
pub(crate) struct Counts {
    name: String,
    what: String,
    messages: f64,
    doorbells: f64,
    interrupts: f64,
    /// The other GPU's interrupts.
    peer_interrupts: Option<f64>,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "messages {:.2}, doorbells {:.3}, interrupts {:.3}{}: {}",
            self.messages,
            self.doorbells,
            self.interrupts,
            self.peer_interrupts
                .map_or(String::new(), |count| format!(" (virtio-gpu {count:.3})")),
            self.what
        )
    }
}

/// The driver's counters when they have come to rest.
fn at_rest() -> Result<Counters> {
    let mut last = Counters::read()?;
    loop {
        std::thread::sleep(std::time::Duration::from_millis(50));
        let now = Counters::read()?;
        if now == last {
            return Ok(now);
        }
        last = now;
    }
}

type Action = (String, String, u32, Box<dyn Fn(&mut dyn Gpu) -> Result<()>>);

/// What is counted: its name, what it is, over how many it is divided.
fn actions() -> Vec<Action> {
    let mut actions: Vec<Action> = Vec::new();
    for flight in [1, 8, 64] {
        actions.push((
            format!("submit_{flight}"),
            format!("each submission, {flight} in flight"),
            COUNTED,
            Box::new(move |gpu| {
                for _ in 0..COUNTED / flight {
                    gpu.submit(flight)?;
                }
                Ok(())
            }),
        ));
    }
    for bytes in [64 << 10, 4 << 20] {
        actions.push((
            format!("allocate_{}", bytes >> 10),
            format!(
                "each object of {} KiB made, written and closed",
                bytes >> 10
            ),
            OBJECTS,
            Box::new(move |gpu| {
                for _ in 0..OBJECTS {
                    gpu.allocate(bytes)?;
                }
                Ok(())
            }),
        ));
    }
    actions
}

/// Counts.
pub(crate) fn measure(ours: &mut Ours, mut peer: Option<&mut dyn Gpu>) -> Result<Vec<Counts>> {
    let mut all = Vec::new();
    for (name, what, of, action) in actions() {
        let before = at_rest()?;
        action(ours)?;
        let grown = at_rest()?.since(&before);
        let peer_interrupts = match &mut peer {
            Some(peer) => {
                settle();
                let before = peer.interrupts();
                action(*peer)?;
                settle();
                let after = peer.interrupts();
                after
                    .zip(before)
                    .map(|(after, before)| (after - before) as f64 / f64::from(of))
            }
            None => None,
        };
        let each = |prefix: &str| grown.sum(prefix) as f64 / f64::from(of);
        all.push(Counts {
            name,
            what,
            messages: each("commands_"),
            doorbells: each("kicks_"),
            interrupts: each("interrupts_"),
            peer_interrupts,
        });
    }
    Ok(all)
}
