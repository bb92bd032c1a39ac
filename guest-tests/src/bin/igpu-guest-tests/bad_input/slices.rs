//! SSEU: what a context may be told about slices, before its first use and after it, with
//! and without an engine map. On Gen11 alone; elsewhere it is ENODEV whatever is there.

use libtest_mimic::Trial;
use nix::errno::Errno::{self, EFAULT, EINVAL, ENODEV};
use virtio_igpu_guest_tests::client::{Context, Device, Engine, Param, Result};
use virtio_igpu_guest_tests::sys::memory::Island;
use virtio_igpu_guest_tests::sys::request::{self, Out};
use virtio_igpu_guest_tests::sys::uapi::*;

use super::UNMAPPED;
use crate::rig::{Outcome, ensure_eq, expect_errno, trials};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("bad_input": slices_on_this_platform, slices_by_index)
}

/// `struct drm_i915_gem_context_param_sseu`
const BYTES: u32 = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slices {
    engine: Engine,
    flags: u32,
    slices: u64,
    subslices: u64,
    units: (u16, u16),
    reserved: u32,
}

impl Slices {
    fn bytes(self) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(self.engine.class.to_ne_bytes());
        bytes.extend(self.engine.instance.to_ne_bytes());
        bytes.extend(self.flags.to_ne_bytes());
        bytes.extend(self.slices.to_ne_bytes());
        bytes.extend(self.subslices.to_ne_bytes());
        bytes.extend(self.units.0.to_ne_bytes());
        bytes.extend(self.units.1.to_ne_bytes());
        bytes.extend(self.reserved.to_ne_bytes());
        bytes
    }

    /// By index of a map.
    fn at(self, instance: u16) -> Self {
        let class = 0;
        Self {
            flags: I915_CONTEXT_SSEU_FLAG_ENGINE_INDEX,
            engine: Engine { class, instance },
            ..self
        }
    }
}

/// SETPARAM SSEU of something at an address; the size that comes back.
fn set_at(context: &Context<'_>, device: &Device, address: u64, size: u32) -> Result<u32> {
    let mut argument = drm_i915_gem_context_param {
        ctx_id: context.id(),
        size,
        param: I915_CONTEXT_PARAM_SSEU.into(),
        value: address,
    };
    device.call::<request::ContextSetParam>(&mut argument)?;
    Ok(argument.size)
}

fn set(context: &Context<'_>, device: &Device, slices: Slices, size: u32) -> Result<u32> {
    let bytes = slices.bytes();
    let address = virtio_igpu_guest_tests::sys::address_of_slice(&bytes);
    set_at(context, device, address, size)
}

/// What the context has on an engine, with the reserved field 0.
fn get(context: &Context<'_>, device: &Device, of: Slices) -> Result<Slices> {
    let mut memory = of.bytes();
    let mut argument = drm_i915_gem_context_param {
        ctx_id: context.id(),
        size: BYTES,
        param: I915_CONTEXT_PARAM_SSEU.into(),
        value: 0,
    };
    device.call_out::<request::ContextGetParam>(&mut argument, Out::Memory(&mut memory))?;
    let u64_at = |at: usize| {
        let bytes = std::array::from_fn(|index| memory[at + index]);
        u64::from_ne_bytes(bytes)
    };
    let u16_at = |at: usize| u16::from_ne_bytes([memory[at], memory[at + 1]]);
    Ok(Slices {
        slices: u64_at(8),
        subslices: u64_at(16),
        units: (u16_at(24), u16_at(26)),
        reserved: 0,
        ..of
    })
}

/// All of the device, on the render engine.
fn whole(device: &Device) -> Result<Slices> {
    let asked = Slices {
        engine: Engine::RCS0,
        flags: 0,
        slices: 0,
        subslices: 0,
        units: (0, 0),
        reserved: 0,
    };
    get(&Context::create(device)?, device, asked)
}

/// Half of its subslices.
fn half(whole: Slices) -> Slices {
    let count = whole.subslices.count_ones() / 2;
    Slices {
        subslices: (1 << count) - 1,
        ..whole
    }
}

/// Whether the platform has it: i915 asks for Gen11, whose device ids begin so.
fn has_sseu(device: &Device) -> Result<bool> {
    Ok(device.param(I915_PARAM_CHIPSET_ID)? >> 8 == 0x8a)
}

