// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The device as vhost-user-backend sees it: features, configuration space, and the
//! events of its message loop and its queue worker, which all end in [`guest`]. Knows
//! vhost-user; decides nothing about commands.

mod guest;
mod hold;
mod linger;
mod pace;
pub mod snapshot;
mod traced;

use std::io;
use std::mem::offset_of;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::{Mutex, MutexGuard};
use protocol::DeviceConfig;
use vhost::vhost_user::message::{VhostUserProtocolFeatures, VhostUserVirtioFeatures};
use vhost_user_backend::VhostUserBackend;
use virtio_bindings::bindings::virtio_config::VIRTIO_F_VERSION_1;
use virtio_bindings::bindings::virtio_ring::{
    VIRTIO_RING_F_EVENT_IDX, VIRTIO_RING_F_INDIRECT_DESC,
};
use virtio_igpu_protocol as protocol;
use vm_memory::GuestMemoryAtomic;
use vmm_sys_util::epoll::EventSet;
use vmm_sys_util::event::{
    EventConsumer, EventFlag, EventNotifier, new_event_consumer_and_notifier,
};
use vmm_sys_util::eventfd::EventFd;
use zerocopy::IntoBytes;
use zerocopy::little_endian::{U16, U32, U64};

use crate::GuestMemory;
use crate::executor::{Factory, Platform};
use crate::mailbox::Mailbox;
use crate::metrics;
use crate::queue::Vring;
use crate::session::{self, limits::Limits};
use crate::trace::Tracer;
use guest::{Guest, Mailboxes};

/// Chains one virtqueue can hold.
pub const QUEUE_SIZE: usize = 1024;

/// The number under which the worker polls the mailbox's eventfd: past the queues' and
/// the one that vhost-user-backend keeps for itself.
pub const MAILBOX_EVENT: u64 = protocol::QUEUE_COUNT as u64 + 1;

/// How a guest is served.
#[derive(Clone, Default)]
pub struct Options {
    /// Whether to look on for a moment for what may come next, where that pays.
    pub polling: bool,
    /// How much it may have.
    pub limits: Limits,
    /// What its commands are traced to.
    pub tracer: Option<Arc<Tracer>>,
}

/// One guest's device, from its connection to its going.
pub struct Device {
    config: DeviceConfig,
    factory: Arc<dyn Factory>,
    wake: Arc<EventFd>,
    guest: Arc<Mutex<Guest>>,
    /// The worker's exit event: the end that is left to us, and the number of the one
    /// that vhost-user-backend takes and never closes.
    exit: Mutex<Option<RawFd>>,
    number: u64,
    spoken: AtomicBool,
}

impl Device {
    /// A device for the `number`-th guest.
    pub fn new(factory: Arc<dyn Factory>, number: u64, options: Options) -> io::Result<Self> {
        let config = device_config(factory.platform());
        let wake = Mailbox::wake_fd()?;
        let guest = Arc::new_cyclic(|guest: &Weak<Mutex<Guest>>| {
            let guest = Weak::clone(guest);
            let courier = move || deliver_at_once(&guest);
            let courier = Arc::new(courier);
            let mailboxes = Mailboxes::new(Arc::clone(&wake), courier);
            let factory = Arc::clone(&factory);
            Mutex::new(Guest::new(factory, mailboxes, options))
        });
        Ok(Self {
            config,
            factory,
            wake,
            guest,
            exit: Mutex::default(),
            number,
            spoken: AtomicBool::new(false),
        })
    }

    /// The eventfd that the worker has to poll as [`MAILBOX_EVENT`].
    pub fn wake_fd(&self) -> RawFd {
        self.wake.as_raw_fd()
    }

    /// Which guest this is, counted from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// What the guest's GPU is.
    pub fn platform(&self) -> &Platform {
        self.factory.platform()
    }

    /// The stats file's text, as of now.
    pub fn stats(&self) -> String {
        let mut guest = self.guest();
        let executor = guest.executor_counters();
        metrics::to_json(self.number, guest.metrics(), &executor)
    }

    /// As if the guest's executor had told that its GPU is gone. Whether there is one.
    pub fn lose_gpu(&self, reason: &str) -> bool {
        // It takes the guest's lock by itself.
        let sink = self.guest().sink();
        let known = sink.is_some();
        if let Some(sink) = sink {
            sink.lost(reason.to_owned());
        }
        known
    }

    /// Whether anybody ever asked what the device can do.
    pub fn has_spoken(&self) -> bool {
        self.spoken.load(Ordering::Relaxed)
    }

    /// The guest is gone and the worker has ended: stops the guest's work.
    pub fn close(&self) {
        self.guest().close();
        let exit = self.exit.lock().take();
        if let Some(fd) = exit {
            // SAFETY: the number came out of `IntoRawFd` in vhost-user-backend, which
            // polled it and forgot it; that worker has ended, so nobody else owns it.
            drop(unsafe { OwnedFd::from_raw_fd(fd) });
        }
    }

    /// The guest's state. Whoever waits for it has it soon after the worker's turn has ended,
    /// however soon that wants the next one: the lock sees to it.
    fn guest(&self) -> MutexGuard<'_, Guest> {
        self.guest.lock()
    }
}

