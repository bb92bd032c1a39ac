//! ENGINES and its extensions, each set on a context that keeps no map from it; and
//! structures of which memory holds only a part.

use libtest_mimic::Trial;
use nix::errno::Errno;
use nix::errno::Errno::{E2BIG, EEXIST, EFAULT, EINVAL, ENOENT};
use virtio_igpu_guest_tests::client::{
    Context, Device, Engine, EngineMap, Param, Result, SetParam,
};
use virtio_igpu_guest_tests::sys::address_of_slice;
use virtio_igpu_guest_tests::sys::memory::{Island, ReadOnly};
use virtio_igpu_guest_tests::sys::request::{self, Out};
use virtio_igpu_guest_tests::sys::uapi::*;

use super::{UNMAPPED, case, cases, check};
use crate::rig::{Outcome, ensure, ensure_eq, expect_errno, trials};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("bad_input":
        engine_map, engine_map_load_balance, engine_map_bond, engine_map_parallel_submit,
        engine_map_cut_off, context_create_cut_off, context_getparam_sseu,
    )
}

/// A structure's bytes, field by field.
#[derive(Clone, Debug, Default)]
struct Fields(Vec<u8>);

impl Fields {
    /// The header of an extension that is the last of its chain.
    fn extension(name: u32) -> Self {
        let words = [0; 4];
        words
            .iter()
            .fold(Self::default().u64(0).u32(name).u32(0), |bytes, word| {
                bytes.u32(*word)
            })
    }

    fn u16(mut self, value: u16) -> Self {
        self.0.extend(value.to_ne_bytes());
        self
    }

    fn u32(mut self, value: u32) -> Self {
        self.0.extend(value.to_ne_bytes());
        self
    }

    fn u64(mut self, value: u64) -> Self {
        self.0.extend(value.to_ne_bytes());
        self
    }

    fn engines(self, engines: &[Engine]) -> Self {
        let add = |bytes: Self, engine: &Engine| bytes.u16(engine.class).u16(engine.instance);
        engines.iter().fold(self, add)
    }

    /// With another value of the byte at an offset.
    fn with(&self, offset: usize, value: u8) -> Self {
        let mut changed = self.clone();
        changed.0[offset] = value;
        changed
    }
}

fn load_balance(slot: u16, siblings: &[Engine]) -> Fields {
    Fields::extension(I915_CONTEXT_ENGINES_EXT_LOAD_BALANCE)
        .u16(slot)
        .u16(siblings.len() as u16)
        .u32(0)
        .u64(0)
        .engines(siblings)
}

fn bond(slot: u16, master: Engine, bonds: &[Engine]) -> Fields {
    Fields::extension(I915_CONTEXT_ENGINES_EXT_BOND)
        .engines(&[master])
        .u16(slot)
        .u16(bonds.len() as u16)
        .u64(0)
        .u64(0)
        .u64(0)
        .u64(0)
        .u64(0)
        .engines(bonds)
}

fn parallel_submit(slot: u16, num_siblings: u16, engines: &[Engine]) -> Fields {
    Fields::extension(I915_CONTEXT_ENGINES_EXT_PARALLEL_SUBMIT)
        .u16(slot)
        .u16(engines.len() as u16)
        .u16(num_siblings)
        .u16(0)
        .u64(0)
        .u64(0)
        .u64(0)
        .u64(0)
        .engines(engines)
}

/// Contexts can still be made.
fn creates(device: &Device) -> Outcome {
    Ok(Context::create(device)?.destroy()?)
}

/// An engine nobody has.
const NO_SUCH: Engine = Engine {
    class: 2,
    instance: 9,
};
/// Slot 0 of the maps below is taken, slot 1 and 2 are free, and there are no more.
const SLOTS: [Engine; 3] = [Engine::RCS0, Engine::NONE, Engine::NONE];

/// Sets a map of [`SLOTS`] with a chain of extensions.
fn set(context: &Context<'_>, extensions: u64) -> Result<()> {
    let mut map = EngineMap::new(&SLOTS);
    map.extensions = extensions;
    context.set(&Param::Engines(Box::new(map)))
}

