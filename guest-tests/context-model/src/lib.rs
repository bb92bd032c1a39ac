//! A reference model of i915's contexts, to try drivers against.
//!
//! A [`Program`] is a random sequence of calls on one open file, some of them made by
//! several threads at once. Whoever runs it, on the host or by ioctls in a guest, writes
//! down for each call when it began and ended and what it was answered: an [`Event`].
//! [`explain`] then looks for an order of the calls, each somewhere between its begin and
//! its end, in which the model ([`File`]) gives the same answers.
//!
//! The model is written from i915's `gem/i915_gem_context.c` of Linux 7.2 (and, for address
//! spaces in VM_BIND mode, from the project's uAPI header), one function after the other.
//! It shares nothing with the driver: a mistake has to be made twice to go unnoticed.

mod call;
mod file;
mod history;
mod maps;
mod program;
mod random;

pub use call::{
    Answer, Call, Caller, Engine, Errno, Extension, Link, NO_ENGINE, Set, Slices, Value, param,
};
pub use file::{File, Platform};
pub use history::{Clock, Event, Unexplained, explain};
pub use program::{Program, Shape};
pub use random::Random;
