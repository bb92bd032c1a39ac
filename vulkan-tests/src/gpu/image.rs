//! Images, made and brought into the general layout, in which they stay.

use ash::vk;

use super::memory::numbers_of;
use super::rig::Made;
use super::{Outcome, Plain, Rig, vk};

/// What an image shall be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Picture {
    /// Texels' format.
    pub(crate) format: vk::Format,
    /// How it is looked at.
    pub(crate) view: vk::ImageViewType,
    /// Width, height, depth.
    pub(crate) size: [u32; 3],
    /// Array layers.
    pub(crate) layers: u32,
    /// Mip levels.
    pub(crate) levels: u32,
    /// Rows one after the other, in memory that the host sees, or as the device likes it.
    pub(crate) linear: bool,
    /// What it is used for.
    pub(crate) usage: vk::ImageUsageFlags,
}

impl Picture {
    /// A flat image of storage and for samplers.
    pub(crate) fn flat(format: vk::Format, width: u32, height: u32) -> Self {
        Self {
            format,
            view: vk::ImageViewType::TYPE_2D,
            size: [width, height, 1],
            layers: 1,
            levels: 1,
            linear: false,
            usage: vk::ImageUsageFlags::STORAGE | vk::ImageUsageFlags::SAMPLED,
        }
    }
}

/// An image with one view of all of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Image {
    pub(super) handle: vk::Image,
    /// The view of all levels and layers.
    pub(crate) view: vk::ImageView,
    /// What it was made as.
    pub(crate) picture: Picture,
    mapped: *mut u8,
}

impl Rig<'_> {
    /// An image in the general layout.
    pub(crate) fn image(&self, picture: Picture) -> Outcome<Image> {
        let device = &self.gpu.device;
        let (kind, flags) = match picture.view {
            vk::ImageViewType::TYPE_1D | vk::ImageViewType::TYPE_1D_ARRAY => {
                (vk::ImageType::TYPE_1D, vk::ImageCreateFlags::empty())
            }
            vk::ImageViewType::TYPE_3D => (vk::ImageType::TYPE_3D, vk::ImageCreateFlags::empty()),
            vk::ImageViewType::CUBE | vk::ImageViewType::CUBE_ARRAY => (
                vk::ImageType::TYPE_2D,
                vk::ImageCreateFlags::CUBE_COMPATIBLE,
            ),
            _ => (vk::ImageType::TYPE_2D, vk::ImageCreateFlags::empty()),
        };
        let [width, height, depth] = picture.size;
        let mut create = vk::ImageCreateInfo::default()
            .flags(flags)
            .image_type(kind)
            .format(picture.format)
            .mip_levels(picture.levels)
            .array_layers(picture.layers)
            .samples(vk::SampleCountFlags::TYPE_1)
            .usage(picture.usage);
        create.extent.width = width;
        create.extent.height = height;
        create.extent.depth = depth;
        let mut wanted = vk::MemoryPropertyFlags::empty();
        if picture.linear {
            create = create.tiling(vk::ImageTiling::LINEAR);
            wanted = vk::MemoryPropertyFlags::HOST_VISIBLE | vk::MemoryPropertyFlags::HOST_COHERENT;
        }
        let handle = vk!(device.create_image(&create, None))?;
        let needs = vk!(device.get_image_memory_requirements(handle));
        let allocate = vk::MemoryAllocateInfo::default()
            .allocation_size(needs.size)
            .memory_type_index(self.gpu.memory_type(needs.memory_type_bits, wanted)?);
        let memory = vk!(device.allocate_memory(&allocate, None))?;
        self.keep(Made::Image(handle, memory));
        vk!(device.bind_image_memory(handle, memory, 0))?;
        let whole = vk::MemoryMapFlags::empty();
        let mapped = match picture.linear {
            true => vk!(device.map_memory(memory, 0, vk::WHOLE_SIZE, whole))?,
            false => std::ptr::null_mut(),
        };
        let mut image = Image {
            handle,
            view: vk::ImageView::null(),
            picture,
            mapped: mapped.cast(),
        };
        image.view = self.view(&image, picture.view, 0..picture.levels)?;
        let commands = self.commands()?;
        commands.to_general(&image);
        commands.run()?;
        Ok(image)
    }

    /// Another view of the image, with these levels and all layers.
    pub(crate) fn view(
        &self,
        image: &Image,
        kind: vk::ImageViewType,
        levels: std::ops::Range<u32>,
    ) -> Outcome<vk::ImageView> {
        let create = vk::ImageViewCreateInfo::default()
            .image(image.handle)
            .view_type(kind)
            .format(image.picture.format)
            .subresource_range(image.part(levels));
        let view = vk!(self.gpu.device.create_image_view(&create, None))?;
        self.keep(Made::ImageView(view));
        Ok(view)
    }

    /// The rows of a linear image's first level and layer, without what lies between them.
    pub(crate) fn rows<T: Plain>(&self, image: &Image, texel_bytes: usize) -> Vec<T> {
        let part = vk::ImageSubresource::default().aspect_mask(vk::ImageAspectFlags::COLOR);
        let layout = vk!(self
            .gpu
            .device
            .get_image_subresource_layout(image.handle, part));
        let [width, height, _] = image.picture.size.map(|it| it as usize);
        let mut bytes = vec![0u8; width * height * texel_bytes];
        let length = width * texel_bytes;
        for (row, to) in bytes.chunks_exact_mut(length).enumerate() {
            let at = layout.offset as usize + row * layout.row_pitch as usize;
            let from = image.mapped.wrapping_add(at).cast_const();
            // SAFETY: only linear images are mapped and asked for; the driver says where their
            // rows lie in the memory that it had us allocate. The vector is the host's own.
            unsafe { std::ptr::copy_nonoverlapping(from, to.as_mut_ptr(), length) };
        }
        numbers_of(&bytes)
    }

    /// Has the host copy texels into the whole of an image's first level.
    pub(crate) fn host_copy(&self, image: &Image, texels: &[u8]) -> Outcome {
        let copies = self.gpu.copies.as_ref();
        let copies = copies.ok_or("the device has no copies by the host")?;
        let layers = vk::ImageSubresourceLayers::default()
            .aspect_mask(vk::ImageAspectFlags::COLOR)
            .layer_count(image.picture.layers);
        let [width, height, depth] = image.picture.size;
        let mut region = vk::MemoryToImageCopyEXT::default().image_subresource(layers);
        region.p_host_pointer = texels.as_ptr().cast();
        region.image_extent.width = width;
        region.image_extent.height = height;
        region.image_extent.depth = depth;
        let regions = [region];
        let copy = vk::CopyMemoryToImageInfoEXT::default()
            .dst_image(image.handle)
            .dst_image_layout(vk::ImageLayout::GENERAL)
            .regions(&regions);
        Ok(vk!(copies.copy_memory_to_image(&copy))?)
    }
}

impl Image {
    /// The same by another view, which shows it in this size.
    pub(crate) fn seen_by(mut self, view: vk::ImageView, size: [u32; 3]) -> Self {
        (self.view, self.picture.size) = (view, size);
        self
    }

    /// These levels, all layers.
    pub(super) fn part(&self, levels: std::ops::Range<u32>) -> vk::ImageSubresourceRange {
        vk::ImageSubresourceRange::default()
            .aspect_mask(vk::ImageAspectFlags::COLOR)
            .base_mip_level(levels.start)
            .level_count(levels.end - levels.start)
            .layer_count(self.picture.layers)
    }
}
