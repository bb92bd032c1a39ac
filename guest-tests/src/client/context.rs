//! Contexts, their parameters and their engine maps.

use super::{AddressSpace, Device, Result};
use crate::sys::request::{self, Out};
use crate::sys::uapi::*;

/// An engine's name to the uAPI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Engine {
    /// `I915_ENGINE_CLASS_*`.
    pub class: u16,
    /// Which of that class.
    pub instance: u16,
}

impl Engine {
    /// The render engine.
    pub const RCS0: Self = Self {
        class: 0,
        instance: 0,
    };
    /// The blitter.
    pub const BCS0: Self = Self {
        class: 1,
        instance: 0,
    };
    /// The first video engine.
    pub const VCS0: Self = Self {
        class: 2,
        instance: 0,
    };
    /// The second video engine, which its class calls by another number on some GPUs.
    pub const VCS1: Self = Self {
        class: 2,
        instance: 1,
    };
    /// The video enhancement engine.
    pub const VECS0: Self = Self {
        class: 3,
        instance: 0,
    };
    /// Not an engine: an empty place in a map.
    pub const NONE: Self = Self {
        class: u16::MAX,
        instance: u16::MAX,
    };

    /// All engines of a Tiger Lake, in the order the driver lists them.
    pub const TIGER_LAKE: [Self; 5] = [Self::RCS0, Self::BCS0, Self::VCS0, Self::VCS1, Self::VECS0];

    /// The name people use.
    pub fn name(self) -> String {
        let class = ["rcs", "bcs", "vcs", "vecs", "ccs"];
        let class = class
            .get(usize::from(self.class))
            .copied()
            .unwrap_or("none");
        format!("{class}{}", self.instance)
    }

    /// As the uAPI's structures want it.
    pub fn to_uapi(self) -> i915_engine_class_instance {
        let (engine_class, engine_instance) = (self.class, self.instance);
        i915_engine_class_instance {
            engine_class,
            engine_instance,
        }
    }
}

/// The most places that an engine map has.
pub(crate) const ENGINE_MAP_PLACES: usize = 64;

/// An engine map as the kernel reads it: a chain of extensions, then the engines.
#[repr(C)]
#[derive(Clone, Debug)]
pub struct EngineMap {
    /// Address of the first extension, or 0.
    pub extensions: u64,
    engines: [i915_engine_class_instance; ENGINE_MAP_PLACES + 1],
    count: u32,
}

impl EngineMap {
    /// A map of these engines.
    ///
    /// # Panics
    ///
    /// With more than one engine beyond the uAPI's limit.
    pub fn new(engines: &[Engine]) -> Self {
        let mut map = Self {
            extensions: 0,
            engines: [Engine::NONE.to_uapi(); ENGINE_MAP_PLACES + 1],
            count: engines.len() as u32,
        };
        for (place, engine) in map.engines[..engines.len()].iter_mut().zip(engines) {
            *place = engine.to_uapi();
        }
        map
    }

    /// The bytes that the kernel shall read.
    pub fn size(&self) -> u32 {
        let header = size_of::<u64>() as u32;
        header + self.count * size_of::<i915_engine_class_instance>() as u32
    }
}

/// The most engines of a [`LoadBalance`].
const SIBLINGS: usize = 4;

/// `struct i915_context_engines_load_balance` with its engines: makes a place of an engine
/// map stand for any of them.
#[repr(C)]
#[derive(Clone, Debug, Default)]
pub struct LoadBalance {
    /// The link of the chain of extensions.
    pub base: i915_user_extension,
    engine_index: u16,
    num_siblings: u16,
    flags: u32,
    mbz64: u64,
    siblings: [i915_engine_class_instance; SIBLINGS],
}

