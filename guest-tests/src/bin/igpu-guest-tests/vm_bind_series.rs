//! What the tests covered that came with i915's VM_BIND patches, under the names they had
//! there (program, subtest, placement), so that results can be compared. Each looks at
//! memory.

use libtest_mimic::Trial;
use nix::errno::Errno;
use virtio_igpu_guest_tests::client::{
    AddressSpace, Context, Device, Engine, EngineMap, Error, Exec3, Object, ParallelSubmit, Param,
    Syncobj,
};
use virtio_igpu_guest_tests::gpu::{Batch, Rectangle, Surface, Tail};
use virtio_igpu_guest_tests::sys::address_of;
use virtio_igpu_guest_tests::sys::memory::Mapping;
use virtio_igpu_guest_tests::sys::request;
use virtio_igpu_guest_tests::sys::uapi::*;

use crate::rig::{Outcome, PAGE, PATIENCE, Rig, ensure, ensure_eq, expect_errno, wait_until};

pub(crate) fn tests() -> Vec<Trial> {
    let mut trials = Vec::new();
    for (name, case) in CASES {
        for userptr in [false, true] {
            let placement = if userptr { "userptr" } else { "smem0" };
            let name = format!("i915_vm_bind_basic@{name}@{placement}");
            trials.push(Trial::test(name, move || basic(case, userptr)));
        }
    }
    trials.push(Trial::test("i915_vm_bind_sanity@basic@smem0", sanity));
    for (index, engine) in (0..).zip(Engine::TIGER_LAKE) {
        let name = format!("gem_exec3_basic@basic@{}-smem", engine.name());
        trials.push(Trial::test(name, move || exec3_basic(index)));
    }
    trials.push(Trial::test(
        "gem_exec3_balancer@parallel-ordering",
        parallel_ordering,
    ));
    trials
}

/// A variant of i915_vm_bind_basic: objects are copied by the blitter, through mappings
/// that userspace has chosen.
#[derive(Clone, Copy)]
struct Case {
    /// Bytes of each source and each target.
    size: u64,
    /// Batches a context runs, each with a source and a target of its own.
    commands: u64,
    contexts: u64,
    /// Contexts are on one address space.
    share_vm: bool,
    /// Batches are run.
    copy: bool,
    /// Mappings are taken away one by one, rather than with the address space.
    unbind: bool,
    /// Binds are waited for by the ioctl, rather than by the batch.
    sync: bool,
}

const BASIC: Case = Case {
    size: PAGE,
    commands: 1,
    contexts: 1,
    share_vm: false,
    copy: true,
    unbind: true,
    sync: false,
};

const CASES: [(&str, Case); 9] = [
    ("basic", BASIC),
    (
        "multi_cmds",
        Case {
            commands: 8,
            ..BASIC
        },
    ),
    (
        "skip_copy",
        Case {
            copy: false,
            commands: 4,
            ..BASIC
        },
    ),
    (
        "skip_unbind",
        Case {
            unbind: false,
            commands: 4,
            ..BASIC
        },
    ),
    (
        "share_vm",
        Case {
            share_vm: true,
            contexts: 2,
            commands: 4,
            ..BASIC
        },
    ),
    (
        "multi_ctxts",
        Case {
            contexts: 4,
            commands: 2,
            ..BASIC
        },
    ),
    (
        "64k",
        Case {
            size: 64 << 10,
            commands: 2,
            ..BASIC
        },
    ),
    (
        "2m",
        Case {
            size: 2 << 20,
            commands: 2,
            ..BASIC
        },
    ),
    (
        "2m_sync_bind",
        Case {
            size: 2 << 20,
            commands: 2,
            sync: true,
            ..BASIC
        },
    ),
];

const SOURCES: u64 = 0x10_0000_0000;
const TARGETS: u64 = 0x20_0000_0000;
const BATCHES: u64 = 0x30_0000_0000;
/// Between one source or target and the next: a multiple of every size.
const STRIDE: u64 = 4 << 20;

