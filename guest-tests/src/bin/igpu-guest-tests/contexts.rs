//! Contexts: parameters, extension chains, lifetimes. Context ids name a record of what
//! was asked for until the context is first used.

use libtest_mimic::Trial;
use nix::errno::Errno;
use virtio_igpu_guest_tests::client::{
    AddressSpace, Context, Device, Engine, EngineMap, Exec2, LoadBalance, Object, Param,
};
use virtio_igpu_guest_tests::gpu::Batch;
use virtio_igpu_guest_tests::sys::request::{self, Out};
use virtio_igpu_guest_tests::sys::uapi::*;

use crate::rig::{Outcome, PAGE, ensure, ensure_eq, expect_errno, trials, vm_bind_trials};

pub(crate) fn tests() -> Vec<Trial> {
    let mut trials = trials!("contexts":
        default_context, address_space_0_is_nobodys, ids_are_new_and_nonzero, destroyed_id_is_gone, defaults,
        set_and_get, set_and_get_after_first_use, chain_means_the_same_as_calls,
        chain_is_applied_in_its_order, vm_is_shared_by_handle, vm_handle_of_a_context,
        engine_map_is_set_once, vm_and_engines_are_fixed_after_first_use,
        failed_set_leaves_the_map, map_of_64_places, single_timeline, address_space_size,
        reset_stats_of_a_healthy_context, balanced_engines,
    );
    trials.extend(vm_bind_trials!("contexts":
        bind_mode_needs_non_recoverable, many_unused_contexts,
    ));
    trials
}

/// No address space has the handle 0: it can't be destroyed, and is not given out after that
/// was tried.
fn address_space_0_is_nobodys() -> Outcome {
    let device = Device::open()?;
    let mut handles = Vec::new();
    for _ in 0..4 {
        let vm = AddressSpace::create_legacy(&device)?;
        ensure!(vm.id() != 0, "an address space has the handle 0");
        handles.push(vm);
        let mut destroy = drm_i915_gem_vm_control::default();
        let destroyed = device.call::<request::VmDestroy>(&mut destroy);
        expect_errno(destroyed, Errno::ENOENT, "VM_DESTROY of 0")?;
    }
    Ok(())
}

/// Id 0 is there from the start, and can't be destroyed.
fn default_context() -> Outcome {
    let device = Device::open()?;
    let mut stats = drm_i915_reset_stats::default();
    device.call::<request::GetResetStats>(&mut stats)?;
    let mut destroy = drm_i915_gem_context_destroy::default();
    let result = device.call::<request::ContextDestroy>(&mut destroy);
    expect_errno(result, Errno::ENOENT, "destroying the default context")
}

/// CONTEXT_CREATE: each context has an id of its own, never 0.
fn ids_are_new_and_nonzero() -> Outcome {
    let device = Device::open()?;
    let contexts = [(); 10].map(|()| Context::create(&device));
    let mut ids = Vec::new();
    for context in &contexts {
        ids.push(context.as_ref().map_err(ToString::to_string)?.id());
    }
    ids.sort_unstable();
    ids.dedup();
    ensure!(ids.len() == 10 && ids[0] != 0, "ids {ids:?}");
    Ok(())
}

/// CONTEXT_DESTROY: the id is gone for all calls, used or not.
fn destroyed_id_is_gone() -> Outcome {
    let device = Device::open()?;
    for used in [false, true] {
        let context = Context::create(&device)?;
        let ctx_id = context.id();
        if used {
            context.get(I915_CONTEXT_PARAM_GTT_SIZE)?;
        }
        context.destroy()?;
        let mut destroy = drm_i915_gem_context_destroy { ctx_id, pad: 0 };
        let result = device.call::<request::ContextDestroy>(&mut destroy);
        expect_errno(result, Errno::ENOENT, "destroying it again")?;
        let param = u64::from(I915_CONTEXT_PARAM_PRIORITY);
        let mut get = drm_i915_gem_context_param {
            ctx_id,
            param,
            ..Default::default()
        };
        let result = device.call_out::<request::ContextGetParam>(&mut get, Out::Null);
        expect_errno(result, Errno::ENOENT, "GETPARAM")?;
        let result = device.call::<request::ContextSetParam>(&mut get);
        expect_errno(result, Errno::ENOENT, "SETPARAM")?;
    }
    Ok(())
}

