//! A guest that is to be run: what it is given, and how it is started.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::console::{self, Console};
use super::daemon::{self, Daemon};
use super::host::Host;
use super::run::Run;
use super::{Finished, Lab, Onlooker, initramfs, ports, qemu, shell_quoted};
use crate::exec::Guarded;
use crate::setup::PEER_MODULES;

/// An emulator's plugin in a run's folder, and what it writes there.
const PLUGIN: &str = "plugin.so";
pub(super) const PLUGIN_OUT: &str = "plugin.json";

/// One guest to be run.
pub(crate) struct Guest<'a> {
    pub(super) lab: &'a Lab,
    command: Vec<u8>,
    share: Option<PathBuf>,
    pub(super) timeout: Option<Duration>,
    stdin: bool,
    files: Vec<(String, bool, Vec<u8>)>,
    pub(super) daemon_may_die: bool,
    pub(super) own_core: bool,
    pub(super) reboots: bool,
    kernel_in_share: bool,
    hot_plug: bool,
    gpus: usize,
    processors: Option<u32>,
    peer: bool,
    plugin: Option<(PathBuf, &'static str)>,
    module: &'static str,
    mem: &'static str,
    daemon_args: Vec<OsString>,
}

impl<'a> Guest<'a> {
    /// One as most are.
    pub(super) fn new(lab: &'a Lab) -> Self {
        Self {
            lab,
            command: Vec::new(),
            share: None,
            timeout: None,
            stdin: false,
            files: Vec::new(),
            daemon_may_die: false,
            own_core: false,
            reboots: false,
            kernel_in_share: false,
            hot_plug: false,
            gpus: 1,
            processors: None,
            peer: false,
            plugin: None,
            module: "virtio_igpu",
            mem: "2G",
            daemon_args: Vec::new(),
        }
    }
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

    /// The guest may boot again. Each boot but the last hands over its kernel log by itself:
    /// see `ci/guest/again`.
    pub(crate) fn reboots(mut self) -> Self {
        self.reboots = true;
        self
    }

    /// The guest finds what it was booted from in its shared folder: the files `vmlinuz` and
    /// `initramfs`.
    pub(crate) fn kernel_in_share(mut self) -> Self {
        self.kernel_in_share = true;
        self
    }

    /// The device can be unplugged and plugged.
    pub(crate) fn hot_plug(mut self) -> Self {
        self.hot_plug = true;
        self
    }

    /// Gives the guest so many devices, each with a daemon of its own.
    pub(crate) fn gpus(mut self, count: usize) -> Self {
        self.gpus = count;
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

    /// As suites of others want their guests: with memory for their compilers.
    pub(crate) fn for_suites(mut self) -> Self {
        self.mem = "6G";
        self
    }

    /// Gives the guest so many processors, whatever the command line says.
    pub(crate) fn processors(mut self, count: u32) -> Self {
        self.processors = Some(count);
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
        if let (true, Some(share)) = (self.kernel_in_share, &share) {
            let kernel = self.lab.ready.vmlinux.with_file_name("vmlinuz");
            for (file, name) in [
                (&kernel, "vmlinuz"),
                (&folder.join("initramfs"), "initramfs"),
            ] {
                fs::copy(file, share.join(name))
                    .with_context(|| format!("cannot share {}", file.display()))?;
            }
        }
        let mut daemon_args = self.daemon_args.clone();
        if let Some(node) = &args.render_node {
            daemon_args.extend(["--render-node".into(), node.into()]);
        }
        if let Some(eus) = args.eus {
            daemon_args.extend(["--eus".into(), eus.to_string().into()]);
        }
        let mut daemons = Vec::new();
        if let Some(built) = &self.lab.built {
            for gpu in 0..self.gpus {
                let what = daemon::What {
                    program: &built.daemon,
                    executor: &args.executor,
                    platform: &args.platform,
                    more: &daemon_args,
                };
                daemons.push(Daemon::start(&what, folder, gpu)?);
            }
        }
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
            smp: self.processors.unwrap_or(args.smp),
            mem: args.mem.as_deref().unwrap_or(self.mem),
            share,
            gpus: daemons.len(),
            hot_plug: self.hot_plug,
            reboots: self.reboots,
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
        let monitor = self.hot_plug.then(|| machine.monitor()).transpose()?;
        let host = Host {
            qemu: Guarded::spawn("QEMU", &mut command)?,
            daemons,
            monitor,
            gpu: machine.gpu(0),
        };
        let mut run = Run::new(self, begun, host, console, control);
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
