// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The control queue's commands: version, platform, address spaces, contexts, resets.

use std::collections::HashSet;

use protocol::{
    ContextEngine, ContextFlags, ContextRuntimeReply, CreateAddressSpace, CreateContext,
    EngineFlags, EngineInfo, HelloFlags, HelloReply, LimitsReply, PlatformFeatures, PlatformReply,
    ReadRegisterReply, ReplyHeader, ResetEnginesReply, SetEngineProperties, Status,
};
use virtio_igpu_protocol as protocol;
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromZeros, IntoBytes};

use super::decode::Request;
use super::{AddressSpace, Context, Ranges, Refusal, Session, Slot};
use crate::executor::{self, Platform};

/// The oldest version of the protocol this device speaks.
pub const OLDEST_VERSION: u16 = 2;

const OK: ReplyHeader = ReplyHeader::new(Status::Ok);

/// A context's flags in the seam's words.
fn context_flags(flags: u32) -> executor::ContextFlags {
    executor::ContextFlags {
        recoverable: flags & ContextFlags::RECOVERABLE != 0,
        no_error_capture: flags & ContextFlags::NO_ERROR_CAPTURE != 0,
    }
}

impl Session {
    /// Carries out a command of the control queue. Returns the reply.
    pub(super) fn control(&mut self, request: Request) -> Result<Vec<u8>, Refusal> {
        match request {
            Request::Hello(command) => {
                let version = command.version.get();
                if !(OLDEST_VERSION..=protocol::VERSION).contains(&version) {
                    return Err(Refusal::malformed(format!(
                        "version {version} is not spoken"
                    )));
                }
                let resumes = command.flags.get() & HelloFlags::RESUME != 0;
                if resumes && !std::mem::take(&mut self.resumed) {
                    return Err(Refusal::new(
                        Status::NotFound,
                        "nothing was kept of what the guest had before",
                    ));
                }
                self.greeted = true;
                let reply = HelloReply {
                    header: OK,
                    version: U16::new(version),
                    ..Default::default()
                };
                return Ok(reply.as_bytes().to_vec());
            }
            Request::Suspend => {
                if self.unfinished > 0 {
                    return Err(Refusal::malformed("work is under way"));
                }
                self.suspended = true;
            }
            Request::QueryPlatform => {
                return Ok(platform_reply(&self.platform).as_bytes().to_vec());
            }
            Request::QueryLimits => {
                let limits = &self.limits;
                let reply = LimitsReply {
                    header: OK,
                    contexts: U32::new(limits.contexts),
                    address_spaces: U32::new(limits.address_spaces),
                    mappings: U64::new(limits.mappings),
                    bound_memory: U64::new(limits.bound_memory.unwrap_or(u64::MAX)),
                };
                return Ok(reply.as_bytes().to_vec());
            }
            Request::ReadRegister(command) => {
                let offset = command.offset.get();
                let value = self.executor.read_register(offset).ok_or_else(|| {
                    Refusal::new(
                        Status::NotFound,
                        format!("register {offset:#x} can't be read"),
                    )
                })?;
                let reply = ReadRegisterReply {
                    header: OK,
                    value: U64::new(value),
                };
                return Ok(reply.as_bytes().to_vec());
            }
            Request::CreateAddressSpace(command) => self.create_address_space(&command)?,
            Request::DestroyAddressSpace(command) => {
                self.destroy_address_space(command.address_space.get())?;
            }
            Request::CreateContext(command, engines) => self.create_context(&command, &engines)?,
            Request::DestroyContext(command) => self.destroy_context(command.context.get())?,
            Request::SetContextFlags(command) => {
                let id = self.known_context(command.context.get())?;
                self.executor
                    .set_context_flags(id, context_flags(command.flags.get()))?;
            }
            Request::CancelContext(command) => {
                let id = self.known_context(command.context.get())?;
                self.executor.cancel_context(id)?;
            }
            Request::CloseContext(command) => {
                let id = self.known_context(command.context.get())?;
                self.executor.close_context(id)?;
            }
            Request::QueryContextRuntime(command) => {
                let id = self.known_context(command.context.get())?;
                let mut reply = ContextRuntimeReply::new_zeroed();
                reply.header = OK;
                let runtimes = self.executor.context_runtime_ns(id)?;
                for (to, from) in reply.runtime_ns.iter_mut().zip(runtimes) {
                    *to = U64::new(from);
                }
                return Ok(reply.as_bytes().to_vec());
            }
            Request::ResetEngines(command) => {
                let submissions = self.reset_engines(command.engines.get())?;
                let reply = ResetEnginesReply {
                    header: OK,
                    submissions: U32::new(submissions),
                    ..Default::default()
                };
                return Ok(reply.as_bytes().to_vec());
            }
            Request::SetEngineProperties(command) => self.set_engine_properties(&command)?,
            Request::ResetActive
            | Request::Bind(..)
            | Request::Unbind(..)
            | Request::Submit(..) => {
                return Err(Refusal::malformed("not a command that is answered at once"));
            }
        }
        Ok(OK.as_bytes().to_vec())
    }

