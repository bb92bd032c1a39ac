//! OpenCL, as much as a program needs that runs one kernel: an Intel GPU, a program compiled for
//! it, buffers, and calls of the kernel in order. Its library `libOpenCL.so.1` is loaded when it
//! is first asked for, so that programs build and start where there is none.

use std::ffi::c_void;
use std::fmt::Display;
use std::ptr;

use opencl3::command_queue::{CL_QUEUE_PROFILING_ENABLE, CommandQueue};
use opencl3::context::Context;
use opencl3::device::{CL_DEVICE_TYPE_GPU, Device};
use opencl3::error_codes::DLOPEN_RUNTIME_LOAD_FAILED;
use opencl3::kernel::Kernel;
use opencl3::memory::{self, CL_MEM_COPY_HOST_PTR, CL_MEM_READ_ONLY, CL_MEM_WRITE_ONLY, ClMem};
use opencl3::platform::get_platforms;
use opencl3::program::Program;
use opencl3::types::{CL_BLOCKING, cl_mem};

/// What it came to, or a sentence for people.
pub type Result<T> = std::result::Result<T, String>;

/// Intel's PCI vendor id, which OpenCL's devices have too.
const INTEL: u32 = 0x8086;

/// A GPU, and a queue on it that does one thing after the other.
#[derive(Debug)]
pub struct Gpu {
    device: Device,
    context: Context,
    queue: CommandQueue,
}

/// A kernel compiled for a GPU.
#[derive(Debug)]
pub struct Compiled {
    kernel: Kernel,
}

/// Memory of `T`s that kernels see.
#[derive(Debug)]
pub struct Buffer<T> {
    memory: memory::Buffer<T>,
    length: usize,
}

