// SPDX-License-Identifier: Apache-2.0 OR MIT

//! How much one guest may have at a time, and how much it has.
//!
//! Whatever an update replaces or unbinds counts as bound until the update has ended: until
//! then an executor may have it pinned.

use serde::Serialize;
use virtio_igpu_protocol as protocol;

use super::{Refusal, Session};
use protocol::Status;

/// How much one guest may have at a time; the wire's limits, or less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Contexts.
    pub contexts: u32,
    /// Address spaces.
    pub address_spaces: u32,
    /// Bound ranges, null ones included, over all address spaces.
    pub mappings: u64,
    /// Bytes of guest memory bound over all address spaces, as often as they are; none: as
    /// many as it likes.
    pub bound_memory: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            contexts: protocol::MAX_CONTEXTS,
            address_spaces: protocol::MAX_ADDRESS_SPACES,
            mappings: protocol::MAX_BOUND_EXTENTS,
            bound_memory: None,
        }
    }
}

/// How much a guest has of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Resource {
    /// Now.
    pub now: u64,
    /// At most; none: no limit.
    pub limit: Option<u64>,
}

impl Session {
    /// How much the guest has of what is limited, by name.
    pub fn resources(&self) -> [(&'static str, Resource); 4] {
        let limits = &self.limits;
        let limited = |now, limit| Resource {
            now,
            limit: Some(limit),
        };
        let (contexts, address_spaces) = (self.contexts.len(), self.address_spaces.len());
        [
            ("contexts", limited(contexts as u64, limits.contexts.into())),
            (
                "address_spaces",
                limited(address_spaces as u64, limits.address_spaces.into()),
            ),
            ("mappings", limited(self.mappings, limits.mappings)),
            (
                "bound_memory",
                Resource {
                    now: self.bound_memory,
                    limit: limits.bound_memory,
                },
            ),
        ]
    }

    /// Whether there may be `mappings` more, which may be less than none, and `bytes` more.
    pub(super) fn check_bound(&self, mappings: i64, bytes: u64) -> Result<(), Refusal> {
        if mappings > 0 && self.mappings.saturating_add_signed(mappings) > self.limits.mappings {
            let why = "too many ranges are bound";
            return Err(Refusal::new(Status::LimitExceeded, why));
        }
        let most = self.limits.bound_memory.unwrap_or(u64::MAX);
        if bytes > 0 && self.bound_memory.saturating_add(bytes) > most {
            let why = "too much memory is bound";
            return Err(Refusal::new(Status::OutOfMemory, why));
        }
        Ok(())
    }
}
