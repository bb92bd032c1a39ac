//! Work that runs at the same time: parallel submissions, submit fences, virtual engines;
//! and what a live context's changed parameters do to work that is queued.

use std::os::fd::{AsFd, OwnedFd};

use libtest_mimic::Trial;
use nix::errno::Errno;
use virtio_igpu_guest_tests::client::{
    Context, Device, Engine, EngineMap, Exec2, Exec3, LoadBalance, Object, ParallelSubmit, Param,
    Result, Syncobj, sync_file_status,
};
use virtio_igpu_guest_tests::gpu::{Batch, Compare, Spinner};
use virtio_igpu_guest_tests::sys::address_of;
use virtio_igpu_guest_tests::sys::memory::Mapping;
use virtio_igpu_guest_tests::sys::request;
use virtio_igpu_guest_tests::sys::uapi::*;

use crate::rig::{
    A_WHILE, Outcome, PAGE, PATIENCE, Rig, ensure, ensure_eq, expect_errno, settled_counters,
    trials, vm_bind_trials, wait_until,
};

pub(crate) fn tests() -> Vec<Trial> {
    let mut trials = trials!("together":
        parallel_batches_meet_by_execbuffer2, parallel_batches_end_as_one,
        submit_fence_starts_with_the_other, submit_fence_of_ended_work, bonds_change_nothing,
        virtual_engine_takes_the_idle_sibling, new_priority_is_for_later_work,
        recoverable_changes_for_queued_work, sseu_is_ordered_with_submissions,
    );
    trials.extend(vm_bind_trials!("together":
        parallel_batches_meet, parallel_submission_is_one_message,
    ));
    trials
}

const AT: u64 = 0x1_0000_0000;
const CODE: u64 = 0x2_0000_0000;
/// MI_ARB_ON_OFF, off: nothing else gets the engine.
const ARBITRATION_OFF: u32 = 0x08 << 23;
/// A 2D command that no engine has ever had.
const NONSENSE: u32 = 2 << 29 | 0x7f << 22;

#[repr(C)]
#[derive(Default)]
struct Bond {
    base: i915_user_extension,
    master: i915_engine_class_instance,
    virtual_index: u16,
    num_bonds: u16,
    flags: u64,
    mbz64: [u64; 4],
    engines: [i915_engine_class_instance; 1],
}

fn named(name: u32) -> i915_user_extension {
    i915_user_extension {
        name,
        ..Default::default()
    }
}

/// The parameters of a context whose only place runs two batches at once.
fn parallel_map(extension: &ParallelSubmit) -> Param {
    let mut map = EngineMap::new(&[Engine::NONE]);
    map.extensions = address_of(extension);
    Param::Engines(Box::new(map))
}

fn both_video_engines() -> ParallelSubmit {
    ParallelSubmit::new(0, [Engine::VCS0, Engine::VCS1])
}

/// A batch that keeps its engine until it has heard of the other batch twice, and lets
/// the other hear of it. Flags are `mine`, `theirs` and the dwords behind them.
fn meet(batch: &mut Batch, mine: u64, theirs: u64) {
    batch.raw(&[ARBITRATION_OFF]);
    for flag in [0, 4] {
        batch
            .store_u32(mine + flag, 1)
            .wait_until(theirs + flag, Compare::Equal, 1);
    }
}

/// EXECBUFFER3 on a place with two batches: each waits for the other.
fn parallel_batches_meet() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let (_object, memory) = rig.memory(AT, PAGE)?;
    let extension = both_video_engines();
    let params = [
        Param::Recoverable(false),
        Param::Vm(rig.vm.id()),
        parallel_map(&extension),
    ];
    let context = Context::with_params(&device, &params)?;
    let batches = [
        rig.write(0, |batch| meet(batch, AT, AT + 64)),
        rig.write(1, |batch| meet(batch, AT + 64, AT)),
    ];
    let done = Syncobj::create(&device)?;
    for round in 1..=20 {
        for place in [0, 4, 64, 68] {
            memory.write_u32(place, 0);
        }
        Exec3::new(&context, 0, address_of(&batches))
            .fence(done.signal_fence(round))
            .submit(&device)?;
        done.wait_point(round, PATIENCE)?;
        ensure_eq!(
            [0, 4, 64, 68].map(|place| memory.read_u32(place)),
            [1; 4],
            "what both have left in round {round}"
        );
    }
    ensure_eq!(context.reset_stats()?.guilty, 0, "hangs");
    Ok(())
}

