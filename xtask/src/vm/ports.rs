//! The host's ends of a guest's ports: sockets that QEMU connects to, read by threads that
//! hand everything to the run's one loop.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::mpsc::Sender;
use std::thread;

use anyhow::{Context, Result};

/// Something that came out of the guest.
pub(crate) enum FromGuest {
    /// Bytes of a port, which is named by its place in [`super::qemu::PORTS`].
    Bytes(usize, Vec<u8>),
    /// A port ended.
    Ended,
}

/// Listens for QEMU on a socket; the connection's bytes go into the channel.
pub(crate) fn reader(path: &Path, port: usize, into: Sender<FromGuest>) -> Result<()> {
    let listener =
        UnixListener::bind(path).with_context(|| format!("cannot listen on {}", path.display()))?;
    thread::spawn(move || {
        if let Ok((mut stream, _)) = listener.accept() {
            pump(&mut stream, port, &into);
        }
        // Nobody listens any more when the run is over.
        let _ = into.send(FromGuest::Ended);
    });
    Ok(())
}

fn pump(stream: &mut impl Read, port: usize, into: &Sender<FromGuest>) {
    let mut buffer = vec![0; 65536];
    while let Ok(length) = stream.read(&mut buffer) {
        if length == 0
            || into
                .send(FromGuest::Bytes(port, buffer[..length].to_vec()))
                .is_err()
        {
            return;
        }
    }
}

/// As [`reader`], and hands the connection on so that it can be written to as well.
pub(crate) fn both_ways(
    path: &Path,
    port: usize,
    into: Sender<FromGuest>,
    out: Sender<UnixStream>,
) -> Result<()> {
    let listener =
        UnixListener::bind(path).with_context(|| format!("cannot listen on {}", path.display()))?;
    thread::spawn(move || {
        if let Ok((mut stream, _)) = listener.accept() {
            if let Ok(writer) = stream.try_clone() {
                let _ = out.send(writer);
            }
            pump(&mut stream, port, &into);
        }
        let _ = into.send(FromGuest::Ended);
    });
    Ok(())
}

/// Sends our standard input (or nothing) to the guest, then closes the port.
pub(crate) fn stdin(path: &Path, forward: bool) -> Result<()> {
    let listener =
        UnixListener::bind(path).with_context(|| format!("cannot listen on {}", path.display()))?;
    thread::spawn(move || {
        let Ok((mut stream, _)) = listener.accept() else {
            return;
        };
        if forward {
            let mut buffer = vec![0; 65536];
            let mut input = std::io::stdin();
            while let Ok(length) = input.read(&mut buffer) {
                if length == 0 || stream.write_all(&buffer[..length]).is_err() {
                    break;
                }
            }
            // Only our half: a socket that is closed whole loses what QEMU has not read yet.
            let _ = stream.shutdown(std::net::Shutdown::Write);
        }
        // Kept open until QEMU goes: a port whose host side is closed reads as ended.
        let _ = stream.read(&mut [0]);
    });
    Ok(())
}
