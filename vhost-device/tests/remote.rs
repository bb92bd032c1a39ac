// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The conformance suite on a daemon's process with the software GPU, over vhost-user: what an
//! executor has to do, the wire has to pass on. A case has a daemon of its own.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use virtio_igpu_executor::Factory;
use virtio_igpu_executor_conformance::{Feature, UnderTest, main as conformance};
use virtio_igpu_vhost_frontend::Remote;

struct Daemon;

impl UnderTest for Daemon {
    fn factory(&self) -> Arc<dyn Factory> {
        let program = Path::new(env!("CARGO_BIN_EXE_vhost-device-igpu"));
        let remote = Remote::start(program, &[], self.patience());
        Arc::new(remote.expect("the daemon starts"))
    }

    /// The wire has all that the seam has.
    fn offers(&self, _: Feature) -> bool {
        true
    }
}

fn main() -> ExitCode {
    conformance(Daemon)
}
