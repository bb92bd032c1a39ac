//! The module's and the daemon's comings and goings: loading, unloading, unbinding with a
//! file open, and a daemon that dies under load or isn't scheduled. Each scenario has a guest
//! of its own.

use std::time::Duration;

use anyhow::Result;

use super::wishes::{self, Lines};
use crate::setup::qemu::Device;
use crate::tally::Tally;
use crate::vm::{Finished, Lab};

/// A scenario: a script for the guest's shell, which asks the host for its part
/// ([`wishes`]).
struct Scenario {
    name: &'static str,
    script: &'static str,
    needs: Needs,
}

/// What a scenario needs beside a guest with the device.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// Nothing.
    Plain,
    /// A daemon that may die.
    Death,
    /// A daemon that may die, and be started again.
    Restart,
    /// A daemon that can be told to lose its GPU.
    Loss,
    /// A device in a port of its own, where it can be unplugged and reset. (On the root bus QEMU
    /// makes it a conventional PCI function, which knows neither.)
    Port,
    /// Two devices.
    Two,
    /// That the guest boots again, with a folder to remember things in.
    Reboots,
}

impl Needs {
    /// Whether stock QEMU's device can't do it.
    fn own_device(self) -> bool {
        matches!(self, Self::Port | Self::Restart)
    }
}

/// A guest that takes longer over a scenario hangs.
const LIMIT: Duration = Duration::from_secs(120);

