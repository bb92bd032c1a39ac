//! The same kernels on PoCL: OpenCL on this machine's processor.

use std::ffi::c_void;
use std::ptr;
use std::time::{Duration, Instant};

use opencl3::command_queue::CommandQueue;
use opencl3::context::Context;
use opencl3::device::{CL_DEVICE_TYPE_CPU, Device};
use opencl3::kernel::Kernel;
use opencl3::memory::{Buffer, CL_MEM_COPY_HOST_PTR, CL_MEM_READ_WRITE, ClMem};
use opencl3::platform::get_platforms;
use opencl3::program::Program;
use opencl3::types::{CL_BLOCKING, cl_mem};

/// A processor with a program compiled for it.
pub(crate) struct Pocl {
    device: Device,
    context: Context,
    queue: CommandQueue,
    program: Program,
}

/// An argument of a kernel.
pub(crate) enum Argument<'a> {
    /// A buffer.
    Buffer(&'a Words),
    /// A number of 32 bits.
    Number(u32),
}

/// A buffer of words.
pub(crate) struct Words {
    buffer: Buffer<u32>,
    length: usize,
}

/// A kernel with its arguments, and how it is called.
pub(crate) struct Ready {
    kernel: Kernel,
    items: [usize; 3],
    local: [usize; 3],
}

impl Pocl {
    /// The first processor that OpenCL knows, and the source compiled for it.
    pub(crate) fn new(source: &str) -> Self {
        let platforms = get_platforms().expect("an OpenCL with platforms");
        let device = platforms.iter().find_map(|platform| {
            let devices = platform.get_devices(CL_DEVICE_TYPE_CPU).ok()?;
            devices.first().copied()
        });
        let device = Device::new(device.expect("an OpenCL for the processor: is PoCL there?"));
        let context = Context::from_device(&device).expect("a context");
        let queue = CommandQueue::create_default_with_properties(&context, 0, 0);
        let queue = queue.expect("a queue");
        let program = Program::create_and_build_from_source(&context, source, "");
        let program = program.expect("a source that PoCL compiles");
        Self {
            device,
            context,
            queue,
            program,
        }
    }

    /// Its version, and the processor that it compiles for.
    pub(crate) fn name(&self) -> String {
        let version = self.device.driver_version().unwrap_or_default();
        let units = self.device.max_compute_units().unwrap_or(0);
        let name = self.device.name().unwrap_or_default();
        format!("PoCL {version}, {units} threads, {name}")
    }

    /// A buffer with this in it.
    pub(crate) fn buffer(&self, words: &[u32]) -> Words {
        let from = words.as_ptr().cast_mut().cast::<c_void>();
        let flags = CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR;
        // SAFETY: as many words as the slice has are copied from it.
        let buffer = unsafe { Buffer::create(&self.context, flags, words.len(), from) };
        Words {
            buffer: buffer.expect("a buffer"),
            length: words.len(),
        }
    }

    /// Writes a buffer.
    pub(crate) fn write(&self, to: &mut Words, words: &[u32]) {
        // SAFETY: the call waits for the end of the copy, and refuses more words than there is
        // room for.
        let written = unsafe {
            self.queue
                .enqueue_write_buffer(&mut to.buffer, CL_BLOCKING, 0, words, &[])
        };
        written.expect("a buffer written");
    }

    /// What a buffer holds.
    pub(crate) fn read(&self, from: &Words) -> Vec<u32> {
        let mut words = vec![0; from.length];
        // SAFETY: the call waits for the end of the copy, and copies as many as there is room for.
        let read = unsafe {
            self.queue
                .enqueue_read_buffer(&from.buffer, CL_BLOCKING, 0, &mut words, &[])
        };
        read.expect("a buffer read");
        words
    }

    /// A kernel that is ready for groups of so many items.
    pub(crate) fn prepare(
        &self,
        name: &str,
        arguments: &[Argument<'_>],
        local: [u32; 3],
        groups: [u32; 3],
    ) -> Ready {
        let kernel = Kernel::create(&self.program, name).expect("a kernel of that name");
        for (index, argument) in (0..).zip(arguments) {
            let set = match argument {
                Argument::Buffer(words) => {
                    let handle: cl_mem = words.buffer.get();
                    // SAFETY: the handle is copied; OpenCL refuses it where there is no buffer wanted.
                    unsafe { kernel.set_arg(index, &handle) }
                }
                Argument::Number(number) => {
                    // SAFETY: the number is copied; OpenCL refuses it where the size is another.
                    unsafe { kernel.set_arg(index, number) }
                }
            };
            set.expect("an argument");
        }
        Ready {
            kernel,
            items: [0, 1, 2].map(|axis| (local[axis] * groups[axis]) as usize),
            local: local.map(|size| size as usize),
        }
    }

    /// Runs a kernel: from the call to its end.
    pub(crate) fn run(&self, ready: &Ready) -> Duration {
        let start = Instant::now();
        // SAFETY: the arguments are set, and there are three sizes as the number of dimensions
        // says. The kernels stay inside their buffers, which live as long as this program.
        let event = unsafe {
            self.queue.enqueue_nd_range_kernel(
                ready.kernel.get(),
                3,
                ptr::null(),
                ready.items.as_ptr(),
                ready.local.as_ptr(),
                &[],
            )
        };
        self.queue.finish().expect("an end");
        let time = start.elapsed();
        event.expect("a kernel run");
        time
    }
}
