//! Programs: a shader made into a pipeline, and what is bound to it.

use std::ffi::CStr;

use ash::vk;

use super::memory::Buffer;
use super::rig::Made;
use super::{Outcome, Rig, vk};
use crate::shaders;

/// Which shader, and how it is made a pipeline.
#[derive(Clone, Debug)]
pub(crate) struct Kernel {
    shader: String,
    constants: Vec<(u32, u32)>,
    subgroup: Option<u32>,
    push_bytes: u32,
    pushed_set: bool,
}

impl Kernel {
    /// The shader of that name.
    pub(crate) fn new(shader: &str) -> Self {
        Self {
            shader: shader.into(),
            constants: Vec::new(),
            subgroup: None,
            push_bytes: 0,
            pushed_set: false,
        }
    }

    /// With this value for the specialisation constant of that id.
    pub(crate) fn constant(mut self, id: u32, value: u32) -> Self {
        self.constants.push((id, value));
        self
    }

    /// With subgroups of that size, all full.
    pub(crate) fn subgroup(mut self, size: u32) -> Self {
        self.subgroup = Some(size);
        self
    }

    /// With so many bytes of push constants.
    pub(crate) fn push(mut self, bytes: usize) -> Self {
        self.push_bytes = bytes as u32;
        self
    }

    /// Its set 0 is pushed, not bound.
    pub(crate) fn pushed_set(mut self) -> Self {
        self.pushed_set = true;
        self
    }
}

/// What is bound at a place: sets and places are counted from 0.
#[derive(Clone, Debug)]
pub(crate) enum Slot {
    /// A storage buffer, whole.
    Storage(Buffer),
    /// A part of one: first byte, bytes.
    Part(Buffer, u64, u64),
    /// A storage buffer whose first byte is given when the set is bound; bytes from there.
    Moving(Buffer, u64),
    /// A uniform buffer, whole.
    Uniform(Buffer),
    /// A part of one.
    UniformPart(Buffer, u64, u64),
    /// A storage image.
    Image(vk::ImageView),
    /// An image and a sampler in one.
    Sampled(vk::ImageView, vk::Sampler),
    /// An image without a sampler.
    Texture(vk::ImageView),
    /// A sampler without an image.
    Sampler(vk::Sampler),
    /// Texels of a buffer, to read.
    Texels(vk::BufferView),
    /// Texels of a buffer, to read and write.
    StorageTexels(vk::BufferView),
    /// An array of storage buffers.
    Storages(Vec<Buffer>),
}

impl Slot {
    fn kind(&self) -> vk::DescriptorType {
        match self {
            Self::Storage(_) | Self::Part(..) | Self::Storages(_) => {
                vk::DescriptorType::STORAGE_BUFFER
            }
            Self::Moving(..) => vk::DescriptorType::STORAGE_BUFFER_DYNAMIC,
            Self::Uniform(_) | Self::UniformPart(..) => vk::DescriptorType::UNIFORM_BUFFER,
            Self::Image(_) => vk::DescriptorType::STORAGE_IMAGE,
            Self::Sampled(..) => vk::DescriptorType::COMBINED_IMAGE_SAMPLER,
            Self::Texture(_) => vk::DescriptorType::SAMPLED_IMAGE,
            Self::Sampler(_) => vk::DescriptorType::SAMPLER,
            Self::Texels(_) => vk::DescriptorType::UNIFORM_TEXEL_BUFFER,
            Self::StorageTexels(_) => vk::DescriptorType::STORAGE_TEXEL_BUFFER,
        }
    }

    fn count(&self) -> u32 {
        match self {
            Self::Storages(all) => all.len() as u32,
            _ => 1,
        }
    }

    fn buffers(&self) -> Vec<vk::DescriptorBufferInfo> {
        let info = |buffer: &Buffer, offset, range| vk::DescriptorBufferInfo {
            buffer: buffer.handle,
            offset,
            range,
        };
        match self {
            Self::Storage(it) | Self::Uniform(it) => vec![info(it, 0, it.size)],
            Self::Part(it, offset, range) | Self::UniformPart(it, offset, range) => {
                vec![info(it, *offset, *range)]
            }
            Self::Moving(it, range) => vec![info(it, 0, *range)],
            Self::Storages(all) => all.iter().map(|it| info(it, 0, it.size)).collect(),
            _ => Vec::new(),
        }
    }

    fn images(&self) -> Vec<vk::DescriptorImageInfo> {
        let info = |image_view, sampler| vk::DescriptorImageInfo {
            sampler,
            image_view,
            image_layout: vk::ImageLayout::GENERAL,
        };
        match self {
            Self::Image(view) | Self::Texture(view) => vec![info(*view, vk::Sampler::null())],
            Self::Sampled(view, sampler) => vec![info(*view, *sampler)],
            Self::Sampler(sampler) => vec![info(vk::ImageView::null(), *sampler)],
            _ => Vec::new(),
        }
    }

    fn texels(&self) -> Vec<vk::BufferView> {
        match self {
            Self::Texels(view) | Self::StorageTexels(view) => vec![*view],
            _ => Vec::new(),
        }
    }
}

/// A pipeline with what is bound to it.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(super) pipeline: vk::Pipeline,
    pub(super) layout: vk::PipelineLayout,
    pub(super) sets: Vec<vk::DescriptorSet>,
    layouts: Vec<vk::DescriptorSetLayout>,
}

const ENTRY: &CStr = c"main";

