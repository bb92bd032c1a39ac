//! QEMU's monitor: the few commands of QMP, QEMU's machine protocol, by which a device is
//! unplugged and plugged. (The crates that speak all of it refuse the events of QEMUs that are
//! newer than they are.)

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::exec;

/// How long QEMU may take over an answer, and the guest over giving a device back.
const ANSWER: Duration = Duration::from_secs(20);
const UNPLUGGED: Duration = Duration::from_secs(60);

/// The monitor of a QEMU.
pub(crate) struct Monitor {
    listener: UnixListener,
    lines: Option<Lines>,
    /// Devices that the guest has given back.
    deleted: Vec<String>,
}

impl Monitor {
    /// Waits at this socket for a QEMU that is still to be started.
    pub(crate) fn listen(socket: &Path) -> Result<Self> {
        let listener = UnixListener::bind(socket)
            .with_context(|| format!("cannot listen on {}", socket.display()))?;
        listener
            .set_nonblocking(true)
            .context("cannot listen without waiting")?;
        Ok(Self {
            listener,
            lines: None,
            deleted: Vec::new(),
        })
    }

    /// Asks the guest to give the device back.
    pub(crate) fn unplug(&mut self, device: &str) -> Result<()> {
        self.execute("device_del", json!({"id": device}))
            .with_context(|| format!("cannot unplug {device}"))
            .map(drop)
    }

    /// Plugs a device in again, with a new connection to its daemon. It was unplugged; the guest
    /// is waited for.
    pub(crate) fn plug(
        &mut self,
        id: &str,
        name: &str,
        chardev: Value,
        device: Value,
    ) -> Result<()> {
        let begun = Instant::now();
        while !self.deleted.iter().any(|deleted| deleted == id) {
            if begun.elapsed() > UNPLUGGED {
                let limit = UNPLUGGED.as_secs();
                bail!("the guest did not give {id} back within {limit} s of being asked");
            }
            std::thread::sleep(Duration::from_millis(10));
            self.execute("query-status", json!({}))?;
        }
        self.deleted.clear();
        self.execute("chardev-remove", json!({"id": name}))?;
        self.execute("chardev-add", chardev)?;
        self.execute("device_add", device)
            .with_context(|| format!("cannot plug {id}"))
            .map(drop)
    }

    fn execute(&mut self, command: &str, arguments: Value) -> Result<Value> {
        let lines = match &mut self.lines {
            Some(lines) => lines,
            None => self.lines.insert(Lines::greeted(&self.listener)?),
        };
        lines
            .ask(command, arguments, &mut self.deleted)
            .with_context(|| format!("QEMU's monitor, asked for {command}"))
    }
}

/// The connection, one JSON object a line.
struct Lines {
    from: BufReader<UnixStream>,
    to: UnixStream,
}

