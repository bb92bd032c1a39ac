//! What the fuzzer's targets do with the bytes it gives them. `softgpu/tests/corpus.rs` does
//! the same with the corpus that is kept, without the fuzzer.

mod cases;
mod kernels;

pub use cases::{batches, decoder, page_tables, recordings, walker};
pub use kernels::kernel;
