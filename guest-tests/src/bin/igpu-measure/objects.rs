//! What objects cost: made, touched and closed, beside plain shared memory; and listed by
//! EXECBUFFER2, which maps them once.

use std::fmt;
use std::time::Duration;

use nix::sys::memfd::{MFdFlags, memfd_create};
use serde::Serialize;
use virtio_igpu_guest_tests::client::{Device, Error, Exec2, Object, Result};
use virtio_igpu_guest_tests::gpu::Batch;
use virtio_igpu_guest_tests::spread::Spread;
use virtio_igpu_guest_tests::sys::memory::Mapping;
use virtio_igpu_guest_tests::sys::uapi::I915_PARAM_CHIPSET_ID;

use crate::samples::{counters, settle, time_each};

/// Bytes of a page.
const PAGE: u64 = 4096;
/// The sizes of objects, in KiB.
const SIZES: [u64; 2] = [64, 4096];
/// How many objects a submission lists, beside the batch.
const LISTED: [usize; 3] = [1, 100, 1000];
/// Where batch and objects lie; an object each 2 MiB.
const AT: u64 = 0x10_0000_0000;
const STEP: u64 = 2 << 20;
/// Calls of each kind in a round.
const REPEATS: u32 = 20;
/// Submissions whose messages are counted.
const COUNTED: u64 = 50;

/// All that was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    rounds: u32,
    /// Creating, touching each page and closing, in the same with memfd and mmap.
    object_to_memfd: Vec<Spread>,
    /// The sizes of that, in KiB.
    sizes_kib: Vec<u64>,
    /// An EXECBUFFER2 that lists one object, in GETPARAMs.
    submit: Spread,
    /// What each further object adds, in GETPARAMs: up to 100, and from there to 1,000.
    each_of_100: Spread,
    each_of_1000: Spread,
    /// Messages to the device for a submission that lists 1,000 objects, all told and of
    /// page-table updates.
    messages: f64,
    bind_messages: f64,
}

/// A submission that lists so many objects.
struct Submission<'d> {
    exec: Exec2,
    _objects: Vec<Object<'d>>,
}

impl<'d> Submission<'d> {
    fn new(device: &'d Device, count: usize, at: u64) -> Result<Self> {
        let mut objects = Vec::new();
        let mut list = Vec::new();
        for index in 0..count as u64 {
            let object = Object::create(device, PAGE)?;
            list.push(object.pinned_at(at + (index + 1) * STEP));
            objects.push(object);
        }
        let batch = Object::create(device, PAGE)?;
        batch.map()?.write_dwords(0, &Batch::new().end());
        list.push(batch.pinned_at(at));
        objects.push(batch);
        Ok(Self {
            exec: Exec2::new(list),
            _objects: objects,
        })
    }

    /// Nanoseconds of a submission.
    fn time(&mut self, device: &Device) -> Result<f64> {
        settle();
        time_each(REPEATS, |_| self.exec.submit(device))
    }
}

/// Measures.
pub(crate) fn measure(rounds: u32) -> Result<Report> {
    let device = Device::open()?;
    let mut submissions = Vec::new();
    for (place, count) in LISTED.into_iter().enumerate() {
        let at = AT + place as u64 * 2000 * STEP;
        submissions.push(Submission::new(&device, count, at)?);
    }
    let mut rows = Vec::new();
    let mut ratios = vec![Vec::new(); SIZES.len()];
    for _ in 0..rounds {
        for (size, ratios) in SIZES.into_iter().zip(&mut ratios) {
            let object = time_each(REPEATS, |_| object(&device, size << 10))?;
            let memfd = time_each(REPEATS, |_| memfd(size << 10))?;
            ratios.push(object / memfd);
        }
        let getparam = time_each(REPEATS, |_| device.param(I915_PARAM_CHIPSET_ID).map(drop))?;
        let mut times = Vec::new();
        for submission in &mut submissions {
            times.push(submission.time(&device)?);
        }
        let each = |from: usize, to: usize| {
            (times[to] - times[from]) / (LISTED[to] - LISTED[from]) as f64 / getparam
        };
        rows.push([times[0] / getparam, each(0, 1), each(1, 2)]);
    }
    let column = |index: usize| Spread::of(rows.iter().map(|row| row[index]).collect());
    let before = counters()?;
    for _ in 0..COUNTED {
        submissions[2].exec.submit(&device)?;
        std::thread::sleep(Duration::from_millis(1));
    }
    let grown = counters()?.since(&before);
    let binds = grown.get("commands_bind") + grown.get("commands_unbind");
    Ok(Report {
        rounds,
        object_to_memfd: ratios.into_iter().map(Spread::of).collect(),
        sizes_kib: SIZES.to_vec(),
        submit: column(0),
        each_of_100: column(1),
        each_of_1000: column(2),
        messages: grown.sum("commands_") as f64 / COUNTED as f64,
        bind_messages: binds as f64 / COUNTED as f64,
    })
}

/// Makes an object, writes to each of its pages and closes it.
fn object(device: &Device, size: u64) -> Result<()> {
    let object = Object::create(device, size)?;
    touch(&object.map()?);
    object.close()
}

/// The same with memory that isn't an object.
fn memfd(size: u64) -> Result<()> {
    let call = |what: &'static str| {
        move |errno: nix::errno::Errno| Error::Unexpected(format!("{what}: {errno}"))
    };
    let file = memfd_create(c"measured", MFdFlags::MFD_CLOEXEC).map_err(call("memfd_create"))?;
    nix::unistd::ftruncate(&file, size as i64).map_err(call("ftruncate"))?;
    touch(&Mapping::of_file(&file, 0, size as usize).map_err(call("mmap"))?);
    Ok(())
}

fn touch(memory: &Mapping) {
    for offset in (0..memory.len()).step_by(PAGE as usize) {
        memory.write_u32(offset, 1);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} rounds", self.rounds)?;
        writeln!(
            f,
            "made, touched and closed, in the same with memfd and mmap"
        )?;
        for (size, ratio) in self.sizes_kib.iter().zip(&self.object_to_memfd) {
            writeln!(f, "{ratio:>28}  an object of {size} KiB")?;
        }
        writeln!(f, "in GETPARAMs of the same round")?;
        writeln!(f, "{:>28}  EXECBUFFER2 with one object", self.submit)?;
        writeln!(f, "{:>28}  each further one up to 100", self.each_of_100)?;
        writeln!(f, "{:>28}  each further one up to 1,000", self.each_of_1000)?;
        writeln!(f, "messages for an EXECBUFFER2 with 1,000 objects")?;
        writeln!(f, "{:>28.2}  all told", self.messages)?;
        writeln!(f, "{:>28.2}  of page-table updates", self.bind_messages)
    }
}
