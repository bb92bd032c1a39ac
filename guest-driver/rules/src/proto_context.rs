// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Contexts before and after their first use: which parameters they take
//! (`gem/i915_gem_context.c`).
//!
//! CONTEXT_CREATE makes a [`ProtoContext`]: a record of what userspace asks for. The first
//! use turns it into a context, whose parameters are [`ContextParams`]; from then on its
//! address space and its engine map do not change, and in Rust can't: only
//! [`ProtoContext`] has methods that set them.
//!
//! A proto-context that is being built from a chain of extensions belongs to the ioctl
//! that builds it and needs no lock. Once its id is known, the lock of the file's table of
//! proto-contexts guards it; whoever calls a method that takes `&mut self` holds that lock.
//! The parameters of a live context are guarded by the context's own lock.
//!
//! # Setting a parameter
//!
//! [`ProtoContext::set`] and [`ContextParams::set`] judge a parameter and apply it if that
//! needs nothing but its value. Otherwise they say what to fetch, and the second step
//! takes what was fetched. The extension I915_CONTEXT_CREATE_EXT_SETPARAM and the ioctl
//! CONTEXT_SETPARAM are the same two steps; in the extension the parameter's context id
//! must be zero ([`check_create_parameter`]).

use core::borrow::BorrowMut;

use super::engine_map::{self, EngineMap, EngineSlot, SlotIndex};
use super::errno::{valid_if, Errno, Result};
use super::platform::{PlatformFacts, ResetSupport};
use super::sseu::{Sseu, UserSseu, USER_SSEU_SIZE};
use super::uapi_numbers::*;

/// What the caller of an ioctl may do. Asked only where the answer matters, as asking
/// leaves traces (`capable()`).
pub trait Caller {
    /// `CAP_SYS_ADMIN`
    fn is_admin(&self) -> bool;
    /// `CAP_SYS_NICE`
    fn may_raise_priority(&self) -> bool;
}

/// A [`Caller`] whose capabilities are known beforehand.
#[derive(Clone, Copy, Debug, Default)]
pub struct KnownCaller {
    /// `CAP_SYS_ADMIN`
    pub admin: bool,
    /// `CAP_SYS_NICE`
    pub nice: bool,
}

impl Caller for KnownCaller {
    fn is_admin(&self) -> bool {
        self.admin
    }

    fn may_raise_priority(&self) -> bool {
        self.nice
    }
}

/// What the judgement of parameters depends on.
#[derive(Clone, Copy, Debug)]
pub struct Environment<'a> {
    /// The platform.
    pub facts: &'a PlatformFacts,
    /// The module parameter `enable_hangcheck`.
    pub hangcheck: bool,
    /// What is to be reset after a hang: what the platform can reset, as far as the module
    /// parameter `reset` allows it ([`ResetSupport::limited`]).
    pub reset: ResetSupport,
}

/// `struct drm_i915_gem_context_param` but for the context's id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parameter {
    /// `I915_CONTEXT_PARAM_*`
    pub param: u64,
    /// Bytes at `value`, where that is a pointer.
    pub size: u32,
    /// The value, or the address of a structure.
    pub value: u64,
}

impl Parameter {
    /// A parameter whose value is in the field itself has no size.
    fn plain(&self) -> Result<u64> {
        valid_if(self.size == 0)?;
        Ok(self.value)
    }
}

/// What CONTEXT_CREATE is asked for besides parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreateFlags {
    /// A chain of extensions is to be applied.
    pub extensions: bool,
    /// All engines of the context are one timeline.
    pub single_timeline: bool,
}

/// CONTEXT_CREATE, before anything is made (`i915_gem_context_create_ioctl`): `EINVAL` for
/// unknown flags, then `EIO` if the device is wedged or the client banned.
pub fn check_create(flags: u32, wedged: bool, client_banned: bool) -> Result<CreateFlags> {
    let known =
        I915_CONTEXT_CREATE_FLAGS_USE_EXTENSIONS | I915_CONTEXT_CREATE_FLAGS_SINGLE_TIMELINE;
    valid_if(flags & !known == 0)?;
    if wedged || client_banned {
        return Err(Errno::EIO);
    }
    Ok(CreateFlags {
        extensions: flags & I915_CONTEXT_CREATE_FLAGS_USE_EXTENSIONS != 0,
        single_timeline: flags & I915_CONTEXT_CREATE_FLAGS_SINGLE_TIMELINE != 0,
    })
}

