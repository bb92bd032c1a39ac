//! The Vulkan device: which one is taken, what it offers, what of that is switched on.

use std::sync::atomic::{AtomicBool, Ordering};

use ash::{ext, khr, nv, vk};

use super::{Outcome, vk};

/// The loader and the physical device that is tested.
pub(crate) struct Host {
    /// Keeps the loader's library open.
    _entry: ash::Entry,
    pub(super) instance: ash::Instance,
    pub(super) physical: vk::PhysicalDevice,
    /// What the device says of itself.
    pub(crate) offers: Offers,
}

/// What the device says of itself.
pub(crate) struct Offers {
    /// Its name.
    pub(crate) name: String,
    /// Its limits.
    pub(crate) limits: vk::PhysicalDeviceLimits,
    /// Vulkan 1.0's features.
    pub(crate) base: vk::PhysicalDeviceFeatures,
    /// Vulkan 1.1's.
    pub(crate) v11: vk::PhysicalDeviceVulkan11Features<'static>,
    /// Vulkan 1.2's.
    pub(crate) v12: vk::PhysicalDeviceVulkan12Features<'static>,
    /// Vulkan 1.3's.
    pub(crate) v13: vk::PhysicalDeviceVulkan13Features<'static>,
    /// Atomic operations on floats.
    pub(crate) atomic_float: vk::PhysicalDeviceShaderAtomicFloatFeaturesEXT<'static>,
    /// Rotation within subgroups.
    pub(crate) rotate: bool,
    /// Squares of four invocations, between which samplers take differences.
    pub(crate) derivatives: bool,
    /// Subgroup operations.
    pub(crate) subgroups: vk::SubgroupFeatureFlags,
    /// The smallest and the largest subgroup that can be asked for.
    pub(crate) subgroup_sizes: (u32, u32),
    /// Push descriptors.
    pub(crate) push_descriptors: bool,
    /// Copies into images by the host.
    pub(crate) host_image_copy: bool,
    /// The queue takes no drawing: what its commands come to, shaders compute.
    pub(crate) only_computes: bool,
    /// Bits of a timestamp on the queue; 0: there are none.
    pub(crate) timestamp_bits: u32,
    extensions: Vec<String>,
}

impl Host {
    /// Opens the loader and takes the first device whose name contains `wanted`; without a wish the
    /// first that is no processor, or else the first.
    pub(crate) fn open(wanted: Option<&str>) -> Outcome<Self> {
        // SAFETY: the loader's library is one: its constructors do what a loader's do.
        let entry = unsafe { ash::Entry::load() }?;
        let application = vk::ApplicationInfo::default().api_version(vk::API_VERSION_1_3);
        let create = vk::InstanceCreateInfo::default().application_info(&application);
        let instance = vk!(entry.create_instance(&create, None))?;
        let mut found = Vec::new();
        for physical in vk!(instance.enumerate_physical_devices())? {
            let of = vk!(instance.get_physical_device_properties(physical));
            let name = of.device_name_as_c_str()?.to_string_lossy().into_owned();
            found.push((physical, name, of.device_type));
        }
        let fits = |(_, name, kind): &&(_, String, vk::PhysicalDeviceType)| match wanted {
            Some(wanted) => name.contains(wanted),
            None => *kind != vk::PhysicalDeviceType::CPU,
        };
        let first = found.first().filter(|_| wanted.is_none());
        let Some((physical, name, _)) = found.iter().find(fits).or(first) else {
            return Err(format!("no such Vulkan device; there are {found:?}").into());
        };
        let offers = offers(&instance, *physical, name)?;
        Ok(Self {
            physical: *physical,
            offers,
            instance,
            _entry: entry,
        })
    }

    /// What an image format with these properties can do; `None`: it isn't there.
    pub(crate) fn format(&self, format: vk::Format) -> vk::FormatProperties {
        vk!(self
            .instance
            .get_physical_device_format_properties(self.physical, format))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        vk!(self.instance.destroy_instance(None));
    }
}