    fn known_context(&self, id: u32) -> Result<u32, Refusal> {
        match self.contexts.contains_key(&id) {
            true => Ok(id),
            false => Err(Refusal::new(
                Status::NotFound,
                format!("there is no context {id}"),
            )),
        }
    }

    fn reset_engines(&mut self, engines: u32) -> Result<u32, Refusal> {
        let count = self.platform.engines.len() as u32;
        if engines.checked_shr(count).unwrap_or(0) != 0 {
            let why = format!("no engines {engines:#x} on this platform");
            return Err(Refusal::new(Status::Unsupported, why));
        }
        Ok(self.executor.reset_engines(engines))
    }

    fn set_engine_properties(&mut self, command: &SetEngineProperties) -> Result<(), Refusal> {
        let (class, instance) = (command.class.get(), command.instance.get());
        let instances = u32::from(self.platform.instances(class));
        if instances.checked_shr(instance.into()).unwrap_or(0) & 1 == 0 {
            let why = format!("no engine {class}:{instance} on this platform");
            return Err(Refusal::new(Status::Unsupported, why));
        }
        self.executor
            .set_engine_properties(executor::EngineProperties {
                class,
                instance,
                heartbeat_interval_ms: command.heartbeat_interval_ms.get(),
                preempt_timeout_ms: command.preempt_timeout_ms.get(),
                timeslice_duration_ms: command.timeslice_duration_ms.get(),
                hang_detection: command.flags.get() & EngineFlags::HANG_DETECTION != 0,
            })?;
        Ok(())
    }

    fn new_timeline(&self, number: u32) -> Result<(), Refusal> {
        match self.timelines.contains(number) {
            false => Ok(()),
            true => Err(Refusal::new(
                Status::Exists,
                format!("timeline {number} is in use"),
            )),
        }
    }

    fn create_address_space(&mut self, command: &CreateAddressSpace) -> Result<(), Refusal> {
        let (id, timeline) = (command.address_space.get(), command.bind_timeline.get());
        if self.address_spaces.contains_key(&id) {
            return Err(Refusal::new(
                Status::Exists,
                format!("address space {id} exists"),
            ));
        }
        self.new_timeline(timeline)?;
        if self.address_spaces.len() >= self.limits.address_spaces as usize {
            return Err(Refusal::new(
                Status::LimitExceeded,
                "too many address spaces",
            ));
        }
        let number = self.timelines.reserve();
        self.executor.create_address_space(id, number)?;
        self.timelines.insert(timeline, number);
        let ranges = Ranges::default();
        self.address_spaces.insert(
            id,
            AddressSpace {
                timeline,
                contexts: 0,
                ranges,
            },
        );
        Ok(())
    }

    fn destroy_address_space(&mut self, id: u32) -> Result<(), Refusal> {
        let Some(address_space) = self.address_spaces.get(&id) else {
            return Err(Refusal::new(
                Status::NotFound,
                format!("there is no address space {id}"),
            ));
        };
        if address_space.contexts > 0 {
            return Err(Refusal::new(
                Status::Exists,
                format!("a context uses address space {id}"),
            ));
        }
        self.executor.destroy_address_space(id)?;
        self.timelines.remove(address_space.timeline);
        self.bound_extents -= address_space.ranges.extents();
        self.mappings -= address_space.ranges.count();
        self.bound_memory -= address_space.ranges.bytes();
        self.address_spaces.remove(&id);
        Ok(())
    }

