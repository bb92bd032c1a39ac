// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The conformance suite on the software GPU.

use std::process::ExitCode;
use std::sync::Arc;

use vhost_device::executor::Factory;
use vhost_device::executor::softgpu::SoftGpuFactory;
use virtio_igpu_executor_conformance::{Feature, UnderTest, main as conformance};

struct SoftGpu;

impl UnderTest for SoftGpu {
    fn factory(&self) -> Arc<dyn Factory> {
        let factory = SoftGpuFactory::new("tgl");
        Arc::new(factory.expect("the platform is there"))
    }

    fn offers(&self, _: Feature) -> bool {
        true
    }
}

fn main() -> ExitCode {
    conformance(SoftGpu)
}
