// SPDX-License-Identifier: GPL-2.0 OR MIT

//! EXECBUFFER2's checks (`gem/i915_gem_execbuffer.c`), in i915's order:
//!
//! | stage | on failure |
//! | --- | --- |
//! | [`check_buffer_count`], [`Header::check`] | `EINVAL` |
//! | read the objects | `ENOMEM`, `EFAULT` |
//! | [`Header::check_privilege`] | `ENODEV` |
//! | [`Header::extensions`]; if a chain, walk it | `EINVAL`; as [`extensions`](super::extensions) |
//! | each timeline fence of it: [`check_fence_flags`], look up, [`fence_action`](super::execbuffer3::fence_action) | `EINVAL`, `ENOENT`, `EINVAL` |
//! | [`Header::fence_array`]; each: [`check_fence_flags`], look up, [`array_fence_action`] | `EINVAL`, `ENOENT`, `EINVAL` |
//! | [`Header::in_fence`]; look it up | `EINVAL` |
//! | make room for an out fence | `EMFILE` |
//! | look up the context, use it; its VM must not be in bind mode | `ENOENT`; `EOPNOTSUPP` |
//! | select the slot ([`select_legacy`], [`select_user`]); [`Header::check_parallel`] | `EINVAL` |
//! | the device is wedged | `EIO` |
//! | each object: look up, [`check_object`], and if [`Header::is_batch`], [`check_batch`] | `ENOENT`, `EINVAL` |
//! | the context is banned | `EIO` |
//! | each pinned object: [`check_placement`]; that no two overlap | `EINVAL`; `ENOSPC` |
//! | each relocation: [`check_relocation`] | `ENOENT`, `EINVAL` |
//! | [`Header::check_late`] | `EINVAL` |
//!
//! [`select_legacy`]: super::engine_map::select_legacy
//! [`select_user`]: super::engine_map::select_user

use super::address::{canonical, is_page_aligned, noncanonical, range_overflows, Range, PAGE_SIZE};
use super::errno::{valid_if, Errno, Result};
use super::execbuffer3::FenceAction;
use super::platform::PlatformFacts;
use super::uapi_numbers::*;

/// Flags that mean something on this hardware. The constants of Gen4's addressing modes
/// and the resource streamer do not.
const LEGAL_FLAGS: u64 = ((I915_EXEC_USE_EXTENSIONS << 1) - 1)
    & !(I915_EXEC_CONSTANTS_MASK | I915_EXEC_RESOURCE_STREAMER);

/// `struct drm_i915_gem_execbuffer2` but for what is only looked up.
#[derive(Clone, Copy, Debug, Default)]
pub struct Header {
    /// Where in its object the batch begins.
    pub batch_start_offset: u32,
    /// Length of the batch; 0 for all of the object.
    pub batch_len: u32,
    /// Must be zero.
    pub dr1: u32,
    /// Must be zero, or all ones, which was X's way to leave it unset.
    pub dr4: u32,
    /// Entries of the fence array.
    pub num_cliprects: u32,
    /// The fence array, or the chain of extensions.
    pub cliprects_ptr: u64,
    /// Bits of `I915_EXEC_*`.
    pub flags: u64,
}

/// The fence a submission starts after, given as a sync_file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InFence {
    /// None.
    None,
    /// After it has signalled.
    Signaled,
    /// After the submission that will signal it has started.
    Submitted,
}

/// How many objects there may be (`check_buffer_count`): at least one, and no more than
/// can be addressed.
pub fn check_buffer_count(count: u32) -> Result {
    valid_if(count >= 1 && count <= i32::MAX as u32)
}

impl Header {
    fn has(&self, flag: u64) -> bool {
        self.flags & flag != 0
    }

    /// The checks before anything is read (`i915_gem_check_execbuffer`).
    pub fn check(&self) -> Result {
        valid_if(self.flags & !LEGAL_FLAGS == 0)?;
        if !self.has(I915_EXEC_FENCE_ARRAY | I915_EXEC_USE_EXTENSIONS) {
            valid_if(self.num_cliprects == 0 && self.cliprects_ptr == 0)?;
        }
        valid_if(self.dr1 == 0 && (self.dr4 == 0 || self.dr4 == u32::MAX))?;
        valid_if((self.batch_start_offset | self.batch_len) % 8 == 0)
    }

