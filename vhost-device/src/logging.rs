// SPDX-License-Identifier: Apache-2.0 OR MIT

//! Where the log's lines go, and what each begins with: a time and a level for a person's
//! terminal or a file; for systemd's journal, which has the time, the level as syslog(3)
//! numbers it.

use std::io::{self, Write};

use log::{Level, LevelFilter};
use systemd_journal_logger::connected_to_journal;

/// Starts the log.
pub fn start(level: LevelFilter) {
    let mut builder = env_logger::Builder::new();
    builder.filter_level(level).parse_default_env();
    if connected_to_journal() {
        builder.format(|to, record| to_journal(to, record.level(), &record.args().to_string()));
    }
    builder.init();
}

/// Says why the daemon ends, with or without a log.
pub fn last_words(error: &anyhow::Error) {
    let prefix = match connected_to_journal() {
        true => format!("<{}>", priority(Level::Error)),
        false => "vhost-device-igpu: ".to_owned(),
    };
    // Whoever started it may have closed it: there is nobody else to tell.
    let _ = writeln!(io::stderr(), "{prefix}{error:#}");
}

/// An entry as the journal takes it from a stream: each line is one there, so each has a
/// priority.
fn to_journal(to: &mut impl Write, level: Level, text: &str) -> io::Result<()> {
    let priority = priority(level);
    for line in text.lines() {
        writeln!(to, "<{priority}>{line}")?;
    }
    Ok(())
}

/// The number of a level in syslog(3).
fn priority(level: Level) -> u8 {
    match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_of_an_entry_has_its_priority() {
        let mut written = Vec::new();
        for (level, text) in [(Level::Error, "one\ntwo"), (Level::Info, "three")] {
            to_journal(&mut written, level, text).unwrap();
        }
        assert_eq!(written, b"<3>one\n<3>two\n<6>three\n");
    }
}
