//! Contexts and address spaces. What is set at creation and what is set by a call is
//! held to the same rules.

use libtest_mimic::Trial;
use nix::errno::Errno::{E2BIG, EFAULT, EINVAL, ENODEV, ENOENT};
use virtio_igpu_guest_tests::client::{AddressSpace, Context, Device, Param, SetParam};
use virtio_igpu_guest_tests::sys::request::{self, Out};
use virtio_igpu_guest_tests::sys::uapi::*;
use virtio_igpu_guest_tests::sys::{address_of, address_of_slice};

use super::{Case, KERNEL, NOBODY, UNMAPPED, cases, check};
use crate::rig::{Outcome, ensure_eq, trials};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("bad_input":
        context_create, context_create_setparam, context_destroy, context_getparam,
        context_setparam, context_setparam_after_first_use, vm_create,
        vm_destroy, get_reset_stats,
    )
}

type ParamArgument = drm_i915_gem_context_param;

// Too new for many a header.
const LOW_LATENCY: u32 = 0xe;
const CONTEXT_IMAGE: u32 = 0xf;

/// Contexts can still be made.
fn creates(device: &Device) -> Outcome {
    Ok(Context::create(device)?.destroy()?)
}

/// CONTEXT_CREATE_EXT: flags and the chain.
fn context_create() -> Outcome {
    type Argument = drm_i915_gem_context_create_ext;
    let device = Device::open()?;
    let link = |name| i915_user_extension {
        name,
        ..Default::default()
    };
    let set = || SetParam {
        param: Param::Priority(0).to_uapi(),
        ..Default::default()
    };
    let (clone, unknown) = (link(1), link(2));
    let flags = i915_user_extension {
        flags: 8,
        ..link(0)
    };
    let mut reserved = set();
    reserved.base.rsvd[1] = 1;
    let mut names_a_context = set();
    names_a_context.param.ctx_id = 1;
    let mut leads_nowhere = set();
    leads_nowhere.base.next_extension = UNMAPPED;
    let mut wrong_and_nowhere = leads_nowhere;
    wrong_and_nowhere.param.ctx_id = 1;
    let mut round = Box::new(set());
    round.base.next_extension = address_of(&*round);
    let mut chain = vec![set(); 513];
    for index in 1..chain.len() {
        chain[index - 1].base.next_extension = address_of(&chain[index]);
    }
    let extended = I915_CONTEXT_CREATE_FLAGS_USE_EXTENSIONS;
    let good = || Argument {
        flags: extended,
        ..Default::default()
    };
    let of = |address: u64| move |a: &mut Argument| a.extensions = address;
    let cases = cases! { Argument;
        "an unknown flag", EINVAL, "two are known", |a| a.flags |= 4;
        "the highest flag", EINVAL, "two are known", |a| { a.flags |= 1 << 31 };
        "an unreadable chain", EFAULT, "the chain is read", of(UNMAPPED);
        "a chain that leads nowhere", EFAULT, "the chain is read", of(address_of(&leads_nowhere));
        "a chain that goes round", E2BIG, "512 links at most", of(address_of(&*round));
        "a chain of 513 links", E2BIG, "512 links at most", of(address_of_slice(&chain));
        "CLONE", EINVAL, "it is gone", of(address_of(&clone));
        "an unknown extension", EINVAL, "no such name", of(address_of(&unknown));
        "a flag of a link", EINVAL, "flags must be 0", of(address_of(&flags));
        "a reserved field", EINVAL, "rsvd must be 0", of(address_of(&reserved));
        "SETPARAM with a context", EINVAL, "ctx_id must be 0", of(address_of(&names_a_context));
        "an error and a chain that leads nowhere", EINVAL, "a link is applied before the next is read",
            of(address_of(&wrong_and_nowhere));
    };
    check(
        good,
        |a| device.call::<request::ContextCreate>(a),
        &cases,
        || creates(&device),
    )?;

    // 512 links are fine; and without the flag the chain isn't looked at.
    Context::create_raw(&device, extended, address_of(&chain[1]))?;
    Context::create_raw(&device, 0, UNMAPPED)?;
    Ok(())
}