/// What a context begins with.
fn defaults() -> Outcome {
    let device = Device::open()?;
    let context = Context::create(&device)?;
    let expected = [
        (I915_CONTEXT_PARAM_NO_ERROR_CAPTURE, 0),
        (I915_CONTEXT_PARAM_BANNABLE, 1),
        (I915_CONTEXT_PARAM_RECOVERABLE, 1),
        (I915_CONTEXT_PARAM_PERSISTENCE, 1),
        (I915_CONTEXT_PARAM_PRIORITY, 0),
        (I915_CONTEXT_PARAM_PROTECTED_CONTENT, 0),
    ];
    for (param, value) in expected {
        ensure_eq!(context.get(param)?, value, "parameter {param}");
    }
    Ok(())
}

/// The parameters that can be changed at any time, with the values they then have.
fn changeable() -> [(Param, u32, u64); 8] {
    [
        (Param::Bannable(false), I915_CONTEXT_PARAM_BANNABLE, 0),
        (Param::Bannable(true), I915_CONTEXT_PARAM_BANNABLE, 1),
        (Param::Recoverable(false), I915_CONTEXT_PARAM_RECOVERABLE, 0),
        (
            Param::NoErrorCapture(true),
            I915_CONTEXT_PARAM_NO_ERROR_CAPTURE,
            1,
        ),
        (Param::Persistence(false), I915_CONTEXT_PARAM_PERSISTENCE, 0),
        (
            Param::Priority(-1023),
            I915_CONTEXT_PARAM_PRIORITY,
            (-1023i64).cast_unsigned(),
        ),
        (Param::Priority(1023), I915_CONTEXT_PARAM_PRIORITY, 1023),
        (Param::Priority(7), I915_CONTEXT_PARAM_PRIORITY, 7),
    ]
}

/// Before first use: what is set is what is got.
fn set_and_get() -> Outcome {
    let device = Device::open()?;
    for (param, name, value) in changeable() {
        let context = Context::create(&device)?;
        context.set(&param)?;
        ensure_eq!(context.get(name)?, value, "{param:?}");
    }
    Ok(())
}

/// After first use: the same.
fn set_and_get_after_first_use() -> Outcome {
    let device = Device::open()?;
    let context = Context::create(&device)?;
    context.get(I915_CONTEXT_PARAM_GTT_SIZE)?;
    for (param, name, value) in changeable() {
        context.set(&param)?;
        ensure_eq!(context.get(name)?, value, "{param:?}");
    }
    Ok(())
}

/// CONTEXT_CREATE_EXT with SETPARAM links sets what the calls set one by one.
fn chain_means_the_same_as_calls() -> Outcome {
    let device = Device::open()?;
    let params = [
        Param::Recoverable(false),
        Param::Priority(-5),
        Param::Persistence(false),
        Param::engines(&[Engine::BCS0]),
    ];
    let chained = Context::with_params(&device, &params)?;
    let called = Context::create(&device)?;
    for param in &params {
        called.set(param)?;
    }
    for name in [
        I915_CONTEXT_PARAM_RECOVERABLE,
        I915_CONTEXT_PARAM_PRIORITY,
        I915_CONTEXT_PARAM_PERSISTENCE,
    ] {
        ensure_eq!(chained.get(name)?, called.get(name)?, "parameter {name}");
    }
    Ok(())
}

/// Of two links for one parameter the later one counts.
fn chain_is_applied_in_its_order() -> Outcome {
    let device = Device::open()?;
    let params = [Param::Priority(1), Param::Priority(2), Param::Priority(3)];
    let context = Context::with_params(&device, &params)?;
    ensure_eq!(context.get(I915_CONTEXT_PARAM_PRIORITY)?, 3, "the priority");
    Ok(())
}

