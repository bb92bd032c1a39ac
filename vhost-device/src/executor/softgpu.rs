// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The executor on the software GPU: translates the seam's words into the model's and
//! back. Knows both, and no rule of its own.

use std::path::{Path, PathBuf};
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use ::softgpu as model;
use model::{AddressSpaceId, ContextId, EngineClass, Gpu, GpuError, TimelineId};
use vm_memory::{Address, GuestMemoryBackend, GuestMemoryRegion};

use super::{
    Backing, Completion, Context, ContextFlags, Ending, Engine, EngineProperties, Executor,
    Factory, Hang, HungRegisters, Platform, Point, Refused, Sink, Sseu, Submission, Timeline,
    Topology, Update, Wait,
};
use crate::GuestMemory;

/// i915's stop time-out (`CONFIG_DRM_I915_STOP_TIMEOUT`), which the model has no use for.
const STOP_TIMEOUT_MS: u32 = 100;

/// The render engine's TIMESTAMP register, the one that REG_READ may read.
const RENDER_TIMESTAMP: u32 = 0x2358;

/// Makes software GPUs of one platform.
pub struct SoftGpuFactory {
    model: model::Platform,
    platform: Platform,
    strict: bool,
    null: bool,
    record: Option<PathBuf>,
}

impl SoftGpuFactory {
    /// A factory for the platform of that name.
    pub fn new(platform: &str) -> anyhow::Result<Self> {
        let Some(model) = model::Platform::by_name(platform) else {
            let names: Vec<_> = model::Platform::ALL
                .iter()
                .map(|platform| platform.name)
                .collect();
            anyhow::bail!(
                "the executor softgpu has no platform {platform:?} (it has: {})",
                names.join(", ")
            );
        };
        Ok(Self {
            platform: describe(&model),
            model,
            strict: false,
            null: false,
            record: None,
        })
    }

    /// The same with so many execution units.
    pub fn with_eus(self, eus: u32) -> anyhow::Result<Self> {
        let model = self.model.with_eus(eus)?;
        Ok(Self {
            platform: describe(&model),
            model,
            ..self
        })
    }

    /// The same, whose GPUs report what they shouldn't have been asked for.
    pub fn strict(self) -> Self {
        Self {
            strict: true,
            ..self
        }
    }

    /// The same, whose GPUs are recorded to this file.
    pub fn recorded_to(self, path: &Path) -> Self {
        Self {
            record: Some(path.to_owned()),
            ..self
        }
    }

    /// The same, whose engines execute nothing.
    pub fn null(self) -> Self {
        Self { null: true, ..self }
    }
}

impl Factory for SoftGpuFactory {
    fn platform(&self) -> &Platform {
        &self.platform
    }

    fn start(
        &self,
        memory: Arc<GuestMemory>,
        sink: Arc<dyn Sink>,
    ) -> Result<Box<dyn Executor>, Refused> {
        let sink = Arc::new(Translator { sink });
        let memory = regions(memory)?;
        let recorder = self.record.as_deref().and_then(record_to);
        let recording = recorder.map(|recorder| (recorder, memory.clone()));
        let gpu = Gpu::new(model::GpuConfig {
            strict: self.strict,
            null: self.null,
            recorder: recording.as_ref().map(|(recorder, _)| Arc::clone(recorder)),
            ..model::GpuConfig::new(self.model, memory, sink)
        })
        .map_err(refused)?;
        Ok(Box::new(SoftGpu { gpu, recording }))
    }
}

/// What records to a file; none if the file can't be written: the guest goes on without.
fn record_to(path: &Path) -> Option<Arc<model::Recorder>> {
    match model::Recorder::create(path) {
        Ok(recorder) => Some(Arc::new(recorder)),
        Err(error) => {
            log::error!("{} can't be recorded to: {error}", path.display());
            None
        }
    }
}

