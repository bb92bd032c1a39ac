//! Vulkan, as the tests call it: a device, what a test makes on it, programs and command buffers.
//! All of the crate's unsafe code is in this folder. It may know Vulkan, and nothing of the tests.

mod commands;
mod device;
mod image;
mod memory;
mod program;
mod rig;
mod transfers;

pub(crate) use device::{Gpu, Host, Offers};
pub(crate) use image::{Image, Picture};
pub(crate) use memory::{Buffer, Plain};
pub(crate) use program::{Kernel, Program, Slot};
pub(crate) use rig::Rig;
pub(crate) use transfers::Rectangle;

/// Why a test failed.
pub(crate) use libtest_mimic::Failed;

/// What a test comes to.
pub(crate) type Outcome<T = ()> = Result<T, Failed>;

/// Makes one call of Vulkan's.
macro_rules! vk {
    ($call:expr) => {{
        // SAFETY: every handle was made by this folder on the device it is used with, and lives
        // until the test's rig goes, which waits for the device first; structures and slices that
        // are pointed to live to the end of the statement; there is one thread. Where a test asks
        // for what Vulkan forbids, its code is wrong, and it asks for nothing of the kind.
        unsafe { $call }
    }};
}
pub(crate) use vk;
