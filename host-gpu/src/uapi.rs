// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The uAPI's structures and constants, under the names of the kernel's headers. They are made
//! by bindgen and kept here, so that a build needs neither libclang nor a recent kernel's
//! headers; `tests/uapi.rs` holds them against those.

mod generated {
    #![allow(
        missing_docs,
        non_camel_case_types,
        non_snake_case,
        unreachable_pub,
        unsafe_op_in_unsafe_fn,
        clippy::missing_safety_doc,
        clippy::undocumented_unsafe_blocks,
        clippy::multiple_unsafe_ops_per_block,
        reason = "made by bindgen; its unsafe code is in zeroed defaults of plain data, and in \
                  accessors of arrays without a length, which nobody calls"
    )]
    include!("uapi/generated.rs");
}

pub use generated::*;
