// SPDX-License-Identifier: Apache-2.0 OR MIT

//! QEMU's side: its plugin API in version 7 (QEMU 11.1), as far as it is used, and the
//! functions that QEMU calls. All unsafe code of the plugin is here.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::code;
use crate::series::{Counts, Samples, begins};

/// The version of the API that this is written against, under the name that QEMU looks for.
#[unsafe(export_name = "qemu_plugin_version")]
#[used]
static VERSION: c_int = 7;

/// The longest instruction there is, in bytes.
const LONGEST: usize = 15;

/// A translated block, an instruction, a scoreboard, what a memory access was: QEMU's own.
enum Block {}
enum Instruction {}
enum Scoreboard {}
enum PhysicalAddress {}

/// A counter for each processor.
#[repr(C)]
#[derive(Clone, Copy)]
struct Counter {
    board: *mut Scoreboard,
    offset: usize,
}

/// `QEMU_PLUGIN_INLINE_ADD_U64`.
const ADD: c_int = 0;
/// `QEMU_PLUGIN_COND_NE`.
const UNEQUAL: c_int = 3;
/// `QEMU_PLUGIN_CB_NO_REGS`.
const NO_REGISTERS: c_int = 0;
/// `QEMU_PLUGIN_MEM_W`.
const STORES: c_int = 2;

type Translated = extern "C" fn(*mut Block, *mut c_void);
type Executed = extern "C" fn(c_uint, *mut c_void);
type Accessed = extern "C" fn(c_uint, u32, u64, *mut c_void);
type Ended = extern "C" fn(*mut c_void);

unsafe extern "C" {
    fn qemu_plugin_register_vcpu_tb_trans_cb(id: u64, call: Translated, data: *mut c_void);
    fn qemu_plugin_register_atexit_cb(id: u64, call: Ended, data: *mut c_void);
    fn qemu_plugin_tb_n_insns(block: *const Block) -> usize;
    fn qemu_plugin_tb_get_insn(block: *const Block, index: usize) -> *mut Instruction;
    fn qemu_plugin_insn_data(from: *const Instruction, to: *mut c_void, length: usize) -> usize;
    fn qemu_plugin_insn_size(instruction: *const Instruction) -> usize;
    fn qemu_plugin_insn_vaddr(instruction: *const Instruction) -> u64;
    fn qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(
        instruction: *mut Instruction,
        operation: c_int,
        counter: Counter,
        amount: u64,
    );
    fn qemu_plugin_register_vcpu_insn_exec_cb(
        instruction: *mut Instruction,
        call: Executed,
        flags: c_int,
        data: *mut c_void,
    );
    fn qemu_plugin_register_vcpu_insn_exec_cond_cb(
        instruction: *mut Instruction,
        call: Executed,
        flags: c_int,
        condition: c_int,
        counter: Counter,
        operand: u64,
        data: *mut c_void,
    );
    fn qemu_plugin_register_vcpu_mem_cb(
        instruction: *mut Instruction,
        call: Accessed,
        flags: c_int,
        which: c_int,
        data: *mut c_void,
    );
    fn qemu_plugin_get_hwaddr(access: u32, address: u64) -> *mut PhysicalAddress;
    fn qemu_plugin_hwaddr_is_io(address: *const PhysicalAddress) -> bool;
    fn qemu_plugin_hwaddr_device_name(address: *const PhysicalAddress) -> *const c_char;
    fn qemu_plugin_scoreboard_new(size: usize) -> *mut Scoreboard;
    fn qemu_plugin_u64_get(counter: Counter, processor: c_uint) -> u64;
    fn qemu_plugin_u64_set(counter: Counter, processor: c_uint, value: u64);
    fn qemu_plugin_u64_add(counter: Counter, processor: c_uint, amount: u64);
}

/// What the plugin keeps while QEMU runs.
struct Plugin {
    out: PathBuf,
    user: Counter,
    kernel: Counter,
    notifications: Counter,
    /// Not 0 while a sample is being taken.
    sampling: Counter,
    profile: bool,
    samples: Mutex<Samples>,
}

