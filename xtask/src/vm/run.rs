//! A guest that runs: what comes from its ports, its time limit, and the verdict at its end.

use std::fs;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::console::Console;
use super::daemon::Daemon;
use super::guest::{Guest, PLUGIN_OUT};
use super::host::Host;
use super::ports::FromGuest;
use super::{Finished, Onlooker, Orders, cores, qemu};
use crate::{exec, klog};

/// What has come from the guest so far.
#[derive(Default)]
struct Received {
    control: Vec<u8>,
    klog: Vec<u8>,
    status: Option<u8>,
    errors: Vec<String>,
    ended: bool,
    running: Option<f64>,
    first_output: Option<f64>,
    timed_out: bool,
}

/// A guest that is running.
pub(super) struct Run<'a> {
    guest: &'a Guest<'a>,
    begun: Instant,
    host: Host,
    console: Option<Console>,
    control: Receiver<UnixStream>,
    received: Received,
}

impl<'a> Run<'a> {
    /// The guest of which this is the machine.
    pub(super) fn new(
        guest: &'a Guest<'a>,
        begun: Instant,
        host: Host,
        console: Option<Console>,
        control: Receiver<UnixStream>,
    ) -> Self {
        Self {
            guest,
            begun,
            host,
            console,
            control,
            received: Received::default(),
        }
    }

    /// Follows the guest until QEMU has ended and all its output is here.
    pub(super) fn follow(
        &mut self,
        receiver: &Receiver<FromGuest>,
        onlooker: &mut Onlooker<'_>,
    ) -> Result<()> {
        let mut control: Option<UnixStream> = None;
        let mut gone: Option<Instant> = None;
        let mut placed = !self.guest.own_core;
        let mut orders = Orders::default();
        loop {
            orders.daemon = self.host.daemons.first_mut().map(Daemon::id);
            match receiver.recv_timeout(Duration::from_millis(20)) {
                Ok(FromGuest::Bytes(port, bytes)) => {
                    self.take(port, &bytes, onlooker, &mut orders);
                    self.host.obey(&mut orders)?;
                    if gone.is_none() {
                        continue;
                    }
                }
                Ok(FromGuest::Ended) => {}
                // Every port's thread has ended: all that was sent is here.
                Err(RecvTimeoutError::Disconnected) if gone.is_some() => return Ok(()),
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(Duration::from_millis(5)),
                Err(RecvTimeoutError::Timeout) => {
                    onlooker(false, &[], &mut orders);
                    self.host.obey(&mut orders)?;
                }
            }
            if exec::interrupted() {
                self.host.qemu.kill();
                self.console = None;
                bail!("interrupted");
            }
            if let Some(since) = gone {
                if since.elapsed() > Duration::from_secs(3) {
                    return Ok(());
                }
                continue;
            }
            if self.host.qemu.ended()?.is_some() {
                gone = Some(Instant::now());
                continue;
            }
            if !placed && self.received.running.is_some() {
                placed = true;
                let daemon = self.host.daemons.first_mut().map(Daemon::id);
                cores::place(self.host.qemu.child().id(), daemon)?;
            }
            if let Ok(stream) = self.control.try_recv() {
                control = Some(stream);
            }
            if let Some(console) = &self.console {
                if console.left() {
                    self.received.status = Some(0);
                    self.received.ended = true;
                    self.host.qemu.kill();
                }
                if let (Some((rows, columns)), Some(stream)) = (console.new_size(), &mut control) {
                    let _ = writeln!(stream, "size {rows} {columns}");
                }
            }
            if self
                .guest
                .timeout
                .is_some_and(|limit| self.begun.elapsed() > limit)
            {
                self.received.timed_out = true;
                self.host.qemu.kill();
            }
        }
    }

    fn take(
        &mut self,
        port: usize,
        bytes: &[u8],
        onlooker: &mut Onlooker<'_>,
        orders: &mut Orders,
    ) {
        match qemu::PORTS.get(port).copied() {
            Some("stdout") | Some("stderr") => {
                self.received
                    .first_output
                    .get_or_insert(self.begun.elapsed().as_secs_f64());
                onlooker(qemu::PORTS[port] == "stderr", bytes, orders);
            }
            Some("klog") => self.received.klog.extend_from_slice(bytes),
            Some("control") => {
                self.received.control.extend_from_slice(bytes);
                while let Some(end) = self.received.control.iter().position(|&byte| byte == b'\n') {
                    let line: Vec<u8> = self.received.control.drain(..=end).collect();
                    self.heard(String::from_utf8_lossy(&line).trim());
                }
            }
            _ => {}
        }
    }

    fn heard(&mut self, line: &str) {
        let received = &mut self.received;
        match line.split_once(' ').unwrap_or((line, "")) {
            ("running", _) => received.running = Some(self.begun.elapsed().as_secs_f64()),
            ("status", number) => received.status = number.parse().ok(),
            ("end", _) => received.ended = true,
            ("error", text) => received.errors.push(text.to_string()),
            // The rest of a message that had several lines.
            _ => received.errors.push(line.to_string()),
        }
    }

    /// The verdict.
    pub(super) fn finish(mut self, folder: &Path) -> Result<Finished> {
        self.console = None;
        let seconds = self.begun.elapsed().as_secs_f64();
        let mut problems = std::mem::take(&mut self.received.errors);
        let mut stats = None;
        for mut daemon in std::mem::take(&mut self.host.daemons) {
            if !self.guest.daemon_may_die {
                problems.extend(daemon.complaint()?);
            }
            let counted = daemon.finish();
            stats = stats.or(counted);
        }
        self.verdict(folder, problems, stats, seconds)
    }

    fn verdict(
        self,
        folder: &Path,
        mut problems: Vec<String>,
        stats: Option<Value>,
        seconds: f64,
    ) -> Result<Finished> {
        let console_log = fs::read(folder.join("console.log")).unwrap_or_default();
        let console_log = String::from_utf8_lossy(&console_log).into_owned();
        let klog = String::from_utf8_lossy(&self.received.klog).into_owned();
        fs::write(folder.join("klog.txt"), &klog).context("cannot write the kernel log")?;
        let allowed = klog::Allowances::read()?;
        // The full log when the guest came to hand it over; else what the console got. A guest
        // that boots again may have been made to before it could.
        let judged = match (klog.is_empty(), self.guest.reboots) {
            (true, _) => console_log,
            (false, true) => format!("{klog}{console_log}"),
            (false, false) => klog,
        };
        let hits = allowed.hits(&judged);
        problems.extend(hits.iter().map(|hit| format!("kernel log: {hit}")));
        if !hits.is_empty() {
            let excerpt = allowed.excerpt(&judged);
            problems.push(format!(
                "the kernel log from the first of these on:\n{excerpt}"
            ));
        }
        if !self.received.ended {
            let what = if self.received.timed_out {
                format!(
                    "the guest did not end within its time limit of {} s",
                    self.guest.timeout.map_or(0, |t| t.as_secs())
                )
            } else {
                "the guest ended before its time (a panic, or QEMU gave up)".to_string()
            };
            let qemu = exec::tail(&folder.join("qemu.log"), 10);
            let tail = exec::tail(&folder.join("console.log"), 40);
            problems.push(format!(
                "{what}; QEMU said:\n{qemu}  the end of its console log:\n{tail}"
            ));
        }
        Ok(Finished {
            status: self.received.status,
            timed_out: self.received.timed_out,
            problems,
            stats,
            instructions: fs::read(folder.join(PLUGIN_OUT))
                .ok()
                .and_then(|text| serde_json::from_slice(&text).ok()),
            first_output: self.received.first_output,
            seconds,
        })
    }
}
