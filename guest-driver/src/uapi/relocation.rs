// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Relocations of EXECBUFFER2: addresses of objects, written into objects.
//!
//! A batch that several processes share is relocated by each of them for itself. So the
//! addresses are written with the objects' reservations locked, and these stay locked until
//! the submission is queued: nobody else writes to the batch in between, and who comes later
//! waits for the submission. With them locked no page fault may be taken, and nobody is
//! waited for: what would need that is left to [`Outcome`].

use crate::drm::resv::Usage;
use crate::drm::{Object, PinnedPages};
use crate::rules::address::canonical;
use crate::rules::execbuffer2::{self, Header, Relocation};
use crate::uapi::user;
use crate::uapi_types::{
    drm_i915_gem_exec_object2, drm_i915_gem_relocation_entry, I915_EXEC_HANDLE_LUT,
    I915_EXEC_NO_RELOC,
};
use crate::vm::LegacyRequest;
use kernel::current;
use kernel::prelude::*;
use kernel::sync::aref::ARef;

/// How many relocations are done between two looks for a signal.
const SPELL: usize = 4096;

/// What an attempt at writing the addresses came to.
pub(super) enum Outcome {
    /// All are written.
    Done,
    /// The object is in use: nothing may be written to it yet.
    Busy(ARef<Object>),
    /// The relocation at this address of the caller's is not in memory.
    Absent(u64),
}

/// The relocations of one object.
struct Source {
    /// Its place in the list.
    index: usize,
    pages: PinnedPages,
}

/// What a submission lists, and where it is mapped.
#[derive(Clone, Copy)]
struct Listed<'a> {
    header: &'a Header,
    objects: &'a [drm_i915_gem_exec_object2],
    addresses: &'a [u64],
}

impl Listed<'_> {
    /// The places of a source's relocations in the caller's memory. EFAULT.
    fn places(&self, source: &Source) -> impl Iterator<Item = Result<u64>> {
        const SIZE: u64 = size_of::<drm_i915_gem_relocation_entry>() as u64;
        let object = self.objects.get(source.index);
        let (first, count) = object.map_or((0, 0), |o| (o.relocs_ptr, o.relocation_count));
        (0..u64::from(count)).map(move |index| first.checked_add(index * SIZE).ok_or(EFAULT))
    }

    /// The object that a relocation names: by its place in the list, or by its handle.
    fn target(&self, entry: &drm_i915_gem_relocation_entry) -> Option<usize> {
        let handle = entry.target_handle;
        if self.header.flags & u64::from(I915_EXEC_HANDLE_LUT) != 0 {
            return ((handle as usize) < self.objects.len()).then_some(handle as usize);
        }
        self.objects
            .iter()
            .position(|object| object.handle == handle)
    }
}

/// The relocations of a submission.
pub(super) struct Relocations<'a> {
    listed: Listed<'a>,
    sources: KVec<Source>,
    /// Which of the listed objects relocations say are written; empty without relocations.
    written: KVec<bool>,
    /// An address was written that the caller did not presume.
    changed: bool,
}

impl<'a> Relocations<'a> {
    /// What there is to be relocated, with the objects at `addresses`, where they are mapped.
    /// With `I915_EXEC_NO_RELOC` the caller vouches that all is right as long as no object
    /// has moved from where it said. ENOMEM, EINVAL; for a process's memory EFAULT,
    /// ERESTARTSYS.
    pub(super) fn new(
        header: &'a Header,
        objects: &'a [drm_i915_gem_exec_object2],
        requests: &[LegacyRequest],
        addresses: &'a [u64],
    ) -> Result<Self> {
        let mut this = Self {
            listed: Listed {
                header,
                objects,
                addresses,
            },
            sources: KVec::new(),
            written: KVec::new(),
            changed: false,
        };
        let mut places = objects.iter().zip(addresses);
        let moved = places.any(|(object, address)| object.offset != canonical(*address));
        if header.flags & u64::from(I915_EXEC_NO_RELOC) != 0 && !moved {
            return Ok(this);
        }
        for (index, object) in objects.iter().enumerate() {
            execbuffer2::check_relocation_count(object.relocation_count)?;
            if object.relocation_count != 0 {
                let pages = requests.get(index).ok_or(EINVAL)?.object.pin()?;
                this.sources.push(Source { index, pages }, GFP_KERNEL)?;
            }
        }
        if !this.sources.is_empty() {
            this.written = KVec::from_elem(false, objects.len(), GFP_KERNEL)?;
        }
        Ok(this)
    }

    /// Writes the addresses. Called with the reservations of all objects locked. EFAULT,
    /// ENOENT, EINVAL, ERESTARTSYS.
    pub(super) fn write(&mut self) -> Result<Outcome> {
        let listed = self.listed;
        for source in self.sources.iter() {
            let object = source.pages.object();
            let size = object.size() as u64;
            let idle = object.resv().test_signaled(Usage::Read);
            for (number, place) in listed.places(source).enumerate() {
                if number % SPELL == SPELL - 1 && current!().signal_pending() {
                    return Err(ERESTARTSYS);
                }
                let place = place?;
                let Some(entry) = user::read_if_there(place) else {
                    return Ok(Outcome::Absent(place));
                };
                let target_index = listed.target(&entry);
                let target = target_index.and_then(|target| listed.addresses.get(target));
                let relocation = Relocation {
                    delta: entry.delta,
                    offset: entry.offset,
                    presumed_offset: entry.presumed_offset,
                    read_domains: entry.read_domains,
                    write_domain: entry.write_domain,
                };
                let done = execbuffer2::check_relocation(&relocation, target.copied(), size)?;
                if let Some(written) = target_index.and_then(|target| self.written.get_mut(target))
                {
                    *written |= done.write;
                }
                let Some(value) = done.value else {
                    continue;
                };
                if !idle {
                    return Ok(Outcome::Busy(object.into()));
                }
                let offset = entry.offset as usize;
                source.pages.copy_from(offset, &value.to_le_bytes())?;
                self.changed = true;
            }
        }
        Ok(Outcome::Done)
    }

    /// Whether a relocation says that the listed object of that index is written, as if it
    /// had been listed with EXEC_OBJECT_WRITE.
    pub(super) fn says_written(&self, index: usize) -> bool {
        self.written.get(index).copied().unwrap_or(false)
    }

    /// Tells the caller what is written in the objects now, if that isn't what it presumed.
    /// As in i915 a list that can't be written to is no error.
    pub(super) fn tell(&self) {
        if !self.changed {
            return;
        }
        let listed = self.listed;
        for place in self.sources.iter().flat_map(|source| listed.places(source)) {
            let Ok(place) = place else { return };
            let Ok(entry) = user::read::<drm_i915_gem_relocation_entry>(place) else {
                return;
            };
            let target = listed.target(&entry);
            let Some(address) = target.and_then(|target| listed.addresses.get(target)) else {
                continue;
            };
            let address = canonical(*address);
            let field = core::mem::offset_of!(drm_i915_gem_relocation_entry, presumed_offset);
            if entry.presumed_offset != address
                && user::write(place + field as u64, &address).is_err()
            {
                return;
            }
        }
    }
}
