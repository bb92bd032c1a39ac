//! Commands that copy, clear and scale images, and bytes between them and buffers.

use ash::vk;

use super::commands::Commands;
use super::{Buffer, Image, vk};

/// A rectangle of an image's level, in texels, in one layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rectangle {
    /// The level.
    pub(crate) level: u32,
    /// The layer.
    pub(crate) layer: u32,
    /// Its left upper corner.
    pub(crate) at: [i32; 2],
    /// Width and height.
    pub(crate) size: [u32; 2],
}

impl Rectangle {
    /// All of the first level and layer.
    pub(crate) fn whole(image: &Image) -> Self {
        let [width, height, _] = image.picture.size;
        Self {
            level: 0,
            layer: 0,
            at: [0, 0],
            size: [width, height],
        }
    }

    fn layers(&self) -> vk::ImageSubresourceLayers {
        vk::ImageSubresourceLayers::default()
            .aspect_mask(vk::ImageAspectFlags::COLOR)
            .mip_level(self.level)
            .base_array_layer(self.layer)
            .layer_count(1)
    }

    fn offset(&self) -> vk::Offset3D {
        let [x, y] = self.at;
        vk::Offset3D { x, y, z: 0 }
    }

    fn extent(&self) -> vk::Extent3D {
        let [width, height] = self.size;
        vk::Extent3D {
            width,
            height,
            depth: 1,
        }
    }

    /// The corners, as blits want them.
    fn corners(&self) -> [vk::Offset3D; 2] {
        let [x, y] = self.at;
        let [width, height] = self.size.map(|it| it as i32);
        let end = vk::Offset3D {
            x: x + width,
            y: y + height,
            z: 1,
        };
        [self.offset(), end]
    }

    fn beside_bytes(&self, at: u64) -> vk::BufferImageCopy {
        vk::BufferImageCopy::default()
            .buffer_offset(at)
            .image_subresource(self.layers())
            .image_offset(self.offset())
            .image_extent(self.extent())
    }
}

const GENERAL: vk::ImageLayout = vk::ImageLayout::GENERAL;

impl Commands<'_, '_> {
    /// Copies texels that lie one after the other in a buffer into an image.
    pub(crate) fn buffer_to_image(&self, from: &Buffer, at: u64, to: &Image, part: Rectangle) {
        let region = part.beside_bytes(at);
        vk!(self.rig.gpu.device.cmd_copy_buffer_to_image(
            self.buffer,
            from.handle,
            to.handle,
            GENERAL,
            &[region]
        ));
    }

    /// Copies texels of an image to a buffer, one after the other.
    pub(crate) fn image_to_buffer(&self, from: &Image, part: Rectangle, to: &Buffer, at: u64) {
        let region = part.beside_bytes(at);
        vk!(self.rig.gpu.device.cmd_copy_image_to_buffer(
            self.buffer,
            from.handle,
            GENERAL,
            to.handle,
            &[region]
        ));
    }

    /// Copies texels' bits from one image to another; the second rectangle's size doesn't count.
    pub(crate) fn copy_image(
        &self,
        (from, source): (&Image, Rectangle),
        (to, target): (&Image, Rectangle),
    ) {
        let region = vk::ImageCopy::default()
            .src_subresource(source.layers())
            .src_offset(source.offset())
            .dst_subresource(target.layers())
            .dst_offset(target.offset())
            .extent(source.extent());
        vk!(self.rig.gpu.device.cmd_copy_image(
            self.buffer,
            from.handle,
            GENERAL,
            to.handle,
            GENERAL,
            &[region]
        ));
    }

    /// Scales a rectangle of one image into one of another.
    pub(crate) fn blit(
        &self,
        (from, source): (&Image, Rectangle),
        (to, target): (&Image, Rectangle),
        filter: vk::Filter,
    ) {
        let region = vk::ImageBlit::default()
            .src_subresource(source.layers())
            .src_offsets(source.corners())
            .dst_subresource(target.layers())
            .dst_offsets(target.corners());
        vk!(self.rig.gpu.device.cmd_blit_image(
            self.buffer,
            from.handle,
            GENERAL,
            to.handle,
            GENERAL,
            &[region],
            filter
        ));
    }

    /// Gives all texels of some levels this colour, by its bits.
    pub(crate) fn clear(&self, image: &Image, levels: std::ops::Range<u32>, colour: [u32; 4]) {
        let colour = vk::ClearColorValue { uint32: colour };
        let part = image.part(levels);
        vk!(self.rig.gpu.device.cmd_clear_color_image(
            self.buffer,
            image.handle,
            GENERAL,
            &colour,
            &[part]
        ));
    }
}
