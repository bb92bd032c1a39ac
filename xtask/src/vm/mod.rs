//! A guest from power-on to power-off: the daemon, QEMU, the ports, the time limit, and at
//! the end the kernel log's verdict. `vm`, `igt`, `demo` and `test` all run guests by it.

mod console;
mod cores;
mod daemon;
mod initramfs;
mod kvm;
mod ports;
mod qemu;

use std::ffi::OsString;
use std::fs;
use std::io::{IsTerminal, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

pub(crate) use initramfs::shell_quoted;

use crate::build::{self, Built};
use crate::cli::{GuestArgs, VmArgs};
use crate::exec::{self, Guarded};
use crate::setup::{self, Flavour, PEER_MODULES, PEER_NEEDED, Ready};
use crate::trace::Trace;
use crate::{klog, records};
use console::Console;
use daemon::Daemon;
use ports::FromGuest;

/// Exit status when the time limit passed.
pub(crate) const STATUS_TIMEOUT: u8 = 124;
/// Exit status when the command went well but the run did not.
pub(crate) const STATUS_RUN_FAILED: u8 = 125;

/// How many times longer the debug kernel may take over something.
const DEBUG_PATIENCE: u32 = 4;

/// An emulator's plugin in a run's folder, and what it writes there.
const PLUGIN: &str = "plugin.so";
const PLUGIN_OUT: &str = "plugin.json";

/// The shell commands by which a guest that was given a virtio-gpu loads its modules.
pub(crate) fn load_peer() -> String {
    let plain = PEER_NEEDED.map(|name| format!("/usr/sbin/modprobe {name}"));
    let own = PEER_MODULES.map(|name| format!("/usr/sbin/insmod /opt/virtio-igpu/peer/{name}.ko"));
    let here = format!(
        "[ ! -d /opt/virtio-igpu/peer ] || {{ {}; }}",
        own.join(" && ")
    );
    format!("{} && {here}", plain.join(" && "))
}

/// Everything that guests of one kind share.
pub(crate) struct Lab {
    /// The set-up's products.
    pub(crate) ready: Ready,
    /// The builds' products; `None` for guests without the device.
    pub(crate) built: Option<Built>,
    /// How guests are made.
    pub(crate) args: GuestArgs,
    kvm: bool,
}

impl Lab {
    /// Sets up and builds what guests of this kind need.
    pub(crate) fn open(args: &GuestArgs) -> Result<Self> {
        let ready = setup::run(&args.setup)?;
        let built = match (args.no_device, args.no_build) {
            (true, _) => None,
            (false, true) => Some(build::latest(&ready)),
            (false, false) => {
                let built = build::run(&ready, false)?;
                build::remember(&ready, &built)?;
                Some(built)
            }
        };
        let kvm = !args.no_kvm && kvm::usable(&ready)?;
        Ok(Self {
            ready,
            built,
            args: args.clone(),
            kvm,
        })
    }

    /// How long to wait for what takes at most `limit` on the stock kernel.
    pub(crate) fn patience(&self, limit: Duration) -> Duration {
        match self.ready.flavour {
            Flavour::Debug => limit * DEBUG_PATIENCE,
            Flavour::Stock | Flavour::Own => limit,
        }
    }

    /// A guest that is still to be run.
    pub(crate) fn guest(&self) -> Guest<'_> {
        Guest {
            lab: self,
            command: Vec::new(),
            share: None,
            timeout: None,
            stdin: false,
            files: Vec::new(),
            daemon_may_die: false,
            own_core: false,
            peer: false,
            plugin: None,
            module: "virtio_igpu",
            mem: "2G",
            daemon_args: Vec::new(),
        }
    }
}

