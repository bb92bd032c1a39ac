//! Kernels as Intel's OpenCL compiler writes them (`ocloc compile`, the format zebin), and what
//! their threads are given, laid out as Intel's runtime does. For tests and benches that run
//! kernels without a guest: what isn't as expected ends them.

pub mod payload;
pub mod program;

pub use payload::{Argument, Launch};
pub use program::{Kernel, Program};