/// A client by EXECBUFFER2: an object for batches at [`CODE`], one for data at [`AT`].
struct Bench<'d> {
    device: &'d Device,
    code: Object<'d>,
    data: Object<'d>,
    code_memory: Mapping,
    memory: Mapping,
}

impl<'d> Bench<'d> {
    fn new(device: &'d Device) -> Result<Self> {
        let code = Object::create(device, 16 * PAGE)?;
        let data = Object::create(device, PAGE)?;
        let (code_memory, memory) = (code.map()?, data.map()?);
        Ok(Self {
            device,
            code,
            data,
            code_memory,
            memory,
        })
    }

    fn write(&self, place: u64, commands: impl FnOnce(&mut Batch)) {
        let mut batch = Batch::new();
        commands(&mut batch);
        let offset = (place * PAGE) as usize;
        self.code_memory.write_dwords(offset, &batch.end());
    }

    fn spinner(&self, place: u64) -> Spinner {
        Spinner::write(&self.code_memory, (place * PAGE) as usize, CODE)
    }

    fn wait_started(&self, spinner: &Spinner) -> Outcome {
        wait_until("the spinner has started", || {
            spinner.has_started(&self.code_memory)
        })
    }

    /// A submission of the batch at that place. Nothing is said to be written, so that
    /// only fences order submissions.
    fn exec(&self, context: &Context<'_>, index: u32, place: u64) -> Exec2 {
        let list = vec![self.data.pinned_at(AT), self.code.pinned_at(CODE)];
        let mut exec = Exec2::new(list).context(context).engine(index);
        exec.argument.batch_start_offset = (place * PAGE) as u32;
        exec
    }

    /// Submits the first batch of the code and `other` as a pair, to a context whose first
    /// slot is two wide; the fence of both, and the object that `other` is in.
    fn run_beside(&self, context: &Context<'_>, other: Batch) -> Result<(OwnedFd, Object<'d>)> {
        let second = Object::create(self.device, PAGE)?;
        second.map()?.write_dwords(0, &other.end());
        let list = vec![
            self.data.pinned_at(AT),
            self.code.pinned_at(CODE),
            second.pinned_at(CODE + 0x10_0000),
        ];
        let fence = Exec2::new(list)
            .context(context)
            .submit_with_fence(self.device)?;
        Ok((fence, second))
    }

    fn run(&self, context: &Context<'_>, index: u32, place: u64) -> Outcome {
        let fence = self
            .exec(context, index, place)
            .submit_with_fence(self.device)?;
        expect_success(&fence)
    }
}

/// Waits for a sync_file, which must come to no error.
fn expect_success(fence: &impl AsFd) -> Outcome {
    wait_until("the work ends", || {
        sync_file_status(fence).is_ok_and(|status| status != 0)
    })?;
    ensure_eq!(sync_file_status(fence)?, 1, "the fence's status");
    Ok(())
}

/// EXECBUFFER2 takes the last two objects as the batches, in order.
fn parallel_batches_meet_by_execbuffer2() -> Outcome {
    let device = Device::open()?;
    let bench = Bench::new(&device)?;
    let extension = both_video_engines();
    let context = Context::with_params(&device, &[parallel_map(&extension)])?;
    bench.write(0, |batch| meet(batch, AT, AT + 64));
    let mut other = Batch::new();
    meet(&mut other, AT + 64, AT);
    let (fence, _second) = bench.run_beside(&context, other)?;
    expect_success(&fence)?;
    ensure_eq!(
        [0, 4, 64, 68].map(|place| bench.memory.read_u32(place)),
        [1; 4],
        "what both have left"
    );
    Ok(())
}