/// The extension's parameter names no context (`create_setparam`): `EINVAL`.
pub fn check_create_parameter(context_id: u32) -> Result {
    valid_if(context_id == 0)
}

/// CONTEXT_DESTROY, before the look-up (`i915_gem_context_destroy_ioctl`): the default
/// context is not to be destroyed.
pub fn check_destroy(context_id: u32, pad: u32) -> Result {
    valid_if(pad == 0)?;
    if context_id == 0 {
        return Err(Errno::ENOENT);
    }
    Ok(())
}

/// GET_RESET_STATS, before the look-up (`i915_gem_context_reset_stats_ioctl`).
pub fn check_reset_stats(flags: u32, pad: u32) -> Result {
    valid_if(flags == 0 && pad == 0)
}

/// What a context is or isn't. Under whichever lock guards its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextFlags {
    /// Repeated hangs ban it.
    pub bannable: bool,
    /// After a hang its later submissions run.
    pub recoverable: bool,
    /// Its work outlives its closing.
    pub persistent: bool,
    /// Its hangs leave no error state.
    pub no_error_capture: bool,
}

/// What proto-contexts and live contexts have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Common {
    flags: ContextFlags,
    priority: i32,
}

/// What is still to be done about a parameter that both kinds of contexts take.
enum Judged {
    Done,
    Priority(i32),
    Persistence(bool),
    Sseu,
    Other,
}

impl Common {
    /// The part of `set_proto_ctx_param` and `ctx_setparam` that is the same.
    fn set(
        &mut self,
        environment: &Environment<'_>,
        caller: &impl Caller,
        parameter: &Parameter,
    ) -> Result<Judged> {
        match parameter.param {
            I915_CONTEXT_PARAM_NO_ERROR_CAPTURE => {
                self.flags.no_error_capture = parameter.plain()? != 0;
            }
            I915_CONTEXT_PARAM_BANNABLE => {
                let bannable = parameter.plain()? != 0;
                if !bannable && !caller.is_admin() {
                    return Err(Errno::EPERM);
                }
                self.flags.bannable = bannable;
            }
            I915_CONTEXT_PARAM_RECOVERABLE => {
                self.flags.recoverable = parameter.plain()? != 0;
            }
            I915_CONTEXT_PARAM_PRIORITY => {
                self.priority = check_priority(environment.facts, caller, parameter)?;
                return Ok(Judged::Priority(self.priority));
            }
            I915_CONTEXT_PARAM_PERSISTENCE => {
                return Ok(Judged::Persistence(parameter.plain()? != 0));
            }
            I915_CONTEXT_PARAM_SSEU => {
                check_sseu_parameter(environment.facts, parameter)?;
                return Ok(Judged::Sseu);
            }
            _ => return Ok(Judged::Other),
        }
        Ok(Judged::Done)
    }
}

/// `validate_priority`
fn check_priority(
    facts: &PlatformFacts,
    caller: &impl Caller,
    parameter: &Parameter,
) -> Result<i32> {
    let priority = parameter.plain()? as i64;
    if !facts.schedules_with(I915_SCHEDULER_CAP_PRIORITY) {
        return Err(Errno::ENODEV);
    }
    valid_if(
        (I915_CONTEXT_MIN_USER_PRIORITY..=I915_CONTEXT_MAX_USER_PRIORITY).contains(&priority),
    )?;
    if priority > I915_CONTEXT_DEFAULT_PRIORITY && !caller.may_raise_priority() {
        return Err(Errno::EPERM);
    }
    Ok(priority as i32)
}

/// `proto_context_set_persistence`: a context that outlives its closing needs hangs to be
/// detected; one that does not needs its work to be taken off the engine, by preemption
/// or, failing that, by resetting that engine alone.
fn check_persistence(environment: &Environment<'_>, persistent: bool) -> Result {
    if persistent {
        return valid_if(environment.hangcheck);
    }
    if environment
        .facts
        .schedules_with(I915_SCHEDULER_CAP_PREEMPTION)
        && environment.reset == ResetSupport::Engine
    {
        Ok(())
    } else {
        Err(Errno::ENODEV)
    }
}