impl Rig<'_> {
    /// Makes the pipeline, and a set for each slice of slots.
    pub(crate) fn program(&self, kernel: &Kernel, sets: &[&[Slot]]) -> Outcome<Program> {
        let device = &self.gpu.device;
        let shader = shaders::find(&kernel.shader)
            .ok_or_else(|| format!("there is no shader {}", kernel.shader))?;
        let words = shader.words(self.fast);
        let create = vk::ShaderModuleCreateInfo::default().code(&words);
        let module = vk!(device.create_shader_module(&create, None))?;
        let mut layouts = Vec::new();
        for (number, set) in sets.iter().enumerate() {
            layouts.push(self.set_layout(set, kernel.pushed_set && number == 0)?);
        }
        let push = vk::PushConstantRange::default()
            .stage_flags(vk::ShaderStageFlags::COMPUTE)
            .size(kernel.push_bytes);
        let pushes = [push];
        let mut create = vk::PipelineLayoutCreateInfo::default().set_layouts(&layouts);
        if kernel.push_bytes > 0 {
            create = create.push_constant_ranges(&pushes);
        }
        let layout = vk!(device.create_pipeline_layout(&create, None))?;
        let (mut entries, mut data) = (Vec::new(), Vec::new());
        for (id, value) in &kernel.constants {
            entries.push(vk::SpecializationMapEntry {
                constant_id: *id,
                offset: data.len() as u32,
                size: 4,
            });
            data.extend_from_slice(&value.to_le_bytes());
        }
        let constants = vk::SpecializationInfo::default()
            .map_entries(&entries)
            .data(&data);
        let mut required = vk::PipelineShaderStageRequiredSubgroupSizeCreateInfo::default();
        let mut stage = vk::PipelineShaderStageCreateInfo::default()
            .stage(vk::ShaderStageFlags::COMPUTE)
            .module(module)
            .name(ENTRY)
            .specialization_info(&constants);
        if let Some(size) = kernel.subgroup {
            required = required.required_subgroup_size(size);
            stage = stage
                .flags(vk::PipelineShaderStageCreateFlags::REQUIRE_FULL_SUBGROUPS)
                .push_next(&mut required);
        }
        let create = [vk::ComputePipelineCreateInfo::default()
            .stage(stage)
            .layout(layout)];
        let none = vk::PipelineCache::null();
        let made = vk!(device.create_compute_pipelines(none, &create, None));
        let pipeline = made.map_or_else(|(_, error)| Err(error), |all| Ok(all[0]))?;
        self.keep(Made::Program(pipeline, layout, module));
        let mut program = Program {
            pipeline,
            layout,
            sets: Vec::new(),
            layouts,
        };
        if !kernel.pushed_set {
            program.sets = self.sets(&program, sets)?;
        }
        Ok(program)
    }

    /// Other sets for a program, of the same kinds of slots.
    pub(crate) fn rebound(&self, program: &Program, sets: &[&[Slot]]) -> Outcome<Program> {
        let mut program = program.clone();
        program.sets = self.sets(&program, sets)?;
        Ok(program)
    }

    fn set_layout(&self, slots: &[Slot], pushed: bool) -> Outcome<vk::DescriptorSetLayout> {
        let bindings: Vec<_> = (0u32..)
            .zip(slots)
            .map(|(number, slot)| {
                vk::DescriptorSetLayoutBinding::default()
                    .binding(number)
                    .descriptor_type(slot.kind())
                    .descriptor_count(slot.count())
                    .stage_flags(vk::ShaderStageFlags::COMPUTE)
            })
            .collect();
        let mut create = vk::DescriptorSetLayoutCreateInfo::default().bindings(&bindings);
        if pushed {
            create = create.flags(vk::DescriptorSetLayoutCreateFlags::PUSH_DESCRIPTOR_KHR);
        }
        let layout = vk!(self.gpu.device.create_descriptor_set_layout(&create, None))?;
        self.keep(Made::SetLayout(layout));
        Ok(layout)
    }

    fn sets(&self, program: &Program, sets: &[&[Slot]]) -> Outcome<Vec<vk::DescriptorSet>> {
        if sets.is_empty() {
            return Ok(Vec::new());
        }
        let device = &self.gpu.device;
        let sizes: Vec<_> = sets
            .iter()
            .flat_map(|set| set.iter())
            .map(|slot| vk::DescriptorPoolSize {
                ty: slot.kind(),
                descriptor_count: slot.count(),
            })
            .collect();
        let create = vk::DescriptorPoolCreateInfo::default()
            .max_sets(sets.len() as u32)
            .pool_sizes(&sizes);
        let pool = vk!(device.create_descriptor_pool(&create, None))?;
        self.keep(Made::SetPool(pool));
        let allocate = vk::DescriptorSetAllocateInfo::default()
            .descriptor_pool(pool)
            .set_layouts(&program.layouts);
        let handles = vk!(device.allocate_descriptor_sets(&allocate))?;
        for (handle, slots) in handles.iter().zip(sets) {
            with_writes(*handle, slots, |writes| {
                vk!(device.update_descriptor_sets(writes, &[]));
            });
        }
        Ok(handles)
    }
}

/// Calls with the writes that put these slots in a set.
pub(super) fn with_writes(
    set: vk::DescriptorSet,
    slots: &[Slot],
    call: impl FnOnce(&[vk::WriteDescriptorSet<'_>]),
) {
    let infos: Vec<_> = slots
        .iter()
        .map(|slot| (slot.buffers(), slot.images(), slot.texels()))
        .collect();
    let mut writes = Vec::new();
    for ((number, slot), (buffers, images, texels)) in (0u32..).zip(slots).zip(&infos) {
        let mut write = vk::WriteDescriptorSet::default()
            .dst_set(set)
            .dst_binding(number)
            .descriptor_type(slot.kind());
        if !buffers.is_empty() {
            write = write.buffer_info(buffers);
        } else if !images.is_empty() {
            write = write.image_info(images);
        } else {
            write = write.texel_buffer_view(texels);
        }
        writes.push(write);
    }
    call(&writes);
}
