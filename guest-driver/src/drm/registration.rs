// SPDX-License-Identifier: GPL-2.0 OR MIT

//! From a virtio device to a DRM device and back: what happens when one comes or goes.

use kernel::{
    bindings,
    prelude::*,
    sync::{aref::ARef, Arc},
};

use super::{
    debugfs,
    device::Device,
    driver::{Driver, TheDriver},
};
use crate::{
    protocol::{DeviceConfig, Event, PlatformReply},
    virtio::{Client, EventListener, Parent, Transport},
};

/// A DRM device that userspace sees, for as long as its virtio device is bound.
pub(crate) struct Registration(ARef<Device>);

impl Client for Registration {
    fn start(
        transport: &Arc<Transport>,
        parent: Parent<'_>,
        config: &DeviceConfig,
        platform: &PlatformReply,
    ) -> Result<Arc<Self>> {
        let dev = Device::new(parent)?;
        let registration = Arc::new(Self(dev.clone()), GFP_KERNEL)?;
        dev.set_data(TheDriver::new(&dev, transport.clone(), config, platform)?);
        debugfs::create(&dev)?;
        // SAFETY: The device is complete and not registered yet.
        kernel::error::to_result(unsafe { bindings::drm_dev_register(dev.as_raw(), 0) })?;
        TheDriver::registered(&dev);
        dev.reclaim().start(&dev);
        Ok(registration)
    }

    fn stop(&self) {
        let dev = &*self.0;
        dev.reclaim().stop();
        // SAFETY: The device is registered, and this is called once.
        unsafe { bindings::drm_dev_unplug(dev.as_raw()) };
        TheDriver::unplugged(dev);
        dev.waits().cut();
        TheDriver::removed(dev);
    }

    fn renew(&self, transport: &Arc<Transport>) -> Result {
        TheDriver::renewed(&self.0, transport)
    }

    fn suspend(&self) -> Result {
        TheDriver::suspend(&self.0)
    }

    fn resume(&self) {
        TheDriver::resume(&self.0);
    }
}

impl EventListener for Registration {
    fn event(&self, transport: &Transport, event: &Event) {
        TheDriver::event(&self.0, transport, event);
    }

    fn hang_handled(&self) {
        TheDriver::hang_handled(&self.0);
    }
}
