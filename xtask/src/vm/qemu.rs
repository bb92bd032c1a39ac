//! QEMU's command line.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use virtio_igpu_protocol::{DEVICE_CONFIG_SIZE, QUEUE_COUNT, VIRTIO_ID_STOCK_QEMU};

use super::daemon;
use super::monitor::Monitor;
use crate::chroot::Root;
use crate::exec;
use crate::setup::qemu::{Device, Program};
use crate::setup::{Flavour, Qemu, Ready};

/// The largest queue that the device of stock QEMU takes.
const QUEUE_SIZE: u32 = 1024;

/// Words for the guest kernel that make it boot faster and report sooner.
const KERNEL_WORDS: &str = "console=ttyS0 loglevel=5 panic=-1 oops=panic rdinit=/init mitigations=off nokaslr no_timer_check \
    tsc=reliable cryptomgr.notests 8250.nr_uarts=1 log_buf_len=8M printk.devkmsg=on hung_task_timeout_secs=60 \
    i915.force_probe=!9a49,!8a52 xe.force_probe=!9a49,!8a52";

/// More words for the debug kernel. What only says that a task has waited long has to
/// bear with a kernel that is many times slower; and KASAN is to go on after its first
/// report.
const DEBUG_WORDS: &str = "initcall_blacklist=vgem_init kasan_multi_shot rcupdate.rcu_cpu_stall_timeout=120 watchdog_thresh=60 workqueue.watchdog_thresh=120";

/// A guest's machine.
pub(crate) struct Machine<'a> {
    /// The set-up's products.
    pub(crate) ready: &'a Ready,
    /// Folder with the run's sockets and files.
    pub(crate) folder: &'a Path,
    /// Whether KVM is used.
    pub(crate) kvm: bool,
    /// Number of virtual processors.
    pub(crate) smp: u32,
    /// Memory size, as QEMU writes it.
    pub(crate) mem: &'a str,
    /// Folder to share.
    pub(crate) share: Option<PathBuf>,
    /// How many virtual GPUs there are, whose daemons listen already.
    pub(crate) gpus: usize,
    /// Whether they can be unplugged and plugged.
    pub(crate) hot_plug: bool,
    /// Whether it boots again where it would end otherwise.
    pub(crate) reboots: bool,
    /// Whether there is an interactive console.
    pub(crate) console: bool,
    /// Whether there is a virtio-gpu with 3D contexts too.
    pub(crate) peer: bool,
    /// A plugin of the emulator's, in the run's folder, the file there that it writes, and
    /// its further arguments.
    pub(crate) plugin: Option<(&'static str, &'static str, &'a str)>,
    /// Extra words for the kernel.
    pub(crate) kernel_args: &'a [String],
}

/// Starts an X server that shows nothing, and becomes QEMU. The server ends with its only
/// client.
const WITH_X: &str = r#"
Xvfb -displayfd 5 -screen 0 800x600x24 -nolisten tcp -terminate 5>/tmp/display &
patience=200
until [ -s /tmp/display ]; do
    patience=$((patience - 1))
    [ $patience -gt 0 ] || { echo "the X server does not start" >&2; exit 1; }
    sleep 0.05
done
DISPLAY=:$(cat /tmp/display) XDG_RUNTIME_DIR=/tmp GDK_BACKEND=x11 NO_AT_BRIDGE=1 LIBGL_ALWAYS_SOFTWARE=1
export DISPLAY XDG_RUNTIME_DIR GDK_BACKEND NO_AT_BRIDGE LIBGL_ALWAYS_SOFTWARE
exec /usr/bin/qemu-system-x86_64 "$@"
"#;

/// The emulated processor: without what has kernels prefer string instructions that move byte by
/// byte. Those are quick on hardware; emulated they take eight times what others take, and to
/// clear a page would cost more than all else that a page fault does.
const CPU_WITHOUT_KVM: &str = "max,-erms,-fsrm";

/// The plain ports in their order: port numbers begin at 1.
pub(crate) const PORTS: [&str; 5] = ["stdout", "stderr", "control", "klog", "stdin"];

/// Where QEMU's monitor finds us, in the run's folder.
const MONITOR: &str = "monitor.sock";
/// How long our own device waits before it looks for another daemon, in milliseconds.
const RECONNECTS: u32 = 200;

/// One of a guest's virtual GPUs.
pub(crate) struct Gpu {
    /// What QEMU calls the chardev; the device's name is made of it.
    pub(super) name: String,
    /// Where the daemon listens.
    pub(super) socket: PathBuf,
    /// The port that it is plugged into, if it can be unplugged.
    slot: Option<String>,
    /// After how many milliseconds the chardev looks for another daemon when one has gone: our
    /// own device can go on with that.
    reconnects: Option<u32>,
    driver: Device,
}