/// Sets maps with one extension each, which must be refused; and then the good one.
fn refused(good: &Fields, entries: &[(&'static str, Errno, &'static str, Fields)]) -> Outcome {
    let device = Device::open()?;
    let context = Context::create(&device)?;
    let entries: Vec<_> = entries
        .iter()
        .map(|(what, errno, why, fields)| {
            case(what, *errno, why, |bytes: &mut Fields| {
                bytes.clone_from(fields)
            })
        })
        .collect();
    let call = |fields: &mut Fields| set(&context, address_of_slice(&fields.0));
    check(|| good.clone(), call, &entries, || creates(&device))?;
    Ok(set(&context, address_of_slice(&good.0))?)
}

/// The engines of a map, and its chain.
fn engine_map() -> Outcome {
    let device = Device::open()?;
    let context = Context::create(&device)?;
    let unknown = Fields::extension(3);
    let far = Fields::extension(u32::MAX);
    let flags = load_balance(1, &[]).with(12, 1);
    let reserved = load_balance(1, &[]).with(31, 1);
    let mut round = load_balance(1, &[]);
    let address = address_of_slice(&round.0);
    round.0[..8].copy_from_slice(&address.to_ne_bytes());
    let mut nowhere = load_balance(1, &[]);
    nowhere.0[..8].copy_from_slice(&UNMAPPED.to_ne_bytes());
    let good = || EngineMap::new(&SLOTS);
    let extended = |address: u64| move |m: &mut EngineMap| m.extensions = address;
    let engines =
        |engines: &'static [Engine]| move |m: &mut EngineMap| *m = EngineMap::new(engines);
    let cases = cases! { EngineMap;
        "an unknown class", ENOENT, "no such engine", engines(&[Engine { class: 9, instance: 0, }]);
        "an unknown instance", ENOENT, "no such engine", engines(&[Engine { class: 1, instance: 1, }]);
        "half an empty place", ENOENT, "both parts are -1",
            engines(&[Engine { class: u16::MAX, instance: 0, }]);
        "an unknown one after a good one", ENOENT, "no such engine", engines(&[Engine::RCS0, NO_SUCH]);
        "an unknown one and an unreadable chain", ENOENT, "the engines are read first",
            |m| { *m = EngineMap::new(&[NO_SUCH]); m.extensions = UNMAPPED; };
        "an unreadable chain", EFAULT, "the chain is read", extended(UNMAPPED);
        "an unknown extension", EINVAL, "no such name", extended(address_of_slice(&unknown.0));
        "the last name", EINVAL, "no such name", extended(address_of_slice(&far.0));
        "a flag of a link", EINVAL, "flags must be 0", extended(address_of_slice(&flags.0));
        "a reserved field of a link", EINVAL, "rsvd must be 0", extended(address_of_slice(&reserved.0));
        "a chain that goes round", E2BIG, "512 links at most", extended(address);
        "a chain that leads nowhere", EFAULT, "the chain is read", extended(address_of_slice(&nowhere.0));
    };
    let call = |map: &mut EngineMap| context.set(&Param::Engines(Box::new(map.clone())));
    check(good, call, &cases, || creates(&device))?;
    context.set(&Param::engines(&SLOTS))?;
    let again = context.set(&Param::engines(&SLOTS));
    expect_errno(again, EINVAL, "a second map: engines are set once")?;
    let unreadable = drm_i915_gem_context_param {
        ctx_id: context.id(),
        size: 12,
        param: I915_CONTEXT_PARAM_ENGINES.into(),
        value: UNMAPPED,
    };
    let again = device.call::<request::ContextSetParam>(&mut { unreadable });
    expect_errno(again, EINVAL, "a second map is refused before it is read")
}

