//! What VM_BIND costs: messages and doorbells, extents of large memory, whether binding and
//! submitting depend on what else is bound, and what the driver remembers of a mapping.

use std::fmt;
use std::fs;

use serde::Serialize;
use virtio_igpu_guest_tests::client::{
    AddressSpace, Context, Device, Engine, Error, Exec3, Object, Result, Syncobj,
};
use virtio_igpu_guest_tests::gpu::Batch;
use virtio_igpu_guest_tests::spread::Spread;
use virtio_igpu_guest_tests::sys::memory::Mapping;
use virtio_igpu_guest_tests::sys::uapi::I915_PARAM_CHIPSET_ID;

use crate::samples::{counters, settle, time_each};

/// Bytes of a page.
const PAGE: u64 = 4096;
/// Where batches lie.
const BATCH_AT: u64 = 0x1_0000;
/// Where the first of many mappings lies; the others follow, a page apart.
const MANY_AT: u64 = 0x10_0000_0000;
/// Where calls that are timed bind.
const TIMED_AT: u64 = 0x4000_0000_0000;
/// Binds that are queued back to back when doorbells are counted.
const QUEUED: u64 = 64;
/// Calls of each kind in a round.
const REPEATS: u32 = 50;

/// All that was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    rounds: u32,
    /// Mappings, or private objects, that are many.
    many: u32,
    queued: u64,
    /// For each of the binds queued back to back.
    messages_each: Spread,
    doorbells_each: Spread,
    /// Of a bind of that many mebibytes in huge pages: how many of them the kernel gave.
    large_mib: u32,
    large_huge_mib: u64,
    large_extents: u64,
    large_messages: u64,
    /// In GETPARAMs of the same round.
    bind: Spread,
    unbind: Spread,
    submit: Spread,
    /// The same with many mappings, in the same with one of the same round.
    bind_many_to_one: Spread,
    unbind_many_to_one: Spread,
    /// A submission with many private objects bound, in one with a single one bound.
    submit_many_to_one: Spread,
    /// What the kernel's slab caches grow by for a mapping, in bytes.
    bytes_each: f64,
}

/// An address space that has something bound, and a context to submit to it.
struct Bench {
    vm: &'static AddressSpace<'static>,
    context: Context<'static>,
    /// What is bound.
    _objects: Vec<Object<'static>>,
    /// A page that is bound and unbound, and a fence that binds signal.
    page: Object<'static>,
    bound: Syncobj<'static>,
}

/// What is bound in a [`Bench`].
#[derive(Clone, Copy)]
enum Content {
    /// One page, so many times.
    Aliases(u32),
    /// So many objects of a page each that belong to the address space.
    Private(u32),
}

impl Bench {
    fn new(device: &'static Device, content: Content) -> Result<Self> {
        // Lives as long as the program, and so may what refers to it.
        let vm: &'static AddressSpace<'static> = Box::leak(Box::new(AddressSpace::create(device)?));
        let context = Context::for_vm(device, vm, &[Engine::RCS0])?;
        let batch = Object::create_private(device, PAGE, vm)?;
        batch.map()?.write_dwords(0, &Batch::new().end());
        vm.bind(&batch, BATCH_AT)?;
        let mut bench = Self {
            vm,
            context,
            _objects: vec![batch],
            page: Object::create(device, PAGE)?,
            bound: Syncobj::create(device)?,
        };
        match content {
            Content::Aliases(count) => {
                for index in 0..count {
                    bench.bind_page(MANY_AT + u64::from(index) * PAGE)?;
                }
            }
            Content::Private(count) => {
                for index in 0..count {
                    let object = Object::create_private(device, PAGE, vm)?;
                    let at = MANY_AT + u64::from(index) * PAGE;
                    vm.bind_async(&object, at, bench.bound.signal_fence(0))?;
                    bench._objects.push(object);
                }
            }
        }
        Ok(bench)
    }

