//! The calls that change a GPU, as data: for recordings and their replay.

use serde::{Deserialize, Serialize};

use crate::error::GpuError;
use crate::gpu::{Bind, ContextDescription, Gpu, Submission, Unbind};
use crate::ids::{AddressSpaceId, ContextId, TimelineId};
use crate::platform::{EngineId, EngineTiming};

/// A call of [`Gpu`]'s method of that name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are the methods' parameters")]
pub enum Call {
    /// [`Gpu::create_address_space`].
    CreateAddressSpace {
        id: AddressSpaceId,
        bind_timeline: TimelineId,
    },
    /// [`Gpu::destroy_address_space`].
    DestroyAddressSpace { id: AddressSpaceId },
    /// [`Gpu::create_context`].
    CreateContext {
        id: ContextId,
        description: ContextDescription,
    },
    /// [`Gpu::destroy_context`].
    DestroyContext { id: ContextId },
    /// [`Gpu::set_recoverable`].
    SetRecoverable { id: ContextId, recoverable: bool },
    /// [`Gpu::cancel_context`].
    CancelContext { id: ContextId },
    /// [`Gpu::close_context`].
    CloseContext { id: ContextId },
    /// [`Gpu::reset_engines`].
    ResetEngines { engines: u32 },
    /// [`Gpu::reset_active`].
    ResetActive,
    /// [`Gpu::bind`].
    Bind(Bind),
    /// [`Gpu::unbind`].
    Unbind(Unbind),
    /// [`Gpu::submit`].
    Submit(Submission),
    /// [`Gpu::set_engine_timing`].
    SetEngineTiming {
        engine: EngineId,
        timing: EngineTiming,
    },
}

impl Gpu {
    /// Makes a call that is given as data.
    pub fn call(&self, call: Call) -> Result<(), GpuError> {
        match call {
            Call::CreateAddressSpace { id, bind_timeline } => {
                self.create_address_space(id, bind_timeline)
            }
            Call::DestroyAddressSpace { id } => self.destroy_address_space(id),
            Call::CreateContext { id, description } => self.create_context(id, description),
            Call::DestroyContext { id } => self.destroy_context(id),
            Call::SetRecoverable { id, recoverable } => self.set_recoverable(id, recoverable),
            Call::CancelContext { id } => self.cancel_context(id),
            Call::CloseContext { id } => self.close_context(id),
            Call::ResetEngines { engines } => {
                self.reset_engines(engines);
                Ok(())
            }
            Call::ResetActive => {
                self.reset_active();
                Ok(())
            }
            Call::Bind(bind) => self.bind(bind),
            Call::Unbind(unbind) => self.unbind(unbind),
            Call::Submit(submission) => self.submit(submission),
            Call::SetEngineTiming { engine, timing } => self.set_engine_timing(engine, timing),
        }
    }
}