/// A page of the process's, or an object's own.
struct Memory<'d> {
    object: Object<'d>,
    mapping: Option<Mapping>,
    pages: Option<&'d Mapping>,
}

impl<'d> Memory<'d> {
    fn new(device: &'d Device, size: u64, pages: Option<&'d Mapping>) -> Result<Self, Error> {
        let object = match pages {
            Some(pages) => Object::userptr(device, pages)?,
            None => Object::create(device, size)?,
        };
        let mapping = match pages {
            Some(_) => None,
            None => Some(object.map()?),
        };
        Ok(Self {
            object,
            mapping,
            pages,
        })
    }

    fn bytes(&self) -> Result<&Mapping, Error> {
        let bytes = self.mapping.as_ref().or(self.pages);
        bytes.ok_or_else(|| Error::Unexpected("memory without bytes".into()))
    }
}

/// What the dwords of a source are.
fn pattern(number: u64, dword: u64) -> u32 {
    (number << 24 | (dword * 0x9e37) & 0xff_ffff) as u32 | 1
}

fn is_pattern(memory: &Mapping, number: u64) -> bool {
    memory
        .to_vec()
        .chunks_exact(4)
        .zip(0..)
        .all(|(bytes, dword)| bytes == pattern(number, dword).to_le_bytes())
}

fn is_zero(memory: &Mapping) -> bool {
    memory.to_vec().iter().all(|byte| *byte == 0)
}

fn basic(case: Case, userptr: bool) -> Outcome {
    let device = Device::open()?;
    let count = case.contexts * case.commands;
    let pages: Vec<Mapping> = match userptr {
        true => (0..2 * count)
            .map(|_| Mapping::anonymous(case.size as usize))
            .collect::<Result<_, _>>()
            .map_err(|errno| errno.to_string())?,
        false => Vec::new(),
    };
    let memory = |index: u64| Memory::new(&device, case.size, pages.get(index as usize));
    let sources: Vec<_> = (0..count).map(memory).collect::<Result<_, _>>()?;
    let targets: Vec<_> = (count..2 * count).map(memory).collect::<Result<_, _>>()?;
    for (number, source) in (0..).zip(&sources) {
        let dwords: Vec<u32> = (0..case.size / 4).map(|d| pattern(number, d)).collect();
        source.bytes()?.write_dwords(0, &dwords);
    }

    let vms: Vec<_> = (0..if case.share_vm { 1 } else { case.contexts })
        .map(|_| AddressSpace::create(&device))
        .collect::<Result<_, _>>()?;
    let (bound, ran) = (Syncobj::create(&device)?, Syncobj::create(&device)?);
    let mut point = 0;
    let mut bind = |vm: &AddressSpace<'_>, object: &Object<'_>, start| match case.sync {
        true => vm.bind(object, start),
        false => {
            point += 1;
            vm.bind_async(object, start, bound.signal_fence(point))
        }
    };

    let mut batches = Vec::new();
    let mut contexts = Vec::new();
    for context in 0..case.contexts {
        let vm = vms.get(context as usize).unwrap_or(&vms[0]);
        contexts.push((vm, Context::for_vm(&device, vm, &[Engine::BCS0])?));
        for command in 0..case.commands {
            let number = context * case.commands + command;
            let index = number as usize;
            let at = number * STRIDE;
            bind(vm, &sources[index].object, SOURCES + at)?;
            bind(vm, &targets[index].object, TARGETS + at)?;
            let batch = Object::create(&device, PAGE)?;
            let mut commands = Batch::new();
            let area = Rectangle::whole(1024, (case.size / PAGE) as u32);
            let (from, to) = (
                Surface::linear(SOURCES + at, 4096),
                Surface::linear(TARGETS + at, 4096),
            );
            commands.copy(to, area, from, 0, 0).flush(Tail::None);
            batch.map()?.write_dwords(0, &commands.end());
            bind(vm, &batch, BATCHES + number * PAGE)?;
            batches.push(batch);
        }
    }
    let last_bind = point;

    if case.copy {
        for number in 0..count {
            let (_, context) = &contexts[(number / case.commands) as usize];
            let mut submission = Exec3::new(context, 0, BATCHES + number * PAGE);
            if !case.sync {
                submission = submission.fence(bound.wait_fence(last_bind));
            }
            submission
                .fence(ran.signal_fence(number + 1))
                .submit(&device)?;
        }
        for number in 0..count {
            ran.wait_point(number + 1, PATIENCE)?;
        }
    } else if !case.sync {
        bound.wait_point(last_bind, PATIENCE)?;
    }

    for (number, (source, target)) in (0..).zip(sources.iter().zip(&targets)) {
        ensure!(
            is_pattern(source.bytes()?, number),
            "source {number} has changed"
        );
        let target = target.bytes()?;
        match case.copy {
            true => ensure!(is_pattern(target, number), "target {number} is no copy"),
            false => ensure!(is_zero(target), "target {number} was written"),
        }
    }
    if case.unbind {
        for number in 0..count {
            let (vm, context) = &contexts[(number / case.commands) as usize];
            let at = number * STRIDE;
            vm.unbind(SOURCES + at, case.size)?;
            vm.unbind(TARGETS + at, case.size)?;
            // The batch is still there, and reaches neither.
            let target = targets[number as usize].bytes()?;
            target.fill_u32(0x5555_5555);
            let again = ran.signal_fence(count + number + 1);
            Exec3::new(context, 0, BATCHES + number * PAGE)
                .fence(again)
                .submit(&device)?;
            ran.wait_point(count + number + 1, PATIENCE)?;
            let untouched = target.to_vec().iter().all(|byte| *byte == 0x55);
            ensure!(untouched, "target {number} was written after its unbind");
            vm.unbind(BATCHES + number * PAGE, PAGE)?;
        }
    }
    Ok(())
}