impl Gpu {
    /// What QEMU calls the device.
    pub(super) fn id(&self) -> String {
        format!("{}-device", self.name)
    }

    /// The device, as `-device` and the monitor's `device_add` take it.
    pub(super) fn device(&self) -> Value {
        let mut device = match self.driver {
            Device::Igpu => json!({"driver": "vhost-user-igpu-pci"}),
            Device::Generic => json!({
                "driver": "vhost-user-test-device-pci",
                "virtio-id": VIRTIO_ID_STOCK_QEMU,
                "num_vqs": QUEUE_COUNT,
                "config_size": DEVICE_CONFIG_SIZE,
                "vq_size": QUEUE_SIZE,
            }),
        };
        device["chardev"] = self.name.as_str().into();
        device["id"] = self.id().into();
        if let Some(slot) = &self.slot {
            device["bus"] = slot.as_str().into();
        }
        device
    }

    /// The chardev, as the monitor's `chardev-add` takes it.
    pub(super) fn chardev(&self) -> Value {
        let mut data = json!({
            "addr": {"type": "unix", "data": {"path": self.socket}},
            "server": false,
        });
        if let Some(reconnects) = self.reconnects {
            data["reconnect-ms"] = reconnects.into();
        }
        json!({"id": self.name, "backend": {"type": "socket", "data": data}})
    }
}

/// A command that runs this QEMU, without arguments yet.
pub(crate) fn program(qemu: &Qemu) -> Command {
    let (root, program) = match &qemu.program {
        Program::Own(path) => return exec::command(path),
        Program::Cached(root) => (root, &root.join("usr/bin/qemu-system-x86_64")),
        Program::Built { root, program } => (root, program),
    };
    let mut command = with_libraries(root);
    command.args(["--argv0", "qemu-system-x86_64"]).arg(program);
    if let Program::Cached(root) = &qemu.program {
        command.env("QEMU_MODULE_DIR", root.join(LIBRARIES).join("qemu"));
    }
    for folder in ["usr/share/qemu", "usr/share/seabios"] {
        command.arg("-L").arg(root.join(folder));
    }
    command
}

/// Where a root of Debian's has its libraries.
pub(crate) const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";

/// A command that runs a program, which is still to be given, with the dynamic linker and the
/// libraries of a root: no chroot, so it sees the host's files.
pub(crate) fn with_libraries(root: &Path) -> Command {
    with_libraries_of(root, &[LIBRARIES])
}

/// The same with the libraries of some of the root's folders.
pub(crate) fn with_libraries_of(root: &Path, folders: &[&str]) -> Command {
    let mut command = exec::command(root.join("usr/lib64/ld-linux-x86-64.so.2"));
    let mut path = OsString::new();
    for (number, folder) in folders.iter().enumerate() {
        if number > 0 {
            path.push(":");
        }
        path.push(root.join(folder));
    }
    command.arg("--library-path").arg(path);
    command
}

