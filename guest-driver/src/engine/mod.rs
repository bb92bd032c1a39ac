// SPDX-License-Identifier: GPL-2.0 OR MIT

//! The engines as root sees them: how each shares its time and finds hangs, in sysfs; and
//! the two parameters that hold for all, hang detection and how far resets may go. What is
//! written takes effect on the device at once.
//!
//! May know: `protocol`, `rules`, `virtio`, `drm`, `link`. Knows nothing of contexts.

mod files;

use crate::drm::sync::{jiffies_to_ns, max_schedule_timeout_ms};
use crate::drm::{self, SysfsFolder};
use crate::link::{CurrentLink, Link};
use crate::protocol::{
    EngineFlags, EngineInfo, PlatformReply, ResetEngines, SetEngineProperties, Status,
};
use crate::rules::engine_properties::{class_name, mask_bit, EngineProperties, Limits, Property};
use crate::virtio::Prepared;
use kernel::prelude::*;
use kernel::str::CString;
use kernel::sync::atomic::{Atomic, Relaxed};
use kernel::sync::{new_mutex, Arc, Mutex};

/// For how long i915 waits busily at first (`CONFIG_DRM_I915_MAX_REQUEST_BUSYWAIT`), in
/// nanoseconds.
const MAX_BUSYWAIT_NS: u64 = 8000;

/// What the module parameter `reset` is at first: engines may be reset one by one, and
/// more that no platform here can.
const DEFAULT_RESET: u32 = 3;

/// One engine. Its place among the others is the platform's.
pub(crate) struct Engine {
    /// `rcs0`, `vcs1`, ...
    name: CString,
    info: EngineInfo,
    defaults: EngineProperties,
}

/// What the lock guards.
struct State {
    /// By engine.
    properties: KVec<EngineProperties>,
    /// The module parameter `enable_hangcheck`.
    hang_detection: bool,
}

/// The engines of a device.
#[pin_data]
pub(crate) struct Engines {
    link: Arc<CurrentLink>,
    all: KVec<Engine>,
    limits: Limits,
    /// Held while a change is handed to the transport, so that the device sees changes in
    /// the order that files show them; and while a new link is told all.
    #[pin]
    state: Mutex<State>,
    /// `State::hang_detection`, to be looked at without the lock.
    hang_detection: Atomic<bool>,
    /// The module parameter `reset`.
    reset: Atomic<u32>,
    /// The folders in sysfs, those within others first.
    #[pin]
    folders: Mutex<KVec<SysfsFolder>>,
}

impl Engines {
    /// The engines that the device speaks of, which a check has found to make sense.
    /// ENOMEM.
    pub(crate) fn new(
        link: Arc<CurrentLink>,
        platform: &PlatformReply,
    ) -> Result<impl PinInit<Self>> {
        let count = usize::from(platform.engine_count.get());
        let mut all = KVec::new();
        let mut properties = KVec::new();
        for info in platform.engines.iter().take(count) {
            let defaults = EngineProperties {
                max_busywait_duration_ns: MAX_BUSYWAIT_NS,
                timeslice_duration_ms: info.timeslice_duration_ms.get(),
                stop_timeout_ms: info.stop_timeout_ms.get(),
                preempt_timeout_ms: info.preempt_timeout_ms.get(),
                heartbeat_interval_ms: info.heartbeat_interval_ms.get(),
            };
            let class = class_name(info.class.get());
            let name = CString::try_from_fmt(fmt!("{}{}", class, info.instance.get()))?;
            let engine = Engine {
                name,
                info: *info,
                defaults,
            };
            all.push(engine, GFP_KERNEL)?;
            properties.push(defaults, GFP_KERNEL)?;
        }
        let state = State {
            properties,
            hang_detection: true,
        };
        Ok(pin_init!(Self {
            link,
            all,
            limits: Limits {
                busywait_ns: jiffies_to_ns(2),
                time_ms: max_schedule_timeout_ms(),
            },
            state <- new_mutex!(state, "Engines::state"),
            hang_detection: Atomic::new(true),
            reset: Atomic::new(DEFAULT_RESET),
            folders <- new_mutex!(KVec::new(), "Engines::folders"),
        }))
    }

    /// The engines, in the platform's order.
    pub(crate) fn all(&self) -> &[Engine] {
        &self.all
    }

    /// Whether hangs are looked for (`enable_hangcheck`). Any context.
    pub(crate) fn detects_hangs(&self) -> bool {
        self.hang_detection.load(Relaxed)
    }

    /// Switches the search for hangs on or off, on all engines. ENOMEM: nothing has changed.
    pub(crate) fn detect_hangs(&self, wanted: bool) -> Result {
        let mut state = self.state.lock();
        let link = self.link.get();
        let commands = self.commands(&state, &link, wanted)?;
        state.hang_detection = wanted;
        self.hang_detection.store(wanted, Relaxed);
        for command in commands {
            link.transport().submit(command);
        }
        Ok(())
    }

    /// Tells the device over a new link what has been set, and makes it the device's link.
    /// ENOMEM: nothing has changed.
    pub(crate) fn tell_all(&self, link: Arc<Link>) -> Result {
        let state = self.state.lock();
        for command in self.commands(&state, &link, state.hang_detection)? {
            link.transport().submit(command);
        }
        self.link.set(link);
        Ok(())
    }

