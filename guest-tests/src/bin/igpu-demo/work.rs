//! The demo's dealings with the GPU, from opening the node to the finished sheet.

use std::path::Path;
use std::time::{Duration, Instant};

use virtio_igpu_guest_tests::client::{
    AddressSpace, Context, Counters, Device, Engine, Exec3, Object, Result, Syncobj,
};
use virtio_igpu_guest_tests::demo::batches::{self, Addresses, STAMP_BYTES, Sizes, Stage};
use virtio_igpu_guest_tests::demo::{Picture, Plan};
use virtio_igpu_guest_tests::gpu::canonical;
use virtio_igpu_guest_tests::sys::memory::Mapping;
use virtio_igpu_guest_tests::sys::uapi::{
    I915_PARAM_CHIPSET_ID, I915_PARAM_CS_TIMESTAMP_FREQUENCY,
};

use crate::report::{Report, Scene, StageReport, Steps};

/// How long the GPU may take for all stages together.
const LIMIT: Duration = Duration::from_secs(60);

/// GPU addresses from all over the 48 bits.
const AT: Addresses = Addresses {
    picture: 0x0000_0001_2340_0000,
    sheet: 0x0000_3fff_8000_0000,
    x_tiled: canonical(0x8000_0000_0000),
    y_tiled: canonical(0xfedc_ba98_0000),
    stamps: 0x0000_0000_0001_0000,
};

/// Where the first batch goes; each next one lies this far above.
const BATCHES: (u64, u64) = (0x0000_1000_0000_0000, 0x0000_0111_1111_1000);

/// Draws the sheet.
pub(crate) fn draw(
    node: Option<&Path>,
    plan: &Plan,
    picture: &Picture,
) -> Result<(Picture, Report)> {
    let mut clock = Clock::start();
    let device = node.map_or_else(Device::open, Device::open_path)?;
    let mut readings = Readings::start();
    let vm = AddressSpace::create(&device)?;
    let context = Context::for_vm(&device, &vm, &[Engine::RCS0, Engine::BCS0])?;
    let done = Syncobj::create(&device)?;
    let bound = Syncobj::create(&device)?;
    let mut steps = Steps {
        open_us: clock.lap(),
        ..Steps::default()
    };

    let stages = batches::stages(plan, &AT);
    let sizes = Sizes::of(plan);
    readings.next();
    let surfaces = Surfaces::create(&device, &sizes)?;
    let programs = programs(&device, &stages)?;
    let creates = readings.next();
    surfaces.load(picture, sizes.picture_pitch)?;
    steps.create_and_load_us = clock.lap();

    readings.next();
    let mut point = 0;
    for (object, address) in surfaces.places().into_iter().chain(places(&programs)) {
        point += 1;
        vm.bind_async(object, address, bound.signal_fence(point))?;
    }
    let binds = readings.next();
    steps.bind_us = clock.lap();

    let mut ioctl_us = Vec::new();
    for (index, (stage, (_, address))) in stages.iter().zip(places(&programs)).enumerate() {
        let mut submission = Exec3::new(&context, stage.engine as u32, address);
        let previous = index as u64;
        if previous > 0 {
            submission = submission.fence(done.wait_fence(previous));
        }
        submission
            .fence(done.signal_fence(previous + 1))
            .submit(&device)?;
        ioctl_us.push(clock.lap());
    }
    let submits = readings.next();
    done.wait_point(stages.len() as u64, LIMIT)?;
    bound.wait_point(point, LIMIT)?;
    steps.wait_us = clock.lap();

    let sheet = surfaces.sheet(plan, sizes.sheet_pitch)?;
    let stamps = surfaces.stamps.map()?;
    steps.read_us = clock.lap();
    let hertz = device.param(I915_PARAM_CS_TIMESTAMP_FREQUENCY)?;
    let (driver, version) = device.version()?;
    let report = Report::new(Scene {
        device: format!("{driver} {version} at {}", device.path().display()),
        chipset: device.param(I915_PARAM_CHIPSET_ID)?,
        picture: (picture.width, picture.height),
        sheet: plan.sheet,
        objects: surfaces.places().len() + programs.len(),
        binds: point,
        steps,
        stages: stage_reports(&stages, &ioctl_us, &stamps, hertz),
        all: readings.all(),
        creates,
        binding: binds,
        submitting: submits,
    });
    Ok((sheet, report))
}

