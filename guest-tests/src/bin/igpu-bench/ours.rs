//! Our GPU, by the uAPI of i915 in VM_BIND mode.

use virtio_igpu_guest_tests::client::{
    AddressSpace, Context, Counters, Device, Engine, Exec2, Exec3, Object, Result, Syncobj,
};
use virtio_igpu_guest_tests::gpu::{Batch, Rectangle, Surface};
use virtio_igpu_guest_tests::sys::uapi::I915_PARAM_CHIPSET_ID;

use crate::gpu::{COPIED, Gpu, PAGE, PATIENCE};

/// The render engine's timestamp, with the flag for all of its bits: a register that the
/// driver asks the device for.
const TIMESTAMP: u64 = 0x2358 | 1;
/// Where batches and objects lie.
const NOOP_AT: u64 = 0x1_0000;
const COPY_AT: [u64; 2] = [0x2_0000, 0x3_0000];
const BUFFERS_AT: [u64; 2] = [0x1000_0000, 0x2000_0000];
const SHOWN_AT: u64 = 0x10_0000_0000;
/// The copies' pixels: rows of 16 KiB.
const PITCH: u32 = 16 << 10;
const ROWS: u32 = (COPIED / PITCH as u64) as u32;

/// A file with an address space, a context and the batches that are run.
pub(crate) struct Ours {
    device: &'static Device,
    vm: &'static AddressSpace<'static>,
    context: &'static Context<'static>,
    done: Syncobj<'static>,
    legacy: Exec2,
    listed: Object<'static>,
    _bound: Vec<Object<'static>>,
}

impl Ours {
    pub(crate) fn new() -> Result<Self> {
        // They live as long as the program, and so may what refers to them.
        let device: &'static Device = Box::leak(Box::new(Device::open()?));
        let vm: &'static AddressSpace<'static> = Box::leak(Box::new(AddressSpace::create(device)?));
        let engines = [Engine::RCS0, Engine::BCS0];
        let context = Box::leak(Box::new(Context::for_vm(device, vm, &engines)?));
        let listed = Object::create(device, PAGE)?;
        listed.map()?.write_dwords(0, &Batch::new().end());
        let mut bound = vec![noop(device, vm)?];
        for at in BUFFERS_AT {
            let buffer = Object::create_private(device, COPIED, vm)?;
            vm.bind(&buffer, at)?;
            bound.push(buffer);
        }
        for (place, at) in COPY_AT.into_iter().enumerate() {
            let (from, to) = (BUFFERS_AT[place], BUFFERS_AT[1 - place]);
            let surface = |address| Surface::linear(address, PITCH);
            let mut batch = Batch::new();
            let area = Rectangle::whole(PITCH / 4, ROWS);
            batch.copy(surface(to), area, surface(from), 0, 0);
            let object = Object::create_private(device, PAGE, vm)?;
            object.map()?.write_dwords(0, &batch.end());
            vm.bind(&object, at)?;
            bound.push(object);
        }
        Ok(Self {
            device,
            vm,
            context,
            done: Syncobj::create(device)?,
            legacy: Exec2::new(vec![listed.pinned_at(SHOWN_AT)]),
            listed,
            _bound: bound,
        })
    }

    fn run(&self, engine: u32, at: u64) -> Result<()> {
        Exec3::new(self.context, engine, at)
            .fence(self.done.signal_fence(0))
            .submit(self.device)?;
        self.done.wait(PATIENCE)
    }
}

/// A batch that does nothing, bound at [`NOOP_AT`].
fn noop(device: &'static Device, vm: &AddressSpace<'_>) -> Result<Object<'static>> {
    let batch = Object::create_private(device, PAGE, vm)?;
    batch.map()?.write_dwords(0, &Batch::new().end());
    vm.bind(&batch, NOOP_AT)?;
    Ok(batch)
}

impl Gpu for Ours {
    fn getparam(&mut self) -> Result<()> {
        self.device.param(I915_PARAM_CHIPSET_ID).map(drop)
    }

    fn round_trip(&mut self) -> Option<Result<()>> {
        Some(self.device.register(TIMESTAMP).map(drop))
    }

    fn submit(&mut self, count: u32) -> Result<()> {
        let plain = Exec3::new(self.context, 0, NOOP_AT);
        for _ in 1..count {
            plain.submit(self.device)?;
        }
        self.run(0, NOOP_AT)
    }

    fn submit_only(&mut self) -> Result<()> {
        Exec3::new(self.context, 0, NOOP_AT)
            .fence(self.done.signal_fence(0))
            .submit(self.device)
    }

    fn drain(&mut self) -> Result<()> {
        self.run(0, NOOP_AT)
    }

    fn submit_with_object(&mut self) -> Result<()> {
        self.legacy.submit(self.device)?;
        self.listed.wait(-1).map(drop)
    }

    fn allocate(&mut self, bytes: u64) -> Result<()> {
        let object = Object::create(self.device, bytes)?;
        let memory = object.map()?;
        for offset in (0..memory.len()).step_by(PAGE as usize) {
            memory.write_u32(offset, 1);
        }
        drop(memory);
        object.close()
    }

    fn show(&mut self, bytes: u64) -> Result<()> {
        let object = Object::create(self.device, bytes)?;
        self.vm.bind(&object, SHOWN_AT)?;
        let fence = self.done.signal_fence(0);
        self.vm.unbind_async(SHOWN_AT, bytes, fence)?;
        object.close()
    }

    fn copy(&mut self, into_guest: bool) -> Result<()> {
        self.run(1, COPY_AT[usize::from(into_guest)])
    }

    fn interrupts(&self) -> Option<u64> {
        Some(Counters::read().ok()?.sum("interrupts_"))
    }
}
