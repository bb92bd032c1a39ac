// SPDX-License-Identifier: GPL-2.0 OR MIT

//! CONTEXT_CREATE(_EXT), CONTEXT_DESTROY, CONTEXT_GETPARAM, CONTEXT_SETPARAM,
//! GET_RESET_STATS.

use crate::context::{Context, Proto};
use crate::drm;
use crate::drm::process::{capable, Capability};
use crate::rules::context_table::Found;
use crate::rules::proto_context::{self, Caller, Get, Parameter, SetLive, SetProto};
use crate::rules::sseu::{UserSseu, USER_SSEU_SIZE};
use crate::rules::PlatformFacts;
use crate::uapi::{engine_map, user};
use crate::uapi_types::{
    drm_i915_gem_context_create_ext, drm_i915_gem_context_create_ext_setparam,
    drm_i915_gem_context_destroy, drm_i915_gem_context_param, drm_i915_gem_context_param_sseu,
    drm_i915_reset_stats, I915_CONTEXT_CREATE_EXT_SETPARAM,
};
use crate::vm::Mode;
use kernel::prelude::*;

/// The caller's capabilities, asked when a rule asks.
struct CurrentCaller;

impl Caller for CurrentCaller {
    fn is_admin(&self) -> bool {
        capable(Capability::SysAdmin)
    }

    fn may_raise_priority(&self) -> bool {
        capable(Capability::SysNice)
    }
}

impl From<&drm_i915_gem_context_param> for Parameter {
    fn from(args: &drm_i915_gem_context_param) -> Self {
        Self {
            param: args.param,
            size: args.size,
            value: args.value,
        }
    }
}

/// `DRM_IOCTL_I915_GEM_CONTEXT_CREATE` and `_CREATE_EXT`.
pub(crate) fn create(
    dev: &drm::Device,
    file: &drm::File,
    args: &mut drm_i915_gem_context_create_ext,
) -> Result<i32> {
    let igpu = dev.data();
    let client = file.data();
    let flags = proto_context::check_create(args.flags, igpu.is_wedged(), client.is_banned())?;
    let mut proto = Proto::new(&igpu.environment(), flags.single_timeline);
    if flags.extensions {
        user::for_each_extension(args.extensions, |name, link| {
            // CLONE and the unknown.
            if name != I915_CONTEXT_CREATE_EXT_SETPARAM {
                return Err(EINVAL);
            }
            let mut setparam: drm_i915_gem_context_create_ext_setparam = user::read(link)?;
            proto_context::check_create_parameter(setparam.param.ctx_id)?;
            set_proto(dev, file, &mut proto, &mut setparam.param)
        })?;
    }
    proto.check_create()?;
    args.ctx_id = client.contexts().add(proto)?;
    Ok(0)
}

/// `DRM_IOCTL_I915_GEM_CONTEXT_DESTROY`.
pub(crate) fn destroy(
    _dev: &drm::Device,
    file: &drm::File,
    args: &mut drm_i915_gem_context_destroy,
) -> Result<i32> {
    proto_context::check_destroy(args.ctx_id, args.pad)?;
    file.data().contexts().remove(args.ctx_id)?;
    Ok(0)
}

/// `DRM_IOCTL_I915_GEM_CONTEXT_SETPARAM`.
pub(crate) fn setparam(
    dev: &drm::Device,
    file: &drm::File,
    args: &mut drm_i915_gem_context_param,
) -> Result<i32> {
    let contexts = file.data().contexts();
    let id = args.ctx_id;
    match contexts.access(dev, file, id, |proto| set_proto(dev, file, proto, args))? {
        Found::Proto(()) => {}
        Found::Live(context) => set_live(dev, &context, args)?,
    }
    Ok(0)
}

/// Sets a parameter of a context that nobody has used.
fn set_proto(
    dev: &drm::Device,
    file: &drm::File,
    proto: &mut Proto,
    args: &mut drm_i915_gem_context_param,
) -> Result {
    let igpu = dev.data();
    match proto.set(
        &igpu.environment(),
        &CurrentCaller,
        &Parameter::from(&*args),
    )? {
        SetProto::Done => {}
        SetProto::Vm { id } => {
            let vm = file.data().vms().get(id)?;
            let bind_mode = vm.mode() == Mode::Bind;
            drop(proto.set_vm(vm, bind_mode));
        }
        SetProto::Engines { count } => {
            let map = engine_map::read(igpu.facts(), args.value, count)?;
            proto.set_engines(map).map_err(|(error, _map)| error)?;
        }
        SetProto::Sseu => {
            let sseu: drm_i915_gem_context_param_sseu = user::read(args.value)?;
            proto.set_sseu(igpu.facts(), &sseu.into())?;
            args.size = USER_SSEU_SIZE;
        }
    }
    Ok(())
}