/// An argument of a kernel.
#[derive(Clone, Copy, Debug)]
pub enum Argument<'a> {
    /// A `__global uint *`.
    Words(&'a Buffer<u32>),
    /// A `__global` or `__constant float4 *`.
    Fours(&'a Buffer<[f32; 4]>),
    /// An `int`.
    Number(i32),
}

impl Gpu {
    /// The first GPU of Intel's.
    pub fn open() -> Result<Self> {
        let platforms = get_platforms().map_err(|error| match error.0 {
            DLOPEN_RUNTIME_LOAD_FAILED => "libOpenCL.so.1 cannot be loaded: an OpenCL loader is \
                needed (Debian's package ocl-icd-libopencl1) and Intel's driver (intel-opencl-icd)"
                .to_string(),
            _ => format!(
                "OpenCL knows no platform ({error}): is Intel's driver installed (Debian's \
                 package intel-opencl-icd)?"
            ),
        })?;
        let mut others = Vec::new();
        for platform in &platforms {
            // A platform without a GPU says so by an error.
            let devices = platform.get_devices(CL_DEVICE_TYPE_GPU).unwrap_or_default();
            for device in devices.into_iter().map(Device::new) {
                if device.vendor_id().ok() == Some(INTEL) {
                    return Self::on(device);
                }
                others.push(device.name().unwrap_or_default());
            }
        }
        Err(format!(
            "none of OpenCL's {} platforms has a GPU of Intel's{}: is there a /dev/dri/renderD128, \
             may this user open it, and is intel-opencl-icd installed?",
            platforms.len(),
            if others.is_empty() {
                String::new()
            } else {
                format!(" (but {})", others.join(", "))
            },
        ))
    }

    fn on(device: Device) -> Result<Self> {
        let context = Context::from_device(&device).map_err(failed("clCreateContext"))?;
        let queue =
            CommandQueue::create_default_with_properties(&context, CL_QUEUE_PROFILING_ENABLE, 0)
                .map_err(failed("clCreateCommandQueueWithProperties"))?;
        Ok(Self {
            device,
            context,
            queue,
        })
    }

    /// What the driver calls the GPU.
    pub fn name(&self) -> Result<String> {
        self.device.name().map_err(failed("clGetDeviceInfo"))
    }

    /// The driver's version.
    pub fn driver(&self) -> Result<String> {
        let version = self.device.driver_version();
        version.map_err(failed("clGetDeviceInfo"))
    }

    /// Compiles OpenCL C, and takes the kernel of this name.
    pub fn compile(&self, source: &str, name: &str) -> Result<Compiled> {
        let program = Program::create_and_build_from_source(&self.context, source, "")
            .map_err(failed("the kernel does not compile"))?;
        let kernel = Kernel::create(&program, name).map_err(failed("clCreateKernel"))?;
        Ok(Compiled { kernel })
    }

    /// A buffer that holds these, which kernels read.
    pub fn filled<T: Copy>(&self, values: &[T]) -> Result<Buffer<T>> {
        let from = values.as_ptr().cast_mut().cast::<c_void>();
        let flags = CL_MEM_READ_ONLY | CL_MEM_COPY_HOST_PTR;
        self.buffer(flags, values.len(), from)
    }

    /// A buffer of so many words, which kernels write.
    pub fn empty(&self, length: usize) -> Result<Buffer<u32>> {
        self.buffer(CL_MEM_WRITE_ONLY, length, ptr::null_mut())
    }

    fn buffer<T>(&self, flags: u64, length: usize, from: *mut c_void) -> Result<Buffer<T>> {
        // SAFETY: `from` is null, or the flags say that `length` values are copied from there,
        // and that many are.
        let memory = unsafe { memory::Buffer::create(&self.context, flags, length, from) };
        let memory = memory.map_err(failed("clCreateBuffer"))?;
        Ok(Buffer { memory, length })
    }

    /// Runs a kernel on the columns and rows from `first` on, `count` of them, and waits for its
    /// end; how many nanoseconds the GPU took by its own clock. The arguments have to be as many
    /// as the kernel takes, and of the same kinds.
    pub fn run(
        &self,
        compiled: &Compiled,
        arguments: &[Argument<'_>],
        first: [usize; 2],
        count: [usize; 2],
    ) -> Result<u64> {
        for (index, argument) in (0..).zip(arguments) {
            compiled.set(index, argument)?;
        }
        // SAFETY: the kernel's arguments are set: OpenCL refuses the call if one is missing. The
        // sizes are two as the number of dimensions says. What the kernel does is done by the GPU,
        // in memory that is OpenCL's until this waits for the end.
        let event = unsafe {
            self.queue.enqueue_nd_range_kernel(
                compiled.kernel.get(),
                2,
                first.as_ptr(),
                count.as_ptr(),
                ptr::null(),
                &[],
            )
        };
        let event = event.map_err(failed("clEnqueueNDRangeKernel"))?;
        event.wait().map_err(failed("clWaitForEvents"))?;
        let begin = event.profiling_command_start();
        let end = event.profiling_command_end();
        let of_clock = failed("clGetEventProfilingInfo");
        Ok(end
            .map_err(&of_clock)?
            .saturating_sub(begin.map_err(&of_clock)?))
    }

    /// What a buffer holds.
    pub fn read(&self, buffer: &Buffer<u32>) -> Result<Vec<u32>> {
        let mut values = vec![0; buffer.length];
        // SAFETY: the call waits for the end of the copy, and copies as many as there is room for.
        let copied = unsafe {
            self.queue
                .enqueue_read_buffer(&buffer.memory, CL_BLOCKING, 0, &mut values, &[])
        };
        copied.map_err(failed("clEnqueueReadBuffer"))?;
        Ok(values)
    }
}

impl Compiled {
    fn set(&self, index: u32, argument: &Argument<'_>) -> Result<()> {
        let buffer = |memory: cl_mem| {
            // SAFETY: a buffer is given as its handle, which is copied; OpenCL refuses it for a
            // parameter that is no buffer.
            unsafe { self.kernel.set_arg(index, &memory) }
        };
        let set = match argument {
            Argument::Words(words) => buffer(words.memory.get()),
            Argument::Fours(fours) => buffer(fours.memory.get()),
            Argument::Number(number) => {
                // SAFETY: the number is copied; OpenCL refuses it for a parameter of another size.
                unsafe { self.kernel.set_arg(index, number) }
            }
        };
        set.map_err(failed("clSetKernelArg"))
    }
}

/// For `map_err`: which call it was.
fn failed<E: Display>(call: &'static str) -> impl Fn(E) -> String {
    move |error| format!("{call}: {error}")
}
