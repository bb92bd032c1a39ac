// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The files of the driver's: one for each address space, with all that belongs to it.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::event::epoll;
use rustix::event::{EventfdFlags, eventfd};
use virtio_igpu_executor::Timeline;
use virtio_igpu_host_gpu::DrmFile;
use virtio_igpu_host_gpu::syncobj::Syncobj;

/// A file's number; never used twice. 0 is none.
pub(crate) type HomeId = u64;

/// A file of the driver's.
#[derive(Debug)]
pub(crate) struct Home {
    pub(crate) file: Arc<dyn DrmFile>,
    /// Told when a point is reached that it was armed for.
    pub(crate) eventfd: OwnedFd,
    /// Timelines of other files that are waited for in this one.
    pub(crate) imports: HashMap<Timeline, Syncobj>,
    /// Timelines that have something under way.
    pub(crate) busy: Vec<Timeline>,
    /// How often the eventfd was armed, and how often it was told. As long as they are equal,
    /// all that it was armed for is reached.
    pub(crate) armed: u64,
    pub(crate) told: u64,
    /// How many timelines it has.
    pub(crate) lines: usize,
}

impl Home {
    /// One whose eventfd is listened to under its number.
    pub(crate) fn new(id: HomeId, file: Arc<dyn DrmFile>, listener: &OwnedFd) -> io::Result<Self> {
        let eventfd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let data = epoll::EventData::new_u64(id);
        epoll::add(listener, &eventfd, data, epoll::EventFlags::IN)?;
        Ok(Self {
            file,
            eventfd,
            imports: HashMap::new(),
            busy: Vec::new(),
            armed: 0,
            told: 0,
            lines: 0,
        })
    }

    /// Counts what the eventfd was told since this was last done.
    pub(crate) fn listen(&mut self) {
        let mut count = [0; 8];
        if let Ok(8) = rustix::io::read(&self.eventfd, &mut count) {
            self.told = self.told.wrapping_add(u64::from_ne_bytes(count));
        }
    }
}