/// `set_proto_ctx_engines_balance`
fn engine_map_load_balance() -> Outcome {
    let two = [Engine::VCS0, Engine::VCS1];
    let good = load_balance(1, &two);
    refused(
        &good,
        &[
            (
                "a slot that is taken",
                EEXIST,
                "occupied",
                load_balance(0, &two),
            ),
            (
                "the slot behind the last",
                EINVAL,
                "no such slot",
                load_balance(3, &two),
            ),
            (
                "a slot far away",
                EINVAL,
                "no such slot",
                load_balance(0xffff, &two),
            ),
            ("a flag", EINVAL, "flags must be 0", good.with(36, 1)),
            (
                "a high flag",
                EINVAL,
                "flags must be 0",
                good.with(39, 0x80),
            ),
            (
                "a reserved field",
                EINVAL,
                "mbz64 must be 0",
                good.with(47, 1),
            ),
            (
                "an unknown sibling",
                EINVAL,
                "no such engine",
                load_balance(1, &[Engine::VCS0, NO_SUCH]),
            ),
            (
                "only an unknown one",
                EINVAL,
                "no such engine",
                load_balance(1, &[NO_SUCH]),
            ),
            (
                "an empty sibling",
                EINVAL,
                "no such engine",
                load_balance(1, &[Engine::NONE]),
            ),
            (
                "a taken slot and a flag",
                EEXIST,
                "the slot comes first",
                load_balance(0, &two).with(36, 1),
            ),
            (
                "a flag and an unknown sibling",
                EINVAL,
                "flags come first",
                load_balance(1, &[NO_SUCH]).with(36, 1),
            ),
        ],
    )?;

    // Siblings that don't fit together are noticed when the context is built, and then
    // each time; it can be given nothing else any more, and be destroyed.
    let device = Device::open()?;
    for siblings in [
        [Engine::VCS0, Engine::VCS0],
        [Engine::VCS0, Engine::VECS0],
        [Engine::RCS0, Engine::BCS0],
    ] {
        let context = Context::create(&device)?;
        let balance = load_balance(1, &siblings);
        set(&context, address_of_slice(&balance.0))?;
        for _ in 0..2 {
            let built = context.get(I915_CONTEXT_PARAM_PRIORITY);
            expect_errno(
                built,
                EINVAL,
                "building a load balancer that makes no sense",
            )?;
        }
        context.set(&Param::Priority(-1))?;
        let again = context.set(&Param::engines(&SLOTS));
        expect_errno(again, EINVAL, "a second map")?;
        context.destroy()?;
    }
    // One sibling is the engine itself, none leaves the slot empty.
    let context = Context::create(&device)?;
    let none = load_balance(1, &[]);
    let mut one = load_balance(1, &[Engine::VCS1]);
    one.0[..8].copy_from_slice(&address_of_slice(&none.0).to_ne_bytes());
    let full = set(&context, address_of_slice(&one.0));
    expect_errno(full, EEXIST, "none, where one already is")?;
    one.0[..8].fill(0);
    let mut none = none;
    none.0[..8].copy_from_slice(&address_of_slice(&one.0).to_ne_bytes());
    Ok(set(&context, address_of_slice(&none.0))?)
}

/// `set_proto_ctx_engines_bond`
fn engine_map_bond() -> Outcome {
    let good = bond(0, Engine::BCS0, &[Engine::VCS1]);
    refused(
        &good,
        &[
            (
                "an empty slot",
                EINVAL,
                "nothing to bond",
                bond(1, Engine::BCS0, &[Engine::VCS1]),
            ),
            (
                "the slot behind the last",
                EINVAL,
                "no such slot",
                bond(3, Engine::BCS0, &[]),
            ),
            (
                "a slot far away",
                EINVAL,
                "no such slot",
                bond(0xffff, Engine::BCS0, &[]),
            ),
            ("a flag", EINVAL, "flags must be 0", good.with(40, 1)),
            (
                "a reserved field",
                EINVAL,
                "mbz64 must be 0",
                good.with(48, 1),
            ),
            (
                "the last reserved field",
                EINVAL,
                "mbz64 must be 0",
                good.with(79, 1),
            ),
            (
                "an unknown master",
                EINVAL,
                "no such engine",
                bond(0, NO_SUCH, &[]),
            ),
            (
                "an unknown engine",
                EINVAL,
                "no such engine",
                bond(0, Engine::BCS0, &[Engine::VCS0, NO_SUCH]),
            ),
        ],
    )?;

    // A virtual engine has no bonds, and the order of the chain decides which is there.
    let device = Device::open()?;
    let context = Context::create(&device)?;
    let bonded = bond(1, Engine::BCS0, &[Engine::VCS0]);
    let mut balance = load_balance(1, &[Engine::VCS0, Engine::VCS1]);
    balance.0[..8].copy_from_slice(&address_of_slice(&bonded.0).to_ne_bytes());
    let result = set(&context, address_of_slice(&balance.0));
    expect_errno(result, EINVAL, "bonds of a virtual engine")?;
    let mut single = load_balance(1, &[Engine::VCS0]);
    single.0[..8].copy_from_slice(&address_of_slice(&bonded.0).to_ne_bytes());
    Ok(set(&context, address_of_slice(&single.0))?)
}

