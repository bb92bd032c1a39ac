//! What comes and goes, many times over in one guest: the driver, the device, the daemon, the
//! guest's own kernel. From the tenth time on what is in use must stay as it is, and the demo
//! passes at the end.

mod samples;

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

use self::samples::{Samples, WARM_UP};
use super::wishes::{self, Lines};
use crate::demo::PICTURE;
use crate::paths::checkout;
use crate::progress::Step;
use crate::setup::qemu::Device;
use crate::tally::Tally;
use crate::vm::Lab;

/// Something that is done again and again.
struct Cycle {
    name: &'static str,
    /// For the guest's shell: one round, `$round` says which. It ends with a status that is not
    /// 0 if something is wrong.
    round: &'static str,
    kind: Kind,
}

/// What it needs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A guest with the device.
    Plain,
    /// A device that can be unplugged; one of our own, of which QEMU's generic one can't do that.
    HotPlug,
    /// A daemon that may die, and a device that goes on with another.
    Revival,
    /// That the guest boots again after each round.
    Reboots,
}

const CYCLES: [Cycle; 4] = [
    Cycle {
        name: "unbind_and_bind",
        round: "
            works || { cat /tmp/works; return 1; }
            echo $device >$driver/unbind || return 2
            gone || return 3
            echo $device >$driver/bind || return 4
            there || return 5
            works || { cat /tmp/works; return 6; }",
        kind: Kind::Plain,
    },
    Cycle {
        name: "unplug_and_plug",
        round: "
            hold || { cat /tmp/held; return 1; }
            host unplug
            within 30 gone || return 2
            release && return 3
            host plug
            within 30 there || return 4
            within 20 works || { cat /tmp/works; return 5; }",
        kind: Kind::HotPlug,
    },
    Cycle {
        name: "kill_and_restart_the_daemon_under_load",
        round: "
            load
            hold --until-lost || { cat /tmp/held; return 1; }
            host kill
            host start
            release || { cat /tmp/held; return 2; }
            grep -q EIO /tmp/held || { cat /tmp/held; return 5; }
            unload || return 3
            within 30 works || { cat /tmp/works; return 4; }",
        kind: Kind::Revival,
    },
    Cycle {
        name: "reboot",
        round: "
            works || { cat /tmp/works; return 1; }",
        kind: Kind::Reboots,
    },
];

/// Runs the rounds of one boot.
const ALL_ROUNDS: &str = r#"
for round in $(seq $rounds); do
    one_round || { status=$?; echo "round $round: exit status $status"; exit $status; }
    sample $round || exit 98
done
demo || exit 99
"#;

/// Runs the round of this boot, and boots again unless it was the last.
const ONE_ROUND: &str = r#"
round=$(($(cat /mnt/share/round 2>/dev/null || echo 0) + 1))
echo $round >/mnt/share/round
one_round || { status=$?; echo "boot $round: exit status $status"; exit $status; }
sample $round || exit 98
if [ $round -lt $rounds ]; then
    hold || { cat /tmp/held; exit 97; }
    /opt/virtio-igpu/guest/again
    sleep 60
    exit 96
fi
demo || exit 99
"#;

/// What a guest may take to start, and what a round may take at most, on the mean.
const START: Duration = Duration::from_secs(120);
const ROUND: Duration = Duration::from_secs(20);

/// How often progress is told where there is no terminal: after so many rounds.
const TOLD: u64 = 20;

/// Does each whose name contains this so many times.
pub(super) fn all(lab: &Lab, rounds: u32, filter: &str) -> Result<Tally> {
    let mut tally = Tally::default();
    let wanted = |cycle: &&Cycle| cycle.name.contains(filter);
    for cycle in CYCLES.iter().filter(wanted) {
        let own = matches!(cycle.kind, Kind::HotPlug | Kind::Revival);
        if own && lab.ready.qemu.device != Device::Igpu {
            tally.merge(wishes::skipped(cycle.name));
            continue;
        }
        tally.merge(Tally::one(one(lab, cycle, rounds)?));
    }
    Ok(tally)
}

/// Whether all went well.
fn one(lab: &Lab, cycle: &Cycle, rounds: u32) -> Result<bool> {
    let step = Step::begin(&format!("{rounds} times {}", cycle.name));
    step.parts(rounds.into());
    let rest = match cycle.kind {
        Kind::Reboots => ONE_ROUND,
        _ => ALL_ROUNDS,
    };
    let script = format!(
        ". /opt/virtio-igpu/guest/lib.sh\nrounds={rounds}\none_round() {{\n{}\n}}\n{rest}",
        cycle.round
    );
    let picture = checkout().join(PICTURE);
    let picture =
        fs::read(&picture).with_context(|| format!("cannot read {}", picture.display()))?;
    let share = tempfile::tempdir().context("cannot create a folder to share")?;
    let mut guest = lab
        .guest()
        .command(&["bash", "-c", &script])
        .file("picture.png", false, picture)
        .timeout(Some(lab.patience(START + ROUND * rounds)));
    guest = match cycle.kind {
        Kind::Plain => guest,
        Kind::HotPlug => guest.hot_plug(),
        Kind::Revival => guest.daemon_may_die(),
        Kind::Reboots => guest.share(Some(share.path())).reboots(),
    };
    // With two processors QEMU's emulator stops a guest for good once in some hundred boots or
    // plugs: a local APIC has its timer's vector in service, whose end never came, and holds back
    // all others.
    if !lab.kvm() && matches!(cycle.kind, Kind::HotPlug | Kind::Reboots) {
        guest = guest.processors(1);
    }
    let (mut lines, mut samples) = (Lines::default(), Samples::default());
    let finished = guest.run(&mut |error, bytes, orders| {
        if error {
            eprint!("{}", String::from_utf8_lossy(bytes));
            return;
        }
        for line in lines.take(bytes) {
            if wishes::grant(&line, None, orders) {
                continue;
            }
            match samples.take(&line, orders.daemon) {
                Some(round) => {
                    step.at(round);
                    if round.is_multiple_of(TOLD) {
                        println!("    {} {round}/{rounds}", cycle.name);
                    }
                }
                None => println!("    {line}"),
            }
        }
    })?;
    let mut problems = samples.problems();
    let count = samples.count();
    if finished.status == Some(0) && count != rounds as usize {
        problems.push(format!("{count} rounds were told of, not {rounds}"));
    }
    let good = finished.good() && problems.is_empty();
    step.done("");
    print!("{}", samples.table());
    println!(
        "test {} ... {} ({count} rounds, compared from the {WARM_UP}th on, {:.0} s)",
        cycle.name,
        if good { "ok" } else { "FAILED" },
        finished.seconds
    );
    if !good {
        println!("    the script's exit status: {:?}", finished.status);
    }
    for problem in problems.iter().chain(&finished.problems) {
        println!("    {problem}");
    }
    Ok(good)
}