/// What SETPARAM refuses before first use, as a link of a chain and as a call.
fn bad_params() -> Vec<Case<'static, ParamArgument>> {
    let set = |param: u32, size: u32, value: u64| {
        move |a: &mut ParamArgument| {
            (a.param, a.size, a.value) = (param.into(), size, value);
        }
    };
    let of_size_0 = "these have no size";
    cases! { ParamArgument;
        "an unknown parameter", EINVAL, "default of the switch", set(99, 0, 0);
        "a parameter of more than 32 bits", EINVAL, "default of the switch",
            |a| a.param = 1 << 32 | u64::from(I915_CONTEXT_PARAM_PRIORITY);
        "NO_ZEROMAP", EINVAL, "refused", set(I915_CONTEXT_PARAM_NO_ZEROMAP, 0, 0);
        "BAN_PERIOD", EINVAL, "refused", set(I915_CONTEXT_PARAM_BAN_PERIOD, 0, 0);
        "RINGSIZE", EINVAL, "refused", set(I915_CONTEXT_PARAM_RINGSIZE, 0, 4096);
        "GTT_SIZE", EINVAL, "it is read only", set(I915_CONTEXT_PARAM_GTT_SIZE, 0, 0);
        "LOW_LATENCY", EINVAL, "GuC submission alone", set(LOW_LATENCY, 0, 1);
        "CONTEXT_IMAGE", EINVAL, "a debugging kernel's alone", set(CONTEXT_IMAGE, 32, UNMAPPED);
        "NO_ERROR_CAPTURE's size", EINVAL, of_size_0, set(I915_CONTEXT_PARAM_NO_ERROR_CAPTURE, 8, 1);
        "BANNABLE's size", EINVAL, of_size_0, set(I915_CONTEXT_PARAM_BANNABLE, 8, 1);
        "RECOVERABLE's size", EINVAL, of_size_0, set(I915_CONTEXT_PARAM_RECOVERABLE, 1, 1);
        "PERSISTENCE's size", EINVAL, of_size_0, set(I915_CONTEXT_PARAM_PERSISTENCE, 4, 1);
        "PRIORITY's size", EINVAL, of_size_0, set(I915_CONTEXT_PARAM_PRIORITY, 8, 0);
        "a priority too high", EINVAL, "1023 at most", set(I915_CONTEXT_PARAM_PRIORITY, 0, 1024);
        "a priority too low", EINVAL, "-1023 at least",
            |a| { (a.param, a.size) = (I915_CONTEXT_PARAM_PRIORITY.into(), 0); a.value = (-1024i64).cast_unsigned(); };
        "SSEU too small", EINVAL, "the size comes first", set(I915_CONTEXT_PARAM_SSEU, 1, 0);
        "PROTECTED_CONTENT", ENODEV, "no PXP", set(I915_CONTEXT_PARAM_PROTECTED_CONTENT, 0, 1);
    }
}

/// More of it, that is refused with other errors once the context has been used.
fn bad_creation_params() -> Vec<Case<'static, ParamArgument>> {
    let set = |param: u32, size: u32, value: u64| {
        move |a: &mut ParamArgument| {
            (a.param, a.size, a.value) = (param.into(), size, value);
        }
    };
    cases! { ParamArgument;
        "VM's size", EINVAL, "it has none", set(I915_CONTEXT_PARAM_VM, 4, 1);
        "VM 0", ENOENT, "no VM has the id 0", set(I915_CONTEXT_PARAM_VM, 0, 0);
        "an unknown VM", ENOENT, "no such VM", set(I915_CONTEXT_PARAM_VM, 0, NOBODY.into());
        "a VM of more than 32 bits", ENOENT, "no such VM", set(I915_CONTEXT_PARAM_VM, 0, 1 << 32);
        "ENGINES of size 0", EINVAL, "the header", set(I915_CONTEXT_PARAM_ENGINES, 0, 0);
        "ENGINES too small", EINVAL, "the header", set(I915_CONTEXT_PARAM_ENGINES, 4, UNMAPPED);
        "ENGINES of half an engine", EINVAL, "alignment", set(I915_CONTEXT_PARAM_ENGINES, 10, UNMAPPED);
        "ENGINES of 65 places", EINVAL, "64 at most", set(I915_CONTEXT_PARAM_ENGINES, 8 + 65 * 4, UNMAPPED);
        "unreadable ENGINES", EFAULT, "they are read", set(I915_CONTEXT_PARAM_ENGINES, 12, UNMAPPED);
        "ENGINES at an address of the kernel's", EFAULT, "they are read", set(I915_CONTEXT_PARAM_ENGINES, 12, KERNEL);
        "ENGINES at the end of all addresses", EFAULT, "they are read", set(I915_CONTEXT_PARAM_ENGINES, 12, u64::MAX - 7);
        "an empty map at an unreadable address", EFAULT, "its chain is read", set(I915_CONTEXT_PARAM_ENGINES, 8, UNMAPPED);
    }
}