// SAFETY: the counters' pointer is to a scoreboard, which is never freed, and which QEMU's
// functions may be given on any thread; nothing else in here is tied to one.
unsafe impl Send for Plugin {}
// SAFETY: as above; what changes is behind a lock.
unsafe impl Sync for Plugin {}

static PLUGIN: OnceLock<Plugin> = OnceLock::new();

/// What QEMU calls first.
///
/// # Safety
///
/// `arguments` must be `count` pointers to strings, as QEMU passes them.
#[unsafe(no_mangle)]
unsafe extern "C" fn qemu_plugin_install(
    id: u64,
    _info: *const c_void,
    count: c_int,
    arguments: *const *const c_char,
) -> c_int {
    let (mut out, mut profile) = (None, false);
    let arguments = match usize::try_from(count) {
        // SAFETY: QEMU passes that many pointers.
        Ok(count) if count > 0 => unsafe { std::slice::from_raw_parts(arguments, count) },
        _ => &[],
    };
    for &argument in arguments {
        // SAFETY: each is to a string that ends with a zero and lives as long as the plugin.
        let argument = unsafe { CStr::from_ptr(argument) };
        match argument.to_str().unwrap_or_default().split_once('=') {
            Some(("out", file)) => out = Some(PathBuf::from(file)),
            // QEMU hands over every switch as on or off.
            Some(("profile", value)) => profile = value == "on",
            _ => {
                eprintln!("igpu-tcg-plugin: what is {argument:?}? It knows out and profile");
                return 1;
            }
        }
    }
    let Some(out) = out else {
        eprintln!("igpu-tcg-plugin: where to write? Give out=FILE");
        return 1;
    };
    // SAFETY: allowed while a plugin is installed; the scoreboard is kept for ever.
    let board = unsafe { qemu_plugin_scoreboard_new(4 * size_of::<u64>()) };
    let counter = |place: usize| Counter {
        board,
        offset: place * size_of::<u64>(),
    };
    let plugin = Plugin {
        out,
        user: counter(0),
        kernel: counter(1),
        notifications: counter(2),
        sampling: counter(3),
        profile,
        samples: Mutex::default(),
    };
    if PLUGIN.set(plugin).is_err() {
        eprintln!("igpu-tcg-plugin: loaded twice");
        return 1;
    }
    // SAFETY: the id is the one that QEMU gave, the functions are of the types it wants, and
    // they don't look at the data.
    unsafe { qemu_plugin_register_vcpu_tb_trans_cb(id, translated, std::ptr::null_mut()) };
    // SAFETY: as above.
    unsafe { qemu_plugin_register_atexit_cb(id, ended, std::ptr::null_mut()) };
    0
}

/// A block has been translated: each of its instructions is to be counted.
extern "C" fn translated(block: *mut Block, _: *mut c_void) {
    let Some(plugin) = PLUGIN.get() else {
        return;
    };
    // SAFETY: QEMU's block, valid during this call.
    let count = unsafe { qemu_plugin_tb_n_insns(block) };
    for index in 0..count {
        // SAFETY: as above, and there are as many instructions.
        let instruction = unsafe { qemu_plugin_tb_get_insn(block, index) };
        instrument(plugin, instruction);
    }
}

