// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The executors that this daemon can be told to use. The seam itself is a crate of its own,
//! whose words are found here too.

pub mod softgpu;

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
pub use virtio_igpu_executor::*;
use virtio_igpu_host_gpu::{Driver, RenderNode};
use virtio_igpu_host_i915::{I915Factory, Source};
use virtio_igpu_host_xe::XeFactory;

/// The executors' names, for the command line and its errors.
pub const NAMES: &[&str] = &["softgpu", "null", "host"];

/// What the command line says of the executor.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    /// One of [`NAMES`].
    pub name: &'a str,
    /// The software GPU's platform.
    pub platform: &'a str,
    /// The software GPU's execution units; all that its platform can have if not given.
    pub eus: Option<u32>,
    /// The software GPU's strict mode.
    pub strict: bool,
    /// Where the software GPU is recorded to.
    pub record: Option<&'a Path>,
    /// Where the host's GPU is.
    pub render_node: Option<&'a Path>,
    /// How guest memory gets to the host's GPU.
    pub guest_memory: GuestMemorySource,
}

/// How guest memory gets to the host's GPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum GuestMemorySource {
    /// By its address where the kernel takes that, else as dma-bufs
    #[default]
    Auto,
    /// By its address in the daemon
    Userptr,
    /// As dma-bufs of the files behind it, made by /dev/udmabuf; i915 alone
    Udmabuf,
}

/// The software GPU of a platform, as it is without further options.
pub fn software(platform: &str) -> anyhow::Result<Arc<dyn Factory>> {
    Ok(Arc::new(softgpu::SoftGpuFactory::new(platform)?))
}

/// The factory that the command line's words ask for.
pub fn chosen(choice: &Choice<'_>) -> anyhow::Result<Arc<dyn Factory>> {
    let is_host = choice.name == "host";
    if !is_host && choice.render_node.is_some() {
        anyhow::bail!("--render-node is for --executor host");
    }
    if !is_host && choice.guest_memory != GuestMemorySource::Auto {
        anyhow::bail!("--guest-memory is for --executor host");
    }
    match choice.name {
        "softgpu" | "null" => {
            let mut factory = softgpu::SoftGpuFactory::new(choice.platform)?;
            if let Some(eus) = choice.eus {
                factory = factory.with_eus(eus)?;
            }
            if choice.strict {
                factory = factory.strict();
            }
            if let Some(path) = choice.record {
                factory = factory.recorded_to(path);
            }
            if choice.name == "null" {
                factory = factory.null();
            }
            Ok(Arc::new(factory))
        }
        "host" if choice.eus.is_some() || choice.strict || choice.record.is_some() => {
            anyhow::bail!("--eus, --strict and --record are for the software GPU")
        }
        "host" => match choice.render_node {
            Some(path) => host(path, choice.guest_memory),
            None => {
                anyhow::bail!("--executor host needs --render-node, such as /dev/dri/renderD128")
            }
        },
        name => anyhow::bail!(
            "there is no executor {name:?} in this build (there is: {})",
            NAMES.join(", ")
        ),
    }
}

/// The executor for whatever drives a render node.
fn host(path: &Path, memory: GuestMemorySource) -> anyhow::Result<Arc<dyn Factory>> {
    let node = RenderNode::probe(path)?;
    match node.driver() {
        Driver::Xe if memory == GuestMemorySource::Udmabuf => {
            anyhow::bail!("with xe, guest memory is given by its address: --guest-memory userptr")
        }
        Driver::Xe => {
            let factory = XeFactory::new(Arc::new(node));
            let factory = factory.with_context(|| path.display().to_string())?;
            Ok(Arc::new(factory))
        }
        Driver::I915 => {
            let source = match memory {
                GuestMemorySource::Auto => Source::Any,
                GuestMemorySource::Userptr => Source::Userptr,
                GuestMemorySource::Udmabuf => Source::Udmabuf,
            };
            let factory = I915Factory::new(Arc::new(node), source);
            let factory = factory.with_context(|| path.display().to_string())?;
            Ok(Arc::new(factory))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(choice: Choice<'_>) -> String {
        match chosen(&choice) {
            Ok(_) => panic!("{choice:?} is taken"),
            Err(error) => format!("{error:#}"),
        }
    }

    #[test]
    fn what_cannot_be_executed_on_is_refused_in_a_sentence() {
        let choice = Choice {
            name: "host",
            platform: "tgl",
            eus: None,
            strict: false,
            record: None,
            render_node: Some(Path::new("/nowhere/renderD128")),
            guest_memory: GuestMemorySource::Auto,
        };
        assert_eq!(
            refusal(choice),
            "there is no render node at /nowhere/renderD128"
        );
        let text = refusal(Choice {
            name: "softgpu",
            render_node: None,
            guest_memory: GuestMemorySource::Udmabuf,
            ..choice
        });
        assert_eq!(text, "--guest-memory is for --executor host");
        let null = Some(Path::new("/dev/null"));
        let text = refusal(Choice {
            render_node: null,
            ..choice
        });
        assert_eq!(text, "/dev/null is not a DRM device");
        let text = refusal(Choice {
            render_node: None,
            ..choice
        });
        assert!(text.contains("needs --render-node"), "{text}");
        for (eus, strict) in [(None, true), (Some(16), false)] {
            let text = refusal(Choice {
                eus,
                strict,
                ..choice
            });
            assert!(text.contains("--eus, --strict"), "{text}");
        }
        let text = refusal(Choice {
            name: "softgpu",
            render_node: None,
            eus: Some(17),
            ..choice
        });
        assert!(text.contains("16, 32, 48, 64, 80 or 96"), "{text}");
        let text = refusal(Choice {
            name: "softgpu",
            ..choice
        });
        assert!(text.contains("--executor host"), "{text}");
        let text = refusal(Choice {
            name: "gpu",
            render_node: None,
            ..choice
        });
        assert!(text.contains("softgpu, null, host"), "{text}");
    }
}
