//! The error state after a hang: what was marked to be captured is in it with its
//! contents, and nothing else is (i915's `i915_gpu_error.c`, and
//! `I915_GEM_VM_BIND_CAPTURE` of the RFC).

use libtest_mimic::Trial;
use virtio_igpu_guest_tests::client::{
    Context, Device, Engine, ErrorState, Exec2, Exec3, Object, Param, Syncobj, sync_file_status,
};
use virtio_igpu_guest_tests::gpu::{Batch, Compare};
use virtio_igpu_guest_tests::sys::memory::Mapping;
use virtio_igpu_guest_tests::sys::request::VmBind;
use virtio_igpu_guest_tests::sys::uapi::*;

use crate::rig::{BCS0, NONSENSE, Outcome, PAGE, PATIENCE, RCS0, Rig, ensure, ensure_eq, trials};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("vm_bind_capture":
        every_engine, batch_that_is_marked, pieces_of_a_mapping, aliases, userptr, large_object,
        contents_are_those_at_the_hang, later_mappings_are_not_shown,
        first_error_stays_until_cleared, no_error_capture, debugfs_shows_the_same,
        execbuf2_objects, execbuf2_on_every_engine, reset_of_an_idle_engine,
    )
}

const AT: u64 = 0x1_0000_0000;
const OTHER: u64 = 0x2_0000_0000;
const HIDDEN: u64 = 0x3_0000_0000;
const GATE: u64 = 0x4_0000_0000;

/// An object full of numbers that begin with `first`.
fn numbered<'d>(
    device: &'d Device,
    size: u64,
    first: u32,
) -> Result<(Object<'d>, Mapping), libtest_mimic::Failed> {
    let object = Object::create(device, size)?;
    let memory = object.map()?;
    let numbers: Vec<u32> = (first..).take(size as usize / 4).collect();
    memory.write_dwords(0, &numbers);
    Ok((object, memory))
}

/// Binds a section with CAPTURE.
fn capture(rig: &Rig<'_>, object: &Object<'_>, start: u64, offset: u64, length: u64) -> Outcome {
    let argument = rig.vm.bind_argument(object, start, offset, length);
    let mut argument = drm_i915_gem_vm_bind {
        flags: I915_GEM_VM_BIND_CAPTURE.into(),
        ..argument
    };
    Ok(rig.device.call::<VmBind>(&mut argument)?)
}

/// Has a context hang the engine at this place, and waits for it. Where its batch is.
fn hang(rig: &Rig<'_>, context: &Context<'_>, engine: u32) -> Result<u64, libtest_mimic::Failed> {
    let batch = rig.write(0, |batch| {
        batch.raw(&[NONSENSE]);
    });
    let done = Syncobj::create(rig.device)?;
    Exec3::new(context, engine, batch)
        .fence(done.signal_fence(0))
        .submit(rig.device)?;
    done.wait(PATIENCE)?;
    let status = done.status()?;
    ensure!(status < 0, "the bad batch's fence has the status {status}");
    Ok(batch)
}

/// The error state, which has to be there.
fn state() -> Result<ErrorState, libtest_mimic::Failed> {
    ErrorState::read()?.ok_or_else(|| "no error state was collected".into())
}

fn ensure_contents(state: &ErrorState, name: &str, address: u64, expected: &[u8]) -> Outcome {
    let Some(buffer) = state.buffer(name, address) else {
        return Err(format!("no {name} at {address:#x} in\n{}", state.text).into());
    };
    ensure!(
        buffer.contents == expected,
        "the contents of {name} at {address:#x} are wrong ({} bytes, expected {})",
        buffer.contents.len(),
        expected.len()
    );
    Ok(())
}

