// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The uAPI's structures and constants, under the names of the kernel's headers. They are made
//! by bindgen and kept here, so that a build needs neither libclang nor a recent kernel's
//! headers; `tests/uapi.rs` holds them against those.

mod generated {
    #![allow(
        missing_docs,
        non_camel_case_types,
        unreachable_pub,
        clippy::undocumented_unsafe_blocks,
        clippy::multiple_unsafe_ops_per_block,
        reason = "made by bindgen; its only unsafe code is in zeroed defaults of plain data"
    )]
    include!("uapi/generated.rs");
}

pub use generated::*;
