//! The demo's picture: what is drawn ([`plan`]), as batches for the GPU ([`batches`]),
//! and once more by the CPU to compare with ([`reference`]).
//!
//! The two ways to draw share the plan and nothing else.

pub mod batches;
pub mod picture;
pub mod plan;
pub mod reference;

pub use picture::Picture;
pub use plan::Plan;