/// Contexts that were given the same VM see each other's objects where they lie.
fn vm_is_shared_by_handle() -> Outcome {
    let device = Device::open()?;
    let vm = AddressSpace::create_legacy(&device)?;
    let contexts = [
        Context::with_params(&device, &[Param::Vm(vm.id())])?,
        Context::with_params(&device, &[Param::Vm(vm.id())])?,
    ];
    let (target, at) = (Object::create(&device, PAGE)?, 0x30_0000_0000);
    for (index, context) in contexts.iter().enumerate() {
        let object = Object::create(&device, PAGE)?;
        let mut batch = Batch::new();
        batch.store_u32(at + 4 * index as u64, 5 + index as u32);
        object.map()?.write_dwords(0, &batch.end());
        let list = vec![target.written_at(at), object.pinned_at(0x4000_0000)];
        Exec2::new(list).context(context).submit(&device)?;
    }
    target.wait(-1)?;
    let memory = target.map()?;
    ensure_eq!(
        (memory.read_u32(0), memory.read_u32(4)),
        (5, 6),
        "what both write"
    );
    Ok(())
}

/// GETPARAM VM hands out a new handle each time; the address space is the same.
fn vm_handle_of_a_context() -> Outcome {
    let device = Device::open()?;
    let context = Context::create(&device)?;
    let id = |value: u64| u32::try_from(value).map_err(|error| error.to_string());
    let first = id(context.get(I915_CONTEXT_PARAM_VM)?)?;
    let second = id(context.get(I915_CONTEXT_PARAM_VM)?)?;
    ensure!(
        first != second && first != 0 && second != 0,
        "handles {first} and {second}"
    );
    AddressSpace::from_id(&device, first).destroy()?;
    let other = Context::with_params(&device, &[Param::Vm(second)])?;
    AddressSpace::from_id(&device, second).destroy()?;
    other.get(I915_CONTEXT_PARAM_GTT_SIZE)?;
    Ok(())
}

/// ENGINES: a context that has a map keeps it.
fn engine_map_is_set_once() -> Outcome {
    let device = Device::open()?;
    let context = Context::create(&device)?;
    context.set(&Param::engines(&[Engine::RCS0]))?;
    let again = context.set(&Param::engines(&[Engine::BCS0]));
    expect_errno(again, Errno::EINVAL, "a second map")
}

/// VM and ENGINES can't be changed any more when the context has been used.
fn vm_and_engines_are_fixed_after_first_use() -> Outcome {
    let device = Device::open()?;
    let vm = AddressSpace::create_legacy(&device)?;
    let context = Context::create(&device)?;
    context.set(&Param::Vm(vm.id()))?;
    context.get(I915_CONTEXT_PARAM_GTT_SIZE)?;
    expect_errno(context.set(&Param::Vm(vm.id())), Errno::EINVAL, "VM")?;
    let engines = Param::engines(&[Engine::RCS0]);
    expect_errno(context.set(&engines), Errno::EINVAL, "ENGINES")
}

/// A map that is refused changes nothing: a good one can be set after it.
fn failed_set_leaves_the_map() -> Outcome {
    let device = Device::open()?;
    let context = Context::create(&device)?;
    let bad = Param::engines(&[
        Engine::RCS0,
        Engine {
            class: 1,
            instance: 9,
        },
    ]);
    expect_errno(
        context.set(&bad),
        Errno::ENOENT,
        "an engine that doesn't exist",
    )?;
    context.set(&Param::engines(&[Engine::VECS0]))?;
    let batch = Object::create(&device, PAGE)?;
    batch.map()?.write_dwords(0, &Batch::new().end());
    let run = |index| {
        let list = vec![batch.pinned_at(0x4000_0000)];
        Exec2::new(list)
            .context(&context)
            .engine(index)
            .submit(&device)
    };
    run(0)?;
    expect_errno(run(1), Errno::EINVAL, "a place of the map that was refused")
}

/// A map has at most 64 places, and all can be used.
fn map_of_64_places() -> Outcome {
    let device = Device::open()?;
    let context = Context::with_params(&device, &[Param::engines(&[Engine::BCS0; 64])])?;
    let batch = Object::create(&device, PAGE)?;
    batch.map()?.write_dwords(0, &Batch::new().end());
    for index in [0, 1, 62, 63] {
        let list = vec![batch.pinned_at(0x4000_0000)];
        Exec2::new(list)
            .context(&context)
            .engine(index)
            .submit(&device)?;
    }
    let too_many = Param::engines(&[Engine::BCS0; 65]);
    let result = Context::create(&device)?.set(&too_many);
    expect_errno(result, Errno::EINVAL, "a map of 65 places")
}

