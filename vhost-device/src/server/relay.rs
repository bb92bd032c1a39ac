// SPDX-License-Identifier: Apache-2.0 OR MIT

//! A guest that is connected already, for a server that only knows how to accept one.
//!
//! vhost-user-backend takes a listener and accepts the connection itself. So one that the
//! daemon was started with is given to it by way of a second one, whose both ends are ours:
//! messages and the descriptors with them are carried over as they are. They are few (the
//! queues' notifications are eventfds, which both sides have by then), and what they say is
//! checked where they end up. Knows of vhost-user how long a message is, and nothing else.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::thread::JoinHandle;

use rustix::io::Errno;
use rustix::net::{
    self, AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketAddrUnix, SocketFlags, SocketType,
};

/// Bytes of a message's head, which ends with the length of what follows.
const HEAD: usize = 12;

/// Bytes carried over at a time.
const CHUNK: usize = 4096;

/// Descriptors that the kernel lets come with one message (SCM_MAX_FD).
const DESCRIPTORS: usize = 253;

/// Two connections, tied together. Dropped, both are gone.
pub(super) struct Relay {
    ends: [Arc<UnixStream>; 2],
    threads: Vec<JoinHandle<()>>,
}

impl Relay {
    /// Ties a connection to one that the listener returned will accept, once. To be called
    /// while sockets can be made.
    pub(super) fn new(outer: UnixStream) -> io::Result<(UnixListener, Self)> {
        let (listener, inner) = pending()?;
        let relay = Self {
            ends: [outer, inner].map(Arc::new),
            threads: Vec::new(),
        };
        Ok((listener, relay))
    }

    /// Starts to carry messages over, on two threads.
    pub(super) fn start(&mut self) -> io::Result<()> {
        let [outer, inner] = &self.ends;
        for (name, from, to) in [("to guest", inner, outer), ("from guest", outer, inner)] {
            let (from, to) = (Arc::clone(from), Arc::clone(to));
            let carry = move || {
                if let Err(error) = carry(&from, &to) {
                    log::debug!("{error}");
                }
                let _ = from.shutdown(Shutdown::Both);
                let _ = to.shutdown(Shutdown::Both);
            };
            let thread = std::thread::Builder::new().name(name.into()).spawn(carry)?;
            self.threads.push(thread);
        }
        Ok(())
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        for end in &self.ends {
            let _ = end.shutdown(Shutdown::Both);
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// A listener, and the one connection that waits to be accepted on it.
///
/// It has a name that the kernel chose, and room for one that waits: if another process
/// found the name in the meantime and was first, there is no room for ours, which is an error.
fn pending() -> io::Result<(UnixListener, UnixStream)> {
    let socket = || {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
    };
    let listener = socket()?;
    net::bind(&listener, &SocketAddrUnix::new_unnamed())?;
    net::listen(&listener, 0)?;
    let stream = socket()?;
    net::connect(&stream, &net::getsockname(&listener)?)?;
    let (listener, stream) = (UnixListener::from(listener), UnixStream::from(stream));
    listener.set_nonblocking(false)?;
    stream.set_nonblocking(false)?;
    Ok((listener, stream))
}

/// Carries messages over until one side has no more. A message's descriptors come with its
/// first byte and belong to it, so a receipt never reaches over its end.
fn carry(from: &UnixStream, to: &UnixStream) -> io::Result<()> {
    let mut head = [0; HEAD];
    let mut buffer = [0; CHUNK];
    loop {
        let mut taken = 0;
        while taken < HEAD {
            match pass(from, to, &mut head[taken..])? {
                0 => return Ok(()),
                length => taken += length,
            }
        }
        let [.., a, b, c, d] = head;
        let mut left = u32::from_ne_bytes([a, b, c, d]) as usize;
        while left > 0 {
            match pass(from, to, &mut buffer[..left.min(CHUNK)])? {
                0 => return Ok(()),
                length => left -= length,
            }
        }
    }
}

/// Carries over what comes, as many bytes as there is room for at most: how many it were.
fn pass(from: &UnixStream, to: &UnixStream, room: &mut [u8]) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let received = retry(|| {
        let room = &mut [IoSliceMut::new(room)];
        net::recvmsg(from, room, &mut ancillary, RecvFlags::CMSG_CLOEXEC)
    })?;
    let mut descriptors: Vec<OwnedFd> = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            descriptors.extend(rights);
        }
    }
    let mut left = &room[..received.bytes];
    while !left.is_empty() {
        let borrowed: Vec<_> = descriptors.iter().map(AsFd::as_fd).collect();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        if !borrowed.is_empty() {
            ancillary.push(SendAncillaryMessage::ScmRights(&borrowed));
        }
        let sent = retry(|| {
            let bytes = &[IoSlice::new(left)];
            net::sendmsg(to, bytes, &mut ancillary, SendFlags::NOSIGNAL)
        })?;
        descriptors.clear();
        left = &left[sent..];
    }
    Ok(received.bytes)
}

