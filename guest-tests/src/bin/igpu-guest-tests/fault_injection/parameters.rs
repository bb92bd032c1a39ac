//! Parameters of contexts that are set while memory runs out.

use libtest_mimic::{Failed, Trial};
use nix::errno::Errno;
use virtio_igpu_guest_tests::client::{
    AddressSpace, Context, Device, Engine, EngineMap, Param, Result, SetParam,
};
use virtio_igpu_guest_tests::sys::request;
use virtio_igpu_guest_tests::sys::uapi::*;
use virtio_igpu_guest_tests::sys::{address_of, address_of_slice};

use super::{Probe, every_allocation};
use crate::rig::{Outcome, ensure_eq, expect_errno, trials};

pub(super) fn tests() -> Vec<Trial> {
    trials!("fault_injection":
        values_before_first_use, address_space_before_first_use,
        every_engine_map_before_first_use, values_after_first_use, slices_before_first_use,
        slices_after_first_use,
    )
}

/// The links of CONTEXT_CREATE_EXT that set every parameter once.
pub(super) struct Chain {
    links: Vec<SetParam>,
    // What the links point to.
    _params: Vec<Param>,
    _map: Map,
    _slices: Box<drm_i915_gem_context_param_sseu>,
}

impl Chain {
    /// Every parameter that the device's platform lets one set.
    pub(super) fn of_every_parameter(
        device: &Device,
        vm: &AddressSpace<'_>,
    ) -> std::result::Result<Self, Failed> {
        let params = vec![
            Param::Vm(vm.id()),
            Param::NoErrorCapture(true),
            Param::Bannable(false),
            Param::Recoverable(false),
            Param::Priority(5),
            Param::Persistence(false),
        ];
        let mut raw: Vec<_> = params.iter().map(Param::to_uapi).collect();
        raw.push(drm_i915_gem_context_param {
            param: I915_CONTEXT_PARAM_PROTECTED_CONTENT.into(),
            ..Default::default()
        });
        let slices = Box::new(render_slices());
        if has_slices(device)? {
            raw.push(slices_param(&slices));
        }
        let map = Map::with_everything(device)?;
        raw.push(map.param());
        let mut links: Vec<SetParam> = raw.into_iter().map(link).collect();
        for index in (1..links.len()).rev() {
            links[index - 1].base.next_extension = address_of(&links[index]);
        }
        Ok(Self {
            links,
            _params: params,
            _map: map,
            _slices: slices,
        })
    }

    /// The first link's address.
    pub(super) fn address(&self) -> u64 {
        address_of_slice(&self.links)
    }

    /// The parameters that can be asked for are as they were set.
    pub(super) fn is_set_on(&self, context: &Context<'_>) -> Outcome {
        for (param, value) in [
            (I915_CONTEXT_PARAM_NO_ERROR_CAPTURE, 1),
            (I915_CONTEXT_PARAM_BANNABLE, 0),
            (I915_CONTEXT_PARAM_RECOVERABLE, 0),
            (I915_CONTEXT_PARAM_PRIORITY, 5),
            (I915_CONTEXT_PARAM_PERSISTENCE, 0),
        ] {
            ensure_eq!(context.get(param)?, value, "parameter {param}");
        }
        Ok(())
    }
}

fn link(param: drm_i915_gem_context_param) -> SetParam {
    let base = i915_user_extension {
        name: I915_CONTEXT_CREATE_EXT_SETPARAM,
        ..Default::default()
    };
    SetParam { base, param }
}

/// An extension of an engine map, with the engines that follow it.
#[repr(C)]
struct Extension<H> {
    head: H,
    engines: [i915_engine_class_instance; 2],
}

/// An engine map with what it points to.
pub(super) struct Map {
    /// What it is called in a report.
    pub(super) name: &'static str,
    /// A place that takes a single batch.
    pub(super) runs_on: u32,
    map: Box<EngineMap>,
    _balance: Box<Extension<i915_context_engines_load_balance>>,
    _bond: Box<Extension<i915_context_engines_bond>>,
    _parallel: Box<Extension<i915_context_engines_parallel_submit>>,
}

/// Which extensions a map has.
#[derive(Clone, Copy, Default)]
struct With {
    balance: bool,
    bond: bool,
    parallel: bool,
}

