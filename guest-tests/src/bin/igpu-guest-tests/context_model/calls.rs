//! The model's calls as ioctls.

use libtest_mimic::Failed;
use nix::errno::Errno;
use virtio_igpu_context_model::{
    Answer, Call, Engine as Name, Errno as Expected, Extension, Link, Platform, Set, Value, param,
};
use virtio_igpu_guest_tests::client::{
    Context, Device, Engine, EngineMap, Error, LoadBalance, Object, Result, SetParam,
};
use virtio_igpu_guest_tests::gpu::Batch;
use virtio_igpu_guest_tests::sys::request::{self, Out};
use virtio_igpu_guest_tests::sys::uapi::*;
use virtio_igpu_guest_tests::sys::{address_of, address_of_slice, process};

use crate::rig::PAGE;

/// Where batches go, in every address space.
const BATCH_AT: u64 = 0x4000_0000;

/// The GPU that the tests run on, as the model wants it described.
pub(super) fn platform() -> std::result::Result<Platform, Failed> {
    let device = Device::open()?;
    let engines = device.engines()?;
    let engines = engines
        .iter()
        .map(|info| (info.engine.class, info.engine.instance));
    let topology = device.query(DRM_I915_QUERY_TOPOLOGY_INFO)?;
    let units = std::mem::offset_of!(drm_i915_query_topology_info, max_eus_per_subslice);
    let units = topology.get(units..units + 2).ok_or("no topology")?;
    let ice_lake = device.param(I915_PARAM_CHIPSET_ID)? == 0x8a52;
    Ok(Platform {
        graphics_version: if ice_lake { 11 } else { 12 },
        hangcheck: true,
        engines: engines.collect(),
        address_space: Context::create(&device)?.get(I915_CONTEXT_PARAM_GTT_SIZE)?,
        subslices: device
            .param(I915_PARAM_SUBSLICE_MASK)?
            .cast_unsigned()
            .into(),
        units: u16::from_ne_bytes([units[0], units[1]]),
    })
}

/// An open file, and what its calls need besides.
pub(super) struct Client {
    device: Device,
    batch: u32,
}

impl Client {
    /// A file with a batch that does nothing.
    pub(super) fn open() -> Result<Self> {
        let device = Device::open()?;
        let batch = Object::create(&device, PAGE)?;
        batch.map()?.write_dwords(0, &Batch::new().end());
        let handle = batch.handle();
        // It lives as long as the file, which may be closed before its other calls end.
        std::mem::forget(batch);
        Ok(Self {
            device,
            batch: handle,
        })
    }

    /// Makes a call. A closed file's ENOTTY is EBADF to the model.
    pub(super) fn call(&self, call: &Call) -> Answer {
        match self.make(call) {
            Ok(answer) => answer,
            Err(error) => match error.errno() {
                Some(Errno::EPERM) => Answer::Failed(Expected::EPERM),
                Some(Errno::ENOENT) => Answer::Failed(Expected::ENOENT),
                Some(Errno::ENOTTY) => Answer::Failed(Expected::EBADF),
                Some(Errno::EEXIST) => Answer::Failed(Expected::EEXIST),
                Some(Errno::ENODEV) => Answer::Failed(Expected::ENODEV),
                Some(Errno::EINVAL) => Answer::Failed(Expected::EINVAL),
                Some(Errno::EOPNOTSUPP) => Answer::Failed(Expected::EOPNOTSUPP),
                Some(other) => Answer::FailedOtherwise(other as i32),
                None => Answer::FailedOtherwise(0),
            },
        }
    }