/// One guest to be run.
pub(crate) struct Guest<'a> {
    lab: &'a Lab,
    command: Vec<u8>,
    share: Option<PathBuf>,
    timeout: Option<Duration>,
    stdin: bool,
    files: Vec<(String, bool, Vec<u8>)>,
    daemon_may_die: bool,
    own_core: bool,
    peer: bool,
    plugin: Option<(PathBuf, &'static str)>,
    module: &'static str,
    mem: &'static str,
    daemon_args: Vec<OsString>,
}

/// What a run left behind.
pub(crate) struct Finished {
    /// The command's exit status; `None` if it never came to its end.
    pub(crate) status: Option<u8>,
    /// Whether the time limit ended the run.
    pub(crate) timed_out: bool,
    /// Everything that makes the run a failure, whatever the command's status.
    pub(crate) problems: Vec<String>,
    /// The daemon's counters.
    pub(crate) stats: Option<Value>,
    /// What the emulator's plugin has written.
    pub(crate) instructions: Option<Value>,
    /// From the call to the command's first output.
    pub(crate) first_output: Option<f64>,
    /// From the call to QEMU's end.
    pub(crate) seconds: f64,
}

impl Finished {
    /// Whether the command and the run both went well.
    pub(crate) fn good(&self) -> bool {
        self.status == Some(0) && self.problems.is_empty()
    }

    /// Our own exit status.
    pub(crate) fn exit(&self) -> u8 {
        match self.status {
            _ if self.timed_out => STATUS_TIMEOUT,
            Some(status) if status != 0 || self.problems.is_empty() => status,
            _ => STATUS_RUN_FAILED,
        }
    }
}

/// What a run's onlooker may do while the guest runs.
#[derive(Default)]
pub(crate) struct Orders {
    /// End the daemon hard, now.
    pub(crate) kill_daemon: bool,
    /// From now on stop the daemon again and again, each time for a fraction of a second.
    pub(crate) interrupt_daemon: bool,
    /// The guest is known to be stuck: end it, now.
    pub(crate) give_up: bool,
}

/// Sees the command's output as it comes: (is standard error, bytes). Called about fifty
/// times a second with no bytes as well.
pub(crate) type Onlooker<'a> = dyn FnMut(bool, &[u8], &mut Orders) + 'a;

/// Passes the command's output on to people, as an [`Onlooker`] does who wants nothing else.
pub(crate) fn pass_on(error: bool, bytes: &[u8]) {
    // A closed terminal is no reason to stop.
    let _ = if error {
        std::io::stderr().write_all(bytes)
    } else {
        std::io::stdout().write_all(bytes)
    };
}