const SCENARIOS: [Scenario; 15] = [
    Scenario {
        name: "unloads_and_loads_again",
        script: "
            for round in 1 2 3 4 5; do
                rmmod virtio_igpu || exit 1
                [ ! -e /dev/dri/renderD128 ] || exit 2
                modprobe virtio_igpu || exit 3
                [ -c /dev/dri/renderD128 ] || exit 4
            done",
        needs: Needs::Plain,
    },
    Scenario {
        name: "refuses_to_unload_while_a_file_is_open",
        script: "
            exec 9<>/dev/dri/renderD128
            rmmod virtio_igpu 2>/dev/null && exit 1
            exec 9>&-
            rmmod virtio_igpu",
        needs: Needs::Plain,
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
        needs: Needs::Plain,
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
        needs: Needs::Plain,
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
        needs: Needs::Plain,
    },
    Scenario {
        name: "survives_the_daemons_death_under_load",
        script: "
            while :; do igpu-guest-tests exec; done >/dev/null 2>&1 &
            load=$!
            sleep 2
            host kill
            sleep 3
            kill -9 $load
            killall -9 igpu-guest-tests
            for second in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
                pidof igpu-guest-tests >/dev/null || exit 0
                sleep 1
            done
            exit 3",
        needs: Needs::Death,
    },
    Scenario {
        name: "loses_nothing_while_the_daemon_is_interrupted",
        script: "
            host interrupt
            for round in 1 2 3; do
                igpu-guest-tests full_rings >/tmp/out || { cat /tmp/out; exit 1; }
            done
            for queue in control bind submit; do
                grep \"^parked_$queue [1-9]\" /sys/kernel/debug/dri/*/igpu_counters || exit 2
            done",
        needs: Needs::Plain,
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
            host lose
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
        needs: Needs::Loss,
    },
    Scenario {
        name: "works_again_once_a_daemon_is_back",
        script: "
            wedged=/sys/kernel/debug/dri/0/i915_wedged
            for round in 1 2 3; do
                load
                hold --until-lost || { cat /tmp/held; exit 1; }
                host kill
                within 20 grep -q 1 $wedged || exit 2
                works && exit 3
                grep -q EIO /tmp/works || { cat /tmp/works; exit 4; }
                host start
                within 20 works || { cat /tmp/works; exit 5; }
                # What was lost has ended, was told so, and holds nothing.
                release && grep -q EIO /tmp/held || { cat /tmp/held; exit 15; }
                unload || exit 6
                # The GPU goes on with what was begun since and nobody waits for.
                echo 0xff >/sys/kernel/debug/dri/0/i915_wedged || exit 14
                within 20 idle || { cat /sys/kernel/debug/dri/0/igpu_counters; exit 7; }
                grep -q \"^resets $round\" /sys/kernel/debug/dri/0/igpu_counters || exit 8
                igpu-guest-tests exec3 >/tmp/out || { cat /tmp/out; exit 9; }
            done
            # While it comes up it is unbound, and bound.
            for round in 1 2 3 4; do
                host kill
                within 20 grep -q 1 $wedged || exit 10
                host start
                sleep 0.$round
                echo $device >$driver/unbind || exit 11
                echo $device >$driver/bind || exit 12
                within 20 works || { cat /tmp/works; exit 13; }
            done
            rmmod virtio_igpu",
        needs: Needs::Restart,
    },
    Scenario {
        name: "comes_up_when_a_daemon_comes",
        script: "
            rmmod virtio_igpu || exit 1
            host kill
            sleep 1
            modprobe virtio_igpu || exit 2
            gone || exit 3
            # It can go again before one comes.
            rmmod virtio_igpu && modprobe virtio_igpu || exit 4
            host start
            within 20 there || exit 5
            igpu-guest-tests exec3 >/tmp/out || { cat /tmp/out; exit 6; }",
        needs: Needs::Restart,
    },
    Scenario {
        name: "works_again_after_a_reset_of_its_function",
        script: "
            reset=$(readlink -f /sys/class/drm/renderD128/device)/reset
            for round in 1 2 3; do
                load
                hold || { cat /tmp/held; exit 1; }
                echo 1 >$reset || exit 2
                within 10 works || { cat /tmp/works; exit 3; }
                # What ran was lost, and is told so.
                release && exit 15
                unload || exit 4
                # The GPU goes on with what was begun since and nobody waits for.
                echo 0xff >/sys/kernel/debug/dri/0/i915_wedged || exit 14
                within 20 idle || { cat /sys/kernel/debug/dri/0/igpu_counters; exit 5; }
            done
            igpu-guest-tests exec3 >/tmp/out || { cat /tmp/out; exit 6; }
            # One that nobody has bound.
            echo $device >$driver/unbind || exit 7
            echo 1 >$reset || exit 8
            echo $device >$driver/bind || exit 9
            within 10 works || { cat /tmp/works; exit 10; }",
        needs: Needs::Port,
    },
    Scenario {
        name: "is_unplugged_under_load_and_plugged_again",
        script: "
            for round in 1 2 3; do
                load
                hold || { cat /tmp/held; exit 1; }
                host unplug
                within 30 gone || exit 2
                release && exit 3
                unload || exit 4
                host plug
                within 30 there || exit 5
                within 20 works || { cat /tmp/works; exit 6; }
            done
            igpu-guest-tests exec3 >/tmp/out || { cat /tmp/out; exit 7; }",
        needs: Needs::Port,
    },
    Scenario {
        name: "has_two_devices_that_know_nothing_of_each_other",
        script: "
            node_of() { readlink -f /sys/class/drm/renderD$1/device; }
            submitted() { sed -n 's/^commands_submit //p' /sys/kernel/debug/dri/$1/igpu_counters; }
            [ -c /dev/dri/renderD129 ] || exit 1
            [ $(node_of 128) != $(node_of 129) ] || exit 2
            first=$(submitted 0)
            IGPU_NODE=/dev/dri/renderD129 igpu-guest-tests exec3 >/tmp/out || { cat /tmp/out; exit 3; }
            [ $(submitted 0) = $first ] || exit 4
            [ $(submitted 1) -gt 0 ] || exit 5
            second=$(submitted 1)
            # Both at the same time.
            IGPU_NODE=/dev/dri/renderD129 igpu-guest-tests exec3 >/tmp/other & other=$!
            IGPU_NODE=/dev/dri/renderD128 igpu-guest-tests exec3 >/tmp/out || { cat /tmp/out; exit 6; }
            wait $other || { cat /tmp/other; exit 7; }
            [ $(submitted 0) -gt $first ] && [ $(submitted 1) -gt $second ] || exit 8
            # One goes while both work: the other's work comes to its end.
            mkfifo /tmp/one /tmp/two
            IGPU_NODE=/dev/dri/renderD128 igpu-hold </tmp/one >/tmp/first 2>&1 & one=$!
            IGPU_NODE=/dev/dri/renderD129 igpu-hold </tmp/two >/tmp/second 2>&1 & two=$!
            exec 8>/tmp/one 9>/tmp/two
            within 20 grep -q ready /tmp/first || exit 9
            within 20 grep -q ready /tmp/second || exit 10
            echo $device >$driver/unbind || exit 11
            gone || exit 12
            exec 8>&-; wait $one && exit 13
            exec 9>&-; wait $two || { cat /tmp/second; exit 14; }
            igpu-guest-tests exec3 >/tmp/out || { cat /tmp/out; exit 15; }
            echo $device >$driver/bind || exit 16
            within 20 there || exit 17
            IGPU_NODE=/dev/dri/renderD128 igpu-guest-tests exec3 >/tmp/out || { cat /tmp/out; exit 18; }",
        needs: Needs::Two,
    },
    Scenario {
        name: "is_there_after_a_reboot",
        script: "
            boot=$(cat /mnt/share/boot 2>/dev/null || echo 0)
            works || { cat /tmp/works; exit 1; }
            if [ $boot -lt 2 ]; then
                echo $((boot + 1)) >/mnt/share/boot
                # With work that runs.
                load
                hold || { cat /tmp/held; exit 2; }
                /opt/virtio-igpu/guest/again
                sleep 60
                exit 3
            fi
            igpu-guest-tests exec3 >/tmp/out || { cat /tmp/out; exit 4; }",
        needs: Needs::Reboots,
    },
    Scenario {
        name: "is_there_after_kexec",
        script: "
            works || { cat /tmp/works; exit 1; }
            if [ ! -e /mnt/share/boot ]; then
                touch /mnt/share/boot
                load
                hold || { cat /tmp/held; exit 2; }
                /opt/virtio-igpu/guest/again /mnt/share/vmlinuz /mnt/share/initramfs
                exit 3
            fi
            igpu-guest-tests exec3 >/tmp/out || { cat /tmp/out; exit 4; }",
        needs: Needs::Reboots,
    },
];