/// Both batches travel in one command, so neither can be queued without the other.
fn parallel_submission_is_one_message() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    let extension = both_video_engines();
    let params = [
        Param::Recoverable(false),
        Param::Vm(rig.vm.id()),
        parallel_map(&extension),
    ];
    let context = Context::with_params(&device, &params)?;
    let batches = [rig.write(0, |_| {}), rig.write(1, |_| {})];
    let done = Syncobj::create(&device)?;
    let submit = |point: u64| -> Outcome {
        Exec3::new(&context, 0, address_of(&batches))
            .fence(done.signal_fence(point))
            .submit(&device)?;
        done.wait_point(point, PATIENCE)?;
        Ok(())
    };
    submit(1)?;
    let before = settled_counters()?;
    for point in 2..=11 {
        submit(point)?;
    }
    let grown = settled_counters()?.since(&before);
    ensure_eq!(grown.get("commands_submit"), 10, "messages");
    // One of the two not mapped: nothing is queued.
    let half = [batches[0], 0x7000_0000];
    let result = Exec3::new(&context, 0, address_of(&half)).submit(&device);
    expect_errno(result, Errno::EINVAL, "a batch that is not mapped")?;
    let grown = settled_counters()?.since(&before);
    ensure_eq!(grown.get("commands_submit"), 10, "messages");
    Ok(())
}

/// One batch hangs: the other, which would wait for ever, ends too, and the fence says so.
fn parallel_batches_end_as_one() -> Outcome {
    let device = Device::open()?;
    let bench = Bench::new(&device)?;
    let extension = both_video_engines();
    let context = Context::with_params(&device, &[parallel_map(&extension)])?;
    bench.write(0, |batch| {
        batch
            .store_u32(AT, 1)
            .wait_until(AT + 4, Compare::Equal, 1)
            .store_u32(AT + 8, 1);
    });
    let mut bad = Batch::new();
    bad.wait_until(AT, Compare::Equal, 1).raw(&[NONSENSE]);
    let (fence, _second) = bench.run_beside(&context, bad)?;
    wait_until("both end", || {
        sync_file_status(&fence).is_ok_and(|status| status != 0)
    })?;
    ensure!(sync_file_status(&fence)? < 0, "the hang is no success");
    ensure_eq!(context.reset_stats()?.guilty, 1, "hangs");
    ensure_eq!(bench.memory.read_u32(8), 0, "what the first did after that");
    Ok(())
}

/// I915_EXEC_FENCE_SUBMIT: not before the other has started, and while it runs.
fn submit_fence_starts_with_the_other() -> Outcome {
    let device = Device::open()?;
    let bench = Bench::new(&device)?;
    let map = Param::engines(&[Engine::VCS0, Engine::VCS1]);
    let context = Context::with_params(&device, &[map])?;
    let (first, master) = (bench.spinner(0), bench.spinner(1));
    bench.write(2, |batch| {
        batch.store_u32(AT, 1);
    });
    bench.exec(&context, 0, 0).submit(&device)?;
    let running = bench.exec(&context, 0, 1).submit_with_fence(&device)?;
    let bonded = bench
        .exec(&context, 1, 2)
        .after_start(&running)
        .submit_with_fence(&device)?;
    bench.wait_started(&first)?;
    std::thread::sleep(A_WHILE);
    ensure_eq!(
        (sync_file_status(&bonded)?, bench.memory.read_u32(0)),
        (0, 0),
        "the bonded batch while the other waits its turn"
    );
    first.end(&bench.code_memory);
    expect_success(&bonded)?;
    ensure_eq!(bench.memory.read_u32(0), 1, "what the bonded batch writes");
    ensure_eq!(sync_file_status(&running)?, 0, "the other's status");
    master.end(&bench.code_memory);
    expect_success(&running)
}

/// What has ended has started.
fn submit_fence_of_ended_work() -> Outcome {
    let device = Device::open()?;
    let bench = Bench::new(&device)?;
    let map = Param::engines(&[Engine::VCS0, Engine::VCS1]);
    let context = Context::with_params(&device, &[map])?;
    bench.write(0, |_| {});
    let ended = bench.exec(&context, 0, 0).submit_with_fence(&device)?;
    expect_success(&ended)?;
    let bonded = bench
        .exec(&context, 1, 0)
        .after_start(&ended)
        .submit_with_fence(&device)?;
    expect_success(&bonded)
}