impl Lines {
    /// QEMU connects when it starts, greets, and wants to hear which capabilities we have: none.
    fn greeted(listener: &UnixListener) -> Result<Self> {
        let begun = Instant::now();
        let stream = loop {
            match listener.accept() {
                Ok((stream, _)) => break stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error).context("QEMU's monitor can't be reached"),
            }
            if begun.elapsed() > ANSWER || exec::interrupted() {
                bail!("QEMU's monitor did not connect");
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        stream
            .set_nonblocking(false)
            .and_then(|()| stream.set_read_timeout(Some(ANSWER)))
            .context("cannot wait for QEMU's monitor")?;
        let from = stream.try_clone().context("cannot read QEMU's monitor")?;
        let mut lines = Self {
            from: BufReader::new(from),
            to: stream,
        };
        let greeting = lines.next()?;
        if greeting.get("QMP").is_none() {
            bail!("QEMU's monitor begins with {greeting}, which is no greeting");
        }
        lines.ask("qmp_capabilities", json!({}), &mut Vec::new())?;
        Ok(lines)
    }

    /// The answer to a command. Devices that have gone by then are told in `deleted`.
    fn ask(&mut self, command: &str, arguments: Value, deleted: &mut Vec<String>) -> Result<Value> {
        let request = json!({"execute": command, "arguments": arguments});
        writeln!(self.to, "{request}").context("it can't be written to")?;
        loop {
            let line = self.next()?;
            if let Some(error) = line.get("error") {
                let why = error.get("desc").and_then(Value::as_str);
                bail!("{}", why.unwrap_or("it refused, and did not say why"));
            }
            if let Some(answer) = line.get("return") {
                return Ok(answer.clone());
            }
            if line["event"] == "DEVICE_DELETED"
                && let Some(device) = line["data"]["device"].as_str()
            {
                deleted.push(device.to_string());
            }
        }
    }

    fn next(&mut self) -> Result<Value> {
        let mut line = String::new();
        match self.from.read_line(&mut line) {
            Ok(0) => bail!("QEMU has closed its monitor"),
            Ok(_) => {
                serde_json::from_str(&line).with_context(|| format!("QEMU's monitor said {line:?}"))
            }
            Err(error) => Err(error).context("QEMU's monitor gave no answer"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Monitor;
    use serde_json::{Value, json};
    use std::io::{BufRead, BufReader, Write};
    use std::os::unix::net::UnixStream;
    use std::path::Path;
    use std::thread::{self, JoinHandle};

    /// A QEMU that answers with these lines to one command after the other; gives back what
    /// it was asked for.
    fn qemu(socket: &Path, answers: &'static [&'static str]) -> JoinHandle<Vec<Value>> {
        let mut stream = UnixStream::connect(socket).expect("the monitor listens");
        thread::spawn(move || {
            writeln!(stream, r#"{{"QMP": {{"version": {{}}}}}}"#).expect("written");
            let mut asked = Vec::new();
            let mut lines = BufReader::new(stream.try_clone().expect("a clone")).lines();
            for answer in ["{\"return\": {}}"].iter().chain(answers) {
                let line = lines.next().expect("a command").expect("a line");
                asked.push(serde_json::from_str(&line).expect("JSON"));
                writeln!(stream, "{answer}").expect("written");
            }
            asked
        })
    }

    #[test]
    fn a_device_is_plugged_once_the_guest_has_given_it_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("monitor.sock");
        let mut monitor = Monitor::listen(&socket).expect("listens");
        let gone = "{\"event\": \"SOMETHING_NEW\"}\n\
            {\"event\": \"DEVICE_DELETED\", \"data\": {\"device\": \"a\", \"path\": \"/x\"}}\n\
            {\"return\": {\"status\": \"running\"}}";
        let ok = "{\"return\": {}}";
        let answers: &[&str] = Box::leak(Box::new([ok, ok, gone, ok, ok, ok]));
        let qemu = qemu(&socket, answers);
        monitor.unplug("a").expect("asked");
        let device = json!({"driver": "d", "id": "a"});
        monitor
            .plug("a", "c", json!({"id": "c"}), device)
            .expect("plugged");
        let asked = qemu.join().expect("a QEMU");
        let names: Vec<&str> = asked
            .iter()
            .filter_map(|command| command["execute"].as_str())
            .collect();
        assert_eq!(
            names,
            [
                "qmp_capabilities",
                "device_del",
                "query-status",
                "query-status",
                "chardev-remove",
                "chardev-add",
                "device_add"
            ]
        );
        assert_eq!(asked[6]["arguments"]["driver"], "d");
    }

    #[test]
    fn what_qemu_refuses_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("monitor.sock");
        let mut monitor = Monitor::listen(&socket).expect("listens");
        let qemu = qemu(
            &socket,
            &[
                r#"{"error": {"class": "GenericError", "desc": "Bus 'pcie.0' does not support hotplugging"}}"#,
            ],
        );
        let error = monitor.unplug("a").expect_err("refused");
        assert!(format!("{error:#}").contains("does not support hotplugging"));
        qemu.join().expect("a QEMU");
    }
}
