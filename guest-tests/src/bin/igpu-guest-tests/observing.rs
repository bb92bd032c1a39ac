//! What people look at a running device with: the driver's tracepoints (docs/tracing.md), and
//! igpu-top on fdinfo (docs/observing.md).

use std::path::Path;
use std::process::Command;

use libtest_mimic::{Completion, Failed, Trial};
use virtio_igpu_guest_tests::client::{Device, Exec2, Object};
use virtio_igpu_guest_tests::gpu::Spinner;
use virtio_igpu_guest_tests::sys::uapi::I915_EXEC_BLT;

use crate::exec2::{BATCH, program};
use crate::rig::{Outcome, PAGE, ensure, ensure_eq, trials, wait_until};

pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = trials!("observing": igpu_top_shows_who_runs);
    tests.push(Trial::ignorable_test("observing::tracepoints", tracepoints));
    tests
}

/// The kernel's tracing, of the driver's events alone; off when this is dropped.
struct Tracing;

impl Tracing {
    const FOLDER: &str = "/sys/kernel/tracing";

    fn write(file: &str, text: &str) -> std::result::Result<(), Failed> {
        Ok(std::fs::write(Path::new(Self::FOLDER).join(file), text)?)
    }

    /// `None`: this kernel has none.
    fn begin() -> std::result::Result<Option<Self>, Failed> {
        if !Path::new(Self::FOLDER).exists() {
            return Ok(None);
        }
        if !Path::new(Self::FOLDER).join("trace").exists() {
            let mount = ["-t", "tracefs", "tracefs", Self::FOLDER];
            ensure!(
                Command::new("mount").args(mount).status()?.success(),
                "no tracefs"
            );
        }
        let tracing = Self;
        Self::write("events/virtio_igpu/enable", "1")?;
        Self::write("tracing_on", "1")?;
        Self::write("trace", "")?;
        Ok(Some(tracing))
    }

    /// What was recorded since the last call: an event's name and its fields in each.
    fn take(&self) -> std::result::Result<Vec<(String, String)>, Failed> {
        let text = std::fs::read_to_string(Path::new(Self::FOLDER).join("trace"))?;
        Self::write("trace", "")?;
        let event = |line: &str| {
            let (_, event) = line.split_once(": virtio_igpu_")?;
            let (name, fields) = event.split_once(": ")?;
            Some((name.to_owned(), fields.to_owned()))
        };
        Ok(text.lines().filter_map(event).collect())
    }
}

impl Drop for Tracing {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _ = Self::write("events/virtio_igpu/enable", "0");
    }
}

/// A field of an event.
fn field<'a>(fields: &'a str, name: &str) -> Option<&'a str> {
    fields
        .split(' ')
        .find_map(|field| field.strip_prefix(name)?.strip_prefix('='))
}

/// A submission and the update before it are seen being made, sent and signalled, in this
/// order and by the same point; with the events off nothing is.
fn tracepoints() -> std::result::Result<Completion, Failed> {
    let device = Device::open()?;
    let object = program(&device, |_| ())?;
    let Some(tracing) = Tracing::begin()? else {
        return Ok(Completion::ignored_with("the kernel has no tracefs"));
    };
    Exec2::new(vec![object.pinned_at(BATCH)]).submit(&device)?;
    object.wait(-1)?;
    let events = tracing.take()?;
    for made in ["update", "submit"] {
        let places = events.iter().enumerate();
        let mut of_kind = places.filter(|(_, (name, _))| name == made);
        let (at, (_, fields)) = of_kind
            .next_back()
            .ok_or(format!("no {made}: {events:?}"))?;
        let point = [field(fields, "timeline"), field(fields, "value")];
        ensure!(point.iter().all(Option::is_some), "{fields}");
        let later: Vec<_> = events[at..]
            .iter()
            .filter(|(_, fields)| [field(fields, "timeline"), field(fields, "value")] == point)
            .collect();
        let names: Vec<_> = later.iter().map(|(name, _)| name.as_str()).collect();
        ensure_eq!(names, [made, "send", "signal"], "the stages of {fields}");
        ensure_eq!(field(&later[2].1, "error"), Some("0"), "its end");
    }
    // One queue's interrupt sees to what the other has too, whose own may find nothing then.
    for (name, queues) in [("kick", &["1"][..]), ("interrupt", &["1", "2"])] {
        let of_queues = |(event, fields): &(String, String)| {
            event == name && field(fields, "queue").is_some_and(|it| queues.contains(&it))
        };
        ensure!(
            events.iter().any(of_queues),
            "no {name} of queues {queues:?}: {events:?}"
        );
    }
    Tracing::write("events/virtio_igpu/enable", "0")?;
    Exec2::new(vec![object.pinned_at(BATCH)]).submit(&device)?;
    object.wait(-1)?;
    ensure_eq!(tracing.take()?, [], "events that are off");
    Ok(Completion::Completed)
}

/// A client whose batch runs is shown with its memory, its engine's class busy and no other.
fn igpu_top_shows_who_runs() -> Outcome {
    let device = Device::open()?;
    let object = Object::create(&device, Spinner::SIZE)?;
    let memory = object.map()?;
    let spinner = Spinner::write(&memory, 0, BATCH);
    Exec2::new(vec![object.pinned_at(BATCH)])
        .engine(I915_EXEC_BLT)
        .submit(&device)?;
    wait_until("the spinner starts", || spinner.has_started(&memory))?;
    let output = Command::new("igpu-top")
        .args(["--once", "--json", "--interval", "400"])
        .output()?;
    spinner.end(&memory);
    object.wait(-1)?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "igpu-top: {said}");
    let view: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let clients = view["clients"].as_array().ok_or("no clients")?;
    let own = format!("{} ", std::process::id());
    let is_own = |client: &&serde_json::Value| {
        client["name"]
            .as_str()
            .is_some_and(|name| name.starts_with(&own))
    };
    let busiest = clients
        .iter()
        .find(is_own)
        .ok_or(format!("not there: {view}"))?;
    ensure!(
        busiest["memory"]["resident"].as_u64() >= Some(PAGE),
        "{busiest}"
    );
    for engine in busiest["engines"].as_array().ok_or("no engines")? {
        let busy = engine["busy"].as_f64().ok_or("no share")?;
        let expected = if engine["name"] == "copy" {
            0.8..=1.0
        } else {
            0.0..=0.0
        };
        ensure!(expected.contains(&busy), "{busiest}");
    }
    Ok(())
}
