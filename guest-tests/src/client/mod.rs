//! A small safe library over the uAPI: what a graphics driver's lowest layer would have.
//!
//! Everything borrows the [`Device`] it belongs to and gives its handle back on drop.
//! Each ioctl is made as it stands: no retries, no caches, no hidden calls.

mod bind_call;
mod context;
mod counters;
mod device;
mod error_state;
mod exec;
mod object;
pub mod setting;
mod syncobj;
mod vm;

use nix::errno::Errno;

pub use bind_call::{BindCall, ext_fences};
pub use context::{
    Context, Engine, EngineMap, LoadBalance, ParallelSubmit, Param, ResetStats, SetParam,
};
pub use counters::Counters;
pub use device::{Device, EngineInfo, MemoryRegion};
pub use error_state::{CapturedBuffer, ErrorState};
pub use exec::{Exec2, Exec3, ExecObject, Relocation};
pub use object::{MmapMode, Object};
pub use setting::Setting;
pub use syncobj::{Syncobj, sync_file_status};
pub use vm::AddressSpace;

/// What a call came to.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An ioctl returned an error.
    #[error("{name}: {errno}")]
    Ioctl {
        /// Which.
        name: &'static str,
        /// With which error.
        errno: Errno,
    },
    /// Another system call failed.
    #[error("{what}: {errno}")]
    System {
        /// What was being done.
        what: &'static str,
        /// With which error.
        errno: Errno,
    },
    /// A file could not be read or opened.
    #[error("{what}: {source}")]
    File {
        /// Which, and what for.
        what: String,
        /// Why.
        source: std::io::Error,
    },
    /// The driver's answer makes no sense, or there is no device.
    #[error("{0}")]
    Unexpected(String),
}

impl Error {
    /// The error number, where there is one.
    pub fn errno(&self) -> Option<Errno> {
        match self {
            Error::Ioctl { errno, .. } | Error::System { errno, .. } => Some(*errno),
            Error::File { source, .. } => source.raw_os_error().map(Errno::from_raw),
            Error::Unexpected(_) => None,
        }
    }

    /// For `map_err` of a system call other than an ioctl.
    pub fn system(what: &'static str) -> impl Fn(Errno) -> Error {
        move |errno| Error::System { what, errno }
    }
}