    fn make(&self, call: &Call) -> Result<Answer> {
        match call {
            Call::CreateVm { bind_mode } => {
                let mut argument = drm_i915_gem_vm_control {
                    flags: if *bind_mode {
                        I915_VM_CREATE_FLAGS_USE_VM_BIND
                    } else {
                        0
                    },
                    ..Default::default()
                };
                self.device.call::<request::VmCreate>(&mut argument)?;
                Ok(Answer::NewVm(argument.vm_id))
            }
            Call::DestroyVm { vm } => {
                let mut argument = drm_i915_gem_vm_control {
                    vm_id: *vm,
                    ..Default::default()
                };
                self.device.call::<request::VmDestroy>(&mut argument)?;
                Ok(Answer::Done)
            }
            Call::Create { flags, chain } => self.create(*flags, chain),
            Call::Set { context, set } => {
                let memory = Memory::of(set);
                let mut argument = memory.argument(*context, set);
                self.device
                    .call::<request::ContextSetParam>(&mut argument)?;
                Ok(Answer::Done)
            }
            Call::Get { context, param } => self.get(*context, *param),
            Call::GetSlices {
                context,
                engine,
                by_index,
            } => self.get_slices(*context, *engine, *by_index),
            Call::Submit {
                context, engine, ..
            } => self.submit(*context, *engine),
            Call::ResetStats { context } => {
                let mut argument = drm_i915_reset_stats {
                    ctx_id: *context,
                    ..Default::default()
                };
                self.device.call::<request::GetResetStats>(&mut argument)?;
                Ok(Answer::Stats(argument.batch_active, argument.batch_pending))
            }
            Call::Destroy { context } => {
                let mut argument = drm_i915_gem_context_destroy {
                    ctx_id: *context,
                    pad: 0,
                };
                self.device.call::<request::ContextDestroy>(&mut argument)?;
                Ok(Answer::Done)
            }
            Call::Close => {
                process::close_behind(self.device.fd()).map_err(Error::system("dup2"))?;
                Ok(Answer::Done)
            }
        }
    }

    fn create(&self, flags: u32, chain: &[Link]) -> Result<Answer> {
        let memory: Vec<Memory> = chain
            .iter()
            .map(|link| match link {
                Link::Set(set) | Link::SetOther(set) => Memory::of(set),
                Link::Clone => Memory::default(),
            })
            .collect();
        let link = |(link, memory): (&Link, &Memory)| {
            let mut setparam = SetParam::default();
            match link {
                Link::Set(set) => setparam.param = memory.argument(0, set),
                Link::SetOther(set) => setparam.param = memory.argument(1, set),
                Link::Clone => setparam.base.name = I915_CONTEXT_CREATE_EXT_CLONE,
            }
            setparam
        };
        let mut links: Vec<SetParam> = chain.iter().zip(&memory).map(link).collect();
        for index in (1..links.len()).rev() {
            links[index - 1].base.next_extension = address_of(&links[index]);
        }
        let extensions = if links.is_empty() {
            0
        } else {
            I915_CONTEXT_CREATE_FLAGS_USE_EXTENSIONS
        };
        let mut argument = drm_i915_gem_context_create_ext {
            flags: flags | extensions,
            extensions: address_of_slice(&links),
            ..Default::default()
        };
        self.device.call::<request::ContextCreate>(&mut argument)?;
        Ok(Answer::NewContext(argument.ctx_id))
    }

    fn get(&self, context: u32, param: u64) -> Result<Answer> {
        let mut argument = drm_i915_gem_context_param {
            ctx_id: context,
            param,
            ..Default::default()
        };
        self.device
            .call_out::<request::ContextGetParam>(&mut argument, Out::Null)?;
        Ok(if param == param::VM {
            Answer::NewVm(argument.value as u32)
        } else {
            Answer::Value(argument.value)
        })
    }