/// SETPARAM links of CONTEXT_CREATE_EXT.
fn context_create_setparam() -> Outcome {
    let device = Device::open()?;
    let mut cases = bad_params();
    cases.extend(bad_creation_params());
    let call = |param: &mut ParamArgument| {
        let link = SetParam {
            param: *param,
            ..Default::default()
        };
        let flags = I915_CONTEXT_CREATE_FLAGS_USE_EXTENSIONS;
        Context::create_raw(&device, flags, address_of(&link))
    };
    check(
        || Param::Priority(0).to_uapi(),
        call,
        &cases,
        || creates(&device),
    )
}

/// CONTEXT_DESTROY.
fn context_destroy() -> Outcome {
    type Argument = drm_i915_gem_context_destroy;
    let device = Device::open()?;
    let context = Context::create(&device)?;
    let good = || Argument {
        ctx_id: context.id(),
        pad: 0,
    };
    let cases = cases! { Argument;
        "padding", EINVAL, "pad must be 0", |a| { a.pad = 1 };
        "the default context", ENOENT, "it can't be destroyed", |a| a.ctx_id = 0;
        "an unknown context", ENOENT, "no such context", |a| { a.ctx_id = NOBODY };
        "padding and no context", EINVAL, "pad comes first", |a| { (a.pad, a.ctx_id) = (1, NOBODY) };
    };
    let works = || Ok(context.set(&Param::Priority(1))?);
    check(
        good,
        |a| device.call::<request::ContextDestroy>(a),
        &cases,
        works,
    )
}

/// CONTEXT_GETPARAM.
fn context_getparam() -> Outcome {
    let device = Device::open()?;
    let context = Context::create(&device)?;
    // It is used now: what a first use costs isn't the question here.
    context.get(I915_CONTEXT_PARAM_PRIORITY)?;
    let good = || ParamArgument {
        ctx_id: context.id(),
        param: I915_CONTEXT_PARAM_PRIORITY.into(),
        ..Default::default()
    };
    let get = |param: u32| move |a: &mut ParamArgument| a.param = param.into();
    let cases = cases! { ParamArgument;
        "an unknown context", ENOENT, "no such context", |a| a.ctx_id = NOBODY;
        "an unknown parameter", EINVAL, "default of the switch", get(99);
        "ENGINES", EINVAL, "it can't be read", get(I915_CONTEXT_PARAM_ENGINES);
        "RINGSIZE", EINVAL, "refused", get(I915_CONTEXT_PARAM_RINGSIZE);
        "LOW_LATENCY", EINVAL, "it can't be read", get(LOW_LATENCY);
        "CONTEXT_IMAGE", EINVAL, "it can't be read", get(CONTEXT_IMAGE);
        "a parameter of more than 32 bits", EINVAL, "default of the switch",
            |a| a.param = 1 << 32 | u64::from(I915_CONTEXT_PARAM_PRIORITY);
        "NO_ZEROMAP", EINVAL, "refused", get(I915_CONTEXT_PARAM_NO_ZEROMAP);
        "BAN_PERIOD", EINVAL, "refused", get(I915_CONTEXT_PARAM_BAN_PERIOD);
        "SSEU too small", EINVAL, "the structure's size",
            |a| (a.param, a.size) = (I915_CONTEXT_PARAM_SSEU.into(), 8);
        "SSEU unreadable", EFAULT, "it is read", |a| (a.param, a.size) = (I915_CONTEXT_PARAM_SSEU.into(), 64);
    };
    let works = || {
        ensure_eq!(context.get(I915_CONTEXT_PARAM_PRIORITY)?, 0, "the priority");
        Ok(())
    };
    let call =
        |a: &mut ParamArgument| device.call_out::<request::ContextGetParam>(a, Out::Unmapped);
    check(good, call, &cases, works)
}

/// CONTEXT_SETPARAM before first use.
fn context_setparam() -> Outcome {
    let device = Device::open()?;
    let context = Context::create(&device)?;
    let mut cases = bad_params();
    cases.extend(bad_creation_params());
    cases.extend(cases! { ParamArgument;
        "an unknown context", ENOENT, "no such context", |a| a.ctx_id = NOBODY;
    });
    let good = || ParamArgument {
        ctx_id: context.id(),
        ..Param::Priority(0).to_uapi()
    };
    let works = || Ok(context.set(&Param::Priority(2))?);
    check(
        good,
        |a| device.call::<request::ContextSetParam>(a),
        &cases,
        works,
    )?;
    ensure_eq!(context.get(I915_CONTEXT_PARAM_PRIORITY)?, 2, "the priority");
    ensure_eq!(
        context.get(I915_CONTEXT_PARAM_RECOVERABLE)?,
        1,
        "RECOVERABLE"
    );
    Ok(())
}