/// On each engine: the mappings with CAPTURE are there with their contents, those without
/// are not; and who hung where.
fn every_engine() -> Outcome {
    for (place, engine) in (0..).zip(Engine::TIGER_LAKE) {
        // Bans count against a client.
        let device = Device::open()?;
        ErrorState::clear()?;
        let rig = Rig::new(&device)?;
        let (object, memory) = numbered(&device, 2 * PAGE, 1000 * place)?;
        let (other, other_memory) = numbered(&device, PAGE, 0x5000_0000)?;
        let (hidden, _hidden_memory) = numbered(&device, PAGE, 0x7000_0000)?;
        capture(&rig, &object, AT, 0, object.size())?;
        capture(&rig, &other, OTHER, 0, PAGE)?;
        rig.vm.bind(&hidden, HIDDEN)?;
        // Not what is marked in another address space.
        let stranger = Rig::new(&device)?;
        capture(&stranger, &hidden, HIDDEN, 0, PAGE)?;

        let batch = hang(&rig, &rig.context, place)?;
        let state = state()?;
        ensure_eq!(state.addresses("user"), [AT, OTHER], "what was captured");
        ensure_eq!(state.buffers.len(), 2, "the number of buffers");
        ensure_contents(&state, "user", AT, &memory.to_vec())?;
        ensure_contents(&state, "user", OTHER, &other_memory.to_vec())?;
        let name = engine.name();
        ensure!(
            state.buffers.iter().all(|buffer| buffer.engine == name),
            "not all buffers are of {name}"
        );
        let stream = format!("\n{name} command stream:\n");
        ensure!(
            state.text.contains(&stream),
            "{name} isn't said to have hung"
        );
        ensure_eq!(state.value("IPEHR:"), Some("0x5fc00000"), "the command");
        let acthd = format!("0x{:08x} {:08x}", batch >> 32, batch & 0xffff_ffff);
        ensure_eq!(state.value("ACTHD:"), Some(&*acthd), "its address");
        let bbaddr = format!("0x{:08x}_{:08x}", batch >> 32, batch & 0xffff_ffff);
        ensure_eq!(state.value("BBADDR:"), Some(&*bbaddr), "the batch's");
        ensure_eq!(state.value("BB_STATE:"), Some("0x00000020"), "its space");
        ensure_eq!(state.value("ESR:"), Some("0x00000001"), "a bad instruction");
        ensure_eq!(state.value("INSTDONE:"), Some("0xffffffff"), "idle units");
        ensure_eq!(state.value("PCI ID:"), Some("0x9a49"), "the platform");
        ensure!(
            state.text.starts_with("GPU HANG: ecode 12:"),
            "the first line is not about a hang"
        );
    }
    ErrorState::clear()?;
    Ok(())
}

/// The mapping in which the batch lies is named so too, if it is marked.
fn batch_that_is_marked() -> Outcome {
    let device = Device::open()?;
    ErrorState::clear()?;
    let rig = Rig::new(&device)?;
    let object = Object::create(&device, 2 * PAGE)?;
    let memory = object.map()?;
    let mut batch = Batch::new();
    batch.raw(&[NONSENSE]);
    memory.write_dwords(PAGE as usize, &batch.end());
    capture(&rig, &object, AT, 0, object.size())?;
    let done = Syncobj::create(&device)?;
    Exec3::new(&rig.context, BCS0, AT + PAGE)
        .fence(done.signal_fence(0))
        .submit(&device)?;
    done.wait(PATIENCE)?;
    let state = state()?;
    ensure_contents(&state, "batch", AT, &memory.to_vec())?;
    ensure_contents(&state, "user", AT, &memory.to_vec())?;
    let range = "[0x00000001_00000000, 0x00000001_00002000]";
    ensure_eq!(state.value("batch:"), Some(range), "the batch's mapping");
    ErrorState::clear()?;
    Ok(())
}

/// A section of an object shows that section, and what is left of a mapping in two pieces
/// shows both.
fn pieces_of_a_mapping() -> Outcome {
    let device = Device::open()?;
    ErrorState::clear()?;
    let rig = Rig::new(&device)?;
    let (object, memory) = numbered(&device, 8 * PAGE, 1)?;
    capture(&rig, &object, AT, 2 * PAGE, 6 * PAGE)?;
    rig.vm.unbind(AT + 2 * PAGE, PAGE)?;
    hang(&rig, &rig.context, RCS0)?;
    let state = state()?;
    let second = AT + 3 * PAGE;
    ensure_eq!(state.addresses("user"), [AT, second], "what was captured");
    let bytes = memory.to_vec();
    let page = PAGE as usize;
    ensure_contents(&state, "user", AT, &bytes[2 * page..4 * page])?;
    ensure_contents(&state, "user", second, &bytes[5 * page..])?;
    ErrorState::clear()?;
    Ok(())
}

/// The same pages at two addresses: each mapping has its own say.
fn aliases() -> Outcome {
    let device = Device::open()?;
    ErrorState::clear()?;
    let rig = Rig::new(&device)?;
    let (object, memory) = numbered(&device, PAGE, 1)?;
    capture(&rig, &object, AT, 0, PAGE)?;
    capture(&rig, &object, OTHER, 0, PAGE)?;
    rig.vm.bind(&object, HIDDEN)?;
    hang(&rig, &rig.context, RCS0)?;
    let state = state()?;
    ensure_eq!(state.addresses("user"), [AT, OTHER], "what was captured");
    ensure_contents(&state, "user", OTHER, &memory.to_vec())?;
    ErrorState::clear()?;
    Ok(())
}

/// Memory of the process.
fn userptr() -> Outcome {
    let device = Device::open()?;
    ErrorState::clear()?;
    let rig = Rig::new(&device)?;
    let memory = Mapping::anonymous(2 * PAGE as usize)?;
    memory.fill_u32(0x600d_f00d);
    let object = Object::userptr(&device, &memory)?;
    capture(&rig, &object, AT, 0, object.size())?;
    hang(&rig, &rig.context, RCS0)?;
    ensure_contents(&state()?, "user", AT, &memory.to_vec())?;
    ErrorState::clear()?;
    Ok(())
}