/// Has an instruction counted, and looked at if it is one of those that say something.
fn instrument(plugin: &'static Plugin, instruction: *mut Instruction) {
    let mut bytes = [0; LONGEST];
    // SAFETY: the callers pass an instruction of the block that is being translated.
    let size = unsafe { qemu_plugin_insn_size(instruction) };
    // SAFETY: as above; at most as many bytes are written as there is room for.
    let length = unsafe {
        qemu_plugin_insn_data(
            instruction,
            bytes.as_mut_ptr().cast(),
            size.min(bytes.len()),
        )
    };
    let bytes = &bytes[..length.min(size).min(LONGEST)];
    // SAFETY: as above.
    let address = unsafe { qemu_plugin_insn_vaddr(instruction) };
    let of_kernel = code::of_kernel(address);
    let counter = if of_kernel {
        plugin.kernel
    } else {
        plugin.user
    };
    // SAFETY: as above; the counter is one of the plugin's scoreboard.
    unsafe { qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(instruction, ADD, counter, 1) };
    if plugin.profile && of_kernel {
        let data = std::ptr::without_provenance_mut(address as usize);
        // SAFETY: as above; the data is an address of the guest's, which the function takes
        // for a number.
        unsafe {
            qemu_plugin_register_vcpu_insn_exec_cond_cb(
                instruction,
                executed,
                NO_REGISTERS,
                UNEQUAL,
                plugin.sampling,
                0,
                data,
            );
        }
    }
    if let Some(number) = code::mark(bytes) {
        let data = std::ptr::without_provenance_mut(number as usize);
        // SAFETY: as above; the data is a number, which is all the function takes it for.
        unsafe { qemu_plugin_register_vcpu_insn_exec_cb(instruction, marked, NO_REGISTERS, data) };
    } else if of_kernel && code::may_notify(bytes) {
        let data = std::ptr::null_mut();
        // SAFETY: as above; the function doesn't look at the data.
        unsafe {
            qemu_plugin_register_vcpu_mem_cb(instruction, stored, NO_REGISTERS, STORES, data);
        }
    }
}

/// A mark is executed.
extern "C" fn marked(processor: c_uint, number: *mut c_void) {
    let Some(plugin) = PLUGIN.get() else {
        return;
    };
    // SAFETY: the counter is one of the plugin's scoreboard, the processor the one that runs.
    let get = |counter| unsafe { qemu_plugin_u64_get(counter, processor) };
    let counts = Counts {
        user: get(plugin.user),
        kernel: get(plugin.kernel),
        notifications: get(plugin.notifications),
    };
    let number = number.addr() as u32;
    // SAFETY: as above.
    unsafe { qemu_plugin_u64_set(plugin.sampling, processor, begins(number).into()) };
    let samples = plugin.samples.lock();
    samples
        .unwrap_or_else(PoisonError::into_inner)
        .mark(processor, number, counts);
}

/// An instruction of the kernel is executed in a sample.
extern "C" fn executed(processor: c_uint, address: *mut c_void) {
    if let Some(plugin) = PLUGIN.get() {
        let samples = plugin.samples.lock();
        samples
            .unwrap_or_else(PoisonError::into_inner)
            .executed(processor, address.addr() as u64);
    }
}

/// An instruction that may notify a device stores somewhere.
extern "C" fn stored(processor: c_uint, access: u32, address: u64, _: *mut c_void) {
    let Some(plugin) = PLUGIN.get() else {
        return;
    };
    // SAFETY: allowed in this function, with what it was called with.
    let place = unsafe { qemu_plugin_get_hwaddr(access, address) };
    // SAFETY: the place is valid until this function returns, if there is one.
    if place.is_null() || !unsafe { qemu_plugin_hwaddr_is_io(place) } {
        return;
    }
    // SAFETY: as above.
    let name = unsafe { qemu_plugin_hwaddr_device_name(place) };
    if name.is_null() {
        return;
    }
    // SAFETY: a string of QEMU's that it keeps.
    let name = unsafe { CStr::from_ptr(name) };
    if code::is_notify_area(name.to_bytes()) {
        // SAFETY: the counter is one of the plugin's scoreboard, the processor the one that
        // runs.
        unsafe { qemu_plugin_u64_add(plugin.notifications, processor, 1) };
    }
}

/// QEMU ends.
extern "C" fn ended(_: *mut c_void) {
    let Some(plugin) = PLUGIN.get() else {
        return;
    };
    let samples = plugin.samples.lock();
    let samples = samples.unwrap_or_else(PoisonError::into_inner);
    let written = serde_json::to_vec(&*samples)
        .map_err(std::io::Error::from)
        .and_then(|text| fs::write(&plugin.out, text));
    if let Err(error) = written {
        eprintln!("igpu-tcg-plugin: {}: {error}", plugin.out.display());
    }
}