fn retry<T>(mut call: impl FnMut() -> Result<T, Errno>) -> io::Result<T> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            other => return other.map_err(io::Error::from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::fd::AsRawFd;

    use vmm_sys_util::sock_ctrl_msg::ScmSocket;

    /// A relay at work: its ends.
    fn relay() -> (UnixStream, UnixStream, Relay) {
        let (vmm, ours) = UnixStream::pair().unwrap();
        let (listener, mut relay) = Relay::new(ours).unwrap();
        let (daemon, _) = listener.accept().unwrap();
        relay.start().unwrap();
        (vmm, daemon, relay)
    }

    fn message(body: &[u8]) -> Vec<u8> {
        let length = body.len() as u32;
        let head = [1u32.to_ne_bytes(), 1u32.to_ne_bytes(), length.to_ne_bytes()];
        [&head.concat(), body].concat()
    }

    #[test]
    fn messages_keep_their_descriptors_however_fast_they_come() {
        let (vmm, daemon, _relay) = relay();
        let (file, mut reader) = UnixStream::pair().unwrap();
        std::thread::scope(|scope| {
            // One without, one with, in a row, as a VMM sends what it awaits no answer to.
            scope.spawn(move || {
                for round in 0..200u32 {
                    let plain = message(&round.to_ne_bytes());
                    (&vmm).write_all(&plain).unwrap();
                    let with = message(&[7; 5000]);
                    vmm.send_with_fd(&with[..HEAD], file.as_raw_fd()).unwrap();
                    (&vmm).write_all(&with[HEAD..]).unwrap();
                }
            });
            for round in 0..200u32 {
                let mut head = [0; HEAD];
                let (length, none) = daemon.recv_with_fd(&mut head).unwrap();
                assert!(length == HEAD && none.is_none(), "{round}");
                let mut body = [0; 4];
                (&daemon).read_exact(&mut body).unwrap();
                assert_eq!(u32::from_ne_bytes(body), round);
                let (length, some) = daemon.recv_with_fd(&mut head).unwrap();
                assert_eq!(length, HEAD);
                some.unwrap().write_all(b"x").unwrap();
                let mut body = [0; 5000];
                (&daemon).read_exact(&mut body).unwrap();
                assert_eq!(body, [7; 5000]);
            }
        });
        // Of the descriptors none is left open on the way.
        let mut read = Vec::new();
        reader.read_to_end(&mut read).unwrap();
        assert_eq!(read.len(), 200);
    }

    #[test]
    fn when_either_side_goes_the_other_one_learns_of_it() {
        let mut byte = [0];
        let (vmm, mut daemon, _relay) = relay();
        drop(vmm);
        assert_eq!(daemon.read(&mut byte).unwrap(), 0);
        let (mut vmm, daemon, _relay) = relay();
        daemon.shutdown(Shutdown::Both).unwrap();
        assert_eq!(vmm.read(&mut byte).unwrap(), 0);
        let (mut vmm, daemon, relay) = relay();
        drop(relay);
        assert_eq!(vmm.read(&mut byte).unwrap(), 0);
        drop(daemon);
    }

    #[test]
    fn nobody_else_gets_in() {
        let (vmm, ours) = UnixStream::pair().unwrap();
        let (listener, _relay) = Relay::new(ours).unwrap();
        let late = net::socket_with(
            AddressFamily::UNIX,
            SocketType::STREAM,
            SocketFlags::NONBLOCK,
            None,
        )
        .unwrap();
        let name = net::getsockname(&listener).unwrap();
        assert_eq!(net::connect(&late, &name), Err(Errno::AGAIN));
        drop(vmm);
    }
}
