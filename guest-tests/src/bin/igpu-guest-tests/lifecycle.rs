//! Many clients at once, and clients that die.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use libtest_mimic::{Failed, Trial};
use virtio_igpu_guest_tests::client::{Context, Device, Engine, Exec3, Object, Syncobj};

use crate::rig::{
    BCS0, Outcome, PAGE, PATIENCE, RCS0, Rig, ensure, ensure_eq, settled_counters, trials,
    wait_until,
};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("lifecycle":
        open_and_close, close_with_work_in_flight, killed_with_work_in_flight,
        many_killed_at_once, helper_ends_its_work_by_itself, threads_on_one_file,
        threads_on_files_of_their_own, close_races_with_submission,
    )
}

const AT: u64 = 0x1_0000_0000;

/// Opening and closing leaves nothing.
fn open_and_close() -> Outcome {
    for _ in 0..100 {
        Device::open()?;
    }
    Ok(())
}

/// A file that is closed with endless work takes the work along, soon.
fn close_with_work_in_flight() -> Outcome {
    let survivor = Device::open()?;
    for _ in 0..5 {
        let device = Device::open()?;
        let rig = Rig::new(&device)?;
        rig.context
            .set(&virtio_igpu_guest_tests::client::Param::Persistence(false))?;
        let spinner = rig.spinner(0);
        Exec3::new(&rig.context, BCS0, spinner.address()).submit(&device)?;
        wait_until("the spinner has started", || rig.has_started(&spinner))?;
    }
    let rig = Rig::new(&survivor)?;
    rig.run(BCS0, |_| {})?;
    Ok(())
}

/// The helper program with a spinner on the GPU.
struct Holder(Child);

impl Holder {
    fn start(arguments: &[&str]) -> Result<Self, Failed> {
        let path = std::env::current_exe()?;
        let helper: PathBuf = path.with_file_name("igpu-hold");
        let mut child = Command::new(&helper)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", helper.display()))?;
        let mut line = String::new();
        let stdout = child.stdout.as_mut().ok_or("igpu-hold has no stdout")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let holder = Self(child);
        ensure_eq!(line.trim(), "ready", "what igpu-hold says first");
        Ok(holder)
    }

    fn kill(mut self) -> Outcome {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A process that is killed while its work runs: others go on, nothing is left behind.
fn killed_with_work_in_flight() -> Outcome {
    let device = Device::open()?;
    let rig = Rig::new(&device)?;
    for engine in ["rcs0", "bcs0"] {
        Holder::start(&["--engine", engine])?.kill()?;
        rig.run(RCS0, |_| {})?;
        rig.run(BCS0, |_| {})?;
    }
    settled_counters()?;
    Ok(())
}

/// The same with several of them on one engine.
fn many_killed_at_once() -> Outcome {
    let device = Device::open()?;
    let mut holders = Vec::new();
    for _ in 0..4 {
        holders.push(Holder::start(&["--engine", "bcs0"])?);
    }
    for holder in holders {
        holder.kill()?;
    }
    Rig::new(&device)?.run(BCS0, |_| {})?;
    Ok(())
}

/// The helper ends its spinner when its input ends, and then exits with success.
fn helper_ends_its_work_by_itself() -> Outcome {
    let mut holder = Holder::start(&[])?;
    let mut input = holder.0.stdin.take().ok_or("igpu-hold has no stdin")?;
    input.write_all(b"\n")?;
    drop(input);
    let status = holder.0.wait()?;
    ensure!(status.success(), "igpu-hold: {status}");
    Ok(())
}

/// What each thread does again and again: a context, an object, a bind, a submission,
/// all given back.
fn one_life(device: &Device, rounds: u32, salt: u32) -> Outcome {
    for round in 0..rounds {
        let rig = Rig::new(device)?;
        let value = salt << 16 | round;
        let at = AT + u64::from(round) * 0x20_0000;
        let (object, memory) = rig.memory(at, 4 * PAGE)?;
        let engine = (salt + round) % Engine::TIGER_LAKE.len() as u32;
        rig.run(engine, |batch| {
            batch.store_u32(at + 2 * PAGE, value);
        })?;
        ensure_eq!(
            memory.read_u32(2 * PAGE as usize),
            value,
            "thread {salt}, round {round}"
        );
        if round % 2 == 0 {
            rig.vm.unbind(at, 4 * PAGE)?;
        }
        object.close()?;
    }
    Ok(())
}

fn in_threads(count: u32, life: impl Fn(u32) -> Outcome + Sync) -> Outcome {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|salt| {
                scope.spawn({
                    let life = &life;
                    move || life(salt)
                })
            })
            .collect();
        threads
            .into_iter()
            .try_for_each(|thread| match thread.join() {
                Ok(outcome) => outcome,
                Err(_) => Err("a thread panicked".into()),
            })
    })
}

/// Threads that share a file.
fn threads_on_one_file() -> Outcome {
    let device = Device::open()?;
    in_threads(8, |salt| one_life(&device, 10, salt))
}

/// Threads with a file each.
fn threads_on_files_of_their_own() -> Outcome {
    in_threads(8, |salt| one_life(&Device::open()?, 10, salt))
}

/// One thread submits while another takes object, mapping and context away: either the
/// submission goes through or it is refused, and the next client is fine.
fn close_races_with_submission() -> Outcome {
    let device = Device::open()?;
    for round in 0..50u64 {
        let rig = Rig::new(&device)?;
        let object = Object::create(&device, PAGE)?;
        rig.vm.bind(&object, AT)?;
        object
            .map()?
            .write_dwords(0, &virtio_igpu_guest_tests::gpu::Batch::new().end());
        let context = Context::for_vm(&device, &rig.vm, &[Engine::RCS0])?;
        let done = Syncobj::create(&device)?;
        let argument = Exec3::new(&context, 0, AT).argument();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..4 {
                    let mut argument = argument;
                    // ENOENT and EINVAL are what a lost race looks like.
                    let _ = device.call::<virtio_igpu_guest_tests::sys::request::GemExecbuffer3>(
                        &mut argument,
                    );
                }
            });
            scope.spawn(|| {
                if round % 2 == 0 {
                    drop(object);
                    drop(context);
                } else {
                    drop(context);
                    let _ = rig.vm.unbind(AT, PAGE);
                }
            });
        });
        rig.run(RCS0, |_| {})?;
        drop(done);
    }
    let last = Syncobj::create(&device)?;
    last.signal_point(1)?;
    last.wait_point(1, PATIENCE)?;
    Ok(())
}