/// The objects that the batches draw from and to.
struct Surfaces<'d> {
    picture: Object<'d>,
    sheet: Object<'d>,
    x_tiled: Object<'d>,
    y_tiled: Object<'d>,
    stamps: Object<'d>,
}

impl<'d> Surfaces<'d> {
    fn create(device: &'d Device, sizes: &Sizes) -> Result<Self> {
        Ok(Self {
            picture: Object::create(device, sizes.picture)?,
            sheet: Object::create(device, sizes.sheet)?,
            x_tiled: Object::create(device, sizes.x_tiled)?,
            y_tiled: Object::create(device, sizes.y_tiled)?,
            stamps: Object::create(device, 4096)?,
        })
    }

    /// Each object with the address it is bound at.
    fn places(&self) -> Vec<(&Object<'d>, u64)> {
        vec![
            (&self.picture, AT.picture),
            (&self.sheet, AT.sheet),
            (&self.x_tiled, AT.x_tiled),
            (&self.y_tiled, AT.y_tiled),
            (&self.stamps, AT.stamps),
        ]
    }

    fn load(&self, picture: &Picture, pitch: u32) -> Result<()> {
        let mapping = self.picture.map()?;
        for y in 0..picture.height {
            mapping.write(pitch as usize * y as usize, &picture.row_bytes(y));
        }
        Ok(())
    }

    fn sheet(&self, plan: &Plan, pitch: u32) -> Result<Picture> {
        let bytes = self.sheet.map()?.to_vec();
        Ok(Picture::from_rows(
            plan.sheet.0,
            plan.sheet.1,
            pitch,
            &bytes,
        ))
    }
}

/// An object for each stage's batch.
fn programs<'d>(device: &'d Device, stages: &[Stage]) -> Result<Vec<Object<'d>>> {
    let program = |stage: &Stage| {
        let object = Object::create(device, stage.commands.len() as u64 * 4)?;
        object.map()?.write_dwords(0, &stage.commands);
        Ok(object)
    };
    stages.iter().map(program).collect()
}

/// The batches' objects with the addresses they are bound at.
fn places<'p, 'd>(programs: &'p [Object<'d>]) -> impl Iterator<Item = (&'p Object<'d>, u64)> {
    let (first, step) = BATCHES;
    programs
        .iter()
        .enumerate()
        .map(move |(index, object)| (object, first + index as u64 * step))
}

fn stage_reports(
    stages: &[Stage],
    ioctl_us: &[f64],
    stamps: &Mapping,
    hertz: i32,
) -> Vec<StageReport> {
    let stage = |(index, (stage, ioctl_us)): (usize, (&Stage, &f64))| {
        let at = index * STAMP_BYTES as usize;
        let (begin, end) = (stamps.read_u64(at), stamps.read_u64(at + 8));
        StageReport {
            name: stage.name,
            engine: format!("{:?}", stage.engine).to_lowercase(),
            operations: stage.operations,
            batch_bytes: stage.commands.len() * 4,
            ioctl_us: *ioctl_us,
            gpu_us: end.wrapping_sub(begin) as f64 * 1e6 / f64::from(hertz.max(1)),
        }
    };
    stages.iter().zip(ioctl_us).enumerate().map(stage).collect()
}

/// Times from one point to the next.
struct Clock(Instant);

impl Clock {
    fn start() -> Self {
        Self(Instant::now())
    }

    /// Microseconds since the last call.
    fn lap(&mut self) -> f64 {
        let now = Instant::now();
        let passed = now.duration_since(self.0);
        self.0 = now;
        passed.as_secs_f64() * 1e6
    }
}

/// Readings of the driver's counters, as far as there are any.
struct Readings {
    first: Option<Counters>,
    last: Option<Counters>,
}

impl Readings {
    fn start() -> Self {
        let first = Counters::read().ok();
        Self {
            last: first.clone(),
            first,
        }
    }

    /// What was counted since the last call.
    fn next(&mut self) -> Option<Counters> {
        let now = Counters::read().ok()?;
        let grown = self.last.as_ref().map(|last| now.since(last));
        self.last = Some(now);
        grown
    }

    /// What was counted since the start.
    fn all(&self) -> Option<Counters> {
        Some(Counters::read().ok()?.since(self.first.as_ref()?))
    }
}