impl Machine<'_> {
    /// The whole command.
    pub(crate) fn command(&self) -> Result<Command> {
        let mut command = match self.peer {
            true => self.program_with_peer()?,
            false => program(&self.ready.qemu),
        };
        self.board(&mut command);
        self.disks(&mut command);
        self.ports(&mut command);
        if self.hot_plug {
            let socket = self.folder.join(MONITOR);
            option(&mut command, "-chardev", "socket,id=monitor,path=", &socket);
            command.args(["-mon", "chardev=monitor,mode=control"]);
        }
        for number in 0..self.gpus {
            let gpu = self.gpu(number);
            let (name, reconnects) = (
                &gpu.name,
                gpu.reconnects.map(|ms| format!("reconnect-ms={ms},")),
            );
            let words = format!("socket,id={name},{}path=", reconnects.unwrap_or_default());
            option(&mut command, "-chardev", &words, &gpu.socket);
            if let Some(slot) = &gpu.slot {
                let port = format!("pcie-root-port,id={slot},chassis={}", number + 1);
                command.arg("-device").arg(port);
            }
            command.arg("-device").arg(gpu.device().to_string());
        }
        if let Some((plugin, out, more)) = self.plugin {
            let mut words = with_path("", self.folder.join(plugin).as_os_str());
            words.push(with_path(",out=", self.folder.join(out).as_os_str()));
            words.push(more);
            command.arg("-plugin").arg(words);
        }
        if self.peer {
            command.args(["-device", "virtio-gpu-gl-pci"]);
        }
        Ok(command)
    }

    /// One of the virtual GPUs.
    pub(crate) fn gpu(&self, number: usize) -> Gpu {
        let driver = match self.ready.qemu.device {
            // The peer's QEMU is a stock one.
            Device::Igpu if !self.peer => Device::Igpu,
            _ => Device::Generic,
        };
        Gpu {
            name: format!("igpu{number}"),
            socket: self.folder.join(daemon::socket(number)),
            slot: self.hot_plug.then(|| format!("slot{number}")),
            reconnects: (driver == Device::Igpu).then_some(RECONNECTS),
            driver,
        }
    }

    /// Listens for QEMU's monitor, which is not started yet.
    pub(crate) fn monitor(&self) -> Result<Monitor> {
        Monitor::listen(&self.folder.join(MONITOR))
    }

    /// The QEMU that draws with OpenGL, in its root, with the folders that the guest's
    /// parts lie in.
    fn program_with_peer(&self) -> Result<Command> {
        let peer = self.ready.peer.as_ref();
        let peer = peer.context("the set-up was not asked for a QEMU with OpenGL")?;
        let mut root = Root::new(&peer.root);
        let folders = [
            Some(self.ready.cache.root()),
            Some(self.folder),
            self.share.as_deref(),
        ];
        for folder in folders.into_iter().flatten() {
            root = root.bind(folder, &folder.to_string_lossy());
        }
        root.command(["sh", "-c", WITH_X, "qemu"])
    }

    fn board(&self, command: &mut Command) {
        if self.kvm {
            command.args(["-accel", "kvm", "-cpu", "host"]);
        } else {
            command.args(["-accel", "tcg,thread=multi", "-cpu", CPU_WITHOUT_KVM]);
        }
        command.args([
            "-machine",
            "q35,memory-backend=mem,usb=off,vmport=off,i8042=off",
        ]);
        command.arg("-object").arg(format!(
            "memory-backend-memfd,id=mem,size={},share=on",
            self.mem
        ));
        command.args(["-m", self.mem, "-smp", &self.smp.to_string()]);
        // Threads are found by their names; newer versions name them anyway.
        command.args(["-name", "igpu,debug-threads=on"]);
        let display = if self.peer { "gtk,gl=on" } else { "none" };
        command.args(["-nodefaults", "-no-user-config", "-display", display]);
        if !self.reboots {
            command.arg("-no-reboot");
        }
        option(
            command,
            "-chardev",
            "file,id=log,path=",
            &self.folder.join("console.log"),
        );
        command.args(["-serial", "chardev:log"]);
        command.arg("-kernel").arg(&self.ready.vmlinux);
        command.arg("-initrd").arg(self.folder.join("initramfs"));
        let debug = match self.ready.flavour {
            Flavour::Debug => DEBUG_WORDS,
            Flavour::Stock | Flavour::Own => "",
        };
        let words: Vec<&str> = KERNEL_WORDS
            .split_whitespace()
            .chain(debug.split_whitespace())
            .chain(self.kernel_args.iter().map(String::as_str))
            .collect();
        command.arg("-append").arg(words.join(" "));
    }

    fn disks(&self, command: &mut Command) {
        option(
            command,
            "-drive",
            "if=none,id=root,format=raw,readonly=on,file=",
            &self.ready.rootfs,
        );
        command.args(["-device", "virtio-blk-pci,drive=root"]);
        if let Some(share) = &self.share {
            option(
                command,
                "-fsdev",
                "local,id=share,security_model=none,multidevs=remap,path=",
                share,
            );
            command.args(["-device", "virtio-9p-pci,fsdev=share,mount_tag=share"]);
        }
    }

    fn ports(&self, command: &mut Command) {
        command.args(["-device", "virtio-serial-pci,id=ports"]);
        for (index, name) in PORTS.iter().enumerate() {
            let socket = self.folder.join(format!("{name}.sock"));
            option(
                command,
                "-chardev",
                &format!("socket,id={name},path="),
                &socket,
            );
            let device = format!(
                "virtserialport,bus=ports.0,nr={},chardev={name},name={name}",
                index + 1
            );
            command.arg("-device").arg(device);
        }
        if self.console {
            option(
                command,
                "-chardev",
                "socket,id=console,path=",
                &self.folder.join("console.sock"),
            );
            let device = format!(
                "virtconsole,bus=ports.0,nr={},chardev=console",
                PORTS.len() + 1
            );
            command.arg("-device").arg(device);
        }
    }
}

/// Adds an option that ends with a path; commas in the path are doubled, as QEMU wants.
fn option(command: &mut Command, name: &str, head: &str, path: &Path) {
    command.arg(name).arg(with_path(head, path.as_os_str()));
}

fn with_path(head: &str, path: &OsStr) -> OsString {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let mut bytes = head.as_bytes().to_vec();
    for &byte in path.as_bytes() {
        bytes.push(byte);
        if byte == b',' {
            bytes.push(b',');
        }
    }
    OsString::from_vec(bytes)
}

#[cfg(test)]
mod tests {
    use super::with_path;
    use std::ffi::OsStr;

    #[test]
    fn commas_in_paths_are_doubled() {
        assert_eq!(
            with_path("path=", OsStr::new("/a,b")),
            OsStr::new("path=/a,,b")
        );
    }
}
