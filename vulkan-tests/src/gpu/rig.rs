//! What a test makes on the device, and its end: all of it goes when the test is over.

use std::cell::RefCell;

use ash::vk;

use super::{Gpu, Outcome, vk};

/// One test's workplace.
pub(crate) struct Rig<'g> {
    /// The device.
    pub(crate) gpu: &'g Gpu<'g>,
    /// Whether shaders are those that glslc optimised.
    pub(super) fast: bool,
    pub(super) pool: vk::CommandPool,
    made: RefCell<Vec<Made>>,
}

/// What has to be destroyed.
pub(super) enum Made {
    Buffer(vk::Buffer, vk::DeviceMemory),
    BufferView(vk::BufferView),
    Image(vk::Image, vk::DeviceMemory),
    ImageView(vk::ImageView),
    Sampler(vk::Sampler),
    Program(vk::Pipeline, vk::PipelineLayout, vk::ShaderModule),
    SetLayout(vk::DescriptorSetLayout),
    SetPool(vk::DescriptorPool),
    Fence(vk::Fence),
    Semaphore(vk::Semaphore),
    Event(vk::Event),
    Queries(vk::QueryPool),
}

impl<'g> Rig<'g> {
    /// A workplace on the device.
    pub(crate) fn new(gpu: &'g Gpu<'g>, fast: bool) -> Outcome<Self> {
        let create = vk::CommandPoolCreateInfo::default().queue_family_index(gpu.family);
        Ok(Self {
            gpu,
            fast,
            pool: vk!(gpu.device.create_command_pool(&create, None))?,
            made: RefCell::default(),
        })
    }

    /// Notes what has to be destroyed at the end.
    pub(super) fn keep(&self, made: Made) {
        self.made.borrow_mut().push(made);
    }

    /// A sampler.
    pub(crate) fn sampler(&self, create: &vk::SamplerCreateInfo<'_>) -> Outcome<vk::Sampler> {
        let sampler = vk!(self.gpu.device.create_sampler(create, None))?;
        self.keep(Made::Sampler(sampler));
        Ok(sampler)
    }

    /// An event.
    pub(crate) fn event(&self) -> Outcome<vk::Event> {
        let create = vk::EventCreateInfo::default();
        let event = vk!(self.gpu.device.create_event(&create, None))?;
        self.keep(Made::Event(event));
        Ok(event)
    }

    /// Has the host set an event.
    pub(crate) fn set_event(&self, event: vk::Event) -> Outcome {
        Ok(vk!(self.gpu.device.set_event(event))?)
    }

    /// A binary semaphore, or a timeline that starts at this value.
    pub(crate) fn semaphore(&self, timeline: Option<u64>) -> Outcome<vk::Semaphore> {
        let mut kind = vk::SemaphoreTypeCreateInfo::default()
            .semaphore_type(vk::SemaphoreType::TIMELINE)
            .initial_value(timeline.unwrap_or(0));
        let mut create = vk::SemaphoreCreateInfo::default();
        if timeline.is_some() {
            create = create.push_next(&mut kind);
        }
        let semaphore = vk!(self.gpu.device.create_semaphore(&create, None))?;
        self.keep(Made::Semaphore(semaphore));
        Ok(semaphore)
    }

    /// The value a timeline has reached.
    pub(crate) fn reached(&self, timeline: vk::Semaphore) -> Outcome<u64> {
        Ok(vk!(self.gpu.device.get_semaphore_counter_value(timeline))?)
    }

    /// So many timestamps' queries.
    pub(crate) fn timestamps(&self, count: u32) -> Outcome<vk::QueryPool> {
        let create = vk::QueryPoolCreateInfo::default()
            .query_type(vk::QueryType::TIMESTAMP)
            .query_count(count);
        let queries = vk!(self.gpu.device.create_query_pool(&create, None))?;
        self.keep(Made::Queries(queries));
        Ok(queries)
    }

    /// The values of the first queries.
    pub(crate) fn query_values(&self, queries: vk::QueryPool, count: usize) -> Outcome<Vec<u64>> {
        let mut values = vec![0u64; count];
        let flags = vk::QueryResultFlags::TYPE_64 | vk::QueryResultFlags::WAIT;
        vk!(self
            .gpu
            .device
            .get_query_pool_results(queries, 0, &mut values, flags))?;
        Ok(values)
    }
}

impl Drop for Rig<'_> {
    fn drop(&mut self) {
        let device = &self.gpu.device;
        if self.gpu.is_lost() || vk!(device.device_wait_idle()).is_err() {
            self.gpu.give_up();
            return;
        }
        vk!(device.destroy_command_pool(self.pool, None));
        for made in self.made.take().into_iter().rev() {
            match made {
                Made::Buffer(buffer, memory) => {
                    vk!(device.destroy_buffer(buffer, None));
                    vk!(device.free_memory(memory, None));
                }
                Made::BufferView(view) => vk!(device.destroy_buffer_view(view, None)),
                Made::Image(image, memory) => {
                    vk!(device.destroy_image(image, None));
                    vk!(device.free_memory(memory, None));
                }
                Made::ImageView(view) => vk!(device.destroy_image_view(view, None)),
                Made::Sampler(sampler) => vk!(device.destroy_sampler(sampler, None)),
                Made::Program(pipeline, layout, module) => {
                    vk!(device.destroy_pipeline(pipeline, None));
                    vk!(device.destroy_pipeline_layout(layout, None));
                    vk!(device.destroy_shader_module(module, None));
                }
                Made::SetLayout(layout) => vk!(device.destroy_descriptor_set_layout(layout, None)),
                Made::SetPool(pool) => vk!(device.destroy_descriptor_pool(pool, None)),
                Made::Fence(fence) => vk!(device.destroy_fence(fence, None)),
                Made::Semaphore(semaphore) => vk!(device.destroy_semaphore(semaphore, None)),
                Made::Event(event) => vk!(device.destroy_event(event, None)),
                Made::Queries(queries) => vk!(device.destroy_query_pool(queries, None)),
            }
        }
    }
}
