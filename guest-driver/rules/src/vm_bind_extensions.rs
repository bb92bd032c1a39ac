// SPDX-License-Identifier: GPL-2.0 OR MIT

//! What VM_BIND and VM_UNBIND offer beyond the RFC, by chained structures: more fences, to
//! wait for as well as to signal, and an array of operations. Version 1 has none of it.
//!
//! A chain that is no chain of these structures is `EINVAL`, as any chain was before there
//! were extensions; within a structure that is known, i915's errors are told apart.

use super::errno::{valid_if, Errno, Result};
use super::extensions::for_each_link;
use super::platform::PlatformFacts;
use super::uapi_numbers::*;
use super::uapi_structs::bind_list;
use super::user_memory::{UserMemory, UserStruct};
use super::vm_bind::{
    check_bind, check_unbind, BindArguments, BindRequest, UnbindArguments, UnbindRequest,
};

/// The most operations of one call.
pub const MAX_OPERATIONS: u32 = 4096;

/// The most fences of one call.
pub const MAX_BIND_FENCES: u32 = 1024;

/// An array of the caller's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// Where it begins.
    pub address: u64,
    /// How many entries it has.
    pub count: usize,
}

/// What a VM_BIND's or VM_UNBIND's chain asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BindExtensions {
    /// `struct drm_i915_gem_timeline_fence`s to wait for and to signal.
    pub fences: Option<List>,
    /// `struct drm_i915_gem_vm_bind_op`s, in place of what the argument itself says.
    pub operations: Option<List>,
}

/// Which of the two a chain belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainOf {
    /// VM_BIND.
    Bind,
    /// VM_UNBIND: it has no array of operations.
    Unbind,
}

impl BindExtensions {
    /// Reads the chain that begins at `first`. `EINVAL` for what is unknown, unreadable as
    /// a chain, there twice, reserved and not 0, and an array of no operations; `E2BIG` for
    /// too many entries; `EFAULT` for a known structure that can't be read.
    pub fn read(
        facts: &PlatformFacts,
        memory: &impl UserMemory,
        first: u64,
        of: ChainOf,
    ) -> Result<Self> {
        let mut this = Self::default();
        if facts.vm_bind_version < 2 {
            valid_if(first == 0)?;
            return Ok(this);
        }
        let mut told = None;
        let read = for_each_link(memory, first, |name, link| {
            let list = UserStruct::new(memory, link);
            let result = match name {
                I915_GEM_VM_BIND_EXT_FENCES => this.read_fences(&list),
                I915_GEM_VM_BIND_EXT_OPS if of == ChainOf::Bind => this.read_operations(&list),
                _ => Err(Errno::EINVAL),
            };
            told = result.err();
            result
        });
        match read {
            Ok(()) => Ok(this),
            Err(error) => Err(told.unwrap_or(match error {
                Errno::EFAULT => Errno::EINVAL,
                other => other,
            })),
        }
    }

    fn read_fences(&mut self, list: &UserStruct<'_, impl UserMemory>) -> Result {
        valid_if(self.fences.is_none())?;
        self.fences = Some(read_list(list, MAX_BIND_FENCES)?);
        Ok(())
    }

    fn read_operations(&mut self, list: &UserStruct<'_, impl UserMemory>) -> Result {
        valid_if(self.operations.is_none())?;
        let list = read_list(list, MAX_OPERATIONS)?;
        valid_if(list.count != 0)?;
        self.operations = Some(list);
        Ok(())
    }
}

/// Both structures are alike: a count, 4 reserved bytes, an address.
fn read_list(list: &UserStruct<'_, impl UserMemory>, most: u32) -> Result<List> {
    let count = list.u32(bind_list::COUNT)?;
    list.reserved_u32(bind_list::RSVD)?;
    if count > most {
        return Err(Errno::E2BIG);
    }
    Ok(List {
        address: list.u64(bind_list::ADDRESS)?,
        count: count as usize,
    })
}

/// `struct drm_i915_gem_vm_bind_op`.
#[derive(Clone, Copy, Debug, Default)]
pub struct OperationArguments {
    /// `I915_GEM_VM_BIND_OP_*`.
    pub op: u32,
    /// The object.
    pub handle: u32,
    /// GPU address, canonical.
    pub start: u64,
    /// Where in the object the section begins.
    pub offset: u64,
    /// Length of the range.
    pub length: u64,
    /// Bits of `I915_GEM_VM_BIND_*`.
    pub flags: u64,
    /// Must be zero.
    pub rsvd: u64,
}

/// An operation whose flags are in order.
#[derive(Clone, Copy, Debug)]
pub enum OperationRequest {
    /// To map.
    Bind(BindRequest),
    /// To unmap.
    Unbind(UnbindRequest),
}