/// The parameter SSEU before its structure is read (`set_proto_ctx_sseu`, `set_sseu`).
fn check_sseu_parameter(facts: &PlatformFacts, parameter: &Parameter) -> Result {
    valid_if(parameter.size >= USER_SSEU_SIZE)?;
    if facts.has_sseu() {
        Ok(())
    } else {
        Err(Errno::ENODEV)
    }
}

/// What remains to be done to set a proto-context's parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetProto {
    /// Nothing: it is set.
    Done,
    /// Look up the address space of this id (`ENOENT`), then [`ProtoContext::set_vm`].
    Vm {
        /// The id in the file's table.
        id: u32,
    },
    /// Read this many entries behind the eight bytes of the extension pointer at the
    /// parameter's value, fill an [`EngineMap`] with them, apply the extensions, then
    /// [`ProtoContext::set_engines`].
    Engines {
        /// Entries of the array.
        count: usize,
    },
    /// Read the structure at the parameter's value, then [`ProtoContext::set_sseu`]. The
    /// size handed back to userspace is [`USER_SSEU_SIZE`].
    Sseu,
}

/// What userspace has asked for in a context that was not used yet.
///
/// `V` is a reference to an address space, counted by whatever the caller uses; `M` holds
/// an engine map, by value or in a box. Dropping the proto-context drops both.
#[derive(Clone, Debug)]
pub struct ProtoContext<V, M = EngineMap> {
    common: Common,
    single_timeline: bool,
    vm: Option<V>,
    vm_bind_mode: bool,
    engines: Option<M>,
    legacy_sseu: Option<Sseu>,
}

impl<V, M: BorrowMut<EngineMap>> ProtoContext<V, M> {
    /// A proto-context that was told nothing (`proto_context_create`).
    pub fn new(environment: &Environment<'_>, single_timeline: bool) -> Self {
        Self {
            common: Common {
                flags: ContextFlags {
                    bannable: true,
                    recoverable: true,
                    persistent: environment.hangcheck,
                    no_error_capture: false,
                },
                priority: I915_CONTEXT_DEFAULT_PRIORITY as i32,
            },
            single_timeline,
            vm: None,
            vm_bind_mode: false,
            engines: None,
            legacy_sseu: None,
        }
    }

    /// Judges a parameter, and sets it if nothing must be fetched
    /// (`set_proto_ctx_param`). On an error nothing has changed.
    pub fn set(
        &mut self,
        environment: &Environment<'_>,
        caller: &impl Caller,
        parameter: &Parameter,
    ) -> Result<SetProto> {
        match self.common.set(environment, caller, parameter)? {
            Judged::Done | Judged::Priority(_) => return Ok(SetProto::Done),
            Judged::Sseu => return Ok(SetProto::Sseu),
            Judged::Persistence(persistent) => {
                check_persistence(environment, persistent)?;
                self.common.flags.persistent = persistent;
                return Ok(SetProto::Done);
            }
            Judged::Other => {}
        }
        match parameter.param {
            I915_CONTEXT_PARAM_VM => {
                let id = parameter.plain()?;
                let id = u32::try_from(id).map_err(|_| Errno::ENOENT)?;
                Ok(SetProto::Vm { id })
            }
            I915_CONTEXT_PARAM_ENGINES => {
                valid_if(self.engines.is_none())?;
                let count = engine_map::entry_count(parameter.size)?;
                Ok(SetProto::Engines { count })
            }
            // Without protected content nothing is what a context can be told, and it is
            // told so whatever the size says.
            I915_CONTEXT_PARAM_PROTECTED_CONTENT if parameter.value == 0 => Ok(SetProto::Done),
            I915_CONTEXT_PARAM_PROTECTED_CONTENT => Err(Errno::ENODEV),
            // LOW_LATENCY wants the GuC; CONTEXT_IMAGE a debugging kernel; NO_ZEROMAP,
            // BAN_PERIOD and RINGSIZE are gone; GTT_SIZE can't be set.
            _ => Err(Errno::EINVAL),
        }
    }

    /// Sets the address space, and hands back the one that was set before, to be released
    /// when no lock is held (`set_proto_ctx_vm`).
    pub fn set_vm(&mut self, vm: V, bind_mode: bool) -> Option<V> {
        self.vm_bind_mode = bind_mode;
        self.vm.replace(vm)
    }

