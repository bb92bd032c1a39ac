//! Files, contexts and address spaces that are made, used for the first time and given
//! back while memory runs out.

use libtest_mimic::Trial;
use nix::errno::Errno;
use virtio_igpu_guest_tests::client::{AddressSpace, Context, Device, Engine, Param, Result};
use virtio_igpu_guest_tests::sys::uapi::*;

use super::parameters::{Chain, every_map};
use super::{Attempt, Probe, every_allocation};
use crate::rig::{Outcome, ensure, trials};

pub(super) fn tests() -> Vec<Trial> {
    trials!("fault_injection":
        opening_the_device, closing_the_device, creating_a_context,
        creating_a_context_with_every_parameter, creating_an_address_space,
        first_use_by_reset_stats, first_use_by_getparam, first_use_by_execbuffer2,
        first_use_of_every_engine_map, address_space_of_a_context, later_execbuffer2,
        destroying_contexts_and_address_spaces,
    )
}

/// open(2): the file with its default context.
fn opening_the_device() -> Outcome {
    let path = Device::open()?.path().to_path_buf();
    every_allocation("opening the device", 3, |attempt| {
        let opened = attempt.call(|| Device::open_path(&path))?;
        let device = match opened {
            Some(device) => device,
            None => Device::open_path(&path)?,
        };
        let context = Context::create(&device)?;
        Probe::new(&device)?.runs(&device, &context, 0)
    })
}

/// close(2) can't fail: everything of the file goes, used or not.
fn closing_the_device() -> Outcome {
    every_allocation("closing the device", 0, |attempt| {
        let device = Device::open()?;
        let used = Context::create(&device)?;
        Probe::new(&device)?.runs(&device, &used, 0)?;
        let vm = AddressSpace::create_legacy(&device)?;
        let unused = Context::with_params(&device, &[Param::Vm(vm.id())])?;
        // The file takes them along.
        std::mem::forget((used, unused, vm));
        attempt.call_that_cannot_fail(|| {
            drop(device);
            Ok(())
        })
    })
}

/// CONTEXT_CREATE without parameters.
fn creating_a_context() -> Outcome {
    every_allocation("CONTEXT_CREATE", 1, |attempt| {
        let device = Device::open()?;
        let flags = I915_CONTEXT_CREATE_FLAGS_SINGLE_TIMELINE;
        let context = match attempt.call(|| Context::create_raw(&device, flags, 0))? {
            Some(context) => context,
            None => Context::create_raw(&device, flags, 0)?,
        };
        Probe::new(&device)?.runs(&device, &context, 0)
    })
}

/// CONTEXT_CREATE_EXT with a link for each parameter that the platform lets one set.
fn creating_a_context_with_every_parameter() -> Outcome {
    every_allocation("CONTEXT_CREATE_EXT", 3, |attempt| {
        let device = Device::open()?;
        let vm = AddressSpace::create_legacy(&device)?;
        let chain = Chain::of_every_parameter(&device, &vm)?;
        let flags = I915_CONTEXT_CREATE_FLAGS_USE_EXTENSIONS;
        let create = || Context::create_raw(&device, flags, chain.address());
        let context = match attempt.call(create)? {
            Some(context) => context,
            None => create()?,
        };
        chain.is_set_on(&context)?;
        Probe::new(&device)?.runs(&device, &context, 0)
    })
}

/// VM_CREATE in both modes.
fn creating_an_address_space() -> Outcome {
    fn create(device: &Device, bind_mode: bool) -> Result<AddressSpace<'_>> {
        match bind_mode {
            true => AddressSpace::create(device),
            false => AddressSpace::create_legacy(device),
        }
    }
    for bind_mode in [false, true] {
        let what = format!("VM_CREATE, VM_BIND mode: {bind_mode}");
        every_allocation(&what, 1, |attempt| {
            let device = Device::open()?;
            let vm = match attempt.call(|| create(&device, bind_mode))? {
                Some(vm) => vm,
                None => create(&device, bind_mode)?,
            };
            let params = [Param::Recoverable(false), Param::Vm(vm.id())];
            Context::with_params(&device, &params)?.reset_stats()?;
            Ok(())
        })?;
    }
    Ok(())
}

/// A first use that fails to build the context leaves it as it was: its address space can
/// still be set, which it can't of a context in use.
fn still_unused(device: &Device, context: &Context<'_>) -> Outcome {
    let vm = AddressSpace::create_legacy(device)?;
    context.set(&Param::Vm(vm.id()))?;
    Ok(())
}

/// GET_RESET_STATS builds the context, and nothing of it can fail after that.
fn first_use_by_reset_stats() -> Outcome {
    every_allocation("first use by GET_RESET_STATS", 5, |attempt| {
        let device = Device::open()?;
        let context = Context::create(&device)?;
        if attempt.call(|| context.reset_stats())?.is_none() {
            still_unused(&device, &context)?;
        }
        Probe::new(&device)?.runs(&device, &context, 0)
    })
}

