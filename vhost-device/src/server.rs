// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The daemon: where its guests come from (`endpoint`), its signals, and one guest after the
//! other. Knows vhost-user's connection handling; what happens on a connection is
//! [`crate::device`]'s.

mod endpoint;
mod inherited;
mod relay;

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, bail};
use endpoint::Endpoint;
use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;
use vhost::vhost_user::{Error as VhostUserError, Listener};
use vhost_user_backend::{Error as DaemonError, ShutdownHandle, VhostUserDaemon};
use vm_memory::GuestMemoryAtomic;
use vmm_sys_util::epoll::{ControlOperation, Epoll, EpollEvent, EventSet};
use vmm_sys_util::eventfd::{EFD_CLOEXEC, EventFd};

use crate::GuestMemory;
use crate::cli::Arguments;
use crate::device::{Device, MAILBOX_EVENT, Options};
use crate::executor;
use crate::management::{self, resources::Resources};
use crate::metrics::{self, Metrics};
use crate::sandbox::{self, Needs, Use};
use crate::service::Manager;
use crate::trace::Writer;

/// Runs the daemon until it is told to end, or with `--once` until its guest has gone.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let factory = executor::chosen(&executor::Choice {
        name: &arguments.executor,
        platform: &arguments.platform,
        eus: arguments.eus,
        strict: arguments.strict,
        record: arguments.record.as_deref(),
        render_node: arguments.render_node.as_deref(),
        guest_memory: arguments.guest_memory,
    })?;
    let shared = Arc::new(Shared::new(arguments.stats_file.clone())?);
    shared
        .write_stats()
        .context("the stats file can't be written")?;
    // All that can be opened beforehand is, while there is one thread.
    let path = arguments.management_socket.as_deref();
    let management = path.map(claim_management).transpose()?;
    let mut endpoint = Endpoint::claim(arguments)?;
    let manager = Manager::connect();
    let trace = arguments.trace.as_deref();
    let trace = trace.map(|path| File::create(path).map(|file| (file, path)));
    let trace = trace.transpose().context("the trace can't be written")?;
    let signals = Signals::new([SIGTERM, SIGINT, SIGUSR1]).context("signals can't be handled")?;
    confine(arguments)?;
    // From here on nothing is there that was not named.
    let faults = arguments.fault_injection;
    let management = management.map(|socket| manage(socket, &shared, faults));
    let _management = management.transpose()?;
    let trace = trace.map(|(file, path)| Writer::start(file, path));
    let trace = trace.transpose().context("the trace can't be written")?;
    watch_signals(signals, Arc::clone(&shared))?;
    endpoint.start()?;
    log::info!("guests come from {}", endpoint.origin);
    manager.ready();
    let options = Options {
        polling: !arguments.no_polling,
        limits: arguments.limits(),
        tracer: trace.as_ref().map(Writer::tracer),
    };
    let mut number = 1;
    while shared.wait_for_guest(&endpoint.listener)? {
        let device = Device::new(Arc::clone(&factory), number, options.clone());
        let device = device.context("no device for a guest")?;
        let spoke = serve(Arc::new(device), &mut endpoint.listener, &shared)?;
        if endpoint.is_single() || spoke && arguments.once {
            break;
        }
        number += u64::from(spoke);
    }
    manager.stopping();
    if let Err(error) = shared.write_stats() {
        log::error!("{error:#}");
    }
    Ok(())
}

/// Gives up what the daemon does not need from here on.
fn confine(arguments: &Arguments) -> anyhow::Result<()> {
    if rustix::process::geteuid().is_root() {
        log::warn!("running as root, which it needs not: docs/sandbox.md");
    }
    if arguments.sandbox == sandbox::Mode::Off {
        return Ok(());
    }
    let mut needs = Needs::default();
    let sockets = [&arguments.socket_path, &arguments.management_socket];
    for path in sockets.into_iter().flatten() {
        needs.folder_of(path, Use::Remove);
    }
    if let Some(path) = &arguments.stats_file {
        needs.folder_of(path, Use::Replace);
    }
    if let Some(path) = &arguments.record {
        // Emptied for each guest. One that can't be made is told of when a guest comes.
        let made = File::options().append(true).create(true).open(path);
        if made.is_ok() {
            needs.path(path, Use::Overwrite);
        }
    }
    if let Some(path) = &arguments.render_node {
        needs.path(path, Use::Device);
        needs.gpu();
    }
    if let Some(threads) = sandbox::threads().filter(|threads| *threads > 1) {
        bail!("{threads} threads where one can be confined");
    }
    let in_force = sandbox::enter(arguments.sandbox, &needs)?;
    log::info!("confined by {in_force}");
    Ok(())
}