    /// Binds the page, without waiting for the device.
    fn bind_page(&self, at: u64) -> Result<()> {
        let fence = self.bound.signal_fence(0);
        self.vm.bind_async(&self.page, at, fence)
    }

    /// Unbinds a page, without waiting for the device.
    fn unbind_page(&self, at: u64) -> Result<()> {
        let fence = self.bound.signal_fence(0);
        self.vm.unbind_async(at, PAGE, fence)
    }

    fn submit(&self, device: &Device) -> Result<()> {
        Exec3::new(&self.context, 0, BATCH_AT).submit(device)
    }

    /// Nanoseconds of a bind and of an unbind.
    fn times(&self) -> Result<(f64, f64)> {
        let at = |time: u32| TIMED_AT + u64::from(time) * PAGE;
        settle();
        let bind = time_each(REPEATS, |time| self.bind_page(at(time)))?;
        settle();
        let unbind = time_each(REPEATS, |time| self.unbind_page(at(time)))?;
        Ok((bind, unbind))
    }

    /// Nanoseconds of a submission.
    fn time_of_submission(&self, device: &Device) -> Result<f64> {
        settle();
        time_each(REPEATS, |_| self.submit(device))
    }
}

/// Measures.
pub(crate) fn measure(rounds: u32, many: u32, large: u32) -> Result<Report> {
    let device: &'static Device = Box::leak(Box::new(Device::open()?));
    let (large_huge_mib, large_extents, large_messages) = bind_large(device, large)?;

    let one = Bench::new(device, Content::Aliases(1))?;
    let before = slab_bytes()?;
    let aliases = Bench::new(device, Content::Aliases(many))?;
    let bytes_each = (slab_bytes()?.saturating_sub(before)) as f64 / f64::from(many);
    let private = Bench::new(device, Content::Private(many))?;
    settle();

    let mut queued = Vec::new();
    let mut rows = Vec::new();
    for _ in 0..rounds {
        queued.push(queue_up(&one)?);
        let getparam = time_each(REPEATS, |_| device.param(I915_PARAM_CHIPSET_ID).map(drop))?;
        let (bind, unbind) = one.times()?;
        let (bind_many, unbind_many) = aliases.times()?;
        let submit = one.time_of_submission(device)?;
        let submit_many = private.time_of_submission(device)?;
        rows.push([
            bind / getparam,
            unbind / getparam,
            submit / getparam,
            bind_many / bind,
            unbind_many / unbind,
            submit_many / submit,
        ]);
    }
    let column = |index: usize| Spread::of(rows.iter().map(|row| row[index]).collect());
    let each = |part: fn(&(u64, u64)) -> u64| {
        let values = queued.iter().map(|one| part(one) as f64 / QUEUED as f64);
        Spread::of(values.collect())
    };
    Ok(Report {
        rounds,
        many,
        queued: QUEUED,
        messages_each: each(|(messages, _)| *messages),
        doorbells_each: each(|(_, doorbells)| *doorbells),
        large_mib: large,
        large_huge_mib,
        large_extents,
        large_messages,
        bind: column(0),
        unbind: column(1),
        submit: column(2),
        bind_many_to_one: column(3),
        unbind_many_to_one: column(4),
        submit_many_to_one: column(5),
        bytes_each,
    })
}

/// Messages and doorbells of binds that are queued back to back.
fn queue_up(bench: &Bench) -> Result<(u64, u64)> {
    let before = counters()?;
    for index in 0..QUEUED {
        bench.bind_page(TIMED_AT + index * PAGE)?;
    }
    let grown = counters()?.since(&before);
    for index in 0..QUEUED {
        bench.unbind_page(TIMED_AT + index * PAGE)?;
    }
    Ok((grown.sum("commands_"), grown.sum("kicks_")))
}