fn offers(instance: &ash::Instance, physical: vk::PhysicalDevice, name: &str) -> Outcome<Offers> {
    let list = vk!(instance.enumerate_device_extension_properties(physical))?;
    let extensions: Vec<String> = list
        .iter()
        .filter_map(|it| it.extension_name_as_c_str().ok())
        .map(|it| it.to_string_lossy().into_owned())
        .collect();
    let has = |name: &std::ffi::CStr| extensions.iter().any(|it| it.as_bytes() == name.to_bytes());
    let mut v11 = vk::PhysicalDeviceVulkan11Features::default();
    let mut v12 = vk::PhysicalDeviceVulkan12Features::default();
    let mut v13 = vk::PhysicalDeviceVulkan13Features::default();
    let mut atomic_float = vk::PhysicalDeviceShaderAtomicFloatFeaturesEXT::default();
    let mut rotate = vk::PhysicalDeviceShaderSubgroupRotateFeaturesKHR::default();
    let mut copies = vk::PhysicalDeviceHostImageCopyFeaturesEXT::default();
    let mut derivatives = vk::PhysicalDeviceComputeShaderDerivativesFeaturesNV::default();
    let mut features = vk::PhysicalDeviceFeatures2::default()
        .push_next(&mut v11)
        .push_next(&mut v12)
        .push_next(&mut v13);
    if has(ext::shader_atomic_float::NAME) {
        features = features.push_next(&mut atomic_float);
    }
    if has(khr::shader_subgroup_rotate::NAME) {
        features = features.push_next(&mut rotate);
    }
    if has(ext::host_image_copy::NAME) {
        features = features.push_next(&mut copies);
    }
    if has(nv::compute_shader_derivatives::NAME) {
        features = features.push_next(&mut derivatives);
    }
    vk!(instance.get_physical_device_features2(physical, &mut features));
    let base = features.features;
    let mut subgroups = vk::PhysicalDeviceSubgroupProperties::default();
    let mut sizes = vk::PhysicalDeviceSubgroupSizeControlProperties::default();
    let mut properties = vk::PhysicalDeviceProperties2::default()
        .push_next(&mut subgroups)
        .push_next(&mut sizes);
    vk!(instance.get_physical_device_properties2(physical, &mut properties));
    let limits = properties.properties.limits;
    let queues = vk!(instance.get_physical_device_queue_family_properties(physical));
    let family = compute_family(&queues).ok_or("the device has no queue for compute")?;
    let of_family = queues.get(family as usize).copied().unwrap_or_default();
    for chain in [&mut v11.p_next, &mut v12.p_next, &mut v13.p_next] {
        *chain = std::ptr::null_mut();
    }
    atomic_float.p_next = std::ptr::null_mut();
    Ok(Offers {
        name: name.into(),
        limits,
        base,
        v11,
        v12,
        v13,
        atomic_float,
        rotate: rotate.shader_subgroup_rotate != 0,
        derivatives: derivatives.compute_derivative_group_quads != 0,
        subgroups: subgroups.supported_operations,
        subgroup_sizes: match sizes.required_subgroup_size_stages {
            it if it.contains(vk::ShaderStageFlags::COMPUTE) => {
                (sizes.min_subgroup_size, sizes.max_subgroup_size)
            }
            _ => (0, 0),
        },
        push_descriptors: has(khr::push_descriptor::NAME),
        host_image_copy: copies.host_image_copy != 0,
        only_computes: !of_family.queue_flags.contains(vk::QueueFlags::GRAPHICS),
        timestamp_bits: of_family.timestamp_valid_bits,
        extensions,
    })
}

fn compute_family(queues: &[vk::QueueFamilyProperties]) -> Option<u32> {
    let mut families = (0u32..).zip(queues);
    let found = families.find(|(_, it)| it.queue_flags.contains(vk::QueueFlags::COMPUTE));
    found.map(|(number, _)| number)
}

/// A logical device with one queue.
pub(crate) struct Gpu<'h> {
    /// Whose it is.
    pub(crate) host: &'h Host,
    pub(super) device: ash::Device,
    pub(super) queue: vk::Queue,
    pub(super) family: u32,
    pub(super) memory: vk::PhysicalDeviceMemoryProperties,
    pub(super) push: Option<khr::push_descriptor::Device>,
    pub(super) copies: Option<ext::host_image_copy::Device>,
    lost: AtomicBool,
}