/// BOND is checked and taken for a physical place, where it leaves no choice: Linux 7.2
/// refuses it for a virtual one (`set_proto_ctx_engines_bond`).
fn bonds_change_nothing() -> Outcome {
    let device = Device::open()?;
    let bench = Bench::new(&device)?;
    let bond = Bond {
        base: named(I915_CONTEXT_ENGINES_EXT_BOND),
        master: Engine::VCS0.to_uapi(),
        virtual_index: 1,
        num_bonds: 1,
        engines: [Engine::VCS1.to_uapi()],
        ..Default::default()
    };
    let mut map = EngineMap::new(&[Engine::VCS0, Engine::VCS1]);
    map.extensions = address_of(&bond);
    let context = Context::with_params(&device, &[Param::Engines(Box::new(map))])?;
    let master = bench.spinner(0);
    bench.write(1, |_| {});
    let running = bench.exec(&context, 0, 0).submit_with_fence(&device)?;
    let bonded = bench
        .exec(&context, 1, 1)
        .after_start(&running)
        .submit_with_fence(&device)?;
    expect_success(&bonded)?;
    ensure_eq!(sync_file_status(&running)?, 0, "the master's status");
    master.end(&bench.code_memory);
    expect_success(&running)?;

    let mut balance = LoadBalance::new(1, &[Engine::VCS0, Engine::VCS1]);
    balance.base.next_extension = address_of(&bond);
    let mut map = EngineMap::new(&[Engine::VCS0, Engine::NONE]);
    map.extensions = address_of(&balance);
    let result = Context::with_params(&device, &[Param::Engines(Box::new(map))]);
    expect_errno(
        result.map(drop),
        Errno::EINVAL,
        "a bond of a virtual engine",
    )
}

/// A virtual engine's work goes to the sibling that has nothing to do.
fn virtual_engine_takes_the_idle_sibling() -> Outcome {
    let device = Device::open()?;
    let bench = Bench::new(&device)?;
    let balance = LoadBalance::new(2, &[Engine::VCS0, Engine::VCS1]);
    let mut map = EngineMap::new(&[Engine::VCS0, Engine::VCS1, Engine::NONE]);
    map.extensions = address_of(&balance);
    // The spinner can't be preempted for work of its own priority only by its leave.
    let load = Context::with_params(&device, &[Param::Engines(Box::new(map.clone()))])?;
    load.set(&Param::Priority(1023))?;
    let context = Context::with_params(&device, &[Param::Engines(Box::new(map))])?;
    bench.write(1, |batch| {
        batch.store_u32(AT, 1);
    });
    for busy in 0..2 {
        let spinner = bench.spinner(0);
        let running = bench.exec(&load, busy, 0).submit_with_fence(&device)?;
        bench.wait_started(&spinner)?;
        for _ in 0..10 {
            bench.run(&context, 2, 1)?;
        }
        // On the busy one nothing of a lower priority gets through.
        let late = bench.exec(&context, busy, 1).submit_with_fence(&device)?;
        std::thread::sleep(A_WHILE);
        ensure_eq!(sync_file_status(&late)?, 0, "work for the busy engine");
        ensure_eq!(sync_file_status(&running)?, 0, "the spinner's status");
        spinner.end(&bench.code_memory);
        expect_success(&running)?;
        expect_success(&late)?;
    }
    Ok(())
}

/// A context's priority is that of what it submits later
/// (`i915_gem_execbuffer.c:eb_request_add`).
fn new_priority_is_for_later_work() -> Outcome {
    let device = Device::open()?;
    let bench = Bench::new(&device)?;
    let map = || Param::engines(&[Engine::VCS0]);
    let load = Context::with_params(&device, &[map()])?;
    let context = Context::with_params(&device, &[map()])?;
    let (spinner, running) = (bench.spinner(0), bench.exec(&load, 0, 0));
    let running = running.submit_with_fence(&device)?;
    bench.wait_started(&spinner)?;
    bench.write(1, |_| {});
    context.set(&Param::Priority(-100))?;
    let early = bench.exec(&context, 0, 1).submit_with_fence(&device)?;
    context.set(&Param::Priority(1023))?;
    std::thread::sleep(A_WHILE);
    ensure_eq!(sync_file_status(&early)?, 0, "what was queued before");
    let late = bench.exec(&context, 0, 1).submit_with_fence(&device)?;
    expect_success(&late)?;
    expect_success(&early)?;
    ensure_eq!(sync_file_status(&running)?, 0, "the spinner's status");
    spinner.end(&bench.code_memory);
    expect_success(&running)
}

