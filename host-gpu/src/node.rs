// SPDX-License-Identifier: Apache-2.0 OR MIT

//! A render node of this machine: opening it, its calls, and whether it will do.

use std::ffi::c_void;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use std::os::unix::fs::OpenOptionsExt;

use rustix::event::EventfdFlags;
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::ioctl::{Ioctl, IoctlOutput, Opcode};

use crate::file::{DrmFile, DrmNode, call};
use crate::syncobj;
use crate::uapi;

/// Who drives a render node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    /// i915.
    I915,
    /// xe.
    Xe,
}

/// What a node lacks, in a sentence.
#[derive(Debug, thiserror::Error)]
pub enum Missing {
    /// Nothing is there.
    #[error("there is no render node at {0}")]
    Node(PathBuf),
    /// It is something else.
    #[error("{0} is not a device")]
    Device(PathBuf),
    /// It may not be opened.
    #[error("{0} may not be opened by this user, who has to be in the group that owns it")]
    Permission(PathBuf),
    /// It can't be opened.
    #[error("{0} can't be opened: {1}")]
    Open(PathBuf, io::Error),
    /// It does not answer as DRM devices do.
    #[error("{0} is not a DRM device")]
    Drm(PathBuf),
    /// Another driver.
    #[error("{0} is driven by {1:?}, and a guest's batches need i915 or xe")]
    Driver(PathBuf, String),
    /// No timelines.
    #[error("the kernel's {1} driver of {0} has no timeline sync objects")]
    Timelines(PathBuf, String),
    /// No eventfds.
    #[error("the kernel can't tell an eventfd of a sync object: it is older than Linux 6.6")]
    Eventfds,
}

/// A render node, driven by a driver that executors know.
#[derive(Clone, Debug)]
pub struct RenderNode {
    path: PathBuf,
    driver: Driver,
}

impl RenderNode {
    /// Finds out who drives a node, and that its kernel has what executors on any driver need.
    pub fn probe(path: &Path) -> Result<Self, Missing> {
        let file = open(path)?;
        let name = driver_name(&file).map_err(|_| Missing::Drm(path.to_owned()))?;
        let driver = match name.as_str() {
            "i915" => Driver::I915,
            "xe" => Driver::Xe,
            _ => return Err(Missing::Driver(path.to_owned(), name)),
        };
        check(&file, path, &name)?;
        Ok(Self {
            path: path.to_owned(),
            driver,
        })
    }

    /// Who drives it.
    pub fn driver(&self) -> Driver {
        self.driver
    }
}

impl DrmNode for RenderNode {
    fn open(&self) -> io::Result<Arc<dyn DrmFile>> {
        Ok(Arc::new(open(&self.path).map_err(io::Error::other)?))
    }
}

fn open(path: &Path) -> Result<Open, Missing> {
    let kind = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Missing::Node(path.to_owned()),
        io::ErrorKind::PermissionDenied => Missing::Permission(path.to_owned()),
        _ => Missing::Open(path.to_owned(), error),
    };
    let metadata = std::fs::metadata(path).map_err(kind)?;
    if !metadata.file_type().is_char_device() {
        return Err(Missing::Device(path.to_owned()));
    }
    // i915 lets no submission of such a file wait for room in a ring: it says EAGAIN.
    let flags = OFlags::NONBLOCK.bits() as i32;
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(flags)
        .open(path);
    Ok(Open {
        file: file.map_err(kind)?,
    })
}

/// The driver's name, by DRM_IOCTL_VERSION.
fn driver_name(file: &dyn DrmFile) -> io::Result<String> {
    let mut name = [0_u8; 32];
    let mut version = uapi::drm_version {
        name_len: name.len() as u64,
        name: name.as_mut_ptr().cast(),
        ..Default::default()
    };
    // SAFETY: the structure is this call's; `name` is as long as it says and lives on, the
    // other two strings are empty.
    unsafe { call(file, uapi::IOCTL_VERSION, &mut version) }?;
    // The kernel says how long it is, not how much it wrote.
    let length = name.len().min(version.name_len as usize);
    Ok(String::from_utf8_lossy(&name[..length]).into_owned())
}

/// What executors on any driver need of a node's kernel.
pub fn check(file: &dyn DrmFile, path: &Path, driver: &str) -> Result<(), Missing> {
    let mut capability = uapi::drm_get_cap {
        capability: uapi::DRM_CAP_SYNCOBJ_TIMELINE.into(),
        ..Default::default()
    };
    // SAFETY: the structure is this call's, and has no pointers.
    let got = unsafe { call(file, uapi::IOCTL_GET_CAP, &mut capability) };
    if got.is_err() || capability.value == 0 {
        return Err(Missing::Timelines(path.to_owned(), driver.to_owned()));
    }
    let eventfd = rustix::event::eventfd(0, EventfdFlags::CLOEXEC)
        .map_err(|error| Missing::Open(path.to_owned(), error.into()))?;
    // There is no sync object 0; a kernel that knows the call says so.
    match syncobj::tell_eventfd(file, 0, 1, eventfd.as_fd()) {
        Err(error) if error.raw_os_error() == Some(Errno::NOENT.raw_os_error()) => Ok(()),
        _ => Err(Missing::Eventfds),
    }
}

/// An open render node.
#[derive(Debug)]
struct Open {
    file: File,
}

/// A call as rustix makes it.
struct Raw {
    opcode: Opcode,
    argument: *mut c_void,
}

// SAFETY: opcode and argument belong together, as the contract of `DrmFile::ioctl` has it, and
// the call is said to write to the argument.
unsafe impl Ioctl for Raw {
    type Output = ();
    const IS_MUTATING: bool = true;

    fn opcode(&self) -> Opcode {
        self.opcode
    }

    fn as_ptr(&mut self) -> *mut c_void {
        self.argument
    }

    unsafe fn output_from_ptr(_: IoctlOutput, _: *mut c_void) -> rustix::io::Result<()> {
        Ok(())
    }
}

impl DrmFile for Open {
    unsafe fn ioctl(&self, opcode: Opcode, argument: *mut c_void) -> io::Result<()> {
        let call = Raw { opcode, argument };
        // SAFETY: what the caller promised of `argument` is what the call needs.
        unsafe { rustix::ioctl::ioctl(&self.file, call) }.map_err(Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(path: &Path) -> String {
        RenderNode::probe(path)
            .expect_err("it is no render node")
            .to_string()
    }

    #[test]
    fn what_is_no_render_node_is_told_in_a_sentence() {
        let nothing = sentence(Path::new("/nowhere/renderD128"));
        assert_eq!(nothing, "there is no render node at /nowhere/renderD128");
        let file = tempfile::NamedTempFile::new().expect("a file");
        let path = file.path();
        let expected = format!("{} is not a device", path.display());
        assert_eq!(sentence(path), expected);
        let null = sentence(Path::new("/dev/null"));
        assert_eq!(null, "/dev/null is not a DRM device");
    }
}