/// More than a page of text, and of compressed contents.
fn large_object() -> Outcome {
    let device = Device::open()?;
    ErrorState::clear()?;
    let rig = Rig::new(&device)?;
    let object = Object::create(&device, 512 * PAGE)?;
    let memory = object.map()?;
    // Numbers that don't compress well (a linear congruential generator).
    let mut number = 1_u32;
    let numbers: Vec<u32> = std::iter::repeat_with(|| {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        number
    })
    .take(object.size() as usize / 4)
    .collect();
    memory.write_dwords(0, &numbers);
    capture(&rig, &object, AT, 0, object.size())?;
    hang(&rig, &rig.context, RCS0)?;
    ensure_contents(&state()?, "user", AT, &memory.to_vec())?;
    ErrorState::clear()?;
    Ok(())
}

/// `i915_capture_error_state` comes before the fence's end: what userspace writes once it
/// has seen that is not in the error state.
fn contents_are_those_at_the_hang() -> Outcome {
    let device = Device::open()?;
    ErrorState::clear()?;
    let rig = Rig::new(&device)?;
    let (object, memory) = numbered(&device, 256 * PAGE, 1)?;
    let before = memory.to_vec();
    capture(&rig, &object, AT, 0, object.size())?;
    hang(&rig, &rig.context, RCS0)?;
    memory.fill_u32(u32::MAX);
    ensure_contents(&state()?, "user", AT, &before)?;
    ErrorState::clear()?;
    Ok(())
}

/// Only what was bound before the submission that hung: what came later need not be
/// cleared yet.
fn later_mappings_are_not_shown() -> Outcome {
    let device = Device::open()?;
    ErrorState::clear()?;
    let rig = Rig::new(&device)?;
    let (_gate, gate) = rig.memory(GATE, PAGE)?;
    let (object, memory) = numbered(&device, PAGE, 1)?;
    let (late, _late_memory) = numbered(&device, PAGE, 0x7000_0000)?;
    capture(&rig, &object, AT, 0, PAGE)?;
    let batch = rig.write(0, |batch| {
        batch.wait_until(GATE, Compare::Equal, 1).raw(&[NONSENSE]);
    });
    let done = Syncobj::create(&device)?;
    Exec3::new(&rig.context, BCS0, batch)
        .fence(done.signal_fence(0))
        .submit(&device)?;
    capture(&rig, &late, HIDDEN, 0, PAGE)?;
    gate.write_u32(0, 1);
    done.wait(PATIENCE)?;
    let state = state()?;
    ensure_eq!(state.addresses("user"), [AT], "what was captured");
    ensure_contents(&state, "user", AT, &memory.to_vec())?;
    ErrorState::clear()?;
    Ok(())
}

/// `i915_error_state_store`: the first error stays, until somebody writes to the file.
fn first_error_stays_until_cleared() -> Outcome {
    let device = Device::open()?;
    ErrorState::clear()?;
    ensure!(ErrorState::read()?.is_none(), "an error before any hang");
    let (first, second) = (Rig::new(&device)?, Rig::new(&device)?);
    let (object, _memory) = numbered(&device, PAGE, 1)?;
    capture(&first, &object, AT, 0, PAGE)?;
    capture(&second, &object, OTHER, 0, PAGE)?;
    hang(&first, &first.context, RCS0)?;
    let text = state()?.text;
    hang(&second, &second.context, RCS0)?;
    ensure!(
        state()?.text == text,
        "the second error has replaced the first"
    );
    ErrorState::clear()?;
    ensure!(ErrorState::read()?.is_none(), "an error that was cleared");
    // The next one is the first again.
    let third = Context::for_vm(&device, &second.vm, &Engine::TIGER_LAKE)?;
    hang(&second, &third, RCS0)?;
    ensure_eq!(state()?.addresses("user"), [OTHER], "what was captured");
    ErrorState::clear()?;
    Ok(())
}

/// `record_context`: a context that wants no error capture leaves none.
fn no_error_capture() -> Outcome {
    let device = Device::open()?;
    ErrorState::clear()?;
    let rig = Rig::new(&device)?;
    let (object, _memory) = numbered(&device, PAGE, 1)?;
    capture(&rig, &object, AT, 0, PAGE)?;
    rig.context.set(&Param::NoErrorCapture(true))?;
    hang(&rig, &rig.context, RCS0)?;
    ensure!(ErrorState::read()?.is_none(), "an error state all the same");
    Ok(())
}