impl Map {
    /// A load balancer at 0, a bonded engine at 1, a parallel place at 2, the blitter at 3.
    fn new(device: &Device, name: &'static str, with: With) -> std::result::Result<Self, Failed> {
        let engines = device.engines()?;
        let video: Vec<Engine> = engines
            .iter()
            .map(|info| info.engine)
            .filter(|engine| engine.class == Engine::VCS0.class)
            .collect();
        let &[first, second] = video.as_slice() else {
            return Err(format!("{} video engines instead of two", video.len()).into());
        };
        let base = |name, next_extension| i915_user_extension {
            name,
            next_extension,
            ..Default::default()
        };
        let pair = [first.to_uapi(), second.to_uapi()];
        let mut chain = 0;
        let parallel = Box::new(Extension {
            head: i915_context_engines_parallel_submit {
                base: base(I915_CONTEXT_ENGINES_EXT_PARALLEL_SUBMIT, chain),
                engine_index: 2,
                width: 2,
                num_siblings: 1,
                ..Default::default()
            },
            engines: pair,
        });
        if with.parallel {
            chain = address_of(&*parallel);
        }
        let bond = Box::new(Extension {
            head: i915_context_engines_bond {
                base: base(I915_CONTEXT_ENGINES_EXT_BOND, chain),
                master: Engine::RCS0.to_uapi(),
                virtual_index: 1,
                num_bonds: 2,
                ..Default::default()
            },
            engines: pair,
        });
        if with.bond {
            chain = address_of(&*bond);
        }
        let balance = Box::new(Extension {
            head: i915_context_engines_load_balance {
                base: base(I915_CONTEXT_ENGINES_EXT_LOAD_BALANCE, chain),
                engine_index: 0,
                num_siblings: 2,
                ..Default::default()
            },
            engines: pair,
        });
        if with.balance {
            chain = address_of(&*balance);
        }
        let mut map = Box::new(EngineMap::new(&[
            Engine::NONE,
            first,
            Engine::NONE,
            Engine::BCS0,
        ]));
        map.extensions = chain;
        Ok(Self {
            name,
            runs_on: if with.balance { 0 } else { 3 },
            map,
            _balance: balance,
            _bond: bond,
            _parallel: parallel,
        })
    }

    fn with_everything(device: &Device) -> std::result::Result<Self, Failed> {
        let with = With {
            balance: true,
            bond: true,
            parallel: true,
        };
        Self::new(device, "an engine map with everything", with)
    }

    fn param(&self) -> drm_i915_gem_context_param {
        drm_i915_gem_context_param {
            ctx_id: 0,
            size: self.map.size(),
            param: I915_CONTEXT_PARAM_ENGINES.into(),
            value: address_of(&*self.map),
        }
    }

    /// Sets it.
    pub(super) fn set(&self, device: &Device, ctx_id: u32) -> Result<()> {
        set(device, ctx_id, self.param())
    }
}

/// A map for each kind of place, and one with all.
pub(super) fn every_map(device: &Device) -> std::result::Result<Vec<Map>, Failed> {
    let none = With::default;
    Ok(vec![
        Map::new(device, "an engine map", none())?,
        Map::new(
            device,
            "LOAD_BALANCE",
            With {
                balance: true,
                ..none()
            },
        )?,
        Map::new(
            device,
            "BOND",
            With {
                bond: true,
                ..none()
            },
        )?,
        Map::new(
            device,
            "PARALLEL_SUBMIT",
            With {
                parallel: true,
                ..none()
            },
        )?,
        Map::with_everything(device)?,
    ])
}

fn set(device: &Device, ctx_id: u32, param: drm_i915_gem_context_param) -> Result<()> {
    device.call::<request::ContextSetParam>(&mut drm_i915_gem_context_param { ctx_id, ..param })
}

/// The parameters that are a value, which isn't the default, with the default.
fn values() -> [(Param, u32, u64, u64); 5] {
    [
        (Param::Bannable(false), I915_CONTEXT_PARAM_BANNABLE, 0, 1),
        (
            Param::Recoverable(false),
            I915_CONTEXT_PARAM_RECOVERABLE,
            0,
            1,
        ),
        (
            Param::NoErrorCapture(true),
            I915_CONTEXT_PARAM_NO_ERROR_CAPTURE,
            1,
            0,
        ),
        (
            Param::Persistence(false),
            I915_CONTEXT_PARAM_PERSISTENCE,
            0,
            1,
        ),
        (Param::Priority(9), I915_CONTEXT_PARAM_PRIORITY, 9, 0),
    ]
}

