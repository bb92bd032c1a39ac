//! What others' programs find when they look at the device: libdrm's tools and Mesa's Vulkan
//! loader, each in the image that has them. They have to end by themselves.

use anyhow::Result;

use super::GUEST_LIMIT;
use crate::tally::Tally;
use crate::vm::Lab;

/// A program that looks at the device.
struct Probe {
    name: &'static str,
    /// For the guest's shell.
    command: &'static str,
    /// Its exit status.
    status: i32,
    /// What stands in its output.
    says: &'static [&'static str],
}

const PROBES: [Probe; 5] = [
    // Both describe displays alone, and are told that there is none as by an i915 without.
    Probe {
        name: "drm_info, which looks for a display",
        command: "drm_info",
        status: 0,
        says: &["drmModeGetResources: Operation not supported"],
    },
    Probe {
        name: "modetest -c, which looks for connectors",
        command: "modetest -c",
        status: 0,
        says: &["'/dev/dri/card0'... is not a KMS device"],
    },
    Probe {
        name: "modetest -M i915 -c",
        command: "modetest -M i915 -c",
        status: 0,
        says: &[
            "on driver `i915` (version 1.6.0",
            "drmModeGetResources failed: Operation not supported",
        ],
    },
    Probe {
        name: "drmdevice, which lists what libdrm finds",
        command: "drmdevice",
        status: 0,
        says: &["renderD128"],
    },
    // Mesa's Intel driver looks at the PCI identity, which is virtio's here: it leaves the
    // device alone, and the loader lists Mesa's software renderer.
    Probe {
        name: "vulkaninfo",
        command: "vulkaninfo --summary",
        status: 0,
        says: &["GPU0"],
    },
];

/// Seconds that a program may take: vulkaninfo compiles a little, on an emulated machine.
const PATIENCE: u32 = 120;

/// Runs all, each in the same guest.
pub(super) fn all(lab: &Lab) -> Result<Tally> {
    let mut script = String::new();
    for (number, probe) in PROBES.iter().enumerate() {
        let command = probe.command;
        script += &format!(
            "timeout {PATIENCE} {command} 2>&1; echo; echo \"== {number} ended with $?\"\n"
        );
    }
    let mut output = Vec::new();
    let finished = lab
        .guest()
        .command(&["sh", "-c", &script])
        .timeout(Some(lab.patience(GUEST_LIMIT)))
        .run(&mut |_, bytes, _| output.extend_from_slice(bytes))?;
    let output = String::from_utf8_lossy(&output);
    let mut tally = Tally::default();
    let mut rest = &*output;
    for (number, probe) in PROBES.iter().enumerate() {
        let mark = format!("\n== {number} ended with ");
        let (said, status) = match rest.split_once(&mark) {
            Some((said, after)) => {
                let (status, after) = after.split_once('\n').unwrap_or((after, ""));
                rest = after;
                (said, status.trim().parse::<i32>().ok())
            }
            None => (rest, None),
        };
        let missing: Vec<_> = probe
            .says
            .iter()
            .filter(|it| !said.contains(**it))
            .collect();
        let good = status == Some(probe.status) && missing.is_empty();
        println!(
            "test {} ... {}",
            probe.name,
            if good { "ok" } else { "FAILED" }
        );
        if !good {
            println!(
                "    `{}` ended with {status:?}, expected {}; missing in its output: {missing:?}; it said:",
                probe.command, probe.status
            );
            said.lines().for_each(|line| println!("    {line}"));
        }
        tally.merge(Tally::one(good));
    }
    for problem in &finished.problems {
        println!("    {problem}");
    }
    tally.merge(Tally::one(finished.problems.is_empty()));
    Ok(tally)
}