/// i915_vm_bind_sanity: what is refused, and that it changes nothing.
fn sanity() -> Outcome {
    let device = Device::open()?;
    ensure_eq!(
        device.param(I915_PARAM_VM_BIND_VERSION)?,
        2,
        "I915_PARAM_VM_BIND_VERSION"
    );
    let rig = Rig::new(&device)?;
    let at = SOURCES;
    let (object, memory) = rig.memory(at, 2 * PAGE)?;
    let legacy = AddressSpace::create_legacy(&device)?;
    let good = || rig.vm.bind_argument(&object, at + STRIDE, 0, 2 * PAGE);
    let bind = |change: &dyn Fn(&mut drm_i915_gem_vm_bind)| {
        let mut argument = good();
        change(&mut argument);
        device.call::<request::VmBind>(&mut argument)
    };
    let refused = [
        (
            "another kind of VM",
            Errno::EOPNOTSUPP,
            bind(&|a| a.vm_id = legacy.id()),
        ),
        ("no VM", Errno::ENOENT, bind(&|a| a.vm_id = 0)),
        ("no object", Errno::ENOENT, bind(&|a| a.handle = 0)),
        ("no length", Errno::EINVAL, bind(&|a| a.length = 0)),
        ("half a page", Errno::EINVAL, bind(&|a| a.length = PAGE / 2)),
        ("too much", Errno::EINVAL, bind(&|a| a.length = 3 * PAGE)),
        (
            "an odd offset",
            Errno::EINVAL,
            bind(&|a| (a.offset, a.length) = (8, PAGE)),
        ),
        ("an odd start", Errno::EINVAL, bind(&|a| a.start += 8)),
        ("past the end", Errno::EINVAL, bind(&|a| a.start = 1 << 48)),
        (
            "an unknown flag",
            Errno::EINVAL,
            bind(&|a| a.flags = 1 << 20),
        ),
        ("an extension", Errno::EINVAL, bind(&|a| a.extensions = 8)),
        (
            "an in-fence",
            Errno::EINVAL,
            bind(&|a| a.fence.flags = I915_TIMELINE_FENCE_WAIT),
        ),
    ];
    for (what, errno, result) in refused {
        expect_errno(result, errno, what)?;
    }
    let store = |batch: &mut Batch| {
        batch.store_u32(at + PAGE, 1).store_u32(at + STRIDE, 2);
    };
    rig.run(0, store)?;
    let seen = (memory.read_u32(PAGE as usize), memory.read_u32(0));
    ensure_eq!(seen, (1, 0), "memory after what was refused");
    bind(&|_| ())?;
    rig.run(0, store)?;
    ensure_eq!(memory.read_u32(0), 2, "memory after what was not");
    Ok(())
}

