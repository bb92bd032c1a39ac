//! The guest's side: what has its tracefs record, and what it recorded, as text.

use anyhow::{Context, Result};
use regex::Regex;

/// Has a command traced: `trace.sh FILE CMD...` in the guest. The text is in FILE afterwards.
pub(super) const SCRIPT: &str = r#"#!/bin/sh
file=$1; shift
t=/sys/kernel/tracing
[ -e $t/trace_clock ] || mount -t tracefs tracefs $t || exit 125
echo mono > $t/trace_clock
echo 4096 > $t/buffer_size_kb
for e in virtio_igpu syscalls/sys_enter_ioctl syscalls/sys_exit_ioctl; do
  echo 1 > $t/events/$e/enable || exit 125
done
echo > $t/trace
echo 1 > $t/tracing_on
"$@"
status=$?
echo 0 > $t/tracing_on
cat $t/trace > "$file"
exit $status
"#;

/// Something that happened in the guest.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Event {
    /// Microseconds on the guest's clock, cut to whole ones.
    pub(super) at: f64,
    pub(super) process: u32,
    pub(super) name: String,
    pub(super) cpu: u32,
    pub(super) what: What,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A DRM ioctl has begun.
    IoctlBegin(u32),
    /// A system call `ioctl` has ended.
    IoctlEnd,
    /// A submission was made: context, slot.
    Submit(u32, u32, Point),
    /// A page-table update was made: address space.
    Update(u32, Point),
    /// A command was sent.
    Send(Point),
    /// Its fence is signalled.
    Signal(Point),
    /// The device is notified.
    Kick(u32),
    /// It interrupts.
    Interrupt(u32),
}

/// A timeline's number and a value on it.
pub(super) type Point = (u32, u64);

/// What the guest recorded.
#[derive(Debug, Default)]
pub(super) struct Recorded {
    pub(super) events: Vec<Event>,
    /// Events that were overwritten for want of room.
    pub(super) lost: u64,
}

/// `name=value` among a tracepoint's words.
fn field(words: &str, name: &str) -> Option<u64> {
    let value = words.split(' ').find_map(|word| {
        let (key, value) = word.split_once('=')?;
        (key == name).then_some(value)
    });
    value?.parse().ok()
}

fn what(text: &str) -> Option<What> {
    if let Some(call) = text.strip_prefix("sys_ioctl(") {
        let command = call.split("cmd: 0x").nth(1)?;
        let command = command.split([',', ')']).next()?;
        let command = u32::from_str_radix(command, 16).ok()?;
        // DRM's: type 'd'.
        return (command >> 8 & 0xff == 0x64).then_some(What::IoctlBegin(command));
    }
    if text.starts_with("sys_ioctl -> ") {
        return Some(What::IoctlEnd);
    }
    let (event, words) = text.split_once(": ")?;
    let number = |name| field(words, name).and_then(|value| u32::try_from(value).ok());
    let point = || Some((number("timeline")?, field(words, "value")?));
    Some(match event {
        "virtio_igpu_submit" => What::Submit(number("context")?, number("slot")?, point()?),
        "virtio_igpu_update" => What::Update(number("address_space")?, point()?),
        "virtio_igpu_send" => What::Send(point()?),
        "virtio_igpu_signal" => What::Signal(point()?),
        "virtio_igpu_kick" => What::Kick(number("queue")?),
        "virtio_igpu_interrupt" => What::Interrupt(number("queue")?),
        _ => return None,
    })
}