/// The model's platform in the seam's words.
fn describe(model: &model::Platform) -> Platform {
    let milliseconds = |duration: Duration| duration.as_millis() as u32;
    Platform {
        name: model.name.into(),
        device_id: model.device_id,
        revision: u16::from(model.revision),
        graphics_version: u16::from(model.graphics_version.major),
        graphics_release: u16::from(model.graphics_version.minor),
        address_bits: u16::from(model.ppgtt_bits),
        sseu: model.features.sseu_settable,
        // Tiger Lake, 12.0, is the last that takes them.
        relocations: (model.graphics_version.major, model.graphics_version.minor) <= (12, 0),
        vm_bind: model.features.vm_bind,
        timestamp_frequency: model.timestamp_frequency_hz as u32,
        topology: Topology {
            subslices: model.topology.subslice_mask.into(),
            ..Topology::whole([
                u16::from(model.topology.slices),
                u16::from(model.topology.subslices),
                u16::from(model.topology.eus_per_subslice),
            ])
        },
        engines: model
            .engines
            .iter()
            .map(|engine| Engine {
                class: engine.id.class.uapi(),
                instance: engine.id.instance,
                hardware_instance: engine.hardware_instance,
                capabilities: engine.capabilities,
                mmio_base: engine.mmio_base,
                heartbeat_interval_ms: milliseconds(engine.timing.heartbeat),
                preempt_timeout_ms: milliseconds(engine.timing.preempt_timeout),
                timeslice_duration_ms: milliseconds(engine.timing.timeslice),
                stop_timeout_ms: STOP_TIMEOUT_MS,
            })
            .collect(),
    }
}

/// The guest's memory as the model wants it. Each region keeps the whole mapping alive.
fn regions(memory: Arc<GuestMemory>) -> Result<model::Memory, Refused> {
    let mut regions = Vec::new();
    for region in memory.iter() {
        let base = region.start_addr().raw_value();
        let length = region.len() as usize;
        let pointer = NonNull::new(region.as_ptr())
            .ok_or_else(|| Refused::BadExtent("a memory region without a mapping".into()))?;
        let keep_alive: Arc<GuestMemory> = Arc::clone(&memory);
        // SAFETY: `pointer` is the start of a shared mapping of `length` bytes that lives
        // as long as the `GuestMemoryMmap` behind `keep_alive`. vm-memory itself touches
        // it through raw pointers only and hands out no references into it, and neither
        // does this crate.
        let region = unsafe { model::Region::new(base, pointer, length, keep_alive) };
        regions.push(region);
    }
    model::Memory::new(regions).map_err(|error| Refused::BadExtent(error.to_string()))
}

fn refused(error: GpuError) -> Refused {
    let text = error.to_string();
    match error {
        GpuError::UnknownAddressSpace(_)
        | GpuError::UnknownContext(_)
        | GpuError::UnknownSlot { .. }
        | GpuError::UnknownEngine { .. } => Refused::NotFound(text),
        GpuError::AddressSpaceExists(_)
        | GpuError::ContextExists(_)
        | GpuError::TimelineExists(_)
        | GpuError::PointNotIncreasing { .. } => Refused::Exists(text),
        GpuError::BadRange { .. } | GpuError::RangeTooHigh { .. } => Refused::BadRange(text),
        GpuError::ExtentOutsideMemory { .. } => Refused::BadExtent(text),
        GpuError::BadPriority(_) | GpuError::NoGang { .. } | GpuError::BadSseu(_) => {
            Refused::Unsupported(text)
        }
        GpuError::Limit { .. } => Refused::Limit(text),
        GpuError::NoThread => Refused::OutOfMemory(text),
    }
}

fn model_point(point: Point) -> model::Point {
    model::Point {
        timeline: TimelineId(point.timeline),
        value: point.value,
    }
}

fn model_wait(wait: Wait) -> model::Wait {
    let point = model_point(wait.point);
    match wait.start {
        true => model::Wait::Start(point),
        false => model::Wait::End(point),
    }
}

fn model_sseu(sseu: Sseu) -> model::Sseu {
    model::Sseu {
        slice_mask: sseu.slice_mask,
        subslice_mask: sseu.subslice_mask,
        min_eus_per_subslice: sseu.min_eus_per_subslice,
        max_eus_per_subslice: sseu.max_eus_per_subslice,
    }
}

