//! Submissions, by EXECBUFFER3 and EXECBUFFER2.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use super::{Context, Device, Object, Result};
use crate::sys::request::{self, Out};
use crate::sys::uapi::*;

/// A submission in VM_BIND mode.
#[derive(Debug)]
pub struct Exec3<'a> {
    context: &'a Context<'a>,
    engine_index: u32,
    batch_address: u64,
    fences: Vec<drm_i915_gem_timeline_fence>,
}

impl<'a> Exec3<'a> {
    /// A batch for one place of the context's engine map.
    pub fn new(context: &'a Context<'a>, engine_index: u32, batch_address: u64) -> Self {
        Self {
            context,
            engine_index,
            batch_address,
            fences: Vec::new(),
        }
    }

    /// Adds a fence.
    #[must_use]
    pub fn fence(mut self, fence: drm_i915_gem_timeline_fence) -> Self {
        self.fences.push(fence);
        self
    }

    /// The ioctl's argument; it points into `self`.
    pub fn argument(&self) -> drm_i915_gem_execbuffer3 {
        drm_i915_gem_execbuffer3 {
            ctx_id: self.context.id(),
            engine_idx: self.engine_index,
            batch_address: self.batch_address,
            fence_count: self.fences.len() as u32,
            timeline_fences: crate::sys::address_of_slice(&self.fences),
            ..Default::default()
        }
    }

    /// Submits.
    pub fn submit(&self, device: &Device) -> Result<()> {
        device.call::<request::GemExecbuffer3>(&mut self.argument())
    }
}

/// An entry of EXECBUFFER2's list of objects.
pub type ExecObject = drm_i915_gem_exec_object2;

impl<'d> Object<'d> {
    /// An entry that pins the object at an address.
    pub fn pinned_at(&self, offset: u64) -> ExecObject {
        let flags = EXEC_OBJECT_PINNED | EXEC_OBJECT_SUPPORTS_48B_ADDRESS;
        ExecObject {
            handle: self.handle(),
            offset,
            flags: flags.into(),
            ..Default::default()
        }
    }

    /// An entry that pins the object at an address and says that the batch writes it.
    pub fn written_at(&self, offset: u64) -> ExecObject {
        let entry = self.pinned_at(offset);
        ExecObject {
            flags: entry.flags | u64::from(EXEC_OBJECT_WRITE),
            ..entry
        }
    }
}

/// A submission by the older ioctl.
pub struct Exec2 {
    /// The objects; the batch comes last, or first with `I915_EXEC_BATCH_FIRST`.
    pub objects: Vec<ExecObject>,
    /// The argument. The pointer to the objects is filled in by [`Exec2::submit`].
    pub argument: drm_i915_gem_execbuffer2,
    fences: Vec<drm_i915_gem_exec_fence>,
    /// Relocations, of the object at this place of the list.
    pub relocations: Option<(usize, Vec<Relocation>)>,
}

/// A place in an object that has to hold another object's address.
pub type Relocation = drm_i915_gem_relocation_entry;

impl Exec2 {
    /// Runs the last of these objects, on the default engine of the default context.
    pub fn new(objects: Vec<ExecObject>) -> Self {
        let argument = drm_i915_gem_execbuffer2 {
            buffer_count: objects.len() as u32,
            flags: I915_EXEC_NO_RELOC.into(),
            ..Default::default()
        };
        Self {
            objects,
            argument,
            fences: Vec::new(),
            relocations: None,
        }
    }

    /// On this context.
    #[must_use]
    pub fn context(mut self, context: &Context<'_>) -> Self {
        self.argument.rsvd1 = context.id().into();
        self
    }

    /// On this engine: a legacy ring's number, or an index of the context's map.
    #[must_use]
    pub fn engine(mut self, selector: u32) -> Self {
        self.argument.flags |= u64::from(selector);
        self
    }

    /// With these flags too.
    #[must_use]
    pub fn flags(mut self, flags: u32) -> Self {
        self.argument.flags |= u64::from(flags);
        self
    }

    /// Waits for a sync_file first.
    #[must_use]
    pub fn after(mut self, sync_file: &impl AsFd) -> Self {
        let fd = sync_file.as_fd().as_raw_fd().cast_unsigned();
        self.argument.rsvd2 |= u64::from(fd);
        self.flags(I915_EXEC_FENCE_IN)
    }

    /// Starts no sooner than the submission behind a sync_file has started.
    #[must_use]
    pub fn after_start(self, sync_file: &impl AsFd) -> Self {
        let mut exec = self.after(sync_file);
        exec.argument.flags &= !u64::from(I915_EXEC_FENCE_IN);
        exec.flags(I915_EXEC_FENCE_SUBMIT)
    }

    /// Adds a syncobj to the fence array (`I915_EXEC_FENCE_WAIT` and `_SIGNAL`).
    #[must_use]
    pub fn fence(mut self, handle: u32, flags: u32) -> Self {
        self.fences.push(drm_i915_gem_exec_fence { handle, flags });
        self.argument.num_cliprects = self.fences.len() as u32;
        self.argument.cliprects_ptr = crate::sys::address_of_slice(&self.fences);
        self.flags(I915_EXEC_FENCE_ARRAY)
    }

    /// With relocations of the object at this place of the list; without NO_RELOC.
    #[must_use]
    pub fn relocate(mut self, place: usize, relocations: Vec<Relocation>) -> Self {
        self.objects[place].relocation_count = relocations.len() as u32;
        self.relocations = Some((place, relocations));
        self.argument.flags &= !u64::from(I915_EXEC_NO_RELOC);
        self
    }

    /// Submits.
    pub fn submit(&mut self, device: &Device) -> Result<()> {
        let relocations = self
            .relocations
            .as_mut()
            .map(|(place, list)| (*place, Out::Memory(crate::sys::bytes_of_relocations(list))));
        let (argument, list) = (&mut self.argument, &mut self.objects);
        request::execbuffer2(device.fd(), argument, list, relocations).map_err(failed)
    }

    /// Submits with relocations that may be anywhere.
    pub fn submit_relocations_at(
        &mut self,
        device: &Device,
        place: usize,
        at: Out<'_>,
    ) -> Result<()> {
        let (argument, list) = (&mut self.argument, &mut self.objects);
        request::execbuffer2(device.fd(), argument, list, Some((place, at))).map_err(failed)
    }

    /// Submits, and returns a sync_file that signals when the batch is done.
    pub fn submit_with_fence(mut self, device: &Device) -> Result<OwnedFd> {
        self = self.flags(I915_EXEC_FENCE_OUT);
        self.submit(device)?;
        let fd = (self.argument.rsvd2 >> 32) as u32;
        Ok(crate::sys::take_descriptor(fd.cast_signed()))
    }
}

fn failed(errno: nix::errno::Errno) -> super::Error {
    super::Error::Ioctl {
        name: "IOCTL_I915_GEM_EXECBUFFER2",
        errno,
    }
}