/// gem_exec3_basic: a batch that stores a number, on that engine.
fn exec3_basic(engine: u32) -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_object, memory) = rig.memory(SOURCES, PAGE)?;
    for round in 0..3 {
        rig.run(engine, |batch| {
            batch.store_u32(SOURCES + 8 * round, 0x600d + round as u32);
        })?;
        let got = memory.read_u32(8 * round as usize);
        ensure_eq!(got, 0x600d + round as u32, "round {round}");
    }
    Ok(())
}

/// gem_exec3_balancer: parallel submissions run in their order, and after what they wait
/// for. Each batch notes which submission it finds before itself; any other order shows.
fn parallel_ordering() -> Outcome {
    const ROUNDS: u64 = 16;
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_log, log) = rig.memory(TARGETS, 4 * PAGE)?;
    let (_code, code) = rig.memory(BATCHES, 2 * PAGE)?;
    let extension = ParallelSubmit::new(0, [Engine::VCS0, Engine::VCS1]);
    let mut map = EngineMap::new(&[Engine::NONE]);
    map.extensions = address_of(&extension);
    let params = [
        Param::Recoverable(false),
        Param::Vm(rig.vm.id()),
        Param::Engines(Box::new(map)),
    ];
    let context = Context::with_params(&device, &params)?;

    // All is queued behind a batch that runs until it is told to end.
    let (gate, done) = (Syncobj::create(&device)?, Syncobj::create(&device)?);
    let spinner = rig.spinner(0);
    Exec3::new(&rig.context, 1, spinner.address())
        .fence(gate.signal_fence(1))
        .submit(&device)?;
    let log_at = |side: u64, round: u64| PAGE * (1 + side) + 4 * round;
    for round in 0..ROUNDS {
        let batches = [0, 1].map(|side| {
            let mut batch = Batch::new();
            batch
                .copy_u32(TARGETS + log_at(side, round), TARGETS + 64 * side)
                .store_u32(TARGETS + 64 * side, round as u32 + 1);
            let offset = PAGE * side + 128 * round;
            code.write_dwords(offset as usize, &batch.end());
            BATCHES + offset
        });
        let mut submission = Exec3::new(&context, 0, address_of(&batches));
        if round % 4 == 0 {
            submission = submission.fence(gate.wait_fence(1));
        }
        submission
            .fence(done.signal_fence(round + 1))
            .submit(&device)?;
    }
    wait_until("the first batch runs", || rig.has_started(&spinner))?;
    ensure_eq!(done.reached()?, 0, "before the first batch has ended");
    rig.end(&spinner);
    done.wait_point(ROUNDS, PATIENCE)?;
    for side in 0..2 {
        for round in 0..ROUNDS {
            let seen = log.read_u32(log_at(side, round) as usize);
            ensure_eq!(u64::from(seen), round, "batch {side} of submission {round}");
        }
    }
    ensure_eq!(context.reset_stats()?.guilty, 0, "hangs");
    Ok(())
}