/// Reads tracefs' `trace`. Lines that are of no interest are passed over.
pub(super) fn parse(text: &str) -> Result<Recorded> {
    let line = r"^\s*(.{1,16})-(\d+)\s+\[(\d+)\]\s+\S+\s+(\d+)\.(\d{6}): (.*)$";
    let line = Regex::new(line).context("the pattern of a line")?;
    let mut recorded = Recorded::default();
    for text in text.lines() {
        if let Some(counts) = text.strip_prefix("# entries-in-buffer/entries-written: ") {
            let counts = counts
                .split_whitespace()
                .next()
                .and_then(|c| c.split_once('/'));
            let counts = counts.and_then(|(kept, all)| {
                Some((kept.parse::<u64>().ok()?, all.parse::<u64>().ok()?))
            });
            let (kept, all) = counts.context("how many events were kept")?;
            recorded.lost = all.saturating_sub(kept);
        }
        let Some(parts) = line.captures(text) else {
            continue;
        };
        let number = |index: usize| parts[index].parse::<u32>().ok();
        let (Some(process), Some(cpu), Some(what)) = (number(2), number(3), what(&parts[6])) else {
            continue;
        };
        let (Ok(seconds), Some(micros)) = (parts[4].parse::<f64>(), number(5)) else {
            continue;
        };
        recorded.events.push(Event {
            at: seconds * 1e6 + f64::from(micros),
            process,
            name: parts[1].trim().to_string(),
            cpu,
            what,
        });
    }
    Ok(recorded)
}

/// The name of a DRM ioctl.
pub(super) fn ioctl_name(command: u32) -> String {
    let name = match command & 0xff {
        0x00 => "VERSION",
        0x09 => "GEM_CLOSE",
        0x46 => "GETPARAM",
        0x57 => "BUSY",
        0x5b => "GEM_CREATE",
        0x5c => "GEM_PREAD",
        0x5d => "GEM_PWRITE",
        0x64 => "GEM_MMAP_OFFSET",
        0x69 => "EXECBUFFER2",
        0x6c => "GEM_WAIT",
        0x6d => "CONTEXT_CREATE",
        0x6e => "CONTEXT_DESTROY",
        0x7a => "VM_CREATE",
        0x7b => "VM_DESTROY",
        0x7d => "VM_BIND",
        0x7e => "VM_UNBIND",
        0x7f => "EXECBUFFER3",
        0xbf => "SYNCOBJ_CREATE",
        0xc0 => "SYNCOBJ_DESTROY",
        0xc3 => "SYNCOBJ_WAIT",
        0xca => "SYNCOBJ_TIMELINE_WAIT",
        number => return format!("ioctl {number:#04x}"),
    };
    name.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracefs_text_becomes_events() {
        let text = "\
# tracer: nop
#
# entries-in-buffer/entries-written: 7/9   #P:2
 igpu-guest-test-143     [000] .....    10.067473: sys_ioctl(fd: 3, cmd: 0xc038647f, arg: 0x7ff)
 igpu-guest-test-143     [000] .....    10.067475: sys_ioctl(fd: 1, cmd: 0x802c542a, arg: 0x7ff)
 igpu-guest-test-143     [000] .....    10.110967: virtio_igpu_submit: context=3 slot=1 timeline=4 value=17
 igpu-guest-test-143     [000] d..1.    10.111821: virtio_igpu_send: timeline=4 value=17
 igpu-guest-test-143     [000] d..1.    10.111866: virtio_igpu_kick: queue=2
          <idle>-0       [001] d.h2.    10.112918: virtio_igpu_signal: timeline=4 value=17 error=-5
    kworker/u9:2-128     [001] .....    10.114557: sys_ioctl -> 0x0
";
        let recorded = parse(text).expect("events");
        assert_eq!(recorded.lost, 2);
        let whats: Vec<_> = recorded.events.iter().map(|event| event.what).collect();
        let expected = [
            What::IoctlBegin(0xc038_647f),
            What::Submit(3, 1, (4, 17)),
            What::Send((4, 17)),
            What::Kick(2),
            What::Signal((4, 17)),
            What::IoctlEnd,
        ];
        assert_eq!(whats, expected);
        let last = &recorded.events[5];
        assert_eq!(
            (last.name.as_str(), last.process, last.cpu),
            ("kworker/u9:2", 128, 1)
        );
        assert_eq!(last.at, 10_114_557.0);
        assert_eq!(ioctl_name(0xc038_647f), "EXECBUFFER3");
    }
}
