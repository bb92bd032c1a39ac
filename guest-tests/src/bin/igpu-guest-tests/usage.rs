//! What `/proc/self/fdinfo` says of a file of the device (drm-usage-stats, and i915's
//! `show_client_class` and `obj_meminfo`).

use std::collections::BTreeMap;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use virtio_igpu_guest_tests::client::{Device, Exec2, Object};
use virtio_igpu_guest_tests::gpu::Spinner;
use virtio_igpu_guest_tests::sys::uapi::*;

use crate::exec2::BATCH;
use crate::purging::advise;
use crate::rig::{Outcome, PAGE, ensure, ensure_eq, trials, wait_until};

pub(crate) fn tests() -> Vec<Trial> {
    trials!("usage": who_it_is, time_on_engines, memory)
}

/// The lines of the file's fdinfo that are DRM's, by their keys.
fn fdinfo(device: &Device) -> std::result::Result<BTreeMap<String, String>, Failed> {
    let path = format!("/proc/self/fdinfo/{}", device.fd().as_raw_fd());
    let text = std::fs::read_to_string(path)?;
    let lines = text.lines().filter_map(|line| line.split_once(":\t"));
    Ok(lines
        .filter(|(key, _)| key.starts_with("drm-"))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect())
}

/// For how long the file has had the engines of a class.
fn time(device: &Device, class: &str) -> std::result::Result<Duration, Failed> {
    let lines = fdinfo(device)?;
    let value = lines.get(&format!("drm-engine-{class}"));
    let nanoseconds = value.and_then(|value| value.strip_suffix(" ns")?.parse().ok());
    Ok(Duration::from_nanos(nanoseconds.ok_or("no time")?))
}

/// Bytes of the file's memory of a kind.
fn bytes(device: &Device, kind: &str) -> std::result::Result<u64, Failed> {
    let lines = fdinfo(device)?;
    let value = lines.get(&format!("drm-{kind}-system0"));
    let mut words = value.ok_or("no memory")?.split(' ');
    let number: u64 = words.next().ok_or("no number")?.parse()?;
    let unit = match words.next() {
        None => 1,
        Some("KiB") => 1 << 10,
        Some("MiB") => 1 << 20,
        Some(unit) => return Err(format!("the unit {unit}").into()),
    };
    Ok(number * unit)
}

/// Driver, place, number, and a time for each class of engines.
fn who_it_is() -> Outcome {
    let (device, other) = (Device::open()?, Device::open()?);
    let lines = fdinfo(&device)?;
    let value = |key: &str| lines.get(key).map(String::as_str);
    ensure_eq!(value("drm-driver"), Some("i915"), "the driver");
    ensure!(value("drm-pdev").is_some(), "the place");
    ensure!(
        value("drm-client-id") != fdinfo(&other)?.get("drm-client-id").map(String::as_str),
        "two files, two numbers"
    );
    for class in ["render", "copy", "video", "video-enhance"] {
        ensure_eq!(time(&device, class)?, Duration::ZERO, "nothing was done");
    }
    ensure_eq!(value("drm-engine-capacity-video"), Some("2"), "engines");
    ensure_eq!(value("drm-engine-capacity-render"), None, "one engine");
    ensure_eq!(value("drm-engine-compute"), None, "no such engines");
    Ok(())
}

/// What runs counts while it runs, for its file and class alone, and stays counted.
fn time_on_engines() -> Outcome {
    const RUN: Duration = Duration::from_millis(200);
    let (device, other) = (Device::open()?, Device::open()?);
    let object = Object::create(&device, Spinner::SIZE)?;
    let memory = object.map()?;
    let spinner = Spinner::write(&memory, 0, BATCH);
    let submitted = Instant::now();
    Exec2::new(vec![object.pinned_at(BATCH)])
        .engine(I915_EXEC_BLT)
        .submit(&device)?;
    wait_until("the spinner starts", || spinner.has_started(&memory))?;
    let begin = time(&device, "copy")?;
    let started = Instant::now();
    std::thread::sleep(RUN);
    let slept = started.elapsed();
    let running = time(&device, "copy")?;
    let most = submitted.elapsed();
    ensure!(
        running - begin >= slept * 9 / 10 && running <= most,
        "{begin:?}, {running:?} after {slept:?}, {most:?} after submission"
    );
    spinner.end(&memory);
    object.wait(-1)?;
    let ended = time(&device, "copy")?;
    let most = submitted.elapsed();
    ensure!(
        ended >= running && ended <= most,
        "{ended:?} after {most:?}"
    );
    ensure_eq!(time(&device, "copy")?, ended, "it is over");
    ensure_eq!(time(&device, "render")?, Duration::ZERO, "another class");
    ensure_eq!(time(&other, "copy")?, Duration::ZERO, "another file");
    Ok(())
}

/// Objects count as a whole: when they are there, hold pages, are shared, busy, not needed.
fn memory() -> Outcome {
    const SIZE: u64 = 16 * PAGE;
    let (device, other) = (Device::open()?, Device::open()?);
    let before = bytes(&device, "total")?;
    let object = Object::create(&device, SIZE)?;
    ensure_eq!(bytes(&device, "total")? - before, SIZE, "total");
    ensure_eq!(bytes(&device, "resident")?, 0, "without pages");
    let memory = object.map()?;
    let spinner = Spinner::write(&memory, 0, BATCH);
    ensure_eq!(bytes(&device, "resident")?, SIZE, "with pages");
    ensure_eq!(bytes(&device, "active")?, 0, "not used");
    Exec2::new(vec![object.pinned_at(BATCH)]).submit(&device)?;
    ensure!(advise(&object, I915_MADV_DONTNEED)?, "retained");
    ensure_eq!(bytes(&device, "active")?, SIZE, "used");
    ensure_eq!(bytes(&device, "purgeable")?, 0, "used, though not needed");
    spinner.end(&memory);
    object.wait(-1)?;
    ensure_eq!(bytes(&device, "active")?, 0, "not used any more");
    ensure_eq!(bytes(&device, "purgeable")?, SIZE, "not needed");
    ensure!(advise(&object, I915_MADV_WILLNEED)?, "retained");
    ensure_eq!(bytes(&device, "purgeable")?, 0, "needed");
    ensure_eq!(bytes(&device, "shared")?, 0, "one owner");
    let _imported = Object::import(&other, object.export()?, SIZE)?;
    ensure_eq!(bytes(&device, "shared")?, SIZE, "two owners");
    Ok(())
}
