// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Sockets that the daemon is started with: what a number stands for, and whether guests can
//! be had from it. Knows descriptors and sockets' kinds, nothing of vhost-user.

use std::os::fd::{OwnedFd, RawFd};
use std::os::unix::net::{UnixListener, UnixStream};

use anyhow::{Context, bail};
use rustix::io::Errno;
use rustix::net::{self, AddressFamily, SocketType, sockopt};
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

/// A socket that guests come from.
#[derive(Debug)]
pub(super) enum Inherited {
    /// It listens: guests connect to it, one after the other.
    Listening(UnixListener),
    /// A guest is at its other end already.
    Connected(UnixStream),
}

impl Inherited {
    /// What descriptor `number` of this process is.
    ///
    /// It is duplicated by way of the kernel, as another process's would be, and the number
    /// itself stays open: so whoever else may use it loses nothing, whatever number is given.
    pub(super) fn of(number: RawFd) -> anyhow::Result<Self> {
        let own = pidfd_open(getpid(), PidfdFlags::empty())
            .context("it can't be looked at: no descriptor of this process")?;
        match pidfd_getfd(own, number, PidfdGetfdFlags::empty()) {
            Ok(socket) => Self::from_socket(socket),
            Err(Errno::BADF) => bail!("it is not open"),
            Err(error) => Err(error).context("it can't be looked at"),
        }
    }

    fn from_socket(socket: OwnedFd) -> anyhow::Result<Self> {
        match sockopt::socket_domain(&socket) {
            Ok(AddressFamily::UNIX) => {}
            Ok(_) => bail!("it is a socket, but no Unix socket"),
            Err(Errno::NOTSOCK) => bail!("it is not a socket"),
            Err(error) => return Err(error).context("it can't be looked at"),
        }
        if sockopt::socket_type(&socket)? != SocketType::STREAM {
            bail!("it is a Unix socket, but no stream socket");
        }
        if sockopt::socket_acceptconn(&socket)? {
            let listener = UnixListener::from(socket);
            // Whether a guest is there is asked with epoll.
            listener.set_nonblocking(false)?;
            return Ok(Self::Listening(listener));
        }
        if net::getpeername(&socket).is_err() {
            bail!("it is a socket that neither listens nor is connected");
        }
        let stream = UnixStream::from(socket);
        stream.set_nonblocking(false)?;
        Ok(Self::Connected(stream))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::{TcpListener, UdpSocket};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixDatagram;

    #[test]
    fn a_listening_and_a_connected_socket_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        listener.set_nonblocking(true).unwrap();
        let Inherited::Listening(taken) = Inherited::of(listener.as_raw_fd()).unwrap() else {
            panic!("it listens");
        };
        let mut near = UnixStream::connect(&path).unwrap();
        near.set_nonblocking(true).unwrap();
        let (mut far, _) = taken.accept().unwrap();
        let Inherited::Connected(mut taken) = Inherited::of(near.as_raw_fd()).unwrap() else {
            panic!("it is connected");
        };
        far.write_all(b"x").unwrap();
        let mut byte = [0];
        taken.read_exact(&mut byte).unwrap();
        // What was taken goes, and the descriptor itself is as it was.
        drop(taken);
        far.write_all(b"y").unwrap();
        near.read_exact(&mut byte).unwrap();
        assert_eq!(&byte, b"y");
    }

    #[test]
    fn anything_else_is_refused_in_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let file = std::fs::File::create(folder.path().join("file")).unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let datagram = UnixDatagram::unbound().unwrap();
        let alone = net::socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
        for (number, sentence) in [
            (file.as_raw_fd(), "it is not a socket"),
            (tcp.as_raw_fd(), "it is a socket, but no Unix socket"),
            (udp.as_raw_fd(), "it is a socket, but no Unix socket"),
            (
                datagram.as_raw_fd(),
                "it is a Unix socket, but no stream socket",
            ),
            (
                alone.as_raw_fd(),
                "it is a socket that neither listens nor is connected",
            ),
            (1 << 20, "it is not open"),
        ] {
            let error = Inherited::of(number).unwrap_err();
            assert_eq!(format!("{error:#}"), sentence);
        }
    }
}
