//! The module's and the daemon's comings and goings: loading, unloading, unbinding with a
//! file open, and a daemon that dies under load or isn't scheduled. Each scenario has a guest
//! of its own.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::tally::Tally;
use crate::vm::{Finished, Lab};

/// A scenario: a script for the guest's shell, and what the host does meanwhile.
struct Scenario {
    name: &'static str,
    script: &'static str,
    /// What is done when the guest prints this.
    at: Option<(&'static str, Event)>,
}

/// What befalls the daemon.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Event {
    /// It is killed.
    Killed,
    /// It is stopped again and again, each time for a moment.
    Interrupted,
    /// It is asked to have the GPU vanish.
    GpuLost,
}

/// A guest that takes longer over a scenario hangs.
const LIMIT: Duration = Duration::from_secs(120);

const SCENARIOS: [Scenario; 8] = [
    Scenario {
        name: "unloads_and_loads_again",
        script: "
            for round in 1 2 3 4 5; do
                rmmod virtio_igpu || exit 1
                [ ! -e /dev/dri/renderD128 ] || exit 2
                modprobe virtio_igpu || exit 3
                [ -c /dev/dri/renderD128 ] || exit 4
            done",
        at: None,
    },
    Scenario {
        name: "refuses_to_unload_while_a_file_is_open",
        script: "
            exec 9<>/dev/dri/renderD128
            rmmod virtio_igpu 2>/dev/null && exit 1
            exec 9>&-
            rmmod virtio_igpu",
        at: None,
    },
    Scenario {
        name: "unbinds_with_a_file_open_and_binds_again",
        script: "
            cd /sys/bus/virtio/drivers/virtio_igpu || exit 1
            device=$(echo virtio*)
            exec 9<>/dev/dri/renderD128
            echo $device >unbind || exit 2
            [ ! -e $device ] || exit 3
            exec 9>&-
            echo $device >bind || exit 4
            [ -c /dev/dri/renderD128 ] || exit 5
            igpu-guest-tests identity >/dev/null || exit 6",
        at: None,
    },
    Scenario {
        name: "offers_the_version_of_vm_bind_that_is_asked_for",
        script: "
            rmmod virtio_igpu || exit 1
            modprobe virtio_igpu vm_bind_version=3 2>/dev/null && exit 2
            modprobe virtio_igpu vm_bind_version=1 || exit 3
            igpu-guest-tests vm_bind_version_1 >/tmp/out || { cat /tmp/out; exit 4; }
            grep -q '3 passed' /tmp/out || { cat /tmp/out; exit 5; }
            rmmod virtio_igpu && modprobe virtio_igpu vm_bind_version=0 || exit 6
            igpu-guest-tests contexts::vm_ >/tmp/out || { cat /tmp/out; exit 7; }",
        at: None,
    },
    Scenario {
        name: "unbinds_under_load",
        script: "
            while :; do igpu-guest-tests exec; done >/dev/null 2>&1 &
            load=$!
            sleep 2
            cd /sys/bus/virtio/drivers/virtio_igpu || exit 1
            echo $(echo virtio*) >unbind || exit 2
            kill -9 $load
            killall -9 igpu-guest-tests
            for second in 1 2 3 4 5 6 7 8 9 10; do
                pidof igpu-guest-tests >/dev/null || exit 0
                sleep 1
            done
            exit 3",
        at: None,
    },
    Scenario {
        name: "survives_the_daemons_death_under_load",
        script: "
            while :; do igpu-guest-tests exec; done >/dev/null 2>&1 &
            load=$!
            sleep 2
            echo NOW
            sleep 3
            kill -9 $load
            killall -9 igpu-guest-tests
            for second in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
                pidof igpu-guest-tests >/dev/null || exit 0
                sleep 1
            done
            exit 3",
        at: Some(("NOW", Event::Killed)),
    },
    Scenario {
        name: "loses_nothing_while_the_daemon_is_interrupted",
        script: "
            echo NOW
            for round in 1 2 3; do
                igpu-guest-tests full_rings >/tmp/out || { cat /tmp/out; exit 1; }
            done
            for queue in control bind submit; do
                grep \"^parked_$queue [1-9]\" /sys/kernel/debug/dri/*/igpu_counters || exit 2
            done",
        at: Some(("NOW", Event::Interrupted)),
    },
    Scenario {
        name: "is_wedged_once_the_gpu_is_gone_and_as_new_when_loaded_again",
        script: "
            wedged=/sys/kernel/debug/dri/0/i915_wedged
            [ $(cat $wedged) = 0 ] || exit 1
            mkfifo /tmp/hold
            igpu-hold </tmp/hold >/tmp/held 2>&1 &
            held=$!
            exec 9>/tmp/hold
            until grep -q ready /tmp/held; do sleep 1; done
            echo NOW
            for second in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
                [ $(cat $wedged) = 1 ] && break
                sleep 1
            done
            [ $(cat $wedged) = 1 ] || exit 2
            # What ran has ended, and nothing new begins.
            exec 9>&-
            wait $held
            igpu-hold </dev/null >/tmp/out 2>&1 && exit 3
            grep -q EIO /tmp/out || { cat /tmp/out; exit 4; }
            echo 0xff >$wedged || exit 5
            [ $(cat $wedged) = 1 ] || exit 6
            # What needs no GPU goes on.
            igpu-guest-tests identity::version >/tmp/out || { cat /tmp/out; exit 7; }
            rmmod virtio_igpu && modprobe virtio_igpu || exit 8
            [ $(cat $wedged) = 0 ] || exit 9
            igpu-hold </dev/null >/tmp/out 2>&1 || { cat /tmp/out; exit 10; }",
        at: Some(("NOW", Event::GpuLost)),
    },
];

