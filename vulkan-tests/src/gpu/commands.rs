//! Command buffers: recorded, submitted, waited for.

use std::time::Duration;

use ash::vk;

use super::program::with_writes;
use super::rig::Made;
use super::{Buffer, Image, Outcome, Plain, Program, Rig, Slot, memory, vk};

/// A submission that takes longer hangs: emulated machines are slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// A command buffer that is being recorded.
pub(crate) struct Commands<'r, 'g> {
    pub(super) rig: &'r Rig<'g>,
    pub(super) buffer: vk::CommandBuffer,
}

impl<'g> Rig<'g> {
    /// Begins a command buffer.
    pub(crate) fn commands(&self) -> Outcome<Commands<'_, 'g>> {
        let device = &self.gpu.device;
        let allocate = vk::CommandBufferAllocateInfo::default()
            .command_pool(self.pool)
            .command_buffer_count(1);
        let buffer = vk!(device.allocate_command_buffers(&allocate))?[0];
        let begin = vk::CommandBufferBeginInfo::default();
        vk!(device.begin_command_buffer(buffer, &begin))?;
        Ok(Commands { rig: self, buffer })
    }

    /// Runs a program once, and waits.
    pub(crate) fn run<T: Plain>(&self, program: &Program, push: &[T], groups: [u32; 3]) -> Outcome {
        let commands = self.commands()?;
        commands.bind(program);
        if !push.is_empty() {
            commands.push(program, push);
        }
        commands.dispatch(groups);
        commands.run()
    }

    /// A fence to wait for.
    fn fence(&self) -> Outcome<vk::Fence> {
        let create = vk::FenceCreateInfo::default();
        let fence = vk!(self.gpu.device.create_fence(&create, None))?;
        self.keep(Made::Fence(fence));
        Ok(fence)
    }

    /// Waits for a submission.
    pub(crate) fn wait(&self, fence: vk::Fence) -> Outcome {
        let limit = PATIENCE.as_nanos() as u64;
        let waited = vk!(self.gpu.device.wait_for_fences(&[fence], true, limit));
        if let Err(error) = waited {
            self.gpu.give_up();
            return Err(format!("waiting for the GPU: {error}").into());
        }
        Ok(())
    }
}

impl Commands<'_, '_> {
    /// From here on, what is dispatched is this.
    pub(crate) fn bind(&self, program: &Program) {
        self.bind_at(program, &[]);
    }

    /// The same, its moving slots at these bytes.
    pub(crate) fn bind_at(&self, program: &Program, offsets: &[u32]) {
        let device = &self.rig.gpu.device;
        let point = vk::PipelineBindPoint::COMPUTE;
        vk!(device.cmd_bind_pipeline(self.buffer, point, program.pipeline));
        if !program.sets.is_empty() {
            vk!(device.cmd_bind_descriptor_sets(
                self.buffer,
                point,
                program.layout,
                0,
                &program.sets,
                offsets
            ));
        }
    }

    /// Pushes the slots of set 0.
    pub(crate) fn push_slots(&self, program: &Program, slots: &[Slot]) -> Outcome {
        let push = self.rig.gpu.push.as_ref();
        let push = push.ok_or("the device has no push descriptors")?;
        let point = vk::PipelineBindPoint::COMPUTE;
        with_writes(vk::DescriptorSet::null(), slots, |writes| {
            vk!(push.cmd_push_descriptor_set(self.buffer, point, program.layout, 0, writes));
        });
        Ok(())
    }

    /// Sets push constants, from the first on.
    pub(crate) fn push<T: Plain>(&self, program: &Program, values: &[T]) {
        let bytes = memory::bytes_of(values);
        vk!(self.rig.gpu.device.cmd_push_constants(
            self.buffer,
            program.layout,
            vk::ShaderStageFlags::COMPUTE,
            0,
            &bytes
        ));
    }

    /// Starts so many workgroups.
    pub(crate) fn dispatch(&self, [x, y, z]: [u32; 3]) {
        vk!(self.rig.gpu.device.cmd_dispatch(self.buffer, x, y, z));
    }

    /// Starts as many workgroups as three dwords in a buffer say.
    pub(crate) fn dispatch_indirect(&self, buffer: &Buffer, at: u64) {
        let device = &self.rig.gpu.device;
        vk!(device.cmd_dispatch_indirect(self.buffer, buffer.handle, at));
    }

    /// What comes after sees what was written before.
    pub(crate) fn barrier(&self) {
        let barrier = vk::MemoryBarrier::default()
            .src_access_mask(vk::AccessFlags::MEMORY_WRITE)
            .dst_access_mask(vk::AccessFlags::MEMORY_READ | vk::AccessFlags::MEMORY_WRITE);
        let stages = vk::PipelineStageFlags::ALL_COMMANDS;
        vk!(self.rig.gpu.device.cmd_pipeline_barrier(
            self.buffer,
            stages,
            stages,
            vk::DependencyFlags::empty(),
            &[barrier],
            &[],
            &[]
        ));
    }