/// debugfs's `i915_error_state` has the same text, and nothing when there is none.
fn debugfs_shows_the_same() -> Outcome {
    let device = Device::open()?;
    ErrorState::clear()?;
    ensure_eq!(
        ErrorState::read_debugfs()?,
        "",
        "what debugfs has without an error"
    );
    let rig = Rig::new(&device)?;
    let (object, _memory) = numbered(&device, 64 * PAGE, 1)?;
    capture(&rig, &object, AT, 0, object.size())?;
    hang(&rig, &rig.context, RCS0)?;
    let text = state()?.text;
    ensure!(
        ErrorState::read_debugfs()? == text,
        "the texts are not the same"
    );
    ErrorState::clear()?;
    Ok(())
}

/// `EXEC_OBJECT_CAPTURE`: the objects that the submission marks, and its batch.
fn execbuf2_objects() -> Outcome {
    let device = Device::open()?;
    ErrorState::clear()?;
    let (object, memory) = numbered(&device, 4 * PAGE, 1)?;
    let (hidden, _hidden_memory) = numbered(&device, PAGE, 0x7000_0000)?;
    let code = Object::create(&device, PAGE)?;
    let code_memory = code.map()?;
    let mut batch = Batch::new();
    batch.raw(&[NONSENSE]);
    code_memory.write_dwords(0, &batch.end());
    let context = Context::create(&device)?;
    let mut marked = object.pinned_at(AT);
    marked.flags |= u64::from(EXEC_OBJECT_CAPTURE);
    let list = vec![marked, hidden.pinned_at(HIDDEN), code.pinned_at(OTHER)];
    let fence = Exec2::new(list)
        .context(&context)
        .engine(I915_EXEC_BLT)
        .submit_with_fence(&device)?;
    code.wait(-1)?;
    ensure!(sync_file_status(&fence)? < 0, "the bad batch has not hung");
    let state = state()?;
    ensure_eq!(state.addresses("user"), [AT], "what was captured");
    ensure_contents(&state, "user", AT, &memory.to_vec())?;
    ensure_eq!(state.addresses("batch"), [OTHER], "the batch");
    ensure_contents(&state, "batch", OTHER, &code_memory.to_vec())?;
    // The same objects again, with the mark on the batch alone.
    ErrorState::clear()?;
    let mut marked = code.pinned_at(OTHER);
    marked.flags |= u64::from(EXEC_OBJECT_CAPTURE);
    let list = vec![object.pinned_at(AT), marked];
    Exec2::new(list)
        .context(&context)
        .engine(I915_EXEC_BLT)
        .submit_with_fence(&device)?;
    code.wait(-1)?;
    let state = self::state()?;
    ensure_eq!(state.addresses("user"), [OTHER], "what was captured");
    ensure_eq!(state.addresses("batch"), [OTHER], "the batch");
    ErrorState::clear()?;
    Ok(())
}

/// EXECBUFFER2 on each engine, with a gap at the object's end that `pad_to_size` makes.
fn execbuf2_on_every_engine() -> Outcome {
    let device = Device::open()?;
    let (object, memory) = numbered(&device, PAGE, 1)?;
    let code = Object::create(&device, PAGE)?;
    let mut batch = Batch::new();
    batch.raw(&[NONSENSE]);
    code.map()?.write_dwords(0, &batch.end());
    for (place, engine) in (0..).zip(Engine::TIGER_LAKE) {
        ErrorState::clear()?;
        let context = Context::with_params(&device, &[Param::engines(&Engine::TIGER_LAKE)])?;
        let mut marked = object.pinned_at(AT);
        marked.flags |= u64::from(EXEC_OBJECT_CAPTURE | EXEC_OBJECT_PAD_TO_SIZE);
        marked.__bindgen_anon_1.pad_to_size = 4 * PAGE;
        let list = vec![marked, code.pinned_at(OTHER)];
        Exec2::new(list)
            .context(&context)
            .engine(place)
            .submit_with_fence(&device)?;
        code.wait(-1)?;
        let state = state()?;
        ensure_contents(&state, "user", AT, &memory.to_vec())?;
        ensure_eq!(state.buffers[0].engine, engine.name(), "the engine");
    }
    ErrorState::clear()?;
    Ok(())
}

/// `intel_gt_handle_error`: writing to `i915_wedged` records an error also when nothing
/// runs.
fn reset_of_an_idle_engine() -> Outcome {
    let _device = Device::open()?;
    ErrorState::clear()?;
    let path = virtio_igpu_guest_tests::client::setting::debug_folder()?.join("i915_wedged");
    virtio_igpu_guest_tests::client::setting::write(&path, "1")?;
    let state = state()?;
    ensure!(
        state.text.starts_with("GPU HANG: ecode 12:0:00000000\n"),
        "the error state is not one of nothing:\n{}",
        state.text
    );
    ensure_eq!(state.buffers.len(), 0, "the number of buffers");
    ErrorState::clear()?;
    Ok(())
}