    fn get_slices(&self, context: u32, engine: Name, by_index: bool) -> Result<Answer> {
        // Class and instance, flags; the rest is the answer.
        let mut slices = [0; size_of::<drm_i915_gem_context_param_sseu>()];
        slices[..2].copy_from_slice(&engine.0.to_ne_bytes());
        slices[2..4].copy_from_slice(&engine.1.to_ne_bytes());
        slices[4] = by_index.into();
        let mut argument = drm_i915_gem_context_param {
            ctx_id: context,
            param: param::SSEU,
            size: slices.len() as u32,
            ..Default::default()
        };
        self.device
            .call_out::<request::ContextGetParam>(&mut argument, Out::Memory(&mut slices))?;
        let number = |at: usize| {
            let bytes = slices[at..at + 8].iter().rev();
            bytes.fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
        };
        let units = number(24);
        Ok(Answer::Slices(
            number(8),
            number(16),
            (units as u16, (units >> 16) as u16),
        ))
    }

    fn submit(&self, context: u32, engine: u32) -> Result<Answer> {
        let flags = EXEC_OBJECT_PINNED | EXEC_OBJECT_SUPPORTS_48B_ADDRESS;
        let mut list = [drm_i915_gem_exec_object2 {
            handle: self.batch,
            offset: BATCH_AT,
            flags: flags.into(),
            ..Default::default()
        }];
        let mut argument = drm_i915_gem_execbuffer2 {
            buffer_count: 1,
            flags: u64::from(I915_EXEC_NO_RELOC | engine),
            rsvd1: context.into(),
            ..Default::default()
        };
        request::execbuffer2(self.device.fd(), &mut argument, &mut list, None).map_err(
            |errno| Error::Ioctl {
                name: "IOCTL_I915_GEM_EXECBUFFER2",
                errno,
            },
        )?;
        Ok(Answer::Submitted(None))
    }
}

/// What a parameter's value points to.
#[derive(Default)]
struct Memory {
    map: Option<Box<EngineMap>>,
    /// Linked from the map on.
    _extensions: Vec<LoadBalance>,
    slices: Option<Box<drm_i915_gem_context_param_sseu>>,
}

impl Memory {
    fn of(set: &Set) -> Self {
        match &set.value {
            Value::Number(_) => Self::default(),
            Value::Engines(entries, extensions) => {
                let entries: Vec<Engine> = entries.iter().map(engine).collect();
                let mut map = Box::new(EngineMap::new(&entries));
                let mut links: Vec<LoadBalance> = extensions.iter().map(balance).collect();
                for index in (1..links.len()).rev() {
                    links[index - 1].base.next_extension = address_of(&links[index]);
                }
                map.extensions = address_of_slice(&links);
                Self {
                    map: Some(map),
                    _extensions: links,
                    slices: None,
                }
            }
            Value::Slices(wanted) => {
                let mut slices = drm_i915_gem_context_param_sseu {
                    flags: wanted.by_index.into(),
                    slice_mask: wanted.slices,
                    subslice_mask: wanted.subslices,
                    min_eus_per_subslice: wanted.units.0,
                    max_eus_per_subslice: wanted.units.1,
                    ..Default::default()
                };
                slices.engine = engine(&wanted.engine).to_uapi();
                Self {
                    slices: Some(Box::new(slices)),
                    ..Self::default()
                }
            }
        }
    }

    fn argument(&self, context: u32, set: &Set) -> drm_i915_gem_context_param {
        let value = match (&set.value, &self.map, &self.slices) {
            (Value::Number(value), ..) => *value,
            (_, Some(map), _) => address_of(&**map),
            (_, _, Some(slices)) => address_of(&**slices),
            _ => 0,
        };
        drm_i915_gem_context_param {
            ctx_id: context,
            size: set.size,
            param: set.param,
            value,
        }
    }
}

fn engine((class, instance): &Name) -> Engine {
    Engine {
        class: *class,
        instance: *instance,
    }
}

fn balance(extension: &Extension) -> LoadBalance {
    match extension {
        Extension::Balance { slot, siblings } => {
            let siblings: Vec<Engine> = siblings.iter().map(engine).collect();
            LoadBalance::new(*slot, &siblings)
        }
        Extension::Unknown => {
            let mut link = LoadBalance::default();
            link.base.name = 0x4000;
            link
        }
    }
}
