// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The conformance suite on the executor for xe, with a simulated xe below.

mod simulated;

use std::process::ExitCode;
use std::sync::Arc;

use virtio_igpu_executor::Factory;
use virtio_igpu_executor_conformance::{Feature, UnderTest, main as conformance};
use virtio_igpu_host_xe::XeFactory;

struct Xe;

impl UnderTest for Xe {
    fn factory(&self) -> Arc<dyn Factory> {
        let node = Arc::new(simulated::Node::default());
        Arc::new(XeFactory::new(node).expect("the simulated device will do"))
    }

    /// What xe's calls don't have.
    fn offers(&self, feature: Feature) -> bool {
        match feature {
            Feature::Gangs | Feature::Starts | Feature::EngineProperties | Feature::BusyTimes => {
                false
            }
            Feature::Timestamp | Feature::ReadOnly | Feature::Null => true,
        }
    }
}

fn main() -> ExitCode {
    conformance(Xe)
}
