//! What the agents that run jobs in a guest send back (`ci/guest/igt-agent`, `ci/guest/suite-agent`):
//! a line where a job begins, and one with its output behind it where it ends.

/// A job's answer, as the agent sends it.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    /// The job of this number has begun.
    Begun(usize),
    /// It has ended.
    Ended {
        /// The job's number, from 0.
        number: usize,
        /// Its exit status; 128 and more after a signal.
        status: u8,
        /// How long it took, by the guest's clock.
        seconds: f64,
        /// What it printed.
        output: Vec<u8>,
        /// The kernel's log of that time, where the agent sends it.
        log: Vec<u8>,
    },
}

/// Takes the agent's stream apart.
#[derive(Default)]
pub(crate) struct Stream {
    bytes: Vec<u8>,
}

impl Stream {
    /// Takes more bytes in.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole answer.
    pub(crate) fn next(&mut self) -> Option<Answer> {
        let end = self.bytes.iter().position(|&byte| byte == b'\n')?;
        let line = String::from_utf8_lossy(&self.bytes[..end]).into_owned();
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["BEGIN", number] => {
                self.bytes.drain(..=end);
                Some(Answer::Begun(number.parse().ok()?))
            }
            ["END", number, status, begun, ended, output, log] => {
                let (output, log): (usize, usize) = (output.parse().ok()?, log.parse().ok()?);
                let all = end + 1 + output + log;
                if self.bytes.len() < all {
                    return None;
                }
                let seconds = ended.parse::<f64>().ok()? - begun.parse::<f64>().ok()?;
                let body: Vec<u8> = self.bytes.drain(..all).skip(end + 1).collect();
                let (output, log) = body.split_at(output);
                Some(Answer::Ended {
                    number: number.parse().ok()?,
                    status: status.parse().ok()?,
                    seconds,
                    output: output.to_vec(),
                    log: log.to_vec(),
                })
            }
            _ => {
                // Not the agent's: nothing else should write here, so it is dropped.
                self.bytes.drain(..=end);
                self.next()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Stream};

    #[test]
    fn answers_are_taken_apart_wherever_the_pieces_break() {
        let text = b"BEGIN 0\nEND 0 77 1.50 2.25 3 4\nabc[ 1]BEGIN 1\n";
        let mut stream = Stream::default();
        let mut found = Vec::new();
        for byte in text {
            stream.add(&[*byte]);
            found.extend(stream.next());
        }
        let ended = Answer::Ended {
            number: 0,
            status: 77,
            seconds: 0.75,
            output: b"abc".to_vec(),
            log: b"[ 1]".to_vec(),
        };
        assert_eq!(found, [Answer::Begun(0), ended, Answer::Begun(1)]);
    }
}
