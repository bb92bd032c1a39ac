//! What the demo tells about its run: a short table for people, JSON for programs.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::Serialize;
use virtio_igpu_guest_tests::client::Counters;
use virtio_igpu_guest_tests::demo::Picture;

/// What the run was about, as `work` knows it.
pub(crate) struct Scene {
    pub(crate) device: String,
    pub(crate) chipset: i32,
    pub(crate) picture: (u32, u32),
    pub(crate) sheet: (u32, u32),
    pub(crate) objects: usize,
    pub(crate) binds: u64,
    pub(crate) steps: Steps,
    pub(crate) stages: Vec<StageReport>,
    /// Counters over the whole run, over the GEM_CREATEs, the VM_BINDs, the EXECBUFFER3s.
    pub(crate) all: Option<Counters>,
    pub(crate) creates: Option<Counters>,
    pub(crate) binding: Option<Counters>,
    pub(crate) submitting: Option<Counters>,
}

/// Microseconds that the steps of the program took.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Steps {
    /// Opening the node, making address space, context and syncobjs.
    pub(crate) open_us: f64,
    /// Making the objects and writing picture and batches into them.
    pub(crate) create_and_load_us: f64,
    /// The VM_BIND ioctls, which don't wait.
    pub(crate) bind_us: f64,
    /// Waiting for the GPU, after the last submission.
    pub(crate) wait_us: f64,
    /// Copying the sheet out of its object.
    pub(crate) read_us: f64,
}

/// One submission.
#[derive(Debug, Serialize)]
pub(crate) struct StageReport {
    pub(crate) name: &'static str,
    pub(crate) engine: String,
    /// Fills, copies or stores.
    pub(crate) operations: usize,
    pub(crate) batch_bytes: usize,
    /// Microseconds in EXECBUFFER3.
    pub(crate) ioctl_us: f64,
    /// Microseconds on the engine, by its own timestamps.
    pub(crate) gpu_us: f64,
}

/// What the driver counted; not there if debugfs isn't.
#[derive(Debug, Serialize)]
struct Counts {
    /// Commands to the device, on all queues.
    messages: u64,
    doorbells: u64,
    interrupts: u64,
    bytes: u64,
    messages_per_gem_create: f64,
    bind_messages_per_vm_bind: f64,
    submit_messages_per_execbuffer3: f64,
    /// Every counter that moved.
    counters: BTreeMap<String, u64>,
}

/// The result of the comparison.
#[derive(Debug, Serialize)]
struct Check {
    pixels: usize,
    wrong: usize,
    first_wrong: Option<String>,
}

/// The whole report.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    device: String,
    chipset: String,
    picture: (u32, u32),
    sheet: (u32, u32),
    objects: usize,
    binds: u64,
    submissions: usize,
    steps: Steps,
    stages: Vec<StageReport>,
    counts: Option<Counts>,
    check: Option<Check>,
}

impl Report {
    pub(crate) fn new(scene: Scene) -> Self {
        let counts = Counts::of(&scene);
        Self {
            device: scene.device,
            chipset: format!("{:#06x}", scene.chipset),
            picture: scene.picture,
            sheet: scene.sheet,
            objects: scene.objects,
            binds: scene.binds,
            submissions: scene.stages.len(),
            steps: scene.steps,
            stages: scene.stages,
            counts,
            check: None,
        }
    }

    /// Compares the sheet with what it should be.
    pub(crate) fn check(&mut self, expected: &Picture, sheet: &Picture) {
        let difference = expected.first_difference(sheet);
        self.check = Some(Check {
            pixels: expected.pixels.len(),
            wrong: difference.map_or(0, |difference| difference.pixels),
            first_wrong: difference.map(|first| {
                let (x, y) = (first.x, first.y);
                format!(
                    "({x}, {y}): expected {:#010x}, got {:#010x}",
                    first.left, first.right
                )
            }),
        });
    }

    /// Whether the comparison was made and found nothing.
    pub(crate) fn is_right(&self) -> bool {
        self.check.as_ref().is_some_and(|check| check.wrong == 0)
    }

    /// Writes the report as JSON.
    pub(crate) fn save(&self, path: &Path) -> Result<(), String> {
        let text = serde_json::to_string_pretty(self).map_err(|error| error.to_string())?;
        std::fs::write(path, text + "\n").map_err(|error| format!("{}: {error}", path.display()))
    }
}

impl Counts {
    fn of(scene: &Scene) -> Option<Self> {
        let all = scene.all.as_ref()?;
        let per = |part: &Option<Counters>, name: &str, times: f64| {
            part.as_ref()
                .map_or(f64::NAN, |part| part.sum(name) as f64 / times)
        };
        let submissions = scene.stages.len() as f64;
        Some(Self {
            messages: all.sum("commands_"),
            doorbells: all.sum("kicks_"),
            interrupts: all.sum("interrupts_"),
            bytes: all.sum("bytes_"),
            messages_per_gem_create: per(&scene.creates, "commands_", scene.objects as f64),
            bind_messages_per_vm_bind: per(&scene.binding, "commands_bind", scene.binds as f64),
            submit_messages_per_execbuffer3: per(&scene.submitting, "commands_submit", submissions),
            counters: all
                .iter()
                .filter(|c| c.1 > 0)
                .map(|(n, v)| (n.to_owned(), v))
                .collect(),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (width, height) = self.sheet;
        writeln!(f, "{}, chipset {}", self.device, self.chipset)?;
        writeln!(
            f,
            "a sheet of {width} x {height} pixels from {} x {}",
            self.picture.0, self.picture.1
        )?;
        writeln!(f)?;
        writeln!(
            f,
            "{:<36} {:<8} {:>5} {:>10} {:>12}",
            "stage", "engine", "ops", "ioctl us", "GPU us"
        )?;
        for stage in &self.stages {
            let (name, engine, ops) = (stage.name, &stage.engine, stage.operations);
            let (ioctl, gpu) = (stage.ioctl_us, stage.gpu_us);
            writeln!(
                f,
                "{name:<36} {engine:<8} {ops:>5} {ioctl:>10.0} {gpu:>12.0}"
            )?;
        }
        writeln!(f)?;
        let steps = &self.steps;
        writeln!(
            f,
            "objects {}, binds {}, submissions {}",
            self.objects, self.binds, self.submissions
        )?;
        if let Some(counts) = &self.counts {
            let Counts {
                messages,
                doorbells,
                interrupts,
                bytes,
                ..
            } = counts;
            writeln!(
                f,
                "messages {messages}, doorbells {doorbells}, interrupts {interrupts}, bytes {bytes}"
            )?;
            writeln!(
                f,
                "messages per GEM_CREATE {}, per VM_BIND {}, per EXECBUFFER3 {}",
                counts.messages_per_gem_create,
                counts.bind_messages_per_vm_bind,
                counts.submit_messages_per_execbuffer3
            )?;
        } else {
            writeln!(
                f,
                "messages, doorbells, interrupts: unknown (the driver's counters are in debugfs)"
            )?;
        }
        writeln!(
            f,
            "us: open {:.0}, create and load {:.0}, bind {:.0}, wait {:.0}, read {:.0}",
            steps.open_us, steps.create_and_load_us, steps.bind_us, steps.wait_us, steps.read_us
        )?;
        let Some(check) = &self.check else {
            return Ok(());
        };
        match &check.first_wrong {
            None => writeln!(f, "all {} pixels are right", check.pixels),
            Some(first) => {
                writeln!(
                    f,
                    "WRONG: {} of {} pixels; the first at {first}",
                    check.wrong, check.pixels
                )
            }
        }
    }
}