    /// The commands that tell the device over `link` all that is set.
    fn commands(&self, state: &State, link: &Link, hang_detection: bool) -> Result<KVec<Prepared>> {
        let mut commands = KVec::with_capacity(self.all.len(), GFP_KERNEL)?;
        for (engine, properties) in self.all.iter().zip(&state.properties) {
            let command = self.command(link, engine, properties, hang_detection)?;
            commands.push(command, GFP_KERNEL)?;
        }
        Ok(commands)
    }

    /// The module parameter `reset`. Any context.
    pub(crate) fn reset_parameter(&self) -> u32 {
        self.reset.load(Relaxed)
    }

    /// Sets the module parameter `reset`.
    pub(crate) fn set_reset_parameter(&self, value: u32) {
        self.reset.store(value, Relaxed);
    }

    /// Whether there is an engine in one of i915's engine masks.
    pub(crate) fn any_in(&self, mask: u64) -> bool {
        self.places(mask) != 0
    }

    /// The engines in one of i915's engine masks, as the device counts them: a bit each.
    fn places(&self, mask: u64) -> u32 {
        let mut engines = 0;
        for (place, engine) in self.all.iter().enumerate() {
            let (class, instance) = (engine.info.class.get(), engine.info.hardware_instance.get());
            if mask_bit(class, instance).is_some_and(|bit| mask >> bit & 1 != 0) {
                engines |= 1 << place;
            }
        }
        engines
    }

    /// Resets the engines in one of i915's engine masks: what they execute hangs. Returns
    /// how many submissions that are. Process context; as [`Transport::call`].
    pub(crate) fn reset(&self, mask: u64) -> Result<u32> {
        let engines = self.places(mask);
        if engines == 0 {
            return Ok(0);
        }
        let command = ResetEngines {
            engines: engines.into(),
            reserved: 0.into(),
        };
        Ok(self
            .link
            .get()
            .transport()
            .call(&command, &[])?
            .submissions
            .get())
    }

    /// A property of the engine at that place.
    fn property(&self, place: usize, property: Property) -> Result<u64> {
        let state = self.state.lock();
        let properties = state.properties.get(place).ok_or(ENODEV)?;
        Ok(property.of(properties))
    }

    /// Changes a property to what `text` says, and tells the device. EINVAL, ERANGE as
    /// [`Property::change`]; ENOMEM. On an error nothing has changed.
    fn change(&self, place: usize, property: Property, text: &[u8]) -> Result {
        let mut state = self.state.lock();
        let engine = self.all.get(place).ok_or(ENODEV)?;
        let hang_detection = state.hang_detection;
        let properties = state.properties.get_mut(place).ok_or(ENODEV)?;
        let changed = property.change(properties, text, &self.limits)?;
        let link = self.link.get();
        let command = self.command(&link, engine, &changed, hang_detection)?;
        *properties = changed;
        link.transport().submit(command);
        Ok(())
    }

    fn command(
        &self,
        link: &Link,
        engine: &Engine,
        properties: &EngineProperties,
        hang_detection: bool,
    ) -> Result<Prepared> {
        let (class, instance) = (engine.info.class, engine.info.instance);
        let flags = if hang_detection {
            EngineFlags::HANG_DETECTION
        } else {
            0
        };
        let command = SetEngineProperties {
            class,
            instance,
            flags: flags.into(),
            heartbeat_interval_ms: properties.heartbeat_interval_ms.into(),
            preempt_timeout_ms: properties.preempt_timeout_ms.into(),
            timeslice_duration_ms: properties.timeslice_duration_ms.into(),
            reserved: 0.into(),
        };
        link.transport().prepare(&command, &[], move |status, _| {
            if status != Status::Ok && status != Status::DeviceLost {
                pr_err!(
                    "the device refused the properties of engine {}:{}: {:?}\n",
                    class.get(),
                    instance.get(),
                    status
                );
            }
        })
    }

    /// Makes the folders in sysfs: `engine/`, in it one for each engine, in that one for
    /// its defaults. What can't be made is left out. The device is registered.
    pub(crate) fn show(&self, dev: &drm::Device) {
        if let Err(error) = self.make_folders(dev) {
            pr_warn!("no engines in sysfs, or not all: {:?}\n", error);
        }
    }

    fn make_folders(&self, dev: &drm::Device) -> Result {
        let mut folders = KVec::with_capacity(2 * self.all.len() + 1, GFP_KERNEL)?;
        let top = SysfsFolder::below_card(dev, c"engine", 0, &[])?;
        let made = (|| {
            for (place, engine) in self.all.iter().enumerate() {
                let folder = top.folder(&engine.name, place, &files::CURRENT)?;
                let defaults = folder.folder(c".defaults", place, &files::DEFAULTS);
                // There is room for all.
                match defaults {
                    Ok(defaults) => folders.push(defaults, GFP_KERNEL)?,
                    Err(error) => {
                        folders.push(folder, GFP_KERNEL)?;
                        return Err(error);
                    }
                }
                folders.push(folder, GFP_KERNEL)?;
            }
            Ok(())
        })();
        folders.push(top, GFP_KERNEL)?;
        *self.folders.lock() = folders;
        made
    }

    /// Removes them. Process context.
    pub(crate) fn hide(&self) {
        let folders = core::mem::replace(&mut *self.folders.lock(), KVec::new());
        folders.into_iter().for_each(drop);
    }
}

impl Engine {
    /// What i915 calls it: `rcs0`, `vcs1`, ...
    pub(crate) fn name(&self) -> &CStr {
        &self.name
    }
}
