//! `vm --trace`: where submissions' time goes, from the ioctl to the fence, guest and host on
//! one time axis, as a file for Perfetto and as a picture. docs/tracing.md explains it.

mod clock;
mod guest;
mod merge;
mod picture;
mod stages;
mod timeline;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::vm::Guest;
pub(crate) use merge::Summary;
use timeline::Timeline;

/// The daemon as a process of the trace: as it says itself.
const HOST: u64 = 1;

/// The guest's text, in the shared folder.
const TEXT: &str = ".virtio-igpu-trace.txt";
/// Where that folder is in the guest.
const SHARE: &str = "/mnt/share";

/// A trace that is being made.
pub(crate) struct Trace {
    folder: tempfile::TempDir,
    share: PathBuf,
}

impl Trace {
    /// Prepares one; the guest's text comes through `share`, or a folder of its own.
    pub(crate) fn prepare(share: Option<&Path>) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("igpu-trace-")
            .tempdir()
            .context("cannot create a folder for the trace")?;
        let share = match share {
            Some(share) => share.to_path_buf(),
            None => {
                let share = folder.path().join("share");
                fs::create_dir(&share).context("cannot create a folder to share")?;
                share
            }
        };
        Ok(Self { folder, share })
    }

    fn host_file(&self) -> PathBuf {
        self.folder.path().join("host.json")
    }

    /// Has a guest's command traced, and its daemon trace.
    pub(crate) fn of<'a>(&self, guest: Guest<'a>, command: &[OsString]) -> Guest<'a> {
        let words = [
            "/opt/virtio-igpu/trace.sh".into(),
            format!("{SHARE}/{TEXT}").into(),
        ];
        let words: Vec<OsString> = words.into_iter().chain(command.iter().cloned()).collect();
        guest
            .share(Some(&self.share))
            .file("trace.sh", true, guest::SCRIPT.into())
            .daemon_args(["--trace".into(), self.host_file().into()])
            .command(&words)
    }

    /// Merges what both sides have left.
    fn merge(&self) -> Result<(Timeline, Summary)> {
        let text = self.share.join(TEXT);
        let recorded = fs::read_to_string(&text).context("the guest left no trace")?;
        let _ = fs::remove_file(&text);
        let recorded = guest::parse(&recorded)?;
        let host = fs::read_to_string(self.host_file()).context("the daemon left no trace")?;
        merge::merge(&host, &recorded)
    }

    /// How long each stage of a submission took that its client waited for.
    pub(crate) fn stages(self) -> Result<Value> {
        let (_, summary) = self.merge()?;
        let stages = summary.stages;
        stages.context("no submission is in the trace that its client has waited for")
    }

    /// Merges what both sides have left into `to`, and draws a picture if one is wanted.
    pub(crate) fn finish(self, to: &Path, picture: Option<&Path>) -> Result<Summary> {
        let (timeline, summary) = self.merge()?;
        fs::write(to, timeline.json()).with_context(|| format!("cannot write {}", to.display()))?;
        eprintln!(
            "{}: {} of {} commands from call to fence; guest and host to within {:.1} us, \
             drift {:.1} ppm; {} records lost. Open it in https://ui.perfetto.dev",
            to.display(),
            summary.whole,
            summary.seen,
            summary.fit.error,
            summary.fit.drift_ppm(),
            summary.lost,
        );
        if let Some(picture) = picture {
            picture::draw(&timeline, picture)?;
        }
        Ok(summary)
    }
}
