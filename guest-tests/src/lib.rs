//! What the programs of this crate share: the uAPI by system calls ([`sys`]), a small
//! safe client library on top ([`client`]), GPU commands ([`gpu`]), and what the demo
//! draws ([`demo`]), the scene that a kernel computes ([`scene`]), and how figures are told
//! ([`spread`]).
//!
//! The programs run inside the guest and know the uAPI only: nothing here depends on how
//! the driver or the device works.

pub mod client;
pub mod demo;
pub mod gpu;
pub mod scene;
pub mod spread;
pub mod sys;
