//! Running other programs: output to a log file, and an error that says which command
//! failed and shows the end of what it said. Children die with us, and Ctrl-C ends them.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

static INTERRUPTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Turns Ctrl-C, a hang-up and a termination request into a flag that every wait looks at.
pub(crate) fn catch_interrupts() -> Result<()> {
    let flag = INTERRUPTED.get_or_init(|| Arc::new(AtomicBool::new(false)));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        // The second signal ends us at once; the children then go by their parent-death signal.
        signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(flag))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(flag)))
            .context("cannot install the handler for Ctrl-C")?;
    }
    Ok(())
}

/// Whether the person asked us to stop.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED
        .get()
        .is_some_and(|flag| flag.load(Ordering::Relaxed))
}

/// A command that dies with us and is not hit by the terminal's Ctrl-C itself.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = if have("setpriv") {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.process_group(0);
    command
}

/// Whether a program is on the search path.
pub(crate) fn have(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

/// A child that is killed, with its whole process group, when this goes out of scope.
pub(crate) struct Guarded {
    child: Child,
    name: String,
}

impl Guarded {
    /// Starts the command.
    pub(crate) fn spawn(name: &str, command: &mut Command) -> Result<Self> {
        let child = command.spawn().with_context(|| {
            format!(
                "cannot start {name} ({:?}); is it installed and executable?",
                command.get_program()
            )
        })?;
        Ok(Self {
            child,
            name: name.to_string(),
        })
    }

    /// The running child.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// What the command was called.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it has ended, and how.
    pub(crate) fn ended(&mut self) -> Result<Option<std::process::ExitStatus>> {
        self.child
            .try_wait()
            .with_context(|| format!("cannot wait for {}", self.name))
    }

    /// Asks it to end, and makes it after the grace time.
    pub(crate) fn stop(&mut self, grace: Duration) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        self.signal(rustix::process::Signal::TERM);
        let end = std::time::Instant::now() + grace;
        while std::time::Instant::now() < end {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.kill();
    }

    /// Ends it at once.
    pub(crate) fn kill(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        self.signal(rustix::process::Signal::KILL);
        let _ = self.child.wait();
    }

    fn signal(&self, signal: rustix::process::Signal) {
        if let Ok(id) = i32::try_from(self.child.id())
            && let Some(pid) = rustix::process::Pid::from_raw(id)
        {
            // The group may be gone already: nothing is left to do then.
            let _ = rustix::process::kill_process_group(pid, signal);
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits for a child while looking out for Ctrl-C; `tick` runs some ten times a second.
pub(crate) fn wait(
    guarded: &mut Guarded,
    mut tick: impl FnMut(),
) -> Result<std::process::ExitStatus> {
    loop {
        if let Some(status) = guarded.ended()? {
            return Ok(status);
        }
        if interrupted() {
            guarded.stop(Duration::from_secs(2));
            bail!("interrupted while running {}", guarded.name());
        }
        tick();
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// Runs a command, its output into `log`; on failure the error shows the log's end.
pub(crate) fn logged(name: &str, command: &mut Command, log: &Path) -> Result<()> {
    logged_with(name, command, log, || {})
}

/// As [`logged`], with something to do meanwhile.
pub(crate) fn logged_with(
    name: &str,
    command: &mut Command,
    log: &Path,
    tick: impl FnMut(),
) -> Result<()> {
    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    let file =
        File::create(log).with_context(|| format!("cannot write the log {}", log.display()))?;
    let errors = file
        .try_clone()
        .with_context(|| format!("cannot write the log {}", log.display()))?;
    command.stdin(Stdio::null()).stdout(file).stderr(errors);
    let mut guarded = Guarded::spawn(name, command)?;
    let status = wait(&mut guarded, tick)?;
    if status.success() {
        return Ok(());
    }
    Err(anyhow!(
        "{name} failed ({status}); its last lines, the whole in {}:\n{}",
        log.display(),
        tail(log, 25)
    ))
}

/// Runs a command and returns what it printed; its standard error goes into the error.
pub(crate) fn output(name: &str, command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| {
        format!(
            "cannot start {name} ({:?}); is it installed?",
            command.get_program()
        )
    })?;
    if !output.status.success() {
        bail!(
            "{name} failed ({}):\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The last lines of a file, indented; empty if it cannot be read.
pub(crate) fn tail(file: &Path, lines: usize) -> String {
    let mut bytes = Vec::new();
    if File::open(file)
        .and_then(|mut f| f.read_to_end(&mut bytes))
        .is_err()
    {
        return String::new();
    }
    let text = String::from_utf8_lossy(&bytes);
    let all: Vec<&str> = text.lines().collect();
    let from = all.len().saturating_sub(lines);
    all[from..]
        .iter()
        .map(|line| format!("    {line}\n"))
        .collect()
}
