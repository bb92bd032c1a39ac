//! What is asked of each GPU. An operation that a GPU does not have is `None`.

use std::time::Duration;

use virtio_igpu_guest_tests::client::Result;

/// Bytes of a page.
pub(crate) const PAGE: u64 = 4096;
/// Bytes that are copied in and out.
pub(crate) const COPIED: u64 = 16 << 20;
/// Longer than anything takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A GPU that operations are measured on. All of them return when the work is done.
pub(crate) trait Gpu {
    /// An ioctl that stays in the guest.
    fn getparam(&mut self) -> Result<()>;

    /// The least that goes to the host and comes back, through the driver's own queue.
    fn round_trip(&mut self) -> Option<Result<()>>;

    /// Queues so many submissions that do nothing, the last of them with an out-fence, and
    /// waits for that.
    fn submit(&mut self, count: u32) -> Result<()>;

    /// Queues one that does nothing with an out-fence, and leaves it.
    fn submit_only(&mut self) -> Result<()>;

    /// Waits until nothing is left to be done.
    fn drain(&mut self) -> Result<()>;

    /// One submission that does nothing and lists an object, which is waited for.
    fn submit_with_object(&mut self) -> Result<()>;

    /// Makes an object, maps it, writes to each page, unmaps it, closes it.
    fn allocate(&mut self, bytes: u64) -> Result<()>;

    /// Makes an object, makes all its pages visible to the GPU, and closes it.
    fn show(&mut self, bytes: u64) -> Result<()>;

    /// Has the host copy [`COPIED`] bytes out of the guest's buffer, or into it.
    fn copy(&mut self, into_guest: bool) -> Result<()>;

    /// Interrupts so far, if they can be told.
    fn interrupts(&self) -> Option<u64>;
}