impl<'h> Gpu<'h> {
    /// Makes it, with every feature that the tests can use; `robust`: with checked buffers.
    pub(crate) fn open(host: &'h Host, robust: bool) -> Outcome<Self> {
        let offers = &host.offers;
        let queues = vk!(host
            .instance
            .get_physical_device_queue_family_properties(host.physical));
        let family = compute_family(&queues).ok_or("the device has no queue for compute")?;
        let mut base = offers.base;
        base.robust_buffer_access = robust.into();
        base.sparse_binding = 0;
        let (mut v11, mut v12, mut v13) = (offers.v11, offers.v12, offers.v13);
        v11.protected_memory = 0;
        v12.buffer_device_address_capture_replay = 0;
        v12.buffer_device_address_multi_device = 0;
        let mut atomic_float = offers.atomic_float;
        let mut rotate = vk::PhysicalDeviceShaderSubgroupRotateFeaturesKHR::default()
            .shader_subgroup_rotate(offers.rotate);
        let mut host_copy = vk::PhysicalDeviceHostImageCopyFeaturesEXT::default()
            .host_image_copy(offers.host_image_copy);
        let mut derivatives = vk::PhysicalDeviceComputeShaderDerivativesFeaturesNV::default()
            .compute_derivative_group_quads(offers.derivatives);
        let mut names = Vec::new();
        let mut features = vk::PhysicalDeviceFeatures2::default().features(base);
        features = features
            .push_next(&mut v11)
            .push_next(&mut v12)
            .push_next(&mut v13);
        if offers.has(ext::shader_atomic_float::NAME) {
            names.push(ext::shader_atomic_float::NAME.as_ptr());
            features = features.push_next(&mut atomic_float);
        }
        if offers.rotate {
            names.push(khr::shader_subgroup_rotate::NAME.as_ptr());
            features = features.push_next(&mut rotate);
        }
        if offers.push_descriptors {
            names.push(khr::push_descriptor::NAME.as_ptr());
        }
        if offers.host_image_copy {
            names.push(ext::host_image_copy::NAME.as_ptr());
            features = features.push_next(&mut host_copy);
        }
        if offers.derivatives {
            names.push(nv::compute_shader_derivatives::NAME.as_ptr());
            features = features.push_next(&mut derivatives);
        }
        let queue = vk::DeviceQueueCreateInfo::default()
            .queue_family_index(family)
            .queue_priorities(&[1.0]);
        let queues = [queue];
        let create = vk::DeviceCreateInfo::default()
            .queue_create_infos(&queues)
            .enabled_extension_names(&names)
            .push_next(&mut features);
        let device = vk!(host.instance.create_device(host.physical, &create, None))?;
        let load_push = || khr::push_descriptor::Device::new(&host.instance, &device);
        let load_copies = || ext::host_image_copy::Device::new(&host.instance, &device);
        Ok(Self {
            queue: vk!(device.get_device_queue(family, 0)),
            memory: vk!(host
                .instance
                .get_physical_device_memory_properties(host.physical)),
            push: offers.push_descriptors.then(load_push),
            copies: offers.host_image_copy.then(load_copies),
            host,
            device,
            family,
            lost: AtomicBool::new(false),
        })
    }

    /// From now on nothing on it is waited for or destroyed: what it still does is not known.
    pub(super) fn give_up(&self) {
        self.lost.store(true, Ordering::Relaxed);
    }

    /// Whether it was given up.
    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// A memory type among these with all of these properties.
    pub(super) fn memory_type(&self, among: u32, with: vk::MemoryPropertyFlags) -> Outcome<u32> {
        let mut types = (0u32..).zip(self.memory.memory_types_as_slice());
        let fits = |(number, it): &(u32, &vk::MemoryType)| {
            among & (1 << number) != 0 && it.property_flags.contains(with)
        };
        let found = types.find(fits).map(|(number, _)| number);
        found.ok_or_else(|| format!("no memory type of {among:#x} has {with:?}").into())
    }
}

impl Drop for Gpu<'_> {
    fn drop(&mut self) {
        if !self.is_lost() {
            vk!(self.device.destroy_device(None));
        }
    }
}

impl Offers {
    fn has(&self, name: &std::ffi::CStr) -> bool {
        self.extensions
            .iter()
            .any(|it| it.as_bytes() == name.to_bytes())
    }
}