/// `set_proto_ctx_engines_parallel_submit`
fn engine_map_parallel_submit() -> Outcome {
    let two = [Engine::VCS0, Engine::VCS1];
    let good = parallel_submit(1, 1, &two);
    refused(
        &good,
        &[
            (
                "no siblings",
                EINVAL,
                "one each without the GuC",
                parallel_submit(1, 0, &two),
            ),
            (
                "two siblings",
                EINVAL,
                "one each without the GuC",
                parallel_submit(1, 2, &two),
            ),
            (
                "a slot that is taken",
                EINVAL,
                "occupied",
                parallel_submit(0, 1, &two),
            ),
            (
                "the slot behind the last",
                EINVAL,
                "no such slot",
                parallel_submit(3, 1, &two),
            ),
            (
                "a slot far away",
                EINVAL,
                "no such slot",
                parallel_submit(0xffff, 1, &two),
            ),
            ("a flag", EINVAL, "flags must be 0", good.with(40, 1)),
            (
                "a reserved field",
                EINVAL,
                "mbz64 must be 0",
                good.with(48, 1),
            ),
            (
                "the last reserved field",
                EINVAL,
                "mbz64 must be 0",
                good.with(71, 1),
            ),
            (
                "no batch",
                EINVAL,
                "at least two",
                parallel_submit(1, 1, &[]),
            ),
            (
                "one batch",
                EINVAL,
                "at least two",
                parallel_submit(1, 1, &[Engine::VCS0]),
            ),
            (
                "an unknown engine",
                EINVAL,
                "no such engine",
                parallel_submit(1, 1, &[Engine::VCS0, NO_SUCH]),
            ),
            (
                "the render engine",
                EINVAL,
                "no handshake there",
                parallel_submit(1, 1, &[Engine::RCS0, Engine::BCS0]),
            ),
            (
                "two classes",
                EINVAL,
                "of one class",
                parallel_submit(1, 1, &[Engine::VCS1, Engine::VECS0]),
            ),
            (
                "one twice",
                EINVAL,
                "neighbours",
                parallel_submit(1, 1, &[Engine::VCS0, Engine::VCS0]),
            ),
            (
                "the wrong way round",
                EINVAL,
                "neighbours",
                parallel_submit(1, 1, &[Engine::VCS1, Engine::VCS0]),
            ),
        ],
    )
}

