//! What a guest's script asks of the host while it runs, by lines of its own on standard output:
//! `HOST kill`. `ci/guest/lib.sh` has the other end.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use crate::tally::Tally;
use crate::vm::Orders;

/// What begins such a line.
const SIGN: &str = "HOST ";

/// The standard output of a script, line by line.
#[derive(Default)]
pub(super) struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    /// Takes bytes as they come; gives the lines that are whole.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Vec<String> {
        self.rest.extend_from_slice(bytes);
        let Some(end) = self.rest.iter().rposition(|&byte| byte == b'\n') else {
            return Vec::new();
        };
        let whole: Vec<u8> = self.rest.drain(..=end).collect();
        String::from_utf8_lossy(&whole)
            .lines()
            .map(str::to_string)
            .collect()
    }
}

/// A test that needs our own device, in a QEMU without it.
pub(super) fn skipped(name: &str) -> Tally {
    println!("test {name} ... skipped: it needs the QEMU that `cargo xtask qemu` builds");
    Tally::skip()
}

/// Does what a line asks for. `false`: it asks for nothing. The daemon's management socket is
/// needed for the loss of its GPU.
pub(super) fn grant(line: &str, management: Option<&Path>, orders: &mut Orders) -> bool {
    let Some(wish) = line.strip_prefix(SIGN) else {
        return false;
    };
    match wish {
        "kill" => orders.kill_daemon = true,
        "start" => orders.start_daemon = true,
        "interrupt" => orders.interrupt_daemon = true,
        "unplug" => orders.unplug = true,
        "plug" => orders.plug = true,
        "lose" => match management.map(lose_gpu) {
            Some(Ok(())) => {}
            Some(Err(error)) => eprintln!("the GPU can't be had vanish: {error}"),
            None => eprintln!("the GPU can't be had vanish: there is no management socket"),
        },
        other => eprintln!("the guest's script asks for {other:?}, which the host can't do"),
    }
    true
}

/// Asks a daemon to have its guest's GPU vanish.
fn lose_gpu(management: &Path) -> io::Result<()> {
    let mut stream = UnixStream::connect(management)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"POST /faults/gpu-lost HTTP/1.1\r\nHost: igpu\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.starts_with("HTTP/1.1 200") {
        true => Ok(()),
        false => Err(io::Error::other(answer)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Lines, grant};
    use crate::vm::Orders;

    #[test]
    fn wishes_are_whole_lines() {
        let mut lines = Lines::default();
        let mut orders = Orders::default();
        assert_eq!(lines.take(b"HOST ki"), Vec::<String>::new());
        let whole = lines.take(b"ll\nplain\nHOST pl");
        assert_eq!(whole, ["HOST kill", "plain"]);
        assert!(grant(&whole[0], None, &mut orders) && !grant(&whole[1], None, &mut orders));
        assert!(orders.kill_daemon && !orders.start_daemon && !orders.plug);
    }
}
