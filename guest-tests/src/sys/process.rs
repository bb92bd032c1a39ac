//! What a process does with itself: descriptors and capabilities.

use std::fs::File;
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::libc;

/// Closes the file behind a descriptor, whoever uses it meanwhile. The number stays taken,
/// by `/dev/null`, so that a late call on it meets no file of somebody else's but ENOTTY.
pub fn close_behind(fd: BorrowedFd<'_>) -> Result<(), Errno> {
    let null = File::open("/dev/null").map_err(|error| {
        error
            .raw_os_error()
            .map_or(Errno::UnknownErrno, Errno::from_raw)
    })?;
    // SAFETY: both descriptors are open, and the replaced one stays so; what was mapped
    // from its file stays mapped.
    let result = unsafe { libc::dup2(null.as_raw_fd(), fd.as_raw_fd()) };
    Errno::result(result).map(drop)
}

/// Header and data of capget(2) and capset(2), version 3: two words each of effective,
/// permitted and inheritable capabilities.
#[repr(C)]
struct CapabilityHeader {
    version: u32,
    pid: i32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct CapabilityWord {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

const CAPABILITY_VERSION_3: u32 = 0x2008_0522;

/// Puts all capabilities that the calling thread may have into effect, or none. Other
/// threads keep theirs.
pub fn use_capabilities(on: bool) -> Result<(), Errno> {
    let mut header = CapabilityHeader {
        version: CAPABILITY_VERSION_3,
        pid: 0,
    };
    let mut words = [CapabilityWord::default(); 2];
    let pointer = std::ptr::from_mut(&mut header);
    // SAFETY: header and the two words of version 3 are exclusively borrowed.
    let result = unsafe { libc::syscall(libc::SYS_capget, pointer, words.as_mut_ptr()) };
    Errno::result(result)?;
    for word in &mut words {
        word.effective = if on { word.permitted } else { 0 };
    }
    let pointer = std::ptr::from_mut(&mut header);
    // SAFETY: as above; the kernel reads the words.
    let result = unsafe { libc::syscall(libc::SYS_capset, pointer, words.as_ptr()) };
    Errno::result(result).map(drop)
}