/// An entry of the array of operations, before its object is looked up. Everything that is
/// wrong is `EINVAL`.
pub fn check_operation(
    facts: &PlatformFacts,
    arguments: &OperationArguments,
) -> Result<OperationRequest> {
    valid_if(arguments.rsvd == 0)?;
    match arguments.op {
        I915_GEM_VM_BIND_OP_BIND => {
            let request = check_bind(
                facts,
                BindArguments {
                    handle: arguments.handle,
                    start: arguments.start,
                    offset: arguments.offset,
                    length: arguments.length,
                    flags: arguments.flags,
                    ..BindArguments::default()
                },
            )?;
            Ok(OperationRequest::Bind(request))
        }
        I915_GEM_VM_BIND_OP_UNBIND => {
            valid_if(arguments.handle == 0 && arguments.offset == 0 && arguments.flags == 0)?;
            let request = check_unbind(UnbindArguments {
                start: arguments.start,
                length: arguments.length,
                ..UnbindArguments::default()
            })?;
            Ok(OperationRequest::Unbind(request))
        }
        _ => Err(Errno::EINVAL),
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::super::platform::tiger_lake;
    use super::*;
    use std::vec::Vec;

    /// A chain in memory that begins at address 0x1000.
    struct Chain(Vec<u8>);

    const BASE: u64 = 0x1000;

    impl UserMemory for Chain {
        fn read(&self, address: u64, bytes: &mut [u8]) -> Result {
            let from = address.checked_sub(BASE).ok_or(Errno::EFAULT)? as usize;
            let part = self.0.get(from..from + bytes.len()).ok_or(Errno::EFAULT)?;
            bytes.copy_from_slice(part);
            Ok(())
        }
    }

    /// Links of 48 bytes, one behind the other: name, count, reserved.
    fn chain(links: &[(u32, u32, u32)]) -> Chain {
        let mut bytes = Vec::new();
        for (index, (name, count, reserved)) in links.iter().enumerate() {
            let last = index + 1 == links.len();
            let next = if last {
                0
            } else {
                BASE + 48 * (index as u64 + 1)
            };
            bytes.extend(next.to_ne_bytes());
            bytes.extend(name.to_ne_bytes());
            bytes.extend([0; 20]);
            bytes.extend(count.to_ne_bytes());
            bytes.extend(reserved.to_ne_bytes());
            bytes.extend((0x5000 + u64::from(*name)).to_ne_bytes());
        }
        Chain(bytes)
    }

    fn read(links: &[(u32, u32, u32)], of: ChainOf) -> Result<BindExtensions> {
        BindExtensions::read(&tiger_lake(), &chain(links), BASE, of)
    }

    const FENCES: u32 = I915_GEM_VM_BIND_EXT_FENCES;
    const OPS: u32 = I915_GEM_VM_BIND_EXT_OPS;

    #[test]
    fn both_extensions_are_read() {
        let list = |name, count| {
            Some(List {
                address: 0x5000 + u64::from(name),
                count,
            })
        };
        let all = read(&[(OPS, 3, 0), (FENCES, 2, 0)], ChainOf::Bind).unwrap();
        assert_eq!(
            (all.fences, all.operations),
            (list(FENCES, 2), list(OPS, 3))
        );
        let most = read(&[(OPS, MAX_OPERATIONS, 0)], ChainOf::Bind).unwrap();
        assert_eq!(most.operations, list(OPS, 4096));
        let none = BindExtensions::read(&tiger_lake(), &chain(&[]), 0, ChainOf::Bind);
        assert_eq!(none, Ok(BindExtensions::default()));
    }

    #[test]
    fn what_is_no_chain_of_ours_is_refused() {
        use Errno::{E2BIG, EFAULT, EINVAL};
        for (links, error) in [
            (&[(0, 1, 0)][..], EINVAL),
            (&[(FENCES, 1, 1)], EINVAL),
            (&[(FENCES, 1, 0), (FENCES, 1, 0)], EINVAL),
            (&[(OPS, 1, 0), (OPS, 1, 0)], EINVAL),
            (&[(OPS, 0, 0)], EINVAL),
            (&[(OPS, MAX_OPERATIONS + 1, 0)], E2BIG),
            (&[(FENCES, MAX_BIND_FENCES + 1, 0)], E2BIG),
        ] {
            assert_eq!(read(links, ChainOf::Bind), Err(error), "{links:?}");
        }
        assert_eq!(read(&[(OPS, 1, 0)], ChainOf::Unbind), Err(EINVAL));
        let facts = tiger_lake();
        let at = |memory: &Chain, first| BindExtensions::read(&facts, memory, first, ChainOf::Bind);
        assert_eq!(at(&chain(&[]), BASE), Err(EINVAL));
        assert_eq!(at(&chain(&[]), u64::MAX), Err(EINVAL));
        let mut cut_off = chain(&[(OPS, 1, 0)]);
        cut_off.0.truncate(40);
        assert_eq!(at(&cut_off, BASE), Err(EFAULT));
    }

    #[test]
    fn version_1_has_no_extensions() {
        let mut facts = tiger_lake();
        facts.vm_bind_version = 1;
        let links = chain(&[(FENCES, 1, 0)]);
        let read = |first| BindExtensions::read(&facts, &links, first, ChainOf::Bind);
        assert_eq!(read(BASE), Err(Errno::EINVAL));
        assert_eq!(read(0), Ok(BindExtensions::default()));
    }

    #[test]
    fn operations_of_an_array() {
        let facts = tiger_lake();
        let good = OperationArguments {
            handle: 1,
            length: 4096,
            ..OperationArguments::default()
        };
        assert!(check_operation(&facts, &good).is_ok());
        let unbind = OperationArguments {
            op: I915_GEM_VM_BIND_OP_UNBIND,
            handle: 0,
            ..good
        };
        assert!(check_operation(&facts, &unbind).is_ok());
        for wrong in [
            OperationArguments { op: 2, ..good },
            OperationArguments { rsvd: 1, ..good },
            OperationArguments { flags: 2, ..good },
            OperationArguments {
                handle: 1,
                ..unbind
            },
            OperationArguments {
                offset: 4096,
                ..unbind
            },
            OperationArguments { flags: 1, ..unbind },
        ] {
            let checked = check_operation(&facts, &wrong);
            assert_eq!(checked.err(), Some(Errno::EINVAL), "{wrong:?}");
        }
    }
}