fn seam_point(point: model::Point) -> Point {
    Point {
        timeline: point.timeline.0,
        value: point.value,
    }
}

fn model_points(points: Vec<Point>) -> Vec<model::Point> {
    points.into_iter().map(model_point).collect()
}

/// Passes the model's reports on in the seam's words.
struct Translator {
    sink: Arc<dyn Sink>,
}

impl model::CompletionSink for Translator {
    fn completed(&self, completion: model::Completion) {
        self.sink.completed(Completion {
            point: seam_point(completion.point),
            ending: match completion.outcome {
                model::Outcome::Completed => Ending::Done,
                model::Outcome::Hung => Ending::Hung,
                model::Outcome::Cancelled => Ending::Cancelled,
                model::Outcome::OutOfSpace => Ending::OutOfMemory,
            },
            busy_ns: completion.busy_ns,
            was_active: completion.was_active,
        });
    }

    fn hung(&self, report: model::HangReport) {
        self.sink.hung(Hang {
            context: report.context.0,
            slot: report.slot,
            class: report.engine.class.uapi(),
            instance: report.engine.instance,
            point: seam_point(report.point),
            command_address: report.address,
            command: report.dword,
            fault_address: report.fault_address.unwrap_or(0),
            registers: HungRegisters {
                batch_address: report.registers.batch_address,
                batch_state: report.registers.batch_state,
                error: report.registers.error,
                done: report.registers.done,
                parser_mode: report.registers.parser_mode,
                nop_id: report.registers.nop_id,
            },
            reason: report.reason.to_string(),
        });
    }
}

/// A software GPU.
struct SoftGpu {
    gpu: Gpu,
    /// What is recorded, and the memory as it is for the recorder.
    recording: Option<(Arc<model::Recorder>, model::Memory)>,
}

impl Drop for SoftGpu {
    fn drop(&mut self) {
        if let Some((recorder, memory)) = &self.recording
            && let Err(error) = recorder.finish(memory)
        {
            log::error!("the recording is incomplete: {error}");
        }
    }
}

impl Executor for SoftGpu {
    fn set_memory(&mut self, memory: Arc<GuestMemory>) -> Result<(), Refused> {
        let memory = regions(memory)?;
        if let Some((_, recorded)) = &mut self.recording {
            *recorded = memory.clone();
        }
        self.gpu.set_memory(memory);
        Ok(())
    }

    fn create_address_space(&mut self, id: u32, timeline: Timeline) -> Result<(), Refused> {
        self.gpu
            .create_address_space(AddressSpaceId(id), TimelineId(timeline))
            .map_err(refused)
    }

    fn destroy_address_space(&mut self, id: u32) -> Result<(), Refused> {
        self.gpu
            .destroy_address_space(AddressSpaceId(id))
            .map_err(refused)
    }

    fn create_context(&mut self, id: u32, context: Context) -> Result<(), Refused> {
        let slots = context
            .slots
            .iter()
            .map(|slot| {
                Ok(model::EngineSlot {
                    class: EngineClass::from_uapi(slot.class).ok_or_else(|| {
                        Refused::NotFound(format!("there is no engine class {}", slot.class))
                    })?,
                    instances: slot.instances,
                    timeline: TimelineId(slot.timeline),
                })
            })
            .collect::<Result<_, Refused>>()?;
        let description = model::ContextDescription {
            address_space: AddressSpaceId(context.address_space),
            recoverable: context.flags.recoverable,
            slots,
        };
        self.gpu
            .create_context(ContextId(id), description)
            .map_err(refused)
    }

    fn destroy_context(&mut self, id: u32) -> Result<(), Refused> {
        self.gpu.destroy_context(ContextId(id)).map_err(refused)
    }

    fn set_context_flags(&mut self, id: u32, flags: ContextFlags) -> Result<(), Refused> {
        self.gpu
            .set_recoverable(ContextId(id), flags.recoverable)
            .map_err(refused)
    }

    fn cancel_context(&mut self, id: u32) -> Result<(), Refused> {
        self.gpu.cancel_context(ContextId(id)).map_err(refused)
    }