/// Each extension with its end cut off after every two bytes, and its beginning: EFAULT
/// if what is wrong comes after what can't be read, and what is wrong if it comes before.
fn engine_map_cut_off() -> Outcome {
    let device = Device::open()?;
    let context = Context::create(&device)?;
    let island = Island::new()?;
    let extensions = [
        (
            "LOAD_BALANCE",
            load_balance(1, &[Engine::VCS0, Engine::VCS1]),
        ),
        ("BOND", bond(0, Engine::BCS0, &[Engine::VCS0, Engine::VCS1])),
        (
            "PARALLEL_SUBMIT",
            parallel_submit(1, 1, &[Engine::VCS0, Engine::VCS1]),
        ),
    ];
    for (name, fields) in &extensions {
        for readable in (0..fields.0.len()).step_by(2) {
            let result = set(&context, island.cut_after(&fields.0, readable));
            expect_errno(result, EFAULT, &format!("{name} of {readable} bytes"))?;
        }
        for missing in (2..fields.0.len()).step_by(2) {
            let result = set(&context, island.cut_before(&fields.0, missing));
            expect_errno(
                result,
                EFAULT,
                &format!("{name} without its first {missing} bytes"),
            )?;
        }
    }
    // Up to where the wrong part is read.
    let last = [Engine::VCS0, NO_SUCH];
    for (what, errno, fields, end) in [
        (
            "a flag of the link",
            EINVAL,
            load_balance(1, &last).with(12, 1),
            16,
        ),
        (
            "a reserved field of the link",
            EINVAL,
            load_balance(1, &last).with(24, 1),
            28,
        ),
        (
            "an unknown name",
            EINVAL,
            load_balance(1, &last).with(8, 9),
            32,
        ),
        ("a taken slot", EEXIST, load_balance(0, &last), 34),
        ("a slot too far", EINVAL, load_balance(9, &last), 34),
        ("a flag", EINVAL, load_balance(1, &last).with(36, 1), 40),
        (
            "a reserved field",
            EINVAL,
            load_balance(1, &last).with(40, 1),
            48,
        ),
        (
            "a bond of an empty slot",
            EINVAL,
            bond(1, Engine::BCS0, &last),
            38,
        ),
        (
            "a bond's flag",
            EINVAL,
            bond(0, Engine::BCS0, &last).with(40, 1),
            48,
        ),
        (
            "a bond's reserved field",
            EINVAL,
            bond(0, Engine::BCS0, &last).with(72, 1),
            80,
        ),
        ("a bond's engine", EINVAL, bond(0, Engine::BCS0, &last), 88),
        ("two siblings", EINVAL, parallel_submit(1, 2, &last), 38),
        (
            "a parallel slot that is taken",
            EINVAL,
            parallel_submit(0, 1, &last),
            38,
        ),
        (
            "a parallel slot's flag",
            EINVAL,
            parallel_submit(1, 1, &last).with(40, 1),
            48,
        ),
        (
            "one batch",
            EINVAL,
            parallel_submit(1, 1, &[]).with(34, 1),
            72,
        ),
        (
            "a parallel engine",
            EINVAL,
            parallel_submit(1, 1, &last),
            80,
        ),
    ] {
        let result = set(&context, island.cut_after(&fields.0, end));
        expect_errno(result, errno, what)?;
        let result = set(&context, island.cut_after(&fields.0, end - 2));
        expect_errno(result, EFAULT, &format!("{what}, not to be read"))?;
    }
    // The next link's address is read last.
    let wrong = load_balance(0, &[]);
    let result = set(&context, island.cut_before(&wrong.0, 8));
    expect_errno(result, EEXIST, "a taken slot, and no next link")?;

    // The map itself: the engines first, then the chain's address.
    let map = Fields::default().u64(0).engines(&SLOTS);
    let set_map = |address| {
        let mut argument = drm_i915_gem_context_param {
            ctx_id: context.id(),
            size: map.0.len() as u32,
            param: I915_CONTEXT_PARAM_ENGINES.into(),
            value: address,
        };
        device.call::<request::ContextSetParam>(&mut argument)
    };
    for readable in (0..map.0.len()).step_by(4) {
        let result = set_map(island.cut_after(&map.0, readable));
        expect_errno(result, EFAULT, &format!("a map of {readable} bytes"))?;
    }
    let result = set_map(island.cut_before(&map.0, 8));
    expect_errno(result, EFAULT, "a map without a chain")?;
    let unknown = Fields::default()
        .u64(0)
        .engines(&[NO_SUCH, Engine::NONE, Engine::NONE]);
    let result = set_map(island.cut_before(&unknown.0, 8));
    expect_errno(result, ENOENT, "an unknown engine in a map without a chain")?;

    // After all this the context takes a map.
    context.set(&Param::engines(&SLOTS))?;
    Ok(())
}

/// CONTEXT_CREATE_EXT with a link that memory holds only a part of.
fn context_create_cut_off() -> Outcome {
    let device = Device::open()?;
    let island = Island::new()?;
    let flags = I915_CONTEXT_CREATE_FLAGS_USE_EXTENSIONS;
    let create = |address| Context::create_raw(&device, flags, address);
    let priority = u64::from(I915_CONTEXT_PARAM_PRIORITY);
    // ctx_id, size, param, value
    let set = Fields::extension(0).u32(0).u32(0).u64(priority).u64(0);
    ensure_eq!(set.0.len(), size_of::<SetParam>(), "bytes of a link");
    for readable in (0..set.0.len()).step_by(4) {
        let result = create(island.cut_after(&set.0, readable));
        expect_errno(result, EFAULT, &format!("a link of {readable} bytes"))?;
    }
    for missing in (4..set.0.len()).step_by(4) {
        let result = create(island.cut_before(&set.0, missing));
        expect_errno(
            result,
            EFAULT,
            &format!("a link without its first {missing} bytes"),
        )?;
    }
    let clone = Fields::extension(I915_CONTEXT_CREATE_EXT_CLONE);
    let result = create(island.cut_before(&clone.0, 8));
    expect_errno(result, EINVAL, "CLONE, and no next link")?;
    let flagged = set.with(12, 1);
    let result = create(island.cut_after(&flagged.0, 16));
    expect_errno(result, EINVAL, "a flag, and nothing behind it")?;
    create(island.cut_after(&set.0, set.0.len()))?.destroy()?;
    create(island.cut_before(&set.0, 0))?.destroy()?;
    // The flag with no chain is fine.
    create(0)?.destroy()?;
    Ok(())
}

