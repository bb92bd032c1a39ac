//! The host's side of a running guest, and what can be done to the guest from there.

use anyhow::{Context, Result};

use super::daemon::Daemon;
use super::monitor::Monitor;
use super::qemu::Gpu;
use crate::exec::Guarded;

/// What a run's onlooker may have done while the guest runs. What is asked for together is done
/// in this order.
#[derive(Default)]
pub(crate) struct Orders {
    /// No order: the process of the guest's (first) daemon, for those who want to look at it.
    pub(crate) daemon: Option<u32>,
    /// End the (first) daemon hard, now.
    pub(crate) kill_daemon: bool,
    /// Start it again as it was started before.
    pub(crate) start_daemon: bool,
    /// From now on stop the daemon again and again, each time for a fraction of a second.
    pub(crate) interrupt_daemon: bool,
    /// Have the guest give the (first) device back, as a person would who asks it to.
    pub(crate) unplug: bool,
    /// Plug it in again, once the guest has given it back.
    pub(crate) plug: bool,
    /// The guest is known to be stuck: end it, now.
    pub(crate) give_up: bool,
}

/// QEMU and what belongs to it.
pub(super) struct Host {
    /// QEMU. Ended first: see the fields' order.
    pub(super) qemu: Guarded,
    /// One for each of the guest's devices.
    pub(super) daemons: Vec<Daemon>,
    /// QEMU's monitor, if devices are unplugged and plugged.
    pub(super) monitor: Option<Monitor>,
    /// The first device.
    pub(super) gpu: Gpu,
}

impl Host {
    /// Carries the orders out.
    pub(super) fn obey(&mut self, orders: &mut Orders) -> Result<()> {
        let daemon = self.daemons.first_mut();
        let kill = std::mem::take(&mut orders.kill_daemon);
        let start = std::mem::take(&mut orders.start_daemon);
        let interrupt = std::mem::take(&mut orders.interrupt_daemon);
        if let Some(daemon) = daemon {
            if kill {
                daemon.kill();
            }
            if start {
                daemon.start_again()?;
            }
            if interrupt {
                daemon.interrupt()?;
            }
        }
        if std::mem::take(&mut orders.unplug) {
            let id = self.gpu.id();
            self.monitor()?.unplug(&id)?;
        }
        if std::mem::take(&mut orders.plug) {
            let (id, name) = (self.gpu.id(), self.gpu.name.clone());
            let (chardev, device) = (self.gpu.chardev(), self.gpu.device());
            self.monitor()?.plug(&id, &name, chardev, device)?;
        }
        if std::mem::take(&mut orders.give_up) {
            self.qemu.kill();
        }
        Ok(())
    }

    fn monitor(&mut self) -> Result<&mut Monitor> {
        let monitor = self.monitor.as_mut();
        monitor.context("this guest was not given a device that can be unplugged")
    }
}