    fn close_context(&mut self, id: u32) -> Result<(), Refused> {
        self.gpu.close_context(ContextId(id)).map_err(refused)
    }

    fn context_runtime_ns(&mut self, id: u32) -> Result<Vec<u64>, Refused> {
        self.gpu.context_runtime_ns(ContextId(id)).map_err(refused)
    }

    fn reset_active(&mut self) {
        self.gpu.reset_active();
    }

    fn reset_engines(&mut self, engines: u32) -> u32 {
        self.gpu.reset_engines(engines)
    }

    fn set_engine_properties(&mut self, properties: EngineProperties) -> Result<(), Refused> {
        let milliseconds = |time: u32| Duration::from_millis(time.into());
        let class = EngineClass::from_uapi(properties.class).ok_or_else(|| {
            Refused::NotFound(format!("there is no engine class {}", properties.class))
        })?;
        let engine = model::EngineId {
            class,
            instance: properties.instance,
        };
        let timing = model::EngineTiming {
            timeslice: milliseconds(properties.timeslice_duration_ms),
            preempt_timeout: milliseconds(properties.preempt_timeout_ms),
            heartbeat: milliseconds(properties.heartbeat_interval_ms),
            hang_detection: properties.hang_detection,
        };
        self.gpu.set_engine_timing(engine, timing).map_err(refused)
    }

    fn update(&mut self, update: Update) -> Result<(), Refused> {
        let address_space = AddressSpaceId(update.address_space);
        let (va, length, signal) = (update.address, update.length, update.signal);
        // The model cuts an address to the width it has.
        if va >> self.gpu.platform().ppgtt_bits != 0 {
            let why = format!("{va:#x} is past the address space");
            return Err(Refused::BadRange(why));
        }
        let waits = model_points(update.waits);
        let (extents, read_only, null) = match update.backing {
            Backing::Memory { extents, read_only } => (extents, read_only, false),
            Backing::Null => (Vec::new(), false, true),
            Backing::Nothing => {
                let unbind = model::Unbind {
                    address_space,
                    va,
                    length,
                    waits,
                    signal,
                };
                return self.gpu.unbind(unbind).map_err(refused);
            }
        };
        let extents = extents
            .into_iter()
            .map(|extent| model::Extent {
                address: extent.address,
                length: extent.length,
            })
            .collect();
        let bind = model::Bind {
            address_space,
            va,
            length,
            extents,
            read_only,
            null,
            waits,
            signal,
        };
        self.gpu.bind(bind).map_err(refused)
    }

    fn submit(&mut self, submission: Submission) -> Result<(), Refused> {
        let submission = model::Submission {
            context: ContextId(submission.context),
            slot: submission.slot,
            batches: submission.batches.into_vec(),
            waits: submission.waits.into_iter().map(model_wait).collect(),
            signal: submission.signal,
            priority: submission.priority,
            sseu: submission.sseu.map(model_sseu),
            cancelled: submission.cancelled,
        };
        self.gpu.submit(submission).map_err(refused)
    }

    /// Whatever is taken is begun at once.
    fn flush(&mut self) {}

    fn read_register(&self, offset: u32) -> Option<u64> {
        (offset == RENDER_TIMESTAMP).then(|| self.gpu.read_timestamp())
    }

    fn engine_busy_ns(&self) -> Vec<u64> {
        self.gpu.engines_occupied_ns()
    }

    fn counters(&self) -> serde_json::Value {
        let counters = self.gpu.counters();
        let engines = self.gpu.platform().engines;
        let engines: serde_json::Map<_, _> = engines
            .iter()
            .zip(&counters.engines)
            .map(|(engine, counts)| (engine.id.to_string(), serde_json::json!(counts)))
            .collect();
        serde_json::json!({
            "engines": engines,
            "binds": counters.binds,
            "extents_bound": counters.extents_bound,
            "pending": counters.pending,
            "waits": counters.waits,
            "address_spaces": counters.address_spaces,
            "contexts": counters.contexts,
            "slots": counters.slots,
            "timelines": counters.timelines,
        })
    }
}
