//! Buffers: memory that the host sees, and typed copies out of and into it.

use ash::vk;

use super::rig::Made;
use super::{Outcome, Rig, vk};

/// A number that lies in buffers, little-endian.
pub(crate) trait Plain: Copy {
    /// Its size in bytes.
    const SIZE: usize;
    /// Appends its bytes.
    fn put(self, bytes: &mut Vec<u8>);
    /// The number with these bytes.
    fn take(bytes: &[u8]) -> Self;
}

macro_rules! plain {
    ($($kind:ty),*) => {$(
        impl Plain for $kind {
            const SIZE: usize = size_of::<$kind>();
            fn put(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }
            fn take(bytes: &[u8]) -> Self {
                bytes.try_into().map_or(Self::default(), Self::from_le_bytes)
            }
        }
    )*};
}
plain!(u8, u16, u32, u64, i8, i16, i32, i64, f32, f64);

/// The bytes of numbers.
pub(crate) fn bytes_of<T: Plain>(values: &[T]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(values.len() * T::SIZE);
    values.iter().for_each(|it| it.put(&mut bytes));
    bytes
}

/// The numbers that have these bytes.
pub(crate) fn numbers_of<T: Plain>(bytes: &[u8]) -> Vec<T> {
    bytes.chunks_exact(T::SIZE).map(T::take).collect()
}

/// A buffer in memory that the host sees too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Buffer {
    pub(super) handle: vk::Buffer,
    /// Its size in bytes.
    pub(crate) size: u64,
    /// Its GPU address; 0 where the device tells none.
    pub(crate) address: u64,
    pub(super) mapped: *mut u8,
}

impl Rig<'_> {
    /// A buffer with these numbers.
    pub(crate) fn buffer<T: Plain>(&self, values: &[T]) -> Outcome<Buffer> {
        let bytes = bytes_of(values);
        let buffer = self.raw_buffer(bytes.len().max(4) as u64)?;
        self.write(&buffer, 0, &bytes);
        Ok(buffer)
    }

    /// A buffer of so many bytes, all 0xcd.
    pub(crate) fn space(&self, bytes: usize) -> Outcome<Buffer> {
        self.buffer(&vec![0xcdu8; bytes])
    }

    fn raw_buffer(&self, size: u64) -> Outcome<Buffer> {
        let device = &self.gpu.device;
        let mut usage = vk::BufferUsageFlags::STORAGE_BUFFER
            | vk::BufferUsageFlags::UNIFORM_BUFFER
            | vk::BufferUsageFlags::INDIRECT_BUFFER
            | vk::BufferUsageFlags::STORAGE_TEXEL_BUFFER
            | vk::BufferUsageFlags::UNIFORM_TEXEL_BUFFER
            | vk::BufferUsageFlags::TRANSFER_SRC
            | vk::BufferUsageFlags::TRANSFER_DST;
        let addressed = self.gpu.host.offers.v12.buffer_device_address != 0;
        let mut flags = vk::MemoryAllocateFlagsInfo::default();
        if addressed {
            usage |= vk::BufferUsageFlags::SHADER_DEVICE_ADDRESS;
            flags = flags.flags(vk::MemoryAllocateFlags::DEVICE_ADDRESS);
        }
        let create = vk::BufferCreateInfo::default().size(size).usage(usage);
        let handle = vk!(device.create_buffer(&create, None))?;
        let needs = vk!(device.get_buffer_memory_requirements(handle));
        let visible =
            vk::MemoryPropertyFlags::HOST_VISIBLE | vk::MemoryPropertyFlags::HOST_COHERENT;
        let allocate = vk::MemoryAllocateInfo::default()
            .allocation_size(needs.size)
            .memory_type_index(self.gpu.memory_type(needs.memory_type_bits, visible)?)
            .push_next(&mut flags);
        let memory = vk!(device.allocate_memory(&allocate, None))?;
        self.keep(Made::Buffer(handle, memory));
        vk!(device.bind_buffer_memory(handle, memory, 0))?;
        let whole = vk::MemoryMapFlags::empty();
        let mapped = vk!(device.map_memory(memory, 0, vk::WHOLE_SIZE, whole))?;
        let ask = vk::BufferDeviceAddressInfo::default().buffer(handle);
        let address = match addressed {
            true => vk!(device.get_buffer_device_address(&ask)),
            false => 0,
        };
        Ok(Buffer {
            handle,
            size,
            address,
            mapped: mapped.cast(),
        })
    }

    /// Writes numbers from a byte of the buffer on; what is beyond its end is left out.
    pub(crate) fn write<T: Plain>(&self, buffer: &Buffer, at: usize, values: &[T]) {
        let bytes = bytes_of(values);
        let room = (buffer.size as usize).saturating_sub(at);
        let count = bytes.len().min(room);
        if count > 0 {
            let to = buffer.mapped.wrapping_add(at);
            // SAFETY: `at + count` is within the mapping, which lives as long as the rig; the
            // slice is the host's own.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, count) };
        }
    }

    /// All numbers in the buffer.
    pub(crate) fn read<T: Plain>(&self, buffer: &Buffer) -> Vec<T> {
        let mut bytes = vec![0u8; buffer.size as usize];
        // SAFETY: the mapping has `size` bytes and lives as long as the rig; the vector is the
        // host's own and as long.
        unsafe {
            std::ptr::copy_nonoverlapping(buffer.mapped, bytes.as_mut_ptr(), bytes.len());
        }
        numbers_of(&bytes)
    }

    /// A view of the buffer as texels, from this byte on.
    pub(crate) fn texels(
        &self,
        buffer: &Buffer,
        format: vk::Format,
        offset: u64,
        bytes: u64,
    ) -> Outcome<vk::BufferView> {
        let create = vk::BufferViewCreateInfo::default()
            .buffer(buffer.handle)
            .format(format)
            .offset(offset)
            .range(bytes);
        let view = vk!(self.gpu.device.create_buffer_view(&create, None))?;
        self.keep(Made::BufferView(view));
        Ok(view)
    }
}