/// CONTEXT_GETPARAM of a value builds the context, and nothing of it can fail after that.
fn first_use_by_getparam() -> Outcome {
    every_allocation("first use by GETPARAM", 5, |attempt| {
        let device = Device::open()?;
        let context = Context::create(&device)?;
        if attempt
            .call(|| context.get(I915_CONTEXT_PARAM_GTT_SIZE))?
            .is_none()
        {
            still_unused(&device, &context)?;
        }
        Probe::new(&device)?.runs(&device, &context, 0)
    })
}

/// EXECBUFFER2 builds the context, and may fail before or after that; once more, it runs.
fn first_use_by_execbuffer2() -> Outcome {
    every_allocation("first use by EXECBUFFER2", 10, |attempt| {
        let device = Device::open()?;
        let context = Context::create(&device)?;
        let probe = Probe::new(&device)?;
        let mut submission = probe.submission(&context, 0);
        let submitted = attempt.call(|| submission.submit(&device))?;
        if submitted.is_none() {
            let vm = AddressSpace::create_legacy(&device)?;
            match context.set(&Param::Vm(vm.id())) {
                Err(error) if error.errno() != Some(Errno::EINVAL) => return Err(error.into()),
                _ => {}
            }
            probe.submission(&context, 0).submit(&device)?;
        }
        probe.has_run()
    })
}

/// The same for contexts with engine maps of all kinds, by GET_RESET_STATS.
fn first_use_of_every_engine_map() -> Outcome {
    for map in every_map(&Device::open()?)? {
        every_allocation(&format!("first use with {}", map.name), 5, |attempt| {
            let device = Device::open()?;
            let context = Context::create(&device)?;
            map.set(&device, context.id())?;
            if attempt.call(|| context.reset_stats())?.is_none() {
                still_unused(&device, &context)?;
            }
            Probe::new(&device)?.runs(&device, &context, map.runs_on)
        })?;
    }
    Ok(())
}

/// CONTEXT_GETPARAM VM of a context in use: a new handle, or none.
fn address_space_of_a_context() -> Outcome {
    every_allocation("GETPARAM VM", 0, |attempt| {
        let device = Device::open()?;
        let context = Context::create(&device)?;
        context.reset_stats()?;
        let handle = match attempt.call(|| context.get(I915_CONTEXT_PARAM_VM))? {
            Some(handle) => handle,
            None => context.get(I915_CONTEXT_PARAM_VM)?,
        };
        let handle = u32::try_from(handle).map_err(|error| error.to_string())?;
        let vm = AddressSpace::from_id(&device, handle);
        let other = Context::with_params(&device, &[Param::Vm(vm.id())])?;
        Probe::new(&device)?.runs(&device, &other, 0)
    })
}

/// EXECBUFFER2 with a context in use: it is queued whole or not at all.
fn later_execbuffer2() -> Outcome {
    every_allocation("later EXECBUFFER2", 3, |attempt| {
        let device = Device::open()?;
        let context = Context::with_params(&device, &[Param::engines(&[Engine::BCS0])])?;
        context.reset_stats()?;
        let probe = Probe::new(&device)?;
        let mut submission = probe.submission(&context, 0);
        if attempt.call(|| submission.submit(&device))?.is_none() {
            ensure!(
                probe.target.busy()? == 0,
                "an object of a submission that failed is busy"
            );
            probe.submission(&context, 0).submit(&device)?;
        }
        probe.has_run()
    })
}

/// CONTEXT_DESTROY and VM_DESTROY can't fail for want of memory.
fn destroying_contexts_and_address_spaces() -> Outcome {
    let used = |device: &Device, attempt: &mut Attempt<'_>| -> Outcome {
        let context = Context::create(device)?;
        Probe::new(device)?.runs(device, &context, 0)?;
        attempt.call_that_cannot_fail(|| context.destroy())
    };
    let unused = |device: &Device, attempt: &mut Attempt<'_>| -> Outcome {
        let context = Context::create(device)?;
        attempt.call_that_cannot_fail(|| context.destroy())
    };
    let vm = |device: &Device, attempt: &mut Attempt<'_>| -> Outcome {
        let vm = AddressSpace::create(device)?;
        attempt.call_that_cannot_fail(|| vm.destroy())
    };
    every_allocation("CONTEXT_DESTROY after use", 0, |attempt| {
        used(&Device::open()?, attempt)
    })?;
    every_allocation("CONTEXT_DESTROY before use", 0, |attempt| {
        unused(&Device::open()?, attempt)
    })?;
    every_allocation("VM_DESTROY", 0, |attempt| vm(&Device::open()?, attempt))
}