/// SETPARAM of a context that nobody has used: set, or as before and settable.
fn values_before_first_use() -> Outcome {
    for (param, name, value, default) in values() {
        every_allocation(
            &format!("SETPARAM {param:?} before first use"),
            0,
            |attempt| {
                let device = Device::open()?;
                // Asking is a use: so one context is asked after the failure, one set again.
                let context = Context::create(&device)?;
                let other = Context::create(&device)?;
                if attempt.call(|| context.set(&param))?.is_none() {
                    ensure_eq!(context.get(name)?, default, "after the failure");
                } else {
                    ensure_eq!(context.get(name)?, value, "after success");
                }
                other.set(&param)?;
                ensure_eq!(other.get(name)?, value, "once more");
                Ok(())
            },
        )?;
    }
    Ok(())
}

/// SETPARAM of a context in use: set, or as before and settable.
fn values_after_first_use() -> Outcome {
    for (param, name, value, default) in values() {
        every_allocation(
            &format!("SETPARAM {param:?} after first use"),
            0,
            |attempt| {
                let device = Device::open()?;
                let context = Context::create(&device)?;
                context.reset_stats()?;
                if attempt.call(|| context.set(&param))?.is_none() {
                    ensure_eq!(context.get(name)?, default, "after the failure");
                    context.set(&param)?;
                }
                ensure_eq!(context.get(name)?, value, "in the end");
                Probe::new(&device)?.runs(&device, &context, 0)
            },
        )?;
    }
    Ok(())
}

/// SETPARAM VM: set, or settable.
fn address_space_before_first_use() -> Outcome {
    every_allocation("SETPARAM VM", 0, |attempt| {
        let device = Device::open()?;
        let vm = AddressSpace::create_legacy(&device)?;
        let context = Context::create(&device)?;
        let param = Param::Vm(vm.id());
        if attempt.call(|| context.set(&param))?.is_none() {
            context.set(&param)?;
        }
        vm.destroy()?;
        Probe::new(&device)?.runs(&device, &context, 0)
    })
}

/// SETPARAM ENGINES: set, or there is no map, and one can be set.
fn every_engine_map_before_first_use() -> Outcome {
    for map in every_map(&Device::open()?)? {
        every_allocation(&format!("SETPARAM {}", map.name), 1, |attempt| {
            let device = Device::open()?;
            let context = Context::create(&device)?;
            if attempt.call(|| map.set(&device, context.id()))?.is_none() {
                // A context gets a map once: had it got this one, that would be EINVAL.
                map.set(&device, context.id())?;
            }
            let again = map.set(&device, context.id());
            expect_errno(again, Errno::EINVAL, "a second map")?;
            Probe::new(&device)?.runs(&device, &context, map.runs_on)
        })?;
    }
    Ok(())
}

/// Half of the render engine's subslices.
fn render_slices() -> drm_i915_gem_context_param_sseu {
    drm_i915_gem_context_param_sseu {
        engine: Engine::RCS0.to_uapi(),
        slice_mask: 1,
        subslice_mask: 0xf,
        min_eus_per_subslice: 8,
        max_eus_per_subslice: 8,
        ..Default::default()
    }
}

fn slices_param(slices: &drm_i915_gem_context_param_sseu) -> drm_i915_gem_context_param {
    drm_i915_gem_context_param {
        ctx_id: 0,
        size: size_of::<drm_i915_gem_context_param_sseu>() as u32,
        param: I915_CONTEXT_PARAM_SSEU.into(),
        value: address_of(slices),
    }
}

/// Whether the platform lets one set the render engine's slices.
fn has_slices(device: &Device) -> std::result::Result<bool, Failed> {
    let context = Context::create(device)?;
    match set(device, context.id(), slices_param(&render_slices())) {
        Ok(()) => Ok(true),
        Err(error) if error.errno() == Some(Errno::ENODEV) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// SETPARAM SSEU, where the platform has it; elsewhere it stays ENODEV whatever fails.
fn slices(used: bool) -> Outcome {
    let there = has_slices(&Device::open()?)?;
    every_allocation("SETPARAM SSEU", 0, |attempt| {
        let device = Device::open()?;
        let context = Context::create(&device)?;
        if used {
            context.reset_stats()?;
        }
        let slices = render_slices();
        let call = || match set(&device, context.id(), slices_param(&slices)) {
            Err(error) if !there && error.errno() == Some(Errno::ENODEV) => Ok(()),
            other => other,
        };
        if attempt.call(call)?.is_none() {
            call()?;
        }
        Probe::new(&device)?.runs(&device, &context, 0)
    })
}

fn slices_before_first_use() -> Outcome {
    slices(false)
}

fn slices_after_first_use() -> Outcome {
    slices(true)
}
