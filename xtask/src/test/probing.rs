//! What others' programs find when they look at the device: libdrm's and pciutils' tools, and
//! what lists Vulkan, OpenGL and OpenCL devices, each in the image that has them. They have to
//! end by themselves.

use anyhow::Result;

use super::GUEST_LIMIT;
use crate::setup::qemu::Device;
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
    /// Only with this device of QEMU's.
    with: Option<Device>,
}

/// As who has the render node alone: Mesa's Vulkan driver asks the primary node, where it can
/// open it, for displays, and vulkaninfo ends when there are none.
const AS_NOBODY: &str = "chmod a+rw /dev/dri/renderD128; su -s /bin/sh nobody -c";

const PROBES: [Probe; 10] = [
    // Both describe displays alone, and are told that there is none as by an i915 without.
    Probe {
        name: "drm_info, which looks for a display",
        command: "drm_info",
        status: 0,
        says: &["drmModeGetResources: Operation not supported"],
        with: None,
    },
    Probe {
        name: "modetest -c, which looks for connectors",
        command: "modetest -c",
        status: 0,
        says: &["'/dev/dri/card0'... is not a KMS device"],
        with: None,
    },
    Probe {
        name: "modetest -M i915 -c",
        command: "modetest -M i915 -c",
        status: 0,
        says: &[
            "on driver `i915` (version 1.6.0",
            "drmModeGetResources failed: Operation not supported",
        ],
        with: None,
    },
    Probe {
        name: "drmdevice, which lists what libdrm finds",
        command: "drmdevice",
        status: 0,
        says: &["renderD128"],
        with: None,
    },
    // Mesa's Intel driver looks at the PCI identity. Where that is virtio's it leaves the device
    // alone, and the loader lists Mesa's software renderer.
    Probe {
        name: "vulkaninfo, on a device of virtio's",
        command: "vulkaninfo --summary",
        status: 0,
        says: &["GPU0", "llvmpipe"],
        with: Some(Device::Generic),
    },
    Probe {
        name: "vulkaninfo, on a device of Intel's",
        command: "sh -c 'AS_NOBODY \"vulkaninfo --summary\"'",
        status: 0,
        says: &[
            "vendorID           = 0x8086",
            "deviceID           = 0x9a49",
            "deviceName         = Intel(R) Iris(R) Xe Graphics (TGL GT2)",
            "driverID           = DRIVER_ID_INTEL_OPEN_SOURCE_MESA",
        ],
        with: Some(Device::Igpu),
    },
    Probe {
        name: "lspci",
        command: "lspci -nnk -s 03.0",
        status: 0,
        says: &[
            "Display controller [0380]: Intel Corporation TigerLake-LP GT2 [Iris Xe Graphics] [8086:9a49]",
            "Kernel driver in use: virtio_igpu",
        ],
        with: Some(Device::Igpu),
    },
    Probe {
        name: "eglinfo",
        command: "eglinfo.x86_64-linux-gnu -B -p surfaceless",
        status: 0,
        says: &[
            "OpenGL core profile renderer: Mesa Intel(R) Iris(R) Xe Graphics (TGL GT2)",
            "OpenGL core profile version: 4.6",
        ],
        with: Some(Device::Igpu),
    },
    Probe {
        name: "clinfo",
        command: "clinfo",
        status: 0,
        says: &[
            "Intel(R) Iris(R) Xe Graphics",
            "Global memory size",
            "cl_intel_subgroups",
            "OpenCL 3.0 NEO",
        ],
        with: None,
    },
    Probe {
        name: "interrupts, which have a vector for each queue",
        command: "sh -c 'grep virtio /proc/interrupts; igpu-guest-tests exec_store >/dev/null; awk \"/-submit/ && \\$2 + \\$3 > 0 { print \\\"submissions interrupt\\\" }\" /proc/interrupts'",
        status: 0,
        says: &[
            "-config",
            "-control",
            "-bind",
            "-submit",
            "-event",
            "submissions interrupt",
        ],
        with: Some(Device::Igpu),
    },
];

/// Seconds that a program may take, on an emulated machine.
const PATIENCE: u32 = 300;

/// Runs all, each in the same guest.
pub(super) fn all(lab: &Lab) -> Result<Tally> {
    let mut script = String::new();
    let device = lab.ready.qemu.device;
    let probes = PROBES
        .iter()
        .filter(|it| it.with.is_none_or(|it| it == device));
    let probes: Vec<&Probe> = probes.collect();
    for (number, probe) in probes.iter().enumerate() {
        let command = probe.command.replace("AS_NOBODY", AS_NOBODY);
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
    for (number, probe) in probes.iter().enumerate() {
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