    /// Sets the engine map; a context gets one once (`set_proto_ctx_engines`). `EINVAL`
    /// and the map unused if there is one. Slices set for the legacy render engine mean
    /// nothing from then on: that engine is no longer what userspace names.
    pub fn set_engines(&mut self, map: M) -> Result<(), (Errno, M)> {
        if self.engines.is_some() {
            return Err((Errno::EINVAL, map));
        }
        self.engines = Some(map);
        Ok(())
    }

    /// Sets the slices of an engine, named by class and instance without an engine map and
    /// by index with one (`set_proto_ctx_sseu`). Everything wrong is `EINVAL`.
    pub fn set_sseu(&mut self, facts: &PlatformFacts, user: &UserSseu) -> Result {
        let by_index = user.check_header()?;
        valid_if(by_index == self.engines.is_some())?;
        match &mut self.engines {
            Some(map) => {
                let index = usize::from(user.engine.instance);
                let slot = map.borrow_mut().render_sseu(facts, index)?;
                *slot = Some(Sseu::from_user(facts, user)?);
            }
            None => {
                valid_if(
                    user.engine.class == I915_ENGINE_CLASS_RENDER && user.engine.instance == 0,
                )?;
                self.legacy_sseu = Some(Sseu::from_user(facts, user)?);
            }
        }
        Ok(())
    }

    /// Whether it can become a context, asked when CONTEXT_CREATE has applied its whole
    /// chain: on an address space in bind mode a context must not be recoverable
    /// (`EINVAL`).
    pub fn check_create(&self) -> Result {
        valid_if(!(self.vm_bind_mode && self.common.flags.recoverable))
    }

    /// Whether it can become a context, asked at first use; besides what
    /// [`Self::check_create`] asks, a load balancer must make sense. On an error the
    /// proto-context stays as it is, and every further use is answered the same.
    pub fn check_first_use(&self) -> Result {
        self.check_create()?;
        match &self.engines {
            Some(map) => map.borrow().check_buildable(),
            None => Ok(()),
        }
    }

    /// The address space that was set, if one was; otherwise the context gets its own.
    pub fn vm(&self) -> Option<&V> {
        self.vm.as_ref()
    }

    /// The engine map that was set, if one was.
    pub fn engines(&self) -> Option<&EngineMap> {
        self.engines.as_ref().map(|map| map.borrow())
    }

    /// Whether all engines of the context are one timeline.
    pub fn single_timeline(&self) -> bool {
        self.single_timeline
    }

    /// The engine map the context will have: its own, or the legacy one.
    pub fn effective_engines(&self, facts: &PlatformFacts) -> EngineMap {
        match self.engines() {
            Some(map) => map.clone(),
            None => EngineMap::legacy(facts, self.legacy_sseu),
        }
    }

    /// The parameters the context begins its life with.
    pub fn params(&self) -> ContextParams {
        ContextParams {
            common: self.common,
            user_engines: self.engines.is_some(),
            vm_bind_mode: self.vm_bind_mode,
        }
    }
}

/// What remains to be done to set a live context's parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetLive {
    /// Nothing.
    Done,
    /// The priority is now this: tell the device.
    Priority(i32),
    /// Whether the context is recoverable or leaves error states has changed: the device
    /// is told with the next submission.
    Flags(ContextFlags),
    /// Read the structure at the parameter's value, find the slot with
    /// [`ContextParams::sseu_slot`] and have it judged by [`live_sseu`]. The size handed
    /// back to userspace is [`USER_SSEU_SIZE`].
    Sseu,
}

/// What CONTEXT_GETPARAM answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Get {
    /// This value, and size 0.
    Value(u64),
    /// A new id, in the file's table, of the context's address space; and size 0.
    NewVmId,
    /// The size [`USER_SSEU_SIZE`] and nothing else: only the size was asked for.
    SseuSize,
    /// Read the structure at the parameter's value, find the slot with
    /// [`ContextParams::sseu_slot`], write the slot's slices into it, and answer the size
    /// [`USER_SSEU_SIZE`].
    Sseu,
}

/// The parameters of a context that is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextParams {
    common: Common,
    user_engines: bool,
    vm_bind_mode: bool,
}