    /// Privileged batches are no more from Gen11 on (`i915_gem_do_execbuffer`).
    pub fn check_privilege(&self) -> Result {
        if self.has(I915_EXEC_SECURE) {
            return Err(Errno::ENODEV);
        }
        Ok(())
    }

    /// The first link of the chain of extensions (`parse_execbuf2_extensions`), which has
    /// the place of the fence array: `EINVAL` if both are wanted.
    pub fn extensions(&self) -> Result<Option<u64>> {
        if !self.has(I915_EXEC_USE_EXTENSIONS) {
            return Ok(None);
        }
        valid_if(!self.has(I915_EXEC_FENCE_ARRAY) && self.num_cliprects == 0)?;
        Ok(Some(self.cliprects_ptr))
    }

    /// How many entries the fence array at `cliprects_ptr` has (`add_fence_array`).
    pub fn fence_array(&self) -> usize {
        if self.has(I915_EXEC_FENCE_ARRAY) {
            self.num_cliprects as usize
        } else {
            0
        }
    }

    /// The sync_file to start after: `EINVAL` for both ways of it at once.
    pub fn in_fence(&self) -> Result<InFence> {
        match (
            self.has(I915_EXEC_FENCE_IN),
            self.has(I915_EXEC_FENCE_SUBMIT),
        ) {
            (true, true) => Err(Errno::EINVAL),
            (true, false) => Ok(InFence::Signaled),
            (false, true) => Ok(InFence::Submitted),
            (false, false) => Ok(InFence::None),
        }
    }

    /// Whether a sync_file of the submission is wanted.
    pub fn wants_out_fence(&self) -> bool {
        self.has(I915_EXEC_FENCE_OUT)
    }

    /// A slot of several batches takes as many objects, whole ones (`eb_select_engine`).
    pub fn check_parallel(&self, buffer_count: usize, width: usize) -> Result {
        if width <= 1 {
            return Ok(());
        }
        valid_if(buffer_count >= width)?;
        valid_if(self.batch_start_offset == 0 && self.batch_len == 0)
    }

    /// Whether the object at `index` is a batch: the last `width` of them, or the first
    /// (`is_batch_buffer`).
    pub fn is_batch(&self, index: usize, buffer_count: usize, width: usize) -> bool {
        if self.has(I915_EXEC_BATCH_FIRST) {
            index < width
        } else {
            index >= buffer_count.saturating_sub(width)
        }
    }

    /// What i915 refuses only when all else is in place (`eb_request_submit`): the reset
    /// of Gen7's stream-out offsets.
    pub fn check_late(&self) -> Result {
        valid_if(!self.has(I915_EXEC_GEN7_SOL_RESET))
    }
}

/// A fence of the array or of the extension, before its syncobj is looked up.
pub fn check_fence_flags(flags: u32) -> Result {
    valid_if(flags & !(I915_EXEC_FENCE_WAIT | I915_EXEC_FENCE_SIGNAL) == 0)
}

/// How many timeline fences the extension has: `EINVAL` for more than can be addressed
/// (`add_timeline_fence_array`).
pub fn check_timeline_fence_count(count: u64) -> Result<usize> {
    const ENTRY_SIZE: u64 = 32;
    valid_if(count <= u64::MAX / ENTRY_SIZE)?;
    usize::try_from(count).map_err(|_| Errno::EINVAL)
}

/// What a submission does with a fence of the array, once its syncobj is known
/// (`add_fence_array`): waiting for a syncobj without a fence is `EINVAL`.
pub fn array_fence_action(flags: u32, has_fence: bool) -> Result<FenceAction> {
    let wait = flags & I915_EXEC_FENCE_WAIT != 0;
    valid_if(has_fence || !wait)?;
    Ok(FenceAction {
        wait,
        signal: flags & I915_EXEC_FENCE_SIGNAL != 0,
    })
}

/// `struct drm_i915_gem_exec_object2` but for the handle and the relocations' address.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExecObject {
    /// Relocations to be made in it.
    pub relocation_count: u32,
    /// What its address must be a multiple of; 0 for a page.
    pub alignment: u64,
    /// Where it is to be, canonical, if pinned; else where userspace believes it is.
    pub offset: u64,
    /// Bits of `EXEC_OBJECT_*`.
    pub flags: u64,
    /// The address space it is to take, with the flag for it.
    pub pad_to_size: u64,
}

