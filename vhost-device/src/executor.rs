// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The executors that this daemon can be told to use. The seam itself is a crate of its own,
//! whose words are found here too.

pub mod softgpu;

use std::path::Path;
use std::sync::Arc;

pub use virtio_igpu_executor::*;

/// The executors' names, for the command line and its errors.
pub const NAMES: &[&str] = &["softgpu", "null"];

/// The factory that the command line's words ask for.
pub fn by_name(
    name: &str,
    platform: &str,
    strict: bool,
    record: Option<&Path>,
) -> anyhow::Result<Arc<dyn Factory>> {
    match name {
        "softgpu" => {
            let factory = softgpu::SoftGpuFactory::new(platform, strict, record)?;
            Ok(Arc::new(factory))
        }
        "null" => {
            let factory = softgpu::SoftGpuFactory::new(platform, strict, record)?;
            Ok(Arc::new(factory.null()))
        }
        _ => anyhow::bail!(
            "there is no executor {name:?} in this build (there is: {})",
            NAMES.join(", ")
        ),
    }
}