/// CONTEXT_SETPARAM after first use: what belongs to creation is EINVAL then.
fn context_setparam_after_first_use() -> Outcome {
    let device = Device::open()?;
    let vm = AddressSpace::create_legacy(&device)?;
    let context = Context::create(&device)?;
    context.get(I915_CONTEXT_PARAM_PRIORITY)?;
    let fixed = "it is set at creation";
    let set = |param: u32, size: u32, value: u64| {
        move |a: &mut ParamArgument| {
            (a.param, a.size, a.value) = (param.into(), size, value);
        }
    };
    let mut cases: Vec<_> = bad_params()
        .into_iter()
        .filter(|case| case.what != "PROTECTED_CONTENT")
        .collect();
    cases.extend(cases! { ParamArgument;
        "PROTECTED_CONTENT later", EINVAL, fixed, set(I915_CONTEXT_PARAM_PROTECTED_CONTENT, 0, 1);
        "VM later", EINVAL, fixed, set(I915_CONTEXT_PARAM_VM, 0, vm.id().into());
        "an unknown VM later", EINVAL, fixed, set(I915_CONTEXT_PARAM_VM, 0, NOBODY.into());
        "ENGINES later", EINVAL, fixed, set(I915_CONTEXT_PARAM_ENGINES, 12, UNMAPPED);
    });
    let good = || ParamArgument {
        ctx_id: context.id(),
        ..Param::Priority(0).to_uapi()
    };
    let works = || Ok(context.set(&Param::Priority(3))?);
    check(
        good,
        |a| device.call::<request::ContextSetParam>(a),
        &cases,
        works,
    )
}

/// VM_CREATE.
fn vm_create() -> Outcome {
    type Argument = drm_i915_gem_vm_control;
    let device = Device::open()?;
    let extension = i915_user_extension::default();
    let bind = I915_VM_CREATE_FLAGS_USE_VM_BIND;
    let good = || Argument {
        flags: bind,
        ..Default::default()
    };
    let cases = cases! { Argument;
        "an unknown flag", EINVAL, "one is known", |a| a.flags = 2;
        "an unknown flag beside the known", EINVAL, "one is known", |a| a.flags = bind | 1 << 31;
        "any extension", EINVAL, "none is known", |a| { a.extensions = address_of(&extension) };
        "an unreadable extension", EFAULT, "the chain is read", |a| a.extensions = UNMAPPED;
    };
    let works = || Ok(AddressSpace::create(&device)?.destroy()?);
    check(good, |a| device.call::<request::VmCreate>(a), &cases, works)
}

/// VM_DESTROY.
fn vm_destroy() -> Outcome {
    type Argument = drm_i915_gem_vm_control;
    let device = Device::open()?;
    let vm = AddressSpace::create(&device)?;
    let good = || Argument {
        vm_id: vm.id(),
        ..Default::default()
    };
    let cases = cases! { Argument;
        "a flag", EINVAL, "flags must be 0", |a| { a.flags = 1 };
        "an extension", EINVAL, "none, not even unreadable ones", |a| a.extensions = UNMAPPED;
        "VM 0", ENOENT, "no VM has the id 0", |a| a.vm_id = 0;
        "an unknown VM", ENOENT, "no such VM", |a| a.vm_id = NOBODY;
        "a flag and no VM", EINVAL, "flags come first", |a| { (a.flags, a.vm_id) = (1, NOBODY) };
    };
    let works = || Ok(vm.unbind(0, 4096)?);
    check(
        good,
        |a| device.call::<request::VmDestroy>(a),
        &cases,
        works,
    )
}

/// GET_RESET_STATS.
fn get_reset_stats() -> Outcome {
    type Argument = drm_i915_reset_stats;
    let device = Device::open()?;
    let context = Context::create(&device)?;
    context.reset_stats()?;
    let good = || Argument {
        ctx_id: context.id(),
        ..Default::default()
    };
    let cases = cases! { Argument;
        "a flag", EINVAL, "flags must be 0", |a| { a.flags = 1 };
        "padding", EINVAL, "pad must be 0", |a| a.pad = 1;
        "an unknown context", ENOENT, "no such context", |a| { a.ctx_id = NOBODY };
        "a flag and no context", EINVAL, "flags come first", |a| { (a.flags, a.ctx_id) = (1, NOBODY) };
    };
    let works = || Ok(context.reset_stats().map(drop)?);
    check(
        good,
        |a| device.call::<request::GetResetStats>(a),
        &cases,
        works,
    )
}