/// An object that may be placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckedObject {
    /// Where it is to be if pinned, else where userspace believes it is, of 48 bits.
    pub offset: u64,
    /// What its address must be a multiple of, at least a page.
    pub alignment: u64,
    /// The address space it takes.
    pub size: u64,
    /// It is to be at `offset` and nowhere else.
    pub pinned: bool,
    /// It may be anywhere in the address space, not only in the first 4 GiB.
    pub anywhere: bool,
    /// The batch writes it.
    pub write: bool,
    /// The submission does not wait for others' work on it.
    pub asynchronous: bool,
    /// Its contents go to the error state of a hang.
    pub capture: bool,
    /// Relocations to be made in it.
    pub relocation_count: u32,
}

/// An object, once it is known (`eb_validate_vma`); everything wrong is `EINVAL`.
///
/// Objects in the global GTT are for hardware without address spaces of its own; fence
/// registers are ignored for hardware without them. A private object of a bind-mode VM
/// has no place here.
pub fn check_object(
    facts: &PlatformFacts,
    object: &ExecObject,
    object_size: u64,
    private: bool,
) -> Result<CheckedObject> {
    const KNOWN_FLAGS: u64 = (EXEC_OBJECT_CAPTURE << 1) - 1;
    let has = |flag| object.flags & flag != 0;
    valid_if(object.relocation_count == 0 || facts.relocations)?;
    valid_if(object.flags & !(KNOWN_FLAGS & !EXEC_OBJECT_NEEDS_GTT) == 0)?;
    valid_if(object.alignment == 0 || object.alignment.is_power_of_two())?;
    let pinned = has(EXEC_OBJECT_PINNED);
    valid_if(!pinned || object.offset == canonical(object.offset & !(PAGE_SIZE - 1)))?;
    // Once a reserved field: without its flag it is not looked at.
    let padded = if has(EXEC_OBJECT_PAD_TO_SIZE) {
        valid_if(is_page_aligned(object.pad_to_size))?;
        object.pad_to_size
    } else {
        0
    };
    valid_if(!private)?;
    Ok(CheckedObject {
        offset: noncanonical(object.offset),
        alignment: object.alignment.max(PAGE_SIZE),
        size: object_size.max(padded),
        pinned,
        anywhere: has(EXEC_OBJECT_SUPPORTS_48B_ADDRESS),
        write: has(EXEC_OBJECT_WRITE),
        asynchronous: has(EXEC_OBJECT_ASYNC),
        capture: has(EXEC_OBJECT_CAPTURE),
        relocation_count: object.relocation_count,
    })
}

/// A batch's object (`eb_add_vma`): `EINVAL` if it is written or the batch leaves it.
/// The batch's length.
pub fn check_batch(header: &Header, object: &CheckedObject, object_size: u64) -> Result<u64> {
    let start = u64::from(header.batch_start_offset);
    let length = u64::from(header.batch_len);
    valid_if(!object.write)?;
    valid_if(!range_overflows(start, length, object_size))?;
    Ok(if length == 0 {
        object_size - start
    } else {
        length
    })
}

/// The first address that is out of reach for an object (`i915_vma.c:i915_vma_insert`).
/// Without the flag for 48 bits it must end one page below 4 GiB, so that even its end
/// has no more than 32.
pub fn address_limit(facts: &PlatformFacts, anywhere: bool) -> u64 {
    let all = facts.address_space_size();
    if anywhere {
        all
    } else {
        all.min((1 << 32) - PAGE_SIZE)
    }
}

/// The range of a pinned object: `ENOSPC` for one larger than what it may use, `EINVAL`
/// for an address it can't have (`i915_vma.c:i915_vma_insert`).
pub fn check_placement(facts: &PlatformFacts, object: &CheckedObject) -> Result<Range> {
    let limit = address_limit(facts, object.anywhere);
    if object.size > limit {
        return Err(Errno::ENOSPC);
    }
    valid_if(object.offset & (object.alignment - 1) == 0)?;
    valid_if(!range_overflows(object.offset, object.size, limit))?;
    Range::new(object.offset, object.size)
}

/// The most relocations of an object (`eb_relocate_vma`), in an array that can be
/// addressed: `EINVAL`.
pub fn check_relocation_count(count: u32) -> Result {
    const ENTRY_SIZE: u32 = 32;
    valid_if(count <= i32::MAX as u32 / ENTRY_SIZE)
}