impl ContextParams {
    /// Judges a parameter, and sets it if nothing must be fetched (`ctx_setparam`).
    /// Address space and engine map are `EINVAL`. On an error nothing has changed.
    pub fn set(
        &mut self,
        environment: &Environment<'_>,
        caller: &impl Caller,
        parameter: &Parameter,
    ) -> Result<SetLive> {
        let before = self.common;
        match self.common.set(environment, caller, parameter)? {
            Judged::Done if self.vm_bind_mode && self.common.flags.recoverable => {
                self.common = before;
                Err(Errno::EINVAL)
            }
            Judged::Done if self.common.flags == before.flags => Ok(SetLive::Done),
            Judged::Done => Ok(SetLive::Flags(self.common.flags)),
            Judged::Priority(priority) => Ok(SetLive::Priority(priority)),
            Judged::Sseu => Ok(SetLive::Sseu),
            Judged::Persistence(persistent) => {
                // What it is already, it may be (__context_set_persistence).
                if persistent != self.common.flags.persistent {
                    check_persistence(environment, persistent)?;
                    self.common.flags.persistent = persistent;
                }
                Ok(SetLive::Done)
            }
            Judged::Other => Err(Errno::EINVAL),
        }
    }

    /// What a parameter is answered (`i915_gem_context_getparam_ioctl`). The ioctl looks
    /// the context up first, and that is a use: a proto-context becomes a context even if
    /// the parameter is one that nobody knows.
    pub fn get(&self, facts: &PlatformFacts, param: u64, size: u32) -> Result<Get> {
        let flags = self.common.flags;
        Ok(Get::Value(match param {
            I915_CONTEXT_PARAM_GTT_SIZE => facts.address_space_size(),
            I915_CONTEXT_PARAM_NO_ERROR_CAPTURE => u64::from(flags.no_error_capture),
            I915_CONTEXT_PARAM_BANNABLE => u64::from(flags.bannable),
            I915_CONTEXT_PARAM_RECOVERABLE => u64::from(flags.recoverable),
            I915_CONTEXT_PARAM_PERSISTENCE => u64::from(flags.persistent),
            I915_CONTEXT_PARAM_PRIORITY => i64::from(self.common.priority) as u64,
            I915_CONTEXT_PARAM_PROTECTED_CONTENT => 0,
            I915_CONTEXT_PARAM_VM => return Ok(Get::NewVmId),
            I915_CONTEXT_PARAM_SSEU if size == 0 => return Ok(Get::SseuSize),
            I915_CONTEXT_PARAM_SSEU => {
                valid_if(size >= USER_SSEU_SIZE)?;
                return Ok(Get::Sseu);
            }
            _ => return Err(Errno::EINVAL),
        }))
    }

    /// The slot of the context's map that an SSEU structure names
    /// (`lookup_user_engine`): by index if the context has a map of its own, by class and
    /// instance if not. Everything wrong is `EINVAL`.
    pub fn sseu_slot(
        &self,
        facts: &PlatformFacts,
        map: &EngineMap,
        user: &UserSseu,
    ) -> Result<SlotIndex> {
        let by_index = user.check_header()?;
        valid_if(by_index == self.user_engines)?;
        let index = if by_index {
            usize::from(user.engine.instance)
        } else {
            facts.find_engine(user.engine).ok_or(Errno::EINVAL)?.get()
        };
        map.find_filled(index)
    }

    /// What the context is or isn't.
    pub fn flags(&self) -> ContextFlags {
        self.common.flags
    }

    /// Its scheduling priority.
    pub fn priority(&self) -> i32 {
        self.common.priority
    }

    /// Whether it was given an engine map, so that submissions name slots.
    pub fn has_user_engines(&self) -> bool {
        self.user_engines
    }
}

/// The slices a live context is to have on a slot's engine (`set_sseu`): `ENODEV` unless
/// the engine renders, `EINVAL` for what the device can't be.
pub fn live_sseu(facts: &PlatformFacts, slot: &EngineSlot, user: &UserSseu) -> Result<Sseu> {
    if slot.class(facts) != Some(I915_ENGINE_CLASS_RENDER) {
        return Err(Errno::ENODEV);
    }
    Sseu::from_user(facts, user)
}

#[cfg(test)]
mod tests;
