// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Where guests come from: a path that the daemon listens on, a socket that it was started
//! with (`--fd`), or one that systemd listens on for it. All of it is settled while there is
//! one thread, before anything is given up.

use std::fs;
use std::io;
use std::os::fd::RawFd;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

use anyhow::{Context, bail};
use vhost::vhost_user::{Error as VhostUserError, Listener};

use super::inherited::Inherited;
use super::relay::Relay;
use crate::cli::Arguments;

/// Where guests come from.
pub(super) struct Endpoint {
    /// Guests are accepted here. What the daemon made itself goes with it.
    pub(super) listener: Listener,
    /// What it is, for a person.
    pub(super) origin: String,
    /// The guest is there already; there won't be another one.
    relay: Option<Relay>,
}

impl Endpoint {
    /// What the command line and the service manager say.
    pub(super) fn claim(arguments: &Arguments) -> anyhow::Result<Self> {
        let passed = sd_notify::listen_fds().context("what LISTEN_FDS says is not so")?;
        let passed: Vec<RawFd> = passed.collect();
        match (&arguments.socket_path, arguments.fd, &passed[..]) {
            (Some(path), None, []) => Ok(Self {
                listener: claim(path)?,
                origin: path.display().to_string(),
                relay: None,
            }),
            (None, Some(number), []) => Self::inherited(number, format!("--fd {number}")),
            (None, None, [number]) => Self::inherited(*number, "systemd's socket".to_owned()),
            (None, None, []) => bail!(
                "where do guests come from? Say --socket-path PATH, or start it with a socket: \
                 --fd FDNUM, or by a unit of systemd's"
            ),
            (None, None, several) => bail!(
                "systemd's unit has {} sockets where one is taken: one daemon is one guest's",
                several.len()
            ),
            (Some(_), Some(_), _) => bail!("--socket-path and --fd exclude each other"),
            (_, _, [_, ..]) => {
                bail!("started with a socket by systemd, it takes neither --socket-path nor --fd")
            }
        }
    }

    fn inherited(number: RawFd, origin: String) -> anyhow::Result<Self> {
        let refused = || format!("guests can't come from {origin}");
        let (listener, relay) = match Inherited::of(number).with_context(refused)? {
            Inherited::Listening(listener) => (listener, None),
            Inherited::Connected(stream) => {
                let (listener, relay) = Relay::new(stream).with_context(refused)?;
                (listener, Some(relay))
            }
        };
        let listener = Listener::from(listener);
        Ok(Self {
            listener,
            origin,
            relay,
        })
    }

    /// Starts what needs threads.
    pub(super) fn start(&mut self) -> anyhow::Result<()> {
        let started = self.relay.as_mut().map(Relay::start).transpose();
        started.context("no thread for the guest's connection")?;
        Ok(())
    }

    /// Whether there is one guest only.
    pub(super) fn is_single(&self) -> bool {
        self.relay.is_some()
    }
}

/// Removes a socket that another daemon left behind; anything else that is there is an
/// error.
pub(super) fn make_way(path: &Path) -> anyhow::Result<()> {
    let shown = path.display();
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => bail!("the socket path {shown} can't be used: {error}"),
        Ok(found) if !found.file_type().is_socket() => {
            bail!("the socket path {shown} exists and is not a socket");
        }
        Ok(_) => match UnixStream::connect(path) {
            Ok(_) => bail!("the socket {shown} is in use by another process"),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                fs::remove_file(path)
                    .with_context(|| format!("the stale socket {shown} can't be removed"))?;
            }
            Err(error) => bail!("the socket {shown} exists and can't be tried: {error}"),
        },
    }
    Ok(())
}

/// Listens on a path. What another daemon left behind is replaced, anything else is not.
fn claim(path: &Path) -> anyhow::Result<Listener> {
    make_way(path)?;
    let shown = path.display();
    match Listener::new(path, false) {
        Ok(listener) => Ok(listener),
        Err(VhostUserError::SocketError(error)) => bail!("can't listen on {shown}: {error}"),
        Err(error) => bail!("can't listen on {shown}: {error}"),
    }
}