/// RECOVERABLE counts when the hang happens, also for what is queued behind it.
fn recoverable_changes_for_queued_work() -> Outcome {
    let device = Device::open()?;
    let bench = Bench::new(&device)?;
    for recoverable in [false, true] {
        let params = [
            Param::engines(&[Engine::VCS0]),
            Param::Recoverable(!recoverable),
        ];
        let context = Context::with_params(&device, &params)?;
        let spinner = bench.spinner(0);
        bench.write(1, |batch| {
            batch.raw(&[NONSENSE]);
        });
        bench.write(2, |batch| {
            batch.store_u32(AT, 1);
        });
        bench.memory.write_u32(0, 0);
        let first = bench.exec(&context, 0, 0).submit_with_fence(&device)?;
        let bad = bench.exec(&context, 0, 1).submit_with_fence(&device)?;
        let behind = bench.exec(&context, 0, 2).submit_with_fence(&device)?;
        context.set(&Param::Recoverable(recoverable))?;
        // The device answers in order: it has heard of the change before it says the time.
        device.register(0x2358)?;
        spinner.end(&bench.code_memory);
        expect_success(&first)?;
        wait_until("all end", || {
            [&bad, &behind]
                .into_iter()
                .all(|fence| sync_file_status(fence).is_ok_and(|status| status != 0))
        })?;
        ensure!(sync_file_status(&bad)? < 0, "the hang is no success");
        ensure_eq!(
            (sync_file_status(&behind)? > 0, bench.memory.read_u32(0)),
            (recoverable, u32::from(recoverable)),
            "what is behind the hang of a context made recoverable: {recoverable}"
        );
    }
    Ok(())
}

/// SSEU of a live context: batches queued before see the old units in R_PWR_CLK_STATE,
/// later ones the new. Gen11 alone can be told (`i915_gem_context.c:set_sseu`).
fn sseu_is_ordered_with_submissions() -> Outcome {
    const CHIPSET_ID: u32 = 4;
    const R_PWR_CLK_STATE: u32 = 0x20c8;
    let device = Device::open()?;
    let bench = Bench::new(&device)?;
    let context = Context::with_params(&device, &[Param::engines(&[Engine::RCS0])])?;
    let set = |subslice_mask: u64| {
        let sseu = drm_i915_gem_context_param_sseu {
            flags: I915_CONTEXT_SSEU_FLAG_ENGINE_INDEX,
            slice_mask: 1,
            subslice_mask,
            min_eus_per_subslice: 8,
            max_eus_per_subslice: 8,
            ..Default::default()
        };
        let mut argument = drm_i915_gem_context_param {
            ctx_id: context.id(),
            param: I915_CONTEXT_PARAM_SSEU.into(),
            size: size_of_val(&sseu) as u32,
            value: address_of(&sseu),
        };
        device.call::<request::ContextSetParam>(&mut argument)
    };
    if device.param(CHIPSET_ID)? != 0x8a52 {
        return expect_errno(set(1), Errno::ENODEV, "SSEU on another platform");
    }
    let spinner = bench.spinner(0);
    let running = bench.exec(&context, 0, 0).submit_with_fence(&device)?;
    bench.wait_started(&spinner)?;
    for place in 1..=3_u64 {
        bench.write(place, |batch| {
            batch.store_register(R_PWR_CLK_STATE, AT + 4 * place);
        });
    }
    let mut fences = vec![bench.exec(&context, 0, 1).submit_with_fence(&device)?];
    for (place, subslices) in [(2, 0x0f), (3, 0xff)] {
        set(subslices)?;
        fences.push(bench.exec(&context, 0, place).submit_with_fence(&device)?);
    }
    spinner.end(&bench.code_memory);
    expect_success(&running)?;
    for fence in &fences {
        expect_success(fence)?;
    }
    // One slice and four subslices; all eight are said as two slices.
    ensure_eq!(
        [4, 8, 12].map(|place| bench.memory.read_u32(place)),
        [0x8004_2088, 0x8004_1c88, 0x8004_2088],
        "R_PWR_CLK_STATE before, with half the subslices, and with all again"
    );
    Ok(())
}