/// Sets a parameter of a live context. On an error nothing has changed.
fn set_live(dev: &drm::Device, context: &Context, args: &mut drm_i915_gem_context_param) -> Result {
    let parameter = Parameter::from(&*args);
    let environment = dev.data().environment();
    let mut live = context.params().lock();
    let before = live.params;
    match live.params.set(&environment, &CurrentCaller, &parameter)? {
        SetLive::Done => {}
        SetLive::Flags(_) => {
            if let Err(error) = context.flags_changed(&before, &live.params) {
                live.params = before;
                return Err(error);
            }
        }
        // What is submitted from now on has it.
        SetLive::Priority(_) => {}
        SetLive::Sseu => {
            // The caller's memory may have to be waited for.
            drop(live);
            let sseu: drm_i915_gem_context_param_sseu = user::read(args.value)?;
            set_live_sseu(dev.data().facts(), context, &sseu.into())?;
            args.size = USER_SSEU_SIZE;
        }
    }
    Ok(())
}

/// Sets the slices of a live context's slot.
fn set_live_sseu(facts: &PlatformFacts, context: &Context, sseu: &UserSseu) -> Result {
    let mut live = context.params().lock();
    let index = live.params.sseu_slot(facts, context.map(), sseu)?;
    let wanted = proto_context::live_sseu(facts, context.map().slot(index), sseu)?;
    *live.sseu_mut(index) = wanted;
    Ok(())
}

/// `DRM_IOCTL_I915_GEM_CONTEXT_GETPARAM`. Needs the context, so it builds it.
pub(crate) fn getparam(
    dev: &drm::Device,
    file: &drm::File,
    args: &mut drm_i915_gem_context_param,
) -> Result<i32> {
    let facts = dev.data().facts();
    let context = file.data().contexts().lookup(dev, file, args.ctx_id)?;
    let params = context.params().lock().params;
    match params.get(facts, args.param, args.size)? {
        Get::Value(value) => {
            args.size = 0;
            args.value = value;
        }
        Get::NewVmId => {
            args.value = file.data().vms().add(context.vm().clone())?.into();
            args.size = 0;
        }
        Get::SseuSize => args.size = USER_SSEU_SIZE,
        Get::Sseu => {
            let mut sseu: drm_i915_gem_context_param_sseu = user::read(args.value)?;
            let index = params.sseu_slot(facts, context.map(), &sseu.into())?;
            let set = *context.params().lock().sseu_mut(index);
            sseu.slice_mask = set.slice_mask.into();
            sseu.subslice_mask = set.subslice_mask.into();
            sseu.min_eus_per_subslice = set.min_eus_per_subslice.into();
            sseu.max_eus_per_subslice = set.max_eus_per_subslice.into();
            user::write(args.value, &sseu)?;
            args.size = USER_SSEU_SIZE;
        }
    }
    Ok(0)
}

/// `DRM_IOCTL_I915_GET_RESET_STATS`.
pub(crate) fn reset_stats(
    dev: &drm::Device,
    file: &drm::File,
    args: &mut drm_i915_reset_stats,
) -> Result<i32> {
    proto_context::check_reset_stats(args.flags, args.pad)?;
    let context = file.data().contexts().lookup(dev, file, args.ctx_id)?;
    let stats = context.reset_stats();
    args.reset_count = if capable(Capability::SysAdmin) {
        dev.data().reset_count()
    } else {
        0
    };
    args.batch_active = stats.guilty;
    args.batch_pending = stats.innocent;
    Ok(0)
}

impl From<drm_i915_gem_context_param_sseu> for UserSseu {
    fn from(sseu: drm_i915_gem_context_param_sseu) -> Self {
        Self {
            engine: sseu.engine.into(),
            flags: sseu.flags,
            slice_mask: sseu.slice_mask,
            subslice_mask: sseu.subslice_mask,
            min_eus_per_subslice: sseu.min_eus_per_subslice,
            max_eus_per_subslice: sseu.max_eus_per_subslice,
            reserved: sseu.rsvd,
        }
    }
}
