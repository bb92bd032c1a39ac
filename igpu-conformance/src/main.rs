// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The conformance suite as a program: on an executor in this process, or on a daemon's process
//! that is driven over vhost-user. For machines where there is no cargo, such as a guest, and
//! for whoever has a GPU.

mod overhead;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Parser, ValueEnum};
use vhost_device::executor::{Choice, GuestMemorySource, chosen};
use virtio_igpu_executor::{Factory, Platform, engine_class_name};
use virtio_igpu_executor_conformance::{self as suite, Feature, UnderTest};
use virtio_igpu_host_gpu::{Driver, RenderNode};
use virtio_igpu_vhost_frontend::Remote;

/// Runs the conformance suite on an executor of the daemon's.
///
/// Words behind `--` are the test harness's: a filter, --list, --test-threads=1, --skip NAME.
/// The environment variable VIRTIO_IGPU_PATIENCE says how many times slower than usual the
/// machine is.
#[derive(Debug, Parser)]
#[command(name = "igpu-conformance", version)]
struct Options {
    /// What executes, as the daemon has it: softgpu, null or host
    #[arg(long, value_name = "NAME", default_value = "softgpu")]
    executor: String,
    /// Where the host's GPU is, for the executor `host`
    #[arg(long, value_name = "PATH")]
    render_node: Option<PathBuf>,
    /// How guest memory gets to the host's GPU
    #[arg(long, value_name = "HOW", value_enum, default_value = "auto")]
    guest_memory: GuestMemorySource,
    /// The software GPU's platform
    #[arg(long, value_name = "NAME", default_value = "tgl")]
    platform: String,
    /// Run this daemon, with these same words, and drive it over vhost-user
    #[arg(long, value_name = "PROGRAM")]
    daemon: Option<PathBuf>,
    /// What the executor lacks, besides what is known of the node's driver
    #[arg(long, value_name = "FEATURE", value_enum)]
    lacks: Vec<Feature>,
    /// Say what the GPU is, as JSON, and run nothing
    #[arg(long, conflicts_with = "daemon")]
    probe: bool,
    /// Measure what the executor adds to its driver's calls, say it as JSON, and run nothing
    #[arg(long, requires = "render_node", conflicts_with_all = ["daemon", "probe"])]
    overhead: bool,
    /// The test harness's words
    #[arg(last = true, value_name = "WORD")]
    harness: Vec<OsString>,
}

/// What the executor on a driver lacks; docs/executors.md says why.
fn lacking(driver: Driver) -> &'static [Feature] {
    match driver {
        Driver::Xe => &[
            Feature::Gangs,
            Feature::Starts,
            Feature::EngineProperties,
            Feature::BusyTimes,
        ],
        Driver::I915 => &[
            Feature::Gangs,
            Feature::Starts,
            Feature::EngineProperties,
            Feature::BusyTimes,
            Feature::ReadOnly,
            Feature::Null,
        ],
    }
}

/// What the command line asks for.
struct Asked {
    options: Options,
    lacks: Vec<Feature>,
}

impl Options {
    fn factory(&self) -> anyhow::Result<Arc<dyn Factory>> {
        chosen(&Choice {
            name: &self.executor,
            platform: &self.platform,
            eus: None,
            strict: false,
            record: None,
            render_node: self.render_node.as_deref(),
            guest_memory: self.guest_memory,
        })
    }

    /// The daemon's command line.
    fn words(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = vec![
            "--executor".into(),
            (&self.executor).into(),
            "--platform".into(),
            (&self.platform).into(),
        ];
        if let Some(node) = &self.render_node {
            words.extend(["--render-node".into(), node.into()]);
        }
        if self.guest_memory != GuestMemorySource::Auto {
            let how = self.guest_memory.to_possible_value();
            words.push("--guest-memory".into());
            words.extend(how.map(|how| how.get_name().into()));
        }
        words
    }

    /// Who drives the node, if there is one.
    fn driver(&self) -> anyhow::Result<Option<Driver>> {
        let node = self.render_node.as_deref().map(RenderNode::probe);
        Ok(node.transpose()?.map(|node| node.driver()))
    }
}

impl UnderTest for Asked {
    fn factory(&self) -> Arc<dyn Factory> {
        let made = match &self.options.daemon {
            Some(daemon) => {
                let remote = Remote::start(daemon, &self.options.words(), self.patience());
                remote
                    .map(|remote| Arc::new(remote) as Arc<dyn Factory>)
                    .context("the daemon")
            }
            None => self.options.factory(),
        };
        made.unwrap_or_else(|error| panic!("{error:#}"))
    }

    fn offers(&self, feature: Feature) -> bool {
        !self.lacks.contains(&feature)
    }
}

/// What a probe has found.
fn description(driver: Option<Driver>, platform: &Platform) -> serde_json::Value {
    let engines = platform.engines.iter().map(|engine| {
        let class = engine_class_name(engine.class).unwrap_or("engine");
        format!("{class}{}", engine.instance)
    });
    serde_json::json!({
        "driver": driver.map(|driver| match driver {
            Driver::I915 => "i915",
            Driver::Xe => "xe",
        }),
        "platform": platform.name,
        "device_id": format!("{:#06x}", platform.device_id),
        "revision": platform.revision,
        "graphics_version": format!("{}.{}", platform.graphics_version, platform.graphics_release),
        "timestamp_frequency": platform.timestamp_frequency,
        "engines": engines.collect::<Vec<_>>(),
    })
}

fn run(options: Options) -> anyhow::Result<ExitCode> {
    let driver = options.driver()?;
    if let Some(daemon) = &options.daemon {
        let there = Path::exists(daemon);
        anyhow::ensure!(there, "there is no daemon at {}", daemon.display());
    } else {
        // Whatever is missing is said once, and not by every case.
        let factory = options.factory()?;
        if options.probe {
            println!("{}", description(driver, factory.platform()));
            return Ok(ExitCode::SUCCESS);
        }
        if let (true, Some(path)) = (options.overhead, &options.render_node) {
            let node = RenderNode::probe(path)?;
            println!("{}", overhead::measure(&node, &*factory)?);
            return Ok(ExitCode::SUCCESS);
        }
    }
    let known = driver.map_or(&[][..], lacking).iter().copied();
    let lacks = options.lacks.iter().copied().chain(known);
    let asked = Asked {
        lacks: lacks.collect(),
        options,
    };
    let name = OsString::from("igpu-conformance");
    let words: Vec<_> = [name]
        .into_iter()
        .chain(asked.options.harness.clone())
        .collect();
    Ok(suite::main_with(asked, words))
}

fn main() -> ExitCode {
    match run(Options::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("igpu-conformance: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_daemon_is_told_what_the_program_was_told() {
        Options::command().debug_assert();
        let words = [
            "x",
            "--executor",
            "host",
            "--render-node",
            "/n",
            "--",
            "--list",
        ];
        let options = Options::parse_from(words);
        let expected = [
            "--executor",
            "host",
            "--platform",
            "tgl",
            "--render-node",
            "/n",
        ];
        assert_eq!(options.words(), expected);
        assert_eq!(options.harness, ["--list"]);
    }

    #[test]
    fn a_probe_names_the_engines() {
        let options = Options::parse_from(["x", "--probe"]);
        let factory = options.factory().unwrap();
        let said = description(None, factory.platform());
        assert_eq!(said["device_id"], "0x9a49");
        assert_eq!(said["engines"][1], "bcs0");
    }
}