/// `struct drm_i915_gem_relocation_entry` but for the target's handle.
#[derive(Clone, Copy, Debug, Default)]
pub struct Relocation {
    /// Added to the target's address.
    pub delta: u32,
    /// Where in the object the address is to be written.
    pub offset: u64,
    /// The address of the target, canonical, that is written there already.
    pub presumed_offset: u64,
    /// Bits of `I915_GEM_DOMAIN_*`.
    pub read_domains: u32,
    /// At most one of `I915_GEM_DOMAIN_*`.
    pub write_domain: u32,
}

/// What a relocation comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relocated {
    /// The target is written by the batch.
    pub write: bool,
    /// The eight bytes to be written at the offset; `None` if they are there already.
    pub value: Option<u64>,
}

/// A relocation whose target, if it is in the list, is at `target` (`eb_relocate_entry`):
/// `ENOENT` if it is not in the list, else `EINVAL` for domains that the GPU has not, and
/// for an offset beyond the object or misaligned if there is anything to be written.
pub fn check_relocation(
    relocation: &Relocation,
    target: Option<u64>,
    object_size: u64,
) -> Result<Relocated> {
    const GPU_DOMAINS: u32 = I915_GEM_DOMAIN_RENDER
        | I915_GEM_DOMAIN_SAMPLER
        | I915_GEM_DOMAIN_COMMAND
        | I915_GEM_DOMAIN_INSTRUCTION
        | I915_GEM_DOMAIN_VERTEX;
    let target = target.ok_or(Errno::ENOENT)?;
    valid_if(relocation.write_domain.count_ones() <= 1)?;
    valid_if((relocation.write_domain | relocation.read_domains) & !GPU_DOMAINS == 0)?;
    let write = relocation.write_domain != 0;
    if canonical(target) == relocation.presumed_offset {
        return Ok(Relocated { write, value: None });
    }
    valid_if(object_size >= 8 && relocation.offset <= object_size - 8)?;
    valid_if(relocation.offset % 4 == 0)?;
    // The delta is signed, as far as addresses go.
    let delta = i64::from(relocation.delta as i32);
    Ok(Relocated {
        write,
        value: Some(canonical(target.wrapping_add_signed(delta))),
    })
}

#[cfg(test)]
mod tests {
    use super::super::platform::{ice_lake, tiger_lake};
    use super::*;

    fn with_flags(flags: u64) -> Header {
        Header {
            flags,
            ..Header::default()
        }
    }

    // i915_gem_check_execbuffer
    #[test]
    fn header_checks() {
        assert_eq!(Header::default().check(), Ok(()));
        for flag in [1 << 22, 1 << 63, 1 << 6, 1 << 7, 1 << 15] {
            assert_eq!(with_flags(flag).check(), Err(Errno::EINVAL), "{flag:#x}");
        }
        // These are refused later, or never.
        for flag in [1 << 8, 1 << 9, 1 << 10, 1 << 21, 0x3f] {
            assert_eq!(with_flags(flag).check(), Ok(()), "{flag:#x}");
        }
        let wrong = [
            Header {
                num_cliprects: 1,
                ..Header::default()
            },
            Header {
                cliprects_ptr: 1,
                ..Header::default()
            },
            Header {
                dr1: 1,
                ..Header::default()
            },
            Header {
                dr1: u32::MAX,
                ..Header::default()
            },
            Header {
                dr4: 1,
                ..Header::default()
            },
            Header {
                batch_len: 4,
                ..Header::default()
            },
            Header {
                batch_start_offset: 4,
                ..Header::default()
            },
        ];
        for header in wrong {
            assert_eq!(header.check(), Err(Errno::EINVAL), "{header:?}");
        }
        let garbage = Header {
            dr4: u32::MAX,
            ..Header::default()
        };
        assert_eq!(garbage.check(), Ok(()));
        assert_eq!(check_buffer_count(0), Err(Errno::EINVAL));
        assert_eq!(check_buffer_count(1 << 31), Err(Errno::EINVAL));
        assert_eq!(check_buffer_count(1), Ok(()));
    }