/// Binds memory in huge pages, as far as the kernel gives any. How much of it lies in huge
/// pages, in mebibytes; extents and messages.
fn bind_large(device: &Device, mib: u32) -> Result<(u64, u64, u64)> {
    const HUGE: u64 = 2 << 20;
    let length = u64::from(mib) << 20;
    let call = |what: &'static str| {
        move |errno: nix::errno::Errno| Error::Unexpected(format!("{what}: {errno}"))
    };
    let memory = Mapping::anonymous((length + HUGE) as usize).map_err(call("memory"))?;
    let skipped = memory.address().next_multiple_of(HUGE) - memory.address();
    memory
        .want_huge_pages(0, memory.len())
        .map_err(call("huge pages"))?;
    for offset in (0..length).step_by(PAGE as usize) {
        memory.write_u32((skipped + offset) as usize, 1);
    }
    let huge = huge_mib()?;
    let vm = AddressSpace::create(device)?;
    let object = Object::userptr(device, &memory)?;
    let before = counters()?;
    vm.bind_section(&object, MANY_AT, skipped, length)?;
    let grown = counters()?.since(&before);
    Ok((huge, grown.get("extents_sent"), grown.get("commands_bind")))
}

/// Mebibytes of this process's memory that lie in huge pages.
fn huge_mib() -> Result<u64> {
    let text = read("/proc/self/smaps_rollup")?;
    let kib = text
        .lines()
        .find_map(|line| line.strip_prefix("AnonHugePages:"))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse::<u64>().ok());
    let kib = kib.ok_or_else(|| Error::Unexpected("smaps_rollup names no huge pages".into()))?;
    Ok(kib / 1024)
}

/// Bytes of all objects in use in the kernel's slab caches, when those that are kept for
/// later are given back, as far as can be asked.
fn slab_bytes() -> Result<u64> {
    counters()?;
    let caches = fs::read_dir("/sys/kernel/slab").map_err(|source| Error::File {
        what: "reading /sys/kernel/slab".into(),
        source,
    })?;
    for cache in caches.flatten() {
        // Aliases and caches that can't shrink are no matter.
        let _ = fs::write(cache.path().join("shrink"), "1");
    }
    let text = read("/proc/slabinfo")?;
    let bytes = text.lines().skip(2).filter_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let active: u64 = words.next()?.parse().ok()?;
        let size: u64 = words.nth(1)?.parse().ok()?;
        Some(active * size)
    });
    Ok(bytes.sum())
}

fn read(file: &str) -> Result<String> {
    fs::read_to_string(file).map_err(|source| Error::File {
        what: format!("reading {file}"),
        source,
    })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rounds,
            many,
            queued,
            large_mib,
            large_huge_mib,
            large_extents,
            large_messages,
            ..
        } = self;
        writeln!(f, "{rounds} rounds; many: {many}")?;
        writeln!(f, "for each of {queued} binds queued back to back")?;
        writeln!(f, "{:>28}  messages", self.messages_each)?;
        writeln!(f, "{:>28}  doorbells", self.doorbells_each)?;
        writeln!(
            f,
            "a bind of {large_mib} MiB, {large_huge_mib} of them in huge pages: {large_extents} \
             extents in {large_messages} messages"
        )?;
        writeln!(f, "in GETPARAMs of the same round")?;
        writeln!(f, "{:>28}  VM_BIND of a page, not waited for", self.bind)?;
        writeln!(
            f,
            "{:>28}  VM_UNBIND of a page, not waited for",
            self.unbind
        )?;
        writeln!(f, "{:>28}  EXECBUFFER3", self.submit)?;
        writeln!(f, "with many bound, in the same with one")?;
        writeln!(f, "{:>28}  VM_BIND", self.bind_many_to_one)?;
        writeln!(f, "{:>28}  VM_UNBIND", self.unbind_many_to_one)?;
        writeln!(
            f,
            "{:>28}  EXECBUFFER3, private objects",
            self.submit_many_to_one
        )?;
        writeln!(f, "{:>28.0}  bytes of slabs for a mapping", self.bytes_each)
    }
}