impl Guest<'_> {
    /// The command and its arguments, exactly as given.
    pub(crate) fn command<W: AsRef<std::ffi::OsStr>>(mut self, words: &[W]) -> Self {
        self.command = shell_quoted(words);
        self
    }

    /// A folder to share.
    pub(crate) fn share(mut self, folder: Option<&Path>) -> Self {
        self.share = folder.map(Path::to_path_buf);
        self
    }

    /// The time limit.
    pub(crate) fn timeout(mut self, limit: Option<Duration>) -> Self {
        self.timeout = limit;
        self
    }

    /// Whether our standard input goes to the command.
    pub(crate) fn stdin(mut self, forward: bool) -> Self {
        self.stdin = forward;
        self
    }

    /// A file that the guest finds under /opt/virtio-igpu.
    pub(crate) fn file(mut self, path: &str, executable: bool, content: Vec<u8>) -> Self {
        self.files.push((path.to_string(), executable, content));
        self
    }

    /// The daemon's death is part of the test.
    pub(crate) fn daemon_may_die(mut self) -> Self {
        self.daemon_may_die = true;
        self
    }

    /// The guest's first processor gets a core of its own, for measurements: what else runs
    /// for the guest keeps to the others.
    pub(crate) fn own_core(mut self) -> Self {
        self.own_core = true;
        self
    }

    /// Gives the guest a virtio-gpu with 3D contexts too, and its modules, to be loaded by
    /// [`load_peer`]. The set-up must have been asked for them.
    pub(crate) fn peer(mut self) -> Result<Self> {
        let peer = self.lab.ready.peer.as_ref();
        let peer = peer.context("the set-up was not asked for virtio-gpu")?;
        if let Some(folder) = &peer.modules {
            for name in PEER_MODULES {
                let file = folder.join(format!("{name}.ko"));
                let content =
                    fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
                self = self.file(&format!("peer/{name}.ko"), false, content);
            }
        }
        self.peer = true;
        Ok(self)
    }

    /// Has the emulator load a plugin, which is told to write to a file by `out=`. More that
    /// it is told begins with a comma.
    pub(crate) fn plugin(mut self, file: &Path, more: &'static str) -> Self {
        self.plugin = Some((file.to_path_buf(), more));
        self
    }

    /// More words for the daemon's command line.
    pub(crate) fn daemon_args(mut self, words: impl IntoIterator<Item = OsString>) -> Self {
        self.daemon_args.extend(words);
        self
    }

    /// As IGT wants its guests: with the driver as the module i915, which it loads and unloads
    /// by that name, and with memory for the acceptance list's largest, gem_exec_gttfill.
    pub(crate) fn for_igt(mut self) -> Self {
        self.module = "i915";
        self.mem = "6G";
        self
    }

    /// Runs the guest to its end.
    pub(crate) fn run(self, onlooker: &mut Onlooker<'_>) -> Result<Finished> {
        let folder = tempfile::Builder::new()
            .prefix("igpu-")
            .tempdir()
            .context("cannot create a folder for the run")?;
        let finished = self.run_in(folder.path(), onlooker);
        if let Some(keep) = &self.lab.args.keep_logs {
            keep_logs(folder.path(), keep)?;
        }
        finished
    }

    fn run_in(&self, folder: &Path, onlooker: &mut Onlooker<'_>) -> Result<Finished> {
        let begun = Instant::now();
        let args = &self.lab.args;
        let interactive = self.command.is_empty();
        let share = match &self.share {
            Some(folder) => Some(
                folder
                    .canonicalize()
                    .with_context(|| format!("cannot share {}", folder.display()))?,
            ),
            None => None,
        };
        let content = initramfs::Content {
            ready: &self.lab.ready,
            built: self.lab.built.as_ref(),
            settings: self.settings(),
            command: self.command.clone(),
            files: &self.files,
        };
        fs::write(folder.join("initramfs"), content.archive()?)
            .context("cannot write the initramfs")?;
        let mut daemon_args = self.daemon_args.clone();
        if let Some(node) = &args.render_node {
            daemon_args.extend(["--render-node".into(), node.into()]);
        }
        let daemon = match &self.lab.built {
            Some(built) => Some(Daemon::start(
                &built.daemon,
                folder,
                &args.executor,
                &args.platform,
                &daemon_args,
            )?),
            None => None,
        };
        let (sender, receiver) = mpsc::channel();
        let (control_sender, control) = mpsc::channel();
        for (port, name) in qemu::PORTS.iter().enumerate() {
            let socket = folder.join(format!("{name}.sock"));
            match *name {
                "stdin" => ports::stdin(&socket, self.stdin)?,
                "control" => {
                    ports::both_ways(&socket, port, sender.clone(), control_sender.clone())?
                }
                _ => ports::reader(&socket, port, sender.clone())?,
            }
        }
        drop((sender, control_sender));
        let console = if interactive {
            Some(Console::join(&folder.join("console.sock"))?)
        } else {
            None
        };
        let machine = qemu::Machine {
            ready: &self.lab.ready,
            folder,
            kvm: self.lab.kvm,
            smp: args.smp,
            mem: args.mem.as_deref().unwrap_or(self.mem),
            share,
            device: daemon.is_some(),
            console: interactive,
            peer: self.peer,
            plugin: self
                .plugin
                .as_ref()
                .map(|(_, more)| (PLUGIN, PLUGIN_OUT, *more)),
            kernel_args: &args.kernel_args,
        };
        if let Some((plugin, _)) = &self.plugin {
            fs::copy(plugin, folder.join(PLUGIN)).context("cannot copy the plugin")?;
        }
        let mut command = machine.command()?;
        let qemu_log = folder.join("qemu.log");
        let output = fs::File::create(&qemu_log).context("cannot write QEMU's log")?;
        let errors = output.try_clone().context("cannot write QEMU's log")?;
        command
            .stdin(std::process::Stdio::null())
            .stdout(output)
            .stderr(errors);
        let mut run = Run {
            guest: self,
            begun,
            qemu: Guarded::spawn("QEMU", &mut command)?,
            daemon,
            console,
            control,
            received: Received::default(),
        };
        run.follow(&receiver, onlooker)?;
        run.finish(folder)
    }

    fn settings(&self) -> String {
        let args = &self.lab.args;
        let flag = |value: bool| u8::from(value).to_string();
        let (rows, columns) = console::size();
        let module_args = args.module_args.join(" ");
        format!(
            "DEVICE={}\nMODULE={}\nSHARE={}\nSTDIN={}\nKEEP_LOADED={}\nMODULE_ARGS={}\nROWS={rows}\nCOLUMNS={columns}\nTERM={}\n",
            flag(self.lab.built.is_some()),
            self.module,
            flag(self.share.is_some()),
            flag(self.stdin),
            flag(args.keep_loaded),
            String::from_utf8_lossy(&shell_quoted(&[module_args])),
            String::from_utf8_lossy(&shell_quoted(&[
                std::env::var("TERM").unwrap_or_else(|_| "linux".into())
            ])),
        )
    }
}

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
struct Run<'a> {
    guest: &'a Guest<'a>,
    begun: Instant,
    qemu: Guarded,
    daemon: Option<Daemon>,
    console: Option<Console>,
    control: Receiver<UnixStream>,
    received: Received,
}