impl LoadBalance {
    /// The place `engine_index` is to stand for these engines, of which there are at most
    /// four: the rest is left out, though counted.
    pub fn new(engine_index: u16, siblings: &[Engine]) -> Self {
        let mut balance = Self {
            base: i915_user_extension {
                name: I915_CONTEXT_ENGINES_EXT_LOAD_BALANCE,
                ..Default::default()
            },
            engine_index,
            num_siblings: siblings.len() as u16,
            ..Default::default()
        };
        for (place, sibling) in balance.siblings.iter_mut().zip(siblings) {
            *place = sibling.to_uapi();
        }
        balance
    }
}

/// `struct i915_context_engines_parallel_submit` of two batches with an engine each: makes a
/// place of an engine map stand for both engines at once.
#[repr(C)]
#[derive(Clone, Debug, Default)]
pub struct ParallelSubmit {
    /// The link of the chain of extensions.
    pub base: i915_user_extension,
    engine_index: u16,
    width: u16,
    num_siblings: u16,
    mbz16: u16,
    flags: u64,
    mbz64: [u64; 3],
    engines: [i915_engine_class_instance; 2],
}

impl ParallelSubmit {
    /// The place `engine_index` is to stand for these engines.
    pub fn new(engine_index: u16, engines: [Engine; 2]) -> Self {
        Self {
            base: i915_user_extension {
                name: I915_CONTEXT_ENGINES_EXT_PARALLEL_SUBMIT,
                ..Default::default()
            },
            engine_index,
            width: 2,
            num_siblings: 1,
            engines: engines.map(Engine::to_uapi),
            ..Default::default()
        }
    }
}

/// A parameter of a context, with its value.
#[derive(Clone, Debug)]
pub enum Param {
    /// The address space, by id.
    Vm(u32),
    /// The engine map.
    Engines(Box<EngineMap>),
    /// Whether it goes on after a hang.
    Recoverable(bool),
    /// Whether hangs can get it banned.
    Bannable(bool),
    /// Whether its work goes on after its file is closed.
    Persistence(bool),
    /// Its place in the queue.
    Priority(i64),
    /// Whether hangs leave no error state.
    NoErrorCapture(bool),
}

impl Param {
    /// An engine map of these engines.
    pub fn engines(engines: &[Engine]) -> Self {
        Self::Engines(Box::new(EngineMap::new(engines)))
    }

    /// As the uAPI's structure; it may point into `self`.
    pub fn to_uapi(&self) -> drm_i915_gem_context_param {
        let (param, size, value) = match self {
            Param::Vm(id) => (I915_CONTEXT_PARAM_VM, 0, u64::from(*id)),
            Param::Engines(map) => (
                I915_CONTEXT_PARAM_ENGINES,
                map.size(),
                crate::sys::address_of(&**map),
            ),
            Param::Recoverable(on) => (I915_CONTEXT_PARAM_RECOVERABLE, 0, u64::from(*on)),
            Param::Bannable(on) => (I915_CONTEXT_PARAM_BANNABLE, 0, u64::from(*on)),
            Param::Persistence(on) => (I915_CONTEXT_PARAM_PERSISTENCE, 0, u64::from(*on)),
            Param::Priority(value) => (I915_CONTEXT_PARAM_PRIORITY, 0, value.cast_unsigned()),
            Param::NoErrorCapture(on) => (I915_CONTEXT_PARAM_NO_ERROR_CAPTURE, 0, u64::from(*on)),
        };
        drm_i915_gem_context_param {
            ctx_id: 0,
            size,
            param: param.into(),
            value,
        }
    }
}

/// A link of CONTEXT_CREATE_EXT's chain that sets a parameter.
pub type SetParam = drm_i915_gem_context_create_ext_setparam;

/// How often resets hit a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResetStats {
    /// Resets of the whole GPU.
    pub resets: u32,
    /// Hangs that this context is guilty of.
    pub guilty: u32,
    /// Resets in which it lost work without being guilty.
    pub innocent: u32,
}