    // i915_gem_do_execbuffer, parse_execbuf2_extensions
    #[test]
    fn fences_and_extensions_share_a_field() {
        let both = with_flags(I915_EXEC_FENCE_ARRAY | I915_EXEC_USE_EXTENSIONS);
        assert_eq!(both.extensions(), Err(Errno::EINVAL));
        let chain = Header {
            cliprects_ptr: 0x1000,
            ..with_flags(I915_EXEC_USE_EXTENSIONS)
        };
        assert_eq!(chain.extensions(), Ok(Some(0x1000)));
        let counted = Header {
            num_cliprects: 1,
            ..chain
        };
        assert_eq!(counted.extensions(), Err(Errno::EINVAL));
        let array = Header {
            num_cliprects: 3,
            ..with_flags(I915_EXEC_FENCE_ARRAY)
        };
        assert_eq!(array.extensions(), Ok(None));
        assert_eq!(array.fence_array(), 3);
        assert_eq!(chain.fence_array(), 0);

        assert_eq!(
            with_flags(I915_EXEC_FENCE_IN | I915_EXEC_FENCE_SUBMIT).in_fence(),
            Err(Errno::EINVAL)
        );
        assert_eq!(
            with_flags(I915_EXEC_FENCE_SUBMIT).in_fence(),
            Ok(InFence::Submitted)
        );
        assert_eq!(
            with_flags(I915_EXEC_SECURE).check_privilege(),
            Err(Errno::ENODEV)
        );
        assert_eq!(
            with_flags(I915_EXEC_GEN7_SOL_RESET).check_late(),
            Err(Errno::EINVAL)
        );
        assert_eq!(array_fence_action(1, false), Err(Errno::EINVAL));
        assert_eq!(
            array_fence_action(2, false),
            Ok(FenceAction {
                wait: false,
                signal: true
            })
        );
        assert_eq!(check_fence_flags(4), Err(Errno::EINVAL));
        assert_eq!(check_timeline_fence_count(u64::MAX), Err(Errno::EINVAL));
    }

    #[test]
    fn batches_are_last_or_first() {
        let last = Header::default();
        let first = with_flags(I915_EXEC_BATCH_FIRST);
        assert!(last.is_batch(3, 4, 1) && !last.is_batch(2, 4, 1));
        assert!(first.is_batch(0, 4, 1) && !first.is_batch(1, 4, 1));
        assert!(last.is_batch(2, 4, 2) && first.is_batch(1, 4, 2));
        assert_eq!(last.check_parallel(1, 2), Err(Errno::EINVAL));
        assert_eq!(last.check_parallel(2, 2), Ok(()));
        let partial = Header {
            batch_len: 8,
            ..last
        };
        assert_eq!(partial.check_parallel(2, 2), Err(Errno::EINVAL));
        assert_eq!(partial.check_parallel(1, 1), Ok(()));
    }

    // eb_validate_vma
    #[test]
    fn object_checks() {
        let facts = tiger_lake();
        let check = |object: ExecObject| check_object(&facts, &object, 8192, false);
        let pinned = |offset| ExecObject {
            offset,
            flags: EXEC_OBJECT_PINNED | EXEC_OBJECT_SUPPORTS_48B_ADDRESS,
            ..ExecObject::default()
        };
        let wrong = [
            ExecObject {
                relocation_count: 1,
                ..ExecObject::default()
            },
            ExecObject {
                flags: 1 << 8,
                ..ExecObject::default()
            },
            ExecObject {
                flags: EXEC_OBJECT_NEEDS_GTT,
                ..ExecObject::default()
            },
            ExecObject {
                alignment: 3,
                ..ExecObject::default()
            },
            ExecObject {
                flags: EXEC_OBJECT_PAD_TO_SIZE,
                pad_to_size: 1,
                ..ExecObject::default()
            },
            pinned(1),
            pinned(1 << 47),
            pinned(1 << 48),
        ];
        for object in wrong {
            assert_eq!(check(object), Err(Errno::EINVAL), "{object:?}");
        }
        assert_eq!(
            check_object(&facts, &ExecObject::default(), 8192, true),
            Err(Errno::EINVAL)
        );
        let fenced = ExecObject {
            flags: EXEC_OBJECT_NEEDS_FENCE,
            offset: 3,
            pad_to_size: 1,
            ..ExecObject::default()
        };
        assert_eq!(check(fenced).unwrap().size, 8192);
        let high = check(pinned(0xffff_8000_0000_0000)).unwrap();
        assert_eq!(high.offset, 1 << 47);
        let relocated = ExecObject {
            relocation_count: 1,
            ..ExecObject::default()
        };
        assert!(check_object(&ice_lake(), &relocated, 8192, false).is_ok());
    }

