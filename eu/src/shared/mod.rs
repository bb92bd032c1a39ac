//! The shared functions: what answers the messages that threads send. May know GPU
//! addresses, surfaces and shared local memory, and of a thread no more than its message.

pub mod message;

pub use message::{Answer, Registers, Request, Sender};