/// Gives the driver back what an executor has reported, on the executor's own thread; unless
/// the guest is being attended to, or has gone.
fn deliver_at_once(guest: &Weak<Mutex<Guest>>) -> bool {
    let Some(guest) = guest.upgrade() else {
        return true;
    };
    let Some(mut guest) = guest.try_lock() else {
        return false;
    };
    guest.deliver_at_once();
    true
}

/// The configuration space for a platform.
fn device_config(platform: &Platform) -> DeviceConfig {
    let mut name = [0; 16];
    for (to, from) in name[..15].iter_mut().zip(platform.name.bytes()) {
        *to = from;
    }
    DeviceConfig {
        magic: U32::new(protocol::MAGIC),
        version_min: U16::new(session::OLDEST_VERSION),
        version_max: U16::new(protocol::VERSION),
        platform: name,
        device_id: U16::new(platform.device_id),
        revision: U16::new(platform.revision),
        reserved: U32::ZERO,
        engine_busy_ns: [U64::ZERO; protocol::MAX_ENGINES],
    }
}

impl VhostUserBackend for Device {
    type Bitmap = ();
    type Vring = Vring;

    fn num_queues(&self) -> usize {
        protocol::QUEUE_COUNT
    }

    fn max_queue_size(&self) -> usize {
        QUEUE_SIZE
    }

    fn features(&self) -> u64 {
        if !self.spoken.swap(true, Ordering::Relaxed) {
            log::info!("guest {} has connected", self.number);
        }
        1 << VIRTIO_F_VERSION_1
            | 1 << VIRTIO_RING_F_EVENT_IDX
            | 1 << VIRTIO_RING_F_INDIRECT_DESC
            | VhostUserVirtioFeatures::PROTOCOL_FEATURES.bits()
    }

    fn protocol_features(&self) -> VhostUserProtocolFeatures {
        VhostUserProtocolFeatures::MQ
            | VhostUserProtocolFeatures::CONFIG
            | VhostUserProtocolFeatures::REPLY_ACK
            | VhostUserProtocolFeatures::RESET_DEVICE
    }

    fn reset_device(&self) {
        self.guest().reset_device();
    }

    fn set_event_idx(&self, _enabled: bool) {}

    fn get_config(&self, offset: u32, size: u32) -> Vec<u8> {
        let (offset, size) = (offset as usize, size as usize);
        let end = offset.saturating_add(size);
        let mut config = self.config;
        if end > offset_of!(DeviceConfig, engine_busy_ns) {
            let busy = self.guest().engine_busy_ns();
            for (to, from) in config.engine_busy_ns.iter_mut().zip(busy) {
                *to = U64::new(from);
            }
        }
        let mut space = [0; protocol::CONFIG_SPACE_SIZE];
        space[..protocol::DEVICE_CONFIG_SIZE].copy_from_slice(config.as_bytes());
        space.get(offset..end).unwrap_or_default().to_vec()
    }

    fn set_config(&self, _offset: u32, _bytes: &[u8]) -> io::Result<()> {
        Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "the configuration is read-only",
        ))
    }

    fn update_memory(&self, memory: GuestMemoryAtomic<GuestMemory>) -> io::Result<()> {
        self.guest().set_memory(memory);
        Ok(())
    }

    fn exit_event(&self, _thread_index: usize) -> Option<(EventConsumer, EventNotifier)> {
        let (consumer, notifier) =
            new_event_consumer_and_notifier(EventFlag::NONBLOCK | EventFlag::CLOEXEC).ok()?;
        *self.exit.lock() = Some(consumer.as_raw_fd());
        Some((consumer, notifier))
    }

    fn stop_vring(&self, queue_index: u32) -> io::Result<()> {
        self.guest().stop_queue(queue_index as usize);
        Ok(())
    }

    fn handle_event(
        &self,
        device_event: u16,
        _events: EventSet,
        vrings: &[Vring],
        _thread: usize,
    ) -> io::Result<()> {
        // An error from here would end the worker, so there is none.
        let rest = {
            let mut guest = self.guest();
            guest.set_queues(vrings);
            let by_mailbox = u64::from(device_event) == MAILBOX_EVENT;
            if !by_mailbox {
                guest.doorbell(usize::from(device_event));
            }
            guest.work(by_mailbox)
        };
        if let Some(rest) = rest {
            std::thread::sleep(rest);
            self.guest().rested();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor;

    fn device() -> Device {
        let factory = executor::software("icl").unwrap();
        Device::new(factory, 1, Options::default()).unwrap()
    }

    #[test]
    fn the_configuration_space_is_read_in_any_pieces_that_lie_inside() {
        let device = device();
        let whole = device.get_config(0, protocol::DEVICE_CONFIG_SIZE as u32);
        assert_eq!(whole.len(), protocol::DEVICE_CONFIG_SIZE);
        assert_eq!(&whole[..4], b"iGPU");
        assert_eq!(&whole[8..12], b"icl\0");
        assert_eq!(device.get_config(8, 3), b"icl");
        let space = device.get_config(0, 256);
        assert_eq!(space[..whole.len()], whole);
        assert_eq!(space[whole.len()..], [0; 96]);
        for (offset, size) in [(0, 257), (256, 1), (u32::MAX, u32::MAX)] {
            assert!(device.get_config(offset, size).is_empty());
        }
        assert!(device.set_config(0, &[0]).is_err());
    }
}