    /// Brings a new image into the general layout.
    pub(super) fn to_general(&self, image: &Image) {
        let barrier = vk::ImageMemoryBarrier::default()
            .dst_access_mask(vk::AccessFlags::MEMORY_READ | vk::AccessFlags::MEMORY_WRITE)
            .old_layout(vk::ImageLayout::UNDEFINED)
            .new_layout(vk::ImageLayout::GENERAL)
            .src_queue_family_index(vk::QUEUE_FAMILY_IGNORED)
            .dst_queue_family_index(vk::QUEUE_FAMILY_IGNORED)
            .image(image.handle)
            .subresource_range(image.part(0..image.picture.levels));
        vk!(self.rig.gpu.device.cmd_pipeline_barrier(
            self.buffer,
            vk::PipelineStageFlags::TOP_OF_PIPE,
            vk::PipelineStageFlags::COMPUTE_SHADER,
            vk::DependencyFlags::empty(),
            &[],
            &[],
            &[barrier]
        ));
    }

    /// Sets an event after what was recorded.
    pub(crate) fn set_event(&self, event: vk::Event) {
        let stages = vk::PipelineStageFlags::COMPUTE_SHADER;
        vk!(self
            .rig
            .gpu
            .device
            .cmd_set_event(self.buffer, event, stages));
    }

    /// Waits for an event that a command or the host sets.
    pub(crate) fn wait_event(&self, event: vk::Event, by_host: bool) {
        let source = match by_host {
            true => vk::PipelineStageFlags::HOST,
            false => vk::PipelineStageFlags::COMPUTE_SHADER,
        };
        let barrier = vk::MemoryBarrier::default()
            .src_access_mask(vk::AccessFlags::SHADER_WRITE)
            .dst_access_mask(vk::AccessFlags::SHADER_READ);
        let barriers = match by_host {
            true => vec![],
            false => vec![barrier],
        };
        vk!(self.rig.gpu.device.cmd_wait_events(
            self.buffer,
            &[event],
            source,
            vk::PipelineStageFlags::COMPUTE_SHADER,
            &barriers,
            &[],
            &[]
        ));
    }

    /// Forgets what queries held.
    pub(crate) fn reset_queries(&self, queries: vk::QueryPool, count: u32) {
        let device = &self.rig.gpu.device;
        vk!(device.cmd_reset_query_pool(self.buffer, queries, 0, count));
    }

    /// Writes the time at which what was recorded is over.
    pub(crate) fn timestamp(&self, queries: vk::QueryPool, number: u32) {
        vk!(self.rig.gpu.device.cmd_write_timestamp(
            self.buffer,
            vk::PipelineStageFlags::COMPUTE_SHADER,
            queries,
            number
        ));
    }

    /// Copies one buffer's bytes into another.
    pub(crate) fn copy(&self, from: &Buffer, to: &Buffer, [source, target, bytes]: [u64; 3]) {
        let region = vk::BufferCopy::default()
            .src_offset(source)
            .dst_offset(target)
            .size(bytes);
        vk!(self
            .rig
            .gpu
            .device
            .cmd_copy_buffer(self.buffer, from.handle, to.handle, &[region]));
    }

    /// Fills bytes of a buffer with a dword.
    pub(crate) fn fill(&self, buffer: &Buffer, at: u64, bytes: u64, value: u32) {
        let device = &self.rig.gpu.device;
        vk!(device.cmd_fill_buffer(self.buffer, buffer.handle, at, bytes, value));
    }

    /// Puts bytes in a buffer that travel with the commands.
    pub(crate) fn update<T: Plain>(&self, buffer: &Buffer, at: u64, values: &[T]) {
        let bytes = memory::bytes_of(values);
        vk!(self
            .rig
            .gpu
            .device
            .cmd_update_buffer(self.buffer, buffer.handle, at, &bytes));
    }

    /// Ends and submits it; returns what to wait for.
    pub(crate) fn submit(self) -> Outcome<vk::Fence> {
        self.submit_after(&[], &[])
    }

    /// The same, once these semaphores have their values, and gives these theirs; a binary
    /// semaphore's value is 0.
    pub(crate) fn submit_after(
        self,
        after: &[(vk::Semaphore, u64)],
        then: &[(vk::Semaphore, u64)],
    ) -> Outcome<vk::Fence> {
        let device = &self.rig.gpu.device;
        vk!(device.end_command_buffer(self.buffer))?;
        let fence = self.rig.fence()?;
        let stages = vec![vk::PipelineStageFlags::ALL_COMMANDS; after.len()];
        let (waits, wait_values): (Vec<_>, Vec<_>) = after.iter().copied().unzip();
        let (signals, signal_values): (Vec<_>, Vec<_>) = then.iter().copied().unzip();
        let mut values = vk::TimelineSemaphoreSubmitInfo::default()
            .wait_semaphore_values(&wait_values)
            .signal_semaphore_values(&signal_values);
        let buffers = [self.buffer];
        let submit = vk::SubmitInfo::default()
            .command_buffers(&buffers)
            .wait_semaphores(&waits)
            .wait_dst_stage_mask(&stages)
            .signal_semaphores(&signals)
            .push_next(&mut values);
        let done = vk!(device.queue_submit(self.rig.gpu.queue, &[submit], fence));
        if let Err(error) = done {
            self.rig.gpu.give_up();
            return Err(format!("submitting: {error}").into());
        }
        Ok(fence)
    }

    /// Ends and submits it, and waits.
    pub(crate) fn run(self) -> Outcome {
        let rig = self.rig;
        let fence = self.submit()?;
        rig.wait(fence)
    }
}