/// A context, by an id that is given back on drop.
#[derive(Debug)]
pub struct Context<'d> {
    device: &'d Device,
    id: u32,
}

impl<'d> Context<'d> {
    /// A context with the default parameters.
    pub fn create(device: &'d Device) -> Result<Self> {
        Self::with_params(device, &[])
    }

    /// A context with parameters set at its creation, in this order.
    pub fn with_params(device: &'d Device, params: &[Param]) -> Result<Self> {
        let mut links: Vec<SetParam> = params.iter().map(link).collect();
        // Each link points to the next, so they are chained from the last one on; the
        // vector doesn't move any more.
        for index in (1..links.len()).rev() {
            links[index - 1].base.next_extension = crate::sys::address_of(&links[index]);
        }
        let flags = if links.is_empty() {
            0
        } else {
            I915_CONTEXT_CREATE_FLAGS_USE_EXTENSIONS
        };
        Self::create_raw(device, flags, crate::sys::address_of_slice(&links))
    }

    /// A context for EXECBUFFER3: on an address space in VM_BIND mode, non-recoverable
    /// as such contexts have to be, with this engine map.
    pub fn for_vm(device: &'d Device, vm: &AddressSpace<'_>, engines: &[Engine]) -> Result<Self> {
        let engines = Param::engines(engines);
        Self::with_params(
            device,
            &[Param::Recoverable(false), Param::Vm(vm.id()), engines],
        )
    }

    /// CONTEXT_CREATE_EXT as it stands.
    pub fn create_raw(device: &'d Device, flags: u32, extensions: u64) -> Result<Self> {
        let mut argument = drm_i915_gem_context_create_ext {
            flags,
            extensions,
            ..Default::default()
        };
        device.call::<request::ContextCreate>(&mut argument)?;
        Ok(Self {
            device,
            id: argument.ctx_id,
        })
    }

    /// The id.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Sets a parameter.
    pub fn set(&self, param: &Param) -> Result<()> {
        let mut argument = drm_i915_gem_context_param {
            ctx_id: self.id,
            ..param.to_uapi()
        };
        self.device.call::<request::ContextSetParam>(&mut argument)
    }

    /// A parameter's value (`I915_CONTEXT_PARAM_*`).
    pub fn get(&self, param: u32) -> Result<u64> {
        let (ctx_id, param) = (self.id, param.into());
        let mut argument = drm_i915_gem_context_param {
            ctx_id,
            param,
            ..Default::default()
        };
        self.device
            .call_out::<request::ContextGetParam>(&mut argument, Out::Null)?;
        Ok(argument.value)
    }

    /// How often resets hit it.
    pub fn reset_stats(&self) -> Result<ResetStats> {
        let mut argument = drm_i915_reset_stats {
            ctx_id: self.id,
            ..Default::default()
        };
        self.device.call::<request::GetResetStats>(&mut argument)?;
        Ok(ResetStats {
            resets: argument.reset_count,
            guilty: argument.batch_active,
            innocent: argument.batch_pending,
        })
    }

    /// Gives the id back now, and says how that went.
    pub fn destroy(self) -> Result<()> {
        let (device, ctx_id) = (self.device, self.id);
        std::mem::forget(self);
        device.call::<request::ContextDestroy>(&mut drm_i915_gem_context_destroy { ctx_id, pad: 0 })
    }
}

impl Drop for Context<'_> {
    fn drop(&mut self) {
        let mut argument = drm_i915_gem_context_destroy {
            ctx_id: self.id,
            pad: 0,
        };
        // Nothing is left to be done if it fails: the id is gone or the device is.
        let _ = self.device.call::<request::ContextDestroy>(&mut argument);
    }
}

fn link(param: &Param) -> SetParam {
    let name = I915_CONTEXT_CREATE_EXT_SETPARAM;
    let base = i915_user_extension {
        name,
        ..Default::default()
    };
    SetParam {
        base,
        param: param.to_uapi(),
    }
}
