//! The interactive console: our terminal in raw mode, joined to the guest's.

use std::io::{IsTerminal, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Context, Result};
use rustix::termios::{self, OptionalActions, Termios};
use signal_hook::consts::SIGWINCH;

const CONTROL_A: u8 = 1;

/// Whether a person sits in front of us.
pub(crate) fn present() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// Rows and columns of our terminal.
pub(crate) fn size() -> (u16, u16) {
    termios::tcgetwinsize(rustix::stdio::stdout())
        .map_or((24, 80), |size| (size.ws_row, size.ws_col))
}

/// The console while it is joined; gives the terminal back when dropped.
pub(crate) struct Console {
    before: Termios,
    leave: Arc<AtomicBool>,
    resized: Arc<AtomicBool>,
}

impl Console {
    /// Puts the terminal into raw mode and joins it to the guest's console.
    pub(crate) fn join(socket: &Path) -> Result<Self> {
        let listener = UnixListener::bind(socket)
            .with_context(|| format!("cannot listen on {}", socket.display()))?;
        let before = termios::tcgetattr(rustix::stdio::stdin())
            .context("cannot read the terminal's mode")?;
        let (leave, resized) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicBool::new(false)),
        );
        signal_hook::flag::register(SIGWINCH, Arc::clone(&resized))
            .context("cannot watch the terminal's size")?;
        let flag = Arc::clone(&leave);
        let mut raw = before.clone();
        raw.make_raw();
        eprintln!("Ctrl-A x leaves the guest, Ctrl-A a sends Ctrl-A; `exit` ends it from inside");
        termios::tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &raw)
            .context("cannot set the terminal's mode")?;
        let console = Self {
            before,
            leave,
            resized,
        };
        thread::spawn(move || {
            let Ok((stream, _)) = listener.accept() else {
                return;
            };
            let Ok(writer) = stream.try_clone() else {
                return;
            };
            thread::spawn(move || keyboard(writer, &flag));
            screen(stream);
        });
        Ok(console)
    }

    /// Whether the person typed the way out.
    pub(crate) fn left(&self) -> bool {
        self.leave.load(Ordering::Relaxed)
    }

    /// The new size, if the terminal was resized since last asked.
    pub(crate) fn new_size(&self) -> Option<(u16, u16)> {
        self.resized.swap(false, Ordering::Relaxed).then(size)
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that has gone.
        let _ = termios::tcsetattr(rustix::stdio::stdin(), OptionalActions::Flush, &self.before);
        eprintln!();
    }
}

fn screen(mut stream: UnixStream) {
    let mut buffer = [0; 4096];
    let mut output = std::io::stdout();
    while let Ok(length) = stream.read(&mut buffer) {
        if length == 0
            || output
                .write_all(&buffer[..length])
                .and_then(|()| output.flush())
                .is_err()
        {
            return;
        }
    }
}

fn keyboard(mut stream: UnixStream, leave: &AtomicBool) {
    let mut escape = Escape::default();
    let mut buffer = [0; 1024];
    while let Ok(length) = std::io::stdin().read(&mut buffer) {
        let (bytes, out) = escape.filter(&buffer[..length]);
        if out || length == 0 {
            leave.store(true, Ordering::Relaxed);
            return;
        }
        if stream.write_all(&bytes).is_err() {
            return;
        }
    }
}

/// Looks for the way out among the keys.
#[derive(Default)]
struct Escape {
    pending: bool,
}

impl Escape {
    /// What the guest gets, and whether the person wants out.
    fn filter(&mut self, keys: &[u8]) -> (Vec<u8>, bool) {
        let mut through = Vec::new();
        for &key in keys {
            match (self.pending, key) {
                (true, b'x' | b'X') => return (through, true),
                (true, b'a' | CONTROL_A) => {
                    through.push(CONTROL_A);
                    self.pending = false;
                }
                (true, _) => {
                    through.extend([CONTROL_A, key]);
                    self.pending = false;
                }
                (false, CONTROL_A) => self.pending = true,
                (false, _) => through.push(key),
            }
        }
        (through, false)
    }
}

#[cfg(test)]
mod tests {
    use super::Escape;

    #[test]
    fn control_a_x_leaves_and_control_a_a_is_control_a() {
        let mut escape = Escape::default();
        assert_eq!(escape.filter(b"ls\x01"), (b"ls".to_vec(), false));
        assert_eq!(escape.filter(b"a\n"), (b"\x01\n".to_vec(), false));
        assert_eq!(escape.filter(b"q\x01x"), (b"q".to_vec(), true));
    }
}