/// Runs all scenarios whose names contain this.
pub(super) fn all(lab: &Lab, filter: &str) -> Result<Tally> {
    let mut tally = Tally::default();
    let wanted = |scenario: &&Scenario| scenario.name.contains(filter);
    for scenario in SCENARIOS.iter().filter(wanted) {
        if scenario.needs.own_device() && lab.ready.qemu.device != Device::Igpu {
            tally.merge(wishes::skipped(scenario.name));
            continue;
        }
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
    let script = format!(". /opt/virtio-igpu/guest/lib.sh\n{}", scenario.script);
    let share = tempfile::tempdir()?;
    let mut guest = lab
        .guest()
        .command(&["bash", "-c", &script])
        .timeout(Some(lab.patience(LIMIT)));
    let management = std::env::temp_dir().join(format!("igpu-{}.sock", std::process::id()));
    guest = match scenario.needs {
        Needs::Plain => guest,
        Needs::Death | Needs::Restart => guest.daemon_may_die(),
        Needs::Loss => {
            let words = ["--fault-injection".into(), "--management-socket".into()];
            guest.daemon_args(words.into_iter().chain([management.clone().into()]))
        }
        Needs::Port => guest.hot_plug(),
        Needs::Two => guest.gpus(2),
        Needs::Reboots => guest.share(Some(share.path())).reboots().kernel_in_share(),
    };
    let mut lines = Lines::default();
    guest.run(&mut |error, bytes, orders| {
        if error {
            eprint!("{}", String::from_utf8_lossy(bytes));
            return;
        }
        for line in lines.take(bytes) {
            if !wishes::grant(&line, Some(&management), orders) {
                println!("    {line}");
            }
        }
    })
}
