// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The conformance suite on the executor for i915. It needs a render node that i915 drives, or
//! that answers as i915 does: in a guest with our own driver, that driver's. Without one it has
//! no cases.
//!
//! ```sh
//! VIRTIO_IGPU_RENDER_NODE=/dev/dri/renderD128 cargo test -p virtio-igpu-host-i915
//! ```
//!
//! `VIRTIO_IGPU_PATIENCE` is for slow machines: how many seconds something may take that is
//! not broken.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use virtio_igpu_executor::Factory;
use virtio_igpu_executor_conformance::{Feature, UnderTest, main as conformance};
use virtio_igpu_host_gpu::RenderNode;
use virtio_igpu_host_i915::I915Factory;

struct I915(RenderNode);

impl UnderTest for I915 {
    fn factory(&self) -> Arc<dyn Factory> {
        let factory = I915Factory::new(Arc::new(self.0.clone()));
        Arc::new(factory.expect("the device will do"))
    }

    /// What i915's calls have.
    fn offers(&self, feature: Feature) -> bool {
        feature == Feature::Timestamp
    }

    fn patience(&self) -> Duration {
        let patience = std::env::var("VIRTIO_IGPU_PATIENCE").ok();
        let seconds = patience.and_then(|text| text.parse().ok());
        Duration::from_secs(seconds.unwrap_or(60))
    }
}

fn main() -> ExitCode {
    let Some(path) = std::env::var_os("VIRTIO_IGPU_RENDER_NODE") else {
        // Who lists the tests reads what is on the output.
        eprintln!("no cases: VIRTIO_IGPU_RENDER_NODE names no render node that i915 drives");
        return ExitCode::SUCCESS;
    };
    match RenderNode::probe(path.as_ref()) {
        Ok(node) => conformance(I915(node)),
        Err(missing) => {
            eprintln!("{missing}");
            ExitCode::FAILURE
        }
    }
}