/// `set_proto_ctx_sseu` and `set_sseu` with the legacy engines.
fn slices_on_this_platform() -> Outcome {
    let device = Device::open()?;
    let gen11 = has_sseu(&device)?;
    let whole = whole(&device)?;
    let half = half(whole);
    let other = |errno| if gen11 { errno } else { ENODEV };
    let copy = Slices {
        engine: Engine::BCS0,
        ..whole
    };
    let nobody = Engine {
        class: 0,
        instance: 1,
    };
    let cases: [(&str, Slices); 15] = [
        (
            "a reserved field",
            Slices {
                reserved: 1,
                ..half
            },
        ),
        ("an unknown flag", Slices { flags: 2, ..half }),
        ("an index without a map", half.at(0)),
        (
            "an unknown engine",
            Slices {
                engine: nobody,
                ..half
            },
        ),
        ("no slices", Slices { slices: 0, ..half }),
        (
            "no subslices",
            Slices {
                subslices: 0,
                ..half
            },
        ),
        (
            "no units at least",
            Slices {
                units: (0, half.units.1),
                ..half
            },
        ),
        (
            "no units at most",
            Slices {
                units: (half.units.0, 0),
                ..half
            },
        ),
        (
            "more units at least than at most",
            Slices {
                units: (half.units.0, half.units.1 - 1),
                ..half
            },
        ),
        (
            "fewer units",
            Slices {
                units: (half.units.0 - 1, half.units.1 - 1),
                ..half
            },
        ),
        (
            "units there are not",
            Slices {
                units: (half.units.0 + 1, half.units.1 + 1),
                ..half
            },
        ),
        (
            "a slice there is not",
            Slices {
                slices: 1 << 1,
                ..half
            },
        ),
        (
            "a slice of more than 8 bits",
            Slices {
                slices: 1 << 8 | 1,
                ..half
            },
        ),
        (
            "a subslice there is not",
            Slices {
                subslices: 1 << 40 | half.subslices,
                ..half
            },
        ),
        (
            "a quarter of the subslices",
            Slices {
                subslices: half.subslices >> 2,
                ..half
            },
        ),
    ];
    let island = Island::new()?;
    for used in [false, true] {
        let context = Context::create(&device)?;
        if used {
            context.get(I915_CONTEXT_PARAM_PRIORITY)?;
        }
        for size in [0, 1, BYTES - 1] {
            let result = set_at(&context, &device, UNMAPPED, size);
            expect_errno(result, EINVAL, &format!("a size of {size}"))?;
        }
        for (what, slices) in &cases {
            let result = set(&context, &device, *slices, BYTES);
            expect_errno(result, other(EINVAL), what)?;
        }
        let refused: Errno = if used { ENODEV } else { EINVAL };
        let result = set(&context, &device, copy, BYTES);
        expect_errno(result, other(refused), "the copy engine")?;
        for readable in (0..BYTES as usize).step_by(4) {
            let address = island.cut_after(&half.bytes(), readable);
            let result = set_at(&context, &device, address, BYTES);
            expect_errno(result, other(EFAULT), &format!("{readable} bytes"))?;
        }
        let result = set(&context, &device, half, BYTES + 32);
        if gen11 {
            ensure_eq!(result?, BYTES, "the size that is answered");
            let refused = set(&context, &device, Slices { slices: 0, ..whole }, BYTES);
            expect_errno(refused, EINVAL, "no slices, after half of them")?;
            ensure_eq!(get(&context, &device, half)?, half, "what was set");
            set(&context, &device, whole, BYTES)?;
        } else {
            expect_errno(result, ENODEV, "what is right on Gen11")?;
        }
        ensure_eq!(
            get(&context, &device, whole)?,
            whole,
            "the slices in the end"
        );
    }
    Ok(())
}

/// The same with a map, whose slots are named by index.
fn slices_by_index() -> Outcome {
    let device = Device::open()?;
    let gen11 = has_sseu(&device)?;
    let whole = whole(&device)?;
    let half = half(whole);
    let other = |errno| if gen11 { errno } else { ENODEV };
    for used in [false, true] {
        let context = Context::create(&device)?;
        // What is set for the legacy engine is gone with it.
        let legacy = set(&context, &device, half, BYTES);
        if gen11 {
            legacy?;
        } else {
            expect_errno(legacy, ENODEV, "what is right on Gen11")?;
        }
        context.set(&Param::engines(&[
            Engine::BCS0,
            Engine::NONE,
            Engine::RCS0,
            Engine::RCS0,
        ]))?;
        if used {
            context.get(I915_CONTEXT_PARAM_PRIORITY)?;
        }
        let copy: Errno = if used { ENODEV } else { EINVAL };
        for (what, errno, slices) in [
            ("an engine's name", EINVAL, half),
            ("the copy engine", copy, half.at(0)),
            ("an empty slot", EINVAL, half.at(1)),
            ("the slot behind the last", EINVAL, half.at(4)),
            ("a slot far away", EINVAL, half.at(0xffff)),
        ] {
            let result = set(&context, &device, slices, BYTES);
            expect_errno(result, other(errno), what)?;
        }
        let result = set(&context, &device, half.at(3), BYTES);
        if gen11 {
            ensure_eq!(result?, BYTES, "the size that is answered");
        } else {
            expect_errno(result, ENODEV, "what is right on Gen11")?;
        }
        let last = if gen11 { half } else { whole };
        ensure_eq!(get(&context, &device, half.at(2))?, whole.at(2), "slot 2");
        ensure_eq!(get(&context, &device, half.at(3))?, last.at(3), "slot 3");
    }
    Ok(())
}