/// GETPARAM SSEU (`get_sseu`): it answers on every platform. What it reads is judged in
/// its order, and what it can't write is EFAULT.
fn context_getparam_sseu() -> Outcome {
    let device = Device::open()?;
    let context = Context::create(&device)?;
    let argument = |size| drm_i915_gem_context_param {
        ctx_id: context.id(),
        size,
        param: I915_CONTEXT_PARAM_SSEU.into(),
        value: 0,
    };
    // engine, flags, slices, subslices, least and most units, reserved
    let sseu = |engine: Engine, flags: u32| {
        Fields::default()
            .engines(&[engine])
            .u32(flags)
            .u64(0)
            .u64(0)
            .u32(0)
            .u32(0)
    };
    let good = sseu(Engine::RCS0, 0);
    let bytes = size_of::<drm_i915_gem_context_param_sseu>() as u32;
    ensure_eq!(good.0.len() as u32, bytes, "bytes of the structure");

    let mut ask = argument(0);
    device.call_out::<request::ContextGetParam>(&mut ask, Out::Unmapped)?;
    ensure_eq!(
        ask.size,
        bytes,
        "the size that is answered when it is asked for"
    );
    for size in [bytes, bytes + 1, 4096] {
        let mut memory = vec![0; 4096];
        memory[..good.0.len()].copy_from_slice(&good.0);
        let mut ask = argument(size);
        device.call_out::<request::ContextGetParam>(&mut ask, Out::Memory(&mut memory))?;
        ensure_eq!(ask.size, bytes, "the size that is answered to {size}");
        ensure!(
            memory[8] != 0 && memory[16] != 0,
            "no slices: {:?}",
            &memory[..32]
        );
        ensure!(
            memory[32..].iter().all(|byte| *byte == 0),
            "more is written than that"
        );
    }
    for size in 1..bytes {
        let mut ask = argument(size);
        let result = device.call_out::<request::ContextGetParam>(&mut ask, Out::Unmapped);
        expect_errno(result, EINVAL, &format!("a size of {size}"))?;
        ensure_eq!(ask.size, size, "the size after an error");
    }
    let wrong = [
        ("a reserved field", good.with(28, 1)),
        ("an unknown flag", sseu(Engine::RCS0, 2)),
        ("an index without a map", sseu(Engine::RCS0, 1)),
        ("an unknown engine", sseu(NO_SUCH, 0)),
    ];
    for (what, fields) in wrong {
        let mut memory = fields.0.clone();
        let out = Out::Memory(&mut memory);
        let result = device.call_out::<request::ContextGetParam>(&mut argument(bytes), out);
        expect_errno(result, EINVAL, what)?;
        ensure_eq!(memory, fields.0, "the memory after {what}");
    }
    let island = Island::new()?;
    for readable in (0..good.0.len()).step_by(4) {
        let out = Out::CutOff(&island, island.cut_after(&good.0, readable));
        let result = device.call_out::<request::ContextGetParam>(&mut argument(bytes), out);
        expect_errno(result, EFAULT, &format!("{readable} bytes"))?;
    }
    let page = ReadOnly::new(&good.0)?;
    let out = Out::ReadOnly(&page);
    let result = device.call_out::<request::ContextGetParam>(&mut argument(bytes), out);
    expect_errno(result, EFAULT, "memory that can't be written")?;
    let page = ReadOnly::new(&sseu(NO_SUCH, 0).0)?;
    let out = Out::ReadOnly(&page);
    let result = device.call_out::<request::ContextGetParam>(&mut argument(bytes), out);
    expect_errno(
        result,
        EINVAL,
        "an unknown engine in memory that can't be written",
    )?;

    // A virtual engine has no slices of its own.
    let context = Context::create(&device)?;
    let balance = load_balance(1, &[Engine::VCS0, Engine::VCS1]);
    set(&context, address_of_slice(&balance.0))?;
    for (index, has) in [(0, true), (1, false)] {
        let engine = Engine {
            class: 0,
            instance: index,
        };
        let mut memory = sseu(engine, 1).0;
        let mut ask = drm_i915_gem_context_param {
            ctx_id: context.id(),
            ..argument(bytes)
        };
        device.call_out::<request::ContextGetParam>(&mut ask, Out::Memory(&mut memory))?;
        ensure_eq!(memory[8] != 0, has, "whether slot {index} has slices");
    }
    Ok(())
}