    // eb_add_vma
    #[test]
    fn a_batch_lies_in_its_object_and_is_not_written() {
        let facts = tiger_lake();
        let object = check_object(&facts, &ExecObject::default(), 4096, false).unwrap();
        let batch = |batch_start_offset, batch_len| {
            let header = Header {
                batch_start_offset,
                batch_len,
                ..Header::default()
            };
            check_batch(&header, &object, 4096)
        };
        assert_eq!(batch(0, 0), Ok(4096));
        assert_eq!(batch(8, 0), Ok(4088));
        assert_eq!(batch(8, 4088), Ok(4088));
        assert_eq!(batch(16, 4088), Err(Errno::EINVAL));
        assert_eq!(batch(4096, 0), Err(Errno::EINVAL));
        let written = CheckedObject {
            write: true,
            ..object
        };
        assert_eq!(
            check_batch(&Header::default(), &written, 4096),
            Err(Errno::EINVAL)
        );
    }

    // i915_vma.c:i915_vma_insert
    #[test]
    fn a_pinned_object_stays_in_its_zone_and_alignment() {
        let facts = tiger_lake();
        let place = |offset, alignment, anywhere, pad_to_size| {
            let flag = if anywhere {
                EXEC_OBJECT_SUPPORTS_48B_ADDRESS
            } else {
                0
            };
            let object = ExecObject {
                offset: canonical(offset),
                alignment,
                flags: EXEC_OBJECT_PINNED | EXEC_OBJECT_PAD_TO_SIZE | flag,
                pad_to_size,
                ..ExecObject::default()
            };
            check_placement(&facts, &check_object(&facts, &object, 4096, false)?)
        };
        let gib4 = 1 << 32;
        assert!(place(0, 0, false, 0).is_ok());
        assert!(place(gib4 - 8192, 0, false, 0).is_ok());
        assert_eq!(place(gib4 - 4096, 0, false, 0), Err(Errno::EINVAL));
        assert!(place(gib4 - 4096, 0, true, 0).is_ok());
        assert_eq!(place(gib4 - 8192, 0, false, 8192), Err(Errno::EINVAL));
        assert_eq!(place(4096, 8192, true, 0), Err(Errno::EINVAL));
        assert!(place((1 << 48) - 4096, 0, true, 0).is_ok());
        assert_eq!(place((1 << 48) - 4096, 0, true, 8192), Err(Errno::EINVAL));
        assert_eq!(place(0, 0, false, gib4), Err(Errno::ENOSPC));
    }

    // eb_relocate_entry
    #[test]
    fn relocations() {
        let relocation = Relocation {
            delta: 8,
            offset: 16,
            presumed_offset: u64::MAX,
            read_domains: I915_GEM_DOMAIN_RENDER,
            write_domain: I915_GEM_DOMAIN_RENDER,
        };
        let check = |relocation: Relocation| check_relocation(&relocation, Some(0x1000), 4096);
        assert_eq!(
            check_relocation(&relocation, None, 4096),
            Err(Errno::ENOENT)
        );
        assert_eq!(
            check(relocation),
            Ok(Relocated {
                write: true,
                value: Some(0x1008)
            })
        );
        let negative = Relocation {
            delta: -8_i32 as u32,
            ..relocation
        };
        assert_eq!(check(negative).unwrap().value, Some(0xff8));
        for wrong in [
            Relocation {
                write_domain: 0x6,
                ..relocation
            },
            Relocation {
                read_domains: I915_GEM_DOMAIN_CPU,
                ..relocation
            },
            Relocation {
                offset: 4089,
                ..relocation
            },
            Relocation {
                offset: 18,
                ..relocation
            },
        ] {
            assert_eq!(check(wrong), Err(Errno::EINVAL), "{wrong:?}");
        }
        // What is right already is not looked at further.
        let right = Relocation {
            presumed_offset: 0x1000,
            offset: u64::MAX,
            ..relocation
        };
        assert_eq!(check(right).unwrap().value, None);
        assert_eq!(check_relocation_count(u32::MAX), Err(Errno::EINVAL));
    }
}