/// Runs all scenarios.
pub(super) fn all(lab: &Lab) -> Result<Tally> {
    let mut tally = Tally::default();
    for scenario in &SCENARIOS {
        let finished = run(lab, scenario)?;
        let good = finished.good();
        println!(
            "test {} ... {} ({:.1} s)",
            scenario.name,
            if good { "ok" } else { "FAILED" },
            finished.seconds
        );
        if !good {
            println!("    the script's exit status: {:?}", finished.status);
            for problem in &finished.problems {
                println!("    {problem}");
            }
        }
        tally.merge(Tally::one(good));
    }
    Ok(tally)
}

fn run(lab: &Lab, scenario: &Scenario) -> Result<Finished> {
    let mut guest = lab
        .guest()
        .command(&["sh", "-c", scenario.script])
        .timeout(Some(lab.patience(LIMIT)));
    if matches!(scenario.at, Some((_, Event::Killed))) {
        guest = guest.daemon_may_die();
    }
    let management = std::env::temp_dir().join(format!("igpu-{}.sock", std::process::id()));
    if matches!(scenario.at, Some((_, Event::GpuLost))) {
        let words = ["--fault-injection".into(), "--management-socket".into()];
        guest = guest.daemon_args(words.into_iter().chain([management.clone().into()]));
    }
    let mut said = String::new();
    guest.run(&mut |error, bytes, orders| {
        if error {
            eprint!("{}", String::from_utf8_lossy(bytes));
            return;
        }
        said.push_str(&String::from_utf8_lossy(bytes));
        if let Some((sign, event)) = scenario.at
            && said.contains(sign)
        {
            match event {
                Event::Killed => orders.kill_daemon = true,
                Event::Interrupted => orders.interrupt_daemon = true,
                Event::GpuLost => {
                    if let Err(error) = lose_gpu(&management) {
                        eprintln!("the GPU can't be had vanish: {error}");
                    }
                }
            }
            said.clear();
        }
    })
}

/// Asks a daemon to have its guest's GPU vanish.
fn lose_gpu(management: &Path) -> io::Result<()> {
    let mut stream = UnixStream::connect(management)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"POST /faults/gpu-lost HTTP/1.1\r\nHost: igpu\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.starts_with("HTTP/1.1 200") {
        true => Ok(()),
        false => Err(io::Error::other(answer)),
    }
}
