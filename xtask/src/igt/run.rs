//! Running IGT programs in guests: one guest works through a list of jobs; when it dies
//! over one, the next guest goes on with the rest.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde::Deserialize;

use super::list::Subtest;
use crate::answers::{Answer, Stream};
use crate::klog::Allowances;
use crate::vm::Lab;

/// What came of a subtest.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    /// It passed.
    Pass,
    /// It failed an assertion, or the kernel log did.
    Fail,
    /// It found that it can't run here.
    Skip,
    /// It died of a signal, or the guest did.
    Crash,
    /// It took too long.
    Timeout,
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Skip => "skip",
            Self::Crash => "crash",
            Self::Timeout => "timeout",
        })
    }
}

/// One subtest's result.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    /// What was run.
    pub(crate) subtest: Subtest,
    /// What came of it.
    pub(crate) outcome: Outcome,
    /// How long it took, by the guest's clock.
    pub(crate) seconds: f64,
    /// What it printed.
    pub(crate) output: String,
    /// The kernel's log of that time.
    pub(crate) log: String,
    /// What is wrong with the kernel log or the guest.
    pub(crate) complaints: Vec<String>,
}

/// What IGT's exit statuses mean.
fn outcome(status: u8, seconds: f64, limit: u64) -> Outcome {
    match status {
        0 => Outcome::Pass,
        77 => Outcome::Skip,
        124 | 137 if seconds >= limit as f64 - 0.5 => Outcome::Timeout,
        78 => Outcome::Timeout,
        112 | 128..=254 => Outcome::Crash,
        _ => Outcome::Fail,
    }
}

/// The subtests that these programs offer.
pub(crate) fn offered(lab: &Lab, programs: &[String]) -> Result<Vec<Subtest>> {
    let jobs: Vec<String> = programs
        .iter()
        .map(|program| format!("list {program}"))
        .collect();
    let mut answers = vec![None; programs.len()];
    let mut stream = Stream::default();
    let limit = Duration::from_secs(120 + 5 * programs.len() as u64);
    let finished = lab
        .guest()
        .for_igt()
        .file("guest/igt-jobs", false, jobs_file(&jobs))
        .command(&["/opt/virtio-igpu/guest/igt-agent"])
        .timeout(Some(lab.patience(limit)))
        .run(&mut |error, bytes, _| {
            if !error {
                stream.add(bytes);
            }
            while let Some(answer) = stream.next() {
                if let Answer::Ended {
                    number,
                    output,
                    status,
                    ..
                } = answer
                    && let Some(slot) = answers.get_mut(number)
                {
                    *slot = Some((status, String::from_utf8_lossy(&output).into_owned()));
                }
            }
        })?;
    let mut found = Vec::new();
    for (program, answer) in programs.iter().zip(answers) {
        let Some((status, output)) = answer else {
            bail!(
                "the guest did not list the subtests of {program}: {}",
                finished.problems.join("; ")
            );
        };
        // 79 is IGT's way of saying that a program has no subtests.
        let names: Vec<&str> = output
            .lines()
            .map(str::trim)
            .filter(|l| is_name(l))
            .collect();
        match (status, names.is_empty()) {
            (126 | 127, _) => bail!("the guest's IGT has no program {program}"),
            (79, _) | (_, true) => found.push(Subtest {
                program: program.clone(),
                name: String::new(),
            }),
            _ => found.extend(names.iter().map(|n| Subtest {
                program: program.clone(),
                name: (*n).to_string(),
            })),
        }
    }
    Ok(found)
}

fn is_name(line: &str) -> bool {
    !line.is_empty()
        && line
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.+".contains(&b))
}

fn jobs_file(jobs: &[String]) -> Vec<u8> {
    let mut text = jobs.join("\n");
    text.push('\n');
    text.into_bytes()
}