/// Listens for those who ask what the daemon counts.
fn claim_management(path: &Path) -> anyhow::Result<management::Socket> {
    endpoint::make_way(path)?;
    management::Socket::claim(path).with_context(|| format!("can't listen on {}", path.display()))
}

/// Starts to answer them.
fn manage(
    socket: management::Socket,
    shared: &Arc<Shared>,
    faults: bool,
) -> anyhow::Result<management::Server> {
    let shared = Arc::clone(shared);
    let source = Box::new(move || shared.current().device.clone());
    let server = management::Server::start(socket, Resources::new(source, faults));
    server.context("the management socket can't be served")
}

/// What the signals' thread and the main one share.
struct Shared {
    stats_file: Option<PathBuf>,
    /// The daemon is to end.
    stop: AtomicBool,
    /// Written when it is.
    stopped: EventFd,
    current: Mutex<Current>,
    /// Held while the stats file is written.
    writing: Mutex<()>,
}

/// The guest being served, or the last one.
#[derive(Default)]
struct Current {
    device: Option<Arc<Device>>,
    connection: Option<ShutdownHandle>,
}

impl Shared {
    fn new(stats_file: Option<PathBuf>) -> io::Result<Self> {
        Ok(Self {
            stats_file,
            stop: AtomicBool::new(false),
            stopped: EventFd::new(EFD_CLOEXEC)?,
            current: Mutex::default(),
            writing: Mutex::default(),
        })
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stopping(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Ends the daemon: the guest's connection first, if there is one.
    fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        let _ = self.stopped.write(1);
        if let Some(connection) = &self.current().connection {
            connection.shutdown();
        }
    }

    /// Waits for a guest to connect. `false`: the daemon is to end.
    fn wait_for_guest(&self, listener: &Listener) -> anyhow::Result<bool> {
        let epoll = Epoll::new()?;
        for (number, fd) in [(0, self.stopped.as_raw_fd()), (1, listener.as_raw_fd())] {
            epoll.ctl(
                ControlOperation::Add,
                fd,
                EpollEvent::new(EventSet::IN, number),
            )?;
        }
        let mut events = [EpollEvent::default(); 2];
        loop {
            match epoll.wait(-1, &mut events) {
                Ok(_) => return Ok(!self.stopping()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("waiting for a guest"),
            }
        }
    }

    fn write_stats(&self) -> anyhow::Result<()> {
        let Some(path) = &self.stats_file else {
            return Ok(());
        };
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let device = self.current().device.clone();
        let text = match device {
            Some(device) => device.stats(),
            None => metrics::to_json(0, &Metrics::default(), &serde_json::Value::Null),
        };
        metrics::write_file(path, &text).with_context(|| path.display().to_string())
    }
}

fn watch_signals(mut signals: Signals, shared: Arc<Shared>) -> anyhow::Result<()> {
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            for signal in signals.forever() {
                if signal != SIGUSR1 {
                    shared.stop();
                } else if let Err(error) = shared.write_stats() {
                    log::error!("{error:#}");
                }
            }
        })
        .context("the signals' thread can't be started")?;
    Ok(())
}

/// Serves one guest, from its connection to its going. `false`: whoever connected said
/// nothing, as another daemon does that finds out whether the socket is in use.
fn serve(device: Arc<Device>, listener: &mut Listener, shared: &Shared) -> anyhow::Result<bool> {
    let number = device.number();
    let memory = GuestMemoryAtomic::new(GuestMemory::new());
    let name = "vhost-user".to_owned();
    let mut daemon =
        VhostUserDaemon::new(name, Arc::clone(&device), memory).map_err(plain_error)?;
    for handler in daemon.get_epoll_handlers() {
        handler.register_listener(device.wake_fd(), EventSet::IN, MAILBOX_EVENT)?;
    }
    daemon.start(listener).map_err(plain_error)?;
    {
        let mut current = shared.current();
        current.device = Some(Arc::clone(&device));
        current.connection = daemon.shutdown_handle();
    }
    if shared.stopping() {
        shared.stop();
    }
    let ended = daemon.wait();
    shared.current().connection = None;
    // Joins the queue worker.
    drop(daemon);
    device.close();
    if !device.has_spoken() {
        return Ok(false);
    }
    match ended {
        Ok(())
        | Err(DaemonError::HandleRequest(
            VhostUserError::Disconnected | VhostUserError::PartialMessage,
        )) => log::info!("guest {number} has gone"),
        Err(error) => log::warn!("guest {number} was disconnected: {error}"),
    }
    if let Err(error) = shared.write_stats() {
        log::error!("the stats file can't be written: {error:#}");
    }
    Ok(true)
}

/// vhost-user-backend's error type is no `std::error::Error`.
fn plain_error(error: DaemonError) -> anyhow::Error {
    anyhow::anyhow!("{error}")
}