impl Run<'_> {
    /// Follows the guest until QEMU has ended and all its output is here.
    fn follow(
        &mut self,
        receiver: &Receiver<FromGuest>,
        onlooker: &mut Onlooker<'_>,
    ) -> Result<()> {
        let mut control: Option<UnixStream> = None;
        let mut gone: Option<Instant> = None;
        let mut placed = !self.guest.own_core;
        let mut orders = Orders::default();
        loop {
            match receiver.recv_timeout(Duration::from_millis(20)) {
                Ok(FromGuest::Bytes(port, bytes)) => {
                    self.take(port, &bytes, onlooker, &mut orders);
                    obey(&mut orders, &mut self.daemon, &mut self.qemu)?;
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
                    obey(&mut orders, &mut self.daemon, &mut self.qemu)?;
                }
            }
            if exec::interrupted() {
                self.qemu.kill();
                self.console = None;
                bail!("interrupted");
            }
            if let Some(since) = gone {
                if since.elapsed() > Duration::from_secs(3) {
                    return Ok(());
                }
                continue;
            }
            if self.qemu.ended()?.is_some() {
                gone = Some(Instant::now());
                continue;
            }
            if !placed && self.received.running.is_some() {
                placed = true;
                let daemon = self.daemon.as_mut().map(Daemon::id);
                cores::place(self.qemu.child().id(), daemon)?;
            }
            if let Ok(stream) = self.control.try_recv() {
                control = Some(stream);
            }
            if let Some(console) = &self.console {
                if console.left() {
                    self.received.status = Some(0);
                    self.received.ended = true;
                    self.qemu.kill();
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
                self.qemu.kill();
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
    fn finish(mut self, folder: &Path) -> Result<Finished> {
        self.console = None;
        let seconds = self.begun.elapsed().as_secs_f64();
        let mut problems = std::mem::take(&mut self.received.errors);
        if let Some(mut daemon) = self.daemon.take() {
            if !self.guest.daemon_may_die {
                problems.extend(daemon.complaint()?);
            }
            let stats = daemon.finish();
            return self.verdict(folder, problems, stats, seconds);
        }
        self.verdict(folder, problems, None, seconds)
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
        // The full log when the guest came to hand it over; else what the console got.
        let judged = if klog.is_empty() { &console_log } else { &klog };
        let hits = allowed.hits(judged);
        problems.extend(hits.iter().map(|hit| format!("kernel log: {hit}")));
        if !hits.is_empty() {
            let excerpt = allowed.excerpt(judged);
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

fn obey(orders: &mut Orders, daemon: &mut Option<Daemon>, qemu: &mut Guarded) -> Result<()> {
    if std::mem::take(&mut orders.kill_daemon)
        && let Some(daemon) = daemon
    {
        daemon.kill();
    }
    if std::mem::take(&mut orders.interrupt_daemon)
        && let Some(daemon) = daemon
    {
        daemon.interrupt()?;
    }
    if std::mem::take(&mut orders.give_up) {
        qemu.kill();
    }
    Ok(())
}

fn keep_logs(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
    for name in [
        "console.log",
        "klog.txt",
        "qemu.log",
        "daemon.log",
        "stats.json",
        PLUGIN_OUT,
    ] {
        if from.join(name).exists() {
            fs::copy(from.join(name), to.join(name))
                .with_context(|| format!("cannot keep {name}"))?;
        }
    }
    Ok(())
}

/// `cargo xtask vm`.
pub(crate) fn vm(args: &VmArgs) -> Result<u8> {
    let begun = Instant::now();
    let lab = Lab::open(&args.guest)?;
    let prepared = begun.elapsed().as_secs_f64();
    let limit = (args.timeout > 0).then(|| Duration::from_secs(args.timeout));
    let mut guest = lab.guest().share(args.share.as_deref());
    if let Some(path) = &args.management_socket {
        guest = guest.daemon_args(["--management-socket".into(), path.into()]);
    }
    let wanted = args.trace.is_some();
    let trace = wanted.then(|| Trace::prepare(args.share.as_deref()));
    let trace = trace.transpose()?;
    let shell = args.command.is_empty();
    let guest = if shell && console::present() {
        guest
    } else {
        // Without a terminal a shell reads its commands from standard input.
        let command = if shell {
            vec![OsString::from("sh")]
        } else {
            args.command.clone()
        };
        let guest = match &trace {
            Some(trace) => trace.of(guest, &command),
            None => guest.command(&command),
        };
        guest.timeout(limit).stdin(!std::io::stdin().is_terminal())
    };
    let finished = guest.run(&mut |error, bytes, orders| {
        let written = if error {
            std::io::stderr().write_all(bytes)
        } else {
            let mut out = std::io::stdout();
            out.write_all(bytes).and_then(|()| out.flush())
        };
        // Nobody reads our output any more: nothing is left to run for.
        orders.give_up |= written.is_err();
    })?;
    if let Some(seconds) = finished.first_output {
        records::Records::figure(
            &lab.ready.cache,
            "vm_first_output_seconds",
            prepared + seconds,
        )?;
    }
    if args.stats {
        eprintln!("run: {}", times(prepared, &finished));
        if let Some(stats) = &finished.stats {
            eprintln!("{stats:#}");
        }
    }
    for problem in &finished.problems {
        eprintln!("error: {problem}");
    }
    if let (Some(trace), Some(file)) = (trace, &args.trace) {
        trace.finish(file, args.trace_picture.as_deref())?;
    }
    Ok(finished.exit())
}

fn times(prepared: f64, finished: &Finished) -> String {
    let first = finished.first_output.map_or("none".to_string(), |s| {
        format!("after {:.2} s", prepared + s)
    });
    format!(
        "checks {prepared:.2} s, guest {:.2} s, first output {first}",
        finished.seconds
    )
}