/// SINGLE_TIMELINE: engines of one context in the order of submission.
fn single_timeline() -> Outcome {
    let device = Device::open()?;
    let flags = I915_CONTEXT_CREATE_FLAGS_SINGLE_TIMELINE;
    let context = Context::create_raw(&device, flags, 0)?;
    let (target, at) = (Object::create(&device, PAGE)?, 0x30_0000_0000);
    for number in 0..40u32 {
        let object = Object::create(&device, PAGE)?;
        let mut batch = Batch::new();
        batch
            .copy_u32(at + 64 + 4 * u64::from(number), at)
            .store_u32(at, number + 1);
        object.map()?.write_dwords(0, &batch.end());
        let ring = if number % 2 == 0 {
            I915_EXEC_RENDER
        } else {
            I915_EXEC_BLT
        };
        // Not declared as written, so that nothing but the one timeline orders them.
        let list = vec![
            target.pinned_at(at),
            object.pinned_at(0x4000_0000 + PAGE * u64::from(number)),
        ];
        Exec2::new(list)
            .context(&context)
            .engine(ring)
            .submit(&device)?;
    }
    target.wait(-1)?;
    let memory = target.map()?;
    for number in 0..40 {
        ensure_eq!(
            memory.read_u32(64 + 4 * number),
            number as u32,
            "submission {number}"
        );
    }
    Ok(())
}

/// GTT_SIZE: 48 bits of addresses.
fn address_space_size() -> Outcome {
    let device = Device::open()?;
    let context = Context::create(&device)?;
    ensure_eq!(context.get(I915_CONTEXT_PARAM_GTT_SIZE)?, 1 << 48, "bytes");
    Ok(())
}

/// A context on a VM in VM_BIND mode has to be non-recoverable: EINVAL at its creation.
fn bind_mode_needs_non_recoverable() -> Outcome {
    let device = Device::open()?;
    let vm = AddressSpace::create(&device)?;
    let engines = || Param::engines(&[Engine::RCS0]);
    let recoverable = Context::with_params(&device, &[Param::Vm(vm.id()), engines()]);
    expect_errno(recoverable, Errno::EINVAL, "a recoverable context")?;
    let order = [Param::Vm(vm.id()), engines(), Param::Recoverable(false)];
    Context::with_params(&device, &order)?;
    Ok(())
}

/// A thousand contexts that nobody uses.
fn many_unused_contexts() -> Outcome {
    let device = Device::open()?;
    let vm = AddressSpace::create(&device)?;
    let mut contexts = Vec::new();
    for _ in 0..1000 {
        contexts.push(Context::for_vm(
            &device,
            &vm,
            &[Engine::RCS0, Engine::BCS0],
        )?);
    }
    for context in contexts {
        context.destroy()?;
    }
    Ok(())
}

/// GET_RESET_STATS: nothing to tell.
fn reset_stats_of_a_healthy_context() -> Outcome {
    let device = Device::open()?;
    let context = Context::create(&device)?;
    let stats = context.reset_stats()?;
    ensure_eq!(
        (stats.guilty, stats.innocent),
        (0, 0),
        "guilty and innocent"
    );
    Ok(())
}

/// LOAD_BALANCE: one place for two video engines.
fn balanced_engines() -> Outcome {
    let device = Device::open()?;
    let balance = LoadBalance::new(0, &[Engine::VCS0, Engine::VCS1]);
    let mut map = EngineMap::new(&[Engine::NONE]);
    map.extensions = virtio_igpu_guest_tests::sys::address_of(&balance);
    let context = Context::with_params(&device, &[Param::Engines(Box::new(map))])?;
    let (target, at) = (Object::create(&device, PAGE)?, 0x30_0000_0000);
    let object = Object::create(&device, PAGE)?;
    let mut batch = Batch::new();
    batch.store_u32(at, 9);
    object.map()?.write_dwords(0, &batch.end());
    let list = vec![target.written_at(at), object.pinned_at(0x4000_0000)];
    Exec2::new(list).context(&context).submit(&device)?;
    target.wait(-1)?;
    ensure_eq!(
        target.map()?.read_u32(0),
        9,
        "what one of the two engines writes"
    );
    Ok(())
}