/// Runs the subtests one after another; each report is shown as it comes.
pub(crate) fn subtests(
    lab: &Lab,
    list: &[Subtest],
    limit: u64,
    mut show: impl FnMut(&Report),
) -> Result<(Vec<Report>, Vec<String>)> {
    let allowances = Allowances::read()?;
    let mut reports: Vec<Report> = Vec::new();
    let mut problems = Vec::new();
    while reports.len() < list.len() {
        let rest = &list[reports.len()..];
        let before = reports.len();
        let jobs: Vec<String> = rest
            .iter()
            .map(|s| {
                format!("run {limit} {} {}", s.program, s.name)
                    .trim_end()
                    .to_string()
            })
            .collect();
        let mut stream = Stream::default();
        let mut current: Option<(usize, Instant)> = None;
        let finished = lab
            .guest()
            .for_igt()
            .file("guest/igt-jobs", false, jobs_file(&jobs))
            .command(&["/opt/virtio-igpu/guest/igt-agent"])
            .run(&mut |error, bytes, orders| {
                if !error {
                    stream.add(bytes);
                }
                while let Some(answer) = stream.next() {
                    match answer {
                        Answer::Begun(number) => current = Some((number, Instant::now())),
                        Answer::Ended {
                            number,
                            status,
                            seconds,
                            output,
                            log,
                        } => {
                            current = None;
                            let Some(subtest) = rest.get(number) else {
                                continue;
                            };
                            let report =
                                judge(&allowances, subtest, status, seconds, limit, &output, &log);
                            show(&report);
                            reports.push(report);
                        }
                    }
                }
                // The agent ends what takes too long; a guest that cannot is ended by us.
                let patience = Duration::from_secs(limit + 60);
                orders.give_up |= current.is_some_and(|(_, since)| since.elapsed() > patience);
            })?;
        if reports.len() == list.len() {
            // Everything ran: what is wrong now is the guest's end (unloading, say).
            problems.extend(finished.problems);
            break;
        }
        let Some((number, since)) = current else {
            bail!(
                "the guest did not run the subtests: {}",
                finished.problems.join("\n")
            );
        };
        if number + before != reports.len() {
            bail!(
                "the guest's answers are out of order: {}",
                finished.problems.join("\n")
            );
        }
        let report = Report {
            subtest: rest[number].clone(),
            outcome: Outcome::Crash,
            seconds: since.elapsed().as_secs_f64(),
            output: String::new(),
            log: String::new(),
            complaints: std::iter::once("the guest died over it".to_string())
                .chain(finished.problems)
                .collect(),
        };
        show(&report);
        reports.push(report);
    }
    Ok((reports, problems))
}

fn judge(
    allowances: &Allowances,
    subtest: &Subtest,
    status: u8,
    seconds: f64,
    limit: u64,
    output: &[u8],
    log: &[u8],
) -> Report {
    let log = String::from_utf8_lossy(log).into_owned();
    let complaints: Vec<String> = allowances
        .hits(&log)
        .iter()
        .map(|hit| format!("kernel log: {hit}"))
        .collect();
    let mut outcome = outcome(status, seconds, limit);
    if !complaints.is_empty() && matches!(outcome, Outcome::Pass | Outcome::Skip) {
        outcome = Outcome::Fail;
    }
    Report {
        subtest: subtest.clone(),
        outcome,
        seconds,
        output: String::from_utf8_lossy(output).into_owned(),
        log,
        complaints,
    }
}

#[cfg(test)]
mod tests {
    use super::{Outcome, outcome};

    #[test]
    fn statuses_have_igts_meaning() {
        assert_eq!(outcome(0, 1.0, 10), Outcome::Pass);
        assert_eq!(outcome(77, 1.0, 10), Outcome::Skip);
        assert_eq!(outcome(98, 1.0, 10), Outcome::Fail);
        assert_eq!(outcome(139, 1.0, 10), Outcome::Crash);
        assert_eq!(outcome(137, 10.0, 10), Outcome::Timeout);
    }
}
