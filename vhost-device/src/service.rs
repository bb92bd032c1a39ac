// SPDX-License-Identifier: Apache-2.0 OR MIT

//! What a service manager such as systemd is told: that guests can come, and that the daemon
//! ends. The socket for it is connected while sockets can still be made
//! ([`crate::sandbox`]).

use std::ffi::OsStr;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;

use anyhow::bail;
use sd_notify::NotifyState;

/// Names the service manager's socket.
const NOTIFY_SOCKET: &str = "NOTIFY_SOCKET";

/// Who started the daemon and wants to know how it is; often nobody.
#[derive(Debug, Default)]
pub struct Manager {
    socket: Option<UnixDatagram>,
}

impl Manager {
    /// The one that the environment names. If it can't be reached, the log says so, and it is
    /// told nothing: what it does then is its own affair.
    pub fn connect() -> Self {
        let Some(address) = std::env::var_os(NOTIFY_SOCKET) else {
            return Self::default();
        };
        Self::at(&address).unwrap_or_else(|error| {
            let shown = address.to_string_lossy();
            log::warn!("{NOTIFY_SOCKET}={shown} can't be reached, and is told nothing: {error:#}");
            Self::default()
        })
    }

    /// The one at an address: a path, or behind an `@` a name without a file.
    fn at(address: &OsStr) -> anyhow::Result<Self> {
        let address = match address.as_bytes() {
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
            [b'/', ..] => SocketAddr::from_pathname(Path::new(address))?,
            _ => bail!("neither a path nor an abstract socket"),
        };
        let socket = UnixDatagram::unbound()?;
        socket.connect_addr(&address)?;
        Ok(Self {
            socket: Some(socket),
        })
    }

    /// Guests can come.
    pub fn ready(&self) {
        self.tell(&NotifyState::Ready);
    }

    /// The daemon is about to end.
    pub fn stopping(&self) {
        self.tell(&NotifyState::Stopping);
    }

    fn tell(&self, state: &NotifyState<'_>) {
        let Some(socket) = &self.socket else {
            return;
        };
        if let Err(error) = socket.send(state.to_string().as_bytes()) {
            log::warn!("the service manager can't be told {state}: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_in_datagrams_by_path_or_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let name = format!("igpu-test-{}", std::process::id());
        let abstract_address = SocketAddr::from_abstract_name(&name).unwrap();
        for (socket, address) in [
            (UnixDatagram::bind(&path).unwrap(), path.into_os_string()),
            (
                UnixDatagram::bind_addr(&abstract_address).unwrap(),
                format!("@{name}").into(),
            ),
        ] {
            let manager = Manager::at(&address).unwrap();
            manager.ready();
            manager.stopping();
            for text in ["READY=1", "STOPPING=1"] {
                let mut bytes = [0; 64];
                let length = socket.recv(&mut bytes).unwrap();
                assert_eq!(&bytes[..length], text.as_bytes());
            }
        }
    }

    #[test]
    fn an_address_that_is_none_is_refused() {
        for address in ["", "vsock:2:1234", "relative", "/no/such/socket"] {
            assert!(Manager::at(OsStr::new(address)).is_err(), "{address}");
        }
    }
}