    fn create_context(
        &mut self,
        command: &CreateContext,
        engines: &[ContextEngine],
    ) -> Result<(), Refusal> {
        let (id, address_space) = (command.context.get(), command.address_space.get());
        if self.contexts.contains_key(&id) {
            return Err(Refusal::new(Status::Exists, format!("context {id} exists")));
        }
        if !self.address_spaces.contains_key(&address_space) {
            let why = format!("there is no address space {address_space}");
            return Err(Refusal::new(Status::NotFound, why));
        }
        if self.contexts.len() >= self.limits.contexts as usize {
            return Err(Refusal::new(Status::LimitExceeded, "too many contexts"));
        }
        let mut numbers = HashSet::new();
        for engine in engines {
            let (class, instances) = (engine.class.get(), engine.instances.get());
            if instances & !self.platform.instances(class) != 0 {
                let why = format!("no engines {instances:#x} of class {class} on this platform");
                return Err(Refusal::new(Status::Unsupported, why));
            }
            let timeline = engine.timeline.get();
            self.new_timeline(timeline)?;
            if !numbers.insert(timeline) {
                let why = format!("timeline {timeline} is named twice");
                return Err(Refusal::new(Status::Exists, why));
            }
        }
        let slots: Vec<_> = engines
            .iter()
            .map(|engine| executor::Slot {
                class: engine.class.get(),
                instances: engine.instances.get(),
                timeline: self.timelines.reserve(),
            })
            .collect();
        let context = executor::Context {
            address_space,
            flags: context_flags(command.flags.get()),
            slots: slots.clone(),
        };
        self.executor.create_context(id, context)?;
        for (engine, slot) in engines.iter().zip(&slots) {
            self.timelines.insert(engine.timeline.get(), slot.timeline);
        }
        if let Some(address_space) = self.address_spaces.get_mut(&address_space) {
            address_space.contexts += 1;
        }
        self.contexts.insert(
            id,
            Context {
                address_space,
                slots: engines
                    .iter()
                    .map(|engine| Slot {
                        timeline: engine.timeline.get(),
                        class: engine.class.get(),
                        instances: engine.instances.get(),
                    })
                    .collect(),
                submissions: 0,
            },
        );
        Ok(())
    }

    fn destroy_context(&mut self, id: u32) -> Result<(), Refusal> {
        self.known_context(id)?;
        self.executor.destroy_context(id)?;
        if let Some(context) = self.contexts.remove(&id) {
            for slot in context.slots {
                self.timelines.remove(slot.timeline);
            }
            if let Some(address_space) = self.address_spaces.get_mut(&context.address_space) {
                address_space.contexts -= 1;
            }
        }
        Ok(())
    }
}

fn platform_reply(platform: &Platform) -> PlatformReply {
    let mut reply = PlatformReply::new_zeroed();
    reply.header = OK;
    reply.graphics_version = U16::new(platform.graphics_version);
    reply.graphics_release = U16::new(platform.graphics_release);
    reply.address_bits = U16::new(platform.address_bits);
    reply.engine_count = U16::new(platform.engines.len().min(protocol::MAX_ENGINES) as u16);
    let features = [
        (platform.sseu, PlatformFeatures::SSEU),
        (platform.relocations, PlatformFeatures::RELOCATIONS),
        (platform.vm_bind, PlatformFeatures::VM_BIND),
    ];
    reply.features = U32::new(
        features
            .iter()
            .filter(|(has, _)| *has)
            .fold(0, |bits, (_, feature)| bits | feature),
    );
    reply.timestamp_frequency = U32::new(platform.timestamp_frequency);
    let topology = &platform.topology;
    reply.slice_mask = U32::new(topology.slices);
    reply.subslice_mask = U32::new(topology.subslices);
    reply.eu_mask = U32::new(topology.eus);
    let [slices, subslices, eus] = topology.max;
    reply.max_slices = U16::new(slices);
    reply.max_subslices = U16::new(subslices);
    reply.max_eus_per_subslice = U16::new(eus);
    for (info, engine) in reply.engines.iter_mut().zip(&platform.engines) {
        *info = EngineInfo {
            class: U16::new(engine.class),
            instance: U16::new(engine.instance),
            hardware_instance: U16::new(engine.hardware_instance),
            reserved: U16::ZERO,
            capabilities: U64::new(engine.capabilities),
            mmio_base: U32::new(engine.mmio_base),
            heartbeat_interval_ms: U32::new(engine.heartbeat_interval_ms),
            preempt_timeout_ms: U32::new(engine.preempt_timeout_ms),
            timeslice_duration_ms: U32::new(engine.timeslice_duration_ms),
            stop_timeout_ms: U32::new(engine.stop_timeout_ms),
            reserved2: U32::ZERO,
        };
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::Factory;
    use crate::executor::softgpu::SoftGpuFactory;

    #[test]
    fn the_guest_is_told_which_units_are_there_and_how_many_could_be() {
        let factory = SoftGpuFactory::new("tgl").unwrap();
        let whole = platform_reply(factory.platform());
        assert_eq!(whole.subslice_mask.get(), 0b11_1111);
        let factory = factory.with_eus(48).unwrap();
        let fused = platform_reply(factory.platform());
        assert_eq!(fused.subslice_mask.get(), 0b111);
        assert_eq!(fused.max_subslices.get(), 6);
    }
}
