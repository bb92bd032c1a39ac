// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Submissions: a batch on its way to an engine slot, with what it follows and what it
//! keeps alive.
//!
//! May know: `protocol`, `virtio`, `drm`, `fence`, `context`, `vm`, `error_state`. Knows
//! nothing of ioctl structures.

mod submission;

pub(crate) use submission::Submission;
